// SPDX-License-Identifier: GPL-2.0
/*
 * The cost model: that it adds up, that it can be repeated, and that programs
 * known for their bottleneck show it.
 */
#include "tools/test/pmu_fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { RETIRING, BAD_SPECULATION, FRONTEND, BACKEND };
enum { HEAVY, MISPREDICT, FETCH_LATENCY, MEMORY };

enum { LINE = 64, CODE = 0x400000, DATA = 0x1000000 };

/* Registers that programs use. */
enum { RESULT = 0, BASE = 3, COUNT = 5 };

/* Cost of a program, summed up. */
struct total {
	uint64_t	insns;
	uint64_t	slots;
	uint64_t	category[4];
	uint64_t	part[4];
	uint64_t	mispredicts;
	uint64_t	clears;
	uint64_t	llc_references;
	uint64_t	llc_misses;
};

static void run(struct fixture *f, struct total *total, const struct insn *insn)
{
	struct insn placed = *insn;
	struct insn_cost cost;

	placed.paddr = insn->rip;
	pipeline_cost(&f->pmu.pipe, &placed, &cost);
	total->insns++;
	total->mispredicts += cost.mispredicts;
	total->clears += cost.clears;
	total->llc_references += cost.memory.llc_references;
	total->llc_misses += cost.memory.llc_misses;
	for (unsigned int i = 0; i < 4; i++) {
		assert_true(cost.sub[i] <= cost.slots[i]);
		total->category[i] += cost.slots[i];
		total->part[i] += cost.sub[i];
		total->slots += cost.slots[i];
	}
}

/* An instruction of @kind that reads and writes register @reg. */
static void run_kind(struct fixture *f, struct total *total, uint64_t rip,
		     enum insn_kind kind, unsigned int reg)
{
	struct insn insn = {
		.rip	= rip,
		.length	= 3,
		.kind	= kind,
		.reads	= 1U << reg,
		.writes	= 1U << reg,
	};

	run(f, total, &insn);
}

/* One that is on nobody's way. */
static void run_nop(struct fixture *f, struct total *total, uint64_t rip)
{
	struct insn insn = { .rip = rip, .length = 1, .kind = INSN_MOVE };

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
		.reads	= INSN_FLAGS,
	};

	run(f, total, &insn);
}

static void run_jump(struct fixture *f, struct total *total, uint64_t rip,
		     uint64_t target)
{
	struct insn insn = {
		.rip	= rip,
		.length	= 5,
		.branch	= BRANCH_DIRECT,
		.taken	= true,
		.target	= target,
	};

	run(f, total, &insn);
}

/* A load into @to from an address in @from. */
static void run_load_through(struct fixture *f, struct total *total,
			     uint64_t paddr, unsigned int from, unsigned int to)
{
	struct insn insn = {
		.rip		= CODE,
		.length		= 3,
		.kind		= INSN_MOVE,
		.addresses	= 1U << from,
		.writes		= 1U << to,
		.nr_mem		= 1,
		.mem		= { { .paddr = paddr, .read = true } },
	};

	run(f, total, &insn);
}

static void run_load(struct fixture *f, struct total *total, uint64_t paddr)
{
	run_load_through(f, total, paddr, BASE, RESULT);
}

static void run_store(struct fixture *f, struct total *total, uint64_t paddr)
{
	struct insn insn = {
		.rip	= CODE,
		.length	= 3,
		.kind	= INSN_MOVE,
		.nr_mem	= 1,
		.mem	= { { .paddr = paddr, .write = true } },
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
		run_load(f, total, array);
		array += LINE;
		run_kind(f, total, CODE + 3, INSN_PLAIN, BASE);
		for (unsigned int i = 0; i < 7; i++)
			run_nop(f, total, CODE + 6 + i);
		run_branch(f, total, CODE + 13, n != times, CODE);
	}
}

/* @times rounds of @size instructions of @kind, on registers @regs by turns. */
static void run_unrolled(struct fixture *f, struct total *total,
			 unsigned int times, unsigned int size,
			 enum insn_kind kind, unsigned int regs)
{
	for (unsigned int n = 0; n < times; n++) {
		for (unsigned int i = 0; i < size; i++)
			run_kind(f, total, CODE + 3 * i, kind, i % regs);
		run_branch(f, total, CODE + 3 * size, true, CODE);
	}
}

