// SPDX-License-Identifier: GPL-2.0
/*
 * Registers: which there are, what they hold after RESET, which bits they take.
 * Groups L, R, W, F, X of the suite.
 */
#include "kmod/conform_internal.h"
#include "vmx/vmx_arch.h"

/* Bits of STATUS from here on are not the counters', and vary between CPUs. */
enum { STATUS_SURE_BITS = 55 };

/* Read like those after RESET, in each profile. */
static void all_read_0(struct conform *c)
{
	const struct pmu_caps *shown = c->shown;
	u32 i;

	for (i = 0; i < shown->nr_gp; i++) {
		script_read_msr_is(c, IA32_PERFEVTSEL0 + i, 0);
		script_read_msr_is(c, IA32_PMC0 + i, 0);
		script_read_pmc_is(c, RDPMC_GP(i), 0);
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
		if (!conform_has_fixed(c, i))
			continue;
		script_read_msr_is(c, IA32_FIXED_CTR0 + i, 0);
		script_read_pmc_is(c, RDPMC_FIXED(i), 0);
	}
	if (shown->metrics) {
		script_read_msr_is(c, IA32_PERF_METRICS, 0);
		script_read_pmc_is(c, RDPMC_METRICS, 0);
	}
	script_read_msr_is(c, IA32_FIXED_CTR_CTRL, 0);
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, 0);
	script_read_msr_is(c, IA32_PERF_GLOBAL_INUSE, 0);
}

static bool l1_no_metrics(struct conform *c)
{
	script_read_pmc_gp(c, RDPMC_METRICS);
	script_read_msr_gp(c, IA32_PERF_METRICS);
	script_write_msr_gp(c, IA32_PERF_METRICS, 0);
	return script_run(c);
}

static bool l2_no_bit_48(struct conform *c)
{
	script_write_msr_gp(c, IA32_PERF_GLOBAL_CTRL, GLOBAL_CTRL_METRICS);
	script_write_msr_gp(c, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_OVF_METRICS);
	script_write_msr_gp(c, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_STATUS_OVF_METRICS);
	return script_run(c);
}

static void is_gp(struct conform *c, u32 msr)
{
	script_read_msr_gp(c, msr);
	script_write_msr_gp(c, msr, 0);
}

static bool l3_hidden_counters(struct conform *c)
{
	u32 i;

	for (i = c->shown->nr_gp; i < PMU_MAX_GP_COUNTERS; i++) {
		script_read_pmc_gp(c, RDPMC_GP(i));
		is_gp(c, IA32_PERFEVTSEL0 + i);
		is_gp(c, IA32_PMC0 + i);
		is_gp(c, IA32_A_PMC0 + i);
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
		if (conform_has_fixed(c, i))
			continue;
		script_read_pmc_gp(c, RDPMC_FIXED(i));
		is_gp(c, IA32_FIXED_CTR0 + i);
	}
	return script_run(c);
}

static bool l3_no_pmu(struct conform *c)
{
	is_gp(c, IA32_FIXED_CTR_CTRL);
	is_gp(c, IA32_PERF_GLOBAL_STATUS);
	is_gp(c, IA32_PERF_GLOBAL_CTRL);
	is_gp(c, IA32_PERF_GLOBAL_STATUS_RESET);
	is_gp(c, IA32_PERF_GLOBAL_STATUS_SET);
	is_gp(c, IA32_PERF_GLOBAL_INUSE);
	is_gp(c, IA32_PERF_CAPABILITIES);
	is_gp(c, IA32_X2APIC_LVT_PMI);
	return script_run(c);
}

static bool l4_nothing_comes_in(struct conform *c)
{
	u32 i;

	for (i = 0; i < 3; i++) {
		script_switch(c);
		all_read_0(c);
	}
	return script_run(c);
}

static bool l4_host_alone(struct conform *c)
{
	static const u32 msrs[] = {
		OFFCORE_RSP_0, OFFCORE_RSP_1, PEBS_FRONTEND, PEBS_LD_LAT,
		IA32_PEBS_ENABLE, IA32_PEBS_DATA_CFG, IA32_DS_AREA,
		IA32_DEBUGCTL,
	};
	u32 i;

	for (i = 0; i < TMAV_ARRAY_SIZE(msrs); i++)
		is_gp(c, msrs[i]);
	return script_run(c);
}

/*
 * A value for register @i that tells whose it was: bits 31:8 are the guest's
 * canary, which nothing else in a test has. Valid in every register, selectors
 * too, if GLOBAL_CTRL keeps them from counting.
 */
