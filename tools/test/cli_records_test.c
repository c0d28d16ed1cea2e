// SPDX-License-Identifier: GPL-2.0
/* debugfs's tmavisor/results as the tool reads it, and lines that it must refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/cli/report.h"
#include "tools/test/cli_fixture.h"

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
static bool reads(char *text)
{
	bool ok = report_read(text, strlen(text), &result, &complaint);

	free(text);
	return ok;
}

/* Expect: both runs of the workload, each slice, and the machine. */
static void real_lines_are_read(void **state)
{
	const struct result_workload *w = result.workloads;

	(void)state;
	assert_true(reads(fixture_read("results.jsonl")));
	assert_int_equal(result.nr_workloads, 1);
	assert_string_equal(w->name, "mix");
	assert_int_equal(w->nr_slices, 4);
	assert_int_equal(w->total.slots, 2357022);
	assert_int_equal(w->slices[3].perf_metrics, 0xfe000000fe000001);
	assert_int_equal(w->switched.forced, 3);
	assert_true(w->has_level2);
	assert_true(result.simulated);
	assert_int_equal(result.checks, 0);
}

/* Expect: of two sessions in one file the later. */
static void the_last_session_counts(void **state)
{
	char *one = fixture_read("results.jsonl"), *both, *two;

	(void)state;
	two = strdup(one);
	for (char *at = two; (at = strstr(at, "\"session\":1")); at++)
		at[strlen("\"session\":")] = '2';
	both = malloc(2 * strlen(one) + 1);
	strcat(strcpy(both, one), two);
	free(one);
	free(two);
	assert_true(reads(both));
	assert_int_equal(result.earlier_runs, 1);
	assert_int_equal(result.nr_workloads, 1);
}

static void assert_refused(const char *from, const char *to, unsigned long line, const char *why)
{
	char *text = fixture_read("results.jsonl"), *changed = fixture_replace(text, from, to);

	free(text);
	assert_false(reads(changed));
	if (!strstr(complaint.text, why))
		print_message("# %s; wanted %s\n", complaint.text, why);
	assert_non_null(strstr(complaint.text, why));
	assert_int_equal(complaint.line, line);
	forget(NULL);
}

/* Expect: the line, and what is wrong there. */
static void damaged_lines_are_refused(void **state)
{
	(void)state;
	assert_refused("\"schema_version\":1", "\"schema_version\":2", 1, "schema_version is 2");
	assert_refused("\"slots\":781524", "\"slots\":781525", 1, "slots is not the sum");
	assert_refused("0x469e00004c9e15", "0x469e00004c9e16", 1, "weights is not the sum");
	assert_refused("\"slots\":781524", "\"slots\":7.5", 1, "mix: slices[1].slots is no whole");
	assert_refused("\"run\":\"plain\"", "\"run\":\"plane\"", 1, "run is neither plain");
	assert_refused("\"run\":\"switched\"", "\"run\":\"plain\"", 2, "workload mix comes twice");
	assert_refused("\"run\":\"plain\"", "\"run\":\"switched\"", 1, "before it is plain");
	assert_refused("\"workload\":\"mix\",\"run\":\"sw", "\"workload\":\"\",\"run\":\"sw", 2,
		       "workload is no word");
	assert_refused("\"slices\":[{", "\"slice\":[{", 1, "slices is missing");
	assert_refused("}\n{", "}\n\n{", 2, "JSON: ");
}

/* Expect: a cut anywhere in the last line is told with its line. */
static void every_cut_is_refused(void **state)
{
	char *text = fixture_read("results.jsonl");
	size_t len = strlen(text) - 1, second = strchr(text, '\n') + 1 - text;

	(void)state;
	while (--len > second) {
		text[len] = 0;
		assert_false(reads(strdup(text)));
		assert_int_equal(complaint.line, 2);
		forget(NULL);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(real_lines_are_read, forget),
		cmocka_unit_test_teardown(the_last_session_counts, forget),
		cmocka_unit_test_teardown(damaged_lines_are_refused, forget),
		cmocka_unit_test_teardown(every_cut_is_refused, forget),
	};

	return cmocka_run_group_tests_name("cli_records", tests, NULL, NULL);
}
