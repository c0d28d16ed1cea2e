; SPDX-License-Identifier: GPL-2.0
;
; Memory bound: a chain of loads of which each needs the result of the one
; before, over more memory than the second-level cache holds and in an order
; that no prefetcher guesses. The machine can do nothing but wait.
;
; Line i holds the address of line (A i + C) mod n: with n a power of two, C
; odd and A one more than a multiple of 4 the chain runs through all n lines.
;
; The key: the loads. What is left without them is the loop.

MEMORY_LINE	equ	64
MEMORY_LINES	equ	GUEST_DATA_BYTES / MEMORY_LINE
MEMORY_A	equ	1664525
MEMORY_C	equ	1013904223

memory_bound_prepare:
		mov	rbx, GUEST_DATA
		xor	ecx, ecx
.lay:
		imul	rax, rcx, MEMORY_A
		add	rax, MEMORY_C
		and	rax, MEMORY_LINES - 1
		shl	rax, 6
		add	rax, rbx
		mov	rdx, rcx
		shl	rdx, 6
		mov	[rbx + rdx], rax
		inc	rcx
		cmp	rcx, MEMORY_LINES
		jne	.lay
		ret			; RBX: the first line

		align	64
memory_bound:
.chase:
%ifndef WITHOUT_KEY
%rep		8
		mov	rbx, [rbx]
%endrep
%endif
		dec	rbp
		jnz	.chase
		ret
