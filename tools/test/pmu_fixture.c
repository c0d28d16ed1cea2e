// SPDX-License-Identifier: GPL-2.0
#include "tools/test/pmu_fixture.h"

#include <stdlib.h>

static void on_pmi(void *ctx)
{
	struct fixture *f = ctx;

	f->pmis++;
}

static void on_strict(void *ctx, const char *what)
{
	struct fixture *f = ctx;

	f->complaints++;
	f->complaint = what;
}

static const struct pmu_ops ops = {
	.pmi	= on_pmi,
	.strict	= on_strict,
};

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->model = pmu_model_spr;
	pmu_init(&f->pmu, &f->model, &ops, f);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	pmu_free(&f->pmu);
	free(f);
	return 0;
}

void fixture_rebuild(struct fixture *f)
{
	pmu_free(&f->pmu);
	pmu_init(&f->pmu, &f->model, &ops, f);
}

uint64_t rd(struct fixture *f, uint32_t msr)
{
	uint64_t val = 0;

	assert_int_equal(pmu_rdmsr(&f->pmu, msr, &val), PMU_OK);
	return val;
}

void wr(struct fixture *f, uint32_t msr, uint64_t val)
{
	assert_int_equal(pmu_wrmsr(&f->pmu, msr, val), PMU_OK);
}

uint64_t pmc(struct fixture *f, uint32_t ecx)
{
	uint64_t val = 0;

	assert_int_equal(pmu_rdpmc(&f->pmu, ecx, &val), PMU_OK);
	return val;
}

void rd_faults(struct fixture *f, uint32_t msr)
{
	uint64_t val = 0;

	assert_int_equal(pmu_rdmsr(&f->pmu, msr, &val), PMU_GP);
	assert_int_equal(val, 0);
}

void wr_faults(struct fixture *f, uint32_t msr, uint64_t val)
{
	struct pmu before;

	memcpy(&before, &f->pmu, sizeof(before));
	assert_int_equal(pmu_wrmsr(&f->pmu, msr, val), PMU_GP);
	assert_memory_equal(&before, &f->pmu, sizeof(before));
}

void pmc_faults(struct fixture *f, uint32_t ecx)
{
	uint64_t val = 0;

	assert_int_equal(pmu_rdpmc(&f->pmu, ecx, &val), PMU_GP);
	assert_int_equal(val, 0);
}

void enable_fixed(struct fixture *f, unsigned int i, uint64_t bits)
{
	uint64_t ctrl = rd(f, IA32_FIXED_CTR_CTRL) & ~FIXED_CTR_CTRL_FIELD(i);

	wr(f, IA32_FIXED_CTR_CTRL, ctrl | bits);
	wr(f, IA32_PERF_GLOBAL_CTRL, rd(f, IA32_PERF_GLOBAL_CTRL) | GLOBAL_FIXED(i));
}

void enable_gp(struct fixture *f, unsigned int i, uint64_t sel)
{
	wr(f, IA32_PERFEVTSEL0 + i, sel | PERFEVTSEL_EN);
	wr(f, IA32_PERF_GLOBAL_CTRL, rd(f, IA32_PERF_GLOBAL_CTRL) | GLOBAL_GP(i));
}

void enable_metrics(struct fixture *f)
{
	enable_fixed(f, FIXED_SLOTS, FIXED_CTR_CTRL_OS(FIXED_SLOTS) |
				     FIXED_CTR_CTRL_USR(FIXED_SLOTS));
	wr(f, IA32_PERF_GLOBAL_CTRL,
	   rd(f, IA32_PERF_GLOBAL_CTRL) | GLOBAL_CTRL_METRICS);
}

/* The generator of Marsaglia, "Xorshift RNGs". */
uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
