// SPDX-License-Identifier: GPL-2.0
/*
 * Counting, overflow, freezing and PMI delivery of the PMU model.
 */
#include "tools/test/pmu_fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct insn nop = { .rip = 0x1000, .length = 1, .kind = INSN_MOVE };

static const struct insn taken_branch = {
	.rip	= 0x1000,
	.length	= 2,
	.branch	= BRANCH_COND,
	.taken	= true,
	.target	= 0x1000,
};

static void run(struct fixture *f, uint64_t insns, unsigned int cpl)
{
	pmu_count_plain(&f->pmu, insns, insns, cpl);
}

static void run_described(struct fixture *f, const struct insn *insn,
			  unsigned int times, unsigned int cpl)
{
	while (times--)
		pmu_count_insn(&f->pmu, insn, cpl);
}

/*
 * What is counted
 */

/* Fixed counters. Expect: instructions, a cycle for each, reference cycles. */
static void fixed_counters_count(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 3; i++)
		enable_fixed(f, i, FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i));
	pmu_count_plain(&f->pmu, 1000, 777, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 1000);
	assert_int_equal(rd(f, IA32_FIXED_CTR1), 1000);
	assert_int_equal(rd(f, IA32_FIXED_CTR2), 777);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 0);
}

/* The same events on every general counter. */
static void general_counters_count(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 8; i++) {
		pmu_reset(&f->pmu);
		enable_gp(f, i, EVENT_INSTRUCTIONS | GP_BOTH);
		pmu_count_plain(&f->pmu, 1000, 777, CPL_USER);
		enable_gp(f, i, EVENT_CORE_CYCLES | GP_BOTH);
		pmu_count_plain(&f->pmu, 500, 777, CPL_USER);
		enable_gp(f, i, EVENT_REF_CYCLES | GP_BOTH);
		pmu_count_plain(&f->pmu, 5, 20, CPL_USER);
		assert_int_equal(rd(f, IA32_PMC0 + i), 1520);
	}
}

/* Events that the model does not know. Expect: 0, and no need for a look. */
static void unknown_events_count_nothing(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, PERF_EVENT(0xd1, 0x20) | GP_BOTH);
	enable_gp(f, 1, PERF_EVENT(0xc0, 0x01) | GP_BOTH);
	assert_false(pmu_needs_insns(&f->pmu));
	run(f, 1000, CPL_USER);
	run_described(f, &taken_branch, 10, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 0);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 0);
}

/* Branches. Expect: every one, taken or not, whatever its kind; nothing else. */
static void branches_are_counted_exactly(void **state)
{
	static const enum insn_branch kinds[] = {
		BRANCH_COND, BRANCH_DIRECT, BRANCH_INDIRECT, BRANCH_RETURN,
		BRANCH_FAR,
	};
	struct fixture *f = *state;
	struct insn insn = nop;

	enable_gp(f, 3, EVENT_BRANCHES | GP_BOTH);
	assert_true(pmu_needs_insns(&f->pmu));
	run_described(f, &nop, 100, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0 + 3), 0);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		insn.branch = kinds[i];
		insn.taken = kinds[i] != BRANCH_COND;
		run_described(f, &insn, 10, CPL_USER);
		assert_int_equal(rd(f, IA32_PMC0 + 3), 10 * (i + 1));
	}
	run_described(f, &taken_branch, 7, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0 + 3), 57);
}

/*
 * When it is counted
 */

/* OS and USR of a general counter, at each CPL. */
static void general_counters_filter_by_cpl(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | PERFEVTSEL_OS);
	enable_gp(f, 1, EVENT_INSTRUCTIONS | PERFEVTSEL_USR);
	enable_gp(f, 2, EVENT_INSTRUCTIONS);
	for (unsigned int cpl = 0; cpl < 4; cpl++)
		run(f, 10, cpl);
	assert_int_equal(rd(f, IA32_PMC0), 10);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 30);
	assert_int_equal(rd(f, IA32_PMC0 + 2), 0);
}

