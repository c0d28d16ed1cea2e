// SPDX-License-Identifier: GPL-2.0
#include "tools/sim/pmu/predictor.h"

#include <stdlib.h>
#include <string.h>

enum {
	ENTRIES		= 1 << PREDICTOR_HISTORY_BITS,
	INDEX_MASK	= ENTRIES - 1,

	/* 12288 branches. */
	BUFFER_SET_BITS	= 11,
	BUFFER_SETS	= 1 << BUFFER_SET_BITS,
	BUFFER_WAYS	= 6,

	/* Two-bit counters: 0 and 1 say no, 2 and 3 yes. */
	WEAKLY_NO	= 1,
	WEAKLY_YES	= 2,
	STRONGLY_YES	= 3,
};

static void *alloc_table(size_t size)
{
	void *table = calloc(ENTRIES, size);

	if (!table)
		abort();
	return table;
}

void predictor_alloc(struct predictor *pred)
{
	pred->local = alloc_table(sizeof(*pred->local));
	pred->global = alloc_table(sizeof(*pred->global));
	pred->choice = alloc_table(sizeof(*pred->choice));
	pred->targets = alloc_table(sizeof(*pred->targets));
	cache_alloc(&pred->buffer, BUFFER_SETS, BUFFER_WAYS);
	predictor_forget(pred);
}

void predictor_free(struct predictor *pred)
{
	free(pred->local);
	free(pred->global);
	free(pred->choice);
	free(pred->targets);
	cache_free(&pred->buffer);
}

void predictor_forget(struct predictor *pred)
{
	memset(pred->local, WEAKLY_NO, ENTRIES);
	memset(pred->global, WEAKLY_NO, ENTRIES);
	memset(pred->choice, WEAKLY_NO, ENTRIES);
	memset(pred->targets, 0, ENTRIES * sizeof(*pred->targets));
	cache_empty(&pred->buffer);
	pred->history = 0;
}

static unsigned int by_address(uint64_t rip)
{
	return (rip ^ rip >> PREDICTOR_HISTORY_BITS) & INDEX_MASK;
}

static unsigned int by_history(const struct predictor *pred, uint64_t rip)
{
	return by_address(rip) ^ (pred->history & INDEX_MASK);
}

/* Branches a power of two apart must not meet in a few sets. */
static uint64_t spread(uint64_t rip)
{
	return rip ^ rip >> BUFFER_SET_BITS;
}

static bool says_yes(uint8_t counter)
{
	return counter >= WEAKLY_YES;
}

static void learn(uint8_t *counter, bool yes)
{
	if (yes && *counter < STRONGLY_YES)
		++*counter;
	if (!yes && *counter > 0)
		--*counter;
}

static bool direction_is_right(struct predictor *pred, uint64_t rip, bool taken)
{
	uint8_t *local = &pred->local[by_address(rip)];
	uint8_t *global = &pred->global[by_history(pred, rip)];
	uint8_t *choice = &pred->choice[by_address(rip)];
	bool local_right = says_yes(*local) == taken;
	bool global_right = says_yes(*global) == taken;
	bool right = says_yes(*choice) ? global_right : local_right;

	if (local_right != global_right)
		learn(choice, global_right);
	learn(local, taken);
	learn(global, taken);
	pred->history = pred->history << 1 | taken;
	return right;
}

static bool target_is_right(struct predictor *pred, uint64_t rip, uint64_t target)
{
	uint64_t *entry = &pred->targets[by_history(pred, rip)];
	bool right = *entry == target;

	*entry = target;
	/* Where it went is what tells the branches after it apart. */
	pred->history = pred->history << 2 ^ target >> 4;
	return right;
}

static bool is_right(struct predictor *pred, enum insn_branch branch,
		     uint64_t rip, bool taken, uint64_t target)
{
	switch (branch) {
	case BRANCH_COND:
		return direction_is_right(pred, rip, taken);
	case BRANCH_INDIRECT:
		return target_is_right(pred, rip, target);
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

enum foresight predictor_branch(struct predictor *pred, enum insn_branch branch,
				uint64_t rip, bool taken, uint64_t target)
{
	bool right = is_right(pred, branch, rip, taken, target);
	bool known = true;

	if (taken && branch != BRANCH_FAR)
		known = cache_touch(&pred->buffer, spread(rip));
	if (!right)
		return MISPREDICTED;
	return known ? FORESEEN : FORESEEN_LATE;
}
