/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The twelve nodes of the topdown tree as toplev, perf and people call them, in
 * toplev's order, and when one is worth a look (TMA 5.2, Sapphire Rapids).
 */
#ifndef CLI_NODE_H
#define CLI_NODE_H

#include "tmavisor/tma.h"

#define NODE_TMA_VERSION	"5.2"

struct node {
	const char		*area;		/* toplev: FE, BAD, BE, RET */
	const char		*perf_name;	/* "tma_..." */
	enum tma_metric		category;
	enum tma_node		part;		/* TMA_NR_NODES: the category itself */
	unsigned int		above;		/* threshold, in thousandths */
	/* Or'ed: the category is worth a look for this part's sake alone. */
	enum tma_node		or_part;
	unsigned int		or_above;
};

enum { NR_NODES = TMA_NR_LEVEL1 + TMA_NR_NODES };
extern const struct node nodes[NR_NODES];

static inline bool node_is_part(const struct node *node)
{
	return node->part != TMA_NR_NODES;
}

/* "Fetch_Latency", and "Frontend_Bound.Fetch_Latency". */
const char *node_name(const struct node *node);
void node_full_name(const struct node *node, char *name, size_t size);
u64 node_weight(const struct node *node, const struct tma_total *total);
bool node_is_above(const struct node *node, const struct tma_total *total);
/*
 * toplev's bottleneck: the largest of those above their threshold, parts before
 * categories; NULL if none is. @level2: the parts are known.
 */
const struct node *node_bottleneck(const struct tma_total *total, bool level2);

#endif