static u64 canary(u32 i)
{
	return 0x6a57ca00 + i;
}

enum { CANARY_EVENTSEL = 0x10, CANARY_GP = 0x20, CANARY_FIXED = 0x30, CANARY_METRICS = 0x40 };

static void write_canaries(struct conform *c)
{
	u32 i;

	script_stop(c);
	for (i = 0; i < c->shown->nr_gp; i++) {
		script_write_msr(c, IA32_PERFEVTSEL0 + i, canary(CANARY_EVENTSEL + i));
		script_write_msr(c, IA32_PMC0 + i, canary(CANARY_GP + i));
	}
	for (i = 0; i < FIXED_SLOTS; i++)
		if (conform_has_fixed(c, i))
			script_write_msr(c, IA32_FIXED_CTR0 + i, canary(CANARY_FIXED + i));
	if (conform_has_fixed(c, FIXED_SLOTS))
		script_write_slots(c, canary(CANARY_FIXED + FIXED_SLOTS),
				   canary(CANARY_METRICS) << 32 | canary(CANARY_METRICS + 1));
}

static void read_canaries(struct conform *c)
{
	u64 high = c->shown->level2 ? canary(CANARY_METRICS) << 32 : 0;
	u32 i;

	for (i = 0; i < c->shown->nr_gp; i++) {
		script_read_msr_is(c, IA32_PERFEVTSEL0 + i, canary(CANARY_EVENTSEL + i));
		script_read_msr_is(c, IA32_PMC0 + i, canary(CANARY_GP + i));
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (conform_has_fixed(c, i))
			script_read_msr_is(c, IA32_FIXED_CTR0 + i, canary(CANARY_FIXED + i));
	if (c->shown->metrics)
		script_read_msr_is(c, IA32_PERF_METRICS, high | canary(CANARY_METRICS + 1));
}

static bool l5_canaries(struct conform *c)
{
	write_canaries(c);
	script_switch(c);
	read_canaries(c);
	script_switch(c);
	read_canaries(c);
	return script_run(c);
}

/* Each bit of @msr alone: taken and read back, or #GP and nothing changed. */
static bool takes_bits(struct conform *c, u32 msr, u64 valid)
{
	u64 last = 0;
	u32 b;

	for (b = 0; b < 64; b++) {
		if (valid & TMAV_BIT(b)) {
			last = TMAV_BIT(b);
			script_write_msr(c, msr, last);
		} else {
			script_write_msr_gp(c, msr, TMAV_BIT(b));
		}
		script_read_msr_is(c, msr, last);
	}
	return script_run(c);
}

static bool r1_eventsel(struct conform *c)
{
	u64 valid = PERFEVTSEL_EVENT | PERFEVTSEL_UMASK | PERFEVTSEL_USR |
		    PERFEVTSEL_OS | PERFEVTSEL_EDGE | PERFEVTSEL_PC |
		    PERFEVTSEL_INT | PERFEVTSEL_EN | PERFEVTSEL_INV |
		    PERFEVTSEL_CMASK;
	u32 i;

	for (i = 0; i < c->shown->nr_gp; i++) {
		script_stop(c);
		script_write_msr(c, IA32_PERFEVTSEL0 + i, 0);
		if (!takes_bits(c, IA32_PERFEVTSEL0 + i, valid))
			return false;
	}
	return true;
}

static bool r1_fixed_ctr_ctrl(struct conform *c)
{
	u64 valid = 0;
	u32 i;

	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (conform_has_fixed(c, i))
			valid |= FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i) |
				 FIXED_CTR_CTRL_PMI(i);
	return takes_bits(c, IA32_FIXED_CTR_CTRL, valid);
}

static bool r1_global_ctrl(struct conform *c)
{
	script_stop(c);
	return takes_bits(c, IA32_PERF_GLOBAL_CTRL, conform_counter_bits(c));
}

static bool r1_status(struct conform *c)
{
	u32 b;

	for (b = 0; b < STATUS_SURE_BITS; b++) {
		bool valid = conform_counter_bits(c) & TMAV_BIT(b);

		if (valid) {
			script_write_msr(c, IA32_PERF_GLOBAL_STATUS_SET, TMAV_BIT(b));
			script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, TMAV_BIT(b));
			script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET, TMAV_BIT(b));
		} else {
			script_write_msr_gp(c, IA32_PERF_GLOBAL_STATUS_SET, TMAV_BIT(b));
			script_write_msr_gp(c, IA32_PERF_GLOBAL_STATUS_RESET, TMAV_BIT(b));
		}
		script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, 0);
	}
	return script_run(c);
}

