// SPDX-License-Identifier: GPL-2.0
/* The event filter: its syntax, and what it does to a guest that counts. */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

#include <stdio.h>

/* Expect: the architectural events by perf's names, others by their number. */
static void names_and_numbers_are_events(void **state)
{
	static const struct {
		const char	*text;
		u64		event;
	} cases[] = {
		{ "cycles", EVENT_CORE_CYCLES },
		{ "instructions", EVENT_INSTRUCTIONS },
		{ "ref-cycles", EVENT_REF_CYCLES },
		{ "cache-references", EVENT_LLC_REFERENCES },
		{ "cache-misses", EVENT_LLC_MISSES },
		{ "branches", EVENT_BRANCHES },
		{ "branch-misses", EVENT_BRANCH_MISSES },
		{ "slots", EVENT_SLOTS },
		{ "r01a4", EVENT_SLOTS },
		{ "r4F2e", EVENT_LLC_REFERENCES },
		{ "rffff", 0xffff },
	};
	struct event_filter filter;

	(void)state;
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++) {
		assert_int_equal(filter_parse(cases[i].text, &filter), 0);
		assert_true(filter_denies(&filter, cases[i].event));
		assert_false(filter_denies(&filter, cases[i].event ^ 1));
		assert_false(filter_denies(&filter, cases[i].event ^ 0x100));
		/* The rest of a selector does not matter. */
		assert_true(filter_denies(&filter, cases[i].event | PERFEVTSEL_EN |
					  PERFEVTSEL_INV | PERFEVTSEL_CMASK));
	}
}

/* Expect: no list denies nothing, a list all that is in it. */
static void a_list_is_all_of_its_items(void **state)
{
	struct event_filter filter;

	(void)state;
	assert_int_equal(filter_parse("", &filter), 0);
	assert_int_equal(filter.nr, 0);
	assert_int_equal(filter_parse("slots,r00c4,cycles", &filter), 0);
	assert_true(filter_denies(&filter, EVENT_SLOTS));
	assert_true(filter_denies(&filter, EVENT_BRANCHES));
	assert_true(filter_denies(&filter, EVENT_CORE_CYCLES));
	assert_false(filter_denies(&filter, EVENT_INSTRUCTIONS));
}

/* Expect: -EINVAL, and a line with the item that is wrong. */
static void what_is_no_event_is_refused_by_name(void **state)
{
	static const struct {
		const char	*text, *item;
	} cases[] = {
		{ "nonsense", "\"nonsense\"" },
		{ "cycles,slot", "\"slot\"" },
		{ "rc0", "\"rc0\"" },
		{ "r000c0", "\"r000c0\"" },
		{ "r00g0", "\"r00g0\"" },
		{ "c0", "\"c0\"" },
		{ "cycles,", "\"\"" },
		{ ",cycles", "\"\"" },
		{ "cycles,,slots", "\"\"" },
		{ "cycles slots", "\"cycles slots\"" },
	};
	struct soft_cpu *cpu = *state;
	struct event_filter filter;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++) {
		cpu->log_len = 0;
		assert_int_equal(filter_parse(cases[i].text, &filter), -EINVAL);
		assert_true(soft_logged(cpu, cases[i].item));
		assert_true(soft_logged(cpu, "is no event; use rUUEE"));
	}
}

/* Expect: as many as fit, and one more is refused. */
static void the_list_has_an_end(void **state)
{
	char text[FILTER_MAX_EVENTS * 6 + 6] = "";
	struct soft_cpu *cpu = *state;
	struct event_filter filter;
	size_t len = 0;

	for (int i = 0; i < FILTER_MAX_EVENTS; i++)
		len += sprintf(text + len, "%sr%04x", i ? "," : "", i);
	assert_int_equal(filter_parse(text, &filter), 0);
	assert_int_equal(filter.nr, FILTER_MAX_EVENTS);
	sprintf(text + len, ",rffff");
	assert_int_equal(filter_parse(text, &filter), -EINVAL);
	assert_true(soft_logged(cpu, "more than 32 events"));
}

/* Expect: the fixed counter of an event is denied with it, by name or by number. */
static void fixed_counters_go_with_their_events(void **state)
{
	static const char *const names[PMU_MAX_FIXED_COUNTERS][2] = {
		{ "instructions", "r00c0" }, { "cycles", "r003c" },
		{ "ref-cycles", "r013c" }, { "slots", "r01a4" },
	};
	struct event_filter filter;

	(void)state;
	for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
		for (int spelling = 0; spelling < 2; spelling++) {
			assert_int_equal(filter_parse(names[i][spelling], &filter), 0);
			for (u32 k = 0; k < PMU_MAX_FIXED_COUNTERS; k++)
				assert_int_equal(filter_denies_fixed(&filter, k), k == i);
		}
	}
	assert_false(filter_denies_fixed(&filter, PMU_MAX_FIXED_COUNTERS));
}

/*
 * With a guest
 */

enum { INSNS = 1000 };

#define SELECT(event)	((event) | PERFEVTSEL_OS | PERFEVTSEL_EN)
#define FIXED_ALL	(FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_OS(1) | \
			 FIXED_CTR_CTRL_OS(2) | FIXED_CTR_CTRL_OS(3))
#define GLOBAL_ALL	(GLOBAL_GP(0) | GLOBAL_GP(1) | GLOBAL_FIXED(0) | \
			 GLOBAL_FIXED(1) | GLOBAL_FIXED(2) | GLOBAL_FIXED(3))

