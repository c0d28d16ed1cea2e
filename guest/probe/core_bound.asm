; SPDX-License-Identifier: GPL-2.0
;
; Core bound: a chain of multiplications, each of the result of the one before.
; One takes three cycles, and all units but one have nothing to do; no memory is
; touched.
;
; The key: the multiplications. What is left without them is the loop.

		align	64
core_bound:
		mov	eax, 3
.loop:
%ifndef WITHOUT_KEY
%rep		16
		imul	rax, rax
%endrep
%endif
		dec	rbp
		jnz	.loop
		ret
