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
 * Share of @metric in thousandths of the sum of the level-1 bytes, as perf
 * and toplev normalise it; 0 if nothing was counted.
 */
static inline unsigned int tma_permille(u64 perf_metrics, enum tma_metric metric)
{
	unsigned int sum = tma_level1_sum(perf_metrics);

	if (!sum)
		return 0;
	return (tma_byte(perf_metrics, metric) * 1000 + sum / 2) / sum;
}

/* The level-1 metric with the largest share. */
static inline enum tma_metric tma_dominant(u64 perf_metrics)
{
	int i, best = 0;

	for (i = 1; i < TMA_NR_LEVEL1; i++)
		if (tma_byte(perf_metrics, i) > tma_byte(perf_metrics, best))
			best = i;
	return best;
}

#endif
