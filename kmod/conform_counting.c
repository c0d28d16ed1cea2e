// SPDX-License-Identifier: GPL-2.0
/*
 * Counting, and what switches make of it: the pair FIXED_CTR3, PERF_METRICS,
 * STATUS, widths, what is executed for the guest, CPL 3, denied events. Groups O,
 * Q, S, W, F, V, X of the suite.
 */
#include "kmod/conform_internal.h"
#include "tmavisor/tma.h"

/* Shares of a quarter each, level 2 within them. */
#define QUARTERS	0x403020104040403fULL

/* What of @metrics a guest without level 2 keeps. */
static u64 shown_metrics(const struct conform *c, u64 metrics)
{
	return c->shown->level2 ? metrics : metrics & PERF_METRICS_LEVEL1;
}

static bool o2_pair_survives(struct conform *c)
{
	const u64 slots = TMAV_BIT(32);
	u32 i;

	script_stop(c);
	script_write_slots(c, slots, QUARTERS);
	for (i = 0; i < 3; i++) {
		script_switch(c);
		script_read_msr_is(c, IA32_FIXED_CTR3, slots);
		script_read_msr_is(c, IA32_PERF_METRICS, shown_metrics(c, QUARTERS));
		script_read_pmc_is(c, RDPMC_METRICS, shown_metrics(c, QUARTERS));
	}
	return script_run(c);
}

static bool o3_no_slots(struct conform *c)
{
	u32 before, after;

	script_stop(c);
	script_write_slots(c, 0, QUARTERS);
	before = script_read_msr(c, IA32_PERF_METRICS);
	script_switch(c);
	after = script_read_msr(c, IA32_PERF_METRICS);
	return script_run(c) && script_same(c, script_result(c, after), script_result(c, before));
}

static bool bytes_within_one(struct conform *c, u64 seen, u64 wanted)
{
	int i;

	for (i = 0; i < TMA_NR_METRICS; i++) {
		unsigned int byte = tma_byte(wanted, i);

		if (!script_within(c, tma_byte(seen, i), byte ? byte - 1 : 0, byte + 1))
			return false;
	}
	return true;
}

static bool shares_hold(struct conform *c, u64 slots)
{
	u32 i, metrics;

	script_program_slots(c, false);
	script_write_slots(c, slots, QUARTERS);
	script_start(c, conform_slots_bits(c));
	for (i = 0; i < 10; i++) {
		script_loop(c, 50);
		script_switch(c);
	}
	script_stop(c);
	metrics = script_read_pmc(c, RDPMC_METRICS);
	return script_run(c) && bytes_within_one(c, script_result(c, metrics),
						 shown_metrics(c, QUARTERS));
}

static bool q1_many_slots(struct conform *c)
{
	return shares_hold(c, TMAV_BIT(40)) && shares_hold(c, TMAV_BIT(47));
}

/* From 0, so that they are exact: sum of level 1, level 2 within it. */
static bool metrics_make_sense(struct conform *c, u64 metrics)
{
	int i;

	/* Perf's own range: the hardware rounds each byte. */
	if (!script_within(c, tma_level1_sum(metrics), 254, 257))
		return false;
	for (i = 0; i < TMA_NR_LEVEL1; i++)
		if (!script_within(c, tma_byte(metrics, i + TMA_NR_LEVEL1), 0,
				   tma_byte(metrics, i)))
			return false;
	return true;
}

static u32 count_metrics(struct conform *c)
{
	script_write_slots(c, 0, 0);
	script_start(c, conform_slots_bits(c));
	script_loop(c, 500);
	script_stop(c);
	return script_read_pmc(c, RDPMC_METRICS);
}

