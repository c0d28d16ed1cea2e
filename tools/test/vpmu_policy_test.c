// SPDX-License-Identifier: GPL-2.0
/*
 * What passes and what traps, for each way in which a guest can be shown less
 * than the hardware has.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/policy_table.h"
#include "tools/test/soft_cpu.h"
#include "vmx/vmx_arch.h"

#include <stdio.h>

struct fixture {
	struct soft_cpu	*cpu;
	struct cpu_caps	caps;
	struct vpmu	vpmu;
};

static struct fixture fixture;

static int setup(void **state)
{
	void *cpu;

	assert_int_equal(soft_cpu_setup(&cpu), 0);
	fixture.cpu = cpu;
	assert_int_equal(caps_read(&fixture.caps), 0);
	core_init_vpmu(&fixture.vpmu, &fixture.caps, "full");
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *cpu = f->cpu;

	return soft_cpu_teardown(&cpu);
}

static bool passes(const struct fixture *f, u32 msr)
{
	return vpmu_policy_msr(f->vpmu.hw, &f->vpmu.shown, msr) == VPMU_PASS;
}

static bool rdpmc_passes(const struct fixture *f)
{
	return vpmu_policy_rdpmc(f->vpmu.hw, &f->vpmu.shown) == VPMU_PASS;
}

/* These reach every counter at once. */
static bool globals_pass(const struct fixture *f)
{
	bool ctrl = passes(f, IA32_PERF_GLOBAL_CTRL);

	assert_int_equal(passes(f, IA32_PERF_GLOBAL_STATUS), ctrl);
	assert_int_equal(passes(f, IA32_PERF_GLOBAL_STATUS_RESET), ctrl);
	return ctrl;
}

/* Expect: a guest is shown what the hardware has, and RDPMC passes. */
static void by_default_the_guest_has_it_all(void **state)
{
	struct fixture *f = *state;
	const struct pmu_caps *shown = &f->vpmu.shown;

	assert_int_equal(shown->nr_gp, f->caps.pmu.nr_gp);
	assert_int_equal(shown->fixed_mask, f->caps.pmu.fixed_mask);
	assert_true(shown->metrics);
	assert_true(rdpmc_passes(f));
	assert_true(globals_pass(f));
}

/* Expect: PEBS, LBR and the rest of PERF_CAPABILITIES are not shown. */
static void perf_capabilities_shows_two_bits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->vpmu.shown.perf_capabilities,
			 PERFCAP_FULL_WIDTH_WRITE | PERFCAP_PERF_METRICS);
}

struct less {
	const char	*what;
	int		gp, gp_width, fixed_width;	/* differences */
	u32		fixed_mask;			/* taken away */
	bool		no_metrics;
};

static const struct less ways_to_show_less[] = {
	{ "no metrics", .no_metrics = true },
	{ "a general counter less", .gp = -1 },
	{ "no general counters", .gp = -8 },
	{ "a general counter more", .gp = 1 },
	{ "no slots counter", .fixed_mask = TMAV_BIT(FIXED_SLOTS), .no_metrics = true },
	{ "no instruction counter", .fixed_mask = TMAV_BIT(FIXED_INSTRUCTIONS) },
	{ "narrower general counters", .gp_width = -8 },
	{ "narrower fixed counters", .fixed_width = -8 },
};

static void show(struct fixture *f, const struct less *less)
{
	struct pmu_caps *shown = &f->vpmu.shown;

	core_init_vpmu(&f->vpmu, &f->caps, "full");
	shown->nr_gp += less->gp;
	shown->gp_width += less->gp_width;
	shown->fixed_width += less->fixed_width;
	shown->fixed_mask &= ~less->fixed_mask;
	if (less->no_metrics) {
		shown->metrics = false;
		shown->perf_capabilities &= ~PERFCAP_PERF_METRICS;
	}
}

/* Expect: RDPMC and what reaches every counter trap as soon as anything differs. */
static void any_difference_traps_rdpmc_and_the_globals(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(ways_to_show_less); i++) {
		show(f, &ways_to_show_less[i]);
		assert_false(rdpmc_passes(f));
		assert_false(globals_pass(f));
	}
}

/* Expect: without the metrics, the counters still pass, 0x329 doesn't. */
static void metrics_pass_only_if_shown(void **state)
{
	struct fixture *f = *state;

	assert_true(passes(f, IA32_PERF_METRICS));
	show(f, &ways_to_show_less[0]);
	assert_false(passes(f, IA32_PERF_METRICS));
	assert_true(passes(f, IA32_FIXED_CTR3));
	assert_true(passes(f, IA32_A_PMC0));
}

