/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One guest and its runs: load, enter, handle, put, a slice at a time.
 */
#ifndef VMX_RUN_H
#define VMX_RUN_H

#include "vmx/apic.h"
#include "vmx/ept.h"
#include "vmx/host.h"
#include "vmx/msr_bitmap.h"
#include "vmx/root.h"
#include "vmx/vmcs.h"
#include "vmx/vpmu.h"

/* Basic exit reasons are below this; one counter each. */
enum { RUN_NR_EXIT_REASONS = 80 };

/* What ended a run that cannot go on, and its number. */
enum run_failure {
	RUN_NO_FAILURE,		/* or of the VMCS: see vmcs_check() */
	RUN_FAILED_NO_VMCS,
	RUN_FAILED_VMFAIL,	/* VM-instruction error */
	RUN_FAILED_EXIT,	/* exit reason */
	RUN_FAILED_HALT,	/* the guest waits for what can't come */
};

struct run {
	struct cpu_caps		caps;
	struct ctls		ctls;
	struct root		root;
	struct vmcs		vmcs;
	struct msr_bitmap	bitmap;
	struct ept		ept;
	struct vpmu		vpmu;
	struct apic		apic;
	struct host_state	host;
	struct guest_regs	regs;
	struct vmcs_guest	start;
	bool			fresh;		/* VMCS not written since run_start() */
	bool			halted;		/* the guest waits for an interrupt */
	u32			cpu_controls;	/* as the VMCS has them */
	bool			nmi;		/* of the host's, to be delivered */
	bool			machine_check;	/* likewise */
	u32			postponed;	/* loads, in a row, for a PMI that has not come */
	u64			nmis_seen;	/* of all, when the last one was */
	u64			guest_tsc;	/* TSC ticks from entry to exit since RUN_COUNTING */
	u64			exits[RUN_NR_EXIT_REASONS];
	enum run_failure	failure;
	u32			failure_number;
};

enum run_result {
	RUN_MORE,		/* the slice is over, the guest isn't */
	RUN_PREEMPTED,		/* likewise, by the preemption timer */
	RUN_COUNTING,		/* likewise: the guest begins what it counts */
	RUN_DONE,		/* the guest has said so */
};

/*
 * Read the CPU's capabilities, choose controls for a guest that is shown the
 * PMU of @profile less the events of @deny, allocate what it needs. On the CPU
 * it will run on. Negative errno as caps_read(), profile_parse(),
 * filter_parse(), ctls_choose(), or -ENOMEM; nothing is left behind then.
 */
int run_alloc(struct run *run, const char *profile, const char *deny);
void run_free(struct run *run);

/*
 * On each CPU that the run comes to for the first time, interrupts off and the
 * EPT complete: see whether it is like the one of run_alloc() and VMX root can be
 * entered, and forget what it has cached of EPTs before. Neither VMXON nor VM
 * entry does that, and an EPT at the same address may have been there, with pages
 * that are somebody else's by now. As caps_read(), ctls_choose(), root_enter();
 * -EOPNOTSUPP without a line if the CPUs differ: *differs says in what.
 */
int run_begin(struct run *run, const char **differs);
/* Each time that the next slice is on another CPU than the last. */
void run_move(struct run *run);

/* The guest from its beginning, with registers as after RESET. */
void run_start(struct run *run, const struct vmcs_guest *start);

/* The preemption timer goes on from where the last slice left it. */
enum { RUN_TIMER_GOES_ON = 0 };

/*
 * One slice, interrupts off: VMX root is entered and left inside. @timer in
 * units of the VMX-preemption timer, see run_timer_ticks(), or
 * RUN_TIMER_GOES_ON. An enum run_result, or
 * -EAGAIN  an interrupt of the host's must be let in first
 * -EBUSY   VMX is in use by now
 * -EIO     VM entry failed, or an exit that has no handler; reported
 */
int run_slice(struct run *run, u32 timer);

/* TSC ticks in units of the VMX-preemption timer: at least 1. */
u32 run_timer_ticks(const struct run *run, u64 tsc);

#endif
