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
#define GUEST_BLOB_GPA		0x10000		/* code; the entry is its first byte */
#define GUEST_TABLES_GPA	0x11000		/* page tables, part of the blob */
#define GUEST_DATA_GPA		0x200000	/* scratch memory of the workloads */
#define GUEST_DATA_SIZE		0x800000	/* four times a Golden Cove's L2 */
#define GUEST_MEMORY_SIZE	(GUEST_DATA_GPA + GUEST_DATA_SIZE)

/* RAX of VMCALL */
enum guest_call {
	GUEST_CALL_COUNTING	= 0x746d6100,	/* what is counted begins now */
	GUEST_CALL_DONE		= 0x746d6101,	/* guest_page.result is complete */
};

/* Written by the host before the guest starts. */
struct guest_request {
	u64	workload;		/* enum guest_workload */
	u64	iterations;
	u64	fixed_ctr_ctrl;		/* what to program, by the guest's PMU */
	u64	global_ctrl;
	u64	pmu;			/* not 0: there is one */
	u64	fixed_mask;		/* bitmap of fixed counters */
	u64	metrics;		/* not 0: PERF_METRICS is there */
};

/* Written by the guest with its counters stopped. */
struct guest_result {
	u64	instructions;		/* IA32_FIXED_CTR0 */
	u64	cycles;			/* IA32_FIXED_CTR1 */
	u64	ref_cycles;		/* IA32_FIXED_CTR2 */
	u64	slots;			/* IA32_FIXED_CTR3 */
	u64	perf_metrics;		/* IA32_PERF_METRICS */
	u64	entry_registers;	/* general registers and CR2 at the start, ORed */
	/* Of GUEST_PROBE_LEAKS: how many could be read, and their values ORed. */
	u64	rdpmc_readable;
	u64	rdpmc_values;
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
};

#endif
