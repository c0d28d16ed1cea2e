// SPDX-License-Identifier: GPL-2.0
/*
 * What the tool prints of a result: of real logs as in tools/test/cli/, byte for
 * byte, and what the native JSON takes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/cli/node.h"
#include "tools/cli/report.h"
#include "tools/test/cli_fixture.h"

static const struct terminal plain = { .width = 80 };
static const struct terminal blocks = { .width = 80, .utf8 = true };
static const struct terminal colours = { .width = 80, .utf8 = true, .colour = true };

static struct result result;
static struct complaint complaint;
static char *printed;
static size_t printed_len;

static int forget(void **state)
{
	(void)state;
	result_free(&result);
	memset(&complaint, 0, sizeof(complaint));
	free(printed);
	printed = NULL;
	return 0;
}

/* Frees @text. */
static bool reads(char *text)
{
	bool ok = report_read(text, strlen(text), &result, &complaint);

	free(text);
	return ok;
}

static FILE *printing(void)
{
	free(printed);
	printed = NULL;
	return open_memstream(&printed, &printed_len);
}

static void print(void (*write)(FILE *, const struct result *))
{
	FILE *out = printing();

	write(out, &result);
	fclose(out);
}

static void print_report(const struct terminal *terminal)
{
	FILE *out = printing();

	report_write(out, &result, terminal);
	fclose(out);
}

static void assert_printed(const char *fixture)
{
	char *wanted = fixture_read(fixture);

	assert_string_equal(printed, wanted);
	free(wanted);
}

/* Expect: no line of a report for people is wider than its terminal. */
static void assert_width(size_t width)
{
	char *line, *save = NULL, *text = strdup(printed);

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t columns = 0;
		char *p;

		for (p = line; *p; p++)
			columns += (*p & 0xc0) != 0x80;
		if (columns > width)
			print_message("# %s\n", line);
		assert_true(columns <= width);
	}
	free(text);
}

/* Expect: tree and bars as a person has looked at them. */
static void the_report_is_as_seen(void **state)
{
	(void)state;
	assert_true(reads(fixture_read("mix.log")));
	print_report(&plain);
	assert_printed("mix.ascii");
	print_report(&blocks);
	assert_printed("mix.utf8");
}

/* Expect: 80 columns hold every line, and 40 every bar. */
static void lines_fit_the_terminal(void **state)
{
	static const char *const logs[] = {
		"mix.log", "one-slice.log", "nometrics.log", "l1only.log",
	};
	size_t i;

	(void)state;
	for (i = 0; i < TMAV_ARRAY_SIZE(logs); i++) {
		assert_true(reads(fixture_read(logs[i])));
		print_report(&blocks);
		assert_width(80);
		forget(NULL);
	}
}

/* Expect: toplev's columns, perf's keys, and a picture, byte for byte. */
static void the_machine_formats_are_stable(void **state)
{
	(void)state;
	assert_true(reads(fixture_read("mix.log")));
	print(csv_write);
	assert_printed("mix.csv");
	print(json_write);
	assert_printed("mix.json");
	print(svg_write);
	assert_printed("mix.svg");
}

/* Expect: what native_write() wrote reads back to the same, of every kind of log. */
static void native_json_goes_round(void **state)
{
	static const char *const logs[] = {
		"mix.log", "one-slice.log", "nometrics.log", "l1only.log",
	};
	char *first;
	size_t i;

	(void)state;
	for (i = 0; i < TMAV_ARRAY_SIZE(logs); i++) {
		assert_true(reads(fixture_read(logs[i])));
		print(native_write);
		first = printed;
		printed = NULL;
		result_free(&result);
		assert_true(reads(strdup(first)));
		print(native_write);
		assert_string_equal(printed, first);
		free(first);
		forget(NULL);
	}
}

/* Expect: 0 is hexadecimal, too: for C's printf() it is not. */
static void zeros_go_round(void **state)
{
	struct result_workload *w;
	char *text;

	(void)state;
	w = result_add_workload(&result, "nothing", &complaint, 0);
	assert_true(result_add_slice(w, 0, 0, &complaint, 0));
	print(native_write);
	text = strdup(printed);
	forget(NULL);
	assert_true(reads(text));
	assert_int_equal(result.workloads[0].nr_slices, 1);
}

/* mix.log as native JSON with one change is refused. */
static void assert_refused(const char *from, const char *to, const char *why)
{
	char *changed;

	assert_true(reads(fixture_read("mix.log")));
	print(native_write);
	changed = fixture_replace(printed, from, to);
	result_free(&result);
	assert_false(reads(changed));
	if (!strstr(complaint.text, why))
		print_message("# %s; wanted %s\n", complaint.text, why);
	assert_non_null(strstr(complaint.text, why));
	forget(NULL);
}

