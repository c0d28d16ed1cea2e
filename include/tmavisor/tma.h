/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fields of IA32_PERF_METRICS and how to read them.
 *
 * Each byte is the metric's share of the slots in units of 1/255.  Level 2
 * (the upper half) exists from Sapphire Rapids on; each of its bytes is the
 * part of the level-1 byte 32 bits below it that has one particular cause.
 */
#ifndef TMAVISOR_TMA_H
#define TMAVISOR_TMA_H

#include "tmavisor/types.h"

enum tma_metric {
	TMA_RETIRING,
	TMA_BAD_SPECULATION,
	TMA_FRONTEND_BOUND,
	TMA_BACKEND_BOUND,
	TMA_NR_LEVEL1,
	TMA_HEAVY_OPERATIONS	= TMA_NR_LEVEL1,
	TMA_BRANCH_MISPREDICTS,
	TMA_FETCH_LATENCY,
	TMA_MEMORY_BOUND,
	TMA_NR_METRICS,
};

#define TMA_METRIC_BITS		8
#define TMA_METRIC_MAX		255u

/* Human names as toplev and VTune have them. */
#define TMA_CATEGORY_NAMES { \
	"Retiring", "Bad_Speculation", "Frontend_Bound", "Backend_Bound" }
#define TMA_NODE_NAMES { \
	"Heavy_Operations", "Light_Operations", "Branch_Mispredicts", \
	"Machine_Clears", "Fetch_Latency", "Fetch_Bandwidth", \
	"Memory_Bound", "Core_Bound" }

static inline unsigned int tma_byte(u64 perf_metrics, enum tma_metric metric)
{
	return (perf_metrics >> (metric * TMA_METRIC_BITS)) & TMA_METRIC_MAX;
}

/* Sum of the four level-1 bytes; 255, give or take the hardware's rounding. */
static inline unsigned int tma_level1_sum(u64 perf_metrics)
{
	unsigned int sum = 0;
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		sum += tma_byte(perf_metrics, i);
	return sum;
}

/*
 * "They add up to 0xff"; leave the hardware a rounding of one for each of them
 * but the last.
 */
static inline bool tma_adds_up(u64 perf_metrics)
{
	unsigned int sum = tma_level1_sum(perf_metrics);

	return sum >= TMA_METRIC_MAX - 1 && sum <= TMA_METRIC_MAX + 2;
}

/* No part is larger than its whole. */
static inline bool tma_parts_fit(u64 perf_metrics)
{
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		if (tma_byte(perf_metrics, (enum tma_metric)(i + TMA_NR_LEVEL1)) >
		    tma_byte(perf_metrics, (enum tma_metric)i))
			return false;
	return true;
}

/*
 * The nodes of the tree that level 2 is. Of each category the register has one;
 * the other is what is left of the category.
 */
enum tma_node {
	TMA_NODE_HEAVY_OPERATIONS,
	TMA_NODE_LIGHT_OPERATIONS,	/* deduced, as every second one */
	TMA_NODE_BRANCH_MISPREDICTS,
	TMA_NODE_MACHINE_CLEARS,
	TMA_NODE_FETCH_LATENCY,
	TMA_NODE_FETCH_BANDWIDTH,
	TMA_NODE_MEMORY_BOUND,
	TMA_NODE_CORE_BOUND,
	TMA_NR_NODES,
};

static inline enum tma_metric tma_category_of(enum tma_node node)
{
	return (enum tma_metric)(node / 2);
}

/*
 * Several readings of the pair, each from 0 on. A byte is a share of its own
 * reading's slots, so it is slots x byte that adds up; the difference of two
 * readings of one long count would be noise.
 */
struct tma_total {
	u64	readings;
	u64	slots;
	u64	weight[TMA_NR_METRICS];	/* sums of slots x byte */
};

static inline void tma_add(struct tma_total *total, u64 slots, u64 perf_metrics)
{
	int i;

	total->readings++;
	total->slots += slots;
	for (i = 0; i < TMA_NR_METRICS; i++)
		total->weight[i] += slots * tma_byte(perf_metrics, i);
}

static inline u64 tma_node_weight(const struct tma_total *total, enum tma_node node)
{
	u64 whole = total->weight[tma_category_of(node)];
	u64 told = total->weight[TMA_NR_LEVEL1 + tma_category_of(node)];

	if (node % 2 == 0)
		return told;
	/* The two are rounded apart. */
	return whole > told ? whole - told : 0;
}

/* Sum of the weights of level 1: the slots times 255, but for rounding. */
static inline u64 tma_level1_weight(const struct tma_total *total)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		sum += total->weight[i];
	return sum;
}

/* A weight in slots, as the register means it. */
static inline u64 tma_slots(u64 weight)
{
	return (weight + TMA_METRIC_MAX / 2) / TMA_METRIC_MAX;
}

/* Thousandths, rounded to nearest; 0 of nothing. */
static inline unsigned int tma_permille(u64 part, u64 whole)
{
	/* No product overflows: what is left is precise enough. */
	while (part >> 53 || whole >> 53) {
		part >>= 1;
		whole >>= 1;
	}
	return whole ? (part * 1000 + whole / 2) / whole : 0;
}

/* Share of the slots, as the register has it: byte / 255. */
static inline unsigned int tma_raw_permille(const struct tma_total *total, u64 weight)
{
	return tma_permille(tma_slots(weight), total->slots);
}

/* Share as perf and toplev have it: byte / sum of the four of level 1. */
static inline unsigned int tma_perf_permille(const struct tma_total *total, u64 weight)
{
	return tma_permille(weight, tma_level1_weight(total));
}

/*
 * Slots of a reading below which its shares say little: the instructions that
 * start and stop the counters take some hundred slots themselves, a percent.
 */
enum { TMA_FEW_SLOTS = 10000 };

static inline bool tma_is_reliable(const struct tma_total *total)
{
	return total->slots >= total->readings * TMA_FEW_SLOTS && total->readings;
}

/* The category, or the node, with the largest share. */
static inline enum tma_metric tma_dominant(const struct tma_total *total)
{
	int i, best = 0;

	for (i = 1; i < TMA_NR_LEVEL1; i++)
		if (total->weight[i] > total->weight[best])
			best = i;
	return (enum tma_metric)best;
}

static inline enum tma_node tma_dominant_node(const struct tma_total *total)
{
	int i, best = 0;

	for (i = 1; i < TMA_NR_NODES; i++)
		if (tma_node_weight(total, (enum tma_node)i) >
		    tma_node_weight(total, (enum tma_node)best))
			best = i;
	return (enum tma_node)best;
}

#endif
