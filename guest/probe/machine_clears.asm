; SPDX-License-Identifier: GPL-2.0
;
; Machine clears, by self-modifying code: a store into the line of instructions
; that runs. All that was fetched behind it may be stale, so the machine throws
; it away and starts over after the store (SDM, "Self-Modifying Code"). Nothing
; has to be learnt or guessed for that, as with other causes of clears. What is
; written is what was there, for the guest runs more than once.
;
; The key: the store.

		align	64
machine_clears:
		lea	rbx, [rel .patched]
		mov	al, [rbx]
.loop:
%ifndef WITHOUT_KEY
		mov	[rbx], al
%endif
%rep		4
		add	rcx, 1
		add	rdx, 1
		add	rsi, 1
%endrep
.patched:
		add	rdi, 1
		dec	rbp
		jnz	.loop
		ret
