/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unsigned int vm_enter(struct guest_regs *regs, bool resume)
 *
 * Returns after the VM exit.  0: an exit, the guest's RAX, RBX, RCX and RDX are
 * in *regs; 1: VMfailValid; 2: VMfailInvalid.
 */
#define HOST_RSP	0x6c14
#define HOST_RIP	0x6c16

	.text

/*
 * A payload for measure(): seven instructions, from the one that sets HOST_RSP to
 * RET, with VMRESUME and the exit in between.
 */
	.global payload_resume
payload_resume:
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
	mov	$HOST_RIP, %eax
	lea	1f, %rdx
	vmwrite	%rdx, %rax
	vmresume
1:	ret

	.global vm_enter
vm_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
	test	%esi, %esi
	mov	0(%rdi), %rax
	mov	8(%rdi), %rbx
	mov	16(%rdi), %rcx
	mov	24(%rdi), %rdx
	jnz	1f
	vmlaunch
	jmp	2f
1:	vmresume
2:	jc	3f
	mov	$1, %eax
	jmp	4f
3:	mov	$2, %eax
4:	pop	%rdi
	jmp	5f

/* HOST_RIP, with the RSP from above. */
	.global vm_exit
vm_exit:
	pop	%rdi
	mov	%rax, 0(%rdi)
	mov	%rbx, 8(%rdi)
	mov	%rcx, 16(%rdi)
	mov	%rdx, 24(%rdi)
	xor	%eax, %eax
5:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
