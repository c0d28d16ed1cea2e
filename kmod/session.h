/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One run's work: the guest's workloads run one after the other by a thread that
 * is bound to one CPU or, with migrate=1, to the next one in each slice; and what
 * came of them.
 */
#ifndef KMOD_SESSION_H
#define KMOD_SESSION_H

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/sched.h>
#include "kmod/conform.h"
#include "tmavisor/guest_abi.h"
#include "tmavisor/tma.h"
#include "vmx/run.h"

struct pmu_image;
struct results;
struct script;

/* What struct params asks for, checked. */
struct session_options {
	unsigned int	slices;		/* to measure each workload in */
	unsigned int	cpu;		/* with migrate: to begin on */
	unsigned int	switches;	/* full switches to force per workload */
	unsigned long	workloads;	/* bitmap of enum guest_workload */
	const char	*profile;	/* the PMU that the guest is shown */
	const char	*deny;		/* events that it may not count */
	bool		migrate;	/* to the next online CPU with each slice */
	bool		strict;		/* a check that fails is an error */
	/* What the PMU of each workload's guest begins with; NULL: as after RESET. */
	const struct pmu_image	*image;
};

/* One run of one workload: the sums of its slices. */
struct session_measure {
	u64			instructions;
	u64			cycles;
	struct tma_total	tma;
	u32			odd_sums;	/* slices whose level 1 is not 255 together */
	u32			odd_parts;	/* slices whose level 2 is not within it, or not there */
	u64			switches;	/* loads and puts in all */
	u64			forced;		/* while it counted, by the preemption timer */
	u64			loads;
	u64			puts;
	u64			nmis;		/* in the middle of one of these */
	u64			moves;		/* from CPU to CPU */
	u64			unrestored;	/* registers, see vpmu_put() */
	u64			guest_tsc;
	struct guest_slice	*slices;	/* session_options.slices; NULL: not run */
	u64			exits[RUN_NR_EXIT_REASONS];
};

struct session_outcome {
	struct session_measure	plain;		/* nothing forced */
	struct session_measure	switched;	/* session_options.switches forced */
};

/* What the host must find again on a CPU; see report_host(). */
struct session_host {
	u64	global_ctrl;
	u64	cr4;
	u32	lvtpc;
};

struct session_cpu {
	struct session_host	before, after;
};

struct session {
	struct session_options	options;
	struct run		run;
	void			*memory;	/* the guest's, mapped */
	struct results		*results;	/* NULL with a script */
	struct script		*script;	/* NULL: the workloads */
	struct guest_result	leaks;		/* of GUEST_PROBE_LEAKS */
	struct conform		conform;
	int			cpu;		/* of the last slice; -1: there was none */
	u64			moves;
	struct cpumask		visited;	/* and still online */
	struct session_cpu	*cpus;		/* nr_cpu_ids */
	struct task_struct	*thread;
	struct completion	done;
	int			result;
	bool			stop;
};

/*
 * Runs everything and returns when it is over: 0, and the results are published,
 * or a negative errno after a line that says why. -EINTR if a signal came or the
 * CPU went away, one slice later at most. One at a time.
 */
int session_run(const struct session_options *options);
/*
 * Likewise, but the guest does nothing but @script, whose results are in it then.
 * The last run's results stay.
 */
int session_run_script(const struct session_options *options, struct script *script);

#endif
