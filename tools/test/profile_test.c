// SPDX-License-Identifier: GPL-2.0
/*
 * Profiles: which PMU each one is on a Sapphire Rapids, and why some cannot be
 * had.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/profile.h"

#include <errno.h>
#include <stdio.h>

enum {
	SPR_GP		= 8,
	SPR_WIDTH	= 48,
	SPR_EVENTS	= 8,
	ALL_FIXED	= 1 << FIXED_INSTRUCTIONS | 1 << FIXED_CORE_CYCLES |
			  1 << FIXED_REF_CYCLES | 1 << FIXED_SLOTS,
	NO_SLOTS	= ALL_FIXED & ~(1 << FIXED_SLOTS),
	NR_VERSION	= 5,
	FW		= PERFCAP_FULL_WIDTH_WRITE,
	FW_METRICS	= PERFCAP_FULL_WIDTH_WRITE | PERFCAP_PERF_METRICS,
};

struct fixture {
	struct soft_cpu	*cpu;
	struct cpu_caps	caps;
};

static struct fixture fixture;

static int setup(void **state)
{
	void *cpu;

	assert_int_equal(soft_cpu_setup(&cpu), 0);
	fixture.cpu = cpu;
	assert_int_equal(caps_read(&fixture.caps), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *cpu = f->cpu;

	return soft_cpu_teardown(&cpu);
}

/* A profile, and in what its PMU is its own. */
struct expected {
	const char	*text;
	u32		gp, fixed, width;
	u64		capabilities;
	bool		level2;
};

static void assert_gives(struct fixture *f, const struct expected *e)
{
	struct pmu_caps shown;

	memset(&shown, 0x5a, sizeof(shown));
	if (profile_parse(e->text, &f->caps.pmu, &shown))
		fail_msg("%s is refused: %s", e->text, f->cpu->log);
	assert_int_equal(shown.version, NR_VERSION);
	assert_int_equal(shown.nr_gp, e->gp);
	assert_int_equal(shown.gp_width, e->width);
	assert_int_equal(shown.fixed_mask, e->fixed);
	assert_int_equal(shown.fixed_width, e->width);
	assert_int_equal(shown.events_missing, 0);
	assert_int_equal(shown.nr_events, SPR_EVENTS);
	assert_int_equal(shown.perf_capabilities, e->capabilities);
	assert_int_equal(shown.metrics,
			 (e->capabilities & PERFCAP_PERF_METRICS) != 0);
	assert_int_equal(shown.level2, e->level2);
	assert_int_equal(f->cpu->log_len, 0);
}

/* Expect: each name is exactly this part of the hardware. */
static void each_name_is_a_part_of_the_hardware(void **state)
{
	static const struct expected profiles[] = {
		{ "full",      SPR_GP, ALL_FIXED, SPR_WIDTH, FW_METRICS, true },
		{ "nometrics", SPR_GP, ALL_FIXED, SPR_WIDTH, FW, false },
		{ "fixed3",    SPR_GP, NO_SLOTS,  SPR_WIDTH, FW, false },
		{ "gp4",       4,      ALL_FIXED, SPR_WIDTH, FW_METRICS, true },
		{ "narrow",    SPR_GP, ALL_FIXED, 40,        FW, false },
		{ "nofw",      SPR_GP, ALL_FIXED, SPR_WIDTH,
		  PERFCAP_PERF_METRICS, true },
		{ "l1only",    SPR_GP, ALL_FIXED, SPR_WIDTH, FW_METRICS, false },
	};

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++)
		assert_gives(*state, &profiles[i]);
}

static void assert_nothing(struct fixture *f, const char *text)
{
	static const struct pmu_caps nothing;
	struct pmu_caps shown;

	memset(&shown, 0x5a, sizeof(shown));
	assert_int_equal(profile_parse(text, &f->caps.pmu, &shown), 0);
	assert_memory_equal(&shown, &nothing, sizeof(shown));
}

/* Expect: no PMU at all, by name and by numbers. */
static void none_is_nothing(void **state)
{
	assert_nothing(*state, "none");
	assert_nothing(*state, "custom:gp=0,fixed=0,metrics=0,l2=0");
	assert_nothing(*state, "custom:gp=0,fixed=0,width=0,metrics=0,l2=0,fw=0");
}

