/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cost model: how many issue slots an instruction takes and to which
 * top-down category each belongs.  A model, not a Golden Cove: the shares it
 * gives are right in kind, not in degree (docs/model.md).
 *
 * It is at work only while something counts what it computes; what runs
 * meanwhile leaves its state (predictor, caches) alone.  Deterministic.
 */
#ifndef TOOLS_SIM_PMU_PIPELINE_H
#define TOOLS_SIM_PMU_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

enum { PIPELINE_WIDTH = 6 };	/* issue slots a cycle on Golden Cove */

enum insn_kind {
	INSN_PLAIN,		/* one uop, no long latency */
	INSN_MUL,
	INSN_DIV,		/* divide, square root */
	INSN_MICROCODED,	/* CPUID, REP string, RDMSR, ...: many uops */
	INSN_FENCE,		/* waits for all before it */
};

enum insn_branch {
	BRANCH_NONE,
	BRANCH_COND,		/* target known from the instruction */
	BRANCH_DIRECT,
	BRANCH_INDIRECT,	/* target comes from a register or memory */
	BRANCH_RETURN,
	BRANCH_FAR,		/* system calls, IRET, ...: never predicted */
};

enum { INSN_MAX_MEM = 4 };

/* One retired instruction, as the embedder saw it. */
struct insn {
	uint64_t		rip;
	uint8_t			length;		/* bytes */
	enum insn_kind		kind;
	enum insn_branch	branch;
	bool			taken;
	uint64_t		target;		/* of a taken branch */
	unsigned int		nr_mem;
	struct {
		uint64_t	paddr;
		bool		write;
	} mem[INSN_MAX_MEM];
};

/* What one instruction amounted to.  Slots are in categories that add up. */
struct insn_cost {
	/* Retiring, bad speculation, frontend, backend. */
	uint32_t	slots[4];
	/* Heavy, mispredict, fetch latency, memory: each part of its slots[]. */
	uint32_t	sub[4];
	unsigned int	mispredicts;
	unsigned int	llc_references;
	unsigned int	llc_misses;
};

enum {
	PIPELINE_HISTORY_BITS	= 12,
	PIPELINE_LINE_SHIFT	= 6,
	PIPELINE_L1I_LINES	= 32 * 1024 >> PIPELINE_LINE_SHIFT,
	PIPELINE_L1D_LINES	= 48 * 1024 >> PIPELINE_LINE_SHIFT,
	PIPELINE_L2_LINES	= 2 * 1024 * 1024 >> PIPELINE_LINE_SHIFT,
	PIPELINE_LLC_LINES	= 64 * 1024 * 1024 >> PIPELINE_LINE_SHIFT,
	PIPELINE_STREAMS	= 4,
};

struct pipeline {
	bool		used;		/* since the last reset */
	unsigned int	group;		/* slots of the issue group under way */

	uint64_t	history;	/* of what branches did, latest in bit 0 */
	uint8_t		*counters;	/* two-bit, 1 << PIPELINE_HISTORY_BITS */
	uint64_t	*targets;	/* of indirect branches, same size */

	uint64_t	*l1i, *l1d, *l2, *llc;	/* direct-mapped tags; 0: empty */
	uint64_t	last_fetch_line;
	uint64_t	streams[PIPELINE_STREAMS];	/* last line of each */
	unsigned int	next_stream;	/* to be given up for a new one */
};

/* Aborts if there is no memory: the model is a tool, not the product. */
void pipeline_alloc(struct pipeline *pipe);
void pipeline_free(struct pipeline *pipe);
/* As after RESET: nothing cached, nothing predicted. */
void pipeline_reset(struct pipeline *pipe);
/* IBPB, by WRMSR of IA32_PRED_CMD: forgets what branches did. */
void pipeline_forget_branches(struct pipeline *pipe);
/* CLFLUSH and its kin. */
void pipeline_flush_line(struct pipeline *pipe, uint64_t paddr);
void pipeline_cost(struct pipeline *pipe, const struct insn *insn,
		   struct insn_cost *cost);

#endif