/* The same of a fixed counter. */
static void fixed_counters_filter_by_cpl(void **state)
{
	struct fixture *f = *state;

	enable_fixed(f, 0, FIXED_CTR_CTRL_OS(0));
	enable_fixed(f, 1, FIXED_CTR_CTRL_USR(1));
	enable_fixed(f, 2, FIXED_CTR_CTRL_PMI(2));
	for (unsigned int cpl = 0; cpl < 4; cpl++)
		run(f, 10, cpl);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 10);
	assert_int_equal(rd(f, IA32_FIXED_CTR1), 30);
	assert_int_equal(rd(f, IA32_FIXED_CTR2), 0);
}

/* Each of the two enables alone. Expect: nothing counts. */
static void both_enables_are_needed(void **state)
{
	struct fixture *f = *state;

	wr(f, IA32_PERF_GLOBAL_CTRL, 0);
	wr(f, IA32_PERFEVTSEL0, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_EN);
	wr(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(0));
	run(f, 10, CPL_KERNEL);
	wr(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) | GLOBAL_FIXED(0));
	wr(f, IA32_PERFEVTSEL0, EVENT_INSTRUCTIONS | GP_BOTH);
	wr(f, IA32_FIXED_CTR_CTRL, 0);
	run(f, 10, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_PMC0), 0);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 0);
}

/* IN_TX counts in transactions, of which there are none; IN_TXCP outside. */
static void nothing_runs_in_a_transaction(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 1, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_IN_TX);
	enable_gp(f, 2, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_IN_TXCP);
	run(f, 10, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 0);
	assert_int_equal(rd(f, IA32_PMC0 + 2), 10);
}

/* What needs instructions described. Expect: only while it really counts. */
static void needs_insns_follows_the_enables(void **state)
{
	static const uint64_t events[] = {
		EVENT_BRANCHES, EVENT_BRANCH_MISSES, EVENT_LLC_REFERENCES,
		EVENT_LLC_MISSES, EVENT_SLOTS,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		enable_gp(f, 0, events[i] | PERFEVTSEL_USR);
		assert_true(pmu_needs_insns(&f->pmu));
		wr(f, IA32_PERF_GLOBAL_CTRL, 0);
		assert_false(pmu_needs_insns(&f->pmu));
		wr(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0));
		assert_true(pmu_needs_insns(&f->pmu));
		wr(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_CTR_FRZ);
		assert_false(pmu_needs_insns(&f->pmu));
		wr(f, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_STATUS_CTR_FRZ);
		assert_true(pmu_needs_insns(&f->pmu));
		wr(f, IA32_PERFEVTSEL0, events[i] | PERFEVTSEL_EN);	/* no CPL */
		assert_false(pmu_needs_insns(&f->pmu));
		wr(f, IA32_PERFEVTSEL0, events[i] | GP_BOTH);
		assert_false(pmu_needs_insns(&f->pmu));
	}
	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH);
	for (unsigned int i = 0; i < 3; i++)
		enable_fixed(f, i, FIXED_CTR_CTRL_OS(i));
	assert_false(pmu_needs_insns(&f->pmu));
	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_USR(FIXED_SLOTS));
	assert_true(pmu_needs_insns(&f->pmu));
	enable_fixed(f, FIXED_SLOTS, 0);
	assert_false(pmu_needs_insns(&f->pmu));
}

/* The same program in bulk and one by one. Expect: the same counts. */
static void plain_and_described_counts_agree(void **state)
{
	struct fixture *f = *state;
	uint64_t plain[4];

	for (unsigned int described = 0; described < 2; described++) {
		pmu_reset(&f->pmu);
		for (unsigned int i = 0; i < 3; i++)
			enable_fixed(f, i, FIXED_CTR_CTRL_OS(i));
		enable_gp(f, 0, EVENT_INSTRUCTIONS | PERFEVTSEL_OS |
				1ULL << PERFEVTSEL_CMASK_SHIFT);
		if (!described) {
			run(f, 1000, CPL_KERNEL);
			for (unsigned int i = 0; i < 3; i++)
				plain[i] = rd(f, IA32_FIXED_CTR0 + i);
			plain[3] = rd(f, IA32_PMC0);
			continue;
		}
		enable_gp(f, 1, EVENT_BRANCHES | GP_BOTH);
		run_described(f, &taken_branch, 1000, CPL_KERNEL);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(rd(f, IA32_FIXED_CTR0 + i), plain[i]);
		assert_int_equal(rd(f, IA32_PMC0), plain[3]);
	}
}