static bool q2_pair_after_wrap(struct conform *c)
{
	u32 metrics;

	script_program_slots(c, false);
	script_write_slots(c, conform_width_mask(c->shown->fixed_width) - 600, 0);
	script_start(c, conform_slots_bits(c));
	script_loop(c, 500);
	script_stop(c);
	script_read_msr_bits(c, IA32_PERF_GLOBAL_STATUS, GLOBAL_FIXED(FIXED_SLOTS),
			     GLOBAL_FIXED(FIXED_SLOTS));
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET,
			 GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_STATUS_OVF_METRICS);
	metrics = count_metrics(c);
	return script_run(c) && metrics_make_sense(c, script_result(c, metrics));
}

static bool q3_sums(struct conform *c)
{
	u32 metrics;

	script_program_slots(c, false);
	metrics = count_metrics(c);
	return script_run(c) && metrics_make_sense(c, script_result(c, metrics));
}

static bool q4_no_level2(struct conform *c)
{
	script_stop(c);
	script_write_slots(c, TMAV_BIT(32), QUARTERS);
	script_read_msr_is(c, IA32_PERF_METRICS, QUARTERS & PERF_METRICS_LEVEL1);
	script_switch(c);
	script_read_pmc_is(c, RDPMC_METRICS, QUARTERS & PERF_METRICS_LEVEL1);
	return script_run(c);
}

static bool s1_each_bit(struct conform *c)
{
	u64 bits = conform_counter_bits(c) | GLOBAL_STATUS_CTR_FRZ;
	u32 b;

	script_stop(c);
	for (b = 0; b < 64; b++) {
		if (!(bits & TMAV_BIT(b)))
			continue;
		script_write_msr(c, IA32_PERF_GLOBAL_STATUS_SET, TMAV_BIT(b));
		script_switch(c);
		script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, TMAV_BIT(b));
		script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET, TMAV_BIT(b));
		script_switch(c);
		script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, 0);
	}
	return script_run(c);
}

/* Every other bit of @bits. */
static u64 alternate(u64 bits)
{
	return bits & 0x5555555555555555ULL;
}

static bool s1_together(struct conform *c)
{
	u64 bits = conform_counter_bits(c);

	script_stop(c);
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_SET, bits);
	script_switch(c);
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, bits);
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET, alternate(bits));
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, bits & ~alternate(bits));
	script_switch(c);
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, bits & ~alternate(bits));
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_SET, alternate(bits));
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET, bits & ~alternate(bits));
	script_switch(c);
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, alternate(bits));
	return script_run(c);
}

static bool s2_clearable(struct conform *c)
{
	u32 b, set[64], after[64];

	script_stop(c);
	for (b = 0; b < 64; b++) {
		set[b] = script_op_any(c, GUEST_OP_WRMSR, IA32_PERF_GLOBAL_STATUS_SET,
				       TMAV_BIT(b));
		script_op_any(c, GUEST_OP_WRMSR, IA32_PERF_GLOBAL_STATUS_RESET,
			      TMAV_BIT(b));
		after[b] = script_read_msr(c, IA32_PERF_GLOBAL_STATUS);
	}
	if (!script_run(c))
		return false;
	for (b = 0; b < 64; b++)
		if (!script_faulted(c, set[b]) && !script_same(c, script_result(c, after[b]), 0))
			return false;
	return true;
}

static bool s3_frozen(struct conform *c)
{
	struct counter counter = conform_counter_at(c, 0);
	u32 thawed;

	script_program(c, &counter, false);
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_CTR_FRZ);
	script_start(c, counter.bit);
	script_loop(c, 100);
	script_switch(c);
	script_op(c, GUEST_OP_CPUID, 0, 0);
	script_read_pmc_is(c, counter.selector, 0);
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_STATUS_CTR_FRZ);
	script_loop(c, 100);
	script_stop(c);
	thawed = script_read_pmc(c, counter.selector);
	return script_run(c) && script_within(c, script_result(c, thawed), 200, 300);
}