/* Shown by mistake where the hardware has none. Expect: trapped, which is #GP. */
static void metrics_pass_only_if_there(void **state)
{
	struct fixture *f = *state;

	f->caps.pmu.metrics = false;
	assert_false(passes(f, IA32_PERF_METRICS));
	assert_false(rdpmc_passes(f));
}

/* Expect: the counters of the guest pass, by both names, and not one more. */
static void general_counters_pass_up_to_the_guests(void **state)
{
	struct fixture *f = *state;

	for (u32 nr = 0; nr <= PMU_MAX_GP_COUNTERS; nr++) {
		f->vpmu.shown.nr_gp = nr;
		for (u32 i = 0; i < PMU_MAX_GP_COUNTERS + 2; i++) {
			assert_int_equal(passes(f, IA32_A_PMC0 + i), i < nr);
			assert_int_equal(passes(f, IA32_PMC0 + i), i < nr);
		}
		assert_false(passes(f, IA32_A_PMC0 - 1));
		assert_false(passes(f, IA32_PMC0 - 1));
	}
}

/* The hardware has fewer than shown. Expect: the missing ones trap. */
static void general_counters_pass_up_to_the_hardwares(void **state)
{
	struct fixture *f = *state;

	f->caps.pmu.nr_gp = 4;
	assert_true(passes(f, IA32_A_PMC0 + 3));
	assert_false(passes(f, IA32_A_PMC0 + 4));
}

/* Expect: for each subset of the fixed counters, that subset passes. */
static void fixed_counters_pass_as_shown(void **state)
{
	struct fixture *f = *state;

	for (u32 mask = 0; mask < TMAV_BIT(PMU_MAX_FIXED_COUNTERS); mask++) {
		f->vpmu.shown.fixed_mask = mask;
		for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
			assert_int_equal(passes(f, IA32_FIXED_CTR0 + i),
					 (mask & TMAV_BIT(i)) != 0);
		assert_false(passes(f, IA32_FIXED_CTR0 - 1));
		assert_false(passes(f, IA32_FIXED_CTR3 + 1));
	}
}

/* A counter of another width wraps elsewhere. Expect: trapped. */
static void counters_of_another_width_trap(void **state)
{
	struct fixture *f = *state;

	f->vpmu.shown.gp_width = 40;
	assert_false(passes(f, IA32_A_PMC0));
	assert_false(passes(f, IA32_PMC0));
	assert_true(passes(f, IA32_FIXED_CTR0));
	f->vpmu.shown.fixed_width = 40;
	assert_false(passes(f, IA32_FIXED_CTR0));
}

/* Expect: without full-width writes the aliases trap, the legacy names pass. */
static void full_width_aliases_pass_only_if_shown(void **state)
{
	struct fixture *f = *state;

	f->vpmu.shown.perf_capabilities &= ~PERFCAP_FULL_WIDTH_WRITE;
	assert_false(passes(f, IA32_A_PMC0));
	assert_true(passes(f, IA32_PMC0));
}

static bool may_ever_pass(u32 msr)
{
	return (msr >= IA32_PMC0 && msr < IA32_PMC0 + 8) ||
	       (msr >= IA32_A_PMC0 && msr < IA32_A_PMC0 + 8) ||
	       (msr >= IA32_FIXED_CTR0 && msr <= IA32_FIXED_CTR3) ||
	       msr == IA32_PERF_METRICS || msr == IA32_PERF_GLOBAL_CTRL ||
	       msr == IA32_PERF_GLOBAL_STATUS ||
	       msr == IA32_PERF_GLOBAL_STATUS_RESET;
}

/* Any guest, any MSR. Expect: selectors, controls and all that is no counter trap. */
static void everything_else_traps_always(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(ways_to_show_less); i++) {
		show(f, &ways_to_show_less[i]);
		for (u32 msr = 0; msr <= POLICY_LAST_MSR; msr++)
			if (!may_ever_pass(msr))
				assert_false(passes(f, msr));
	}
	core_init_vpmu(&f->vpmu, &f->caps, "full");
	for (u32 msr = 0; msr <= POLICY_LAST_MSR; msr++)
		assert_int_equal(passes(f, msr), may_ever_pass(msr));
}

static void check_row(struct fixture *f, const struct policy_row *row)
{
	core_init_vpmu(&f->vpmu, &f->caps, row->profile);
	assert_int_equal(rdpmc_passes(f), policy_passes_rdpmc(row));
	for (u32 msr = 0; msr <= POLICY_LAST_MSR; msr++)
		if (passes(f, msr) != policy_passes(row, &f->vpmu.shown, msr))
			fail_msg("profile %s, MSR %#x", row->profile, msr);
}

