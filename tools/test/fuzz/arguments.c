// SPDX-License-Identifier: GPL-2.0
/*
 * The arguments of decode, encode and delta, a line each. What encode gives adds
 * up; what delta gives is within its whole.
 */
#include "tools/cli/decode.h"
#include "tools/test/fuzz/fuzz.h"

enum { MAX_ARGS = 16 };

static void delta(const char *a, const char *b)
{
	struct complaint c = { 0 };
	struct result_slice pair[2];
	struct tma_total window;
	bool clamped;
	int i;

	if (!decode_pair(a, &pair[0], &c) || !decode_pair(b, &pair[1], &c) ||
	    !decode_window(&pair[0], &pair[1], &window, &clamped, &c)) {
		fuzz_require(c.text[0]);
		return;
	}
	decode_doubt(&pair[0], &pair[1]);
	for (i = 0; i < TMA_NR_LEVEL1; i++)
		fuzz_require(window.weight[TMA_NR_LEVEL1 + i] <= window.weight[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *args[MAX_ARGS], *save = NULL, *arg;
	struct complaint c = { 0 };
	int nr = 0;
	u64 value;

	for (arg = strtok_r(text, "\n", &save); arg && nr < MAX_ARGS;
	     arg = strtok_r(NULL, "\n", &save))
		args[nr++] = arg;
	if (nr && scan_whole_number(args[0], &value))
		decode_write(fuzz_output(), value);
	if (decode_encode(args, nr, &value, &c))
		fuzz_require(tma_adds_up(value) && tma_parts_fit(value));
	else
		fuzz_require(c.text[0]);
	if (nr >= 2)
		delta(args[0], args[1]);
	free(text);
	return 0;
}