/* Each that can count, alone. */
static bool w2_wraps(struct conform *c)
{
	u32 i, after;

	for (i = 0; i < conform_nr_counters(c); i++) {
		struct counter counter = conform_counter_at(c, i);

		script_program(c, &counter, false);
		script_preset(c, &counter, 100);
		script_switch(c);
		script_start(c, counter.bit);
		script_loop(c, 500);
		script_stop(c);
		script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, counter.bit);
		after = script_read_pmc(c, counter.selector);
		if (!script_run(c) || !script_within(c, script_result(c, after), 900, 1000))
			return false;
	}
	return true;
}

/* Instructions counted from GLOBAL_CTRL on to off, with an op between. */
static u32 count_op(struct conform *c, const struct counter *counter,
		    enum guest_op_code code, u32 index, u64 val)
{
	script_write_msr(c, counter->msr, 0);
	script_start(c, counter->bit);
	script_op(c, code, index, val);
	script_stop(c);
	return script_read_pmc(c, counter->selector);
}

static bool counts_like_nop(struct conform *c, enum guest_op_code code,
			    u32 index, u64 val)
{
	u32 last = conform_nr_counters(c) - 1;
	u32 i, nop, it;

	/* The first and the last: a general and a fixed one, if there are both. */
	for (i = 0; i <= last; i += last ? last : 1) {
		struct counter counter = conform_counter_at(c, i);

		script_program(c, &counter, false);
		nop = count_op(c, &counter, GUEST_OP_NOP, 0, 0);
		it = count_op(c, &counter, code, index, val);
		if (!script_run(c) || !script_same(c, script_result(c, it), script_result(c, nop)))
			return false;
	}
	return true;
}

static bool f4_rdmsr(struct conform *c)
{
	return counts_like_nop(c, GUEST_OP_RDMSR, IA32_PERF_GLOBAL_INUSE, 0) &&
	       counts_like_nop(c, GUEST_OP_RDMSR, IA32_PERF_GLOBAL_STATUS, 0);
}

static bool f4_wrmsr(struct conform *c)
{
	return counts_like_nop(c, GUEST_OP_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, 0) &&
	       counts_like_nop(c, GUEST_OP_WRMSR, IA32_X2APIC_SIVR, APIC_SVR_VECTOR);
}

static bool f4_rdpmc(struct conform *c)
{
	struct counter counter = conform_counter_at(c, 0);

	return counts_like_nop(c, GUEST_OP_RDPMC, counter.selector, 0);
}

static bool f4_cpuid(struct conform *c)
{
	return counts_like_nop(c, GUEST_OP_CPUID, 0, 0);
}

static bool f4_switch(struct conform *c)
{
	return counts_like_nop(c, GUEST_OP_SWITCH, 0, GUEST_CALL_SWITCH);
}

static bool f4_loop(struct conform *c)
{
	struct counter counter = conform_counter_at(c, 0);
	u32 less, more;

	script_program(c, &counter, false);
	less = count_op(c, &counter, GUEST_OP_LOOP, 0, 1);
	more = count_op(c, &counter, GUEST_OP_LOOP, 0, 1001);
	return script_run(c) &&
	       script_same(c, script_result(c, more) - script_result(c, less), 2000);
}

static bool v3_user_forbidden(struct conform *c)
{
	script_op_gp(c, GUEST_OP_USER_RDPMC, conform_counter_at(c, 0).selector, GUEST_PCE_CLEAR);
	return script_run(c);
}

static bool v3_user_allowed(struct conform *c)
{
	struct counter counter = conform_counter_at(c, 0);
	u32 it;

	script_stop(c);
	script_write_msr(c, counter.msr, 0x1234);
	it = script_op(c, GUEST_OP_USER_RDPMC, counter.selector, GUEST_PCE_SET);
	return script_run(c) && script_same(c, script_result(c, it), 0x1234);
}

