// SPDX-License-Identifier: GPL-2.0
/* What a slice notes for whoever watches: all of it, in order, and once. */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/notes.h"
#include "vmx/vmx_arch.h"

/* Notes that were shown, as show() has no place for more arguments. */
static struct note seen[2 * NOTES_MAX];
static unsigned int nr_seen;
static struct notes notes;
/* Added by show() after as many notes; 0: none. */
static unsigned int add_after;

static void show(const struct note *note)
{
	assert_true(nr_seen < TMAV_ARRAY_SIZE(seen));
	seen[nr_seen++] = *note;
	if (nr_seen == add_after)
		notes_add(&notes, HW_NOTE_RDPMC, 0, 4711);
}

static int setup(void **state)
{
	int res = core_setup(state);

	memset(&notes, 0, sizeof(notes));
	nr_seen = 0;
	add_after = 0;
	((struct core *)*state)->cpu->notes = &notes;
	return res;
}

static bool is(const struct note *note, enum hw_note kind, u32 index)
{
	return note->kind == kind && note->index == index;
}

static bool is_access(const struct note *note)
{
	return note->kind == HW_NOTE_RDMSR || note->kind == HW_NOTE_WRMSR ||
	       note->kind == HW_NOTE_RDPMC;
}

/* Those that are no accesses, from the first on, as letters. */
static const char *stages(void)
{
	static const char letters[] = {
		[HW_NOTE_LOAD] = 'l', [HW_NOTE_LOADED] = 'L',
		[HW_NOTE_POSTPONED] = 'w', [HW_NOTE_ENTRY] = 'e',
		[HW_NOTE_EXIT] = 'x', [HW_NOTE_PUT] = 'p', [HW_NOTE_PUT_DONE] = 'P',
	};
	static char line[100];
	unsigned int i, len = 0;

	for (i = 0; i < nr_seen && len < sizeof(line) - 1; i++)
		if (!is_access(&seen[i]))
			line[len++] = letters[seen[i].kind];
	line[len] = 0;
	return line;
}

static const struct guest_step two_slices[] = {
	{ GUEST_CPUID, CPUID_FEATURES },
	{ GUEST_TIMER },
	GUEST_DONE,
};

static void run_two_slices(struct core *core)
{
	core_program(core, two_slices, TMAV_ARRAY_SIZE(two_slices));
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(notes_empty(&notes, show), 0);
}

/* Expect: load, entry and exit in pairs, put; twice. */
static void stages_are_in_order(void **state)
{
	run_two_slices(*state);
	assert_string_equal(stages(), "lLexexpPlLexpP");
}

/* Expect: each switch writes the pair, next to each other, between its two stages. */
static void the_pair_is_noted_as_a_pair(void **state)
{
	unsigned int i, pairs = 0;
	bool switching = false;

	run_two_slices(*state);
	for (i = 0; i + 1 < nr_seen; i++) {
		if (seen[i].kind == HW_NOTE_LOAD || seen[i].kind == HW_NOTE_PUT)
			switching = true;
		if (seen[i].kind == HW_NOTE_LOADED || seen[i].kind == HW_NOTE_PUT_DONE)
			switching = false;
		if (!is(&seen[i], HW_NOTE_WRMSR, IA32_FIXED_CTR3))
			continue;
		assert_true(switching);
		assert_true(is(&seen[i + 1], HW_NOTE_WRMSR, IA32_PERF_METRICS));
		pairs++;
	}
	assert_int_equal(pairs, 4);
}

/* Expect: the reason of each exit; time goes forward. */
static void exits_have_their_reasons(void **state)
{
	static const u32 reasons[] = {
		EXIT_CPUID, EXIT_PREEMPTION_TIMER, EXIT_VMCALL,
	};
	unsigned int i, nr = 0;

	run_two_slices(*state);
	for (i = 0; i < nr_seen; i++) {
		assert_true(!i || seen[i].tsc > seen[i - 1].tsc);
		if (seen[i].kind == HW_NOTE_EXIT)
			assert_int_equal(seen[i].index, reasons[nr++]);
	}
	assert_int_equal(nr, TMAV_ARRAY_SIZE(reasons));
}

