// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include "kmod/results.h"

static DEFINE_MUTEX(last_lock);
static struct results *last;
static u64 sessions;

static void free_results(struct kref *refs)
{
	struct results *results = container_of(refs, struct results, refs);
	int w;

	for (w = 0; w < NR_WORKLOADS; w++) {
		kvfree(results->outcome[w].plain.slices);
		kvfree(results->outcome[w].switched.slices);
	}
	kfree(results->options.profile);
	kfree(results->options.deny);
	kfree(results);
}

void results_put(struct results *results)
{
	kref_put(&results->refs, free_results);
}

struct results *results_new(const struct session_options *options)
{
	struct results *results = kzalloc(sizeof(*results), GFP_KERNEL);

	if (!results)
		return NULL;
	kref_init(&results->refs);
	results->options = *options;
	results->options.profile = kstrdup(options->profile, GFP_KERNEL);
	results->options.deny = kstrdup(options->deny, GFP_KERNEL);
	if (results->options.profile && results->options.deny)
		return results;
	results_put(results);
	return NULL;
}

static void replace(struct results *results)
{
	struct results *old;

	mutex_lock(&last_lock);
	old = last;
	last = results;
	mutex_unlock(&last_lock);
	if (old)
		results_put(old);
}

void results_publish(struct results *results)
{
	results->session = ++sessions;
	replace(results);
}

void results_forget(void)
{
	replace(NULL);
}

struct results *results_last(void)
{
	struct results *results;

	mutex_lock(&last_lock);
	results = last;
	if (results)
		kref_get(&results->refs);
	mutex_unlock(&last_lock);
	return results;
}

const struct session_measure *results_measure(const struct results *results,
					      enum guest_workload w,
					      enum results_run run)
{
	const struct session_outcome *o = &results->outcome[w];
	const struct session_measure *m = run == RESULTS_PLAIN ? &o->plain : &o->switched;

	/* Without forced switches there is no second run. */
	return m->slices ? m : NULL;
}
