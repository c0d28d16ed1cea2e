; SPDX-License-Identifier: GPL-2.0
;
; Heavy operations: exchanges of registers, each an instruction of three
; micro-operations and three slots. Six pairs by turns, so that none waits for
; the one before it.
;
; The key: the exchanges. What is left without them is the loop.

		align	64
heavy_operations:
.loop:
%ifndef WITHOUT_KEY
%rep		8
		xchg	rax, rbx
		xchg	rcx, rdx
		xchg	rsi, rdi
		xchg	r8, r9
		xchg	r10, r11
		xchg	r12, r13
%endrep
%endif
		dec	rbp
		jnz	.loop
		ret
