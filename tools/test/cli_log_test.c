// SPDX-License-Identifier: GPL-2.0
/*
 * The module's log as the tool reads it: real ones, and what damages do. A damage
 * is told with its line, and nothing is made up for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/cli/log.h"
#include "tools/test/cli_fixture.h"

/* The line after mix's last, by its time. */
#define AFTER_MIX	"[   11.210495]"

static struct result result;
static struct complaint complaint;

static int forget(void **state)
{
	(void)state;
	result_free(&result);
	memset(&complaint, 0, sizeof(complaint));
	return 0;
}

/* Frees @text. */
static bool reads(char *text, size_t len)
{
	bool ok = log_read(text, len, &result, &complaint);

	free(text);
	return ok;
}

static bool reads_text(char *text)
{
	return reads(text, strlen(text));
}

static void assert_refused(char *text, unsigned long line, const char *why)
{
	assert_false(reads_text(text));
	if (!strstr(complaint.text, why) || complaint.line != line)
		print_message("# line %lu: %s; wanted line %lu: %s\n", complaint.line,
			      complaint.text, line, why);
	assert_non_null(strstr(complaint.text, why));
	assert_int_equal(complaint.line, line);
}

/* mix.log with one change; the complaint is about the line that holds @at. */
static void assert_change_refused(const char *from, const char *to, const char *at,
				  const char *why)
{
	char *log = fixture_read("mix.log");
	char *changed = fixture_replace(log, from, to);
	unsigned long line = fixture_line_of(changed, at);

	free(log);
	assert_refused(changed, line, why);
	forget(NULL);
}

static void assert_loss_refused(const char *lost, const char *at, const char *why)
{
	char *log = fixture_read("mix.log");
	char *changed = fixture_without_line(log, lost);
	unsigned long line = fixture_line_of(changed, at);

	free(log);
	assert_refused(changed, line, why);
	forget(NULL);
}

/* Expect: the counts, slices and checks that the log has, to the last one. */
static void a_real_log_is_read(void **state)
{
	const struct result_workload *w = result.workloads;

	(void)state;
	assert_true(reads_text(fixture_read("mix.log")));
	assert_string_equal(result.version, "0.1");
	assert_string_equal(result.profile, "full");
	assert_int_equal(result.signature, 0x806f8);
	assert_true(result.simulated);
	assert_int_equal(result.nr_workloads, 1);
	assert_string_equal(w->name, "mix");
	assert_int_equal(w->nr_slices, 4);
	assert_int_equal(w->slices[0].slots, 613836);
	assert_int_equal(w->slices[3].perf_metrics, 0xfe000000fe000001);
	assert_int_equal(w->total.slots, w->plain.slots);
	assert_int_equal(w->switched.forced, 3);
	assert_true(w->has_level2);
	assert_int_equal(result.checks, 89);
	assert_int_equal(result.skipped, 8);
	assert_int_equal(result.nr_failures, 0);
}

/* Expect: of one slice the categories are the total. */
static void one_slice_is_read_from_the_tree(void **state)
{
	(void)state;
	assert_true(reads_text(fixture_read("one-slice.log")));
	assert_int_equal(result.workloads[0].nr_slices, 0);
	assert_true(result.workloads[0].has_metrics);
	assert_int_equal(tma_slots(result.workloads[0].total.weight[TMA_BACKEND_BOUND]), 2699468);
	assert_int_equal(tma_dominant_node(&result.workloads[0].total), TMA_NODE_CORE_BOUND);
}

/* Expect: counters, and no shares that were never read. */
static void a_log_without_metrics_has_none(void **state)
{
	(void)state;
	assert_true(reads_text(fixture_read("nometrics.log")));
	assert_false(result.workloads[0].has_metrics);
	assert_int_equal(result.workloads[0].plain.slots, 71973000);
}

/* Expect: categories without parts. */
static void level_1_alone_is_read(void **state)
{
	(void)state;
	assert_true(reads_text(fixture_read("l1only.log")));
	assert_true(result.workloads[0].has_metrics);
	assert_false(result.workloads[0].has_level2);
	assert_int_equal(result.workloads[0].nr_slices, 25);
}

/* Expect: whatever stands before "tmavisor: ", and CR LF, changes nothing. */
static void prefixes_do_not_matter(void **state)
{
	char *log = fixture_read("mix.log"), *at, *out = malloc(1 << 20), *to = out;

	(void)state;
	for (at = log; *at; at++)
		if (at == log || at[-1] == '\n')
			to += sprintf(to, "Nov 25 23:45:44 host kernel: %c", *at);
		else
			to += sprintf(to, "%s%c", *at == '\n' ? "\r" : "", *at);
	free(log);
	assert_true(reads_text(out));
	assert_int_equal(result.workloads[0].nr_slices, 4);
}

