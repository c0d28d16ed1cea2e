/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMX root operation on one CPU, entered and left inside a single stretch of
 * code with interrupts off. Linux neither knows of CR4.VMXE nor may see it: its
 * next write of CR4 would clear the bit and fault.
 */
#ifndef VMX_ROOT_H
#define VMX_ROOT_H

#include "vmx/caps.h"

enum root_state {
	ROOT_OFF,
	ROOT_VMXE,	/* CR4.VMXE is set */
	ROOT_ON,	/* VMXON done */
	ROOT_LOADED,	/* a VMCS is current */
};

struct root {
	void		*region;
	u64		pa;
	u64		vmcs_pa;	/* while ROOT_LOADED */
	enum root_state	state;
};

int root_alloc(struct root *root, const struct cpu_caps *caps);
void root_free(struct root *root);

/*
 * Enter VMX root and make the VMCS at @vmcs_pa current. On failure everything
 * is undone: -EBUSY if somebody else has VMX on, -EIO if the CPU refuses.
 */
int root_enter(struct root *root, u64 vmcs_pa);
/*
 * From any state back to ROOT_OFF; may be called again. -EIO, after a line that
 * says so, if the CPU may have kept something of the VMCS.
 */
int root_leave(struct root *root);

/*
 * VMX off on this CPU, whoever has it on and wherever it is: the machine goes
 * down, and nothing comes back to what was interrupted.
 */
void root_abandon(void);

#endif
