// SPDX-License-Identifier: GPL-2.0
/*
 * PERF_METRICS: shares of what fixed counter 3 counts, computed when read.
 *
 * The quotient uses the counter's value of the moment, and so does a write.
 * Hence the order in which software has to restore the pair: a value written
 * while the counter still holds something else becomes a share of that.
 */
#include "tools/sim/pmu/pmu_internal.h"

enum {
	LEVEL1		= 4,	/* fields of level 1; each has one of level 2 */
	FIELD_BITS	= 8,
	FIELD_MAX	= PERF_METRICS_UNIT,
};

/* The accumulators of a level that the model lacks stay 0. */
static unsigned int nr_fields(const struct pmu *pmu)
{
	return pmu->model->level2 ? PMU_METRICS : LEVEL1;
}

static unsigned int saturate(uint64_t share)
{
	return share < FIELD_MAX ? share : FIELD_MAX;
}

/* Neither sum overflows: an accumulator has 56 bits, a counter 48. */
static uint64_t rounded_share(uint64_t acc, uint64_t slots)
{
	return (acc + slots / 2) / slots;
}

static bool adds_up(const struct pmu *pmu, uint64_t slots)
{
	uint64_t sum = 0;

	for (unsigned int k = 0; k < LEVEL1; k++)
		sum += pmu->metric_acc[k];
	return sum == FIELD_MAX * slots;
}

/* The field that rounding down robbed most, among those not in @done. */
static unsigned int largest_remainder(const struct pmu *pmu, uint64_t slots,
				      unsigned int done)
{
	unsigned int best = LEVEL1;

	for (unsigned int k = 0; k < LEVEL1; k++) {
		if (done & 1U << k)
			continue;
		if (best == LEVEL1 || pmu->metric_acc[k] % slots >
				      pmu->metric_acc[best] % slots)
			best = k;
	}
	return best;
}

/* Four shares of a whole: rounded so that they are 255 together. */
static void shares_of_whole(const struct pmu *pmu, uint64_t slots,
			    unsigned int *field)
{
	unsigned int left = FIELD_MAX;
	unsigned int done = 0;

	for (unsigned int k = 0; k < LEVEL1; k++) {
		field[k] = pmu->metric_acc[k] / slots;
		left -= field[k];
	}
	while (left--) {
		unsigned int k = largest_remainder(pmu, slots, done);

		field[k]++;
		done |= 1U << k;
	}
}

static void shares_level1(const struct pmu *pmu, uint64_t slots,
			  unsigned int *field)
{
	if (adds_up(pmu, slots)) {
		shares_of_whole(pmu, slots, field);
		return;
	}
	for (unsigned int k = 0; k < LEVEL1; k++)
		field[k] = saturate(rounded_share(pmu->metric_acc[k], slots));
}

/*
 * A part must not look larger than its whole because they were rounded apart.
 * What software wrote stays as written, sensible or not.
 */
static void shares_level2(const struct pmu *pmu, uint64_t slots,
			  unsigned int *field)
{
	for (unsigned int k = LEVEL1; k < PMU_METRICS; k++) {
		unsigned int whole = k - LEVEL1;

		field[k] = saturate(rounded_share(pmu->metric_acc[k], slots));
		if (pmu->metric_acc[k] <= pmu->metric_acc[whole] &&
		    field[k] > field[whole])
			field[k] = field[whole];
	}
}

uint64_t metrics_read(const struct pmu *pmu)
{
	uint64_t slots = pmu->fixed[FIXED_SLOTS];
	unsigned int field[PMU_METRICS] = { 0 };
	uint64_t val = 0;

	if (!slots)
		return 0;

	shares_level1(pmu, slots, field);
	shares_level2(pmu, slots, field);
	for (unsigned int k = 0; k < PMU_METRICS; k++)
		val |= (uint64_t)field[k] << FIELD_BITS * k;
	return val;
}

void metrics_write(struct pmu *pmu, uint64_t val)
{
	for (unsigned int k = 0; k < nr_fields(pmu); k++) {
		uint64_t share = val >> FIELD_BITS * k & FIELD_MAX;

		pmu->metric_acc[k] = share * pmu->fixed[FIXED_SLOTS];
	}
}

void metrics_clear(struct pmu *pmu)
{
	for (unsigned int k = 0; k < PMU_METRICS; k++)
		pmu->metric_acc[k] = 0;
}

bool metrics_are_zero(const struct pmu *pmu)
{
	for (unsigned int k = 0; k < PMU_METRICS; k++) {
		if (pmu->metric_acc[k])
			return false;
	}
	return true;
}

bool metrics_count(struct pmu *pmu, const struct insn_cost *cost)
{
	uint64_t limit = FIELD_MAX * (width_mask(pmu->model->fixed_width) + 1);
	bool full = false;

	for (unsigned int k = 0; k < nr_fields(pmu); k++) {
		uint64_t slots = k < LEVEL1 ? cost->slots[k] : cost->sub[k - LEVEL1];

		pmu->metric_acc[k] += FIELD_MAX * slots;
		full |= pmu->metric_acc[k] >= limit;
	}
	return full;
}
