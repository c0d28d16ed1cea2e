// SPDX-License-Identifier: GPL-2.0
/*
 * Counting: what is executed for the guest counts as if it had not trapped, and
 * a narrow counter wraps where the guest's would.
 */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

#define SEL_INSNS	(EVENT_INSTRUCTIONS | PERFEVTSEL_EN)
#define BOTH_RINGS	(PERFEVTSEL_OS | PERFEVTSEL_USR)
#define GP0_AND_INSNS	(GLOBAL_GP(0) | GLOBAL_FIXED(FIXED_INSTRUCTIONS))

static const char *const profiles[] = {
	"full", "nometrics", "fixed3", "gp4", "narrow", "nofw", "l1only",
};

/* Untrapped accesses count here as they do on a CPU. */
static int setup(void **state)
{
	int err = core_setup(state);
	struct core *core = *state;

	core->cpu->counts_accesses = true;
	return err;
}

static const struct soft_result *result(struct core *core, unsigned int step)
{
	return &core->cpu->guest.result[step];
}

/* A slice with @steps, which end in GUEST_TIMER, from where the last one ended. */
static void go_on(struct core *core, const struct guest_step *steps, unsigned int nr)
{
	core_go_on(core, steps, nr);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	soft_forget_trace(core->cpu);
}

static void begin(struct core *core, const char *profile)
{
	static const struct guest_step nothing = { GUEST_TIMER };

	core_profile(core, profile);
	core_program(core, &nothing, 1);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
}

/* Counter 0 and fixed counter 0 at @gp and @fixed, counting instructions. */
static void count_from(struct core *core, u64 gp, u64 fixed, u64 sel, u64 fixed_ctrl)
{
	const struct guest_step steps[] = {
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
		{ GUEST_WRMSR, IA32_PERFEVTSEL0, sel },
		{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, fixed_ctrl },
		{ GUEST_WRMSR, IA32_PMC0, gp },
		{ GUEST_WRMSR, IA32_FIXED_CTR0, fixed },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GP0_AND_INSNS },
		{ GUEST_TIMER },
	};

	go_on(core, steps, TMAV_ARRAY_SIZE(steps));
	for (unsigned int i = 0; i < TMAV_ARRAY_SIZE(steps); i++)
		assert_false(result(core, i)->fault);
}

static void count_all(struct core *core)
{
	count_from(core, 0, 0, SEL_INSNS | BOTH_RINGS,
		   FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_USR(0));
}

static void assert_counted(struct core *core, u64 gp, u64 fixed)
{
	assert_int_equal(core->run.vpmu.guest.gp[0], gp);
	assert_int_equal(core->run.vpmu.guest.fixed[FIXED_INSTRUCTIONS], fixed);
}

/* CPUID, and accesses that trap in some profiles and not in others. */
static const struct guest_step good_insns[] = {
	{ GUEST_CPUID, CPUID_FEATURES },
	{ GUEST_RDMSR, IA32_PERFEVTSEL0 },
	{ GUEST_WRMSR, IA32_PERFEVTSEL0 + 1, 0 },
	{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_RESET, 0 },
	{ GUEST_RDMSR, IA32_PMC0 },
	{ GUEST_WRMSR, IA32_PMC0 + 1, 0 },
	{ GUEST_RDMSR, IA32_FIXED_CTR0 },
	{ GUEST_RDPMC, RDPMC_GP(0) },
	{ GUEST_RDPMC, RDPMC_FIXED(0) },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GP0_AND_INSNS },
	{ GUEST_TIMER },
};
enum { NR_GOOD = TMAV_ARRAY_SIZE(good_insns) - 1 };

/* Expect: each instruction counts once on either counter, in every profile. */
static void each_instruction_counts_once(void **state)
{
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++) {
		begin(core, profiles[i]);
		count_all(core);
		assert_counted(core, 0, 0);
		go_on(core, good_insns, TMAV_ARRAY_SIZE(good_insns));
		assert_counted(core, NR_GOOD, NR_GOOD);
		/* What it read is from before it counted itself. */
		assert_int_equal(result(core, 5)->val, 5);
		assert_int_equal(result(core, 7)->val, 7);
		assert_int_equal(result(core, 8)->val, 8);
		assert_int_equal(result(core, 9)->val, 9);
	}
}

