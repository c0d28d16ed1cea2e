// SPDX-License-Identifier: GPL-2.0
/*
 * PERF_METRICS of the PMU model: a ratio that has to be restored in order.
 */
#include "tools/test/pmu_fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const uint64_t slot_values[] = {
	1, 2, 3, 5, 7, 100, 127, 128, 254, 255, 256, 257, 1000, 65535, 1000003,
	1ULL << 32, 1ULL << 40, (1ULL << 47) - 1, 1ULL << 47, (1ULL << 48) - 1,
};

static const struct insn nop = { .rip = 0x1000, .length = 1, .kind = INSN_MOVE };

static unsigned int field(uint64_t metrics, unsigned int k)
{
	return metrics >> 8 * k & 0xff;
}

static unsigned int level1_sum(uint64_t metrics)
{
	return field(metrics, 0) + field(metrics, 1) + field(metrics, 2) +
	       field(metrics, 3);
}

/* An instruction of any kind, anywhere, touching anything. */
static struct insn random_insn(uint64_t *seed)
{
	uint64_t random = next_random(seed);
	struct insn insn = {
		.rip	= 0x400000 + (random >> 8) % (1 << 20),
		.length	= 1 + random % 15,
		.paddr	= (random >> 8) % (1 << 20),
		.kind	= random >> 40 & 7 ? INSN_PLAIN :
			  (random >> 43) % NR_INSN_KINDS,
		.branch	= random >> 48 & 3 ? BRANCH_NONE : (random >> 50) % 6,
		.taken	= random >> 54 & 1,
		.target	= random & 0xfff0,
		.nr_mem	= random >> 56 & 1,
	};

	insn.mem[0].paddr = next_random(seed) % (16 << 20);
	insn.mem[0].write = random >> 57 & 1;
	insn.mem[0].read = random >> 58 & 1;
	random = next_random(seed);
	insn.addresses = random % (1 << INSN_GPR_REGS);
	insn.reads = 1U << (random >> 16) % INSN_REGS;
	insn.writes = 1U << (random >> 24) % INSN_REGS;
	return insn;
}

static void run_random(struct fixture *f, unsigned int times, uint64_t *seed)
{
	while (times--) {
		struct insn insn = random_insn(seed);

		pmu_count_insn(&f->pmu, &insn, CPL_KERNEL);
	}
}

static void run_nops(struct fixture *f, unsigned int times, unsigned int cpl)
{
	while (times--)
		pmu_count_insn(&f->pmu, &nop, cpl);
}

static void restore(struct fixture *f, uint64_t slots, uint64_t metrics)
{
	wr(f, IA32_FIXED_CTR3, slots);
	wr(f, IA32_PERF_METRICS, metrics);
}

/*
 * Reading and writing
 */

/* FIXED_CTR3, then PERF_METRICS. Expect: every byte back, for any slots. */
static void right_order_round_trips(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 1;

	for (size_t i = 0; i < ARRAY_SIZE(slot_values); i++) {
		for (unsigned int n = 0; n < 1000; n++) {
			uint64_t metrics = next_random(&seed);

			restore(f, slot_values[i], metrics);
			assert_int_equal(rd(f, IA32_PERF_METRICS), metrics);
			assert_int_equal(pmc(f, RDPMC_METRICS), metrics);
			assert_int_equal(rd(f, IA32_FIXED_CTR3), slot_values[i]);
		}
	}
}

/* Each byte through all its values, its neighbours full. */
static void every_byte_value_round_trips(void **state)
{
	struct fixture *f = *state;

	for (unsigned int k = 0; k < PMU_METRICS; k++) {
		for (uint64_t byte = 0; byte <= 0xff; byte++) {
			uint64_t metrics = ~(0xffULL << 8 * k) | byte << 8 * k;

			restore(f, 12345, metrics);
			assert_int_equal(rd(f, IA32_PERF_METRICS), metrics);
		}
	}
}

/* PERF_METRICS first, on a scrubbed PMU. Expect: all of it lost. */
static void wrong_order_loses_the_metrics(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(slot_values); i++) {
		restore(f, 0, 0);
		wr(f, IA32_PERF_METRICS, 0x1122334455667744);
		wr(f, IA32_FIXED_CTR3, slot_values[i]);
		assert_int_equal(rd(f, IA32_PERF_METRICS), 0);
	}
}

/* The same over another's slots. Expect: shares of the wrong whole. */
static void wrong_order_scales_the_metrics(void **state)
{
	struct fixture *f = *state;

	restore(f, 1000, 0);
	wr(f, IA32_PERF_METRICS, 0x0808080840404040);
	wr(f, IA32_FIXED_CTR3, 4000);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0x0202020210101010);
	wr(f, IA32_FIXED_CTR3, 500);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0x1010101080808080);
}

