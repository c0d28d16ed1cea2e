// SPDX-License-Identifier: GPL-2.0
#include "vmx/notes.h"
#include "vmx/caps.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

/* MSRs of the PMU, and what load turns off with it. */
static const struct {
	u32	first, last;
} pmu_msrs[] = {
	{ IA32_PMC0,		IA32_PMC0 + PMU_MAX_GP_COUNTERS - 1 },
	{ IA32_PERFEVTSEL0,	IA32_PERFEVTSEL0 + PMU_MAX_GP_COUNTERS - 1 },
	{ OFFCORE_RSP_0,	OFFCORE_RSP_1 },
	{ IA32_FIXED_CTR0,	IA32_FIXED_CTR3 },
	{ IA32_PERF_METRICS,	IA32_PERF_METRICS },
	{ IA32_FIXED_CTR_CTRL,	IA32_PERF_GLOBAL_INUSE },
	{ IA32_PEBS_ENABLE,	PEBS_FRONTEND },
	{ IA32_A_PMC0,		IA32_A_PMC0 + PMU_MAX_GP_COUNTERS - 1 },
	{ IA32_RTIT_CTL,	IA32_RTIT_CTL },
	{ IA32_X2APIC_LVT_PMI,	IA32_X2APIC_LVT_PMI },
	{ IA32_LBR_CTL,		IA32_LBR_CTL },
};

static bool is_pmu_msr(u32 msr)
{
	u32 i;

	for (i = 0; i < TMAV_ARRAY_SIZE(pmu_msrs); i++)
		if (msr >= pmu_msrs[i].first && msr <= pmu_msrs[i].last)
			return true;
	return false;
}

void notes_add(struct notes *notes, enum hw_note kind, u32 index, u64 val)
{
	u32 at;

	if ((kind == HW_NOTE_RDMSR || kind == HW_NOTE_WRMSR) && !is_pmu_msr(index))
		return;
	at = __atomic_fetch_add(&notes->nr, 1, __ATOMIC_SEQ_CST);
	if (at >= NOTES_MAX)
		return;
	notes->note[at] = (struct note) {
		.tsc = hw_rdtsc(), .val = val, .kind = kind, .index = index,
	};
}

u32 notes_empty(struct notes *notes, void (*show)(const struct note *note))
{
	u32 nr = __atomic_load_n(&notes->nr, __ATOMIC_SEQ_CST);
	u32 i = 0;

	/* An NMI that comes before the exchange makes it fail, and give its number. */
	do {
		for (; i < nr && i < NOTES_MAX; i++)
			show(&notes->note[i]);
	} while (!__atomic_compare_exchange_n(&notes->nr, &nr, 0, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return nr - i;
}
