/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMCS and PMU state for humans: what a failed entry or an unexpected exit
 * looked like, and which entry check failed.
 */
#ifndef VMX_DUMP_H
#define VMX_DUMP_H

#include "vmx/caps.h"
#include "vmx/hw.h"

const char *dump_field_name(u32 field);
const char *dump_exit_reason_name(u32 reason);
/* The guest at an exit that ends the run; the VMCS is current. */
void dump_exit(u32 reason, const struct guest_regs *regs);
/* Every field; at debug level. */
void dump_vmcs(void);
/*
 * VM entry failed, by VMfail with @error or by an exit with @reason: say so, with
 * the field, its value and the rule that it breaks, if this knows the rule. The
 * VMCS is current still.
 */
void dump_vmfail(u32 error, const struct cpu_caps *caps);
void dump_failed_entry(u32 reason, const struct cpu_caps *caps);

#endif