static bool r1_read_only(struct conform *c)
{
	script_write_msr_gp(c, IA32_PERF_GLOBAL_STATUS, 0);
	script_write_msr_gp(c, IA32_PERF_GLOBAL_INUSE, 0);
	script_write_msr_gp(c, IA32_PERF_CAPABILITIES, 0);
	return script_run(c);
}

static bool r1_full_width(struct conform *c)
{
	u32 i;

	for (i = 0; i < c->shown->nr_gp; i++)
		if (!takes_bits(c, IA32_A_PMC0 + i, conform_width_mask(c->shown->gp_width)))
			return false;
	return true;
}

static bool r1_fixed(struct conform *c)
{
	u32 i;

	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (conform_has_fixed(c, i) &&
		    !takes_bits(c, IA32_FIXED_CTR0 + i, conform_width_mask(c->shown->fixed_width)))
			return false;
	return true;
}

static bool r1_inuse(struct conform *c)
{
	u32 i;

	script_stop(c);
	for (i = 0; i < c->shown->nr_gp; i++) {
		script_write_msr(c, IA32_PERFEVTSEL0 + i, EVENT_INSTRUCTIONS);
		script_read_msr_is(c, IA32_PERF_GLOBAL_INUSE, GLOBAL_GP(i));
		script_write_msr(c, IA32_PERFEVTSEL0 + i, EVENT_INSTRUCTIONS | PERFEVTSEL_INT);
		script_read_msr_is(c, IA32_PERF_GLOBAL_INUSE, GLOBAL_GP(i) | GLOBAL_INUSE_PMI);
		script_write_msr(c, IA32_PERFEVTSEL0 + i, 0);
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
		if (!conform_has_fixed(c, i))
			continue;
		script_write_msr(c, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(i));
		script_read_msr_is(c, IA32_PERF_GLOBAL_INUSE, GLOBAL_FIXED(i));
	}
	return script_run(c);
}

static bool w1_sign(struct conform *c)
{
	u64 mask = conform_width_mask(c->shown->gp_width);
	u32 i;

	for (i = 0; i < c->shown->nr_gp; i++) {
		script_write_msr(c, IA32_PMC0 + i, 0x80000000ULL);
		script_read_msr_is(c, IA32_PMC0 + i, 0xffffffff80000000ULL & mask);
		script_read_pmc_is(c, RDPMC_GP(i), 0xffffffff80000000ULL & mask);
		script_write_msr(c, IA32_PMC0 + i, 0x7fffffffULL);
		script_read_msr_is(c, IA32_PMC0 + i, 0x7fffffffULL);
	}
	return script_run(c);
}

static bool w1_edx(struct conform *c)
{
	u32 i;

	for (i = 0; i < c->shown->nr_gp; i++) {
		script_write_msr(c, IA32_PMC0 + i, ~0ULL << 32 | 1);
		script_read_msr_is(c, IA32_PMC0 + i, 1);
	}
	return script_run(c);
}

static bool w1_no_full_width(struct conform *c)
{
	u32 i;

	for (i = 0; i < PMU_MAX_GP_COUNTERS; i++)
		is_gp(c, IA32_A_PMC0 + i);
	return script_run(c);
}

static bool f2_leaf_0a(struct conform *c)
{
	const struct pmu_caps *shown = c->shown;
	u32 leaf = script_op(c, GUEST_OP_CPUID, 0, CPUID_PERFMON);
	u32 more = script_op(c, GUEST_OP_CPUID_CX_BX, 0, CPUID_PERFMON);
	u64 eax, edx;

	if (!script_run(c))
		return false;
	eax = (u32)script_result(c, leaf);
	edx = script_result(c, leaf) >> 32;
	return script_same(c, eax & CPUID_0A_EAX_VERSION, shown->version) &&
	       script_same(c, eax >> CPUID_0A_EAX_NR_GP_SHIFT & 0xff, shown->nr_gp) &&
	       script_same(c, eax >> CPUID_0A_EAX_GP_WIDTH_SHIFT & 0xff, shown->gp_width) &&
	       script_same(c, edx >> CPUID_0A_EDX_FIXED_WIDTH_SHIFT & 0xff,
			   shown->fixed_width) &&
	       script_same(c, script_result(c, more) >> 32, shown->fixed_mask);
}

