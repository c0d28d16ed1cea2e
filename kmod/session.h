/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One insmod's work: the guest's workloads run one after the other by a
 * thread that is bound to one CPU, and what came of them.
 */
#ifndef KMOD_SESSION_H
#define KMOD_SESSION_H

#include <linux/completion.h>
#include <linux/sched.h>
#include "kmod/conform.h"
#include "tmavisor/guest_abi.h"
#include "tmavisor/tma.h"
#include "vmx/run.h"

/* Module parameters, checked. */
struct session_options {
	unsigned int	slices;		/* to measure each workload in */
	unsigned int	cpu;
	unsigned int	switches;	/* full switches to force per workload */
	unsigned long	workloads;	/* bitmap of enum guest_workload */
	const char	*profile;	/* the PMU that the guest is shown */
	const char	*deny;		/* events that it may not count */
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
	u64			guest_tsc;
	u64			exits[RUN_NR_EXIT_REASONS];
};

struct session_outcome {
	struct session_measure	plain;		/* nothing forced */
	struct session_measure	switched;	/* session_options.switches forced */
};

/* What the host must find again; see report_host(). */
struct session_host {
	u64	global_ctrl;
	u64	cr4;
	u32	lvtpc;
};

struct session {
	struct session_options	options;
	struct run		run;
	void			*memory;	/* the guest's, mapped */
	struct session_outcome	outcome[NR_WORKLOADS];
	struct guest_result	leaks;		/* of GUEST_PROBE_LEAKS */
	struct conform		conform;
	struct session_host	before, after;
	struct task_struct	*thread;
	struct completion	done;
	int			result;
	bool			stop;
};

/*
 * Runs everything and returns when it is over: 0, or a negative errno after
 * a line that says why. -EINTR if the caller was killed or the CPU went away.
 */
int session_run(struct session *session);

#endif
