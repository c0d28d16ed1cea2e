; SPDX-License-Identifier: GPL-2.0
;
; Backend bound, by memory: a chain of loads of which each needs the result of
; the one before, over more memory than the second-level cache holds and in an
; order that no prefetcher guesses. The machine can do nothing but wait.
;
; Line i holds the address of line (A i + C) mod n: with n a power of two, C
; odd and A one more than a multiple of 4 the chain runs through all n lines.

BACKEND_LINE	equ	64
BACKEND_LINES	equ	GUEST_DATA_BYTES / BACKEND_LINE
BACKEND_A	equ	1664525
BACKEND_C	equ	1013904223

backend_prepare:
		mov	rbx, GUEST_DATA
		xor	ecx, ecx
.lay:
		imul	rax, rcx, BACKEND_A
		add	rax, BACKEND_C
		and	rax, BACKEND_LINES - 1
		shl	rax, 6
		add	rax, rbx
		mov	rdx, rcx
		shl	rdx, 6
		mov	[rbx + rdx], rax
		inc	rcx
		cmp	rcx, BACKEND_LINES
		jne	.lay
		ret

		align	64
backend:
		mov	rbx, GUEST_DATA
.chase:
%rep		8
		mov	rbx, [rbx]
%endrep
		dec	rbp
		jnz	.chase
		ret