/* Slots are counted. Expect: cycles are a sixth of them, nothing lost. */
static void cycles_are_slots_over_six(void **state)
{
	struct fixture *f = *state;

	enable_fixed(f, FIXED_CORE_CYCLES, FIXED_CTR_CTRL_OS(FIXED_CORE_CYCLES));
	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	enable_gp(f, 4, EVENT_SLOTS | GP_BOTH);
	for (unsigned int i = 0; i < 1000; i++) {
		run_described(f, i % 7 ? &nop : &taken_branch, 1, CPL_KERNEL);
		assert_int_equal(rd(f, IA32_FIXED_CTR1), rd(f, IA32_FIXED_CTR3) / 6);
	}
	assert_int_equal(rd(f, IA32_PMC0 + 4), rd(f, IA32_FIXED_CTR3));
	assert_true(rd(f, IA32_FIXED_CTR3) >= 1000);
}

/*
 * CMASK, INV and EDGE
 */

/* One instruction in a cycle: CMASK 1 counts them all, CMASK 2 none. */
static void cmask_counts_cycles_with_that_many(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 4; i++)
		enable_gp(f, i, EVENT_INSTRUCTIONS | GP_BOTH |
				(uint64_t)i << PERFEVTSEL_CMASK_SHIFT);
	run(f, 100, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 100);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 100);
	assert_int_equal(rd(f, IA32_PMC0 + 2), 0);
	assert_int_equal(rd(f, IA32_PMC0 + 3), 0);
}

/* INV. Expect: the other cycles; without CMASK no effect. */
static void inv_counts_the_other_cycles(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 3; i++)
		enable_gp(f, i, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_INV |
				(uint64_t)i << PERFEVTSEL_CMASK_SHIFT);
	run(f, 100, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 100);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 0);
	assert_int_equal(rd(f, IA32_PMC0 + 2), 100);
}

/* EDGE. Expect: one count each time that a row of branches begins. */
static void edge_counts_beginnings(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_BRANCHES | GP_BOTH | PERFEVTSEL_EDGE);
	enable_gp(f, 1, EVENT_CORE_CYCLES | GP_BOTH | PERFEVTSEL_EDGE);
	for (unsigned int i = 0; i < 5; i++) {
		run_described(f, &taken_branch, 3, CPL_USER);
		run_described(f, &nop, 3, CPL_USER);
	}
	assert_int_equal(rd(f, IA32_PMC0), 5);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 1);
}

/* EDGE without CMASK. Expect: INV has nothing to invert. */
static void inv_leaves_edges_alone(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_BRANCHES | GP_BOTH | PERFEVTSEL_EDGE | PERFEVTSEL_INV);
	run_described(f, &taken_branch, 3, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 1);
	run_described(f, &nop, 3, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 1);
}

/* A selector is written anew. Expect: the next branch begins a row. */
static void a_new_selector_forgets_the_level(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 1; i < 4; i++) {
		enable_gp(f, 0, EVENT_BRANCHES | GP_BOTH | PERFEVTSEL_EDGE);
		run_described(f, &taken_branch, 3, CPL_USER);
		assert_int_equal(rd(f, IA32_PMC0), i);
	}
}

/* The same in the middle of a cycle. Expect: it begins with nothing in it. */
static void a_new_selector_forgets_the_cycle(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 1, EVENT_SLOTS | GP_BOTH);
	run_described(f, &nop, 6, CPL_USER);	/* the line is fetched */
	for (unsigned int i = 0; i < 10; i++) {
		enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH |
				6ULL << PERFEVTSEL_CMASK_SHIFT);
		run_described(f, &nop, 3, CPL_USER);
	}
	assert_int_equal(rd(f, IA32_PMC0), 0);
}

/* Six instructions fit into a cycle when slots are counted. */
static void cmask_sees_the_width_of_the_machine(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH | 6ULL << PERFEVTSEL_CMASK_SHIFT);
	enable_gp(f, 1, EVENT_INSTRUCTIONS | GP_BOTH | 7ULL << PERFEVTSEL_CMASK_SHIFT);
	enable_gp(f, 2, EVENT_SLOTS | GP_BOTH | 6ULL << PERFEVTSEL_CMASK_SHIFT);
	run_described(f, &nop, 6, CPL_USER);	/* the line is fetched */
	wr(f, IA32_PMC0, 0);
	wr(f, IA32_PMC0 + 2, 0);
	run_described(f, &nop, 600, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 100);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 0);
	assert_int_equal(rd(f, IA32_PMC0 + 2), 100);
}

