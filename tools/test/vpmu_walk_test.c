// SPDX-License-Identifier: GPL-2.0
/*
 * Random walks: a guest in each profile sees what it would see alone on a CPU
 * with that PMU, though the host uses its own in between.
 *
 * What is different on purpose, and so not asked for here:
 *  - PERFEVTSEL bits of TSX: no profile has TSX.
 *  - PEBS, OFFCORE_RSP, FRONTEND, LD_LAT, DS_AREA, DEBUGCTL: #GP in any profile.
 *  - MISC_ENABLE: its writable bits are not the guest's to change.
 *  - STATUS bits of features never shown (PEBS, LBR, PT, uncore, SGX, CondChgd): reserved
 *    where STATUS_SET and STATUS_RESET trap.
 *  - PERF_CAPABILITIES without a PMU: CPUID hides the MSR, which is then #GP.
 *  - Cycles: how many an emulated instruction takes is not defined.
 *  - FIXED_CTR3 written without PERF_METRICS right after it: the metrics are
 *    undefined then.
 */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

#include <errno.h>
#include <stdlib.h>

enum {
	STEPS	= 100000,		/* of each profile, or as in the environment */
	CHUNK	= SOFT_MAX_STEPS - 1,	/* between two switches */
};

#define EVENTSEL_TSX	(PERFEVTSEL_IN_TX | PERFEVTSEL_IN_TXCP)
#define STATUS_NOT_SHOWN (GLOBAL_STATUS_TOPA_PMI | GLOBAL_STATUS_ASCI | \
			 GLOBAL_STATUS_OVF_UNCORE | GLOBAL_STATUS_CONDCHGD | \
			 GLOBAL_STATUS_LBR_FRZ | GLOBAL_STATUS_OVF_DS_BUFFER)
#define GLOBAL_CYCLES	(GLOBAL_FIXED(FIXED_CORE_CYCLES) | \
			 GLOBAL_FIXED(FIXED_REF_CYCLES))

struct walk {
	struct core		*core;
	const char		*profile;
	struct pmu_model	model;
	struct pmu		bare;		/* alone, on a CPU with that PMU */
	u64			seed;
	u32			cpl;
	bool			owes_metrics;
	struct guest_step	steps[CHUNK + 1];
	unsigned int		valid, faults;	/* so far */
};

/*
 * What to do
 */

