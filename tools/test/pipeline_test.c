// SPDX-License-Identifier: GPL-2.0
/*
 * The cost model: that it adds up, that it can be repeated, and that programs
 * known for their bottleneck show it.
 */
#include "tools/test/pmu_fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { RETIRING, BAD_SPECULATION, FRONTEND, BACKEND };
enum { HEAVY, MISPREDICT, FETCH_LATENCY, MEMORY };

enum { LINE = 64, CODE = 0x400000 };

/* Cost of a program, summed up. */
struct total {
	uint64_t	insns;
	uint64_t	slots;
	uint64_t	category[4];
	uint64_t	part[4];
	uint64_t	mispredicts;
	uint64_t	llc_references;
	uint64_t	llc_misses;
};

static void run(struct fixture *f, struct total *total, const struct insn *insn)
{
	struct insn_cost cost;

	pipeline_cost(&f->pmu.pipe, insn, &cost);
	total->insns++;
	total->mispredicts += cost.mispredicts;
	total->llc_references += cost.llc_references;
	total->llc_misses += cost.llc_misses;
	for (unsigned int i = 0; i < 4; i++) {
		assert_true(cost.sub[i] <= cost.slots[i]);
		total->category[i] += cost.slots[i];
		total->part[i] += cost.sub[i];
		total->slots += cost.slots[i];
	}
}

static void run_plain(struct fixture *f, struct total *total, uint64_t rip)
{
	struct insn insn = { .rip = rip, .length = 1 };

	run(f, total, &insn);
}

static void run_branch(struct fixture *f, struct total *total, uint64_t rip,
		       bool taken, uint64_t target)
{
	struct insn insn = {
		.rip	= rip,
		.length	= 2,
		.branch	= BRANCH_COND,
		.taken	= taken,
		.target	= target,
	};

	run(f, total, &insn);
}

static void run_load(struct fixture *f, struct total *total, uint64_t rip,
		     uint64_t paddr)
{
	struct insn insn = {
		.rip	= rip,
		.length	= 3,
		.nr_mem	= 1,
		.mem	= { { .paddr = paddr } },
	};

	run(f, total, &insn);
}

/* In percent of all slots. */
static unsigned int share(const struct total *total, unsigned int category)
{
	return 100 * total->category[category] / total->slots;
}

/*
 * The loop that PMU tests like to count: a load that walks an array by lines,
 * an addition, seven nops, LOOP.
 */
static void run_walk(struct fixture *f, struct total *total, unsigned int times,
		     uint64_t array)
{
	for (unsigned int n = 1; n <= times; n++) {
		run_load(f, total, CODE, array);
		array += LINE;
		for (unsigned int i = 0; i < 8; i++)
			run_plain(f, total, CODE + 3 + i);
		run_branch(f, total, CODE + 11, n != times, CODE);
	}
}

/*
 * Programs with a known bottleneck
 */

/* Unrolled arithmetic. Expect: six instructions a cycle, all retiring. */
static void unrolled_code_retires(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	for (unsigned int n = 0; n < 1000; n++) {
		for (unsigned int i = 0; i < 600; i++)
			run_plain(f, &total, CODE + 3 * i);
		run_branch(f, &total, CODE + 1800, true, CODE);
	}
	assert_in_range(share(&total, RETIRING), 95, 100);
	assert_int_equal(total.part[HEAVY], 0);
	assert_in_range(total.slots, total.insns, total.insns * 105 / 100);
}

/* Branches on random bits. Expect: bad speculation, half of them missed. */
static void random_branches_speculate_badly(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	uint64_t seed = 1;

	for (unsigned int n = 0; n < 100000; n++) {
		for (unsigned int i = 0; i < 8; i++)
			run_plain(f, &total, CODE + 3 * i);
		run_branch(f, &total, CODE + 24, next_random(&seed) & 1, CODE);
	}
	assert_in_range(share(&total, BAD_SPECULATION), 60, 90);
	assert_in_range(total.mispredicts, 45000, 55000);
	assert_int_equal(total.part[MISPREDICT], total.category[BAD_SPECULATION]);
}

/* Jumps over 256 KB of code. Expect: the frontend, and its latency. */
static void large_code_starves_the_frontend(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	const unsigned int lines = 4096;
	unsigned int line = 0;

	for (unsigned int n = 0; n < 100000; n++) {
		unsigned int next = (line + 1027) % lines;
		struct insn jump = {
			.rip	= CODE + (uint64_t)line * LINE,
			.length	= 5,
			.branch	= BRANCH_DIRECT,
			.taken	= true,
			.target	= CODE + (uint64_t)next * LINE,
		};

		run(f, &total, &jump);
		line = next;
	}
	assert_in_range(share(&total, FRONTEND), 90, 100);
	assert_true(total.part[FETCH_LATENCY] > total.category[FRONTEND] / 2);
	assert_int_equal(total.mispredicts, 0);
}