static bool v3_pce_survives(struct conform *c)
{
	u32 selector = conform_counter_at(c, 0).selector;

	script_op(c, GUEST_OP_USER_RDPMC, selector, GUEST_PCE_SET);
	script_switch(c);
	script_op(c, GUEST_OP_USER_RDPMC, selector, GUEST_PCE_AS_IT_IS);
	script_op_gp(c, GUEST_OP_USER_RDPMC, selector, GUEST_PCE_CLEAR);
	script_switch(c);
	script_op_gp(c, GUEST_OP_USER_RDPMC, selector, GUEST_PCE_AS_IT_IS);
	return script_run(c);
}

static bool v3_user_bad(struct conform *c)
{
	script_op_gp(c, GUEST_OP_USER_RDPMC, RDPMC_GP(PMU_MAX_GP_COUNTERS), GUEST_PCE_SET);
	script_op_gp(c, GUEST_OP_USER_RDPMC, RDPMC_FIXED(PMU_MAX_FIXED_COUNTERS), GUEST_PCE_SET);
	script_op_gp(c, GUEST_OP_USER_RDPMC, 1u << 31, GUEST_PCE_SET);
	if (!c->shown->metrics)
		script_op_gp(c, GUEST_OP_USER_RDPMC, RDPMC_METRICS, GUEST_PCE_SET);
	return script_run(c);
}

/* RDPMC and the INT behind it are all that there is of CPL 3. */
static bool v3_user_counts(struct conform *c)
{
	u32 it;

	script_stop(c);
	script_write_msr(c, IA32_PERFEVTSEL0,
			 EVENT_INSTRUCTIONS | PERFEVTSEL_USR | PERFEVTSEL_EN);
	script_start(c, GLOBAL_GP(0));
	script_op(c, GUEST_OP_USER_RDPMC, RDPMC_GP(0), GUEST_PCE_SET);
	script_stop(c);
	it = script_read_pmc(c, RDPMC_GP(0));
	return script_run(c) && script_same(c, script_result(c, it), 2);
}

static bool x1_running(struct conform *c)
{
	enum { READS = 10 };
	struct counter counter = conform_counter_at(c, 0);
	u32 at[READS], i;

	script_program(c, &counter, false);
	script_start(c, counter.bit);
	for (i = 0; i < READS; i++) {
		if (i == READS / 2)
			script_switch(c);
		at[i] = script_read_pmc(c, counter.selector);
	}
	script_stop(c);
	if (!script_run(c))
		return false;
	/* The switch is an op like the others, and stands between two reads. */
	for (i = 2; i < READS; i++)
		if (!script_same(c, script_result(c, at[i]) - script_result(c, at[i - 1]),
				 (script_result(c, at[1]) - script_result(c, at[0])) *
				 (i == READS / 2 ? 2 : 1)))
			return false;
	return true;
}

static bool f1_denied(struct conform *c)
{
	u32 i;

	for (i = 0; i < c->deny->nr; i++) {
		u64 sel = c->deny->event[i] | PERFEVTSEL_OS | PERFEVTSEL_USR |
			  PERFEVTSEL_EN;

		script_stop(c);
		script_write_msr(c, IA32_PERFEVTSEL0, sel);
		script_read_msr_is(c, IA32_PERFEVTSEL0, sel);
		script_start(c, GLOBAL_GP(0));
		script_loop(c, 100);
		script_op(c, GUEST_OP_CPUID, 0, 0);
		script_stop(c);
		script_read_pmc_is(c, RDPMC_GP(0), 0);
	}
	return script_run(c);
}

static bool f1_denied_fixed(struct conform *c)
{
	u64 ctrl = 0;
	u32 i;

	script_stop(c);
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (conform_has_fixed(c, i))
			ctrl |= FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i);
	script_write_msr(c, IA32_FIXED_CTR_CTRL, ctrl);
	script_read_msr_is(c, IA32_FIXED_CTR_CTRL, ctrl);
	script_start(c, conform_counter_bits(c));
	script_loop(c, 100);
	script_op(c, GUEST_OP_CPUID, 0, 0);
	script_stop(c);
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (conform_has_fixed(c, i) && filter_denies_fixed(c->deny, i))
			script_read_pmc_is(c, RDPMC_FIXED(i), 0);
	return script_run(c);
}

