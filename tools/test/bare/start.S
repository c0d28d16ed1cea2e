/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the boot loader's 32-bit protected mode to main() in 64-bit mode: the
 * lower 4 GiB are mapped one to one, for user mode as well.  Then the gates
 * through which exceptions and interrupts come back to C.
 */
#include "layout.h"

#define MULTIBOOT_MAGIC		0x1badb002

	.section .multiboot, "a"
	.align 4
	.long MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

	.text
	.code32
	.global _start
_start:
	cli
	mov	$stack_top, %esp

	/* Four page directories of 2 MiB pages: present, writable, user. */
	mov	$page_directories, %edi
	mov	$0x87, %eax
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b

	movl	$page_pointers + 7, page_root
	mov	$page_pointers, %edi
	mov	$page_directories + 7, %eax
	mov	$4, %ecx
1:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	1b

	mov	$page_root, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$1 << 5, %eax			/* PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx		/* EFER: LME */
	rdmsr
	or	$1 << 8, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000021, %eax		/* PG, NE, PE */
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$SEL_CODE, $start64

	.code64
start64:
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	call	main
1:	hlt
	jmp	1b

/* Exceptions, with and without an error code of their own. */
	.altmacro
	.macro exception vector
	.align 16
	.if \vector != 8 && (\vector < 10 || \vector > 14) && \vector != 17
	push	$0
	.endif
	push	$\vector
	jmp	common
	.endm

	.align 16
	.global exception_gates
exception_gates:
	vector = 0
	.rept 32
	exception %vector
	vector = vector + 1
	.endr

	.align 16
	.global pmi_gate
pmi_gate:
	push	$0
	push	$VECTOR_PMI

common:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	mov	%rsp, %rdi
	call	handle_interrupt
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

	.data
	.align 16
	.global gdt
gdt:
	.quad 0
	.quad 0x00af9b000000ffff		/* SEL_CODE */
	.quad 0x00cf93000000ffff		/* SEL_DATA */
	.quad 0x00cff3000000ffff		/* SEL_USER_DATA */
	.quad 0x00affb000000ffff		/* SEL_USER_CODE */
	.quad 0, 0				/* SEL_TSS, filled in by C */
gdt_end:
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.bss
	.align 4096
	.global page_root
page_root:
	.skip 4096
page_pointers:
	.skip 4096
page_directories:
	.skip 4 * 4096
	.skip 65536
stack_top:
