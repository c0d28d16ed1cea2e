/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The branch predictor of the cost model: what it expects of a branch, and what
 * it learns from what the branch did.
 *
 * Directions come from two tables of two-bit counters, one indexed by address
 * alone and one by address and history; a third says which of the two has been
 * right more often.  A target buffer holds the branches whose target is known
 * before they are decoded.  Indirect targets are looked up by address and history.
 */
#ifndef TOOLS_SIM_PMU_PREDICTOR_H
#define TOOLS_SIM_PMU_PREDICTOR_H

#include <stdint.h>

#include "tools/sim/pmu/cache.h"

enum insn_branch {
	BRANCH_NONE,
	BRANCH_COND,		/* target known from the instruction */
	BRANCH_DIRECT,
	BRANCH_INDIRECT,	/* target comes from a register or memory */
	BRANCH_RETURN,
	BRANCH_FAR,		/* system calls, IRET, ...: never predicted */
};

/* How a branch was foreseen. */
enum foresight {
	FORESEEN,
	FORESEEN_LATE,		/* by the decoder: the target buffer lacked it */
	MISPREDICTED,
};

enum { PREDICTOR_HISTORY_BITS = 12 };

struct predictor {
	uint64_t	history;	/* of what branches did, latest in bit 0 */
	uint8_t		*local;		/* 1 << PREDICTOR_HISTORY_BITS, like the others */
	uint8_t		*global;
	uint8_t		*choice;	/* 2 and 3: global */
	uint64_t	*targets;	/* of indirect branches */
	struct cache	buffer;		/* addresses of branches seen taken */
};

void predictor_alloc(struct predictor *pred);
void predictor_free(struct predictor *pred);
/* As after RESET, and by IBPB. */
void predictor_forget(struct predictor *pred);
/* What was expected of the branch at @rip; learns what it did. */
enum foresight predictor_branch(struct predictor *pred, enum insn_branch branch,
				uint64_t rip, bool taken, uint64_t target);

#endif