/*
 * Overflow
 */

/* The last value of a width holds. Expect: STATUS and 0 with the next count. */
static void overflow_is_exact(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 8; i++) {
		enable_gp(f, i, EVENT_INSTRUCTIONS | GP_BOTH);
		wr(f, IA32_A_PMC0 + i, WIDTH48 - 10);
	}
	enable_fixed(f, 0, FIXED_CTR_CTRL_USR(0));
	wr(f, IA32_FIXED_CTR0, WIDTH48 - 10);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), 11);

	run(f, 10, CPL_USER);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), 0);
	assert_int_equal(rd(f, IA32_PMC0 + 7), WIDTH48);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), 1);
	run(f, 1, CPL_USER);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_FIXED(0) | 0xff);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(rd(f, IA32_PMC0 + i), 0);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 0);
	assert_int_equal(f->pmis, 0);
}

/* Narrow counters wrap at their own width. */
static void overflow_of_narrow_counters(void **state)
{
	struct fixture *f = *state;

	f->model.gp_width = 32;
	f->model.fixed_width = 40;
	fixture_rebuild(f);

	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH);
	enable_fixed(f, 0, FIXED_CTR_CTRL_USR(0));
	wr(f, IA32_PMC0, 0xffffffff);
	wr(f, IA32_FIXED_CTR0, (1ULL << 40) - 3);
	run(f, 2, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 1);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0));
	run(f, 1, CPL_USER);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0) | GLOBAL_FIXED(0));
}

/* Many slots at once. Expect: what is left of them counts on. */
static void overflow_keeps_the_rest(void **state)
{
	static const struct insn cpuid = {
		.rip = 0x1000, .length = 2, .kind = INSN_MICROCODED,
	};
	struct fixture *f = *state;
	uint64_t slots;

	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	enable_gp(f, 6, EVENT_SLOTS | GP_BOTH);
	run_described(f, &nop, 1, CPL_KERNEL);	/* the line is fetched */
	wr(f, IA32_FIXED_CTR3, 0);
	run_described(f, &cpuid, 1, CPL_KERNEL);
	slots = rd(f, IA32_FIXED_CTR3);
	assert_in_range(slots, 10, 100);

	wr(f, IA32_FIXED_CTR3, WIDTH48 - 4);
	wr(f, IA32_A_PMC0 + 6, WIDTH48 - 5);
	run_described(f, &cpuid, 1, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), slots - 5);
	assert_int_equal(rd(f, IA32_PMC0 + 6), slots - 6);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS),
			 GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_GP(6));
}

/* A load that misses everything, then a VM exit. */
static const struct insn load = {
	.rip = 0x1000, .length = 2, .kind = INSN_MOVE, .nr_mem = 1,
	.mem = { { .paddr = 0x5000000, .read = true } },
};

/* Expect: the exit takes what the load still has to wait for, and retires nothing. */
static void an_exit_waits_for_what_is_under_way(void **state)
{
	struct fixture *f = *state;
	uint64_t slots;

	enable_metrics(f);
	enable_fixed(f, FIXED_INSTRUCTIONS, FIXED_CTR_CTRL_OS(FIXED_INSTRUCTIONS));
	run_described(f, &load, 1, CPL_KERNEL);
	slots = rd(f, IA32_FIXED_CTR3);
	pmu_drain(&f->pmu, CPL_KERNEL);
	assert_true(rd(f, IA32_FIXED_CTR3) > slots + 1000);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 1);
	/* Memory's: the upper byte of both levels. */
	assert_true(rd(f, IA32_PERF_METRICS) >> 56 > 100);

	slots = rd(f, IA32_FIXED_CTR3);
	pmu_drain(&f->pmu, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), slots);
}

