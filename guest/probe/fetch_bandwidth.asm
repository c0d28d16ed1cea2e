; SPDX-License-Identifier: GPL-2.0
;
; Fetch bandwidth: a chain of jumps, two instructions to each. The frontend
; follows one taken branch a cycle, and so delivers two of six. It never waits:
; the code fits the decoded-instruction cache, the jumps fit the first level of
; the target buffer, and together they are more than the loop buffer replays.
;
; The key: the jumps. Without them the code is straight and comes six at a time.

FETCH_CHAIN	equ	100
FETCH_LINK	equ	32

		align	64
fetch_bandwidth:
%assign		i 0
%assign		reg 8
%rep		FETCH_CHAIN
		add	r %+ reg, 1
%assign		reg 8 + i % 4
%assign		i i + 1
%ifndef WITHOUT_KEY
		jmp	near fetch_bandwidth + i * FETCH_LINK
		align	FETCH_LINK
%endif
%endrep
		dec	rbp
		jnz	near fetch_bandwidth
		ret
