/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What came of a run that went to its end. The last one's stay until the next
 * one's are published; a reader keeps those that it began with.
 */
#ifndef KMOD_RESULTS_H
#define KMOD_RESULTS_H

#include <linux/kref.h>
#include "kmod/session.h"
#include "vmx/pmu_image.h"

struct seq_file;

enum results_run { RESULTS_PLAIN, RESULTS_SWITCHED, RESULTS_NR_RUNS };

struct results {
	struct kref		refs;
	u64			session;	/* counted from 1, since insmod */
	struct session_options	options;	/* with copies of the strings */
	struct cpu_caps		caps;
	struct pmu_caps		shown;
	struct session_outcome	outcome[NR_WORKLOADS];
	struct pmu_image	image;		/* the guest's PMU, at the end */
};

/* Empty ones, held once; NULL if there is no memory. */
struct results *results_new(const struct session_options *options);
void results_put(struct results *results);

/* They are the last from now on, whose hold goes over to here. */
void results_publish(struct results *results);
/* The last, held once more; NULL if there are none. */
struct results *results_last(void);
void results_forget(void);

/* NULL if that was not run. */
const struct session_measure *results_measure(const struct results *results,
					      enum guest_workload w,
					      enum results_run run);

/* One run of a workload as one line of JSON, each with a schema of its own. */
typedef void results_shower(struct seq_file *seq, const struct results *results,
			    enum guest_workload w, enum results_run run);
results_shower results_show, results_show_exits, results_show_switches;

#endif
