; SPDX-License-Identifier: GPL-2.0
;
; The guest: 64-bit code with its own page tables, started at its first byte
; with a stack and interrupts off. It does what the request in the shared page
; says, leaves the counters' values there and calls the host:
;
;   1. all counters off, FIXED_CTR_CTRL programmed, memory prepared;
;   2. the workload once for nothing, so that caches, predictor and page
;      tables are warm; with the counters on, for the simulated machine's are
;      modelled only while slots are counted;
;   3. counters 0: FIXED_CTR3, then PERF_METRICS as the next write;
;   4. the host is told, so that it forces its switches from here on;
;   5. GLOBAL_CTRL on, the workload, GLOBAL_CTRL off: one write each, so that
;      FIXED_CTR3 and PERF_METRICS start and stop together;
;   6. everything read by RDPMC.
;
; A workload is two functions, one that prepares its memory and one that is
; measured, called with RBP = how often to go round. They may use all registers
; but RSP.

%include "guest_abi.inc"

		bits	64
		org	GUEST_BLOB
		default	abs

; WRMSR of %1 := the quadword at %2
%macro		write_msr 2
		mov	ecx, %1
		mov	eax, [%2]
		mov	edx, [%2 + 4]
		wrmsr
%endmacro

; WRMSR of %1 := 0
%macro		clear_msr 1
		mov	ecx, %1
		xor	eax, eax
		xor	edx, edx
		wrmsr
%endmacro

; quadword at %2 := RDPMC of %1
%macro		read_counter 2
		mov	ecx, %1
		rdpmc
		mov	[%2], eax
		mov	[%2 + 4], edx
%endmacro

start:
		clear_msr MSR_PERF_GLOBAL_CTRL
		write_msr MSR_FIXED_CTR_CTRL, GUEST_PAGE + PAGE_FIXED_CTR_CTRL

		mov	rax, [GUEST_PAGE + PAGE_WORKLOAD]
		call	[prepares + rax * 8]

		write_msr MSR_PERF_GLOBAL_CTRL, GUEST_PAGE + PAGE_GLOBAL_CTRL
		call	workload
		clear_msr MSR_PERF_GLOBAL_CTRL

		clear_msr MSR_FIXED_CTR0
		clear_msr MSR_FIXED_CTR0 + 1
		clear_msr MSR_FIXED_CTR0 + 2
		cmp	qword [GUEST_PAGE + PAGE_SLOTS], 0
		je	.count
		clear_msr MSR_FIXED_CTR3
		cmp	qword [GUEST_PAGE + PAGE_METRICS], 0
		je	.count
		clear_msr MSR_PERF_METRICS

.count:
		mov	eax, ABI_CALL_COUNTING
		vmcall
		write_msr MSR_PERF_GLOBAL_CTRL, GUEST_PAGE + PAGE_GLOBAL_CTRL
		call	workload
		clear_msr MSR_PERF_GLOBAL_CTRL

		read_counter SELECT_FIXED0, GUEST_PAGE + PAGE_RESULT_INSTRUCTIONS
		read_counter SELECT_FIXED1, GUEST_PAGE + PAGE_RESULT_CYCLES
		read_counter SELECT_FIXED2, GUEST_PAGE + PAGE_RESULT_REF_CYCLES
		cmp	qword [GUEST_PAGE + PAGE_SLOTS], 0
		je	.done
		read_counter SELECT_FIXED3, GUEST_PAGE + PAGE_RESULT_SLOTS
		cmp	qword [GUEST_PAGE + PAGE_METRICS], 0
		je	.done
		read_counter SELECT_METRICS, GUEST_PAGE + PAGE_RESULT_METRICS
.done:
		mov	eax, ABI_CALL_DONE
		vmcall
		ud2			; the host doesn't return

workload:
		mov	rax, [GUEST_PAGE + PAGE_WORKLOAD]
		mov	rbp, [GUEST_PAGE + PAGE_ITERATIONS]
		jmp	[workloads + rax * 8]

nothing:
		ret

		align	8
prepares:
		dq	nothing			; retiring
		dq	nothing			; bad_speculation
		dq	nothing			; frontend
		dq	backend_prepare
workloads:
		dq	retiring
		dq	bad_speculation
		dq	frontend
		dq	backend
%if ($ - prepares) / 16 != ABI_NR_WORKLOADS
%error "enum guest_workload and these tables differ"
%endif

; Page tables: one to one, pages of 2 MBytes.
PAGE_PRESENT	equ	1
PAGE_WRITE	equ	2
PAGE_LARGE	equ	0x80
PAGE_BYTES	equ	0x1000
LARGE_BYTES	equ	0x200000

		align	PAGE_BYTES, db 0
%if ($ - $$) != GUEST_TABLES - GUEST_BLOB
%error "GUEST_TABLES_GPA is not where the page tables are"
%endif
pml4:
		dq	pdpt + PAGE_PRESENT + PAGE_WRITE
		times	PAGE_BYTES / 8 - 1 dq 0
pdpt:
		dq	directory + PAGE_PRESENT + PAGE_WRITE
		times	PAGE_BYTES / 8 - 1 dq 0
directory:
%assign		page 0
%rep		GUEST_MEMORY_BYTES / LARGE_BYTES
		dq	page * LARGE_BYTES + PAGE_PRESENT + PAGE_WRITE + PAGE_LARGE
%assign		page page + 1
%endrep
		align	PAGE_BYTES, db 0

%include "probe/retiring.asm"
%include "probe/bad_speculation.asm"
%include "probe/frontend.asm"
%include "probe/backend.asm"

%if ($ - $$) > GUEST_DATA - GUEST_BLOB
%error "the blob reaches into the workloads' memory"
%endif