/* Expect: of the host's other MSRs nothing is noted, though a slice reads some. */
static void other_msrs_are_not_noted(void **state)
{
	unsigned int i;

	run_two_slices(*state);
	notes_add(&notes, HW_NOTE_RDMSR, IA32_KERNEL_GS_BASE, 1);
	notes_add(&notes, HW_NOTE_WRMSR, IA32_EFER, 1);
	assert_int_equal(notes_empty(&notes, show), 0);
	for (i = 0; i < nr_seen; i++)
		assert_false(is_access(&seen[i]) && seen[i].kind != HW_NOTE_RDPMC &&
			     (seen[i].index == IA32_KERNEL_GS_BASE ||
			      seen[i].index == IA32_EFER));
}

/* An NMI at each step in turn. Expect: entries and exits in pairs, none lost. */
static void nmis_leave_pairs(void **state)
{
	struct core *core = *state;
	unsigned int at, i;

	for (at = 1; ; at++) {
		unsigned int nmis = core->cpu->nmis;
		int open = 0;

		nr_seen = 0;
		soft_forget_trace(core->cpu);
		core->cpu->steps = 0;
		core->cpu->injected = 0;
		core->cpu->nmi_at[0] = at;
		run_two_slices(core);
		for (i = 0; i < nr_seen; i++) {
			open += seen[i].kind == HW_NOTE_ENTRY;
			open -= seen[i].kind == HW_NOTE_EXIT;
			assert_in_range(open, 0, 1);
			assert_true(!i || seen[i].tsc > seen[i - 1].tsc);
		}
		assert_int_equal(open, 0);
		if (core->cpu->nmis == nmis)
			break;
	}
	assert_true(at > 100);
}

/* Expect: a load that waits for a PMI of the host's says so, and nothing enters. */
static void a_postponed_load_is_noted(void **state)
{
	struct core *core = *state;

	soft_set_status(core->cpu, GLOBAL_GP(0));
	core_program(core, two_slices, TMAV_ARRAY_SIZE(two_slices));
	assert_int_equal(run_slice(&core->run, CORE_TIMER), -EAGAIN);
	assert_int_equal(notes_empty(&notes, show), 0);
	assert_string_equal(stages(), "lw");
}

/* Expect: a guest that cannot be entered leaves no entry without an end. */
static void a_failed_entry_is_noted(void **state)
{
	struct core *core = *state;
	unsigned int i, failed = 0;

	core_program(core, two_slices, TMAV_ARRAY_SIZE(two_slices));
	core->cpu->faults.spoilt_field = HOST_RIP;
	core->cpu->faults.spoilt_val = 1ULL << 63;
	run_slice(&core->run, CORE_TIMER);
	assert_int_equal(notes_empty(&notes, show), 0);
	for (i = 0; i < nr_seen; i++)
		failed += is(&seen[i], HW_NOTE_EXIT, HW_NOTE_NO_ENTRY);
	assert_string_equal(stages(), "lLexpP");
	assert_int_equal(failed, 1);
}

/* Expect: what there is no place for is counted, once, and the rest is whole. */
static void too_many_are_counted(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < NOTES_MAX + 5; i++)
		notes_add(&notes, HW_NOTE_RDPMC, i, i);
	assert_int_equal(notes_empty(&notes, show), 5);
	assert_int_equal(nr_seen, NOTES_MAX);
	for (i = 0; i < nr_seen; i++)
		assert_true(is(&seen[i], HW_NOTE_RDPMC, i));
	notes_add(&notes, HW_NOTE_RDPMC, 0, 1);
	assert_int_equal(notes_empty(&notes, show), 0);
	assert_int_equal(nr_seen, NOTES_MAX + 1);
}

/* An NMI notes while the last is shown. Expect: it is shown too, and only once. */
static void what_comes_meanwhile_is_shown(void **state)
{
	(void)state;
	add_after = 3;
	for (unsigned int i = 0; i < 3; i++)
		notes_add(&notes, HW_NOTE_RDPMC, 0, i);
	assert_int_equal(notes_empty(&notes, show), 0);
	assert_int_equal(nr_seen, 4);
	assert_int_equal(seen[3].val, 4711);
	assert_int_equal(notes_empty(&notes, show), 0);
	assert_int_equal(nr_seen, 4);
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(stages_are_in_order),
		test(the_pair_is_noted_as_a_pair),
		test(exits_have_their_reasons),
		test(other_msrs_are_not_noted),
		test(nmis_leave_pairs),
		test(a_postponed_load_is_noted),
		test(a_failed_entry_is_noted),
		test(too_many_are_counted),
		test(what_comes_meanwhile_is_shown),
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
