// SPDX-License-Identifier: GPL-2.0
/*
 * The log, debugfs's lines and the native JSON, told apart as report does, then
 * every form of output. What is refused has a reason; what is accepted, written as
 * native JSON and read again, is accepted again.
 */
#include "tools/cli/report.h"
#include "tools/test/fuzz/fuzz.h"

static void write_all(const struct result *result)
{
	static const struct terminal terminals[] = {
		{ .width = 40 }, { .width = 200, .utf8 = true, .colour = true },
	};
	FILE *out = fuzz_output();
	size_t i;

	for (i = 0; i < TMAV_ARRAY_SIZE(terminals); i++)
		report_write(out, result, &terminals[i]);
	csv_write(out, result);
	json_write(out, result);
	svg_write(out, result);
}

static void go_round(const struct result *result)
{
	struct complaint c = { 0 };
	struct result again = { 0 };
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	native_write(out, result);
	fclose(out);
	fuzz_require(native_read(text, len, &again, &c));
	fuzz_require(again.nr_workloads == result->nr_workloads);
	result_free(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct complaint c = { 0 };
	struct result result = { 0 };

	if (report_read(text, size, &result, &c)) {
		write_all(&result);
		go_round(&result);
	} else {
		fuzz_require(c.text[0]);
	}
	result_free(&result);
	free(text);
	return 0;
}
