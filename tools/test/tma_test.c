// SPDX-License-Identifier: GPL-2.0
/*
 * The fields of PERF_METRICS, and what several readings of it amount to.
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

/* Expect: each node belongs to the category whose part it is. */
static void each_node_has_its_category(void **state)
{
	(void)state;
	assert_int_equal(tma_category_of(TMA_NODE_HEAVY_OPERATIONS), TMA_RETIRING);
	assert_int_equal(tma_category_of(TMA_NODE_LIGHT_OPERATIONS), TMA_RETIRING);
	assert_int_equal(tma_category_of(TMA_NODE_BRANCH_MISPREDICTS), TMA_BAD_SPECULATION);
	assert_int_equal(tma_category_of(TMA_NODE_MACHINE_CLEARS), TMA_BAD_SPECULATION);
	assert_int_equal(tma_category_of(TMA_NODE_FETCH_LATENCY), TMA_FRONTEND_BOUND);
	assert_int_equal(tma_category_of(TMA_NODE_FETCH_BANDWIDTH), TMA_FRONTEND_BOUND);
	assert_int_equal(tma_category_of(TMA_NODE_MEMORY_BOUND), TMA_BACKEND_BOUND);
	assert_int_equal(tma_category_of(TMA_NODE_CORE_BOUND), TMA_BACKEND_BOUND);
}

static struct tma_total total_of(u64 slots, u64 metrics)
{
	struct tma_total total = { 0 };

	tma_add(&total, slots, metrics);
	return total;
}

/* Expect: of each category, what the register tells of and what is left. */
static void nodes_are_told_or_deduced(void **state)
{
	struct tma_total total = total_of(255, METRICS);

	(void)state;
	assert_int_equal(tma_node_weight(&total, TMA_NODE_HEAVY_OPERATIONS), 255 * 0x05);
	assert_int_equal(tma_node_weight(&total, TMA_NODE_LIGHT_OPERATIONS), 255 * 0x5c);
	assert_int_equal(tma_node_weight(&total, TMA_NODE_MACHINE_CLEARS), 255 * 0x18);
	assert_int_equal(tma_node_weight(&total, TMA_NODE_FETCH_BANDWIDTH), 255 * 0x29);
	assert_int_equal(tma_node_weight(&total, TMA_NODE_CORE_BOUND), 255 * 0x48);
}

/* Level 2 larger than its whole, by rounding. Expect: nothing is left, not less. */
static void a_deduced_node_is_never_negative(void **state)
{
	struct tma_total total = total_of(1000, 0x0000000b0000000aULL);

	(void)state;
	assert_int_equal(tma_node_weight(&total, TMA_NODE_LIGHT_OPERATIONS), 0);
}

/*
 * A short reading that is all retiring, and one nine times as long that is all
 * backend bound. Expect: 10 % and 90 %, not half and half.
 */
static void readings_weigh_by_their_slots(void **state)
{
	struct tma_total total = total_of(1000, 0xffULL);

	(void)state;
	tma_add(&total, 9000, 0xff000000ULL);
	assert_int_equal(total.readings, 2);
	assert_int_equal(total.slots, 10000);
	assert_int_equal(tma_slots(total.weight[TMA_RETIRING]), 1000);
	assert_int_equal(tma_raw_permille(&total, total.weight[TMA_RETIRING]), 100);
	assert_int_equal(tma_raw_permille(&total, total.weight[TMA_BACKEND_BOUND]), 900);
	assert_int_equal(tma_dominant(&total), TMA_BACKEND_BOUND);
}

/* Expect: the slots of level 1 add up to all of them, whatever the parts. */
static void the_whole_is_the_sum_of_its_parts(void **state)
{
	struct tma_total total = { 0 };
	u64 sum = 0;

	(void)state;
	for (u64 slots = 1; slots < 1000000; slots = slots * 3 + 1)
		tma_add(&total, slots, METRICS);
	assert_int_equal(tma_slots(tma_level1_weight(&total)), total.slots);
	for (int node = 0; node < TMA_NR_NODES; node++)
		sum += tma_node_weight(&total, node);
	assert_int_equal(sum, tma_level1_weight(&total));
}

