; SPDX-License-Identifier: GPL-2.0
;
; The guest's probes as a program of a host: probe NAME [ROUNDS]. The same files,
; for Linux's own perf to judge: prepared, run once to warm up and once more.
;
; Linked so that the scratch memory lies where the guest has it, and that code can
; be written to, as one of the probes does.

%include "guest_abi.inc"

		bits	64
		default	abs

SYS_WRITE	equ	1
SYS_EXIT	equ	60
STDERR		equ	2
EXIT_USAGE	equ	2

; The stack at the start: count of arguments, arguments, 0
ARG_NAME	equ	16
ARG_ROUNDS	equ	24

section		.scratch nobits alloc noexec write align=64
		resb	GUEST_DATA_BYTES

section		.rodata
usage:
		db	"usage: probe NAME [ROUNDS]; NAME is one of guest/probe/", 10
USAGE_BYTES	equ	$ - usage

; A row is the name, what prepares, what is measured, the usual rounds; 0 ends.
%macro		probe 3
		dq	%%name, %2, %1, %3
[section .names]
%%name:		db	%str(%1), 0
__?SECT?__
%endmacro

section		.names progbits alloc noexec nowrite
section		.rodata
		align	8
probes:
		probe	retiring, nothing, 6000
		probe	light_operations, nothing, 6000
		probe	heavy_operations, nothing, 6000
		probe	branch_mispredicts, branch_mispredicts_prepare, 10000
		probe	machine_clears, nothing, 10000
		probe	fetch_latency, nothing, 30
		probe	fetch_bandwidth, nothing, 2000
		probe	memory_bound, memory_bound_prepare, 30000
		probe	core_bound, nothing, 10000
		probe	mix, mix_prepare, 12
		dq	0
ROW_BYTES	equ	32

; Writable, unlike .text; perf looks for symbols where the name has that in it.
section		.probes.text progbits alloc exec write align=64

global		_start
_start:
		cmp	qword [rsp], 2
		jb	wrong_use
		mov	rbx, probes
.find:
		mov	rdi, [rbx]
		test	rdi, rdi
		jz	wrong_use
		mov	rsi, [rsp + ARG_NAME]
		call	is_equal
		je	.found
		add	rbx, ROW_BYTES
		jmp	.find
.found:
		mov	rbp, [rbx + 24]
		mov	rsi, [rsp + ARG_ROUNDS]
		test	rsi, rsi		; 0 ends the arguments
		jz	.run
		call	number
		mov	rbp, rax
.run:
		push	rbp
		push	qword [rbx + 16]
		call	[rbx + 8]
		mov	rbp, [rsp + 8]
		call	[rsp]
		mov	rbp, [rsp + 8]
		call	[rsp]
		xor	edi, edi
		mov	eax, SYS_EXIT
		syscall

wrong_use:
		mov	eax, SYS_WRITE
		mov	edi, STDERR
		mov	rsi, usage
		mov	edx, USAGE_BYTES
		syscall
		mov	edi, EXIT_USAGE
		mov	eax, SYS_EXIT
		syscall

; ZF: are the strings at RDI and RSI equal?
is_equal:
		mov	al, [rdi]
		cmp	al, [rsi]
		jne	.done
		inc	rdi
		inc	rsi
		test	al, al
		jnz	is_equal
.done:
		ret

; RAX := the decimal number at RSI
number:
		xor	eax, eax
.digit:
		movzx	ecx, byte [rsi]
		sub	ecx, '0'
		jb	.done
		imul	rax, rax, 10
		add	rax, rcx
		inc	rsi
		jmp	.digit
.done:
nothing:
		ret

%include "probe/retiring.asm"
%include "probe/light_operations.asm"
%include "probe/heavy_operations.asm"
%include "probe/branch_mispredicts.asm"
%include "probe/machine_clears.asm"
%include "probe/fetch_latency.asm"
%include "probe/fetch_bandwidth.asm"
%include "probe/memory_bound.asm"
%include "probe/core_bound.asm"
%include "probe/mix.asm"