/* Expect: an instruction that faults has not retired. */
static void a_fault_does_not_count(void **state)
{
	static const struct guest_step bad_insns[] = {
		{ GUEST_RDMSR, IA32_PEBS_ENABLE },
		{ GUEST_WRMSR, IA32_PERFEVTSEL0, PERFEVTSEL_ANY },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS, 0 },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, TMAV_BIT(63) },
		{ GUEST_WRMSR, IA32_FIXED_CTR0, TMAV_BIT(63) },
		{ GUEST_RDPMC, RDPMC_GP(8) },
		{ GUEST_RDPMC, TMAV_BIT(31) },
		{ GUEST_TIMER },
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++) {
		begin(core, profiles[i]);
		count_all(core);
		go_on(core, bad_insns, TMAV_ARRAY_SIZE(bad_insns));
		for (unsigned int k = 0; k < TMAV_ARRAY_SIZE(bad_insns) - 1; k++)
			assert_true(result(core, k)->fault);
		assert_counted(core, 0, 0);
	}
}

struct filter_case {
	u64		sel, fixed_ctrl;
	unsigned int	cpl;
	bool		gp, fixed;	/* counts */
};

static void check_filter(struct core *core, const struct filter_case *c)
{
	static const struct guest_step insns[] = {
		{ GUEST_CPUID, CPUID_FEATURES }, { GUEST_CPUID, CPUID_PERFMON },
		{ GUEST_RDPMC, RDPMC_GP(1) }, { GUEST_TIMER },
	};
	const u64 pa = core->run.vmcs.pa;

	soft_set_vmcs_field(core->cpu, pa, GUEST_SS_ACCESS_RIGHTS, 0);
	count_from(core, 0, 0, c->sel, c->fixed_ctrl);
	soft_set_vmcs_field(core->cpu, pa, GUEST_SS_ACCESS_RIGHTS,
			    c->cpl << SEGMENT_DPL_SHIFT);
	go_on(core, insns, TMAV_ARRAY_SIZE(insns));
	assert_counted(core, c->gp ? 3 : 0, c->fixed ? 3 : 0);
}

/* Expect: instructions count at the levels that the guest asked for. */
static void levels_are_told_apart(void **state)
{
	const u64 os = SEL_INSNS | PERFEVTSEL_OS, usr = SEL_INSNS | PERFEVTSEL_USR;
	const struct filter_case cases[] = {
		{ os, FIXED_CTR_CTRL_OS(0), 0, true, true },
		{ os, FIXED_CTR_CTRL_OS(0), 3, false, false },
		{ usr, FIXED_CTR_CTRL_USR(0), 0, false, false },
		{ usr, FIXED_CTR_CTRL_USR(0), 1, true, true },
		{ usr, FIXED_CTR_CTRL_USR(0), 3, true, true },
		{ os, FIXED_CTR_CTRL_USR(0), 3, false, true },
		{ SEL_INSNS, 0, 0, false, false },
		{ os | usr, FIXED_CTR_CTRL_PMI(0), 3, true, false },
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++) {
		begin(core, profiles[i]);
		for (size_t k = 0; k < TMAV_ARRAY_SIZE(cases); k++)
			check_filter(core, &cases[k]);
	}
}