/*
 * Programs with a known bottleneck
 */

/* Five additions to a nop. Expect: six instructions a cycle, all retiring. */
static void unrolled_code_retires(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	for (unsigned int n = 0; n < 1000; n++) {
		for (unsigned int i = 0; i < 600; i++)
			run_kind(f, &total, CODE + 3 * i,
				 i % 6 ? INSN_PLAIN : INSN_MOVE, i % 12);
		run_branch(f, &total, CODE + 1800, true, CODE);
	}
	assert_in_range(share(&total, RETIRING), 95, 100);
	assert_int_equal(total.part[HEAVY], 0);
	assert_in_range(total.slots, total.insns, total.insns * 105 / 100);
}

/* Nothing but additions. Expect: five a cycle, for there are five units. */
static void additions_share_five_units(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_unrolled(f, &total, 1000, 600, INSN_PLAIN, 12);
	assert_in_range(share(&total, RETIRING), 81, 84);
	assert_in_range(share(&total, BACKEND), 15, 18);
	assert_in_range(total.part[MEMORY], 0, total.category[BACKEND] / 50);
}

/* One chain of additions. Expect: one a cycle; the backend, not its memory. */
static void a_chain_takes_its_latency(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_unrolled(f, &total, 1000, 600, INSN_PLAIN, 1);
	assert_in_range(total.slots, (600000 - PIPELINE_ROB) * 6, 600000 * 6 * 101 / 100);
	assert_in_range(share(&total, BACKEND), 80, 84);
	assert_in_range(total.part[MEMORY], 0, total.category[BACKEND] / 50);
}

/* Multiplications. Expect: in a chain three cycles each, else one. */
static void multiplications_overlap(void **state)
{
	struct fixture *f = *state;
	struct total chain = { 0 };
	struct total apart = { 0 };

	run_unrolled(f, &chain, 100, 600, INSN_MUL, 1);
	run_unrolled(f, &apart, 100, 600, INSN_MUL, 6);
	assert_in_range(chain.slots, (60000 - PIPELINE_ROB) * 18, 60000 * 18 * 101 / 100);
	assert_in_range(apart.slots, (60000 - PIPELINE_ROB) * 6, 60000 * 6 * 103 / 100);
}

/* Branches on random bits. Expect: bad speculation, half of them missed. */
static void random_branches_speculate_badly(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	uint64_t seed = 1;

	for (unsigned int n = 0; n < 100000; n++) {
		for (unsigned int i = 0; i < 8; i++)
			run_nop(f, &total, CODE + 3 * i);
		run_branch(f, &total, CODE + 24, next_random(&seed) & 1, CODE);
	}
	assert_in_range(share(&total, BAD_SPECULATION), 50, 90);
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

		run_jump(f, &total, CODE + (uint64_t)line * LINE,
			 CODE + (uint64_t)next * LINE);
		line = next;
	}
	assert_in_range(share(&total, FRONTEND), 90, 100);
	assert_true(total.part[FETCH_LATENCY] > total.category[FRONTEND] * 9 / 10);
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
		run_load_through(f, &total, line * LINE, BASE, BASE);
		run_branch(f, &total, CODE + 3, true, CODE);
		line = (line * 5 + 12345) % lines;
	}
	assert_in_range(share(&total, BACKEND), 90, 100);
	assert_true(total.part[MEMORY] > total.category[BACKEND] * 99 / 100);
}

/* The same loads, none through another. Expect: sixteen at a time. */
static void independent_misses_overlap(void **state)
{
	struct fixture *f = *state;
	struct total chase = { 0 };
	struct total apart = { 0 };
	const uint64_t lines = 8 * 1024 * 1024 / LINE;

	for (uint64_t n = 0, line = 0; n < 100000; n++, line = (line * 5 + 12345) % lines)
		run_load_through(f, &chase, line * LINE, BASE, BASE);
	pmu_reset(&f->pmu);
	for (uint64_t n = 0, line = 0; n < 100000; n++, line = (line * 5 + 12345) % lines)
		run_load_through(f, &apart, line * LINE, BASE, RESULT);
	assert_in_range(chase.slots / apart.slots, 15, 16);
	assert_int_equal(chase.llc_misses, apart.llc_misses);
}