/* A chase through 8 MB in no order. Expect: the backend, waiting for memory. */
static void pointer_chase_waits_for_memory(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	const uint64_t lines = 8 * 1024 * 1024 / LINE;
	uint64_t line = 0;

	for (unsigned int n = 0; n < 300000; n++) {
		run_load(f, &total, CODE, line * LINE);
		run_branch(f, &total, CODE + 3, true, CODE);
		line = (line * 5 + 12345) % lines;
	}
	assert_in_range(share(&total, BACKEND), 90, 100);
	assert_int_equal(total.part[MEMORY], total.category[BACKEND]);
}

/* Divisions. Expect: the backend, but not memory; retiring is heavy. */
static void division_is_bound_by_the_core(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct insn divide = { .rip = CODE, .length = 3, .kind = INSN_DIV };

	for (unsigned int n = 0; n < 1000; n++)
		run(f, &total, &divide);
	assert_in_range(share(&total, BACKEND), 80, 100);
	assert_int_equal(total.part[MEMORY], 0);
	assert_int_equal(total.part[HEAVY], total.category[RETIRING]);
}

/* Microcode. Expect: heavy operations. */
static void microcode_is_heavy(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct insn cpuid = { .rip = CODE, .length = 2, .kind = INSN_MICROCODED };

	for (unsigned int n = 0; n < 1000; n++)
		run(f, &total, &cpuid);
	assert_int_equal(total.part[HEAVY], total.category[RETIRING]);
	assert_in_range(share(&total, RETIRING), 50, 90);
}

/*
 * Rules
 */

/* A loop of two. Expect: a cycle for each turn, the rest is the frontend's. */
static void one_taken_branch_a_cycle(void **state)
{
	struct fixture *f = *state;
	struct total warm_up = { 0 };
	struct total total = { 0 };

	for (unsigned int n = 0; n < 200; n++) {
		run_plain(f, &warm_up, CODE);
		run_branch(f, &warm_up, CODE + 1, true, CODE);
	}
	for (unsigned int n = 0; n < 1000; n++) {
		run_plain(f, &total, CODE);
		run_branch(f, &total, CODE + 1, true, CODE);
	}
	assert_int_equal(total.slots, 1000 * PIPELINE_WIDTH);
	assert_int_equal(total.category[RETIRING], 2000);
	assert_int_equal(total.category[FRONTEND], 4000);
	assert_int_equal(total.part[FETCH_LATENCY], 0);
}

/* Two delays of one kind. Expect: both in the part as in the whole. */
static void parts_add_up(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct insn cpuid = { .rip = CODE, .length = 2, .kind = INSN_MICROCODED };

	run(f, &total, &cpuid);		/* its line is far, and microcode starts */
	assert_true(total.category[FRONTEND] > 100);
	assert_int_equal(total.part[FETCH_LATENCY], total.category[FRONTEND]);
}

/* Straight code. Expect: a miss for the first line, little for the others. */
static void the_next_line_is_prefetched(void **state)
{
	struct fixture *f = *state;
	struct total first = { 0 };
	struct total next = { 0 };

	run_plain(f, &first, CODE);
	for (unsigned int i = 1; i < 10; i++)
		run_plain(f, &next, CODE + i * LINE);
	assert_int_equal(first.llc_misses, 1);
	assert_int_equal(next.llc_misses, 0);
	assert_int_equal(next.llc_references, 9);
	assert_true(next.category[FRONTEND] < first.category[FRONTEND]);
}

/* A conditional branch never seen. Expect: taken to be not taken. */
static void unknown_branches_are_not_taken(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_branch(f, &total, CODE, false, CODE + 8);
	assert_int_equal(total.mispredicts, 0);
	run_branch(f, &total, CODE + 2, true, CODE + 8);
	assert_int_equal(total.mispredicts, 1);
}

/* A store that misses. Expect: a load's miss costs more. */
static void stores_are_buffered(void **state)
{
	struct fixture *f = *state;
	struct total load = { 0 };
	struct total store = { 0 };
	struct insn insn = {
		.rip	= CODE,
		.length	= 3,
		.nr_mem	= 1,
		.mem	= { { .paddr = 0x20000, .write = true } },
	};

	run_load(f, &load, CODE, 0x10000);
	run(f, &store, &insn);
	assert_int_equal(store.llc_references, 1);
	assert_true(store.category[BACKEND] > 0);
	assert_true(load.category[BACKEND] > store.category[BACKEND]);
}

/* A second load of a line. Expect: no cost; after CLFLUSH a miss again. */
static void a_flushed_line_misses(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_load(f, &total, CODE, 0x10000);
	assert_int_equal(total.llc_misses, 2);	/* code and data */
	run_load(f, &total, CODE, 0x10008);
	assert_int_equal(total.llc_references, 2);
	pipeline_flush_line(&f->pmu.pipe, 0x10030);
	run_load(f, &total, CODE, 0x10000);
	assert_int_equal(total.llc_misses, 3);
	pipeline_flush_line(&f->pmu.pipe, 0x20000);
	run_load(f, &total, CODE, 0x10000);
	assert_int_equal(total.llc_references, 3);
}