/* Expect: while nobody counts slots it leaves the model alone. */
static void an_exit_is_nothing_to_who_counts_no_slots(void **state)
{
	struct fixture *f = *state;

	enable_metrics(f);
	run_described(f, &load, 1, CPL_KERNEL);
	wr(f, IA32_PERF_GLOBAL_CTRL, 0);
	pmu_drain(&f->pmu, CPL_KERNEL);
	wr(f, IA32_FIXED_CTR3, 0);
	enable_metrics(f);
	pmu_drain(&f->pmu, CPL_KERNEL);
	assert_true(rd(f, IA32_FIXED_CTR3) > 1000);
}

/* Far beyond the overflow in one go. Expect: nothing lost. */
static void bulk_counts_on_after_overflow(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_INT);
	enable_gp(f, 1, EVENT_CORE_CYCLES | GP_BOTH | PERFEVTSEL_INT);
	wr(f, IA32_A_PMC0, WIDTH48 - 4);
	wr(f, IA32_A_PMC0 + 1, WIDTH48 - 9);
	run(f, 1000, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 995);
	assert_int_equal(rd(f, IA32_PMC0 + 1), 990);
	assert_int_equal(f->pmis, 2);
}

/* INT. Expect: a PMI if it is set, only then, and only for one's own. */
static void pmi_follows_the_interrupt_enable(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH);
	enable_gp(f, 1, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_INT);
	wr(f, IA32_A_PMC0, WIDTH48);
	run(f, 1, CPL_USER);
	assert_int_equal(f->pmis, 0);
	wr(f, IA32_A_PMC0 + 1, WIDTH48);
	run(f, 1, CPL_USER);
	assert_int_equal(f->pmis, 1);
	run(f, 100, CPL_USER);
	assert_int_equal(f->pmis, 1);

	enable_fixed(f, 0, FIXED_CTR_CTRL_USR(0) | FIXED_CTR_CTRL_PMI(0));
	wr(f, IA32_FIXED_CTR0, WIDTH48);
	run(f, 1, CPL_KERNEL);
	assert_int_equal(f->pmis, 1);
	run(f, 1, CPL_USER);
	assert_int_equal(f->pmis, 2);
	assert_true(rd(f, IA32_PERF_GLOBAL_STATUS) & GLOBAL_FIXED(0));
}

/* Two counters at the same instruction. Expect: one PMI, both bits. */
static void one_pmi_for_one_instruction(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_BRANCHES | GP_BOTH | PERFEVTSEL_INT);
	enable_fixed(f, 0, FIXED_CTR_CTRL_USR(0) | FIXED_CTR_CTRL_PMI(0));
	wr(f, IA32_A_PMC0, WIDTH48);
	wr(f, IA32_FIXED_CTR0, WIDTH48);
	run_described(f, &taken_branch, 1, CPL_USER);
	assert_int_equal(f->pmis, 1);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0) | GLOBAL_FIXED(0));
}

/* Writes are no overflow: not of -1, not of STATUS_SET, not of less than now. */
static void writes_do_not_overflow(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_INT);
	wr(f, IA32_A_PMC0, WIDTH48);
	wr(f, IA32_A_PMC0, 0);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), 0);
	wr(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(0));
	assert_int_equal(f->pmis, 0);
}

/* A bit already set. Expect: another overflow raises another PMI. */
static void status_does_not_hold_back_a_pmi(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_INT);
	wr(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(0));
	wr(f, IA32_A_PMC0, WIDTH48);
	run(f, 1, CPL_USER);
	assert_int_equal(f->pmis, 1);
}

/* The distance to overflow. Expect: the nearest that counts at this CPL. */
static void until_overflow_is_the_nearest(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), UINT64_MAX);
	enable_gp(f, 0, EVENT_INSTRUCTIONS | PERFEVTSEL_USR);
	enable_gp(f, 1, EVENT_CORE_CYCLES | PERFEVTSEL_OS);
	enable_gp(f, 2, EVENT_BRANCHES | GP_BOTH);
	enable_gp(f, 3, EVENT_INSTRUCTIONS | GP_BOTH | 2ULL << PERFEVTSEL_CMASK_SHIFT);
	wr(f, IA32_A_PMC0, WIDTH48 - 99);
	wr(f, IA32_A_PMC0 + 1, WIDTH48 - 49);
	wr(f, IA32_A_PMC0 + 2, WIDTH48);
	wr(f, IA32_A_PMC0 + 3, WIDTH48);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), 100);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_KERNEL), 50);
	wr(f, IA32_PERF_GLOBAL_CTRL, 0);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_KERNEL), UINT64_MAX);
}

