; SPDX-License-Identifier: GPL-2.0
;
; Frontend bound: more code than the first-level instruction cache holds, and
; one jump a cache line, in an order that no next-line prefetcher guesses. Each
; block does next to nothing, so that the machine waits for instructions.
;
; FRONTEND_BLOCKS lines of 64 bytes are 256 KBytes, eight times the cache, but
; within the second level. Block i goes on with block (5 i + 1) mod n, which
; runs through all of them for n a power of two, and back to the first.

FRONTEND_LINE	equ	64
FRONTEND_BLOCKS	equ	4096

		align	FRONTEND_LINE
frontend:
		jmp	frontend_blocks

		align	FRONTEND_LINE
frontend_blocks:
%assign		i 0
%rep		FRONTEND_BLOCKS
%assign		next (5 * i + 1) % FRONTEND_BLOCKS
%if next == 0
		dec	rbp
		jz	frontend_done
%else
		add	rax, 1
%endif
		jmp	near frontend_blocks + next * FRONTEND_LINE
		align	FRONTEND_LINE
%assign		i i + 1
%endrep
frontend_done:
		ret
