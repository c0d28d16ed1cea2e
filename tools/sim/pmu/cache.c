// SPDX-License-Identifier: GPL-2.0
#include "tools/sim/pmu/cache.h"

#include <stdlib.h>
#include <string.h>

/* Line 0 is a line like any other, and an empty tag is 0. */
#define VALID	(1ULL << 63)

/*
 * Memory comes by blocks of sets, with the first line that falls into each: most
 * machines are done before anything asks for a line, and most others touch few.
 */
enum { BLOCK_SETS = 64 };

void cache_alloc(struct cache *cache, unsigned int sets, unsigned int ways)
{
	cache->sets = sets;
	cache->ways = ways;
	cache->blocks = NULL;
}

static unsigned int nr_blocks(const struct cache *cache)
{
	return (cache->sets + BLOCK_SETS - 1) / BLOCK_SETS;
}

static void *zeroed(size_t nr, size_t size)
{
	void *mem = calloc(nr, size);

	if (!mem)
		abort();
	return mem;
}

void cache_free(struct cache *cache)
{
	for (unsigned int i = 0; cache->blocks && i < nr_blocks(cache); i++)
		free(cache->blocks[i]);
	free(cache->blocks);
	cache->blocks = NULL;
}

void cache_empty(struct cache *cache)
{
	cache_free(cache);
}

/* NULL: no line of its block has been there yet. */
static uint64_t *set_of(const struct cache *cache, uint64_t line)
{
	unsigned int set = line % cache->sets;
	uint64_t *block = cache->blocks ? cache->blocks[set / BLOCK_SETS] : NULL;

	return block ? block + set % BLOCK_SETS * cache->ways : NULL;
}

static uint64_t *need_set(struct cache *cache, uint64_t line)
{
	unsigned int block = line % cache->sets / BLOCK_SETS;

	if (!cache->blocks)
		cache->blocks = zeroed(nr_blocks(cache), sizeof(*cache->blocks));
	if (!cache->blocks[block])
		cache->blocks[block] = zeroed((size_t)BLOCK_SETS * cache->ways,
					      sizeof(**cache->blocks));
	return set_of(cache, line);
}

/* Its place in its set, or as many as there are ways. */
static unsigned int find(const struct cache *cache, const uint64_t *set, uint64_t line)
{
	unsigned int way = 0;

	while (way < cache->ways && set[way] != (line | VALID))
		way++;
	return way;
}

bool cache_touch(struct cache *cache, uint64_t line)
{
	uint64_t *set = set_of(cache, line);
	unsigned int way;
	bool hit;

	if (!set)
		set = need_set(cache, line);
	way = find(cache, set, line);
	hit = way < cache->ways;
	/* The last one of a full set falls out. */
	if (!hit)
		way = cache->ways - 1;
	memmove(set + 1, set, way * sizeof(*set));
	set[0] = line | VALID;
	return hit;
}

bool cache_has(const struct cache *cache, uint64_t line)
{
	const uint64_t *set = set_of(cache, line);

	return set && find(cache, set, line) < cache->ways;
}

void cache_drop(struct cache *cache, uint64_t line)
{
	uint64_t *set = set_of(cache, line);
	unsigned int way = set ? find(cache, set, line) : cache->ways;

	if (way == cache->ways)
		return;
	memmove(set + way, set + way + 1, (cache->ways - way - 1) * sizeof(*set));
	set[cache->ways - 1] = 0;
}