/* Expect: each key changes its own field, and what is not named stays. */
static void each_key_changes_one_thing(void **state)
{
	static const struct expected profiles[] = {
		{ "custom:", SPR_GP, ALL_FIXED, SPR_WIDTH, FW_METRICS, true },
		{ "custom:gp=5", 5, ALL_FIXED, SPR_WIDTH, FW_METRICS, true },
		{ "custom:gp=0", 0, ALL_FIXED, SPR_WIDTH, FW_METRICS, true },
		{ "custom:fixed=9", SPR_GP, 1 << FIXED_INSTRUCTIONS | 1 << FIXED_SLOTS,
		  SPR_WIDTH, FW_METRICS, true },
		{ "custom:width=48", SPR_GP, ALL_FIXED, SPR_WIDTH, FW_METRICS, true },
		{ "custom:metrics=0,l2=0", SPR_GP, ALL_FIXED, SPR_WIDTH, FW, false },
		{ "custom:l2=0", SPR_GP, ALL_FIXED, SPR_WIDTH, FW_METRICS, false },
		{ "custom:fw=0", SPR_GP, ALL_FIXED, SPR_WIDTH,
		  PERFCAP_PERF_METRICS, true },
	};

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++)
		assert_gives(*state, &profiles[i]);
}

/* Expect: keys come in any order, numbers in hexadecimal too; the last one counts. */
static void keys_come_in_any_order_and_base(void **state)
{
	static const struct expected profiles[] = {
		{ "custom:gp=2,fixed=0x7,width=36,metrics=0,l2=0,fw=1",
		  2, NO_SLOTS, 36, FW, false },
		{ "custom:fw=1,l2=0x0,metrics=0x0,width=0x24,fixed=7,gp=0x2",
		  2, NO_SLOTS, 36, FW, false },
		{ "custom:width=32,metrics=0,l2=0", SPR_GP, ALL_FIXED, 32, FW, false },
		{ "custom:fixed=0xf", SPR_GP, ALL_FIXED, SPR_WIDTH, FW_METRICS, true },
		{ "custom:gp=0000000000003,gp=1", 1, ALL_FIXED, SPR_WIDTH, FW_METRICS,
		  true },
	};

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++)
		assert_gives(*state, &profiles[i]);
}

static unsigned int nr_lines(const char *text)
{
	unsigned int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* -EINVAL, one line that has the profile and the reason, and nothing given. */
static void assert_refused(struct fixture *f, const char *text, const char *why)
{
	struct pmu_caps shown, before;
	char quoted[128];

	memset(&shown, 0x5a, sizeof(shown));
	before = shown;
	f->cpu->log_len = 0;
	f->cpu->log[0] = '\0';
	assert_int_equal(profile_parse(text, &f->caps.pmu, &shown), -EINVAL);
	assert_memory_equal(&shown, &before, sizeof(shown));
	assert_int_equal(nr_lines(f->cpu->log), 1);
	snprintf(quoted, sizeof(quoted), "E profile=%s ", text);
	assert_true(soft_logged(f->cpu, quoted));
	if (!soft_logged(f->cpu, why))
		fail_msg("%s is refused otherwise: %s", text, f->cpu->log);
}

/* Expect: what cannot be had is refused, each with its reason. */
static void each_refusal_has_its_reason(void **state)
{
	static const struct { const char *text, *why; } cases[] = {
		{ "custom:gp=9", "fewer general counters" },
		{ "custom:gp=4294967295", "fewer general counters" },
		{ "custom:fixed=0x10", "lacks one of those fixed counters" },
		{ "custom:fixed=0x1f", "lacks one of those fixed counters" },
		{ "custom:fixed=0x80000000", "lacks one of those fixed counters" },
		{ "custom:metrics=2", "are 0 or 1" },
		{ "custom:l2=2", "are 0 or 1" },
		{ "custom:fw=2", "are 0 or 1" },
		{ "custom:fixed=0x7", "needs fixed counter 3" },
		{ "custom:gp=0,fixed=0", "needs fixed counter 3" },
		{ "custom:metrics=0", "level 2 needs PERF_METRICS" },
		{ "custom:metrics=0,l2=1", "level 2 needs PERF_METRICS" },
		{ "custom:width=49", "from 32 to the hardware's" },
		{ "custom:width=31,metrics=0,l2=0", "from 32 to the hardware's" },
		{ "custom:width=0,metrics=0,l2=0", "from 32 to the hardware's" },
		{ "custom:width=64,metrics=0,l2=0", "from 32 to the hardware's" },
		{ "custom:width=40", "of the hardware's width" },
		{ "custom:width=47,l2=0", "of the hardware's width" },
	};

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++)
		assert_refused(*state, cases[i].text, cases[i].why);
}