/* FIXED_CTR3 far below what the metrics were of. Expect: 255, no wrap. */
static void shares_saturate(void **state)
{
	struct fixture *f = *state;

	restore(f, WIDTH48, ~0ULL);
	wr(f, IA32_FIXED_CTR3, 1);
	assert_int_equal(rd(f, IA32_PERF_METRICS), ~0ULL);
}

/* No slots. Expect: 0, whatever was written, and nothing kept for later. */
static void no_slots_no_metrics(void **state)
{
	struct fixture *f = *state;

	restore(f, 1000, ~0ULL);
	wr(f, IA32_FIXED_CTR3, 0);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0);
	wr(f, IA32_PERF_METRICS, ~0ULL);
	wr(f, IA32_FIXED_CTR3, 1000);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0);
}

/* A model with level 1 only. Expect: the upper half ignored, and 0. */
static void level1_only_models_ignore_the_rest(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 2;

	f->model.level2 = false;
	fixture_rebuild(f);

	restore(f, 1000, 0xffffffff40404040);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0x40404040);
	assert_int_equal(pmc(f, RDPMC_METRICS), 0x40404040);
	enable_metrics(f);
	run_random(f, 1000, &seed);
	assert_int_equal(rd(f, IA32_PERF_METRICS) >> 32, 0);
}

/*
 * Counting
 */

/* Any program, at every step. Expect: level 1 adds up to 255 exactly. */
static void level1_adds_up(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 3;

	enable_metrics(f);
	for (unsigned int n = 0; n < 20000; n++) {
		run_random(f, 1, &seed);
		assert_int_equal(level1_sum(rd(f, IA32_PERF_METRICS)), 0xff);
	}
}

/* Shares of sevenths. Expect: what is left goes to those that lost most. */
static void rounding_is_fair(void **state)
{
	static const uint64_t sevenths[] = { 2, 1, 2, 2 };
	struct fixture *f = *state;

	wr(f, IA32_FIXED_CTR3, 7);
	for (unsigned int k = 0; k < 4; k++)
		f->pmu.metric_acc[k] = sevenths[k] * PERF_METRICS_UNIT;
	assert_int_equal(rd(f, IA32_PERF_METRICS), 73 | 36 << 8 | 73 << 16 | 73 << 24);
}

/* Any program, at every step. Expect: no part larger than its whole. */
static void level2_is_part_of_level1(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 4;

	enable_metrics(f);
	for (unsigned int n = 0; n < 20000; n++) {
		uint64_t metrics;

		run_random(f, 1, &seed);
		metrics = rd(f, IA32_PERF_METRICS);
		for (unsigned int k = 0; k < 4; k++)
			assert_in_range(field(metrics, k + 4), 0, field(metrics, k));
	}
}

/* Counting goes on where a restore left it. Expect: still 255 in all. */
static void restored_metrics_count_on(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 5;

	restore(f, 600, 0xff);
	enable_metrics(f);
	for (unsigned int n = 0; n < 2000; n++) {
		run_random(f, 1, &seed);
		assert_int_equal(level1_sum(rd(f, IA32_PERF_METRICS)), 0xff);
	}
	assert_in_range(field(rd(f, IA32_PERF_METRICS), 0), 0, 0x80);
}

static const struct insn cpuid = { .rip = 0x1001, .length = 2, .kind = INSN_MICROCODED };

/* A hundred rounds of a steady mixture. */
static void run_rounds(struct fixture *f, unsigned int rounds, bool switches)
{
	while (rounds--) {
		uint64_t slots = rd(f, IA32_FIXED_CTR3);
		uint64_t metrics = rd(f, IA32_PERF_METRICS);

		if (switches) {
			restore(f, 0, 0);
			restore(f, slots, metrics);
		}
		for (unsigned int i = 0; i < 50; i++) {
			run_nops(f, 50, CPL_KERNEL);
			pmu_count_insn(&f->pmu, &cpuid, CPL_KERNEL);
		}
	}
}

/* A steady program, switched a hundred times. Expect: one step off at most. */
static void switches_keep_steady_shares(void **state)
{
	struct fixture *f = *state;
	uint64_t slots, metrics;

	enable_metrics(f);
	run_nops(f, 1, CPL_KERNEL);
	restore(f, 0, 0);
	run_rounds(f, 100, false);
	slots = rd(f, IA32_FIXED_CTR3);
	metrics = rd(f, IA32_PERF_METRICS);
	restore(f, 0, 0);
	run_rounds(f, 100, true);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), slots);
	for (unsigned int k = 0; k < PMU_METRICS; k++)
		assert_in_range(field(rd(f, IA32_PERF_METRICS), k) + 1,
				field(metrics, k), field(metrics, k) + 2);
}

