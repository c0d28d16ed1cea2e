/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host and the NASM guest agree on: where things lie in the guest's
 * physical memory, and the page through which they talk.  The guest sees these
 * as guest_abi.inc, generated from guest/abi_offsets.c.
 */
#ifndef TMAVISOR_GUEST_ABI_H
#define TMAVISOR_GUEST_ABI_H

#include "tmavisor/types.h"

/* Guest-physical layout, in bytes.  The guest maps it one to one. */
#define GUEST_PAGE_GPA		0x1000		/* struct guest_page */
#define GUEST_STACK_TOP_GPA	0x4000
#define GUEST_OPS_GPA		0x4000	/* struct guest_op, GUEST_MAX_OPS of them */
#define GUEST_BLOB_GPA		0x10000		/* code; the entry is its first byte */
#define GUEST_TABLES_GPA	0x11000		/* page tables, part of the blob */
#define GUEST_SLICES_GPA	0x180000	/* struct guest_slice, request.slices of them */
#define GUEST_DATA_GPA		0x200000	/* scratch memory of the workloads */
#define GUEST_DATA_SIZE		0x800000	/* four times a Golden Cove's L2 */
#define GUEST_MEMORY_SIZE	(GUEST_DATA_GPA + GUEST_DATA_SIZE)

/* RAX of VMCALL */
enum guest_call {
	GUEST_CALL_COUNTING	= 0x746d6100,	/* what is counted begins now */
	GUEST_CALL_DONE		= 0x746d6101,	/* guest_page.result is complete */
	GUEST_CALL_SWITCH	= 0x746d6102,	/* put and load, and go on */
};

/* Written by the host before the guest starts. */
struct guest_request {
	u64	workload;		/* enum guest_workload */
	u64	slices;			/* how often to measure, GUEST_MAX_SLICES at most */
	u64	rounds;			/* of the workload in each */
	u64	warm_up_rounds;		/* before, unmeasured */
	u64	fixed_ctr_ctrl;		/* what to program, by the guest's PMU */
	u64	global_ctrl;
	u64	pmu;			/* not 0: there is one */
	u64	fixed_mask;		/* bitmap of fixed counters */
	u64	metrics;		/* not 0: PERF_METRICS is there */
};

/*
 * One measurement, written by the guest with its counters stopped. All of them
 * were 0 at its beginning, so that the shares are of this slice's slots.
 */
struct guest_slice {
	u64	instructions;		/* IA32_FIXED_CTR0 */
	u64	cycles;			/* IA32_FIXED_CTR1 */
	u64	ref_cycles;		/* IA32_FIXED_CTR2 */
	u64	slots;			/* IA32_FIXED_CTR3 */
	u64	perf_metrics;		/* IA32_PERF_METRICS */
};

#define GUEST_MAX_SLICES	10000
_Static_assert(GUEST_SLICES_GPA + GUEST_MAX_SLICES * sizeof(struct guest_slice) <=
	       GUEST_DATA_GPA, "GUEST_MAX_SLICES");

/* Of the probes that measure nothing. */
struct guest_result {
	u64	entry_registers;	/* general registers and CR2 at the start, ORed */
	/* Of GUEST_PROBE_LEAKS: how many could be read, and their values ORed. */
	u64	entry_bases;		/* of segments and tables, likewise */
	u64	unreachable_readable;	/* debug, x87, SSE, AVX registers and so on */
	u64	unreachable_values;
	u64	rdpmc_tried;
	u64	rdpmc_readable;
	u64	rdpmc_values;
	u64	random_readable;	/* selectors at random */
	u64	random_values;
	u64	rdmsr_readable;
	u64	rdmsr_values;		/* less those that are not 0 after RESET */
};

struct guest_page {
	struct guest_request	request;
	struct guest_result	result;
};

/* The order of the table in guest/guest.asm. */
enum guest_workload {
	WORKLOAD_RETIRING,
	WORKLOAD_LIGHT_OPERATIONS,
	WORKLOAD_HEAVY_OPERATIONS,
	WORKLOAD_BRANCH_MISPREDICTS,
	WORKLOAD_MACHINE_CLEARS,
	WORKLOAD_FETCH_LATENCY,
	WORKLOAD_FETCH_BANDWIDTH,
	WORKLOAD_MEMORY_BOUND,
	WORKLOAD_CORE_BOUND,
	WORKLOAD_MIX,
	NR_WORKLOADS,
	/* Not measured: see guest/probe/leaks.asm. */
	GUEST_PROBE_LEAKS = NR_WORKLOADS,
	/* The host says what to do, op by op: see guest/probe/script.asm. */
	GUEST_PROBE_SCRIPT,
};

/*
 * One instruction for the guest, or a few. Those up to GUEST_OP_SWITCH are
 * framed by the same instructions, so that each counts as many as a NOP.
 */
enum guest_op_code {
	GUEST_OP_END,
	GUEST_OP_NOP,
	GUEST_OP_RDMSR,		/* index */
	GUEST_OP_WRMSR,		/* index, val */
	GUEST_OP_RDPMC,		/* index */
	GUEST_OP_CPUID,		/* val: leaf, index: subleaf; result EDX:EAX */
	GUEST_OP_SWITCH,	/* val: GUEST_CALL_SWITCH */
	GUEST_OP_CPUID_CX_BX,	/* as GUEST_OP_CPUID; result ECX:EBX */
	GUEST_OP_LOOP,		/* val rounds of two instructions, 1 at least */
	GUEST_OP_USER_RDPMC,	/* at CPL 3; index, val: enum guest_pce */
	GUEST_OP_CLI,
	GUEST_OP_STI,
	GUEST_OP_STI_SHADOW,	/* result: PMIs seen by the instruction after STI */
	GUEST_OP_STI_HLT,
	GUEST_OP_PMIS,		/* result: how many the handler has seen */
	GUEST_OP_NMIS,
	GUEST_OP_LATENESS,	/* result: what the last handler's RDPMC gave */
	GUEST_OP_WATCH,		/* index: the selector of that RDPMC */
	GUEST_OP_AUTO_EOI,	/* val: whether the PMI handler ends with EOI */
	/*
	 * The next handler, before it ends, unmasks the LVT entry and has the
	 * counter of MSR index, set to val, overflow once more.
	 */
	GUEST_OP_NEST,
	GUEST_OP_NESTED,	/* result: PMIs and NMIs so far when that handler ended */
	NR_GUEST_OPS,
};

/* What CR4.PCE is to be. */
enum guest_pce { GUEST_PCE_CLEAR, GUEST_PCE_SET, GUEST_PCE_AS_IT_IS };

struct guest_op {
	u32	code;			/* enum guest_op_code */
	u32	index;
	u64	val;
	u64	result;			/* of what reads, EDX:EAX */
	u64	fault;			/* vector of the exception, or 0 */
};

#define GUEST_MAX_OPS		1024
/* Vectors of the guest's: what its LVT entry is to deliver, and its own. */
#define GUEST_PMI_VECTOR	0x40
#define GUEST_USER_VECTOR	0x41
#define GUEST_NO_SELECTOR	0xffffffffU

#endif
