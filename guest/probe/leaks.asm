; SPDX-License-Identifier: GPL-2.0
;
; Leaks: everything that could show a value of the host's is read, right after
; the guest's start, when all that is the guest's own is 0. What raises #GP is
; skipped, see traps.asm. The results say how much could be read, and all
; values ORed together.

LEAK_RDPMC_INDICES	equ	64
LEAK_MSRS		equ	0x2000

leaks:
		call	traps_on

; RDPMC: R8 readable, R9 values
		xor	r8d, r8d
		xor	r9d, r9d
		xor	ebx, ebx
.type:
		mov	esi, [rdpmc_types + rbx * 4]
		xor	edi, edi
.selector:
		lea	ecx, [rsi + rdi]
		mov	r15, .next_selector
		rdpmc
		inc	r8
		shl	rdx, 32
		or	rax, rdx
		or	r9, rax
.next_selector:
		inc	edi
		cmp	edi, LEAK_RDPMC_INDICES
		jne	.selector
		inc	ebx
		cmp	ebx, RDPMC_TYPES
		jne	.type
		mov	[GUEST_PAGE + PAGE_RESULT_RDPMC_READABLE], r8
		mov	[GUEST_PAGE + PAGE_RESULT_RDPMC_VALUES], r9

; RDMSR, but for the values of those that aren't 0 after RESET: R8, R9 as above
		xor	r8d, r8d
		xor	r9d, r9d
		xor	edi, edi
.msr:
		mov	ecx, edi
		mov	r15, .next_msr
		rdmsr
		inc	r8
		cmp	edi, MSR_PERF_GLOBAL_CTRL
		je	.next_msr
		cmp	edi, MSR_PERF_CAPABILITIES
		je	.next_msr
		cmp	edi, MSR_MISC_ENABLE
		je	.next_msr
		shl	rdx, 32
		or	rax, rdx
		or	r9, rax
.next_msr:
		inc	edi
		cmp	edi, LEAK_MSRS
		jne	.msr
		mov	[GUEST_PAGE + PAGE_RESULT_RDMSR_READABLE], r8
		mov	[GUEST_PAGE + PAGE_RESULT_RDMSR_VALUES], r9

		mov	eax, ABI_CALL_DONE
		vmcall
		ud2

		align	8
; General counters, metrics, fixed counters, and "fast" reads, which are none.
rdpmc_types:
		dd	0x00000000, 0x20000000, 0x40000000, 0x80000000
RDPMC_TYPES	equ	($ - rdpmc_types) / 4