/* The same of each fixed counter; slots have no distance in instructions. */
static void until_overflow_of_fixed_counters(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 4; i++) {
		pmu_reset(&f->pmu);
		enable_fixed(f, i, FIXED_CTR_CTRL_OS(i));
		wr(f, IA32_FIXED_CTR0 + i, WIDTH48 - i);
		assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_KERNEL),
				 i == FIXED_SLOTS ? UINT64_MAX : i + 1);
		assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), UINT64_MAX);
	}
}

/* An EDGE counter one short of overflow. Expect: foretold once, and right. */
static void until_overflow_knows_edges(void **state)
{
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_EDGE);
	wr(f, IA32_A_PMC0, WIDTH48 - 1);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), UINT64_MAX);
	wr(f, IA32_A_PMC0, WIDTH48);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), 1);
	run(f, 10, CPL_USER);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0));
	assert_int_equal(rd(f, IA32_PMC0), 0);
}

/*
 * Freezing
 */

static void arm_for_freeze(struct fixture *f)
{
	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_INT);
	enable_fixed(f, 0, FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_USR(0));
	wr(f, IA32_A_PMC0, WIDTH48 - 9);
}

/* FREEZE_PERFMON_ON_PMI. Expect: all stop at the very instruction. */
static void freeze_stops_all_at_the_overflow(void **state)
{
	struct fixture *f = *state;

	arm_for_freeze(f);
	wr(f, IA32_DEBUGCTL, DEBUGCTL_FREEZE_PERFMON_ON_PMI);
	run(f, 1000, CPL_USER);
	assert_int_equal(f->pmis, 1);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS),
			 GLOBAL_STATUS_CTR_FRZ | GLOBAL_GP(0));
	assert_int_equal(rd(f, IA32_PMC0), 0);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 10);
	assert_int_equal(pmu_plain_until_overflow(&f->pmu, CPL_USER), UINT64_MAX);
}

/* Clearing CTR_FRZ, and only that, lets the counters go on. */
static void reset_of_ctr_frz_thaws(void **state)
{
	struct fixture *f = *state;

	arm_for_freeze(f);
	wr(f, IA32_DEBUGCTL, DEBUGCTL_FREEZE_PERFMON_ON_PMI);
	run(f, 1000, CPL_USER);
	wr(f, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_GP(0));
	wr(f, IA32_DEBUGCTL, 0);
	wr(f, IA32_PERF_GLOBAL_CTRL, 0);
	wr(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) | GLOBAL_FIXED(0));
	run(f, 100, CPL_USER);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 10);
	wr(f, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_STATUS_CTR_FRZ);
	run(f, 100, CPL_USER);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 110);
}

/* Without the DEBUGCTL bit, or without a PMI, nothing freezes. */
static void no_freeze_unless_asked(void **state)
{
	struct fixture *f = *state;

	arm_for_freeze(f);
	run(f, 1000, CPL_USER);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 1000);
	wr(f, IA32_DEBUGCTL, DEBUGCTL_FREEZE_PERFMON_ON_PMI);
	enable_gp(f, 0, EVENT_INSTRUCTIONS | GP_BOTH);
	wr(f, IA32_A_PMC0, WIDTH48);
	run(f, 1000, CPL_USER);
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 2000);
	assert_false(rd(f, IA32_PERF_GLOBAL_STATUS) & GLOBAL_STATUS_CTR_FRZ);
}

/* FREEZE_LBRS_ON_PMI. Expect: its own status bit, counters go on. */
static void lbr_freeze_leaves_counters_alone(void **state)
{
	struct fixture *f = *state;

	arm_for_freeze(f);
	wr(f, IA32_DEBUGCTL, DEBUGCTL_FREEZE_LBRS_ON_PMI);
	run(f, 1000, CPL_USER);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS),
			 GLOBAL_STATUS_LBR_FRZ | GLOBAL_GP(0));
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 1000);
}