/* Expect: only a selector that is on and selects instructions counts them. */
static void other_events_do_not_count(void **state)
{
	const struct filter_case cases[] = {
		{ SEL_INSNS | BOTH_RINGS, 0, 0, true, false },
		/* "If CMASK is zero, INV is ignored." */
		{ SEL_INSNS | BOTH_RINGS | PERFEVTSEL_INV, 0, 0, true, false },
		{ SEL_INSNS | BOTH_RINGS | PERFEVTSEL_PC, 0, 0, true, false },
		{ SEL_INSNS | BOTH_RINGS | 2ULL << PERFEVTSEL_CMASK_SHIFT, 0, 0 },
		{ EVENT_INSTRUCTIONS | BOTH_RINGS, 0, 0 },
		{ EVENT_BRANCHES | BOTH_RINGS | PERFEVTSEL_EN, 0, 0 },
		{ SEL_INSNS | BOTH_RINGS | PERF_EVENT(0, 1), 0, 0 },
		{ BOTH_RINGS | PERFEVTSEL_EN, 0, 0 },
	};
	struct core *core = *state;

	begin(core, "nometrics");
	for (size_t k = 0; k < TMAV_ARRAY_SIZE(cases); k++)
		check_filter(core, &cases[k]);
}

/* Expect: nothing counts that GLOBAL_CTRL or a freeze stops. */
static void stopped_counters_stand_still(void **state)
{
	static const struct guest_step stop[] = {
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 }, { GUEST_TIMER },
	};
	static const struct guest_step freeze[] = {
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_CTR_FRZ },
		{ GUEST_TIMER },
	};
	static const struct guest_step insns[] = {
		{ GUEST_CPUID, CPUID_FEATURES }, { GUEST_RDPMC, RDPMC_GP(0) },
		{ GUEST_WRMSR, IA32_PERFEVTSEL0 + 1, 0 }, { GUEST_TIMER },
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++) {
		begin(core, profiles[i]);
		count_all(core);
		go_on(core, stop, TMAV_ARRAY_SIZE(stop));
		/* The write itself was counted by what was there before. */
		assert_counted(core, 1, 1);
		go_on(core, insns, TMAV_ARRAY_SIZE(insns));
		assert_counted(core, 1, 1);
		count_all(core);
		go_on(core, freeze, TMAV_ARRAY_SIZE(freeze));
		assert_counted(core, 1, 1);
		go_on(core, insns, TMAV_ARRAY_SIZE(insns));
		assert_counted(core, 1, 1);
	}
}

static u64 width_of(const char *profile)
{
	return strcmp(profile, "narrow") ? 48 : 40;
}

/* Expect: the last count before the end wraps, and sets the bit in STATUS. */
static void a_counted_instruction_can_overflow(void **state)
{
	static const struct guest_step cpuid[] = {
		{ GUEST_CPUID, CPUID_FEATURES }, { GUEST_TIMER },
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++) {
		const struct pmu_state *guest = &core->run.vpmu.guest;
		u64 last = TMAV_BIT(width_of(profiles[i])) - 1;

		begin(core, profiles[i]);
		count_from(core, last - 1, last, SEL_INSNS | BOTH_RINGS,
			   FIXED_CTR_CTRL_OS(0));
		assert_int_equal(guest->global_status, 0);
		go_on(core, cpuid, TMAV_ARRAY_SIZE(cpuid));
		assert_counted(core, last, 0);
		assert_int_equal(guest->global_status, GLOBAL_FIXED(0));
		go_on(core, cpuid, TMAV_ARRAY_SIZE(cpuid));
		assert_counted(core, 0, 1);
		assert_int_equal(guest->global_status, GP0_AND_INSNS);
	}
}

/*
 * The same program in two profiles
 */

/*
 * Registers that every profile but "none" has, and values that fit each.
 * Cycles are left out: how many an exit takes is not the guest's to know.
 */
static struct guest_step random_step(u64 *seed, u64 width)
{
	u64 r = soft_random(seed), i = r >> 8 & 3, val = soft_random(seed);
	const u64 near_end = TMAV_BIT(width) - (val & 0x7);