/* One load after the other, in order. Expect: prefetched, an order faster. */
static void streams_are_prefetched(void **state)
{
	struct fixture *f = *state;
	struct total stream = { 0 };

	for (uint64_t n = 0; n < 100000; n++)
		run_load_through(f, &stream, n * LINE, BASE, BASE);
	assert_in_range(stream.slots / PIPELINE_WIDTH, 100000, 100000 * 20);
	assert_in_range(stream.llc_misses, 1, 10);
	assert_true(stream.llc_references >= 100000);
}

/* Divisions in a chain. Expect: the backend, but not memory; retiring is heavy. */
static void division_is_bound_by_the_core(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	for (unsigned int n = 0; n < 3000; n++)
		run_kind(f, &total, CODE, INSN_DIV, RESULT);
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

/* A loop that writes to its own code. Expect: a clear each time round. */
static void writing_code_clears_the_machine(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	for (unsigned int n = 0; n < 1000; n++) {
		run_store(f, &total, CODE + 32);
		run_branch(f, &total, CODE + 3, true, CODE);
	}
	assert_int_equal(total.clears, 1000);
	assert_in_range(share(&total, BAD_SPECULATION), 50, 90);
	assert_in_range(total.part[MISPREDICT], 0, total.category[BAD_SPECULATION] / 100);
}

/*
 * Rules
 */

/* The same store to data. Expect: no clear; nor to code that is not cached. */
static void writing_data_clears_nothing(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_store(f, &total, DATA);
	run_store(f, &total, CODE + LINE);
	assert_int_equal(total.clears, 0);
	run_store(f, &total, CODE);
	assert_int_equal(total.clears, 1);
}

/* A loop of two. Expect: a cycle for each turn, the rest is the frontend's. */
static void one_taken_branch_a_cycle(void **state)
{
	struct fixture *f = *state;
	struct total warm_up = { 0 };
	struct total total = { 0 };

	for (unsigned int n = 0; n < 200; n++) {
		run_nop(f, &warm_up, CODE);
		run_branch(f, &warm_up, CODE + 1, true, CODE);
	}
	for (unsigned int n = 0; n < 1000; n++) {
		run_nop(f, &total, CODE);
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

/* One that serializes behind a load. Expect: it waits, and that is the memory's. */
static void serializing_empties_the_window(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct total after = { 0 };

	run_load(f, &total, DATA);
	memset(&total, 0, sizeof(total));
	run_kind(f, &total, CODE + 3, INSN_SERIALIZING, BASE);
	run_kind(f, &after, CODE + 6, INSN_FENCE, BASE);
	assert_in_range(total.part[MEMORY], 299 * PIPELINE_WIDTH, 300 * PIPELINE_WIDTH);
	assert_in_range(after.category[BACKEND], 1, 20 * PIPELINE_WIDTH);
	assert_int_equal(after.part[MEMORY], 0);
}

/* A fetch that misses behind a full window. Expect: the wait is the backend's. */
static void a_full_window_hides_the_frontend(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct total warm_up = { 0 };

	for (unsigned int i = 0; i < 12; i++)
		run_nop(f, &warm_up, CODE + i * LINE);
	run_nop(f, &warm_up, CODE);
	for (unsigned int n = 0; n < 3 * PIPELINE_ROB; n++)
		run_kind(f, &total, CODE, INSN_DIV, RESULT);
	run_nop(f, &total, CODE + 1024 * LINE);
	assert_int_equal(total.llc_references, 1);
	assert_in_range(total.category[FRONTEND], 0, 300 * PIPELINE_WIDTH - PIPELINE_UOP_QUEUE);
	assert_true(total.category[FRONTEND] > 0);
}

/* Straight code. Expect: a miss for the first line, little for the others. */
static void the_next_line_is_prefetched(void **state)
{
	struct fixture *f = *state;
	struct total first = { 0 };
	struct total next = { 0 };

	run_nop(f, &first, CODE);
	for (unsigned int i = 1; i < 10; i++)
		run_nop(f, &next, CODE + i * LINE);
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

/* A jump never seen. Expect: fetch latency the first time, no mispredict. */
static void unknown_jumps_are_found_by_the_decoder(void **state)
{
	struct fixture *f = *state;
	struct total first = { 0 };
	struct total second = { 0 };
	struct total warm_up = { 0 };

	run_nop(f, &warm_up, CODE);
	run_jump(f, &first, CODE, CODE);
	run_nop(f, &first, CODE);
	run_jump(f, &second, CODE, CODE);
	run_nop(f, &second, CODE);
	assert_int_equal(first.mispredicts, 0);
	assert_in_range(first.part[FETCH_LATENCY], 5 * PIPELINE_WIDTH, 6 * PIPELINE_WIDTH);
	assert_int_equal(second.part[FETCH_LATENCY], 0);
}

/* Jumps a line apart. Expect: spread over the whole of the target buffer. */
static void jumps_a_line_apart_do_not_collide(void **state)
{
	struct fixture *f = *state;
	struct total warm_up = { 0 };
	struct total total = { 0 };

	for (unsigned int n = 0; n < 8192; n++)
		run_jump(f, n < 4096 ? &warm_up : &total, CODE + n % 4096 * LINE, CODE);
	assert_in_range(total.part[FETCH_LATENCY] / PIPELINE_WIDTH, 0, 4096 * 14);
}

/* More jumps than the target buffer holds. Expect: all of them late. */
static void the_target_buffer_is_finite(void **state)
{
	struct fixture *f = *state;
	struct total few = { 0 };
	struct total many = { 0 };

	for (unsigned int n = 0; n < 3 * 12288; n++)
		run_jump(f, &few, CODE + n % 12288, CODE);
	for (unsigned int n = 0; n < 3 * 24576; n++)
		run_jump(f, &many, CODE + n % 24576, CODE);
	assert_in_range(few.part[FETCH_LATENCY] / PIPELINE_WIDTH / 6, 12288, 16000);
	assert_true(many.part[FETCH_LATENCY] / PIPELINE_WIDTH / 5 > 3 * 24576);
}

/* A branch that waits for a load. Expect: the wrong path at most fills the window. */
static void a_wrong_path_fills_the_window(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };
	struct total warm_up = { 0 };
	struct insn test = {
		.rip	= CODE,
		.length	= 3,
		.writes	= INSN_FLAGS,
		.nr_mem	= 1,
		.mem	= { { .paddr = DATA, .read = true } },
	};

	run_nop(f, &warm_up, CODE);
	run(f, &total, &test);
	run_branch(f, &total, CODE + 3, true, CODE);
	assert_int_equal(total.mispredicts, 1);
	assert_in_range(total.part[MISPREDICT], PIPELINE_ROB, PIPELINE_ROB + 100);
	assert_true(total.part[MEMORY] > 1000);
}

/* Stores that miss. Expect: free as long as the store buffer has room. */
static void stores_are_buffered(void **state)
{
	struct fixture *f = *state;
	struct total few = { 0 };
	struct total many = { 0 };

	run_nop(f, &few, CODE);
	memset(&few, 0, sizeof(few));
	for (uint64_t i = 0; i < PIPELINE_STORE_BUFFER; i++)
		run_store(f, &few, DATA + i * 3 * LINE);
	assert_int_equal(few.llc_references, PIPELINE_STORE_BUFFER);
	assert_int_equal(few.category[BACKEND], 0);
	for (uint64_t i = 0; i < 1000; i++)
		run_store(f, &many, DATA * 2 + i * 3 * LINE);
	assert_true(many.part[MEMORY] > 1000);
}

/* A second load of a line. Expect: no miss; after CLFLUSH one again. */
static void a_flushed_line_misses(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_load(f, &total, 0x10000);
	assert_int_equal(total.llc_misses, 2);	/* code and data */
	run_load(f, &total, 0x10008);
	assert_int_equal(total.llc_references, 2);
	memory_flush(&f->pmu.pipe.mem, 0x10030);
	run_load(f, &total, 0x10000);
	assert_int_equal(total.llc_misses, 3);
	memory_flush(&f->pmu.pipe.mem, 0x20000);
	run_load(f, &total, 0x10000);
	assert_int_equal(total.llc_references, 3);
}

/* The same at the head of what looks like a stream. Expect: a miss. */
static void a_flushed_line_is_not_prefetched(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_load(f, &total, 0x10000);
	memory_flush(&f->pmu.pipe.mem, 0x10040);
	run_load(f, &total, 0x10040);
	assert_int_equal(total.llc_misses, 3);
}

/* Line 0 of memory. Expect: as empty at first as any other. */
static void line_zero_is_not_cached_from_the_start(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_load(f, &total, 0);
	assert_int_equal(total.llc_misses, 2);
}

/* Data where code has been. Expect: not in L1D, but in L2. */
static void code_and_data_share_l2(void **state)
{
	struct fixture *f = *state;
	struct total total = { 0 };

	run_load(f, &total, CODE);
	assert_int_equal(total.llc_references, 1);
}

/* Twelve lines of one set, and a thirteenth. Expect: the least used falls out. */
static void a_set_holds_as_many_as_it_has_ways(void **state)
{
	struct cache cache;

	(void)state;
	cache_alloc(&cache, 64, 12);
	for (uint64_t i = 0; i < 12; i++)
		assert_false(cache_touch(&cache, 64 * i + 5));
	assert_true(cache_touch(&cache, 5));
	assert_false(cache_touch(&cache, 64 * 12 + 5));
	assert_true(cache_has(&cache, 5));
	assert_false(cache_has(&cache, 64 + 5));
	cache_drop(&cache, 5);
	assert_false(cache_has(&cache, 5));
	assert_true(cache_has(&cache, 64 * 2 + 5));
	cache_free(&cache);
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
	predictor_forget(&f->pmu.pipe.pred);
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

/* A loop's branch among random ones. Expect: their history does not confuse it. */
static void loops_are_learnt_in_noise(void **state)
{
	struct fixture *f = *state;
	struct total noise = { 0 };
	struct total loop = { 0 };
	uint64_t seed = 1;

	for (unsigned int n = 0; n < 10000; n++) {
		run_branch(f, &noise, CODE, next_random(&seed) & 1, CODE + 8);
		run_branch(f, &loop, CODE + 2, true, CODE);
	}
	assert_in_range(noise.mispredicts, 4500, 5500);
	assert_in_range(loop.mispredicts, 1, 100);
}

/* Two PMUs, one program. Expect: equal, to the last counter. */
static void the_same_program_costs_the_same(void **state)
{
	struct fixture *f = *state;
	struct total first = { 0 };
	struct total second = { 0 };

	run_walk(f, &first, 10000, DATA);
	pmu_reset(&f->pmu);
	run_walk(f, &second, 10000, DATA);
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

	run_walk(f, &total, TURNS, DATA);	/* as any warm-up */
	memset(&total, 0, sizeof(total));
	predictor_forget(&f->pmu.pipe.pred);
	memory_flush(&f->pmu.pipe.mem, DATA);
	run_walk(f, &total, TURNS, DATA);

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

	run_walk(f, &total, TURNS, DATA);
	assert_in_range(total.mispredicts, 1, TURNS / 10);
	assert_in_range(total.llc_references, TURNS, TURNS * 5 / 2);
	assert_in_range(total.llc_misses, 1, TURNS);
	assert_in_range(total.slots / PIPELINE_WIDTH, TURNS, 30 * TURNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(unrolled_code_retires),
		test(additions_share_five_units),
		test(a_chain_takes_its_latency),
		test(multiplications_overlap),
		test(random_branches_speculate_badly),
		test(large_code_starves_the_frontend),
		test(pointer_chase_waits_for_memory),
		test(independent_misses_overlap),
		test(streams_are_prefetched),
		test(division_is_bound_by_the_core),
		test(microcode_is_heavy),
		test(writing_code_clears_the_machine),
		test(writing_data_clears_nothing),
		test(one_taken_branch_a_cycle),
		test(parts_add_up),
		test(serializing_empties_the_window),
		test(a_full_window_hides_the_frontend),
		test(the_next_line_is_prefetched),
		test(unknown_branches_are_not_taken),
		test(unknown_jumps_are_found_by_the_decoder),
		test(jumps_a_line_apart_do_not_collide),
		test(the_target_buffer_is_finite),
		test(a_wrong_path_fills_the_window),
		test(stores_are_buffered),
		test(a_flushed_line_misses),
		test(a_flushed_line_is_not_prefetched),
		test(line_zero_is_not_cached_from_the_start),
		test(code_and_data_share_l2),
		test(a_set_holds_as_many_as_it_has_ways),
		test(instructions_cross_lines),
		test(indirect_branches_learn_and_forget),
		test(patterns_are_learnt),
		test(loops_are_learnt_in_noise),
		test(the_same_program_costs_the_same),
		test(walk_64_megabytes),
		test(walk_64_megabytes_cold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
