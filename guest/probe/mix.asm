; SPDX-License-Identifier: GPL-2.0
;
; A mix: a phase of each category of level 1, one after the other, for what
; changes over time. A round is one phase, so that with as many slices as rounds
; each slice shows one category alone, and four of them all. The phases take
; about as many slots each.
;
; The key: the phase that is bound by memory.

; Rounds of a probe that make a phase of some 500000 slots.
MIX_RETIRING	equ	6000
MIX_MISPREDICTS	equ	3000
MIX_FETCH	equ	1
MIX_MEMORY	equ	330

; R14: where the generator of branch_mispredicts is; R15: phases so far
mix_prepare:
		call	branch_mispredicts_prepare
		mov	r14, rax
		xor	r15d, r15d
		jmp	memory_bound_prepare

		align	64
mix:
.next:
		push	rbp
		mov	eax, r15d
		and	eax, MIX_PHASES - 1
		inc	r15
		call	[mix_phases + rax * 8]
		pop	rbp
		dec	rbp
		jnz	.next
		ret

mix_retiring:
		mov	ebp, MIX_RETIRING
		jmp	retiring

mix_mispredicts:
		mov	rax, r14
		mov	ebp, MIX_MISPREDICTS
		call	branch_mispredicts
		mov	r14, rax
		ret

mix_fetch:
		mov	ebp, MIX_FETCH
		jmp	fetch_latency

; The chain of memory_bound, which this phase is too short to walk through: what
; it has left behind is flushed, or the next time would find it in a cache.
mix_memory:
%ifndef WITHOUT_KEY
		mov	ebp, MIX_MEMORY
		mov	rbx, GUEST_DATA
.chase:
		mov	rcx, rbx
		mov	rbx, [rbx]
		clflush	[rcx]
		dec	rbp
		jnz	.chase
%endif
		ret

		align	8
mix_phases:
		dq	mix_retiring, mix_mispredicts, mix_fetch, mix_memory
MIX_PHASES	equ	($ - mix_phases) / 8