	switch (r % 11) {
	case 0:
		return (struct guest_step) { GUEST_WRMSR, IA32_PERFEVTSEL0 + i,
			SEL_INSNS | (val & (BOTH_RINGS | PERFEVTSEL_EN | PERFEVTSEL_INT)) };
	case 1:
		return (struct guest_step) { GUEST_WRMSR, IA32_FIXED_CTR_CTRL, val &
			(FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_USR(0) | FIXED_CTR_CTRL_PMI(0)) };
	case 2:
		return (struct guest_step) { GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL,
			val & (TMAV_BIT(4) - 1 + GLOBAL_FIXED(0)) };
	case 3:
		return (struct guest_step) { GUEST_WRMSR, IA32_PMC0 + i,
			r >> 16 & 1 ? near_end : val & 0x7fffffff };
	case 4:
		return (struct guest_step) { GUEST_WRMSR, IA32_FIXED_CTR0, near_end };
	case 5:
		return (struct guest_step) { GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS };
	case 6:
		return (struct guest_step) { GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_RESET,
			val & GLOBAL_FIXED(0) };
	case 7:
		return (struct guest_step) { GUEST_RDPMC, RDPMC_GP(i) };
	case 8:
		return (struct guest_step) { GUEST_RDPMC, RDPMC_FIXED(0) };
	case 9:
		return (struct guest_step) { GUEST_COUNT, .val = val & 0xf };
	default:
		return (struct guest_step) { GUEST_CPUID, CPUID_PERFMON };
	}
}

enum { PROGRAMS = 100, STEPS = 64 };

/* Result @i of all of @profile, where each program goes on from the last. */
static void run_random(struct core *core, const char *profile,
		       struct soft_result *results)
{
	struct guest_step steps[STEPS];
	u64 seed = 77;

	begin(core, profile);
	for (unsigned int n = 0; n < PROGRAMS; n++) {
		for (unsigned int i = 0; i < STEPS - 1; i++)
			steps[i] = random_step(&seed, width_of(profile));
		steps[STEPS - 1] = (struct guest_step) { GUEST_TIMER };
		go_on(core, steps, STEPS);
		memcpy(results + n * STEPS, core->cpu->guest.result,
		       STEPS * sizeof(*results));
	}
}

/* The value without what is only there in the wider counter. */
static u64 cut(u64 val, u64 width, enum guest_do what)
{
	return what == GUEST_RDPMC ? val & (TMAV_BIT(width) - 1) : val;
}

static void compare_with_full(const struct soft_result *full,
			      const struct soft_result *other, const char *profile)
{
	u64 seed = 77;

	for (unsigned int n = 0; n < PROGRAMS * STEPS; n++) {
		enum guest_do what;

		if (n % STEPS == STEPS - 1)
			continue;
		what = random_step(&seed, width_of(profile)).what;
		if (other[n].fault != full[n].fault ||
		    other[n].val != cut(full[n].val, width_of(profile), what))
			fail_msg("%s: step %u, of kind %d, gives %#llx and not %#llx",
				 profile, n, what, other[n].val, full[n].val);
	}
}

/* Expect: a guest that only uses what all have sees the same in all. */
static void profiles_that_trap_count_the_same(void **state)
{
	static struct soft_result full[PROGRAMS * STEPS];
	static struct soft_result other[PROGRAMS * STEPS];
	struct core *core = *state;

	core->cpu->careless_guest = true;
	run_random(core, "full", full);
	for (size_t i = 1; i < TMAV_ARRAY_SIZE(profiles); i++) {
		run_random(core, profiles[i], other);
		compare_with_full(full, other, profiles[i]);
	}
}

/*
 * Narrow counters
 */

static const struct guest_step count_2[] = { { GUEST_COUNT, .val = 2 }, { GUEST_TIMER } };
static const struct guest_step count_3[] = { { GUEST_COUNT, .val = 3 }, { GUEST_TIMER } };

static void begin_3_before_the_end(struct core *core)
{
	const u64 start = TMAV_BIT(40) - 3;

	begin(core, "narrow");
	count_from(core, start, start, SEL_INSNS | PERFEVTSEL_OS, FIXED_CTR_CTRL_OS(0));
	assert_counted(core, start, start);
}

