; SPDX-License-Identifier: GPL-2.0
;
; The guest: 64-bit code with its own page tables, started at its first byte
; with a stack and interrupts off. It does what the request in the shared page
; says, leaves what it has counted in memory and calls the host:
;
;   1. all counters off, FIXED_CTR_CTRL programmed, memory prepared;
;   2. the workload once for nothing, so that caches, predictor and page
;      tables are warm; with the counters on, for the simulated machine's are
;      modelled only while slots are counted;
;   3. the host is told, so that it forces its switches from here on;
;   4. then, slice by slice: counters 0, FIXED_CTR3 and PERF_METRICS as the next
;      write; GLOBAL_CTRL on, the workload, GLOBAL_CTRL off: one write each, so
;      that the two start and stop together; everything read by RDPMC.
;
; A workload is two functions, one that prepares memory and registers, and one
; that is measured, called with RBP = how often to go round. They may use all
; registers but RSP, and find them from call to call as they have left them, so
; that the next slice goes on where the last one ended.

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

; jump to %2 if there is no fixed counter %1
%macro		unless_fixed 2
		test	byte [GUEST_PAGE + PAGE_FIXED_MASK], 1 << %1
		jz	%2
%endmacro

; FIXED_CTR%1 := 0, if it is there
%macro		clear_fixed 1
		unless_fixed %1, %%none
		clear_msr MSR_FIXED_CTR0 + %1
%%none:
%endmacro

; quadword at %2 := fixed counter %1, if it is there
%macro		read_fixed 2
		unless_fixed %1, %%none
		read_counter SELECT_FIXED0 + %1, %2
%%none:
%endmacro

; %1 REGISTER, PLACE for each register that is a workload's own
%macro		each_register 1
		%1	rax, kept_registers
		%1	rbx, kept_registers + 8
		%1	rcx, kept_registers + 16
		%1	rdx, kept_registers + 24
		%1	rsi, kept_registers + 32
		%1	rdi, kept_registers + 40
		%1	r8, kept_registers + 48
		%1	r9, kept_registers + 56
		%1	r10, kept_registers + 64
		%1	r11, kept_registers + 72
		%1	r12, kept_registers + 80
		%1	r13, kept_registers + 88
		%1	r14, kept_registers + 96
		%1	r15, kept_registers + 104
%endmacro
KEPT_REGISTERS	equ	14

%macro		fetch_register 2
		mov	%1, [%2]
%endmacro

%macro		store_register 2
		mov	[%2], %1
%endmacro

start:
		; All of them are 0, or something of the host's came along.
		or	rax, rbx
		or	rax, rcx
		or	rax, rdx
		or	rax, rsi
		or	rax, rdi
		or	rax, rbp
		or	rax, r8
		or	rax, r9
		or	rax, r10
		or	rax, r11
		or	rax, r12
		or	rax, r13
		or	rax, r14
		or	rax, r15
		mov	rbx, cr2
		or	rax, rbx
		mov	[GUEST_PAGE + PAGE_RESULT_ENTRY_REGISTERS], rax
		cmp	qword [GUEST_PAGE + PAGE_WORKLOAD], ABI_PROBE_LEAKS
		je	leaks
		cmp	qword [GUEST_PAGE + PAGE_WORKLOAD], ABI_PROBE_SCRIPT
		je	script

		cmp	qword [GUEST_PAGE + PAGE_PMU], 0
		je	.prepare
		clear_msr MSR_PERF_GLOBAL_CTRL
		write_msr MSR_FIXED_CTR_CTRL, GUEST_PAGE + PAGE_FIXED_CTR_CTRL
.prepare:
		mov	rax, [GUEST_PAGE + PAGE_WORKLOAD]
		call	[prepares + rax * 8]

		call	keep_registers

		mov	rax, [GUEST_PAGE + PAGE_WARM_UP_ROUNDS]
		call	measured

		mov	eax, ABI_CALL_COUNTING
		vmcall
		call	slices
		mov	eax, ABI_CALL_DONE
		vmcall
		ud2			; the host doesn't return

slices:
		mov	qword [slice], GUEST_SLICES
		mov	rax, [GUEST_PAGE + PAGE_SLICES]
		mov	[slices_left], rax
.next:
		clear_fixed 0
		clear_fixed 1
		clear_fixed 2
		clear_fixed 3
		cmp	qword [GUEST_PAGE + PAGE_METRICS], 0
		je	.count
		clear_msr MSR_PERF_METRICS	; FIXED_CTR3 was the last write
