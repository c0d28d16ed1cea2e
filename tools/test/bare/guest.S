/* SPDX-License-Identifier: GPL-2.0 */
/* What runs in VMX non-root operation; VMCALL ends it. */
#define IA32_DEBUGCTL		0x1d9
#define IA32_PERF_GLOBAL_CTRL	0x38f

	.text
	.global guest_call
guest_call:
	vmcall

	.global guest_read_global_ctrl
guest_read_global_ctrl:
	mov	$IA32_PERF_GLOBAL_CTRL, %ecx
	rdmsr
	vmcall

/* EDX:EAX as the host gave them. */
	.global guest_write_global_ctrl
guest_write_global_ctrl:
	mov	$IA32_PERF_GLOBAL_CTRL, %ecx
	wrmsr
	vmcall

	.global guest_read_debugctl
guest_read_debugctl:
	mov	$IA32_DEBUGCTL, %ecx
	rdmsr
	vmcall

	.global guest_write_debugctl
guest_write_debugctl:
	mov	$IA32_DEBUGCTL, %ecx
	wrmsr
	vmcall

	.global guest_rdpmc
guest_rdpmc:
	rdpmc
	vmcall

/* One instruction, then an exit. */
	.global guest_step
guest_step:
	inc	%rbx
	vmcall

/* RCX times two instructions. */
	.global guest_spin
guest_spin:
	nop
	loop	guest_spin
	vmcall