/* Expect: no member is missing, of another kind, or at odds with another. */
static void damaged_json_is_refused(void **state)
{
	(void)state;
	assert_refused("\"schema\": \"tmavisor.report\", ", "", "JSON without \"schema\"");
	assert_refused("tmavisor.report", "other", "schema is other");
	assert_refused("\"schema_version\": 1", "\"schema_version\": 2", "schema_version is 2");
	assert_refused("]}\n", "", "JSON: ");
	assert_refused("\"slots\": 781524", "\"slots\": \"781524\"",
		       "mix: slices[1].slots is no whole number");
	assert_refused("\"slots\": 781524", "\"slots\": -1", "negative");
	assert_refused("\"slots\": 781524", "\"slots\": 781525", "not the sum of the slices'");
	assert_refused("\"slots\": 781524", "\"slots\": 9007199254740992", "more than a run");
	assert_refused("\"slots\": 781524", "\"slots\": 99999999999999999999", "too big integer");
	assert_refused("\"slots\": 781524, ", "", "mix: slices[1].slots is missing");
	assert_refused("0x00469e00004c9e15", "0x100469e00004c9e15", "64 bits");
	assert_refused("\"checks\": 89", "\"checks\": 1", "checks is less than");
	assert_refused("\"name\": \"mix\"", "\"name\": \"<mix>\"", "name is no word");
	assert_refused("\"metrics\": true", "\"metrics\": 1", "neither true nor false");
	assert_refused("\"metrics\": true", "\"metrics\": false", "there without metrics");
	assert_refused("\"cpu\": 0,", "\"cpu\": 0, \"cpu\": 1,", "duplicate object key");
}

/* Expect: the line of what is no JSON. */
static void json_errors_have_their_line(void **state)
{
	(void)state;
	assert_false(reads(strdup("{\"schema\":\n\"x\",\n,}")));
	assert_int_equal(complaint.line, 3);
}

/* Expect: colour for what is above its threshold alone, and each time taken back. */
static void colour_is_balanced(void **state)
{
	size_t on = 0, off = 0;
	const char *p;

	(void)state;
	assert_true(reads(fixture_read("mix.log")));
	print_report(&plain);
	assert_null(strchr(printed, '\033'));
	print_report(&colours);
	for (p = printed; (p = strchr(p, '\033')); p++)
		if (!strncmp(p, "\033[0m", 4))
			off++;
		else
			on++;
	assert_true(on > 0 && off > 0);
	assert_string_equal(strrchr(printed, '\033'), "\033[0m\n");
}

/* Expect: failures first, with the module's own words. */
static void failures_are_shown(void **state)
{
	(void)state;
	assert_true(reads(fixture_read("mix.log")));
	result_add_failure(&result, "mix", "slots are counted", "seen 0");
	print_report(&plain);
	assert_non_null(strstr(printed, "FAILED mix: slots are counted\n       seen 0\n"));
	assert_non_null(strstr(printed, "1 failed\n"));
}

static struct tma_total total_of(u64 metrics)
{
	struct tma_total total = { 0 };

	tma_add(&total, 1000000, metrics);
	return total;
}

static bool is_above(const char *name, u64 metrics)
{
	struct tma_total total = total_of(metrics);
	int i;

	for (i = 0; i < NR_NODES; i++)
		if (!strcmp(node_name(&nodes[i]), name))
			return node_is_above(&nodes[i], &total);
	fail();
	return false;
}

/* Each byte of level 1 is given so that the four add up to 255. */
#define LEVEL1(ret, bad, fe, be) \
	((u64)(ret) | (u64)(bad) << 8 | (u64)(fe) << 16 | (u64)(be) << 24)
#define LEVEL2(heavy, brm, lat, mem) (LEVEL1(heavy, brm, lat, mem) << 32)

