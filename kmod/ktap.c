// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/printk.h>
#include "kmod/ktap.h"

static unsigned int suite_number;
static unsigned int suite_failures;
static unsigned int test_number;
static unsigned int failures;

unsigned int ktap_failures(void)
{
	return failures;
}

void ktap_begin(unsigned long suites)
{
	suite_number = 0;
	failures = 0;
	pr_info("KTAP version 1\n");
	pr_info("1..%lu\n", suites);
}

void ktap_begin_suite(const char *name, unsigned int checks)
{
	test_number = 0;
	suite_failures = 0;
	pr_info("  KTAP version 1\n");
	pr_info("  # Subtest: %s\n", name);
	pr_info("  1..%u\n", checks);
}

void ktap_end_suite(const char *name)
{
	failures += suite_failures;
	pr_info("%sok %u %s\n", suite_failures ? "not " : "", ++suite_number,
		name);
}

void ktap_check(bool ok, const char *name)
{
	suite_failures += !ok;
	pr_info("  %sok %u %s\n", ok ? "" : "not ", ++test_number, name);
}

void ktap_skip(const char *name, const char *why)
{
	pr_info("  ok %u %s # SKIP %s\n", ++test_number, name, why);
}

void ktap_check_if(bool applies, const char *why_not, bool ok, const char *name)
{
	if (applies)
		ktap_check(ok, name);
	else
		ktap_skip(name, why_not);
}