const struct conform_case conform_counting_cases[] = {
	{ "O2 the pair survives switches that find it equal",
	  "the same bytes, by RDMSR and RDPMC", NEED_METRICS, o2_pair_survives },
	{ "O3 with FIXED_CTR3 0 a switch changes no metrics",
	  "what they read before", NEED_METRICS, o3_no_slots },
	{ "Q1 shares of 2^40 and 2^47 slots survive ten switches",
	  "to one unit", NEED_METRICS, q1_many_slots },
	{ "Q2 after a wrap of the slots the pair starts afresh",
	  "STATUS has bit 35, then shares of a whole", NEED_METRICS, q2_pair_after_wrap },
	{ "Q3 level 1 adds up, level 2 is within it",
	  "254 to 257", NEED_METRICS, q3_sums },
	{ "Q4 level 2 is ignored when written where there is none",
	  "it reads 0", NEED_NO_LEVEL2, q4_no_level2 },
	{ "S1 each bit of STATUS survives a switch, set and cleared",
	  "bit 48 and CTR_FRZ too", NEED_PMU, s1_each_bit },
	{ "S1 bits of STATUS set and cleared together survive switches",
	  "no more and no less", NEED_PMU, s1_together },
	{ "S2 what STATUS_SET sets, STATUS_RESET clears",
	  "of all 64 bits", NEED_PMU, s2_clearable },
	{ "S3 CTR_FRZ stops counting, across a switch and a VM exit",
	  "until it is cleared", NEED_COUNTER, s3_frozen },
	{ "W2 counters wrap at the width shown",
	  "100 before 0, STATUS has the bit", NEED_COUNTER, w2_wraps },
	{ "F1 a denied event reads back and does not count",
	  "on a general counter", NEED_DENY | NEED_GP, f1_denied },
	{ "F1 a fixed counter of a denied event does not count",
	  "and reads back as written", NEED_DENY_FIXED, f1_denied_fixed },
	{ "F4 a loop counts its instructions",
	  "1000 rounds more are 2000", NEED_COUNTER, f4_loop },
	{ "F4 RDMSR counts as one instruction",
	  "as a NOP does, passed or trapped", NEED_COUNTER, f4_rdmsr },
	{ "F4 WRMSR counts as one instruction",
	  "as a NOP does", NEED_COUNTER, f4_wrmsr },
	{ "F4 RDPMC counts as one instruction",
	  "as a NOP does, passed or trapped", NEED_COUNTER, f4_rdpmc },
	{ "F4 CPUID counts as one instruction",
	  "as a NOP does", NEED_COUNTER, f4_cpuid },
	{ "F4 a switch counts as the one instruction that asks for it",
	  "as a NOP does", NEED_COUNTER, f4_switch },
	{ "V3 RDPMC at CPL 3 faults with CR4.PCE 0",
	  "before anything else is looked at", NEED_COUNTER, v3_user_forbidden },
	{ "V3 RDPMC at CPL 3 reads with CR4.PCE 1",
	  "what was written", NEED_COUNTER, v3_user_allowed },
	{ "V3 CR4.PCE survives a switch",
	  "set, and clear", NEED_COUNTER, v3_pce_survives },
	{ "V3 RDPMC at CPL 3 of a selector that is none faults",
	  "bit 31 too", 0, v3_user_bad },
	{ "V3 RDPMC at CPL 3 counts as the user's",
	  "it, and the INT behind it", NEED_COUNTER | NEED_GP, v3_user_counts },
	{ "X1 a running counter is read on time",
	  "as many instructions from each RDPMC to the next", NEED_COUNTER, x1_running },
};

const u32 conform_nr_counting_cases = TMAV_ARRAY_SIZE(conform_counting_cases);