/*
 * Hardware may round so that the four are 254 or 256. Expect: raw shares are of
 * 255, perf's of what the four are.
 */
static void raw_and_perf_divide_by_different_things(void **state)
{
	struct tma_total total = total_of(255000, 0x40404040);

	(void)state;
	assert_int_equal(tma_raw_permille(&total, total.weight[TMA_RETIRING]), 251);
	assert_int_equal(tma_perf_permille(&total, total.weight[TMA_RETIRING]), 250);
	total = total_of(255000, METRICS);
	assert_int_equal(tma_raw_permille(&total, total.weight[TMA_RETIRING]), 380);
	assert_int_equal(tma_perf_permille(&total, total.weight[TMA_RETIRING]), 380);
}

/* Expect: the largest counters that there can be overflow nothing. */
static void large_counts_keep_their_shares(void **state)
{
	struct tma_total total = total_of((1ULL << 48) - 1, METRICS);

	(void)state;
	for (int i = 0; i < 100; i++)
		tma_add(&total, (1ULL << 48) - 1, METRICS);
	assert_int_equal(tma_raw_permille(&total, total.weight[TMA_RETIRING]), 380);
	assert_int_equal(tma_perf_permille(&total, total.weight[TMA_BACKEND_BOUND]), 314);
}

/* Expect: nothing counted is no share, no division by zero, and not reliable. */
static void nothing_counted_is_no_share(void **state)
{
	struct tma_total total = { 0 };

	(void)state;
	assert_int_equal(tma_raw_permille(&total, 0), 0);
	assert_int_equal(tma_perf_permille(&total, 0), 0);
	assert_false(tma_is_reliable(&total));
}

/* Expect: reliable from so many slots on, for each of the readings. */
static void few_slots_are_unreliable(void **state)
{
	struct tma_total total = total_of(TMA_FEW_SLOTS - 1, METRICS);

	(void)state;
	assert_false(tma_is_reliable(&total));
	total = total_of(TMA_FEW_SLOTS, METRICS);
	assert_true(tma_is_reliable(&total));
	tma_add(&total, TMA_FEW_SLOTS - 1, METRICS);
	assert_false(tma_is_reliable(&total));
}

/* Each metric of level 2 as large as its category allows. Expect: that node. */
static void the_dominant_node_is_the_largest(void **state)
{
	(void)state;
	for (int category = 0; category < TMA_NR_LEVEL1; category++) {
		u64 whole = 0xf0ULL << category * TMA_METRIC_BITS;
		struct tma_total told = total_of(1000, whole | whole << 32);
		struct tma_total left = total_of(1000, whole);

		assert_int_equal(tma_dominant(&told), category);
		assert_int_equal(tma_dominant_node(&told), 2 * category);
		assert_int_equal(tma_dominant(&left), category);
		assert_int_equal(tma_dominant_node(&left), 2 * category + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_metric_has_its_byte),
		cmocka_unit_test(each_node_has_its_category),
		cmocka_unit_test(nodes_are_told_or_deduced),
		cmocka_unit_test(a_deduced_node_is_never_negative),
		cmocka_unit_test(readings_weigh_by_their_slots),
		cmocka_unit_test(the_whole_is_the_sum_of_its_parts),
		cmocka_unit_test(raw_and_perf_divide_by_different_things),
		cmocka_unit_test(large_counts_keep_their_shares),
		cmocka_unit_test(nothing_counted_is_no_share),
		cmocka_unit_test(few_slots_are_unreliable),
		cmocka_unit_test(the_dominant_node_is_the_largest),
	};

	return cmocka_run_group_tests_name("tma", tests, NULL, NULL);
}
