/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code of known length.  count.c says how many instructions and branches each
 * payload has, its RET included.  Payloads may not touch RBX.
 */
#include "layout.h"

#define IA32_PERF_GLOBAL_CTRL	0x38f

	.text

/*
 * void measure(void (*payload)(void), uint64_t global_ctrl)
 *
 * What is counted: CALL, the payload, and the four instructions up to and with
 * the WRMSR that stops; not the one that starts.
 */
	.global measure
measure:
	push	%rbx
	mov	%rdi, %rbx
	mov	%rsi, %rax
	mov	%rsi, %rdx
	shr	$32, %rdx
	mov	$IA32_PERF_GLOBAL_CTRL, %ecx
	wrmsr
	call	*%rbx
	mov	$IA32_PERF_GLOBAL_CTRL, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	pop	%rbx
	ret

	.macro payload name
	.global payload_\name
payload_\name:
	.endm

payload nothing
	ret

payload loop
	mov	$1000, %ecx
1:	nop
	loop	1b
	ret

payload not_taken
	xor	%eax, %eax
	.rept 10
	jnz	payload_nothing
	.endr
	ret

payload calls
	.rept 5
	call	payload_nothing
	.endr
	ret

/* Two pages and a bit, which Bochs copies in leaps. */
payload rep_movsb
	lea	scratch, %rsi
	lea	scratch + 10000, %rdi
	mov	$9000, %ecx
	rep movsb
	ret

/* Backwards, which it copies byte by byte. */
payload rep_movsb_down
	lea	scratch + 3000, %rsi
	lea	scratch + 13000, %rdi
	mov	$2000, %ecx
	std
	rep movsb
	cld
	ret

payload rep_stosq
	lea	scratch, %rdi
	xor	%eax, %eax
	mov	$1000, %ecx
	rep stosq
	ret

payload rep_nothing
	xor	%ecx, %ecx
	rep movsb
	ret

payload repe_cmpsb
	lea	text_a, %rsi
	lea	text_b, %rdi
	mov	$text_length, %ecx
	repe cmpsb
	ret

payload repne_scasb
	lea	text_a, %rdi
	mov	$'Z', %eax
	mov	$text_length, %ecx
	repne scasb
	ret

payload repe_to_the_end
	lea	text_a, %rsi
	lea	text_a, %rdi
	mov	$text_length, %ecx
	repe cmpsb
	ret

payload software_interrupt
	int	$VECTOR_RETURN
	ret

/* Counter 0 while it counts: CALL and one instruction, then by another way. */
payload read_running
	mov	$0xc1, %ecx			/* IA32_PMC0 */
	rdmsr
	mov	%eax, seen_by_rdmsr
	xor	%ecx, %ecx
	rdpmc
	mov	%eax, seen_by_rdpmc
	ret

/* The handler of #UD, below, counts; the instruction that faults does not. */
payload fault
	ud2
	ret

/* Pending when HLT begins, so that HLT is over at once. */
payload halt
	mov	$APIC_BASE, %edx
	movl	$0x40000 | VECTOR_WAKE, 0x300(%rdx)	/* to self */
	sti
	hlt
	cli
	ret

payload microcode
	push	%rbx
	xor	%eax, %eax
	cpuid
	rdtsc
	mov	$1, %ecx
	xor	%edx, %edx
	mov	$100, %eax
	div	%ecx
	lfence
	pop	%rbx
	ret

	.global skip_ud_gate
skip_ud_gate:
	addq	$2, (%rsp)
	iretq

	.global return_gate
return_gate:
	iretq

	.global wake_gate
wake_gate:
	mov	$APIC_BASE, %edx
	movl	$0, APIC_EOI(%rdx)
	iretq

/*
 * void run_user(void): user_payload in user mode, and back.
 * IRET counts for the kernel, the payload with its INT for the user.
 */
	.global run_user
run_user:
	push	%rbx
	push	%rbp
	mov	%rsp, kernel_stack
	push	$SEL_USER_DATA
	push	$user_stack_top
	push	$0x2
	push	$SEL_USER_CODE
	push	$user_payload
	iretq

user_payload:
	mov	$100, %ecx
1:	loop	1b
	int	$VECTOR_LEAVE

	.global leave_gate
leave_gate:
	mov	kernel_stack, %rsp
	pop	%rbp
	pop	%rbx
	ret

/* void spin(uint64_t n): 2 n + 2 instructions. */
	.global spin
spin:
	mov	%rdi, %rcx
1:	nop
	loop	1b
	ret

	.section .rodata
text_a:
	.ascii "It was a dark and stormy night; the rain fell in torrents, Zut."
text_b:
	.ascii "It was a dark and stormy night; the rain fell in torrents except"
text_length = text_b - text_a

	.bss
	.align 4096
	.global scratch
scratch:
	.skip 32768
	.global seen_by_rdmsr, seen_by_rdpmc
seen_by_rdmsr:
	.skip 4
seen_by_rdpmc:
	.skip 4
kernel_stack:
	.skip 8
	.align 16
	.skip 4096
user_stack_top:
