/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the PMU model share.  Embedders include pmu.h only.
 */
#ifndef TOOLS_SIM_PMU_PMU_INTERNAL_H
#define TOOLS_SIM_PMU_PMU_INTERNAL_H

#include "include/tmavisor/pmu_arch.h"
#include "tools/sim/pmu/pmu.h"

/* The architectural versions that brought something. */
enum {
	PERFMON_V2	= 2,	/* GLOBAL_CTRL, GLOBAL_STATUS, fixed counters */
	PERFMON_V3	= 3,	/* AnyThread */
	PERFMON_V4	= 4,	/* STATUS_SET, INUSE, freezing as a status bit */
	PERFMON_V5	= 5,	/* no AnyThread; fixed counters as a bitmap */
};

static inline uint64_t width_mask(unsigned int width)
{
	return (1ULL << width) - 1;
}

static inline bool pmu_has_fixed(const struct pmu_model *model, unsigned int i)
{
	return i < PMU_MAX_FIXED && model->version >= PERFMON_V2 &&
	       (model->fixed_mask & 1U << i);
}

static inline bool pmu_has_cap(const struct pmu_model *model, uint64_t cap)
{
	return model->perf_capabilities & cap;
}

/* Bit of @cpl's class in struct pmu: CPL 1 and 2 count as user. */
static inline unsigned int pmu_class(unsigned int cpl)
{
	return cpl > 0;
}

/* Is it counting at any privilege level?  @bit as in GLOBAL_CTRL. */
static inline bool pmu_is_counting(const struct pmu *pmu, uint64_t bit)
{
	return (pmu->counting[0] | pmu->counting[1]) & bit;
}

/* All counters of the model, as GLOBAL_CTRL and GLOBAL_STATUS place them. */
uint64_t pmu_counter_bits(const struct pmu_model *model);
/* Bits that GLOBAL_STATUS has, to be set and reset by software. */
uint64_t pmu_global_status_valid(const struct pmu_model *model);

/* To be called after every change to what enables counters. */
void pmu_update(struct pmu *pmu);

/* The hidden accumulators behind PERF_METRICS. */
uint64_t metrics_read(const struct pmu *pmu);
void metrics_write(struct pmu *pmu, uint64_t val);
bool metrics_are_zero(const struct pmu *pmu);
void metrics_clear(struct pmu *pmu);
/* Returns true if an accumulator is full: metrics are void from then on. */
bool metrics_count(struct pmu *pmu, const struct insn_cost *cost);

#endif