/* Expect: the last of two runs; the first is counted, not shown. */
static void the_last_run_counts(void **state)
{
	char *one = fixture_read("one-slice.log"), *two = fixture_read("mix.log");
	char *both = malloc(strlen(one) + strlen(two) + 1);

	(void)state;
	strcat(strcpy(both, one), two);
	free(one);
	free(two);
	assert_true(reads_text(both));
	assert_int_equal(result.earlier_runs, 1);
	assert_int_equal(result.nr_workloads, 1);
	assert_string_equal(result.workloads[0].name, "mix");
}

/* Expect: a failed check with its suite and what was said before it. */
static void a_failure_is_kept(void **state)
{
	char *log = fixture_read("mix.log");
	char *one = fixture_replace(log, "  ok 6 the expected node", "  not ok 6 the expected node");
	char *two = fixture_replace(one, "tmavisor: ok 3 mix", "tmavisor: not ok 3 mix");

	(void)state;
	free(log);
	free(one);
	assert_true(reads_text(two));
	assert_int_equal(result.nr_failures, 1);
	assert_string_equal(result.failures[0].suite, "mix");
	assert_string_equal(result.failures[0].claim, "the expected node dominates");
	assert_string_equal(result.failures[0].detail, "Expect: 10% or more of each category");
}

/* Expect: a complaint, never a crash or a result, wherever the log is cut. */
static void every_cut_is_refused(void **state)
{
	char *log = fixture_read("mix.log");
	size_t end = strstr(log, "tmavisor: ok 4 host") + strlen("tmavisor: ok 4 host") - log;
	size_t len;

	(void)state;
	for (len = 0; len < end; len++) {
		char *cut = malloc(len + 1);

		memcpy(cut, log, len);
		cut[len] = 0;
		assert_false(reads(cut, len));
		assert_true(complaint.text[0]);
		forget(NULL);
	}
	free(log);
}

/* Expect: the complaint tells of the middle of a line. */
static void a_cut_line_is_told(void **state)
{
	char *log = fixture_read("mix.log");
	char *at = strstr(log, "is within level 1 in each");
	unsigned long line = fixture_line_of(log, at);

	(void)state;
	*at = 0;
	assert_refused(log, line, "the log ends, in the middle of a line after 2 of 4 suites");
}

/* Expect: no line that carries a result can be missing. */
static void every_loss_is_refused(void **state)
{
	(void)state;
	assert_loss_refused("tmavisor: KTAP version 1", "1..4", "a plan where none can be");
	assert_loss_refused("tmavisor: 1..4", "  KTAP version 1", "a suite begins where none can");
	assert_loss_refused("# Subtest: mix", "  1..10", "a plan where none can be");
	assert_loss_refused("  1..10", "  ok 1 instructions", "a check outside of a suite");
	assert_loss_refused("# mix slice 1:", "# mix slice 2:", "slice 1 of mix is missing");
	assert_loss_refused("# mix slice 4:", "tmavisor: ok 3 mix", "lines are missing or damaged");
	assert_loss_refused("# plain:", "tmavisor: ok 3 mix", "the counts of mix are missing");
	assert_loss_refused("# Backend_Bound", "tmavisor: ok 3 mix", "a category of mix is missing");
	assert_loss_refused("  ok 3 slots", "  ok 4 level 1", "check 3 is missing");
	assert_loss_refused("  ok 10 switches change", "tmavisor: ok 3 mix", "9 of its 10 checks");
	assert_loss_refused("tmavisor: ok 3 mix", AFTER_MIX,
			    "a suite begins where none can");
}

/* Expect: what the log says twice, and says differently, is damaged. */
static void damaged_numbers_are_refused(void **state)
{
	(void)state;
	assert_change_refused("slice 2: 781524", "slice 2: 781525", "ok 3 mix", "damaged");
	assert_change_refused("0x00469e00004c9e15", "0x00469e00004c9e25", "ok 3 mix", "damaged");
	assert_change_refused("# Retiring 665133", "# Retiring 665134", "ok 3 mix", "by its slices 665133");
	assert_change_refused("slice 2:", "slice 1:", "slice 1: 781524", "slice 1 of mix comes twice");
	assert_change_refused("# mix slice 3", "# max slice 3", "# max slice 3", "among those of mix");
	assert_change_refused("781524 slots", "781524 sl", "781524 sl", "cannot be read");
	assert_change_refused("0x00469e00004c9e15", "0x000469e00004c9e150", "0x000469", "cannot be read");
	assert_change_refused("0x00469e00004c9e15", "0x00469e00004cze15", "cze15", "cannot be read");
	assert_change_refused("2: 781524", "2: 99999999999999999999", "9999999", "cannot be read");
	assert_change_refused("2: 781524", "2: 9999999999999999999", "9999999", "more than a run");
	assert_change_refused("2: 781524", "2: -781524", "-781524", "cannot be read");
	assert_change_refused("plain: 2357022", "plain: 18446744073709551615", "plain: 184",
			      "more than a run");
	assert_change_refused("tmavisor: 1..4", "tmavisor: 1..3", AFTER_MIX,
			      "one more suite than the 3 of the plan");
}

