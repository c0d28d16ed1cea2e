// SPDX-License-Identifier: GPL-2.0
/*
 * The register by hand: numbers and shares that a person types, and windows
 * between two readings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/cli/decode.h"

/* Expect: 64 bits, all of the text, nothing else. */
static void numbers_are_strict(void **state)
{
	static const char *const wrong[] = {
		"", "0x", "x", "-1", "+1", " 1", "1 ", "0x1g", "0X1", "12a",
		"0x10000000000000000", "18446744073709551616",
	};
	u64 value = 0;
	size_t i;

	(void)state;
	assert_true(scan_whole_number("0xffffffffffffffff", &value));
	assert_true(value == ~0ULL);
	assert_true(scan_whole_number("18446744073709551615", &value));
	assert_true(value == ~0ULL);
	for (i = 0; i < TMAV_ARRAY_SIZE(wrong); i++)
		assert_false(scan_whole_number(wrong[i], &value));
}

static char *decoded(u64 value)
{
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	decode_write(out, value);
	fclose(out);
	return text;
}

/* Expect: byte, byte / 255 and byte / sum, which differ where the sum is not 255. */
static void both_formulas_are_shown(void **state)
{
	char *text = decoded(0x7f000000800000ffULL & ~0xffULL);

	(void)state;
	/* 128 of 255, and of 128. */
	assert_non_null(strstr(text, "31:24    128  Backend_Bound           50.2   100.0\n"));
	assert_non_null(strstr(text, "63:56    127  Memory_Bound            49.8    99.2\n"));
	assert_non_null(strstr(text, "level 1 adds up to 128, not 255: mismeasured"));
	free(text);
}

static bool encodes(u64 *value, struct complaint *c, const char *a, const char *b, const char *d)
{
	char *args[] = { (char *)a, (char *)b, (char *)d };

	memset(c, 0, sizeof(*c));
	return decode_encode(args, !!a + !!b + !!d, value, c);
}

/* Expect: bytes that add up to 255 and are the shares to half a unit. */
static void shares_are_encoded(void **state)
{
	struct complaint c;
	u64 value;

	(void)state;
	assert_true(encodes(&value, &c, "ret=60.5", "be=39.5", "memory_bound=30%"));
	assert_true(value == 0x4d0000006500009aULL);
	assert_true(encodes(&value, &c, "Retiring=33.3", "fe=33.3", "BAD=33.4"));
	assert_int_equal(tma_level1_sum(value), 255);
	assert_true(encodes(&value, &c, "ret=100", "heavy_operations=100", NULL));
	assert_true(value == 0xff000000ffULL);
}

/* Expect: every share, up to the last digit, is a sum of 255 and fits its whole. */
static void every_encoding_adds_up(void **state)
{
	struct complaint c;
	char ret[32], fe[32], heavy[32];
	u64 value;
	int i;

	(void)state;
	for (i = 0; i <= 1000; i++) {
		snprintf(ret, sizeof(ret), "ret=%d.%d", i / 10, i % 10);
		snprintf(fe, sizeof(fe), "fe=%d.%d", (1000 - i) / 10, (1000 - i) % 10);
		snprintf(heavy, sizeof(heavy), "heavy_operations=%d.%d", i / 10, i % 10);
		assert_true(encodes(&value, &c, ret, fe, heavy));
		assert_int_equal(tma_level1_sum(value), 255);
		assert_true(tma_parts_fit(value));
	}
}

static void assert_not_encoded(const char *why, const char *a, const char *b, const char *d)
{
	struct complaint c;
	u64 value;

	assert_false(encodes(&value, &c, a, b, d));
	assert_non_null(strstr(c.text, why));
}

/* Expect: what is no share is named. */
static void wrong_shares_are_refused(void **state)
{
	(void)state;
	assert_not_encoded("not NAME=PERCENT", "retiring", NULL, NULL);
	assert_not_encoded("foo is no field", "foo=1", NULL, NULL);
	assert_not_encoded(" is no field", "=1", NULL, NULL);
	assert_not_encoded("0 to 100 percent", "ret=", NULL, NULL);
	assert_not_encoded("0 to 100 percent", "ret=101", NULL, NULL);
	assert_not_encoded("0 to 100 percent", "ret=100.001", NULL, NULL);
	assert_not_encoded("0 to 100 percent", "ret=-1", NULL, NULL);
	assert_not_encoded("0 to 100 percent", "ret=1e2", NULL, NULL);
	assert_not_encoded("comes twice", "ret=50", "retiring=50", NULL);
	assert_not_encoded("adds up to 90.0%", "ret=50", "be=40", NULL);
	assert_not_encoded("of which it is a part", "ret=50", "be=50", "memory_bound=51");
	assert_not_encoded("of which it is a part", "ret=100", "memory_bound=1", NULL);
}

