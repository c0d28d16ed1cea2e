// SPDX-License-Identifier: GPL-2.0
/*
 * The module's own cases of conformance, on the software CPU: what a guest finds
 * in each profile, and that it would tell if it found something else.
 */
#include <stdlib.h>

#include "kmod/conform.h"
#include "tools/test/core_fixture.h"
#include "vmx/vmx_arch.h"

/* Scripts are in terms of this guest's steps, where it has such. */
struct suite {
	struct conform		conform;
	struct guest_op		ops[GUEST_MAX_OPS];
	struct guest_step	steps[GUEST_MAX_OPS];
	struct core		*core;
};

static bool step_of(const struct guest_op *op, struct guest_step *step)
{
	*step = (struct guest_step) { .index = op->index, .val = op->val };
	switch (op->code) {
	case GUEST_OP_NOP:
		*step = (struct guest_step) { GUEST_COUNT, .val = 1 };
		return true;
	case GUEST_OP_RDMSR:
		step->what = GUEST_RDMSR;
		return true;
	case GUEST_OP_WRMSR:
		step->what = GUEST_WRMSR;
		return true;
	case GUEST_OP_RDPMC:
		step->what = GUEST_RDPMC;
		return true;
	case GUEST_OP_CPUID:
	case GUEST_OP_CPUID_CX_BX:
		*step = (struct guest_step) { GUEST_CPUID, op->val, op->index };
		return true;
	case GUEST_OP_SWITCH:
		step->what = GUEST_VMCALL;
		return true;
	case GUEST_OP_LOOP:
		*step = (struct guest_step) { GUEST_SLOTS, .val = 2 * op->val };
		return true;
	case GUEST_OP_END:
		*step = (struct guest_step) GUEST_DONE;
		return true;
	}
	return false;
}

static void take_result(struct guest_op *op, const struct soft_result *result)
{
	op->fault = result->fault ? VECTOR_GP : 0;
	op->result = result->val;
	if (op->code == GUEST_OP_CPUID)
		op->result = result->cpuid.eax | (u64)result->cpuid.edx << 32;
	if (op->code == GUEST_OP_CPUID_CX_BX)
		op->result = result->cpuid.ebx | (u64)result->cpuid.ecx << 32;
}

/* No interrupts here, and no CPL 3: -EOPNOTSUPP for scripts that have them. */
static int run_script(struct conform *conform)
{
	struct suite *suite = (struct suite *)conform;
	unsigned int i, nr = 0;

	do {
		if (!step_of(&suite->ops[nr], &suite->steps[nr]))
			return -EOPNOTSUPP;
	} while (suite->ops[nr++].code != GUEST_OP_END);
	soft_forget_trace(suite->core->cpu);
	core_program(suite->core, suite->steps, nr);
	assert_int_equal(core_run(suite->core), RUN_DONE);
	for (i = 0; i < nr; i++)
		take_result(&suite->ops[i], &suite->core->cpu->guest.result[i]);
	return 0;
}

static int suite_setup(void **state)
{
	struct suite *suite = calloc(1, sizeof(*suite));
	void *core;

	assert_non_null(suite);
	assert_int_equal(core_setup(&core), 0);
	suite->core = core;
	/* It tears the pair apart, where one half of it passes and one traps too. */
	suite->core->cpu->careless_guest = true;
	suite->core->cpu->any_order = true;
	suite->core->cpu->counts_accesses = true;
	suite->conform.shown = &suite->core->run.vpmu.shown;
	suite->conform.deny = &suite->core->run.vpmu.filter;
	suite->conform.ops = suite->ops;
	suite->conform.run = run_script;
	*state = suite;
	return 0;
}

static int suite_teardown(void **state)
{
	struct suite *suite = *state;
	void *core = suite->core;

	free(suite);
	return core_teardown(&core);
}

/* Those that are not ok, of all that can be run here. */
static unsigned int not_ok(struct suite *suite, const char **first)
{
	struct conform_outcome outcome;
	unsigned int bad = 0, ok = 0;
	u32 i;

	for (i = 0; i < conform_cases(); i++) {
		int err = conform_case(&suite->conform, i, &outcome);

		assert_true(!err || err == -EOPNOTSUPP);
		if (err || outcome.result == CONFORM_SKIPPED)
			continue;
		ok += outcome.result == CONFORM_OK;
		if (outcome.result == CONFORM_NOT_OK && !bad++)
			*first = outcome.claim;
	}
	assert_true(ok);
	return bad;
}

