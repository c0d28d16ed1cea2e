// SPDX-License-Identifier: GPL-2.0
/*
 * The cost model.  docs/model.md has each rule and where it comes from.
 *
 * Slots are handed out in groups of six, a group a cycle.  Stalls are whole
 * cycles, so only micro-operations and taken branches move the group.
 */
#include "tools/sim/pmu/pipeline.h"

#include <stdlib.h>
#include <string.h>

enum category { RETIRING, BAD_SPECULATION, FRONTEND, BACKEND };
enum part { HEAVY = 0, MISPREDICT = 1, FETCH_LATENCY = 2, MEMORY = 3 };

/* Costs in cycles, unless said. */
enum {
	DIV_UOPS		= 4,
	DIV_CYCLES		= 10,
	MUL_CYCLES		= 1,
	MICROCODE_UOPS		= 20,
	MICROCODE_SWITCH_CYCLES	= 2,
	FENCE_UOPS		= 2,
	FENCE_CYCLES		= 6,
	MISPREDICT_CYCLES	= 20,
	FAR_CYCLES		= 20,

	FETCH_L2_CYCLES		= 10,
	FETCH_LLC_CYCLES	= 40,
	FETCH_MEMORY_CYCLES	= 100,
	FETCH_NEXT_LINE_CYCLES	= 2,

	LOAD_L2_CYCLES		= 10,
	LOAD_LLC_CYCLES		= 60,
	LOAD_MEMORY_CYCLES	= 150,
	LOAD_STREAM_L2_CYCLES	= 1,
	LOAD_STREAM_CYCLES	= 6,
	STORE_MISS_CYCLES	= 1,
};

enum {
	PREDICTOR_ENTRIES	= 1 << PIPELINE_HISTORY_BITS,
	PREDICTOR_MASK		= PREDICTOR_ENTRIES - 1,
	/* Two-bit counters: 0 and 1 say not taken, 2 and 3 taken. */
	WEAKLY_NOT_TAKEN	= 1,
	WEAKLY_TAKEN		= 2,
	STRONGLY_TAKEN		= 3,
};

/* Code is known by its linear address, data by its physical one: keep apart. */
#define CODE_LINE	(1ULL << 63)
/* Line 0 is a line like any other, and an empty tag is 0. */
#define VALID_LINE	(1ULL << 62)

enum where { IN_L1, IN_L2, IN_LLC, IN_MEMORY };

static void *alloc_table(size_t n, size_t size)
{
	void *table = calloc(n, size);

	if (!table)
		abort();
	return table;
}

void pipeline_alloc(struct pipeline *pipe)
{
	memset(pipe, 0, sizeof(*pipe));
	pipe->counters = alloc_table(PREDICTOR_ENTRIES, sizeof(*pipe->counters));
	pipe->targets = alloc_table(PREDICTOR_ENTRIES, sizeof(*pipe->targets));
	pipe->l1i = alloc_table(PIPELINE_L1I_LINES, sizeof(*pipe->l1i));
	pipe->l1d = alloc_table(PIPELINE_L1D_LINES, sizeof(*pipe->l1d));
	pipe->l2 = alloc_table(PIPELINE_L2_LINES, sizeof(*pipe->l2));
	pipe->llc = alloc_table(PIPELINE_LLC_LINES, sizeof(*pipe->llc));
	pipeline_forget_branches(pipe);
}

void pipeline_free(struct pipeline *pipe)
{
	free(pipe->counters);
	free(pipe->targets);
	free(pipe->l1i);
	free(pipe->l1d);
	free(pipe->l2);
	free(pipe->llc);
	memset(pipe, 0, sizeof(*pipe));
}

