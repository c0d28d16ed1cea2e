// SPDX-License-Identifier: GPL-2.0
/* The guest's PMU as an image: what moves with it, and what is refused. */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/pmu_image.h"
#include "vmx/vmx_arch.h"

#include <stdlib.h>

enum { VECTOR = 0xec };

#define METRICS	0x0807060550301e61ULL
#define SLOTS	(255ULL * 1000)

/* A guest that has something in each register; the last step ends a slice. */
static const struct guest_step first_half[] = {
	{ GUEST_WRMSR, IA32_X2APIC_SIVR, APIC_SVR_ENABLE | APIC_SVR_VECTOR },
	{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
	{ GUEST_WRMSR, IA32_FIXED_CTR3, SLOTS },
	{ GUEST_WRMSR, IA32_PERF_METRICS, METRICS },
	{ GUEST_WRMSR, IA32_PMC0 + 7, 7777 },
	{ GUEST_WRMSR, IA32_PERFEVTSEL0,
	  EVENT_INSTRUCTIONS | PERFEVTSEL_OS | PERFEVTSEL_INT | PERFEVTSEL_EN },
	{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(0) },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(5) },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) | GLOBAL_FIXED(0) },
	{ GUEST_COUNT, .val = 100 },
	{ GUEST_TIMER },
};

static const struct guest_step second_half[] = {
	{ GUEST_COUNT, .val = 50 },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
	{ GUEST_RDPMC, RDPMC_GP(0) },
	{ GUEST_RDPMC, RDPMC_GP(7) },
	{ GUEST_RDPMC, RDPMC_FIXED(0) },
	{ GUEST_RDPMC, RDPMC_FIXED(3) },
	{ GUEST_RDPMC, RDPMC_METRICS },
	{ GUEST_RDMSR, IA32_PERFEVTSEL0 },
	{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
	{ GUEST_RDMSR, IA32_X2APIC_LVT_PMI },
	GUEST_DONE,
};

/* What the second half reads. */
enum { FIRST_READ = 2, LAST_READ = 9 };

static void run_first_half(struct core *core)
{
	core_program(core, first_half, TMAV_ARRAY_SIZE(first_half));
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
}

static void run_second_half(struct core *core, struct soft_result *result)
{
	core_go_on(core, second_half, TMAV_ARRAY_SIZE(second_half));
	assert_int_equal(core_run(core), RUN_DONE);
	memcpy(result, core->cpu->guest.result, sizeof(core->cpu->guest.result));
}

/* Begin a guest anew, of which only the PMU will be somebody else's. */
static void begin_anew(struct core *core)
{
	static const struct guest_step nothing = { GUEST_TIMER };
	int res;

	core_program(core, &nothing, 1);
	do
		res = run_slice(&core->run, CORE_TIMER);
	while (res == -EAGAIN);
	assert_int_equal(res, RUN_PREEMPTED);
}

/* Expect: in another run, on another host, the guest finds all of it and goes on. */
static void a_moved_guest_goes_on(void **state)
{
	struct soft_result stayed[SOFT_MAX_STEPS], moved[SOFT_MAX_STEPS];
	struct core *core = *state;
	struct pmu_image image;
	u64 seed = 11;

	run_first_half(core);
	pmu_image_export(&core->run, &image);
	run_second_half(core, stayed);

	soft_random_host(core->cpu, &seed);
	begin_anew(core);
	assert_int_equal(pmu_image_import(&core->run, &image, sizeof(image)), 0);
	run_second_half(core, moved);

	assert_true(stayed[FIRST_READ].val >= 150);
	for (int i = FIRST_READ; i <= LAST_READ; i++)
		assert_int_equal(moved[i].val, stayed[i].val);
}

/* Expect: what is exported is what was imported. */
static void import_and_export_are_inverse(void **state)
{
	struct core *core = *state;
	struct pmu_image image, again;

	run_first_half(core);
	pmu_image_export(&core->run, &image);
	begin_anew(core);
	assert_int_equal(pmu_image_import(&core->run, &image, sizeof(image)), 0);
	pmu_image_export(&core->run, &again);
	assert_memory_equal(&again, &image, sizeof(image));
}

/* Expect: a PMI that no entry has passed on yet is not lost. */
static void a_pending_pmi_moves_too(void **state)
{
	static const struct guest_step overflow[] = {
		{ GUEST_WRMSR, IA32_X2APIC_SIVR, APIC_SVR_ENABLE | APIC_SVR_VECTOR },
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
		{ GUEST_WRMSR, IA32_PMC0, ~0U },
		{ GUEST_WRMSR, IA32_PERFEVTSEL0,
		  EVENT_INSTRUCTIONS | PERFEVTSEL_OS | PERFEVTSEL_INT | PERFEVTSEL_EN },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) },
		{ GUEST_COUNT, .val = 1 },
		{ GUEST_TIMER },
	};
	static const struct guest_step wait[] = {
		{ GUEST_STI }, { GUEST_COUNT, .val = 1 }, GUEST_DONE,
	};
	struct core *core = *state;
	struct pmu_image image;

	core_program(core, overflow, TMAV_ARRAY_SIZE(overflow));
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_MORE);
	pmu_image_export(&core->run, &image);
	assert_int_equal(image.apic_lvt_pmi, VECTOR | LVT_MASKED);
	begin_anew(core);
	assert_int_equal(pmu_image_import(&core->run, &image, sizeof(image)), 0);
	core_go_on(core, wait, TMAV_ARRAY_SIZE(wait));
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->cpu->guest.vectors, 1);
}

