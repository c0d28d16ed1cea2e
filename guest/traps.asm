; SPDX-License-Identifier: GPL-2.0
;
; Descriptor tables, and what the guest does with faults and interrupts.
;
; A fault skips what raised it: the guest goes on at R15 with the vector in R14,
; at CPL 0 with an empty stack, wherever it was before. An instruction that may
; fault needs no more than R15.

VECTOR_NMI		equ	2
VECTOR_UD		equ	6
VECTOR_NM		equ	7
VECTOR_GP		equ	13

SELECTOR_CODE		equ	gdt_code - gdt
SELECTOR_DATA		equ	gdt_data - gdt
SELECTOR_TSS		equ	gdt_tss - gdt
SELECTOR_USER_DATA	equ	gdt_user_data - gdt + 3
SELECTOR_USER_CODE	equ	gdt_user_code - gdt + 3

; Bits 47:32 of a gate: present, an interrupt gate; and with DPL 3.
GATE_KERNEL		equ	0x8e00
GATE_USER		equ	0xee00
TSS_AVAILABLE		equ	0x89

; Tables on. TR has to be loaded: CPL 3 leaves by the stack in its TSS.
traps_on:
		lgdt	[gdt_pointer]
		lidt	[idt_pointer]
		; The LTR of the run before has made it busy.
		mov	byte [gdt_tss + 5], TSS_AVAILABLE
		mov	eax, SELECTOR_TSS
		ltr	ax
		ret

on_gp:
		add	rsp, 8			; the error code
		mov	r14d, VECTOR_GP
		jmp	resume
on_nm:
		mov	r14d, VECTOR_NM
		jmp	resume
on_ud:
		mov	r14d, VECTOR_UD
resume:
		mov	[rsp], r15
		mov	qword [rsp + 8], SELECTOR_CODE
		mov	qword [rsp + 24], GUEST_STACK_TOP
		mov	qword [rsp + 32], SELECTOR_DATA
		iretq

; What a handler needs of the interrupted code's, kept while %1 runs.
%macro		handler 2
%1:
		push	rax
		push	rcx
		push	rdx
		call	watch
		%2
		call	nest
		pop	rdx
		pop	rcx
		pop	rax
		iretq
%endmacro

; As early as can be: how far the watched counter has come since it overflowed.
watch:
		mov	ecx, [watched]
		cmp	ecx, ABI_NO_SELECTOR
		je	.none
		rdpmc
		mov	[lateness], eax
		mov	[lateness + 4], edx
.none:
		ret

; A second overflow inside the handler; its PMI must not come before the end.
nest:
		cmp	dword [nest_msr], 0
		je	.none
		mov	ecx, MSR_PERF_GLOBAL_STATUS
		rdmsr
		mov	ecx, MSR_PERF_GLOBAL_STATUS_RESET
		wrmsr
		mov	ecx, MSR_X2APIC_LVT_PMI
		rdmsr
		and	eax, ~ABI_LVT_MASKED
		wrmsr
		mov	ecx, [nest_msr]
		mov	dword [nest_msr], 0
		mov	eax, [nest_val]
		mov	edx, [nest_val + 4]
		wrmsr
		mov	ecx, NEST_ROUNDS
.round:
		dec	ecx
		jnz	.round
		mov	rax, [pmis]
		add	rax, [nmis]
		mov	[nested], rax
.none:
		ret

count_pmi:
		inc	qword [pmis]
		cmp	qword [auto_eoi], 0
		je	.none
		mov	ecx, MSR_X2APIC_EOI
		xor	eax, eax
		xor	edx, edx
		wrmsr
.none:
		ret

		handler	on_pmi, {call count_pmi}
		handler	on_nmi, {inc qword [nmis]}

		align	8
pmis:		dq	0
nmis:		dq	0
lateness:	dq	0
auto_eoi:	dq	0
watched:	dq	0
nest_msr:	dq	0
nest_val:	dq	0
nested:		dq	0
NEST_ROUNDS	equ	500

		align	8
gdt:
		dq	0
gdt_code:
		dq	0x00209b0000000000	; present, 64 bits
gdt_data:
		dq	0x0000930000000000	; present, writable
gdt_tss:
		; The blob lies below 16 MBytes.
		dw	TSS_BYTES - 1
		dw	(tss - $$ + GUEST_BLOB) & 0xffff
		db	(tss - $$ + GUEST_BLOB) >> 16
		db	TSS_AVAILABLE
		dw	0
		dq	0
gdt_user_data:
		dq	0x0000f30000000000	; present, DPL 3, writable
gdt_user_code:
		dq	0x0020fb0000000000	; present, DPL 3, 64 bits
gdt_pointer:
		dw	$ - gdt - 1
		dq	gdt

		align	8
tss:
		dd	0
		dq	GUEST_STACK_TOP		; RSP0
TSS_BYTES	equ	0x68
		times	TSS_BYTES - ($ - tss) db 0

; The gate of vector %1: handler %2, kind %3.
%macro		gate 3
		times	(%1) * 16 - ($ - idt) db 0
		dw	(%2 - $$ + GUEST_BLOB) & 0xffff
		dw	SELECTOR_CODE
		dw	%3
		dw	(%2 - $$ + GUEST_BLOB) >> 16
		dq	0
%endmacro

		align	8
idt:
		gate	VECTOR_NMI, on_nmi, GATE_KERNEL
		gate	VECTOR_UD, on_ud, GATE_KERNEL
		gate	VECTOR_NM, on_nm, GATE_KERNEL
		gate	VECTOR_GP, on_gp, GATE_KERNEL
		gate	ABI_PMI_VECTOR, on_pmi, GATE_KERNEL
		gate	ABI_USER_VECTOR, on_user_done, GATE_USER
idt_pointer:
		dw	$ - idt - 1
		dq	idt