/*
 * A program that changes, switched often. Expect: a change of less than half a
 * step between two switches is lost.  Silicon has no way to do better: what
 * software saves is a byte.
 */
static void switches_lose_small_changes(void **state)
{
	struct fixture *f = *state;

	enable_metrics(f);
	run_nops(f, 1, CPL_KERNEL);	/* fetches the line */
	restore(f, 100000, 0xff);
	for (unsigned int i = 0; i < 1000; i++) {
		pmu_count_insn(&f->pmu, &cpuid, CPL_KERNEL);
		restore(f, rd(f, IA32_FIXED_CTR3), rd(f, IA32_PERF_METRICS));
	}
	assert_in_range(rd(f, IA32_FIXED_CTR3), 130000, 135000);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0xff);
}

/* Nops only. Expect: nearly all retiring, none of it heavy. */
static void nops_retire(void **state)
{
	struct fixture *f = *state;

	enable_metrics(f);
	run_nops(f, 1, CPL_KERNEL);	/* fetches the line */
	restore(f, 0, 0);
	run_nops(f, 10000, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 10000);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0xff);
}

/*
 * When they count
 */

/* GLOBAL_CTRL[48] off. Expect: slots go on, metrics do not. */
static void metrics_need_their_global_enable(void **state)
{
	struct fixture *f = *state;

	restore(f, 100, 0xff);
	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	run_nops(f, 1, CPL_KERNEL);
	restore(f, 100, 0xff);
	run_nops(f, 100, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 200);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0x80);
}

/* Fixed counter 3 off, in either register. Expect: metrics stand still. */
static void metrics_need_fixed_counter_3(void **state)
{
	struct fixture *f = *state;

	restore(f, 100, 0x33333333);
	wr(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_CTRL_METRICS | GLOBAL_FIXED(FIXED_SLOTS));
	assert_false(pmu_needs_insns(&f->pmu));
	run_nops(f, 100, CPL_KERNEL);
	wr(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	wr(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_CTRL_METRICS);
	assert_false(pmu_needs_insns(&f->pmu));
	run_nops(f, 100, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 100);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0x33333333);
}

/* Slots of user mode only. Expect: the kernel's are not in the metrics. */
static void metrics_filter_by_cpl(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 7;

	enable_metrics(f);
	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_USR(FIXED_SLOTS));
	run_random(f, 1000, &seed);
	run_nops(f, 1, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 0);
	run_nops(f, 100, CPL_USER);
	run_random(f, 1000, &seed);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 100);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0xff);
}

/* Frozen. Expect: both stand still and stay readable. */
static void frozen_metrics_stand_still(void **state)
{
	struct fixture *f = *state;

	enable_metrics(f);
	wr(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_CTR_FRZ);
	restore(f, 1000, 0x40404040);
	run_nops(f, 1000, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 1000);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0x40404040);
}

/*
 * Overflow
 */

static void enable_metrics_with_pmi(struct fixture *f)
{
	enable_metrics(f);
	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_OS(FIXED_SLOTS) |
				     FIXED_CTR_CTRL_PMI(FIXED_SLOTS));
	run_nops(f, 1, CPL_KERNEL);	/* fetches the line */
}

/* Slots wrap. Expect: STATUS[35] and [48], one PMI, metrics begin anew. */
static void metrics_begin_anew_when_slots_wrap(void **state)
{
	struct fixture *f = *state;

	enable_metrics_with_pmi(f);
	restore(f, WIDTH48 - 9, 0x40404040);
	run_nops(f, 9, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), 0);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0x40404040);
	run_nops(f, 1, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS),
			 GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_STATUS_OVF_METRICS);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 0);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0);
	assert_int_equal(f->pmis, 1);
	run_nops(f, 10, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0xff);
}

/* An accumulator is full, slots are not. Expect: STATUS[48] alone. */
static void a_full_accumulator_says_so(void **state)
{
	struct fixture *f = *state;

	enable_metrics_with_pmi(f);
	restore(f, WIDTH48, 0xff);
	wr(f, IA32_FIXED_CTR3, 1000);
	run_nops(f, 1, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_STATUS_OVF_METRICS);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0);
	assert_int_equal(f->pmis, 1);
}

/* Slots wrap while metrics are off. Expect: STATUS[35] alone. */
static void slots_wrap_without_metrics(void **state)
{
	struct fixture *f = *state;

	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	wr(f, IA32_FIXED_CTR3, WIDTH48);
	run_nops(f, 1, CPL_KERNEL);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), GLOBAL_FIXED(FIXED_SLOTS));
	assert_int_equal(f->pmis, 0);
}

