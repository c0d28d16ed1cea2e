/* SPDX-License-Identifier: GPL-2.0 */
/* One handler an exit reason; an exit without one ends the run. */
#ifndef VMX_EXITS_H
#define VMX_EXITS_H

#include "vmx/run.h"

/* What to do after an exit. */
enum exit_action {
	ACTION_RESUME,		/* handled: back to the guest, no put */
	ACTION_YIELD,		/* the host needs the CPU */
	ACTION_PREEMPTED,	/* the slice is used up */
	ACTION_COUNTING,	/* the guest begins what it counts */
	ACTION_DONE,		/* the guest has finished */
	ACTION_FAIL,		/* there is no handler; the run cannot go on */
};

/* @reason as the VMCS has it. */
enum exit_action exits_handle(struct run *run, u32 reason);

#endif