/* Before version 4 freezing is GLOBAL_CTRL = 0. */
static void old_freeze_clears_global_ctrl(void **state)
{
	struct fixture *f = *state;

	f->model.version = 3;
	fixture_rebuild(f);

	arm_for_freeze(f);
	wr(f, IA32_DEBUGCTL, DEBUGCTL_FREEZE_PERFMON_ON_PMI);
	run(f, 1000, CPL_USER);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_CTRL), 0);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0));
	assert_int_equal(rd(f, IA32_FIXED_CTR0), 10);
}

/*
 * LVTPC
 */

enum { PMI_VECTOR = 0xf5 };

/* Masked. Expect: nothing delivered, nothing changed. */
static void masked_lvtpc_delivers_nothing(void **state)
{
	uint32_t lvt = LVT_MASKED | LVT_DELIVERY_NMI | PMI_VECTOR;
	uint8_t vector = 0;

	(void)state;
	assert_int_equal(pmi_deliver(&lvt, &vector), PMI_MASKED);
	assert_int_equal(lvt, LVT_MASKED | LVT_DELIVERY_NMI | PMI_VECTOR);
	assert_int_equal(vector, 0);
}

/* NMI and fixed. Expect: delivered once, then masked until unmasked. */
static void delivery_masks_lvtpc(void **state)
{
	uint32_t nmi = LVT_DELIVERY_NMI;
	uint32_t fixed = LVT_DELIVERY_FIXED | PMI_VECTOR;
	uint8_t vector = 0;

	(void)state;
	assert_int_equal(pmi_deliver(&nmi, &vector), PMI_NMI);
	assert_int_equal(nmi, LVT_MASKED | LVT_DELIVERY_NMI);
	assert_int_equal(pmi_deliver(&nmi, &vector), PMI_MASKED);

	assert_int_equal(pmi_deliver(&fixed, &vector), PMI_FIXED);
	assert_int_equal(vector, PMI_VECTOR);
	assert_int_equal(fixed, LVT_MASKED | PMI_VECTOR);
	assert_int_equal(pmi_deliver(&fixed, &vector), PMI_MASKED);
	fixed &= ~LVT_MASKED;
	assert_int_equal(pmi_deliver(&fixed, &vector), PMI_FIXED);
}

/* The other delivery modes. Expect: nothing. */
static void other_delivery_modes_deliver_nothing(void **state)
{
	static const uint32_t modes[] = { 0x100, 0x200, 0x300, 0x500, 0x600, 0x700 };
	uint8_t vector = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		uint32_t lvt = modes[i] | PMI_VECTOR;

		assert_int_equal(pmi_deliver(&lvt, &vector), PMI_MASKED);
		assert_int_equal(lvt, modes[i] | PMI_VECTOR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(fixed_counters_count),
		test(general_counters_count),
		test(unknown_events_count_nothing),
		test(branches_are_counted_exactly),
		test(general_counters_filter_by_cpl),
		test(fixed_counters_filter_by_cpl),
		test(both_enables_are_needed),
		test(nothing_runs_in_a_transaction),
		test(needs_insns_follows_the_enables),
		test(plain_and_described_counts_agree),
		test(cycles_are_slots_over_six),
		test(cmask_counts_cycles_with_that_many),
		test(inv_counts_the_other_cycles),
		test(edge_counts_beginnings),
		test(inv_leaves_edges_alone),
		test(a_new_selector_forgets_the_level),
		test(a_new_selector_forgets_the_cycle),
		test(cmask_sees_the_width_of_the_machine),
		test(overflow_is_exact),
		test(overflow_of_narrow_counters),
		test(overflow_keeps_the_rest),
		test(an_exit_waits_for_what_is_under_way),
		test(an_exit_is_nothing_to_who_counts_no_slots),
		test(bulk_counts_on_after_overflow),
		test(pmi_follows_the_interrupt_enable),
		test(one_pmi_for_one_instruction),
		test(writes_do_not_overflow),
		test(status_does_not_hold_back_a_pmi),
		test(until_overflow_is_the_nearest),
		test(until_overflow_of_fixed_counters),
		test(until_overflow_knows_edges),
		test(freeze_stops_all_at_the_overflow),
		test(reset_of_ctr_frz_thaws),
		test(no_freeze_unless_asked),
		test(lbr_freeze_leaves_counters_alone),
		test(old_freeze_clears_global_ctrl),
		test(masked_lvtpc_delivers_nothing),
		test(delivery_masks_lvtpc),
		test(other_delivery_modes_deliver_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