/*
 * Strict mode
 */

/* Restore, scrub and restore as software should. Expect: no complaint. */
static void strict_accepts_the_right_order(void **state)
{
	struct fixture *f = *state;

	restore(f, 1000, 0x40404040);
	restore(f, 0, 0);
	restore(f, 2000, 0x40404040);
	enable_metrics(f);
	run_nops(f, 10, CPL_KERNEL);
	wr(f, IA32_PERF_GLOBAL_CTRL, 0);
	restore(f, 0, 0);
	wr(f, IA32_FIXED_CTR0, 0);
	assert_int_equal(f->complaints, 0);
}

/* A write in between, a missing one, the reverse. Expect: a complaint each. */
static void strict_reports_metrics_without_slots(void **state)
{
	struct fixture *f = *state;

	wr(f, IA32_PERF_METRICS, 0);
	assert_int_equal(f->complaints, 0);
	wr(f, IA32_PERF_METRICS, 1);
	assert_int_equal(f->complaints, 1);
	assert_string_equal(f->complaint,
			    "PERF_METRICS written without FIXED_CTR3 right before it");
	wr(f, IA32_FIXED_CTR3, 1);
	wr(f, IA32_FIXED_CTR_CTRL, 0);
	wr(f, IA32_PERF_METRICS, 1);
	assert_int_equal(f->complaints, 2);
	wr(f, IA32_PERF_METRICS, 1);
	assert_int_equal(f->complaints, 3);
}

/* FIXED_CTR3 changed under metrics that stay. Expect: a complaint. */
static void strict_reports_slots_without_metrics(void **state)
{
	struct fixture *f = *state;

	restore(f, 1000, 0x40404040);
	wr(f, IA32_FIXED_CTR3, 2000);
	assert_int_equal(f->complaints, 0);
	wr(f, IA32_PERF_GLOBAL_CTRL, 0);
	assert_int_equal(f->complaints, 1);
	assert_string_equal(f->complaint,
			    "FIXED_CTR3 written without PERF_METRICS right after it");
	wr(f, IA32_PERF_GLOBAL_CTRL, 0);
	assert_int_equal(f->complaints, 1);
}

/* A counter that runs is written. Expect: a complaint, for each kind. */
static void strict_reports_running_writes(void **state)
{
	static const uint32_t counters[] = {
		IA32_PMC0, IA32_A_PMC0, IA32_FIXED_CTR0, IA32_FIXED_CTR3,
		IA32_PERF_METRICS,
	};
	struct fixture *f = *state;

	enable_gp(f, 0, EVENT_INSTRUCTIONS | PERFEVTSEL_USR);
	enable_fixed(f, 0, FIXED_CTR_CTRL_USR(0));
	enable_metrics(f);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		wr(f, counters[i], 0);
		assert_int_equal(f->complaints, i + 1);
		assert_string_equal(f->complaint, "counter written while it counts");
	}
	wr(f, IA32_PMC0 + 1, 0);
	wr(f, IA32_FIXED_CTR1, 0);
	wr_faults(f, IA32_A_PMC0, ~0ULL);
	assert_int_equal(f->complaints, ARRAY_SIZE(counters));
}

/* Nobody listens. Expect: the writes work all the same. */
static void strict_is_optional(void **state)
{
	struct fixture *f = *state;
	struct pmu_ops silent = { .pmi = f->pmu.ops->pmi };

	f->pmu.ops = &silent;
	wr(f, IA32_PERF_METRICS, 1);
	enable_metrics(f);
	wr(f, IA32_FIXED_CTR3, 1);
	assert_int_equal(rd(f, IA32_FIXED_CTR3), 1);
	assert_int_equal(f->complaints, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(right_order_round_trips),
		test(every_byte_value_round_trips),
		test(wrong_order_loses_the_metrics),
		test(wrong_order_scales_the_metrics),
		test(shares_saturate),
		test(no_slots_no_metrics),
		test(level1_only_models_ignore_the_rest),
		test(level1_adds_up),
		test(rounding_is_fair),
		test(level2_is_part_of_level1),
		test(restored_metrics_count_on),
		test(switches_keep_steady_shares),
		test(switches_lose_small_changes),
		test(nops_retire),
		test(metrics_need_their_global_enable),
		test(metrics_need_fixed_counter_3),
		test(metrics_filter_by_cpl),
		test(frozen_metrics_stand_still),
		test(metrics_begin_anew_when_slots_wrap),
		test(a_full_accumulator_says_so),
		test(slots_wrap_without_metrics),
		test(strict_accepts_the_right_order),
		test(strict_reports_metrics_without_slots),
		test(strict_reports_slots_without_metrics),
		test(strict_reports_running_writes),
		test(strict_is_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