static bool f2_capabilities(struct conform *c)
{
	u64 want = (c->shown->metrics ? PERFCAP_PERF_METRICS : 0) |
		   (c->shown->perf_capabilities & PERFCAP_FULL_WIDTH_WRITE);

	script_read_msr_is(c, IA32_PERF_CAPABILITIES, want);
	return script_run(c);
}

static bool f3_reset(struct conform *c)
{
	script_read_msr_is(c, IA32_PERF_GLOBAL_CTRL, TMAV_BIT(c->shown->nr_gp) - 1);
	all_read_0(c);
	return script_run(c);
}

static bool f3_apic_reset(struct conform *c)
{
	script_read_msr_is(c, IA32_X2APIC_APICID, 0);
	script_read_msr_is(c, IA32_X2APIC_SIVR, APIC_SVR_VECTOR);
	if (c->shown->version)
		script_read_msr_is(c, IA32_X2APIC_LVT_PMI, LVT_MASKED);
	return script_run(c);
}

/* A value that no other register gets. */
static u64 distinct(u32 i)
{
	return 0x12340000 + i;
}

static bool x1_rdpmc_is_rdmsr(struct conform *c)
{
	u32 i;

	for (i = 0; i < c->shown->nr_gp; i++)
		script_write_msr(c, IA32_PMC0 + i, distinct(i));
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (conform_has_fixed(c, i))
			script_write_msr(c, IA32_FIXED_CTR0 + i, distinct(0x100 + i));
	script_switch(c);
	for (i = 0; i < c->shown->nr_gp; i++) {
		script_read_msr_is(c, IA32_PMC0 + i, distinct(i));
		script_read_pmc_is(c, RDPMC_GP(i), distinct(i));
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
		if (!conform_has_fixed(c, i))
			continue;
		script_read_msr_is(c, IA32_FIXED_CTR0 + i, distinct(0x100 + i));
		script_read_pmc_is(c, RDPMC_FIXED(i), distinct(0x100 + i));
	}
	return script_run(c);
}

static bool x1_bad_selectors(struct conform *c)
{
	u32 b;

	script_read_pmc_gp(c, RDPMC_GP(PMU_MAX_GP_COUNTERS));
	script_read_pmc_gp(c, RDPMC_FIXED(PMU_MAX_FIXED_COUNTERS));
	for (b = RDPMC_TYPE_SHIFT; b < 32; b++)
		if (TMAV_BIT(b) != RDPMC_FIXED(0) && TMAV_BIT(b) != RDPMC_METRICS)
			script_read_pmc_gp(c, TMAV_BIT(b));
	/* A type is a value, not a set of flags. */
	script_read_pmc_gp(c, RDPMC_FIXED(0) | RDPMC_METRICS);
	script_read_pmc_gp(c, ~0u);
	return script_run(c);
}

static bool is_apic_msr(const struct conform *c, u32 msr)
{
	return msr == IA32_X2APIC_APICID || msr == IA32_X2APIC_VERSION ||
	       msr == IA32_X2APIC_SIVR ||
	       (msr == IA32_X2APIC_LVT_PMI && c->shown->version);
}

static bool x2_read(struct conform *c)
{
	u32 msr;

	for (msr = X2APIC_FIRST_MSR; msr <= X2APIC_LAST_MSR; msr++) {
		if (is_apic_msr(c, msr))
			script_read_msr(c, msr);
		else
			script_read_msr_gp(c, msr);
	}
	return script_run(c);
}

static bool x2_write(struct conform *c)
{
	u32 msr;

	for (msr = X2APIC_FIRST_MSR; msr <= X2APIC_LAST_MSR; msr++) {
		if (msr == IA32_X2APIC_EOI || msr == IA32_X2APIC_SIVR ||
		    (msr == IA32_X2APIC_LVT_PMI && c->shown->version))
			script_write_msr(c, msr, 0);
		else
			script_write_msr_gp(c, msr, 0);
	}
	return script_run(c);
}

