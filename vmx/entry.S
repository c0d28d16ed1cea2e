/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>
#include "asm_offsets.h"

/*
 * enum hw_entry hw_enter(struct guest_regs *regs, const u32 *phase,
 *			  bool launched)
 *
 * One world switch and back:
 *  1. save what the C caller expects to be preserved, and @regs;
 *  2. HOST_RSP := this stack frame;
 *  3. look at *phase: is the guest's PMU still in the hardware?
 *  4. load CR2 and 15 general registers; RSP and RIP are in the VMCS;
 *  5. VMLAUNCH or VMRESUME; hw_exit is where the CPU comes back;
 *  6. save the guest's registers, zero them, fill the return stack buffer;
 *  7. back to C.
 *
 * From 3 to the VM entry lies a window that no flag can close: an NMI that is
 * taken there takes the guest's PMU out. Its handler sees RIP in
 * [hw_enter_commit, hw_enter_commit_end) and makes the entry fail, by
 * vmcs_spoil_entry(). Changing the RIP that it returns to would do nothing:
 * Linux returns from an NMI by a copy of the frame that no handler sees.
 *
 * Not switched: x87, SSE, AVX, AMX, PKRU (the guest is kept from them), DR0 to
 * DR3 and DR6 (MOV DR exits).
 */
.section .text, "ax"

SYM_FUNC_START(hw_enter)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi

	mov	$ASM_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	jbe	.Lvmfail

	cmpl	$ASM_VPMU_GUEST, (%rsi)
SYM_INNER_LABEL(hw_enter_commit, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	jne	.Lrestart

	mov	REGS_CR2(%rdi), %rax
	mov	%rax, %cr2
	/* Its flags survive the moves below. */
	test	%dl, %dl
	mov	REGS_RAX(%rdi), %rax
	mov	REGS_RBX(%rdi), %rbx
	mov	REGS_RCX(%rdi), %rcx
	mov	REGS_RDX(%rdi), %rdx
	mov	REGS_RSI(%rdi), %rsi
	mov	REGS_RBP(%rdi), %rbp
	mov	REGS_R8(%rdi), %r8
	mov	REGS_R9(%rdi), %r9
	mov	REGS_R10(%rdi), %r10
	mov	REGS_R11(%rdi), %r11
	mov	REGS_R12(%rdi), %r12
	mov	REGS_R13(%rdi), %r13
	mov	REGS_R14(%rdi), %r14
	mov	REGS_R15(%rdi), %r15
	mov	REGS_RDI(%rdi), %rdi
	jnz	.Lresume
	vmlaunch
	jmp	.Lvmfail
.Lresume:
	vmresume
SYM_INNER_LABEL(hw_enter_commit_end, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	/* Always taken: an instruction that falls through has failed. */
	jbe	.Lvmfail

SYM_INNER_LABEL(hw_exit, SYM_L_GLOBAL)
	ENDBR
	/* RSP is as at the VMWRITE; @regs is on top of the stack. */
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, REGS_RAX(%rdi)
	mov	%rbx, REGS_RBX(%rdi)
	mov	%rcx, REGS_RCX(%rdi)
	mov	%rdx, REGS_RDX(%rdi)
	mov	%rsi, REGS_RSI(%rdi)
	mov	%rbp, REGS_RBP(%rdi)
	mov	%r8, REGS_R8(%rdi)
	mov	%r9, REGS_R9(%rdi)
	mov	%r10, REGS_R10(%rdi)
	mov	%r11, REGS_R11(%rdi)
	mov	%r12, REGS_R12(%rdi)
	mov	%r13, REGS_R13(%rdi)
	mov	%r14, REGS_R14(%rdi)
	mov	%r15, REGS_R15(%rdi)
	popq	REGS_RDI(%rdi)
	mov	%cr2, %rax
	mov	%rax, REGS_CR2(%rdi)

	/* Nothing of the guest's may steer speculation in C. */
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	/* On the CPUs, and as far, as the kernel does it for KVM. */
	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, X86_FEATURE_RSB_VMEXIT_LITE

	mov	$ASM_HW_ENTRY_EXITED, %eax
.Lreturn:
	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET

.Lvmfail:
	mov	$ASM_HW_ENTRY_FAIL_INVALID, %eax
	jc	.Lreturn
	mov	$ASM_HW_ENTRY_FAIL_VALID, %eax
	jmp	.Lreturn

.Lrestart:
	mov	$ASM_HW_ENTRY_RESTART, %eax
	jmp	.Lreturn
SYM_FUNC_END(hw_enter)
/* A probe's copy of an instruction lies outside the window that NMIs look for. */
_ASM_NOKPROBE(hw_enter)
