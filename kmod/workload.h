/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's workloads: what they are called, and which node each drives. */
#ifndef KMOD_WORKLOAD_H
#define KMOD_WORKLOAD_H

#include "tmavisor/guest_abi.h"
#include "tmavisor/tma.h"

struct workload {
	const char		*name;
	u64			rounds;		/* usually, in all slices together */
	enum tma_metric		category;	/* TMA_NR_METRICS: each has its phase */
	enum tma_node		node;		/* TMA_NR_NODES: none above the others */
};

/* In the order of the guest's table; the names are in its probe/ too. */
extern const struct workload workloads[NR_WORKLOADS];

/* For messages and help. */
#define WORKLOAD_NAMES \
	"all, retiring, light_operations, heavy_operations, " \
	"branch_mispredicts, machine_clears, fetch_latency, " \
	"fetch_bandwidth, memory_bound, core_bound or mix"

#endif
