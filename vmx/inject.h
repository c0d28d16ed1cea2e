/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for the guest: faults of what an exit handler did for it, and what its
 * local APIC has for it. The VM-entry interruption-information field is theirs,
 * and the two window-exiting controls.
 */
#ifndef VMX_INJECT_H
#define VMX_INJECT_H

#include "vmx/run.h"

/* The instruction that made the exit faults: #GP(0), #UD. */
void inject_gp(struct run *run);
void inject_ud(struct run *run);

/* A PMI that came for the guest, to its local APIC. */
void inject_pass_on_pmi(struct run *run);

/*
 * Before each VM entry: what the guest can take now, and a window for what it
 * cannot. False if it has halted and nothing wakes it.
 */
bool inject_events(struct run *run);

#endif
