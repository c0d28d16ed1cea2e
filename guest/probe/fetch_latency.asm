; SPDX-License-Identifier: GPL-2.0
;
; Fetch latency: more code than the first-level instruction cache holds, and
; one jump a cache line, in an order that no next-line prefetcher guesses. Each
; block does next to nothing, so that the machine waits for instructions.
;
; FETCH_BLOCKS lines of 64 bytes are 256 KBytes, eight times the cache, but
; within the second level, and a third of the jumps that a Golden Cove's target
; buffer holds. Block i goes on with block (5 i + 1) mod n, which runs through
; all of them for n a power of two, and back to the first.
;
; The key: the jumps. Without them the code is straight, and fits the cache.

FETCH_LINE	equ	64
FETCH_BLOCKS	equ	4096

		align	FETCH_LINE
fetch_latency:
%assign		i 0
%rep		FETCH_BLOCKS
%assign		next (5 * i + 1) % FETCH_BLOCKS
%ifndef WITHOUT_KEY
		align	FETCH_LINE
%endif
%if next == 0
		dec	rbp
		jz	near fetch_latency_done
%else
		add	rax, 1
%endif
%ifndef WITHOUT_KEY
		jmp	near fetch_latency + next * FETCH_LINE
%endif
%assign		i i + 1
%endrep
		jmp	near fetch_latency
fetch_latency_done:
		ret