/* The same at the head of what looks like a stream. Expect: a miss. */
static void a_flushed_line_is_not_prefetched(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_load(f, &total, CODE, 0x10000);
	pipeline_flush_line(&f->pmu.pipe, 0x10040);
	run_load(f, &total, CODE, 0x10040);
	assert_int_equal(total.llc_misses, 3);
}

/* Line 0 of memory. Expect: as empty at first as any other. */
static void line_zero_is_not_cached_from_the_start(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_load(f, &total, 0, 0);
	assert_int_equal(total.llc_misses, 2);
}

/* Code and data at the same number. Expect: two different lines. */
static void code_and_data_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_plain(f, &total, CODE);
	run_load(f, &total, CODE + 1, CODE);
	assert_int_equal(total.llc_references, 2);
}

/* An instruction across two lines. Expect: both fetched. */
static void instructions_cross_lines(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct insn insn = { .rip = CODE + LINE - 1, .length = 2 };

	run(f, &total, &insn);
	assert_int_equal(total.llc_references, 2);
}

/* An indirect branch. Expect: missed at first, when it moves, after IBPB. */
static void indirect_branches_learn_and_forget(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct insn jump = {
		.rip	= CODE,
		.length	= 2,
		.branch	= BRANCH_INDIRECT,
		.taken	= true,
		.target	= CODE + 0x1000,
	};

	for (unsigned int n = 0; n < 100; n++)
		run(f, &total, &jump);
	assert_in_range(total.mispredicts, 1, 20);

	total.mispredicts = 0;
	run(f, &total, &jump);
	assert_int_equal(total.mispredicts, 0);
	pipeline_forget_branches(&f->pmu.pipe);
	run(f, &total, &jump);
	assert_int_equal(total.mispredicts, 1);
	jump.target += 0x1000;
	run(f, &total, &jump);
	assert_int_equal(total.mispredicts, 2);
}

/* A conditional branch with a pattern. Expect: learnt through its history. */
static void patterns_are_learnt(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	for (unsigned int n = 0; n < 1000; n++)
		run_branch(f, &total, CODE, n % 3 == 0, CODE + 8);
	assert_in_range(total.mispredicts, 1, 50);
	total.mispredicts = 0;
	for (unsigned int n = 1000; n < 2000; n++)
		run_branch(f, &total, CODE, n % 3 == 0, CODE + 8);
	assert_int_equal(total.mispredicts, 0);
}

/* Two PMUs, one program. Expect: equal, to the last counter. */
static void the_same_program_costs_the_same(void **state)
{
	struct fixture *f = *state;
	struct total first = { 0 };
	struct total second = { 0 };

	run_walk(f, &first, 10000, 0x1000000);
	pmu_reset(&f->pmu);
	run_walk(f, &second, 10000, 0x1000000);
	assert_memory_equal(&first, &second, sizeof(first));
}

/*
 * What third-party tests of a PMU demand of that walk, over 64 MB
 */

enum { TURNS = 1000000 };

static void walk_64_megabytes(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_walk(f, &total, TURNS, 0x1000000);	/* as any warm-up */
	memset(&total, 0, sizeof(total));
	pipeline_forget_branches(&f->pmu.pipe);
	pipeline_flush_line(&f->pmu.pipe, 0x1000000);
	run_walk(f, &total, TURNS, 0x1000000);

	assert_int_equal(total.insns, 10 * TURNS);
	assert_in_range(total.mispredicts, 1, TURNS / 10);
	assert_in_range(total.llc_references, TURNS, TURNS * 5 / 2);
	assert_in_range(total.llc_misses, 1, TURNS);
	assert_in_range(total.slots / PIPELINE_WIDTH, TURNS, 30 * TURNS);
}

/* The same, with nothing cached. */
static void walk_64_megabytes_cold(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_walk(f, &total, TURNS, 0x1000000);
	assert_in_range(total.mispredicts, 1, TURNS / 10);
	assert_in_range(total.llc_references, TURNS, TURNS * 5 / 2);
	assert_in_range(total.llc_misses, 1, TURNS);
	assert_in_range(total.slots / PIPELINE_WIDTH, TURNS, 30 * TURNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(unrolled_code_retires),
		test(random_branches_speculate_badly),
		test(large_code_starves_the_frontend),
		test(pointer_chase_waits_for_memory),
		test(division_is_bound_by_the_core),
		test(microcode_is_heavy),
		test(one_taken_branch_a_cycle),
		test(parts_add_up),
		test(the_next_line_is_prefetched),
		test(unknown_branches_are_not_taken),
		test(stores_are_buffered),
		test(a_flushed_line_misses),
		test(a_flushed_line_is_not_prefetched),
		test(line_zero_is_not_cached_from_the_start),
		test(code_and_data_are_kept_apart),
		test(instructions_cross_lines),
		test(indirect_branches_learn_and_forget),
		test(patterns_are_learnt),
		test(the_same_program_costs_the_same),
		test(walk_64_megabytes),
		test(walk_64_megabytes_cold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
