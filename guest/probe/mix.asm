; SPDX-License-Identifier: GPL-2.0
;
; A mix: four phases, one of each category of level 1, for what changes over
; time. Each phase is a probe of its own and takes about as many slots as the
; others, so that over all of them no category is small; a look at one moment
; shows one of them alone.
;
; The key: the phase that is bound by memory.

; Rounds of each probe to one of the mix, for some 400000 slots in each.
MIX_RETIRING	equ	4000
MIX_MISPREDICTS	equ	1600
MIX_FETCH	equ	1
MIX_MEMORY	equ	220

mix_prepare	equ	memory_bound_prepare

; %2 rounds of %1 for each of the mix, which are on the stack
%macro		mix_phase 2
		imul	rbp, [rsp], %2
		call	%1
%endmacro

		align	64
mix:
		push	rbp
		mix_phase retiring, MIX_RETIRING
		mix_phase branch_mispredicts, MIX_MISPREDICTS
		mix_phase fetch_latency, MIX_FETCH
%ifndef WITHOUT_KEY
		mix_phase mix_memory, MIX_MEMORY
%endif
		pop	rbp
		ret

; The chain of memory_bound, which this phase is too short to walk through: what
; it has left behind is flushed, or the next time would find it in a cache.
mix_memory:
		mov	rbx, GUEST_DATA
.chase:
		mov	rcx, rbx
		mov	rbx, [rbx]
		clflush	[rcx]
		dec	rbp
		jnz	.chase
		ret
