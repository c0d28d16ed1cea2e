// SPDX-License-Identifier: GPL-2.0
#include "tools/test/policy_table.h"
#include "vmx/vpmu.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

enum { P = VPMU_PASS, T = VPMU_TRAP };

const struct policy_row policy_rows[POLICY_ROWS] = {
	/*	       RDPMC METR CTRL STAT RESET PMC0 PMC4 A0 A4 FIXED SLOTS */
	{ "full",      { P,   P,   P,   P,   P,    P,   P,   P, P,  P,   P } },
	{ "nometrics", { T,   T,   T,   T,   T,    P,   P,   P, P,  P,   P } },
	{ "fixed3",    { T,   T,   T,   T,   T,    P,   P,   P, P,  P,   T } },
	{ "gp4",       { T,   P,   T,   T,   T,    P,   T,   P, T,  P,   P } },
	{ "narrow",    { T,   T,   T,   T,   T,    T,   T,   T, T,  T,   T } },
	{ "nofw",      { P,   P,   P,   P,   P,    P,   P,   T, T,  P,   P } },
	{ "l1only",    { T,   T,   T,   T,   T,    P,   P,   P, P,  P,   P } },
	{ "none",      { T,   T,   T,   T,   T,    T,   T,   T, T,  T,   T } },
	/* Nothing but the number of a counter differs from "full". */
	{ "custom:gp=7,fixed=0x8",
		       { T,   P,   T,   T,   T,    P,   P,   P, P,  T,   P } },
};

const u32 policy_always_trapped[POLICY_ALWAYS_TRAPPED] = {
	IA32_FIXED_CTR_CTRL, IA32_PERF_GLOBAL_STATUS_SET, IA32_PERF_GLOBAL_INUSE,
	IA32_PERF_CAPABILITIES, OFFCORE_RSP_0, OFFCORE_RSP_1, PEBS_FRONTEND,
	PEBS_LD_LAT, IA32_PEBS_ENABLE, IA32_PEBS_DATA_CFG, IA32_DS_AREA,
	IA32_DEBUGCTL, IA32_MISC_ENABLE, IA32_LBR_CTL, IA32_RTIT_CTL,
	IA32_X2APIC_LVT_PMI,
};

/* The column that @msr is in, or POLICY_COLUMNS for what always traps. */
static enum policy_column column_of(u32 msr)
{
	switch (msr) {
	case IA32_PERF_METRICS:
		return COL_METRICS;
	case IA32_PERF_GLOBAL_CTRL:
		return COL_CTRL;
	case IA32_PERF_GLOBAL_STATUS:
		return COL_STATUS;
	case IA32_PERF_GLOBAL_STATUS_RESET:
		return COL_RESET;
	case IA32_PMC0 ... IA32_PMC0 + 3:
		return COL_GP_LOW;
	case IA32_PMC0 + 4 ... IA32_PMC0 + 7:
		return COL_GP_HIGH;
	case IA32_A_PMC0 ... IA32_A_PMC0 + 3:
		return COL_A_LOW;
	case IA32_A_PMC0 + 4 ... IA32_A_PMC0 + 7:
		return COL_A_HIGH;
	case IA32_FIXED_CTR0 ... IA32_FIXED_CTR2:
		return COL_FIXED;
	case IA32_FIXED_CTR3:
		return COL_SLOTS;
	}
	return POLICY_COLUMNS;
}

bool policy_shows(const struct pmu_caps *shown, u32 msr)
{
	if (msr >= IA32_PMC0 && msr < IA32_PMC0 + PMU_MAX_GP_COUNTERS)
		return msr - IA32_PMC0 < shown->nr_gp;
	if (msr >= IA32_A_PMC0 && msr < IA32_A_PMC0 + PMU_MAX_GP_COUNTERS)
		return msr - IA32_A_PMC0 < shown->nr_gp;
	if (msr >= IA32_FIXED_CTR0 && msr <= IA32_FIXED_CTR3)
		return pmu_has_fixed(shown, msr - IA32_FIXED_CTR0);
	return msr != IA32_PERF_METRICS || shown->metrics;
}

bool policy_passes(const struct policy_row *row, const struct pmu_caps *shown,
		   u32 msr)
{
	enum policy_column column = column_of(msr);

	return column < POLICY_COLUMNS && row->pass[column] == P &&
	       policy_shows(shown, msr);
}

bool policy_passes_rdpmc(const struct policy_row *row)
{
	return row->pass[COL_RDPMC] == P;
}