static const u32 msrs[] = {
	IA32_PMC0, IA32_A_PMC0, IA32_PERFEVTSEL0, IA32_FIXED_CTR0,
	IA32_PERF_METRICS, IA32_PERF_CAPABILITIES, IA32_FIXED_CTR_CTRL,
	IA32_PERF_GLOBAL_STATUS, IA32_PERF_GLOBAL_CTRL,
	IA32_PERF_GLOBAL_STATUS_RESET, IA32_PERF_GLOBAL_STATUS_SET,
	IA32_PERF_GLOBAL_INUSE,
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

/* Counters by cycles are left out while they can count. */
static u64 tame_eventsel(u64 val, u64 r)
{
	val &= ~EVENTSEL_TSX;
	if (!(val & PERFEVTSEL_EN))
		return val;
	val &= ~(PERFEVTSEL_CMASK | PERFEVTSEL_EDGE);
	if ((val & PERFEVTSEL_EVENT) == (EVENT_CORE_CYCLES & PERFEVTSEL_EVENT) || r & 3)
		val = (val & ~(PERFEVTSEL_EVENT | PERFEVTSEL_UMASK)) | EVENT_INSTRUCTIONS;
	return val;
}

static u64 tame(u32 msr, u64 val, u64 r)
{
	switch (msr) {
	case IA32_PERFEVTSEL0 ... IA32_PERFEVTSEL0 + 7:
		return tame_eventsel(val, r);
	case IA32_PERF_GLOBAL_CTRL:
		return val & ~GLOBAL_CYCLES;
	case IA32_PERF_GLOBAL_STATUS_RESET:
	case IA32_PERF_GLOBAL_STATUS_SET:
		return val & ~STATUS_NOT_SHOWN;
	}
	return val;
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
	return tame(msr, val, r >> 8);
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
	if (r % 4 == 1 && !(msr == IA32_PERF_CAPABILITIES && !w->model.version))
		return (struct guest_step) { GUEST_RDMSR, msr };
	w->owes_metrics = msr == IA32_FIXED_CTR3;
	return (struct guest_step) { GUEST_WRMSR, msr, random_value(w, msr) };
}

/*
 * The same on the bare PMU
 */

static enum pmu_result bare_read(struct walk *w, const struct guest_step *step,
				 uint64_t *val)
{
	enum pmu_result res = step->what == GUEST_RDMSR ?
			      pmu_rdmsr(&w->bare, step->index, val) :
			      pmu_rdpmc(&w->bare, step->index, val);

	if (res == PMU_OK)
		pmu_count_plain(&w->bare, 1, 1, w->cpl);
	return res;
}

static enum pmu_result bare_write(struct walk *w, const struct guest_step *step)
{
	struct pmu before = w->bare;
	enum pmu_result res;

	pmu_count_plain(&w->bare, 1, 1, w->cpl);
	res = pmu_wrmsr(&w->bare, step->index, step->val);
	if (res != PMU_OK)
		w->bare = before;
	return res;
}

static struct soft_result on_bare_pmu(struct walk *w, const struct guest_step *step)
{
	enum pmu_result res = PMU_OK;
	uint64_t val = 0;

	switch (step->what) {
	case GUEST_COUNT:
		pmu_count_plain(&w->bare, step->val, step->val, w->cpl);
		break;
	case GUEST_CPUID:
		pmu_count_plain(&w->bare, 1, 1, w->cpl);
		break;
	case GUEST_WRMSR:
		res = bare_write(w, step);
		break;
	default:
		res = bare_read(w, step, &val);
	}
	/* No other unit has such an MSR either. */
	return (struct soft_result) { .fault = res != PMU_OK, .val = val };
}

/*
 * A walk
 */

static void compare_step(struct walk *w, unsigned int i)
{
	const struct soft_result *guest = &w->core->cpu->guest.result[i];
	const struct guest_step *step = &w->steps[i];
	struct soft_result bare = on_bare_pmu(w, step);

	if (guest->fault != bare.fault || guest->val != bare.val)
		fail_msg("%s: step kind %d, %#x, %#llx: guest %#llx #GP %d, bare %#llx #GP %d",
			 w->profile, step->what, step->index, step->val, guest->val,
			 guest->fault, bare.val, bare.fault);
	w->valid += !bare.fault;
	w->faults += bare.fault;
}

/* Not only what the guest happened to look at. */
static void compare_state(struct walk *w)
{
	const struct pmu_state *guest = &w->core->run.vpmu.guest;
	const struct pmu *bare = &w->bare;
	uint64_t metrics = 0;

	for (u32 i = 0; i < w->model.nr_gp; i++) {
		assert_int_equal(guest->gp[i], bare->gp[i]);
		assert_int_equal(guest->eventsel[i], bare->eventsel[i]);
	}
	for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (w->model.fixed_mask & TMAV_BIT(i))
			assert_int_equal(guest->fixed[i], bare->fixed[i]);
	if (!w->owes_metrics)
		pmu_rdpmc(bare, RDPMC_METRICS, &metrics);
	assert_true(w->owes_metrics || guest->perf_metrics == metrics);
	assert_int_equal(guest->global_status, bare->global_status);
	assert_int_equal(guest->global_ctrl, bare->global_ctrl);
	assert_int_equal(guest->fixed_ctr_ctrl, bare->fixed_ctr_ctrl);
}

/* Some steps, then the host's turn, who finds what was there. */
static void walk_a_bit(struct walk *w)
{
	struct core *core = w->core;
	int res;

	w->cpl = soft_random(&w->seed) % 4 || w->owes_metrics ? 0 : 3;
	for (unsigned int i = 0; i < CHUNK; i++)
		w->steps[i] = random_step(w);
	w->steps[CHUNK] = (struct guest_step) { GUEST_TIMER };
	soft_random_host(core->cpu, &w->seed);
	core_remember(core);
	core_go_on(core, w->steps, CHUNK + 1);
	soft_set_vmcs_field(core->cpu, core->run.vmcs.pa, GUEST_SS_ACCESS_RIGHTS,
			    w->cpl << SEGMENT_DPL_SHIFT);
	do
		res = run_slice(&core->run, CORE_TIMER);
	while (res == -EAGAIN);
	assert_int_equal(res, RUN_PREEMPTED);
	core_assert_untouched(core);
	soft_forget_trace(core->cpu);

	for (unsigned int i = 0; i < CHUNK; i++)
		compare_step(w, i);
	compare_state(w);
}

static void no_pmi(void *ctx)
{
	(void)ctx;
}

static void begin(struct walk *w, struct core *core, const char *profile)
{
	static const struct pmu_ops ops = { .pmi = no_pmi };
	static const struct guest_step nothing = { GUEST_TIMER };
	const struct pmu_caps *shown = &core->run.vpmu.shown;

	core_profile(core, profile);
	*w = (struct walk) {
		.core = core, .profile = profile, .seed = 2463534242,
		.model = {
			.version = shown->version,
			.nr_gp = shown->nr_gp,
			.gp_width = shown->gp_width,
			.fixed_mask = shown->fixed_mask,
			.fixed_width = shown->fixed_width,
			.perf_capabilities = shown->perf_capabilities,
			.level2 = shown->level2,
		},
	};
	pmu_init(&w->bare, &w->model, &ops, NULL);
	core->cpu->counts_accesses = true;
	core->cpu->careless_guest = true;
	core->cpu->any_order = true;
	core_program(core, &nothing, 1);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
}

static unsigned int steps_wanted(void)
{
	const char *steps = getenv("WALK_STEPS");

	return steps ? strtoul(steps, NULL, 0) : STEPS;
}

static void walk(struct core *core, const char *profile)
{
	struct walk w;

	begin(&w, core, profile);
	for (unsigned int n = steps_wanted() / CHUNK + 1; n; n--)
		walk_a_bit(&w);
	/* Else it has shown little. */
	assert_true(w.faults > STEPS / 10 || getenv("WALK_STEPS"));
	assert_true(w.valid > STEPS / 10 || getenv("WALK_STEPS"));
	pmu_free(&w.bare);
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