/* Expect: 3 before the end of 40 bits, 5 more is 2, with the bit in STATUS. */
static void a_narrow_counter_wraps_where_it_should(void **state)
{
	static const struct guest_step count_and_read[] = {
		{ GUEST_COUNT, .val = 5 },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
		{ GUEST_RDPMC, RDPMC_GP(0) },
		{ GUEST_RDMSR, IA32_FIXED_CTR0 },
		{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
		{ GUEST_TIMER },
	};
	struct core *core = *state;

	begin_3_before_the_end(core);
	go_on(core, count_and_read, TMAV_ARRAY_SIZE(count_and_read));
	/* The write that stops them counts too. */
	assert_int_equal(result(core, 2)->val, 3);
	assert_int_equal(result(core, 3)->val, 3);
	assert_int_equal(result(core, 4)->val, GP0_AND_INSNS);
}

/* Expect: the same with the host's PMU in between, at any distance. */
static void a_narrow_counter_wraps_over_a_switch(void **state)
{
	struct core *core = *state;
	u64 seed = 5;

	begin_3_before_the_end(core);
	go_on(core, count_2, TMAV_ARRAY_SIZE(count_2));
	assert_counted(core, TMAV_BIT(40) - 1, TMAV_BIT(40) - 1);
	assert_int_equal(core->run.vpmu.guest.global_status, 0);
	soft_random_host(core->cpu, &seed);
	soft_set_status(core->cpu, 0);
	core_remember(core);
	go_on(core, count_3, TMAV_ARRAY_SIZE(count_3));
	assert_counted(core, 2, 2);
	assert_int_equal(core->run.vpmu.guest.global_status, GP0_AND_INSNS);
	core_assert_untouched(core);
}

/* Expect: once it has wrapped, it wraps again at 40 bits. */
static void a_narrow_counter_wraps_again(void **state)
{
	static const struct guest_step clear[] = {
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_RESET, GP0_AND_INSNS },
		{ GUEST_TIMER },
	};
	struct core *core = *state;

	for (int i = 0; i < 3; i++) {
		begin_3_before_the_end(core);
		go_on(core, count_3, TMAV_ARRAY_SIZE(count_3));
		assert_counted(core, 0, 0);
		assert_int_equal(core->run.vpmu.guest.global_status, GP0_AND_INSNS);
		go_on(core, clear, TMAV_ARRAY_SIZE(clear));
		assert_int_equal(core->run.vpmu.guest.global_status, 0);
	}
}

/* Expect: what a full-width counter would show above bit 39 is never seen. */
static void narrow_counters_read_back_narrow(void **state)
{
	static const struct guest_step steps[] = {
		{ GUEST_WRMSR, IA32_PMC0 + 5, 0xffffffff },
		{ GUEST_RDPMC, RDPMC_GP(5) },
		{ GUEST_RDMSR, IA32_PMC0 + 5 },
		{ GUEST_RDMSR, IA32_A_PMC0 + 5 },
		{ GUEST_RDMSR, IA32_FIXED_CTR1 },
		{ GUEST_RDPMC, RDPMC_FIXED(FIXED_SLOTS) },
		{ GUEST_TIMER },
	};
	struct core *core = *state;

	begin(core, "narrow");
	go_on(core, steps, TMAV_ARRAY_SIZE(steps));
	for (unsigned int i = 1; i <= 3; i++)
		assert_int_equal(result(core, i)->val, TMAV_BIT(40) - 1);
	assert_int_equal(result(core, 4)->val, 0);
	assert_int_equal(result(core, 5)->val, 0);
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(each_instruction_counts_once),
		test(a_fault_does_not_count),
		test(levels_are_told_apart),
		test(other_events_do_not_count),
		test(stopped_counters_stand_still),
		test(a_counted_instruction_can_overflow),
		test(profiles_that_trap_count_the_same),
		test(a_narrow_counter_wraps_where_it_should),
		test(a_narrow_counter_wraps_over_a_switch),
		test(a_narrow_counter_wraps_again),
		test(narrow_counters_read_back_narrow),
	};

	return cmocka_run_group_tests_name("vpmu_count", tests, NULL, NULL);
}