/* Expect: each profile's row, and no other MSR passes. */
static void each_profile_has_its_row(void **state)
{
	for (size_t i = 0; i < POLICY_ROWS; i++)
		check_row(*state, &policy_rows[i]);
}

static bool bitmap_passes(const struct msr_bitmap *bitmap, u32 msr, u32 part)
{
	return !(bitmap->bits[part + msr / 8] >> msr % 8 & 1);
}

/* Expect: the bitmap says the same, for reads and for writes. */
static void the_bitmap_is_the_policy(void **state)
{
	enum { BITMAP_READ = 0, BITMAP_WRITE = 0x800 };
	struct fixture *f = *state;
	struct msr_bitmap bitmap;

	for (size_t i = 0; i < POLICY_ROWS; i++) {
		core_init_vpmu(&f->vpmu, &f->caps, policy_rows[i].profile);
		assert_int_equal(msr_bitmap_alloc(&bitmap), 0);
		msr_bitmap_open(&bitmap, f->vpmu.hw, &f->vpmu.shown);
		for (u32 msr = 0; msr <= POLICY_LAST_MSR; msr++) {
			assert_int_equal(bitmap_passes(&bitmap, msr, BITMAP_READ),
					 passes(f, msr));
			assert_int_equal(bitmap_passes(&bitmap, msr, BITMAP_WRITE),
					 passes(f, msr));
		}
		msr_bitmap_free(&bitmap);
	}
}

/* Expect: selectors, controls and the host's other features trap in every profile. */
static void controls_trap_in_every_profile(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < POLICY_ROWS; i++) {
		core_init_vpmu(&f->vpmu, &f->caps, policy_rows[i].profile);
		for (u32 k = 0; k < PMU_MAX_GP_COUNTERS; k++)
			assert_false(passes(f, IA32_PERFEVTSEL0 + k));
		for (size_t k = 0; k < POLICY_ALWAYS_TRAPPED; k++)
			assert_false(passes(f, policy_always_trapped[k]));
	}
}

/*
 * What reaches a counter that is not shown: its own names, and whatever reaches
 * all of them.
 */
static void check_nothing_reaches_more(struct fixture *f)
{
	const struct pmu_caps *shown = &f->vpmu.shown;
	bool all = shown->nr_gp == f->caps.pmu.nr_gp &&
		   shown->fixed_mask == f->caps.pmu.fixed_mask &&
		   shown->metrics == f->caps.pmu.metrics &&
		   shown->level2 == f->caps.pmu.level2;

	if (!all) {
		assert_false(rdpmc_passes(f));
		assert_false(globals_pass(f));
	}
	for (u32 msr = 0; msr <= POLICY_LAST_MSR; msr++)
		assert_true(!passes(f, msr) || policy_shows(shown, msr));
}

/* Any subset of the counters, by number. Expect: nothing reaches the others. */
static void nothing_reaches_what_is_not_shown(void **state)
{
	struct fixture *f = *state;
	char profile[64];

	for (size_t i = 0; i < POLICY_ROWS; i++) {
		core_init_vpmu(&f->vpmu, &f->caps, policy_rows[i].profile);
		check_nothing_reaches_more(f);
	}
	for (u32 gp = 0; gp <= PMU_MAX_GP_COUNTERS; gp++) {
		for (u32 fixed = 0; fixed < TMAV_BIT(PMU_MAX_FIXED_COUNTERS); fixed++) {
			snprintf(profile, sizeof(profile),
				 "custom:gp=%u,fixed=%u,metrics=0,l2=0", gp, fixed);
			core_init_vpmu(&f->vpmu, &f->caps, profile);
			check_nothing_reaches_more(f);
		}
	}
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(by_default_the_guest_has_it_all),
		test(perf_capabilities_shows_two_bits),
		test(any_difference_traps_rdpmc_and_the_globals),
		test(metrics_pass_only_if_shown),
		test(metrics_pass_only_if_there),
		test(general_counters_pass_up_to_the_guests),
		test(general_counters_pass_up_to_the_hardwares),
		test(fixed_counters_pass_as_shown),
		test(counters_of_another_width_trap),
		test(full_width_aliases_pass_only_if_shown),
		test(everything_else_traps_always),
		test(each_profile_has_its_row),
		test(the_bitmap_is_the_policy),
		test(controls_trap_in_every_profile),
		test(nothing_reaches_what_is_not_shown),
	};

	return cmocka_run_group_tests_name("vpmu_policy", tests, NULL, NULL);
}