/*
 * The host's side of PERF_METRICS, where the guest's is #GP. Expect: it can be
 * written and read, survives the guest, and never reaches the guest or hardware.
 */
static void the_host_keeps_metrics_that_the_guest_lacks(void **state)
{
	static const struct guest_step steps[] = {
		{ GUEST_RDMSR, IA32_PERF_METRICS }, { GUEST_RDPMC, RDPMC_METRICS },
		{ GUEST_TIMER }, GUEST_DONE,
	};
	struct core *core = *state;
	struct pmu_image image;

	core_profile(core, "nometrics");
	core_program(core, steps, TMAV_ARRAY_SIZE(steps));
	pmu_image_export(&core->run, &image);
	image.perf_metrics = METRICS;
	image.fixed[FIXED_SLOTS] = SLOTS;
	assert_int_equal(pmu_image_import(&core->run, &image, sizeof(image)), 0);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_true(core->cpu->guest.result[0].fault);
	assert_true(core->cpu->guest.result[1].fault);
	for (unsigned int i = 0; i < core->cpu->nr_ops; i++)
		if (core->cpu->ops[i].index == IA32_PERF_METRICS)
			assert_int_equal(core->cpu->ops[i].val, 0);
	pmu_image_export(&core->run, &image);
	assert_int_equal(image.perf_metrics, METRICS);
}

/* Expect: level 2 for a guest without it is taken, and ignored, as on a write. */
static void level2_is_ignored_if_not_shown(void **state)
{
	static const struct guest_step steps[] = {
		{ GUEST_RDMSR, IA32_PERF_METRICS }, GUEST_DONE,
	};
	struct core *core = *state;
	struct pmu_image image;

	core_profile(core, "l1only");
	core_program(core, steps, TMAV_ARRAY_SIZE(steps));
	pmu_image_export(&core->run, &image);
	image.perf_metrics = METRICS;
	image.fixed[FIXED_SLOTS] = SLOTS;
	assert_int_equal(pmu_image_import(&core->run, &image, sizeof(image)), 0);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->cpu->guest.result[0].val, METRICS & PERF_METRICS_LEVEL1);
}

/* Expect: shares of no slots are taken, and read 0. */
static void shares_of_nothing_read_0(void **state)
{
	static const struct guest_step steps[] = {
		{ GUEST_RDMSR, IA32_PERF_METRICS }, GUEST_DONE,
	};
	struct core *core = *state;
	struct pmu_image image;

	core_program(core, steps, TMAV_ARRAY_SIZE(steps));
	pmu_image_export(&core->run, &image);
	image.perf_metrics = METRICS;
	assert_int_equal(pmu_image_import(&core->run, &image, sizeof(image)), 0);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->cpu->guest.result[0].val, 0);
}

/*
 * Refusals: -EINVAL, a line, and not a bit changed
 */