.count:
		mov	rax, [GUEST_PAGE + PAGE_ROUNDS]
		call	measured

		mov	rbx, [slice]
		read_fixed 0, rbx + SLICE_INSTRUCTIONS
		read_fixed 1, rbx + SLICE_CYCLES
		read_fixed 2, rbx + SLICE_REF_CYCLES
		read_fixed 3, rbx + SLICE_SLOTS
		cmp	qword [GUEST_PAGE + PAGE_METRICS], 0
		je	.done
		read_counter SELECT_METRICS, rbx + SLICE_METRICS
.done:
		add	qword [slice], SLICE_BYTES
		dec	qword [slices_left]
		jnz	.next
		ret

; RAX rounds of the workload between GLOBAL_CTRL on and off.
measured:
		mov	[rounds], rax
		cmp	qword [GUEST_PAGE + PAGE_PMU], 0
		je	workload
		write_msr MSR_PERF_GLOBAL_CTRL, GUEST_PAGE + PAGE_GLOBAL_CTRL
		call	workload
		clear_msr MSR_PERF_GLOBAL_CTRL
		ret

; With the registers that are its own.
workload:
		mov	rax, [GUEST_PAGE + PAGE_WORKLOAD]
		push	qword [workloads + rax * 8]
		each_register fetch_register
		mov	rbp, [rounds]
		call	[rsp]
		add	rsp, 8
keep_registers:
		each_register store_register
		ret

nothing:
		ret

		align	8
prepares:
		dq	nothing			; retiring
		dq	nothing			; light_operations
		dq	nothing			; heavy_operations
		dq	branch_mispredicts_prepare
		dq	nothing			; machine_clears
		dq	nothing			; fetch_latency
		dq	nothing			; fetch_bandwidth
		dq	memory_bound_prepare
		dq	nothing			; core_bound
		dq	mix_prepare
workloads:
		dq	retiring
		dq	light_operations
		dq	heavy_operations
		dq	branch_mispredicts
		dq	machine_clears
		dq	fetch_latency
		dq	fetch_bandwidth
		dq	memory_bound
		dq	core_bound
		dq	mix
%if ($ - prepares) / 16 != ABI_NR_WORKLOADS
%error "enum guest_workload and these tables differ"
%endif

; Page tables: one to one, pages of 2 MBytes, for CPL 3 as well.
PAGE_PRESENT	equ	1
PAGE_WRITE	equ	2
PAGE_USER	equ	4
PAGE_LARGE	equ	0x80
PAGE_BYTES	equ	0x1000
LARGE_BYTES	equ	0x200000

		align	PAGE_BYTES, db 0
%if ($ - $$) != GUEST_TABLES - GUEST_BLOB
%error "GUEST_TABLES_GPA is not where the page tables are"
%endif
pml4:
		dq	pdpt + PAGE_PRESENT + PAGE_WRITE + PAGE_USER
		times	PAGE_BYTES / 8 - 1 dq 0
pdpt:
		dq	directory + PAGE_PRESENT + PAGE_WRITE + PAGE_USER
		times	PAGE_BYTES / 8 - 1 dq 0
directory:
%assign		page 0
%rep		GUEST_MEMORY_BYTES / LARGE_BYTES
		dq	page * LARGE_BYTES + PAGE_PRESENT + PAGE_WRITE + PAGE_USER + PAGE_LARGE
%assign		page page + 1
%endrep
		align	PAGE_BYTES, db 0

; On a page of its own: what is stored next to code is taken for code that
; changes, and clears the machine.
kept_registers:
		times	KEPT_REGISTERS dq 0
rounds:
		dq	0
slice:
		dq	0		; where the next one's counts go
slices_left:
		dq	0
		align	PAGE_BYTES, db 0

%include "probe/retiring.asm"
%include "probe/light_operations.asm"
%include "probe/heavy_operations.asm"
%include "probe/branch_mispredicts.asm"
%include "probe/machine_clears.asm"
%include "probe/fetch_latency.asm"
%include "probe/fetch_bandwidth.asm"
%include "probe/memory_bound.asm"
%include "probe/core_bound.asm"
%include "probe/mix.asm"
%include "probe/leaks.asm"
%include "probe/script.asm"
%include "traps.asm"

%if ($ - $$) > GUEST_SLICES - GUEST_BLOB
%error "the blob reaches into the slices' memory"
%endif