static void conforms(void **state, const char *profile)
{
	struct suite *suite = *state;
	const char *first = NULL;
	u64 seed = 7;

	core_profile(suite->core, profile);
	soft_random_host(suite->core->cpu, &seed);
	soft_set_status(suite->core->cpu, 0);
	core_remember(suite->core);
	if (not_ok(suite, &first))
		fail_msg("%s: not ok %s", profile, first);
	core_assert_untouched(suite->core);
}

#define PROFILE(name, text)						\
	static void name(void **state)					\
	{								\
		conforms(state, text);					\
	}

/* Expect: every claim holds, and the host's PMU is as it was. */
PROFILE(full_conforms, "full")
PROFILE(nometrics_conforms, "nometrics")
PROFILE(fixed3_conforms, "fixed3")
PROFILE(gp4_conforms, "gp4")
PROFILE(narrow_conforms, "narrow")
PROFILE(nofw_conforms, "nofw")
PROFILE(l1only_conforms, "l1only")
PROFILE(none_conforms, "none")
PROFILE(sparse_conforms, "custom:gp=2,fixed=0xb,l2=0,fw=0")
PROFILE(fixed0_alone_conforms, "custom:gp=0,fixed=1,metrics=0,l2=0")
PROFILE(gp_alone_conforms, "custom:gp=4,fixed=0,metrics=0,l2=0")
/* Wider counters than narrow has, and no wider than they must be. */
PROFILE(width_32_conforms, "custom:width=32,metrics=0,l2=0")

/* Expect: claims of group F1 hold too. */
static void denied_events_conform(void **state)
{
	struct suite *suite = *state;

	assert_int_equal(filter_parse("branches,r01c2,slots",
				      &suite->core->run.vpmu.filter), 0);
	suite->conform.deny = &suite->core->run.vpmu.filter;
	assert_int_equal(not_ok(suite, &(const char *) { NULL }), 0);
}

/*
 * That it can fail
 */

static void sees(void **state, const char *claim)
{
	const char *first = NULL;

	assert_int_not_equal(not_ok(*state, &first), 0);
	assert_string_equal(first, claim);
}

/* Expect: a register of the host's that the guest reaches is told of. */
static void an_open_msr_is_seen(void **state)
{
	struct suite *suite = *state;

	msr_bitmap_pass(&suite->core->run.bitmap, OFFCORE_RSP_0, MSR_READ_WRITE);
	sees(state, "L4 what is the host's alone faults");
}

/* Expect: a selector that passes takes bits that the guest is not shown. */
static void an_open_selector_is_seen(void **state)
{
	struct suite *suite = *state;

	msr_bitmap_pass(&suite->core->run.bitmap, IA32_PERFEVTSEL0, MSR_READ_WRITE);
	sees(state, "L5 what the guest has written it finds again after switches");
}

/* Expect: STATUS_RESET passed to a guest that is shown fewer counters. */
static void an_open_status_reset_is_seen(void **state)
{
	struct suite *suite = *state;

	core_profile(suite->core, "gp4");
	msr_bitmap_pass(&suite->core->run.bitmap, IA32_PERF_GLOBAL_STATUS_RESET,
			MSR_READ_WRITE);
	sees(state, "R1 STATUS_SET sets and STATUS_RESET clears what STATUS has");
}

/* Expect: metrics by an RDPMC that passes. */
static void a_passed_rdpmc_is_seen(void **state)
{
	struct suite *suite = *state;

	core_profile(suite->core, "nometrics");
	suite->core->run.ctls.word[VMX_CTL_CPU] &= ~CPU_RDPMC_EXITING;
	sees(state, "L1 the metrics fault without PERF_METRICS");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(full_conforms),
		TEST(nometrics_conforms),
		TEST(fixed3_conforms),
		TEST(gp4_conforms),
		TEST(narrow_conforms),
		TEST(nofw_conforms),
		TEST(l1only_conforms),
		TEST(none_conforms),
		TEST(sparse_conforms),
		TEST(fixed0_alone_conforms),
		TEST(gp_alone_conforms),
		TEST(width_32_conforms),
		TEST(denied_events_conform),
		TEST(an_open_msr_is_seen),
		TEST(an_open_selector_is_seen),
		TEST(an_open_status_reset_is_seen),
		TEST(a_passed_rdpmc_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
