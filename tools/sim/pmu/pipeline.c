// SPDX-License-Identifier: GPL-2.0
/*
 * The cost model.  docs/model.md has each rule and where it comes from.
 *
 * Instructions issue in order, six slots a cycle, as soon as they are decoded
 * and the window of instructions under way has room.  They execute when what
 * they read is known, in whatever order that comes to, and leave the window in
 * order again.  A slot in which nothing issues belongs to whom it waited for:
 * to the backend if there was no room, else to the frontend.  Slots given to
 * what is thrown away are bad speculation.
 */
#include "tools/sim/pmu/pipeline.h"

#include <string.h>

enum category { RETIRING, BAD_SPECULATION, FRONTEND, BACKEND };
enum part { HEAVY = 0, MISPREDICT = 1, FETCH_LATENCY = 2, MEMORY = 3 };

/* In cycles. */
enum {
	MICROCODE_SWITCH	= 2,	/* until the microcode's first uop */
	FAR_BRANCH		= 20,
	RESTEER			= 6,	/* from a new address to its first uop */
	RECOVERY		= 10,	/* from a wrong path to the right one */
	CLEAR			= 40,
};

/* How many of them start in a cycle. */
static const unsigned int unit_rate[NR_UNITS] = {
	[UNIT_NONE]	= PIPELINE_WIDTH,
	[UNIT_ALU]	= 5,
	[UNIT_MUL]	= 1,
	[UNIT_DIV]	= 1,
	[UNIT_LOAD]	= 3,
};

struct kind_cost {
	unsigned int		uops;
	unsigned int		latency;	/* cycles */
	enum pipeline_unit	unit;
	unsigned int		busy;		/* starts of the unit that it takes */
};

static const struct kind_cost kind_costs[NR_INSN_KINDS] = {
	[INSN_PLAIN]		= { 1, 1, UNIT_ALU, 1 },
	[INSN_MOVE]		= { 1, 0, UNIT_NONE, 0 },
	[INSN_MUL]		= { 1, 3, UNIT_MUL, 1 },
	[INSN_FLOAT]		= { 1, 4, UNIT_ALU, 2 },
	[INSN_DIV]		= { 4, 15, UNIT_DIV, 6 },
	[INSN_COMPLEX]		= { 3, 2, UNIT_ALU, 3 },
	[INSN_MICROCODED]	= { 20, 10, UNIT_ALU, 20 },
	[INSN_SERIALIZING]	= { 20, 10, UNIT_ALU, 20 },
	[INSN_FENCE]		= { 2, 6, UNIT_ALU, 2 },
};

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t to_slots(uint64_t cycles)
{
	return cycles * PIPELINE_WIDTH;
}

static uint64_t to_cycles(uint64_t slots)
{
	return slots / PIPELINE_WIDTH;
}

void pipeline_alloc(struct pipeline *pipe)
{
	memset(pipe, 0, sizeof(*pipe));
	predictor_alloc(&pipe->pred);
	memory_alloc(&pipe->mem);
}

void pipeline_free(struct pipeline *pipe)
{
	predictor_free(&pipe->pred);
	memory_free(&pipe->mem);
}

/* The tables are large, and most machines are reset before anything counts. */
void pipeline_reset(struct pipeline *pipe)
{
	if (!pipe->used)
		return;

	pipeline_free(pipe);
	pipeline_alloc(pipe);
}

/*
 * Slots
 */

static void give(struct pipeline *pipe, struct insn_cost *cost,
		 enum category category, uint64_t slots)
{
	cost->slots[category] += slots;
	pipe->now_slots += slots;
}

/* Slots that also belong to the part of level 2 that is told apart. */
static void give_part(struct pipeline *pipe, struct insn_cost *cost,
		      enum part part, uint64_t slots)
{
	cost->sub[part] += slots;
	give(pipe, cost, (enum category)part, slots);
}

static void wait_backend(struct pipeline *pipe, struct insn_cost *cost,
			 uint64_t cycle, bool memory)
{
	uint64_t until = to_slots(cycle);

	if (until <= pipe->now_slots)
		return;
	if (memory)
		give_part(pipe, cost, MEMORY, until - pipe->now_slots);
	else
		give(pipe, cost, BACKEND, until - pipe->now_slots);
}

/* For all that is under way, one after the other, but not beyond @cycle. */
static void wait_window(struct pipeline *pipe, struct insn_cost *cost, uint64_t cycle)
{
	for (unsigned int i = 0; i < PIPELINE_ROB && pipe->now_slots < to_slots(cycle); i++) {
		unsigned int oldest = (pipe->rob_next + i) % PIPELINE_ROB;
		uint64_t done = pipe->rob[oldest].done;

		wait_backend(pipe, cost, done < cycle ? done : cycle,
			     pipe->rob[oldest].memory);
	}
}

/*
 * Frontend.  It works ahead as far as its queue lets it: a wait that the
 * backend's hides costs nothing.
 */

static void fetch_stall(struct pipeline *pipe, uint64_t cycles)
{
	pipe->fetched_slots += to_slots(cycles);
	pipe->latency_slots += to_slots(cycles);
}