static bool window_of(const char *a, const char *b, struct tma_total *window,
		      bool *clamped, struct complaint *c)
{
	struct result_slice pair[2];

	memset(c, 0, sizeof(*c));
	return decode_pair(a, &pair[0], c) && decode_pair(b, &pair[1], c) &&
	       decode_window(&pair[0], &pair[1], window, clamped, c);
}

/* Expect: the second half of a count whose first half retired and whose second did not. */
static void a_window_is_a_difference(void **state)
{
	struct tma_total window;
	struct complaint c;
	bool clamped;

	(void)state;
	assert_true(window_of("1000000:0xff", "2000000:0x80000080", &window, &clamped, &c));
	assert_int_equal(window.slots, 1000000);
	/* 128 of 255 of two million, less one million: a unit is 0.8 points here. */
	assert_int_equal(tma_raw_permille(&window, window.weight[TMA_RETIRING]), 4);
	assert_int_equal(tma_raw_permille(&window, window.weight[TMA_BACKEND_BOUND]), 1004);
	assert_false(clamped);
}

/* Expect: 0, and told, where rounding makes a field go backwards. */
static void what_goes_backwards_is_zero(void **state)
{
	struct tma_total window;
	struct complaint c;
	bool clamped;

	(void)state;
	assert_true(window_of("1000000:0x0f0000f0", "1010000:0x1e0000e1", &window, &clamped, &c));
	assert_true(clamped);
	assert_int_equal(window.weight[TMA_RETIRING], 0);
}

/* Expect: no part is more than its whole, as a clamped whole would have it. */
static void parts_stay_within_a_clamped_whole(void **state)
{
	struct tma_total window;
	struct complaint c;
	bool clamped;

	(void)state;
	assert_true(window_of("10255339:0x3c000a00f5", "10512345:0x3c000b00e4", &window,
			      &clamped, &c));
	assert_true(clamped);
	assert_true(window.weight[TMA_HEAVY_OPERATIONS] <= window.weight[TMA_RETIRING]);
}

/* Expect: half a unit of each reading, over what is between. */
static void doubt_grows_as_windows_shrink(void **state)
{
	const struct result_slice a = { 1000000, 0 }, b = { 1100000, 0 }, c = { 2000000, 0 };

	(void)state;
	assert_int_equal(decode_doubt(&a, &b), 41);
	assert_int_equal(decode_doubt(&a, &c), 6);
}

static void assert_no_window(const char *a, const char *b, const char *why)
{
	struct tma_total window;
	struct complaint c;
	bool clamped;

	assert_false(window_of(a, b, &window, &clamped, &c));
	assert_non_null(strstr(c.text, why));
}

/* Expect: no readings, or the wrong way round, is said. */
static void wrong_windows_are_refused(void **state)
{
	(void)state;
	assert_no_window("1", "2:0", "1 is not SLOTS:PERF_METRICS");
	assert_no_window("1:0xff", "2:", "2: is not SLOTS:PERF_METRICS");
	assert_no_window("1:0xff", "2:0xff,", "is not SLOTS");
	assert_no_window("9007199254740992:0", "2:0", "more than the counter holds");
	assert_no_window("2:0", "2:0", "as many slots as A");
	assert_no_window("3:0", "2:0", "not as many slots as A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(both_formulas_are_shown),
		cmocka_unit_test(shares_are_encoded),
		cmocka_unit_test(every_encoding_adds_up),
		cmocka_unit_test(wrong_shares_are_refused),
		cmocka_unit_test(a_window_is_a_difference),
		cmocka_unit_test(what_goes_backwards_is_zero),
		cmocka_unit_test(parts_stay_within_a_clamped_whole),
		cmocka_unit_test(doubt_grows_as_windows_shrink),
		cmocka_unit_test(wrong_windows_are_refused),
	};

	return cmocka_run_group_tests_name("cli_decode", tests, NULL, NULL);
}
