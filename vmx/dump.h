/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMCS and PMU state for humans: what a failed entry or an unexpected exit
 * looked like, and which entry check failed.
 */
#ifndef VMX_DUMP_H
#define VMX_DUMP_H

#include "vmx/hw.h"

const char *dump_field_name(u32 field);
const char *dump_exit_reason_name(u32 reason);
/* The guest at an exit that ends the run; the VMCS is current. */
void dump_exit(u32 reason, const struct guest_regs *regs);
/* Every field; at debug level. */
void dump_vmcs(void);
/*
 * VM entry failed, by VMfail with @error or by an exit with @reason: say so, and
 * name the field that breaks a rule if it is one of those that this knows.
 */
void dump_vmfail(u32 error, u64 global_ctrl_mask);
void dump_failed_entry(u32 reason, u64 global_ctrl_mask);

#endif