static void fetch(struct pipeline *pipe, const struct insn *insn,
		  struct insn_cost *cost)
{
	if (pipe->fetched_slots + PIPELINE_UOP_QUEUE < pipe->now_slots)
		pipe->fetched_slots = pipe->now_slots - PIPELINE_UOP_QUEUE;
	fetch_stall(pipe, memory_fetch(&pipe->mem, insn->paddr, insn->length,
				       &cost->memory));
	if (insn->kind == INSN_MICROCODED || insn->kind == INSN_SERIALIZING)
		fetch_stall(pipe, MICROCODE_SWITCH);
}

/* At most one taken branch a cycle: what follows it comes in the next one. */
static void fetch_next_cycle(struct pipeline *pipe)
{
	uint64_t over = pipe->fetched_slots % PIPELINE_WIDTH;

	if (over)
		pipe->fetched_slots += PIPELINE_WIDTH - over;
}

static void wait_frontend(struct pipeline *pipe, struct insn_cost *cost)
{
	uint64_t latency = pipe->latency_slots;
	uint64_t slots;

	pipe->latency_slots = 0;
	if (pipe->fetched_slots <= pipe->now_slots)
		return;
	slots = pipe->fetched_slots - pipe->now_slots;
	if (latency > slots)
		latency = slots;
	give_part(pipe, cost, FETCH_LATENCY, latency);
	give(pipe, cost, FRONTEND, slots - latency);
}

/*
 * Issue
 */

static bool has_load(const struct insn *insn)
{
	for (unsigned int i = 0; i < insn->nr_mem; i++) {
		if (insn->mem[i].read)
			return true;
	}
	return false;
}

static unsigned int nr_stores(const struct insn *insn)
{
	unsigned int stores = 0;

	for (unsigned int i = 0; i < insn->nr_mem; i++)
		stores += insn->mem[i].write;
	return stores;
}

/* A load, an operation on it and a store of it are two uops. */
static unsigned int uops_of(const struct insn *insn)
{
	unsigned int uops = kind_costs[insn->kind].uops;

	if (uops == 1 && has_load(insn) && nr_stores(insn))
		return 2;
	return uops;
}

/* Until there is room for @uops more, and for its stores. */
static void wait_for_room(struct pipeline *pipe, const struct insn *insn,
			  struct insn_cost *cost)
{
	unsigned int last = (pipe->rob_next + uops_of(insn) - 1) % PIPELINE_ROB;
	unsigned int stores = nr_stores(insn);

	wait_backend(pipe, cost, pipe->rob[last].done, pipe->rob[last].memory);
	/* A WRMSR that stops the counters waits for what they are to count. */
	if (insn->kind == INSN_FENCE || insn->kind == INSN_SERIALIZING)
		wait_window(pipe, cost, pipe->retired);
	if (!stores)
		return;
	last = (pipe->stores_next + stores - 1) % PIPELINE_STORE_BUFFER;
	wait_backend(pipe, cost, pipe->stores[last], true);
}

static void issue(struct pipeline *pipe, const struct insn *insn,
		  struct insn_cost *cost)
{
	unsigned int uops = uops_of(insn);

	if (uops > 1)
		give_part(pipe, cost, HEAVY, uops);
	else
		give(pipe, cost, RETIRING, uops);
	pipe->fetched_slots += uops;
}

/*
 * Execution
 */

/* When all registers of @mask are known. */
static uint64_t known(const struct pipeline *pipe, uint32_t mask, uint64_t issued)
{
	for (unsigned int reg = 0; mask; reg++, mask >>= 1) {
		if (mask & 1)
			issued = later(issued, pipe->ready[reg]);
	}
	return issued;
}

/*
 * A unit has its own clock, in parts of a cycle so that it can start several at
 * once.  It falls behind the issue only by what it cannot keep up with: one
 * operation that waits for its operands is in nobody's way.
 */
static uint64_t take_unit(struct pipeline *pipe, enum pipeline_unit unit,
			  unsigned int busy, uint64_t issued, uint64_t ready)
{
	uint64_t start = later(pipe->units[unit], issued * unit_rate[unit]);

	pipe->units[unit] = start + busy;
	return later(ready, start / unit_rate[unit]);
}

static uint64_t load_all(struct pipeline *pipe, const struct insn *insn,
			 struct insn_cost *cost, uint64_t issued)
{
	uint64_t address = known(pipe, insn->addresses, issued);
	uint64_t loaded = issued;

	for (unsigned int i = 0; i < insn->nr_mem; i++) {
		uint64_t start;

		if (!insn->mem[i].read)
			continue;
		start = take_unit(pipe, UNIT_LOAD, 1, issued, address);
		loaded = later(loaded, memory_access(&pipe->mem, insn->mem[i].paddr,
						     issued, start, &cost->memory));
	}
	return loaded;
}

