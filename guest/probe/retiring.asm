; SPDX-License-Identifier: GPL-2.0
;
; Retiring: what the machine does when nothing is in its way, heavy and light
; operations alike. Two cycles' worth is an exchange, of three micro-operations,
; five additions, two loads that hit the first-level cache, and two nops: twelve
; slots, eight of them for the five units that a Golden Cove has for arithmetic.
; No operation waits for one just before it, the loop fits the decoded-instruction
; cache, and its branch is always taken but once.
;
; The key: that work. What is left without it is the loop.

		align	64
retiring:
		mov	r11, GUEST_DATA
.loop:
%ifndef WITHOUT_KEY
%rep		8
		add	rax, 1
		add	rbx, 1
		mov	r8, [r11]
		xchg	rcx, rdx
		nop
		add	rsi, 1
		add	rdi, 1
		mov	r9, [r11 + 8]
		add	r10, 1
		nop
%endrep
%endif
		dec	rbp
		jnz	.loop
		ret
