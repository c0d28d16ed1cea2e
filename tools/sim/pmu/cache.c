// SPDX-License-Identifier: GPL-2.0
#include "tools/sim/pmu/cache.h"

#include <stdlib.h>
#include <string.h>

/* Line 0 is a line like any other, and an empty tag is 0. */
#define VALID	(1ULL << 63)

void cache_alloc(struct cache *cache, unsigned int sets, unsigned int ways)
{
	cache->sets = sets;
	cache->ways = ways;
	cache->tags = NULL;
}

/* Some are large, and most machines are done before anything asks for a line. */
static void need_tags(struct cache *cache)
{
	if (cache->tags)
		return;
	cache->tags = calloc((size_t)cache->sets * cache->ways, sizeof(*cache->tags));
	if (!cache->tags)
		abort();
}

void cache_free(struct cache *cache)
{
	free(cache->tags);
	cache->tags = NULL;
}

void cache_empty(struct cache *cache)
{
	cache_free(cache);
}

static uint64_t *set_of(const struct cache *cache, uint64_t line)
{
	return cache->tags + line % cache->sets * cache->ways;
}

/* Its place in its set, or as many as there are ways. */
static unsigned int find(const struct cache *cache, uint64_t line)
{
	const uint64_t *set;
	unsigned int way = 0;

	if (!cache->tags)
		return cache->ways;
	set = set_of(cache, line);
	while (way < cache->ways && set[way] != (line | VALID))
		way++;
	return way;
}

bool cache_touch(struct cache *cache, uint64_t line)
{
	unsigned int way = find(cache, line);
	bool hit = way < cache->ways;
	uint64_t *set;

	/* The last one of a full set falls out. */
	if (!hit)
		way = cache->ways - 1;
	need_tags(cache);
	set = set_of(cache, line);
	memmove(set + 1, set, way * sizeof(*set));
	set[0] = line | VALID;
	return hit;
}

bool cache_has(const struct cache *cache, uint64_t line)
{
	return find(cache, line) < cache->ways;
}

void cache_drop(struct cache *cache, uint64_t line)
{
	unsigned int way = find(cache, line);
	uint64_t *set;

	if (way == cache->ways)
		return;
	set = set_of(cache, line);
	memmove(set + way, set + way + 1, (cache->ways - way - 1) * sizeof(*set));
	set[cache->ways - 1] = 0;
}
