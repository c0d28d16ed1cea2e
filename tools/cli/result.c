// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include "tools/cli/result.h"

void result_forget_run(struct result *result)
{
	unsigned int i;

	for (i = 0; i < result->nr_workloads; i++)
		free(result->workloads[i].slices);
	free(result->failures);
	memset(result->workloads, 0, sizeof(result->workloads));
	result->failures = NULL;
	result->nr_workloads = 0;
	result->nr_failures = 0;
	result->checks = 0;
	result->skipped = 0;
}

void result_free(struct result *result)
{
	result_forget_run(result);
	memset(result, 0, sizeof(*result));
}

struct result_workload *result_find_workload(struct result *result, const char *name)
{
	unsigned int i;

	for (i = 0; i < result->nr_workloads; i++)
		if (!strcmp(result->workloads[i].name, name))
			return &result->workloads[i];
	return NULL;
}

struct result_workload *result_add_workload(struct result *result, const char *name,
					    struct complaint *c, unsigned long line)
{
	struct result_workload *w = &result->workloads[result->nr_workloads];

	if (result_find_workload(result, name)) {
		complain(c, line, "workload %s comes twice", name);
		return NULL;
	}
	if (result->nr_workloads == RESULT_MAX_WORKLOADS) {
		complain(c, line, "more than %d workloads", RESULT_MAX_WORKLOADS);
		return NULL;
	}
	snprintf(w->name, sizeof(w->name), "%s", name);
	result->nr_workloads++;
	return w;
}

/* Room for one more of @nr in @array, which doubles when it is full. */
static void *grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	array = reallocarray(array, nr ? 2 * nr : 1, size);
	if (!array)
		err(1, "no memory");
	return array;
}

bool result_add_slice(struct result_workload *w, u64 slots, u64 perf_metrics,
		      struct complaint *c, unsigned long line)
{
	if (slots >> RESULT_SLOTS_BITS ||
	    (w->total.slots + slots) >> RESULT_SLOTS_BITS)
		return complain(c, line, "%llu slots are more than a run can take", slots);
	if (w->nr_slices == RESULT_MAX_SLICES)
		return complain(c, line, "more than %d slices of %s",
				RESULT_MAX_SLICES, w->name);
	w->slices = grow(w->slices, w->nr_slices, sizeof(*w->slices));
	w->slices[w->nr_slices++] = (struct result_slice){ slots, perf_metrics };
	tma_add(&w->total, slots, perf_metrics);
	w->has_metrics = true;
	return true;
}

void result_add_failure(struct result *result, const char *suite,
			const char *claim, const char *detail)
{
	struct result_failure *f;

	result->failures = grow(result->failures, result->nr_failures,
				sizeof(*result->failures));
	f = &result->failures[result->nr_failures++];
	snprintf(f->suite, sizeof(f->suite), "%s", suite);
	snprintf(f->claim, sizeof(f->claim), "%s", claim);
	snprintf(f->detail, sizeof(f->detail), "%s", detail);
	scan_clean(f->suite);
	scan_clean(f->claim);
	scan_clean(f->detail);
}

struct tma_total result_sum(const struct result_workload *w, size_t first, size_t count)
{
	struct tma_total total = { 0 };
	size_t i;

	for (i = first; i < first + count; i++)
		tma_add(&total, w->slices[i].slots, w->slices[i].perf_metrics);
	return total;
}

bool result_is_mismeasured(const struct result_workload *w)
{
	size_t i;

	for (i = 0; i < w->nr_slices; i++)
		if (w->slices[i].slots && (!tma_adds_up(w->slices[i].perf_metrics) ||
					   !tma_parts_fit(w->slices[i].perf_metrics)))
			return true;
	return false;
}