static void refuses(struct core *core, const void *data, size_t size, const char *why)
{
	struct pmu_image before, after;

	pmu_image_export(&core->run, &before);
	core->cpu->log_len = 0;
	assert_int_equal(pmu_image_import(&core->run, data, size), -EINVAL);
	assert_true(soft_logged(core->cpu, why));
	pmu_image_export(&core->run, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

/* On the heap, so that a read beyond the end is seen. Expect: each length refused. */
static void any_other_length_is_refused(void **state)
{
	struct core *core = *state;
	struct pmu_image image;

	run_first_half(core);
	pmu_image_export(&core->run, &image);
	for (size_t size = 0; size < sizeof(image); size++) {
		void *cut = malloc(size ? size : 1);

		memcpy(cut, &image, size);
		refuses(core, cut, size, "it is truncated");
		free(cut);
	}
	refuses(core, (char [sizeof(image) + 1]) { "TMAVPMU" }, sizeof(image) + 1,
		"its version is another one");
}

/* Expect: another magic, version or size is refused by name. */
static void other_kinds_are_refused(void **state)
{
	struct core *core = *state;
	struct pmu_image image;

	pmu_image_export(&core->run, &image);
	image.magic++;
	refuses(core, &image, sizeof(image), "it is none");
	image.magic--;
	image.version++;
	refuses(core, &image, sizeof(image), "its version is another one");
	image.version--;
	image.size++;
	refuses(core, &image, sizeof(image), "its size is not that of its version");
}

/* Of each other profile. Expect: refused, with what to do. */
static void an_image_of_another_pmu_is_refused(void **state)
{
	static const char *const profiles[] = {
		"nometrics", "fixed3", "gp4", "narrow", "nofw", "l1only", "none",
	};
	struct core *core = *state;
	struct pmu_image image;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++) {
		core_profile(core, profiles[i]);
		begin_anew(core);
		pmu_image_export(&core->run, &image);
		core_profile(core, "full");
		begin_anew(core);
		refuses(core, &image, sizeof(image), "use the same profile");
	}
}

/* Every bit of @reg in turn. Expect: the valid ones are taken, the others refused. */
static void check_bits(struct core *core, u64 *reg, struct pmu_image *image, u64 valid)
{
	u64 was = *reg;

	for (u64 bit = 1; bit; bit <<= 1) {
		*reg = bit;
		if (valid & bit)
			assert_int_equal(pmu_image_import(&core->run, image,
							  sizeof(*image)), 0);
		else
			refuses(core, image, sizeof(*image), "must be 0");
	}
	*reg = was;
	assert_int_equal(pmu_image_import(&core->run, image, sizeof(*image)), 0);
}

static void check_registers(struct core *core, const char *profile)
{
	const struct pmu_caps *shown = &core->run.vpmu.shown;
	struct pmu_image image;

	core_profile(core, profile);
	begin_anew(core);
	pmu_image_export(&core->run, &image);
	for (u32 i = 0; i < PMU_MAX_GP_COUNTERS; i++) {
		bool there = i < shown->nr_gp;

		check_bits(core, &image.gp[i], &image,
			   there ? pmu_counter_mask(shown->gp_width) : 0);
		check_bits(core, &image.eventsel[i], &image, there ? 0xffdfffff : 0);
	}
	for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		check_bits(core, &image.fixed[i], &image, pmu_has_fixed(shown, i) ?
			   pmu_counter_mask(shown->fixed_width) : 0);
	check_bits(core, &image.fixed_ctr_ctrl, &image, pmu_fixed_ctr_ctrl_mask(shown));
	check_bits(core, &image.global_status, &image, pmu_global_status_mask(shown));
	check_bits(core, &image.global_ctrl, &image, pmu_global_ctrl_mask(shown));
}

/* Expect: of each register just the bits that the guest's PMU has. */
static void reserved_bits_are_refused(void **state)
{
	check_registers(*state, "full");
	check_registers(*state, "nometrics");
	check_registers(*state, "gp4");
	check_registers(*state, "narrow");
	check_registers(*state, "none");
}

/* Expect: a local APIC that no guest can have is refused. */
static void an_impossible_apic_is_refused(void **state)
{
	static const char why[] = "no local APIC of a guest's";
	struct core *core = *state;
	struct pmu_image good, bad;

	run_first_half(core);
	pmu_image_export(&core->run, &good);
	bad = good;
	bad.apic_svr |= APIC_SVR_ENABLE << 1;
	refuses(core, &bad, sizeof(bad), why);
	bad = good;
	bad.apic_svr &= ~APIC_SVR_ENABLE;	/* and the entry not masked */
	refuses(core, &bad, sizeof(bad), why);
	bad = good;
	bad.apic_lvt_pmi |= LVT_DELIVERY_STATUS;
	refuses(core, &bad, sizeof(bad), why);
	bad = good;
	bad.apic_irr[0] = TMAV_BIT(15);
	refuses(core, &bad, sizeof(bad), why);
	bad = good;
	bad.apic_isr[0] = 1;
	refuses(core, &bad, sizeof(bad), why);
	bad = good;
	bad.apic_nmi = 2;
	refuses(core, &bad, sizeof(bad), why);
	bad = good;
	bad.reserved = 1;
	refuses(core, &bad, sizeof(bad), why);
}

/* Images with random bytes changed. Expect: refused, or taken and run. */
static void garbled_images_do_no_harm(void **state)
{
	enum { ROUNDS = 2000 };
	struct soft_result ignored[SOFT_MAX_STEPS];
	struct core *core = *state;
	unsigned int refused = 0;
	u64 seed = 5;

	for (int round = 0; round < ROUNDS; round++) {
		struct pmu_image image;
		u8 *bytes = (u8 *)&image;

		run_first_half(core);
		pmu_image_export(&core->run, &image);
		for (u64 n = 1 + soft_random(&seed) % 3; n; n--)
			bytes[soft_random(&seed) % sizeof(image)] ^= soft_random(&seed);
		core->cpu->log_len = 0;
		if (pmu_image_import(&core->run, &image, sizeof(image)) == 0)
			run_second_half(core, ignored);
		else
			refused++;
		soft_forget_trace(core->cpu);
	}
	assert_true(refused > ROUNDS / 10 && refused < ROUNDS);
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_moved_guest_goes_on),
		test(import_and_export_are_inverse),
		test(a_pending_pmi_moves_too),
		test(the_host_keeps_metrics_that_the_guest_lacks),
		test(level2_is_ignored_if_not_shown),
		test(shares_of_nothing_read_0),
		test(any_other_length_is_refused),
		test(other_kinds_are_refused),
		test(an_image_of_another_pmu_is_refused),
		test(reserved_bits_are_refused),
		test(an_impossible_apic_is_refused),
		test(garbled_images_do_no_harm),
	};

	return cmocka_run_group_tests_name("pmu_image", tests, NULL, NULL);
}