/* Expect: slices that are possible each, and together are not, are refused. */
static void too_much_together_is_refused(void **state)
{
	char *log = fixture_read("mix.log");
	char *one = fixture_replace(log, "slice 1: 613836", "slice 1: 6000000000000000");
	char *two = fixture_replace(one, "slice 2: 781524", "slice 2: 6000000000000000");
	unsigned long line = fixture_line_of(two, "slice 2: 6");

	(void)state;
	free(log);
	free(one);
	assert_refused(two, line, "more than a run can take");
}

/* Expect: an outcome that contradicts itself, its plan or its order. */
static void wrong_outcomes_are_refused(void **state)
{
	(void)state;
	assert_change_refused("  ok 2 cycles", "  ok 1 cycles", "ok 1 cycles", "check 1 comes twice");
	assert_change_refused("  ok 2 cycles", "  ok x cycles", "ok x cycles", "cannot be read");
	assert_change_refused("  1..10", "  1..9", "ok 10 switches", "the plan is 1..9");
	assert_change_refused("  1..10", "  1..", "  1..\n", "the plan cannot be read");
	assert_change_refused("  1..10", "  1..0", "  1..0", "the plan cannot be read");
	assert_change_refused("tmavisor: ok 3 mix", "tmavisor: ok 3 max", "ok 3 max", "ends as max");
	assert_change_refused("tmavisor: ok 3 mix", "tmavisor: not ok 3 mix", "not ok 3",
			      "not ok, but 0 of its checks failed");
	assert_change_refused("  ok 6 the exp", "  not ok 6 the exp", "tmavisor: ok 3 mix",
			      "is ok, but 1 of its checks failed");
}

/* Expect: what dmesg's ring has lost at the beginning is told as that. */
static void a_lost_beginning_is_told(void **state)
{
	char *log = fixture_read("mix.log");
	char *tail = strdup(strstr(log, "tmavisor:   # mix slice 1"));

	(void)state;
	free(log);
	assert_refused(tail, 1, "the log's beginning is missing");
}

/* Expect: the module's own last words, if it did not come to its checks. */
static void a_refusal_of_the_module_is_quoted(void **state)
{
	(void)state;
	assert_refused(strdup("[1.0] tmavisor: this is no Intel CPU; VT-x is needed\n"), 1,
		       "this is no Intel CPU; VT-x is needed");
}

/* Expect: a file that is no log at all is told as that. */
static void other_files_are_refused(void **state)
{
	enum { MEGABYTE = 1 << 20 };
	char *line = malloc(MEGABYTE + 1), *nul = malloc(32);

	(void)state;
	assert_refused(strdup(""), 0, "it is empty");
	forget(NULL);
	assert_refused(strdup("hello\nworld\n"), 2, "none of its 2 lines is the module's");
	forget(NULL);
	memset(line, 'x', MEGABYTE);
	line[MEGABYTE] = 0;
	assert_refused(line, 1, "a line of 1048576 characters");
	forget(NULL);
	memcpy(nul, "ab\n\0tmavisor: x\n", 17);
	assert_false(reads(nul, 16));
	assert_int_equal(complaint.line, 2);
	assert_non_null(strstr(complaint.text, "a NUL byte"));
}

/* Expect: no escape sequence of a log's reaches the terminal. */
static void orders_to_a_terminal_are_defused(void **state)
{
	(void)state;
	assert_refused(strdup("tmavisor: \033[2J\033]0;x\007\n"), 1, "?[2J?]0;x?");
	assert_null(strchr(complaint.text, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_real_log_is_read, forget),
		cmocka_unit_test_teardown(one_slice_is_read_from_the_tree, forget),
		cmocka_unit_test_teardown(a_log_without_metrics_has_none, forget),
		cmocka_unit_test_teardown(level_1_alone_is_read, forget),
		cmocka_unit_test_teardown(prefixes_do_not_matter, forget),
		cmocka_unit_test_teardown(the_last_run_counts, forget),
		cmocka_unit_test_teardown(a_failure_is_kept, forget),
		cmocka_unit_test_teardown(every_cut_is_refused, forget),
		cmocka_unit_test_teardown(a_cut_line_is_told, forget),
		cmocka_unit_test_teardown(every_loss_is_refused, forget),
		cmocka_unit_test_teardown(damaged_numbers_are_refused, forget),
		cmocka_unit_test_teardown(too_much_together_is_refused, forget),
		cmocka_unit_test_teardown(wrong_outcomes_are_refused, forget),
		cmocka_unit_test_teardown(a_lost_beginning_is_told, forget),
		cmocka_unit_test_teardown(a_refusal_of_the_module_is_quoted, forget),
		cmocka_unit_test_teardown(other_files_are_refused, forget),
		cmocka_unit_test_teardown(orders_to_a_terminal_are_defused, forget),
	};

	return cmocka_run_group_tests_name("cli_log", tests, NULL, NULL);
}
