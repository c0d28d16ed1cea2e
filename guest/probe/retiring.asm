; SPDX-License-Identifier: GPL-2.0
;
; Retiring: what the machine does when nothing is in its way. Eight
; independent chains of one-cycle additions, so that six can issue each cycle,
; in a loop that fits the decoded-instruction cache and whose branch is always
; taken but once.

		align	64
retiring:
.loop:
%rep		16
		add	rax, 1
		add	rbx, 1
		add	rcx, 1
		add	rdx, 1
		add	rsi, 1
		add	rdi, 1
		add	r8, 1
		add	r9, 1
%endrep
		dec	rbp
		jnz	.loop
		ret