static uint64_t execute(struct pipeline *pipe, const struct insn *insn,
			struct insn_cost *cost, uint64_t issued)
{
	const struct kind_cost *kind = &kind_costs[insn->kind];
	uint64_t ready = later(load_all(pipe, insn, cost, issued),
			       known(pipe, insn->reads, issued));
	uint64_t done = take_unit(pipe, kind->unit, kind->busy, issued, ready) +
			kind->latency;

	for (unsigned int reg = 0; insn->writes >> reg; reg++) {
		if (insn->writes >> reg & 1)
			pipe->ready[reg] = done;
	}
	return done;
}

static void retire(struct pipeline *pipe, const struct insn *insn, uint64_t done)
{
	if (done > pipe->retired) {
		pipe->retired = done;
		pipe->retired_memory = has_load(insn);
	}
	for (unsigned int i = 0; i < uops_of(insn); i++) {
		pipe->rob[pipe->rob_next].done = pipe->retired;
		pipe->rob[pipe->rob_next].memory = pipe->retired_memory;
		pipe->rob_next = (pipe->rob_next + 1) % PIPELINE_ROB;
	}
}

/* Lines are asked for early, stores leave their buffer in order, one a cycle. */
static void store_all(struct pipeline *pipe, const struct insn *insn,
		      struct insn_cost *cost, uint64_t issued)
{
	uint64_t address = known(pipe, insn->addresses, issued);

	for (unsigned int i = 0; i < insn->nr_mem; i++) {
		uint64_t there;

		if (!insn->mem[i].write)
			continue;
		there = memory_access(&pipe->mem, insn->mem[i].paddr, issued,
				      address, &cost->memory);
		pipe->stored = later(pipe->stored, later(there, pipe->retired)) + 1;
		pipe->stores[pipe->stores_next] = pipe->stored;
		pipe->stores_next = (pipe->stores_next + 1) % PIPELINE_STORE_BUFFER;
	}
}

/*
 * Bad speculation
 */

static void give_bad(struct pipeline *pipe, struct insn_cost *cost, bool branch,
		     uint64_t slots)
{
	if (branch)
		give_part(pipe, cost, MISPREDICT, slots);
	else
		give(pipe, cost, BAD_SPECULATION, slots);
}

/*
 * What issues until @cycle is thrown away.  It fills the window; from then on
 * it is the backend that everything waits for.
 */
static void squash(struct pipeline *pipe, struct insn_cost *cost, bool branch,
		   uint64_t cycle, uint64_t penalty)
{
	uint64_t until = to_slots(cycle);
	uint64_t wrong = until > pipe->now_slots ? until - pipe->now_slots : 0;

	give_bad(pipe, cost, branch, wrong < PIPELINE_ROB ? wrong : PIPELINE_ROB);
	wait_window(pipe, cost, cycle);
	give_bad(pipe, cost, branch, to_slots(penalty));
	pipe->fetched_slots = pipe->now_slots;
	pipe->latency_slots = 0;
	fetch_stall(pipe, RESTEER);
}

static void branch(struct pipeline *pipe, const struct insn *insn,
		   struct insn_cost *cost, uint64_t done)
{
	enum foresight foresight =
		predictor_branch(&pipe->pred, insn->branch, insn->rip,
				 insn->taken, insn->target);

	if (insn->taken)
		fetch_next_cycle(pipe);
	if (insn->branch == BRANCH_FAR)
		fetch_stall(pipe, FAR_BRANCH);
	if (foresight == FORESEEN_LATE)
		fetch_stall(pipe, RESTEER);
	if (foresight != MISPREDICTED)
		return;
	cost->mispredicts++;
	squash(pipe, cost, true, done, RECOVERY);
}

/*
 * A store to a line of code that is in the instruction cache: all that was
 * fetched behind it may be wrong, and is fetched anew.
 */
static void check_code(struct pipeline *pipe, const struct insn *insn,
		       struct insn_cost *cost)
{
	bool clear = false;

	for (unsigned int i = 0; i < insn->nr_mem; i++) {
		if (insn->mem[i].write)
			clear |= memory_drop_code(&pipe->mem, insn->mem[i].paddr);
	}
	if (!clear)
		return;
	cost->clears++;
	squash(pipe, cost, false, pipe->retired, CLEAR);
}

void pipeline_drain(struct pipeline *pipe, struct insn_cost *cost)
{
	memset(cost, 0, sizeof(*cost));
	wait_window(pipe, cost, pipe->retired);
}

void pipeline_cost(struct pipeline *pipe, const struct insn *insn,
		   struct insn_cost *cost)
{
	uint64_t issued, done;

	memset(cost, 0, sizeof(*cost));
	pipe->used = true;

	fetch(pipe, insn, cost);
	wait_for_room(pipe, insn, cost);
	wait_frontend(pipe, cost);
	issued = to_cycles(pipe->now_slots);
	issue(pipe, insn, cost);
	done = execute(pipe, insn, cost, issued);
	retire(pipe, insn, done);
	store_all(pipe, insn, cost, issued);
	if (insn->branch != BRANCH_NONE)
		branch(pipe, insn, cost, done);
	check_code(pipe, insn, cost);
}
