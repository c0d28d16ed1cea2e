; SPDX-License-Identifier: GPL-2.0
;
; Branch mispredicts: branches on bits of a xorshift generator, which no
; predictor learns. Each direction is right half the time, and what was issued
; behind the wrong one is thrown away. The generator's period is far beyond any
; history.
;
; The key: the branches.

branch_mispredicts_prepare:
		mov	rax, 0x9e3779b97f4a7c15
		ret

		align	64
branch_mispredicts:
.loop:
		mov	rbx, rax
		shl	rbx, 13
		xor	rax, rbx
		mov	rbx, rax
		shr	rbx, 7
		xor	rax, rbx
		mov	rbx, rax
		shl	rbx, 17
		xor	rax, rbx
%assign		bit_number 20
%rep		4
		bt	rax, bit_number
%ifndef WITHOUT_KEY
		jc	.skip %+ bit_number
%endif
		inc	rcx
.skip %+ bit_number:
%assign		bit_number bit_number + 7
%endrep
		dec	rbp
		jnz	.loop
		ret
