// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include "tools/cli/node.h"

static const char *const category_names[] = TMA_CATEGORY_NAMES;
static const char *const part_names[] = TMA_NODE_NAMES;

#define CATEGORY(AREA, PERF, ID, ABOVE) \
	{ AREA, PERF, ID, TMA_NR_NODES, ABOVE, TMA_NR_NODES, 0 }
#define PART(AREA, PERF, CATEGORY_ID, ID, ABOVE) \
	{ AREA, PERF, CATEGORY_ID, ID, ABOVE, TMA_NR_NODES, 0 }

const struct node nodes[NR_NODES] = {
	CATEGORY("FE", "tma_frontend_bound",
		 TMA_FRONTEND_BOUND, 150),
	PART("FE", "tma_fetch_latency",
	     TMA_FRONTEND_BOUND, TMA_NODE_FETCH_LATENCY, 100),
	PART("FE", "tma_fetch_bandwidth",
	     TMA_FRONTEND_BOUND, TMA_NODE_FETCH_BANDWIDTH, 200),
	CATEGORY("BAD", "tma_bad_speculation",
		 TMA_BAD_SPECULATION, 150),
	PART("BAD", "tma_branch_mispredicts",
	     TMA_BAD_SPECULATION, TMA_NODE_BRANCH_MISPREDICTS, 100),
	PART("BAD", "tma_machine_clears",
	     TMA_BAD_SPECULATION, TMA_NODE_MACHINE_CLEARS, 100),
	CATEGORY("BE", "tma_backend_bound",
		 TMA_BACKEND_BOUND, 200),
	PART("BE", "tma_memory_bound",
	     TMA_BACKEND_BOUND, TMA_NODE_MEMORY_BOUND, 200),
	PART("BE", "tma_core_bound",
	     TMA_BACKEND_BOUND, TMA_NODE_CORE_BOUND, 100),
	{ "RET", "tma_retiring", TMA_RETIRING, TMA_NR_NODES, 700,
	  TMA_NODE_HEAVY_OPERATIONS, 100 },
	PART("RET", "tma_heavy_operations",
	     TMA_RETIRING, TMA_NODE_HEAVY_OPERATIONS, 100),
	PART("RET", "tma_light_operations",
	     TMA_RETIRING, TMA_NODE_LIGHT_OPERATIONS, 600),
};

const char *node_name(const struct node *node)
{
	return node_is_part(node) ? part_names[node->part] :
				    category_names[node->category];
}

void node_full_name(const struct node *node, char *name, size_t size)
{
	snprintf(name, size, "%s%s%s", category_names[node->category],
		 node_is_part(node) ? "." : "",
		 node_is_part(node) ? node_name(node) : "");
}

u64 node_weight(const struct node *node, const struct tma_total *total)
{
	return node_is_part(node) ? tma_node_weight(total, node->part) :
				    total->weight[node->category];
}

static const struct node *parent(const struct node *node)
{
	const struct node *p = node;

	while (node_is_part(p))
		p--;
	return p;
}

static bool exceeds(const struct tma_total *total, u64 weight, unsigned int permille)
{
	return tma_perf_permille(total, weight) > permille;
}

bool node_is_above(const struct node *node, const struct tma_total *total)
{
	bool above = exceeds(total, node_weight(node, total), node->above);

	if (node->or_part != TMA_NR_NODES)
		above |= exceeds(total, tma_node_weight(total, node->or_part),
				 node->or_above);
	/* What is a part of little is little, but of Retiring it counts by itself. */
	if (node_is_part(node) && node->category != TMA_RETIRING)
		above &= node_is_above(parent(node), total);
	return above;
}

static const struct node *largest(const struct tma_total *total, bool parts)
{
	const struct node *best = NULL;
	int i;

	for (i = 0; i < NR_NODES; i++)
		if (node_is_part(&nodes[i]) == parts &&
		    node_is_above(&nodes[i], total) &&
		    (!best || node_weight(&nodes[i], total) > node_weight(best, total)))
			best = &nodes[i];
	return best;
}

const struct node *node_bottleneck(const struct tma_total *total, bool level2)
{
	const struct node *best = level2 ? largest(total, true) : NULL;

	return best ? best : largest(total, false);
}
