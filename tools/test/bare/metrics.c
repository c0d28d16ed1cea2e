// SPDX-License-Identifier: GPL-2.0
/* PERF_METRICS: shares of fixed counter 3, and the order that restores them. */
#include "bare.h"

static const uint64_t slots = 1000000, shares = 0x10203040;

static void clear_pair(void)
{
	wrmsr(IA32_FIXED_CTR3, 0);
	wrmsr(IA32_PERF_METRICS, 0);
}

static uint64_t level1_sum(uint64_t metrics)
{
	return (metrics & 0xff) + (metrics >> 8 & 0xff) + (metrics >> 16 & 0xff) +
	       (metrics >> 24 & 0xff);
}

static void work(void)
{
	spin(10000);
}

static void test_order(void)
{
	clear_pair();
	wrmsr(IA32_FIXED_CTR3, slots);
	wrmsr(IA32_PERF_METRICS, shares);
	check_equal(rdmsr(IA32_PERF_METRICS), shares, "FIXED_CTR3 first: the shares are back");
	clear_pair();
	wrmsr(IA32_PERF_METRICS, shares);
	wrmsr(IA32_FIXED_CTR3, slots);
	check(rdmsr(IA32_PERF_METRICS) != shares, "PERF_METRICS first: they are lost");
	clear_pair();
	check_equal(rdmsr(IA32_PERF_METRICS), 0, "cleared");
}

static void run(uint64_t global_ctrl)
{
	clear_pair();
	wrmsr(IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	measure(work, global_ctrl);
}

static void test_counting(void)
{
	run(GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_CTRL_METRICS);
	check(rdmsr(IA32_FIXED_CTR3) >= 20000, "slots count");
	check_equal(level1_sum(rdmsr(IA32_PERF_METRICS)), 0xff, "the four shares are all of them");
	run(GLOBAL_FIXED(FIXED_SLOTS));
	check_equal(rdmsr(IA32_PERF_METRICS), 0, "without their enable bit they stay 0");
	run(GLOBAL_CTRL_METRICS);
	check_equal(rdmsr(IA32_PERF_METRICS), 0, "and without slots too");
	clear_pair();
}

void test_metrics(void)
{
	pmu_clear();
	test_order();
	test_counting();
	pmu_clear();
}