/* Counter 0 counts instructions, counter 1 reference cycles, and all fixed ones count. */
static const struct guest_step counting_guest[] = {
	{ GUEST_WRMSR, IA32_PERFEVTSEL0, SELECT(EVENT_INSTRUCTIONS) },
	{ GUEST_WRMSR, IA32_PERFEVTSEL0 + 1, SELECT(EVENT_REF_CYCLES) },
	{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_ALL },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_ALL },
	/* #GP without them. */
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_ALL | GLOBAL_CTRL_METRICS },
	{ GUEST_SLOTS, .val = INSNS },
	{ GUEST_CPUID },
	{ GUEST_TIMER },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
	{ GUEST_RDPMC, RDPMC_GP(0) },
	{ GUEST_RDPMC, RDPMC_GP(1) },
	{ GUEST_RDPMC, RDPMC_FIXED(0) },
	{ GUEST_RDPMC, RDPMC_FIXED(1) },
	{ GUEST_RDPMC, RDPMC_FIXED(2) },
	{ GUEST_RDPMC, RDPMC_FIXED(3) },
	{ GUEST_RDPMC, RDPMC_METRICS },
	{ GUEST_RDMSR, IA32_PERFEVTSEL0 },
	{ GUEST_RDMSR, IA32_FIXED_CTR_CTRL },
	{ GUEST_RDMSR, IA32_PERF_GLOBAL_INUSE },
	GUEST_DONE,
};

/* Where its results are. */
enum { GP0 = 9, GP1, FIXED0, FIXED1, FIXED2, FIXED3, METRICS, SEL0, CTRL, INUSE };

static const struct soft_result *count_with(struct core *core, const char *profile,
					    const char *deny)
{
	core_profile(core, profile);
	assert_int_equal(filter_parse(deny, &core->run.vpmu.filter), 0);
	core_program(core, counting_guest, TMAV_ARRAY_SIZE(counting_guest));
	assert_int_equal(core_run(core), RUN_DONE);
	return core->cpu->guest.result;
}

static const char *const profiles[] = { "full", "nometrics", "narrow", "l1only" };

#define for_each_profile(p) \
	for (p = 0; p < TMAV_ARRAY_SIZE(profiles); p++)

/* Expect: what is denied stands still, passed or trapped; the rest counts. */
static void a_denied_event_does_not_count(void **state)
{
	size_t p;

	for_each_profile(p) {
		const struct soft_result *r = count_with(*state, profiles[p], "instructions");

		assert_int_equal(r[GP0].val, 0);
		assert_int_equal(r[FIXED0].val, 0);
		assert_true(r[GP1].val >= INSNS);
		assert_true(r[FIXED1].val);
		assert_true(r[FIXED2].val >= INSNS);
		assert_true(r[FIXED3].val >= INSNS);
	}
}

/* The check of the check. Expect: without a filter all of that counts. */
static void without_a_filter_it_counts(void **state)
{
	size_t p;

	for_each_profile(p) {
		const struct soft_result *r = count_with(*state, profiles[p], "");

		for (int i = GP0; i <= FIXED3; i++)
			assert_true(r[i].val);
		assert_true(r[METRICS].val || r[METRICS].fault);
	}
}

/* Expect: denying slots stops fixed counter 3, and with it the metrics. */
static void denying_slots_stops_the_metrics(void **state)
{
	const struct soft_result *r = count_with(*state, "full", "slots");

	assert_int_equal(r[FIXED3].val, 0);
	assert_int_equal(r[METRICS].val, 0);
	assert_true(r[FIXED0].val >= INSNS);
}

/* Expect: cycles and ref-cycles stop their fixed counters, and no other. */
static void cycles_stop_their_counters(void **state)
{
	const struct soft_result *r = count_with(*state, "full", "cycles,ref-cycles");

	assert_int_equal(r[FIXED1].val, 0);
	assert_int_equal(r[FIXED2].val, 0);
	assert_int_equal(r[GP1].val, 0);
	assert_true(r[GP0].val && r[FIXED0].val && r[FIXED3].val);
}

/* Expect: the guest reads back what it wrote, INUSE included. */
static void the_guest_reads_its_own_values(void **state)
{
	size_t p;

	for_each_profile(p) {
		const struct soft_result *r = count_with(*state, profiles[p],
							 "instructions,slots");

		assert_int_equal(r[SEL0].val, SELECT(EVENT_INSTRUCTIONS));
		assert_int_equal(r[CTRL].val, FIXED_ALL);
		assert_true(r[INUSE].val & GLOBAL_GP(0));
		assert_true(r[INUSE].val & GLOBAL_FIXED(FIXED_SLOTS));
	}
}

/* Expect: what reaches the hardware has EN clear, and is else the guest's. */
static void the_hardware_gets_a_selector_that_is_off(void **state)
{
	struct core *core = *state;
	bool seen = false;

	count_with(core, "full", "instructions");
	for (unsigned int i = 0; i < core->cpu->nr_ops; i++) {
		const struct soft_op *op = &core->cpu->ops[i];

		if (op->kind != OP_WRMSR || op->index != IA32_PERFEVTSEL0)
			continue;
		assert_false(op->val & PERFEVTSEL_EN);
		seen |= op->val == (SELECT(EVENT_INSTRUCTIONS) & ~PERFEVTSEL_EN);
	}
	assert_true(seen);
}

#define unit(function) \
	cmocka_unit_test_setup_teardown(function, soft_cpu_setup, soft_cpu_teardown)
#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(names_and_numbers_are_events),
		unit(a_list_is_all_of_its_items),
		unit(what_is_no_event_is_refused_by_name),
		unit(the_list_has_an_end),
		unit(fixed_counters_go_with_their_events),
		test(a_denied_event_does_not_count),
		test(without_a_filter_it_counts),
		test(denying_slots_stops_the_metrics),
		test(cycles_stop_their_counters),
		test(the_guest_reads_its_own_values),
		test(the_hardware_gets_a_selector_that_is_off),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
