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

#include <stdio.h>
#include <stdlib.h>

/* Of each profile, a million in all; or as in the environment. */
enum { ACCESSES = 100000 };

static u64 accesses;	/* in all */

static u64 setting(const char *name, u64 otherwise)
{
	const char *val = getenv(name);

	return val ? strtoull(val, NULL, 0) : otherwise;
}

/* Some steps, all at one privilege level. */
static void walk_a_bit(struct walk *w)
{
	const char *difference;

	w->cpl = soft_random(&w->seed) % 4 || w->owes_metrics ? 0 : 3;
	for (unsigned int i = 0; i < WALK_CHUNK; i++)
		w->steps[i] = walk_random_step(w);
	difference = walk_chunk(w, WALK_CHUNK);
	if (difference)
		fail_msg("%s, after %u accesses: %s", w->profile, w->accesses, difference);
	core_assert_untouched(w->core);
}

static void walk(struct core *core, const char *profile)
{
	u64 wanted = setting("WALK_ACCESSES", ACCESSES);
	struct walk w;

	walk_begin(&w, core, profile);
	w.seed = setting("WALK_SEED", WALK_SEED);
	while (w.accesses < wanted)
		walk_a_bit(&w);
	accesses += w.accesses;
	/* Else it has shown little. */
	assert_true(w.faults > wanted / 10);
	assert_true(w.valid > wanted / 10);
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

	int failed = cmocka_run_group_tests_name("vpmu_walk", tests, NULL, NULL);

	printf("# %llu accesses, WALK_SEED=%llu\n", accesses,
	       setting("WALK_SEED", WALK_SEED));
	return failed;
}
