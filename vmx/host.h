/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's state that a VM exit does not give back, or that VM entry would
 * show the guest. Registers of the PMU are vpmu's.
 */
#ifndef VMX_HOST_H
#define VMX_HOST_H

#include "vmx/hw.h"

struct host_state {
	u64			cr0, cr2, cr3, cr4;
	u64			dr7;
	u64			efer;
	u64			debugctl;
	u64			fs_base, gs_base, kernel_gs_base, tr_base;
	u64			guest_kernel_gs_base;
	u64			sysenter_cs, sysenter_esp, sysenter_eip;
	struct hw_table		gdt, idt;
	struct hw_selectors	sel;
};

/* In VMX root, interrupts off, before the slice's first entry. */
void host_save(struct host_state *host);
/* Right before each hw_enter(): what an NMI may have changed since. */
void host_before_entry(struct host_state *host);
/*
 * After each hw_enter(), before anything else: what it and the exit have changed,
 * or it alone.
 */
void host_after_exit(const struct host_state *host);
void host_after_failed_entry(const struct host_state *host);
/* At the end of the slice: the rest. */
void host_restore(struct host_state *host);

#endif
