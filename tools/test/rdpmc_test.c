// SPDX-License-Identifier: GPL-2.0
/*
 * RDPMC that traps: every type there can be, with each index up to 63, in every
 * profile. What is no counter of the guest's is #GP, whatever the type means on
 * some other CPU.
 */
#include "tools/test/core_fixture.h"

enum { TYPES = 0x10000, INDEXES = 64 };

#define GP_COUNT(i)	(0x1000000000ULL + (i))
#define FIXED_COUNT(i)	(0x2000000000ULL + (i))
#define METRICS		0x30301e61ULL
#define GARBAGE		0xabcd00000000ULL	/* RCX above ECX */

static const struct row {
	const char	*profile;
	u32		gp;
	u32		fixed;
	bool		metrics;
} rows[] = {
	{ "full",	8, 0xf, true },
	{ "nometrics",	8, 0xf, false },
	{ "fixed3",	8, 0x7, false },
	{ "gp4",	4, 0xf, true },
	{ "narrow",	8, 0xf, false },
	{ "nofw",	8, 0xf, true },
	{ "l1only",	8, 0xf, true },
	{ "none",	0, 0, false },
	{ "custom:gp=3,fixed=0x5,metrics=0,l2=0", 3, 0x5, false },
	{ "custom:gp=0,fixed=0x9", 0, 0x9, true },
};

/* "RDPMC-Read Performance-Monitoring Counters": types 0, 4000H and 2000H. */
static bool expected(const struct row *row, u32 type, u32 index, u64 *val)
{
	switch (type) {
	case 0x0000:
		*val = GP_COUNT(index);
		return index < row->gp;
	case 0x4000:
		*val = FIXED_COUNT(index);
		return (u64)row->fixed >> index & 1;
	case 0x2000:
		*val = METRICS;
		return row->metrics && !index;
	}
	return false;
}

static void fill(struct pmu_state *guest)
{
	for (u32 i = 0; i < PMU_MAX_GP_COUNTERS; i++)
		guest->gp[i] = GP_COUNT(i);
	for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		guest->fixed[i] = FIXED_COUNT(i);
	guest->perf_metrics = METRICS;
}

static unsigned int check_type(struct core *core, const struct row *row, u32 type)
{
	unsigned int valid = 0;

	for (u32 index = 0; index < INDEXES; index++) {
		u64 rcx = GARBAGE | type << RDPMC_TYPE_SHIFT | index;
		u64 val = 0, right = 0;
		bool there = vpmu_rdpmc(&core->run.vpmu, rcx, &val);

		if (there != expected(row, type, index, &right) ||
		    (there && val != right))
			fail_msg("%s: RDPMC %#llx is %#llx, #GP %d", row->profile,
				 rcx, val, !there);
		valid += there;
	}
	return valid;
}

/* Expect: the guest's own values where the profile has a counter, else #GP. */
static void every_selector_in_every_profile(void **state)
{
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		unsigned int valid = 0;

		core_profile(core, row->profile);
		fill(&core->run.vpmu.guest);
		for (u32 type = 0; type < TYPES; type++)
			valid += check_type(core, row, type);
		assert_int_equal(valid, row->gp + __builtin_popcount(row->fixed) +
				 row->metrics);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_selector_in_every_profile,
						core_setup, core_teardown),
	};

	return cmocka_run_group_tests_name("rdpmc", tests, NULL, NULL);
}
