/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cost model: how many issue slots an instruction takes and to which
 * top-down category each belongs.  A model, not a Golden Cove: the shares it
 * gives are right in kind, not in degree (docs/model.md).
 *
 * It is at work only while something counts what it computes; what runs
 * meanwhile leaves its state (clocks, predictor, caches) alone.  Deterministic.
 */
#ifndef TOOLS_SIM_PMU_PIPELINE_H
#define TOOLS_SIM_PMU_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sim/pmu/memory.h"
#include "tools/sim/pmu/predictor.h"

enum {
	PIPELINE_WIDTH		= 6,	/* issue slots a cycle */
	PIPELINE_ROB		= 512,	/* micro-operations under way */
	PIPELINE_STORE_BUFFER	= 112,
	PIPELINE_UOP_QUEUE	= 144,	/* decoded, not yet issued */
};

enum insn_kind {
	INSN_PLAIN,		/* one uop, one cycle */
	INSN_MOVE,		/* no work but the load or store that it may have */
	INSN_MUL,
	INSN_FLOAT,		/* floating point and the like: a few cycles */
	INSN_DIV,		/* divide, square root */
	INSN_COMPLEX,		/* a few uops: XCHG, XADD, ... */
	INSN_MICROCODED,	/* CPUID, REP string, RDMSR, ...: many uops */
	INSN_SERIALIZING,	/* the same, and waits for all before it */
	INSN_FENCE,		/* waits, too, and is short */
	NR_INSN_KINDS,
};

/* Registers that dependencies go through, as bits of a mask. */
enum {
	INSN_GPR_REGS	= 16,
	INSN_FLAGS	= 1 << INSN_GPR_REGS,
	INSN_REGS	= INSN_GPR_REGS + 1,
};

enum { INSN_MAX_MEM = 4 };

/* One retired instruction, as the embedder saw it. */
struct insn {
	uint64_t		rip;
	uint64_t		paddr;		/* where @rip lies in memory */
	uint8_t			length;		/* bytes */
	enum insn_kind		kind;
	enum insn_branch	branch;
	bool			taken;
	uint64_t		target;		/* of a taken branch */
	uint32_t		addresses;	/* registers that address memory */
	uint32_t		reads;		/* and the others that it reads */
	uint32_t		writes;
	unsigned int		nr_mem;
	struct {
		uint64_t	paddr;
		bool		read;
		bool		write;
	} mem[INSN_MAX_MEM];
};

/* What one instruction amounted to.  Slots are in categories that add up. */
struct insn_cost {
	/* Retiring, bad speculation, frontend, backend. */
	uint32_t		slots[4];
	/* Heavy, mispredict, fetch latency, memory: each part of its slots[]. */
	uint32_t		sub[4];
	unsigned int		mispredicts;
	unsigned int		clears;		/* machine clears */
	struct memory_events	memory;
};

enum pipeline_unit { UNIT_NONE, UNIT_ALU, UNIT_MUL, UNIT_DIV, UNIT_LOAD, NR_UNITS };

/* Clocks count slots where the name says so, cycles otherwise. */
struct pipeline {
	bool		used;		/* since the last reset */

	uint64_t	now_slots;	/* the next slot to be given away */
	uint64_t	fetched_slots;	/* when the next uop is decoded */
	uint64_t	latency_slots;	/* of that, waited with nothing to decode */

	uint64_t	ready[INSN_REGS];	/* when each register is known */
	uint64_t	units[NR_UNITS];	/* in parts of a cycle: see take_unit() */

	/* In program order: when it may retire, and whether for a load's sake. */
	struct {
		uint64_t	done;
		bool		memory;
	} rob[PIPELINE_ROB];
	unsigned int	rob_next;
	uint64_t	retired;	/* the youngest so far */
	bool		retired_memory;

	uint64_t	stores[PIPELINE_STORE_BUFFER];	/* when each has left */
	unsigned int	stores_next;
	uint64_t	stored;		/* the youngest */

	struct predictor pred;
	struct memory	mem;
};

/* Aborts if there is no memory: the model is a tool, not the product. */
void pipeline_alloc(struct pipeline *pipe);
void pipeline_free(struct pipeline *pipe);
/* As after RESET: nothing cached, nothing predicted. */
void pipeline_reset(struct pipeline *pipe);
/* What is under way is waited for, as before a VM exit. */
void pipeline_drain(struct pipeline *pipe, struct insn_cost *cost);
void pipeline_cost(struct pipeline *pipe, const struct insn *insn,
		   struct insn_cost *cost);

#endif
