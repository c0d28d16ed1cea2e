// SPDX-License-Identifier: GPL-2.0
/*
 * The fields of PERF_METRICS and how they are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tmavisor/tma.h"

/* memory, latency, mispredicts, heavy; backend, frontend, bad, retiring */
#define METRICS		0x0807060550301e61ULL

/* Expect: each metric in its byte, level 1 in the lower half. */
static void each_metric_has_its_byte(void **state)
{
	static const unsigned int bytes[TMA_NR_METRICS] = {
		[TMA_RETIRING]		= 0x61,
		[TMA_BAD_SPECULATION]	= 0x1e,
		[TMA_FRONTEND_BOUND]	= 0x30,
		[TMA_BACKEND_BOUND]	= 0x50,
		[TMA_HEAVY_OPERATIONS]	= 0x05,
		[TMA_BRANCH_MISPREDICTS] = 0x06,
		[TMA_FETCH_LATENCY]	= 0x07,
		[TMA_MEMORY_BOUND]	= 0x08,
	};

	(void)state;
	assert_int_equal(TMA_NR_METRICS, 8);
	for (int i = 0; i < TMA_NR_METRICS; i++)
		assert_int_equal(tma_byte(METRICS, i), bytes[i]);
	assert_int_equal(tma_level1_sum(METRICS), 255);
}

/* Expect: thousandths, rounded to nearest; the whole is 1000. */
static void permille_is_rounded_to_nearest(void **state)
{
	(void)state;
	assert_int_equal(tma_permille(METRICS, TMA_RETIRING), 380);
	assert_int_equal(tma_permille(METRICS, TMA_BAD_SPECULATION), 118);
	assert_int_equal(tma_permille(METRICS, TMA_MEMORY_BOUND), 31);
	assert_int_equal(tma_permille(0xff, TMA_RETIRING), 1000);
	assert_int_equal(tma_permille(0xff, TMA_BACKEND_BOUND), 0);
}

/* Hardware may round so that the four are 254 or 256. Expect: shares of that. */
static void shares_are_of_the_sum_of_the_four(void **state)
{
	(void)state;
	assert_int_equal(tma_permille(0x40404040, TMA_RETIRING), 250);
	assert_int_equal(tma_permille(0x3f3f4040, TMA_BACKEND_BOUND), 248);
}

/* Expect: nothing counted is no share, and no division by zero. */
static void nothing_counted_is_no_share(void **state)
{
	(void)state;
	for (int i = 0; i < TMA_NR_METRICS; i++)
		assert_int_equal(tma_permille(0, i), 0);
	/* Level 2 without level 1 is of no meaning. */
	assert_int_equal(tma_permille(0xff00000000000000, TMA_MEMORY_BOUND), 0);
}

/* Expect: the largest of level 1; the first one where two are equal. */
static void the_dominant_metric_is_the_largest(void **state)
{
	(void)state;
	assert_int_equal(tma_dominant(METRICS), TMA_RETIRING);
	assert_int_equal(tma_dominant(0x01020300), TMA_BAD_SPECULATION);
	assert_int_equal(tma_dominant(0x01030200), TMA_FRONTEND_BOUND);
	assert_int_equal(tma_dominant(0x03020100), TMA_BACKEND_BOUND);
	assert_int_equal(tma_dominant(0xff00000000000001), TMA_RETIRING);
	assert_int_equal(tma_dominant(0), TMA_RETIRING);
	assert_int_equal(tma_dominant(0x20200000), TMA_FRONTEND_BOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_metric_has_its_byte),
		cmocka_unit_test(permille_is_rounded_to_nearest),
		cmocka_unit_test(shares_are_of_the_sum_of_the_four),
		cmocka_unit_test(nothing_counted_is_no_share),
		cmocka_unit_test(the_dominant_metric_is_the_largest),
	};

	return cmocka_run_group_tests_name("tma", tests, NULL, NULL);
}
