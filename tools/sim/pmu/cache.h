/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A set-associative table of numbers with least-recently-used replacement: the
 * caches of the cost model, by line, and its target buffer, by address.  It
 * knows what is in it, not what that is.
 */
#ifndef TOOLS_SIM_PMU_CACHE_H
#define TOOLS_SIM_PMU_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct cache {
	unsigned int	sets;
	unsigned int	ways;
	uint64_t	**blocks;	/* of sets, the latest used first; 0: empty */
};

/* Aborts if there is no memory: the model is a tool, not the product. */
void cache_alloc(struct cache *cache, unsigned int sets, unsigned int ways);
void cache_free(struct cache *cache);
void cache_empty(struct cache *cache);

/* True if @line was there; it is afterwards, as the latest used of its set. */
bool cache_touch(struct cache *cache, uint64_t line);
bool cache_has(const struct cache *cache, uint64_t line);
void cache_drop(struct cache *cache, uint64_t line);

#endif
