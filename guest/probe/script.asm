; SPDX-License-Identifier: GPL-2.0
;
; Script: the guest does what the host has put at GUEST_OPS, op by op, and
; leaves there what came of each. RBP is at the op, R15 and R14 are for faults,
; see traps.asm.

CR4_PCE_BIT		equ	8
USER_STACK		equ	GUEST_STACK_TOP - 0x1000

script:
		call	traps_on
		; They are part of the blob, which is as the last run left it.
		xor	eax, eax
		mov	[pmis], rax
		mov	[nmis], rax
		mov	[lateness], rax
		mov	[nest_msr], rax
		mov	[nested], rax
		mov	qword [auto_eoi], 1
		mov	dword [watched], ABI_NO_SELECTOR
		mov	rbp, GUEST_OPS
		mov	r15, op_done
		xor	r14d, r14d
op_begin:
		mov	eax, [rbp + OP_CODE]
		jmp	[script_ops + rax * 8]
op_done:
		mov	[rbp + OP_FAULT], r14
		xor	r14d, r14d
		add	rbp, OP_BYTES
		jmp	op_begin

op_end:
		mov	eax, ABI_CALL_DONE
		vmcall
		ud2			; the host doesn't return

; Op %1: the instruction %2 with its operands, in as many others as each has.
%macro		framed_op 2
op_%1:
		mov	ecx, [rbp + OP_INDEX]
		mov	eax, [rbp + OP_VAL]
		mov	edx, [rbp + OP_VAL + 4]
		%2
		shl	rdx, 32
		or	rax, rdx
		mov	[rbp + OP_RESULT], rax
		jmp	r15
%endmacro

		framed_op nop, nop
		framed_op rdmsr, rdmsr
		framed_op wrmsr, wrmsr
		framed_op rdpmc, rdpmc
		framed_op cpuid, cpuid
		framed_op switch, vmcall

op_cpuid_cx_bx:
		mov	ecx, [rbp + OP_INDEX]
		mov	eax, [rbp + OP_VAL]
		cpuid
		mov	[rbp + OP_RESULT], ebx
		mov	[rbp + OP_RESULT + 4], ecx
		jmp	r15

op_loop:
		mov	rcx, [rbp + OP_VAL]
.round:
		dec	rcx
		jnz	.round
		jmp	r15

op_user_rdpmc:
		mov	rcx, [rbp + OP_VAL]
		cmp	rcx, ABI_PCE_AS_IT_IS
		je	.to_user
		mov	rax, cr4
		btr	rax, CR4_PCE_BIT
		shl	rcx, CR4_PCE_BIT
		or	rax, rcx
		mov	cr4, rax
.to_user:
		mov	ecx, [rbp + OP_INDEX]
		push	SELECTOR_USER_DATA
		push	USER_STACK
		pushfq
		push	SELECTOR_USER_CODE
		push	.user
		iretq
.user:
		rdpmc
		int	ABI_USER_VECTOR
on_user_done:
		shl	rdx, 32
		or	rax, rdx
		mov	[rbp + OP_RESULT], rax
		jmp	resume

op_cli:
		cli
		jmp	r15
op_sti:
		sti
		jmp	r15
op_sti_shadow:
		sti
		mov	rax, [pmis]		; not before this one has retired
		mov	[rbp + OP_RESULT], rax
		jmp	r15
op_sti_hlt:
		sti
		hlt
		jmp	r15

; Op %1: the result is the quadword at %2.
%macro		load_op 2
op_%1:
		mov	rax, [%2]
		mov	[rbp + OP_RESULT], rax
		jmp	r15
%endmacro

		load_op	pmis, pmis
		load_op	nmis, nmis
		load_op	lateness, lateness
		load_op	nested, nested

op_watch:
		mov	eax, [rbp + OP_INDEX]
		mov	[watched], eax
		jmp	r15
op_auto_eoi:
		mov	rax, [rbp + OP_VAL]
		mov	[auto_eoi], rax
		jmp	r15

op_nest:
		mov	rax, [rbp + OP_VAL]
		mov	[nest_val], rax
		mov	eax, [rbp + OP_INDEX]
		mov	[nest_msr], eax
		jmp	r15

		align	8
script_ops:
		dq	op_end, op_nop, op_rdmsr, op_wrmsr, op_rdpmc, op_cpuid
		dq	op_switch, op_cpuid_cx_bx, op_loop, op_user_rdpmc
		dq	op_cli, op_sti, op_sti_shadow, op_sti_hlt
		dq	op_pmis, op_nmis, op_lateness, op_watch, op_auto_eoi
		dq	op_nest, op_nested
%if ($ - script_ops) / 8 != ABI_NR_OPS
%error "enum guest_op_code and this table differ"
%endif