static bool x2_reserved(struct conform *c)
{
	u64 lvt = LVT_VECTOR | LVT_DELIVERY_MODE | LVT_DELIVERY_STATUS | LVT_MASKED;
	u64 svr = APIC_SVR_VECTOR | APIC_SVR_ENABLE;
	u32 b;

	for (b = 0; b < 64; b++) {
		script_write_msr_gp(c, IA32_X2APIC_EOI, TMAV_BIT(b));
		if (!(svr & TMAV_BIT(b)))
			script_write_msr_gp(c, IA32_X2APIC_SIVR, TMAV_BIT(b));
		if (c->shown->version && !(lvt & TMAV_BIT(b)))
			script_write_msr_gp(c, IA32_X2APIC_LVT_PMI, TMAV_BIT(b));
	}
	return script_run(c);
}

const struct conform_case conform_register_cases[] = {
	{ "L1 the metrics fault without PERF_METRICS",
	  "RDPMC, RDMSR and WRMSR fault", NEED_NO_METRICS, l1_no_metrics },
	{ "L2 bit 48 faults without PERF_METRICS",
	  "in GLOBAL_CTRL, STATUS_SET and STATUS_RESET", NEED_NO_METRICS, l2_no_bit_48 },
	{ "L3 counters that are not shown fault",
	  "by MSR and by RDPMC", NEED_HIDDEN, l3_hidden_counters },
	{ "L3 without a PMU its control registers fault",
	  "none of them is there", NEED_NO_PMU, l3_no_pmu },
	{ "L4 a switch brings nothing of the host's in",
	  "all that is shown reads 0", NEED_PMU, l4_nothing_comes_in },
	{ "L4 what is the host's alone faults",
	  "PEBS, OFFCORE, FRONTEND, DS_AREA, DEBUGCTL", 0, l4_host_alone },
	{ "L5 what the guest has written it finds again after switches",
	  "its own value in each register", NEED_PMU, l5_canaries },
	{ "R1 PERFEVTSEL takes its bits and no other",
	  "IN_TX, IN_TXCP, ANY, ADAPTIVE are #GP", NEED_GP, r1_eventsel },
	{ "R1 FIXED_CTR_CTRL takes its bits and no other",
	  "the others are #GP", NEED_PMU, r1_fixed_ctr_ctrl },
	{ "R1 GLOBAL_CTRL takes its bits and no other",
	  "the others are #GP", NEED_PMU, r1_global_ctrl },
	{ "R1 STATUS_SET sets and STATUS_RESET clears what STATUS has",
	  "the others, below 55, are #GP", NEED_PMU, r1_status },
	{ "R1 STATUS, INUSE and PERF_CAPABILITIES are read-only",
	  "WRMSR is #GP", NEED_PMU, r1_read_only },
	{ "R1 IA32_A_PMC takes as many bits as the counter has",
	  "the others are #GP", NEED_GP | NEED_FULL_WIDTH, r1_full_width },
	{ "R1 fixed counters take as many bits as they have",
	  "the others are #GP", NEED_FIXED, r1_fixed },
	{ "R1 INUSE tells what is programmed",
	  "a bit a counter, and that of the PMI", NEED_PMU, r1_inuse },
	{ "W1 a legacy write extends the sign",
	  "bit 31, to the counter's width", NEED_GP, w1_sign },
	{ "W1 a legacy write ignores EDX",
	  "even where it is all ones", NEED_GP, w1_edx },
	{ "W1 without full-width writes IA32_A_PMC faults",
	  "RDMSR and WRMSR", NEED_NO_FULL_WIDTH, w1_no_full_width },
	{ "F2 CPUID.0AH tells of the PMU that is shown",
	  "version, counters, widths", 0, f2_leaf_0a },
	{ "F2 PERF_CAPABILITIES has full width and metrics alone",
	  "as far as they are shown", NEED_PMU, f2_capabilities },
	{ "F3 registers are as after RESET",
	  "all 0, but for the general counters in GLOBAL_CTRL", NEED_PMU, f3_reset },
	{ "F3 the local APIC is as after RESET",
	  "disabled, its LVT entry masked", 0, f3_apic_reset },
	{ "X1 RDPMC reads what RDMSR reads",
	  "after a switch too", NEED_PMU, x1_rdpmc_is_rdmsr },
	{ "X1 RDPMC of a selector that is none faults",
	  "types are values, not flags", 0, x1_bad_selectors },
	{ "X2 other x2APIC registers cannot be read",
	  "#GP", 0, x2_read },
	{ "X2 other x2APIC registers cannot be written",
	  "#GP", 0, x2_write },
	{ "X2 reserved bits of x2APIC registers fault",
	  "EOI takes 0 alone", 0, x2_reserved },
};

const u32 conform_nr_register_cases = TMAV_ARRAY_SIZE(conform_register_cases);
