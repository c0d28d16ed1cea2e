; SPDX-License-Identifier: GPL-2.0
;
; Light operations: instructions that are one slot each. Additions, one of them
; with its operand in memory (two micro-operations, but fused, and one slot), an
; address computation, a move, a nop. Each goes to a register of its own.
;
; The key: those instructions. What is left without them is the loop.

		align	64
light_operations:
		mov	r11, GUEST_DATA
.loop:
%ifndef WITHOUT_KEY
%rep		16
		add	rax, 1
		add	rbx, 1
		add	rcx, [r11]
		lea	rdx, [r11 + 8]
		mov	rsi, r11
		nop
%endrep
%endif
		dec	rbp
		jnz	.loop
		ret
