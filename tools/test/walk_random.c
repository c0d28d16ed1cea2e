// SPDX-License-Identifier: GPL-2.0
/* What a guest does at random, with a PMU: see walk.h. */
#include "tools/test/walk.h"
#include "vmx/vmx_arch.h"

static const u32 msrs[] = {
	IA32_PMC0, IA32_A_PMC0, IA32_PERFEVTSEL0, IA32_FIXED_CTR0,
	IA32_PERF_METRICS, IA32_PERF_CAPABILITIES, IA32_FIXED_CTR_CTRL,
	IA32_PERF_GLOBAL_STATUS, IA32_PERF_GLOBAL_CTRL,
	IA32_PERF_GLOBAL_STATUS_RESET, IA32_PERF_GLOBAL_STATUS_SET,
	IA32_PERF_GLOBAL_INUSE,
	/* #GP in each. */
	IA32_PEBS_ENABLE, IA32_DS_AREA, IA32_DEBUGCTL, OFFCORE_RSP_0, PEBS_FRONTEND,
};

static u32 random_msr(u64 *seed)
{
	u64 r = soft_random(seed);
	u32 msr = msrs[r % TMAV_ARRAY_SIZE(msrs)];

	if (msr == IA32_FIXED_CTR0)
		return msr + (r >> 8) % (PMU_MAX_FIXED_COUNTERS + 1);
	/* One more than there can be, now and then. */
	if (msr == IA32_PMC0 || msr == IA32_A_PMC0 || msr == IA32_PERFEVTSEL0)
		return msr + (r >> 8) % (PMU_MAX_GP_COUNTERS + (r >> 16) % 2);
	return msr;
}

/* Bits that a value is worth trying with; others are #GP most often. */
static u64 likely_bits(const struct walk *w, u32 msr)
{
	switch (msr) {
	case IA32_PERF_GLOBAL_CTRL:
	case IA32_PERF_GLOBAL_STATUS_RESET:
	case IA32_PERF_GLOBAL_STATUS_SET:
		return pmu_global_ctrl_valid(&w->model);
	case IA32_FIXED_CTR_CTRL:
		return pmu_fixed_ctr_ctrl_mask(&w->core->run.vpmu.shown);
	case IA32_PERFEVTSEL0 ... IA32_PERFEVTSEL0 + 7:
		return ~0u & ~PERFEVTSEL_ANY;
	}
	return pmu_counter_mask(w->model.gp_width);
}

static u64 random_value(struct walk *w, u32 msr)
{
	u64 r = soft_random(&w->seed), val = soft_random(&w->seed);
	u64 likely = likely_bits(w, msr);

	switch (r % 8) {
	case 0:
		break;
	case 1:
		val = TMAV_BIT(val % 64);
		break;
	case 2:
		/* Just before a counter wraps. */
		val = likely - (val & 0xf);
		break;
	case 3:
		val &= likely & soft_random(&w->seed);
		break;
	default:
		val &= likely;
	}
	return walk_tame(msr, r >> 8 & 3 ? walk_plain_event(msr, val) : val);
}

static u32 random_selector(u64 *seed)
{
	static const u32 types[] = {
		RDPMC_TYPE_GP, RDPMC_TYPE_GP, RDPMC_TYPE_FIXED, RDPMC_TYPE_METRICS,
	};
	u64 r = soft_random(seed);
	u32 type = types[r % TMAV_ARRAY_SIZE(types)];

	if (!(r >> 8 & 0xf))
		return r >> 32;
	return type << RDPMC_TYPE_SHIFT | (type == RDPMC_TYPE_METRICS ?
					   r >> 16 & r >> 17 & r >> 18 & 1 : r >> 16 & 0xf);
}

/* What needs no privilege; the rest is for level 0. */
static struct guest_step random_user_step(struct walk *w)
{
	u64 r = soft_random(&w->seed);

	if (r % 4 == 0)
		return (struct guest_step) { GUEST_CPUID, CPUID_PERFMON };
	if (r % 4 == 1)
		return (struct guest_step) { GUEST_COUNT, .val = r >> 8 & 0xf };
	return (struct guest_step) { GUEST_RDPMC, random_selector(&w->seed) };
}

struct guest_step walk_random_step(struct walk *w)
{
	u64 r = soft_random(&w->seed);
	u32 msr = random_msr(&w->seed);

	if (w->cpl)
		return random_user_step(w);
	if (w->owes_metrics) {
		w->owes_metrics = false;
		return (struct guest_step) { GUEST_WRMSR, IA32_PERF_METRICS,
					     soft_random(&w->seed) };
	}
	if (r % 4 == 0)
		return random_user_step(w);
	if (r % 4 == 1)
		return (struct guest_step) { GUEST_RDMSR, msr };
	w->owes_metrics = msr == IA32_FIXED_CTR3;
	return (struct guest_step) { GUEST_WRMSR, msr, random_value(w, msr) };
}
