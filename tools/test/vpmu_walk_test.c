// SPDX-License-Identifier: GPL-2.0
/*
 * Random walks: a guest in each profile sees what it would see alone on a CPU
 * with that PMU, though the host uses its own in between.
 * See walk.h for what they don't ask.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/walk.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

#include <stdlib.h>

/* Of each profile, or as in the environment: a million in all. */
enum { STEPS = 100000 };

/*
 * What to do
 */

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

static struct guest_step random_step(struct walk *w)
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

static unsigned int steps_wanted(void)
{
	const char *steps = getenv("WALK_STEPS");

	return steps ? strtoul(steps, NULL, 0) : STEPS;
}

/* Some steps, all at one privilege level. */
static void walk_a_bit(struct walk *w)
{
	const char *difference;

	w->cpl = soft_random(&w->seed) % 4 || w->owes_metrics ? 0 : 3;
	for (unsigned int i = 0; i < WALK_CHUNK; i++)
		w->steps[i] = random_step(w);
	difference = walk_chunk(w, WALK_CHUNK);
	if (difference)
		fail_msg("%s: %s", w->profile, difference);
	core_assert_untouched(w->core);
}

static void walk(struct core *core, const char *profile)
{
	struct walk w;

	walk_begin(&w, core, profile);
	for (unsigned int n = steps_wanted() / WALK_CHUNK + 1; n; n--)
		walk_a_bit(&w);
	/* Else it has shown little. */
	assert_true(w.faults > STEPS / 10 || getenv("WALK_STEPS"));
	assert_true(w.valid > STEPS / 10 || getenv("WALK_STEPS"));
	walk_end(&w);
}

/* Expect: no difference to the bare PMU of the same kind, step by step. */
#define WALK(name, profile)				\
	static void name(void **state)			\
	{						\
		walk(*state, profile);			\
	}

WALK(full_is_like_bare_hardware, "full")
WALK(nometrics_is_like_bare_hardware, "nometrics")
WALK(fixed3_is_like_bare_hardware, "fixed3")
WALK(gp4_is_like_bare_hardware, "gp4")
WALK(narrow_is_like_bare_hardware, "narrow")
WALK(nofw_is_like_bare_hardware, "nofw")
WALK(l1only_is_like_bare_hardware, "l1only")
WALK(none_is_like_bare_hardware, "none")
WALK(a_custom_one_is_like_bare_hardware,
     "custom:gp=3,fixed=0x5,width=33,metrics=0,l2=0,fw=0")
WALK(no_general_counters_is_like_bare_hardware, "custom:gp=0,fixed=0x9,l2=0")

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(full_is_like_bare_hardware),
		test(nometrics_is_like_bare_hardware),
		test(fixed3_is_like_bare_hardware),
		test(gp4_is_like_bare_hardware),
		test(narrow_is_like_bare_hardware),
		test(nofw_is_like_bare_hardware),
		test(l1only_is_like_bare_hardware),
		test(none_is_like_bare_hardware),
		test(a_custom_one_is_like_bare_hardware),
		test(no_general_counters_is_like_bare_hardware),
	};

	return cmocka_run_group_tests_name("vpmu_walk", tests, NULL, NULL);
}
