// SPDX-License-Identifier: GPL-2.0
#include "tools/sim/pmu/memory.h"

#include <string.h>

/* As CPUID leaf 4 of the simulated machine has them. */
enum {
	L1I_SETS = 64,		L1I_WAYS = 8,		/* 32 KB */
	L1D_SETS = 64,		L1D_WAYS = 12,		/* 48 KB */
	L2_SETS	 = 2048,	L2_WAYS	 = 16,		/* 2 MB */
	LLC_SETS = 90112,	LLC_WAYS = 15,		/* 82.5 MB */
};

/* In cycles. */
enum {
	FETCH_L2	= 14,
	FETCH_LLC	= 70,
	FETCH_MEMORY	= 300,
	FETCH_NEXT_LINE	= 2,

	LOAD_L1		= 5,
	LOAD_L2		= 15,
	LOAD_LLC	= 75,
	LOAD_MEMORY	= 300,

	BUS_LINE	= 8,	/* beyond L2, one line after the other */
};

enum { NO_LINE = 0, PAGE_SHIFT = 12 };

enum where { IN_L1, IN_L2, IN_LLC, IN_MEMORY };

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Lines are numbered from 1, since 0 is none. */
static uint64_t line_of(uint64_t paddr)
{
	return (paddr >> MEMORY_LINE_SHIFT) + 1;
}

void memory_alloc(struct memory *mem)
{
	memset(mem, 0, sizeof(*mem));
	cache_alloc(&mem->l1i, L1I_SETS, L1I_WAYS);
	cache_alloc(&mem->l1d, L1D_SETS, L1D_WAYS);
	cache_alloc(&mem->l2, L2_SETS, L2_WAYS);
	cache_alloc(&mem->llc, LLC_SETS, LLC_WAYS);
}

void memory_free(struct memory *mem)
{
	cache_free(&mem->l1i);
	cache_free(&mem->l1d);
	cache_free(&mem->l2);
	cache_free(&mem->llc);
}

void memory_share_llc(struct memory *mem, struct memory *owner)
{
	mem->llc_owner = owner;
}

static struct cache *llc_of(struct memory *mem)
{
	return mem->llc_owner ? &mem->llc_owner->llc : &mem->llc;
}

void memory_flush(struct memory *mem, uint64_t paddr)
{
	uint64_t line = line_of(paddr);

	cache_drop(&mem->l1d, line);
	cache_drop(&mem->l2, line);
	cache_drop(llc_of(mem), line);
	memory_drop_code(mem, paddr);
	/* Nor has a prefetcher got it under way. */
	for (unsigned int i = 0; i < MEMORY_STREAMS; i++) {
		if (mem->streams[i] + 1 == line)
			mem->streams[i] = NO_LINE;
	}
}

bool memory_drop_code(struct memory *mem, uint64_t paddr)
{
	uint64_t line = line_of(paddr);

	if (!cache_has(&mem->l1i, line))
		return false;
	cache_drop(&mem->l1i, line);
	if (mem->last_fetch_line == line)
		mem->last_fetch_line = NO_LINE;
	return true;
}

static enum where beyond_l1(struct memory *mem, uint64_t line, bool prefetched,
			    struct memory_events *events)
{
	if (cache_touch(&mem->l2, line))
		return IN_L2;

	events->llc_references++;
	if (cache_touch(llc_of(mem), line))
		return IN_LLC;
	/* What the prefetcher fetched is no demand miss. */
	events->llc_misses += !prefetched;
	return IN_MEMORY;
}

/*
 * Code
 */

static uint64_t fetch_cycles(enum where where)
{
	switch (where) {
	case IN_L1:
		break;
	case IN_L2:
		return FETCH_L2;
	case IN_LLC:
		return FETCH_LLC;
	case IN_MEMORY:
		return FETCH_MEMORY;
	}
	return 0;
}

static uint64_t fetch_line(struct memory *mem, uint64_t line,
			   struct memory_events *events)
{
	bool next = line == mem->last_fetch_line + 1;
	enum where where;

	if (line == mem->last_fetch_line)
		return 0;
	mem->last_fetch_line = line;
	if (cache_touch(&mem->l1i, line))
		return 0;
	where = beyond_l1(mem, line, next, events);
	/* The prefetcher was there first. */
	return next ? FETCH_NEXT_LINE : fetch_cycles(where);
}

/* What lies on another page is fetched by the instruction that comes next. */
uint64_t memory_fetch(struct memory *mem, uint64_t paddr, unsigned int length,
		      struct memory_events *events)
{
	uint64_t last = paddr + length - 1;
	uint64_t cycles = fetch_line(mem, line_of(paddr), events);

	if (length > 1 && last >> PAGE_SHIFT == paddr >> PAGE_SHIFT)
		cycles += fetch_line(mem, line_of(last), events);
	return cycles;
}

/*
 * Data
 */

/* Does @line follow the last one of a stream, so that it was prefetched? */
static bool follows_stream(struct memory *mem, uint64_t line)
{
	for (unsigned int i = 0; i < MEMORY_STREAMS; i++) {
		if (mem->streams[i] != NO_LINE && mem->streams[i] + 1 == line) {
			mem->streams[i] = line;
			return true;
		}
	}
	mem->streams[mem->next_stream] = line;
	mem->next_stream = (mem->next_stream + 1) % MEMORY_STREAMS;
	return false;
}

static uint64_t load_cycles(enum where where)
{
	switch (where) {
	case IN_L1:
		break;
	case IN_L2:
		return LOAD_L2;
	case IN_LLC:
		return LOAD_LLC;
	case IN_MEMORY:
		return LOAD_MEMORY;
	}
	return LOAD_L1;
}

/* A miss holds a fill buffer from its start to its end. */
static uint64_t fill(struct memory *mem, uint64_t ready, uint64_t cycles)
{
	uint64_t *buffer = &mem->fill[mem->next_fill];

	mem->next_fill = (mem->next_fill + 1) % MEMORY_FILL_BUFFERS;
	*buffer = later(*buffer, ready) + cycles;
	return *buffer;
}

uint64_t memory_access(struct memory *mem, uint64_t paddr, uint64_t issue,
		       uint64_t ready, struct memory_events *events)
{
	uint64_t line = line_of(paddr);
	enum where where;
	bool stream;

	if (cache_touch(&mem->l1d, line))
		return ready + LOAD_L1;

	stream = follows_stream(mem, line);
	where = beyond_l1(mem, line, stream, events);
	if (where == IN_LLC || where == IN_MEMORY)
		mem->bus = later(mem->bus, issue) + BUS_LINE;
	/* Prefetched into L2, as far as the bus has let it. */
	if (stream)
		return later(ready + LOAD_L2, mem->bus);
	return fill(mem, ready, load_cycles(where));
}