/* Expect: TMA's thresholds, each from both sides. */
static void thresholds_are_tmas(void **state)
{
	(void)state;
	assert_true(is_above("Frontend_Bound", LEVEL1(216, 0, 39, 0)));
	assert_false(is_above("Frontend_Bound", LEVEL1(217, 0, 38, 0)));
	assert_true(is_above("Bad_Speculation", LEVEL1(216, 39, 0, 0)));
	assert_false(is_above("Bad_Speculation", LEVEL1(217, 38, 0, 0)));
	assert_true(is_above("Backend_Bound", LEVEL1(203, 0, 0, 52)));
	assert_false(is_above("Backend_Bound", LEVEL1(204, 0, 0, 51)));
	assert_true(is_above("Retiring", LEVEL1(179, 0, 76, 0)));
	assert_false(is_above("Retiring", LEVEL1(178, 0, 77, 0)));
	/* Retiring for its heavy operations' sake. */
	assert_true(is_above("Retiring", LEVEL1(100, 0, 155, 0) | LEVEL2(26, 0, 0, 0)));
	assert_false(is_above("Retiring", LEVEL1(100, 0, 155, 0) | LEVEL2(25, 0, 0, 0)));
	/* A part only if its category is. */
	assert_true(is_above("Fetch_Latency", LEVEL1(216, 0, 39, 0) | LEVEL2(0, 0, 26, 0)));
	assert_false(is_above("Fetch_Latency", LEVEL1(217, 0, 38, 0) | LEVEL2(0, 0, 26, 0)));
	assert_true(is_above("Core_Bound", LEVEL1(203, 0, 0, 52) | LEVEL2(0, 0, 0, 26)));
	assert_false(is_above("Memory_Bound", LEVEL1(203, 0, 0, 52) | LEVEL2(0, 0, 0, 51)));
	assert_true(is_above("Memory_Bound", LEVEL1(203, 0, 0, 52) | LEVEL2(0, 0, 0, 52)));
	assert_true(is_above("Light_Operations", LEVEL1(154, 0, 101, 0)));
	assert_false(is_above("Light_Operations", LEVEL1(153, 0, 102, 0)));
}

/* Expect: the largest part above its threshold; a category if no part is. */
static void the_bottleneck_is_the_largest(void **state)
{
	struct tma_total total = total_of(LEVEL1(55, 50, 50, 100) | LEVEL2(0, 50, 50, 60));

	(void)state;
	assert_string_equal(node_name(node_bottleneck(&total, true)), "Memory_Bound");
	assert_string_equal(node_name(node_bottleneck(&total, false)), "Backend_Bound");
	total = total_of(0);
	assert_null(node_bottleneck(&total, true));
}

/* Expect: few slots are marked, a wrong sum is said. */
static void doubtful_values_are_marked(void **state)
{
	struct result_workload *w;

	(void)state;
	w = result_add_workload(&result, "few", &complaint, 0);
	assert_true(result_add_slice(w, 100, LEVEL1(255, 0, 0, 0), &complaint, 0));
	print_report(&plain);
	assert_non_null(strstr(printed, "100.0?"));
	assert_null(strstr(printed, "mismeasured"));
	assert_true(result_add_slice(w, 100, LEVEL1(200, 0, 0, 0), &complaint, 0));
	print_report(&plain);
	assert_non_null(strstr(printed, "mismeasured"));
}

/* Expect: no more bars than a screen has lines, no steps narrower than can be seen. */
static void many_slices_share_bars_and_steps(void **state)
{
	struct result_workload *w;
	int i, rows = 0;
	const char *p;

	(void)state;
	w = result_add_workload(&result, "long", &complaint, 0);
	for (i = 0; i < 10000; i++)
		assert_true(result_add_slice(w, 20000, LEVEL1(255, 0, 0, 0), &complaint, 0));
	print_report(&plain);
	for (p = printed; (p = strstr(p, " |R")); p++)
		rows++;
	assert_int_equal(rows, 20);
	assert_non_null(strstr(printed, "9501-10000 |R"));
	print(svg_write);
	assert_non_null(strstr(printed, "slice; a step is 27 of them"));
	assert_true(printed_len < 100000);
}

/* Expect: text of others in SVG and JSON ends no string and opens no tag. */
static void foreign_text_is_quoted(void **state)
{
	(void)state;
	snprintf(result.profile, sizeof(result.profile), "<script>\"&\\\n");
	print(svg_write);
	assert_non_null(strstr(printed, "&lt;script&gt;&quot;&amp;"));
	print(native_write);
	assert_non_null(strstr(printed, "\"<script>\\\"&\\\\?\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_report_is_as_seen, forget),
		cmocka_unit_test_teardown(lines_fit_the_terminal, forget),
		cmocka_unit_test_teardown(the_machine_formats_are_stable, forget),
		cmocka_unit_test_teardown(native_json_goes_round, forget),
		cmocka_unit_test_teardown(zeros_go_round, forget),
		cmocka_unit_test_teardown(damaged_json_is_refused, forget),
		cmocka_unit_test_teardown(json_errors_have_their_line, forget),
		cmocka_unit_test_teardown(colour_is_balanced, forget),
		cmocka_unit_test_teardown(failures_are_shown, forget),
		cmocka_unit_test_teardown(thresholds_are_tmas, forget),
		cmocka_unit_test_teardown(the_bottleneck_is_the_largest, forget),
		cmocka_unit_test_teardown(doubtful_values_are_marked, forget),
		cmocka_unit_test_teardown(many_slices_share_bars_and_steps, forget),
		cmocka_unit_test_teardown(foreign_text_is_quoted, forget),
	};

	return cmocka_run_group_tests_name("cli_format", tests, NULL, NULL);
}