/* Expect: what isn't a profile is refused with those that there are. */
static void what_is_no_profile_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "Full", "full ", " full", "fulll", "ful", "custom", "custom=",
		"customgp=4", "full:gp=4",
		/* keys */
		"custom:pebs=1", "custom:g=4", "custom:gpp=4", "custom:GP=4",
		"custom:=4", "custom:gp", "custom:gp4", "custom:gp=4,l1", "custom: gp=4",
		/* numbers */
		"custom:gp=", "custom:gp=,fixed=1", "custom:gp=0x", "custom:gp=0xg",
		"custom:gp=-1", "custom:gp=+1", "custom:gp=a", "custom:gp=4 ",
		"custom:gp= 4", "custom:gp=4k", "custom:gp==4", "custom:gp=0X4",
		"custom:gp=4294967296", "custom:gp=0x100000000",
		"custom:gp=18446744073709551620", "custom:gp=0x10000000000000004",
		/* commas */
		"custom:gp=4,", "custom:gp=4,,", "custom:,gp=4", "custom:gp=4,,fixed=1",
		"custom:,", "custom:gp=4;fixed=1",
	};

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(texts); i++)
		assert_refused(*state, texts[i], "is unknown; use " PROFILE_NAMES);
}

static void remove_metrics(struct fixture *f)
{
	struct pmu_caps *hw = &f->caps.pmu;

	hw->perf_capabilities &= ~PERFCAP_PERF_METRICS;
	hw->metrics = false;
	hw->level2 = false;
}

/* Expect: no metrics where the hardware has none, unless asked for by number. */
static void metrics_are_given_only_if_there(void **state)
{
	static const struct expected profiles[] = {
		{ "full",      SPR_GP, ALL_FIXED, SPR_WIDTH, FW, false },
		{ "nometrics", SPR_GP, ALL_FIXED, SPR_WIDTH, FW, false },
		{ "gp4",       4,      ALL_FIXED, SPR_WIDTH, FW, false },
		{ "custom:width=40", SPR_GP, ALL_FIXED, 40,  FW, false },
	};

	remove_metrics(*state);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(profiles); i++)
		assert_gives(*state, &profiles[i]);
	assert_refused(*state, "l1only", "hardware has no PERF_METRICS");
	assert_refused(*state, "custom:metrics=1", "hardware has no PERF_METRICS");
	assert_refused(*state, "custom:l2=1", "level 2 needs PERF_METRICS, and hardware");
}

/* An Ice Lake. Expect: level 1 only, and level 2 refused. */
static void level2_is_given_only_if_there(void **state)
{
	static const struct expected full = {
		"full", SPR_GP, ALL_FIXED, SPR_WIDTH, FW_METRICS, false
	};
	struct fixture *f = *state;

	f->caps.pmu.level2 = false;
	assert_gives(f, &full);
	assert_refused(f, "custom:metrics=1,l2=1", "and hardware that has it");
}

/* Expect: with fewer or narrower counters than a name has, as many as there are. */
static void small_hardware_has_small_profiles(void **state)
{
	static const struct expected gp4 = {
		"gp4", 2, ALL_FIXED, 36, FW_METRICS, true
	};
	struct fixture *f = *state;

	f->caps.pmu.nr_gp = 2;
	f->caps.pmu.gp_width = 36;
	f->caps.pmu.fixed_width = 36;
	assert_gives(f, &gp4);
	assert_refused(f, "narrow", "from 32 to the hardware's");
	assert_refused(f, "custom:gp=3", "fewer general counters");
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(each_name_is_a_part_of_the_hardware),
		test(none_is_nothing),
		test(each_key_changes_one_thing),
		test(keys_come_in_any_order_and_base),
		test(each_refusal_has_its_reason),
		test(what_is_no_profile_is_refused),
		test(metrics_are_given_only_if_there),
		test(level2_is_given_only_if_there),
		test(small_hardware_has_small_profiles),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
