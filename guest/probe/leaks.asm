; SPDX-License-Identifier: GPL-2.0
;
; Leaks: everything that could show a value of the host's is read, right after
; the guest's start, when all that is the guest's own is 0. What faults is
; skipped, see traps.asm. The results say how much could be read, and all values
; ORed together: R8 and R9 below, which a fault leaves alone.

LEAK_TYPES		equ	0x10000		; of RDPMC, all there can be
LEAK_INDICES		equ	64
LEAK_RANDOM		equ	10000
LEAK_SEED		equ	0x2545f491
LEAK_MSRS		equ	0x2000
LEAK_HIGH_MSRS		equ	0xc0000000
LEAK_SCRATCH		equ	GUEST_DATA	; for what stores to memory

%macro		begin_leaks 0
		xor	r8d, r8d
		xor	r9d, r9d
%endmacro

; The quadwords at %1 and %2 := how many could be read, and their values.
%macro		end_leaks 2
		mov	[GUEST_PAGE + %1], r8
		mov	[GUEST_PAGE + %2], r9
%endmacro

; EDX:EAX has been read.
%macro		note_leak 0
		inc	r8
		shl	rdx, 32
		or	rax, rdx
		or	r9, rax
%endmacro

; RDPMC of ECX, R10 times in all
%macro		try_rdpmc 0
		inc	r10
		mov	r15, %%next
		rdpmc
		note_leak
%%next:
%endmacro

; An instruction that this guest has no use for must fault.
%macro		must_fault 1+
		mov	r15, %%next
		%1
		inc	r8
		or	r9, rax
%%next:
%endmacro

; What is at [%1 + ...] is the guest's own if the base of %1 is 0.
%macro		try_base 1
		mov	rax, [%1:GUEST_PAGE + PAGE_WORKLOAD]
		xor	rax, ABI_PROBE_LEAKS
		or	r9, rax
%endmacro

leaks:
		begin_leaks
		sgdt	[LEAK_SCRATCH]
		or	r9, [LEAK_SCRATCH + 2]
		sidt	[LEAK_SCRATCH]
		or	r9, [LEAK_SCRATCH + 2]
		sldt	eax
		or	r9, rax
		try_base fs
		try_base gs
		swapgs				; IA32_KERNEL_GS_BASE
		try_base gs
		swapgs
		mov	[GUEST_PAGE + PAGE_RESULT_ENTRY_BASES], r9

		call	traps_on

		begin_leaks
%assign		i 0
%rep		8
%if i != 4 && i != 5
		must_fault mov rax, dr%[i]
%endif
%assign		i i + 1
%endrep
		must_fault rdtscp		; IA32_TSC_AUX
		must_fault rdpid rax
		must_fault rdfsbase rax
		must_fault rdgsbase rax
		xor	ecx, ecx
		must_fault xgetbv
		must_fault rdpkru
		must_fault fnstcw [LEAK_SCRATCH]
		must_fault fnsave [LEAK_SCRATCH]
		must_fault fxsave64 [LEAK_SCRATCH]
		must_fault xsave64 [LEAK_SCRATCH]
		must_fault stmxcsr [LEAK_SCRATCH]
		must_fault movq rax, mm0
%assign		i 0
%rep		16
		must_fault movq rax, xmm%[i]
		must_fault vmovdqu [LEAK_SCRATCH], ymm%[i]
%assign		i i + 1
%endrep
		must_fault kmovq rax, k1
		must_fault vmovdqu64 [LEAK_SCRATCH], zmm31
		end_leaks PAGE_RESULT_UNREACHABLE_READABLE, PAGE_RESULT_UNREACHABLE_VALUES

; RDPMC: index 0 of every type, more indices of some types, and at random.
		begin_leaks
		xor	r10d, r10d
		xor	edi, edi
.type:
		mov	ecx, edi
		shl	ecx, RDPMC_TYPE_SHIFT_BITS
		try_rdpmc
		inc	edi
		cmp	edi, LEAK_TYPES
		jne	.type

		xor	ebx, ebx
.some_type:
		mov	edi, 1
.index:
		mov	ecx, [rdpmc_types + rbx * 4]
		or	ecx, edi
		try_rdpmc
		inc	edi
		cmp	edi, LEAK_INDICES
		jne	.index
		inc	ebx
		cmp	ebx, RDPMC_TYPES
		jne	.some_type
		mov	[GUEST_PAGE + PAGE_RESULT_RDPMC_TRIED], r10
		end_leaks PAGE_RESULT_RDPMC_READABLE, PAGE_RESULT_RDPMC_VALUES

		begin_leaks
		mov	esi, LEAK_SEED
		mov	ebx, LEAK_RANDOM
.random:
		mov	eax, esi		; xorshift
		shl	eax, 13
		xor	esi, eax
		mov	eax, esi
		shr	eax, 17
		xor	esi, eax
		mov	eax, esi
		shl	eax, 5
		xor	esi, eax
		mov	ecx, esi
		try_rdpmc
		dec	ebx
		jnz	.random
		end_leaks PAGE_RESULT_RANDOM_READABLE, PAGE_RESULT_RANDOM_VALUES

; RDMSR, but for the values of those that aren't 0 after RESET
		begin_leaks
		xor	edi, edi
.msr:
		mov	ecx, edi
		mov	r15, .next_msr
		rdmsr
		inc	r8
		xor	esi, esi
.known:
		cmp	ecx, [not_0_after_reset + rsi * 4]
		je	.next_msr
		inc	esi
		cmp	esi, NOT_0_AFTER_RESET
		jne	.known
		shl	rdx, 32
		or	rax, rdx
		or	r9, rax
.next_msr:
		inc	edi
		cmp	edi, LEAK_MSRS
		jne	.below_high
		mov	edi, LEAK_HIGH_MSRS
.below_high:
		cmp	edi, LEAK_HIGH_MSRS + LEAK_MSRS
		jne	.msr
		end_leaks PAGE_RESULT_RDMSR_READABLE, PAGE_RESULT_RDMSR_VALUES

		mov	eax, ABI_CALL_DONE
		vmcall
		ud2

		align	8
; Those there are, each bit alone, and all.
rdpmc_types:
		dd	0
%assign		i RDPMC_TYPE_SHIFT_BITS
%rep		32 - RDPMC_TYPE_SHIFT_BITS
		dd	1 << i
%assign		i i + 1
%endrep
		dd	0xffff << RDPMC_TYPE_SHIFT_BITS
RDPMC_TYPES	equ	($ - rdpmc_types) / 4

not_0_after_reset:
		dd	MSR_PERF_GLOBAL_CTRL, MSR_PERF_CAPABILITIES
		dd	MSR_MISC_ENABLE, MSR_X2APIC_VERSION, MSR_X2APIC_SIVR
		dd	MSR_X2APIC_LVT_PMI
NOT_0_AFTER_RESET	equ	($ - not_0_after_reset) / 4