void pipeline_forget_branches(struct pipeline *pipe)
{
	memset(pipe->counters, WEAKLY_NOT_TAKEN, PREDICTOR_ENTRIES);
	memset(pipe->targets, 0, PREDICTOR_ENTRIES * sizeof(*pipe->targets));
	pipe->history = 0;
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
 * Caches
 */

/* True if it was there; it is afterwards. */
static bool cache_touch(uint64_t *tags, unsigned int lines, uint64_t line)
{
	uint64_t *tag = &tags[(line & ~(CODE_LINE | VALID_LINE)) % lines];
	bool hit = *tag == line;

	*tag = line;
	return hit;
}

static void cache_drop(uint64_t *tags, unsigned int lines, uint64_t line)
{
	uint64_t *tag = &tags[(line & ~(CODE_LINE | VALID_LINE)) % lines];

	if (*tag == line)
		*tag = 0;
}

static enum where beyond_l1(struct pipeline *pipe, uint64_t line,
			    struct insn_cost *cost)
{
	if (cache_touch(pipe->l2, PIPELINE_L2_LINES, line))
		return IN_L2;

	cost->llc_references++;
	if (cache_touch(pipe->llc, PIPELINE_LLC_LINES, line))
		return IN_LLC;
	return IN_MEMORY;
}

void pipeline_flush_line(struct pipeline *pipe, uint64_t paddr)
{
	uint64_t line = paddr >> PIPELINE_LINE_SHIFT | VALID_LINE;

	cache_drop(pipe->l1d, PIPELINE_L1D_LINES, line);
	cache_drop(pipe->l2, PIPELINE_L2_LINES, line);
	cache_drop(pipe->llc, PIPELINE_LLC_LINES, line);
	/* Nor has a prefetcher got it under way. */
	for (unsigned int i = 0; i < PIPELINE_STREAMS; i++) {
		if (pipe->streams[i] + 1 == line)
			pipe->streams[i] = 0;
	}
}

/*
 * Slots
 */

static void add_slots(struct insn_cost *cost, enum category category,
		      uint32_t slots)
{
	cost->slots[category] += slots;
}

/* Slots that also belong to the part of level 2 that is told apart. */
static void add_part(struct insn_cost *cost, enum part part, uint32_t slots)
{
	cost->slots[part] += slots;
	cost->sub[part] += slots;
}

static uint32_t cycles_to_slots(uint32_t cycles)
{
	return cycles * PIPELINE_WIDTH;
}

static void cost_uops(struct pipeline *pipe, struct insn_cost *cost, uint32_t uops)
{
	if (uops > 1)
		add_part(cost, HEAVY, uops);
	else
		add_slots(cost, RETIRING, uops);
	pipe->group = (pipe->group + uops) % PIPELINE_WIDTH;
}

static void cost_kind(struct pipeline *pipe, enum insn_kind kind,
		      struct insn_cost *cost)
{
	switch (kind) {
	case INSN_PLAIN:
		cost_uops(pipe, cost, 1);
		break;
	case INSN_MUL:
		cost_uops(pipe, cost, 1);
		add_slots(cost, BACKEND, cycles_to_slots(MUL_CYCLES));
		break;
	case INSN_DIV:
		cost_uops(pipe, cost, DIV_UOPS);
		add_slots(cost, BACKEND, cycles_to_slots(DIV_CYCLES));
		break;
	case INSN_MICROCODED:
		cost_uops(pipe, cost, MICROCODE_UOPS);
		add_part(cost, FETCH_LATENCY, cycles_to_slots(MICROCODE_SWITCH_CYCLES));
		break;
	case INSN_FENCE:
		cost_uops(pipe, cost, FENCE_UOPS);
		add_slots(cost, BACKEND, cycles_to_slots(FENCE_CYCLES));
		break;
	}
}

/*
 * Frontend
 */

static uint32_t fetch_cycles(enum where where)
{
	switch (where) {
	case IN_L1:
		return 0;
	case IN_L2:
		return FETCH_L2_CYCLES;
	case IN_LLC:
		return FETCH_LLC_CYCLES;
	case IN_MEMORY:
		return FETCH_MEMORY_CYCLES;
	}
	return 0;
}

static void fetch_line(struct pipeline *pipe, uint64_t line, struct insn_cost *cost)
{
	bool next = line == pipe->last_fetch_line + 1;
	uint32_t cycles;
	enum where where;

	if (line == pipe->last_fetch_line)
		return;
	pipe->last_fetch_line = line;
	if (cache_touch(pipe->l1i, PIPELINE_L1I_LINES, line))
		return;

	where = beyond_l1(pipe, line, cost);
	cost->llc_misses += where == IN_MEMORY && !next;
	/* The prefetcher was there first. */
	cycles = next ? FETCH_NEXT_LINE_CYCLES : fetch_cycles(where);
	add_part(cost, FETCH_LATENCY, cycles_to_slots(cycles));
}

static void cost_fetch(struct pipeline *pipe, const struct insn *insn,
		       struct insn_cost *cost)
{
	uint64_t first = insn->rip >> PIPELINE_LINE_SHIFT;
	uint64_t last = (insn->rip + insn->length - 1) >> PIPELINE_LINE_SHIFT;

	fetch_line(pipe, first | CODE_LINE | VALID_LINE, cost);
	if (insn->length > 1)
		fetch_line(pipe, last | CODE_LINE | VALID_LINE, cost);
}

/* A taken branch ends the group: at most one of them in a cycle. */
static void cost_taken(struct pipeline *pipe, struct insn_cost *cost)
{
	if (pipe->group)
		add_slots(cost, FRONTEND, PIPELINE_WIDTH - pipe->group);
	pipe->group = 0;
}

/*
 * Branch prediction
 */

static unsigned int predictor_index(const struct pipeline *pipe, uint64_t rip)
{
	return (rip ^ rip >> PIPELINE_HISTORY_BITS ^ pipe->history) & PREDICTOR_MASK;
}

static bool predict_direction(struct pipeline *pipe, const struct insn *insn)
{
	uint8_t *counter = &pipe->counters[predictor_index(pipe, insn->rip)];
	bool right = (*counter >= WEAKLY_TAKEN) == insn->taken;

	if (insn->taken && *counter < STRONGLY_TAKEN)
		++*counter;
	if (!insn->taken && *counter > 0)
		--*counter;
	pipe->history = pipe->history << 1 | insn->taken;
	return right;
}

static bool predict_target(struct pipeline *pipe, const struct insn *insn)
{
	uint64_t *target = &pipe->targets[predictor_index(pipe, insn->rip)];
	bool right = *target == insn->target;

	*target = insn->target;
	/* Where it went is what tells the branches after it apart. */
	pipe->history = pipe->history << 2 ^ insn->target >> 4;
	return right;
}

static bool predicted_right(struct pipeline *pipe, const struct insn *insn)
{
	switch (insn->branch) {
	case BRANCH_COND:
		return predict_direction(pipe, insn);
	case BRANCH_INDIRECT:
		return predict_target(pipe, insn);
	/* A direct target is in the instruction, a return's on a stack. */
	case BRANCH_DIRECT:
	case BRANCH_RETURN:
	/* Never predicted, hence never wrongly. */
	case BRANCH_FAR:
	case BRANCH_NONE:
		break;
	}
	return true;
}

static void cost_branch(struct pipeline *pipe, const struct insn *insn,
			struct insn_cost *cost)
{
	if (insn->branch == BRANCH_FAR)
		add_part(cost, FETCH_LATENCY, cycles_to_slots(FAR_CYCLES));
	if (insn->taken)
		cost_taken(pipe, cost);
	if (predicted_right(pipe, insn))
		return;

	cost->mispredicts++;
	add_part(cost, MISPREDICT, cycles_to_slots(MISPREDICT_CYCLES));
}

/*
 * Memory
 */

/* Does @line follow the last one of a stream, so that it was prefetched? */
static bool follows_stream(struct pipeline *pipe, uint64_t line)
{
	for (unsigned int i = 0; i < PIPELINE_STREAMS; i++) {
		if (pipe->streams[i] + 1 == line) {
			pipe->streams[i] = line;
			return true;
		}
	}
	pipe->streams[pipe->next_stream] = line;
	pipe->next_stream = (pipe->next_stream + 1) % PIPELINE_STREAMS;
	return false;
}

static uint32_t load_cycles(enum where where, bool stream)
{
	switch (where) {
	case IN_L1:
		return 0;
	case IN_L2:
		return stream ? LOAD_STREAM_L2_CYCLES : LOAD_L2_CYCLES;
	case IN_LLC:
		return stream ? LOAD_STREAM_CYCLES : LOAD_LLC_CYCLES;
	case IN_MEMORY:
		return stream ? LOAD_STREAM_CYCLES : LOAD_MEMORY_CYCLES;
	}
	return 0;
}

static void cost_access(struct pipeline *pipe, uint64_t paddr, bool write,
			struct insn_cost *cost)
{
	uint64_t line = paddr >> PIPELINE_LINE_SHIFT | VALID_LINE;
	enum where where;
	uint32_t cycles;
	bool stream;

	if (cache_touch(pipe->l1d, PIPELINE_L1D_LINES, line))
		return;

	stream = follows_stream(pipe, line);
	where = beyond_l1(pipe, line, cost);
	/* What the prefetcher fetched is no demand miss. */
	cost->llc_misses += where == IN_MEMORY && !stream;
	/* The store buffer hides where a store goes, not that it goes. */
	cycles = write ? STORE_MISS_CYCLES : load_cycles(where, stream);
	add_part(cost, MEMORY, cycles_to_slots(cycles));
}

void pipeline_cost(struct pipeline *pipe, const struct insn *insn,
		   struct insn_cost *cost)
{
	memset(cost, 0, sizeof(*cost));
	pipe->used = true;

	cost_fetch(pipe, insn, cost);
	cost_kind(pipe, insn->kind, cost);
	for (unsigned int i = 0; i < insn->nr_mem && i < INSN_MAX_MEM; i++)
		cost_access(pipe, insn->mem[i].paddr, insn->mem[i].write, cost);
	cost_branch(pipe, insn, cost);
}
