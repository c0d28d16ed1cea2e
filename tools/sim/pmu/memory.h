/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of the cost model: caches, what a prefetcher has seen to, and how
 * many misses can be under way at a time.  Times are in cycles of the pipeline's
 * own clock.
 */
#ifndef TOOLS_SIM_PMU_MEMORY_H
#define TOOLS_SIM_PMU_MEMORY_H

#include <stdint.h>

#include "tools/sim/pmu/cache.h"

enum {
	MEMORY_LINE_SHIFT	= 6,
	MEMORY_STREAMS		= 16,
	MEMORY_FILL_BUFFERS	= 16,
};

/* Events of one instruction. */
struct memory_events {
	unsigned int	llc_references;
	unsigned int	llc_misses;
};

struct memory {
	struct cache	l1i, l1d, l2, llc;
	struct memory	*llc_owner;	/* whose llc is used instead; NULL: its own */
	uint64_t	last_fetch_line;
	uint64_t	streams[MEMORY_STREAMS];	/* last line of each; 0: none */
	unsigned int	next_stream;	/* to be given up for a new one */
	uint64_t	fill[MEMORY_FILL_BUFFERS];	/* when each is free again */
	unsigned int	next_fill;
	uint64_t	bus;		/* when it is free again */
};

void memory_alloc(struct memory *mem);
void memory_free(struct memory *mem);
/* The last level is one for all CPUs of a socket; @owner's, until the next RESET. */
void memory_share_llc(struct memory *mem, struct memory *owner);
/* CLFLUSH and its kin. */
void memory_flush(struct memory *mem, uint64_t paddr);

/* An instruction's @length bytes at @paddr: how many cycles until they are there. */
uint64_t memory_fetch(struct memory *mem, uint64_t paddr, unsigned int length,
		      struct memory_events *events);
/*
 * An access whose address is known at @ready, of an instruction that issued at
 * @issue: when the line is there.
 */
uint64_t memory_access(struct memory *mem, uint64_t paddr, uint64_t issue,
		       uint64_t ready, struct memory_events *events);

/* Is what lies there in the instruction cache?  Takes it out. */
bool memory_drop_code(struct memory *mem, uint64_t paddr);

#endif
