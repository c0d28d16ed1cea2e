// SPDX-License-Identifier: GPL-2.0
/*
 * Traces as the tool reads and judges them: a switch as it should be, and one for
 * each way in which it should not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/cli/trace.h"

enum { ROOM = 1 << 16 };

static char trace[ROOM];
static size_t len;
static int events;
static unsigned int cpu;		/* that has them */
static struct complaint complaint;

/* What came of the reading. */
static unsigned int switches;
static unsigned int wrong;		/* a bit each claim */
static bool unfinished;

/* In the order of trace_claims[]. */
enum { PAIR, ALONE, SLOTS, GLOBAL_CTRL, RESTORED, LVTPC, STRICT };

static int begin(void **state)
{
	(void)state;
	len = 0;
	events = 0;
	cpu = 0;
	trace[0] = 0;
	memset(&complaint, 0, sizeof(complaint));
	return 0;
}

static void __attribute__((format(printf, 1, 2))) line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	len += vsnprintf(trace + len, ROOM - len, format, args);
	va_end(args);
	trace[len++] = '\n';
	trace[len] = 0;
}

static void access_to(const char *op, const char *name, const char *val)
{
	line("{\"t\":%d,\"cpu\":%u,\"mode\":\"host\",\"op\":\"%s\",\"msr\":\"0x0\",\"name\":\"%s\",\"val\":\"%s\"}",
	     ++events, cpu, op, name, val);
}

static void wr(const char *name, const char *val)
{
	access_to("wrmsr", name, val);
}

static void pmc(const char *selector, const char *val)
{
	line("{\"t\":%d,\"cpu\":%u,\"mode\":\"host\",\"op\":\"rdpmc\",\"msr\":\"%s\",\"val\":\"%s\"}",
	     ++events, cpu, selector, val);
}

static void guest_runs(void)
{
	line("{\"t\":%d,\"cpu\":%u,\"mode\":\"host\",\"op\":\"vmentry\",\"fault\":false}", ++events, cpu);
	line("{\"t\":%d,\"cpu\":%u,\"mode\":\"guest\",\"op\":\"vmexit\",\"reason\":52}", ++events, cpu);
}

static void load_begins(void)
{
	wr("IA32_PERF_GLOBAL_CTRL", "0xf");
	wr("IA32_PERF_GLOBAL_CTRL", "0x0");
	pmc("0x0", "0x11");
	pmc("0x40000003", "0x1234");
	pmc("0x20000000", "0xff");
	access_to("rdmsr", "IA32_PERF_GLOBAL_STATUS", "0x0");
	access_to("apicr", "LVTPC", "0x400");
	access_to("apicw", "LVTPC", "0x10400");
	wr("IA32_A_PMC0", "0x0");
}

static void pair(const char *slots, const char *metrics)
{
	wr("IA32_FIXED_CTR3", slots);
	wr("IA32_PERF_METRICS", metrics);
}

static void put_ends(void)
{
	wr("IA32_A_PMC0", "0x11");
	access_to("apicw", "LVTPC", "0x400");
	wr("IA32_PERF_GLOBAL_CTRL", "0xf");
}

static void visit(const struct trace_switch *s, void *context)
{
	char why[128];
	int i;

	(void)context;
	switches++;
	for (i = 0; i < NR_TRACE_CLAIMS; i++)
		if (!(trace_claims[i].needs_metrics && !s->metrics) &&
		    !trace_claims[i].holds(s, why, sizeof(why)))
			wrong |= 1u << i;
}

static bool reads(void)
{
	char *text = malloc(len + 1);
	bool ok;

	switches = 0;
	wrong = 0;
	memcpy(text, trace, len + 1);
	ok = trace_read(text, len, visit, NULL, &unfinished, &complaint);
	free(text);
	return ok;
}

static void assert_judged(unsigned int wanted)
{
	assert_true(reads());
	assert_int_equal(switches, 1);
	if (wrong != wanted)
		print_message("# wrong %#x, wanted %#x\n", wrong, wanted);
	assert_int_equal(wrong, wanted);
}

/* Expect: a switch that writes the pair in order, and restores, is in order. */
static void a_good_switch_is_accepted(void **state)
{
	(void)state;
	load_begins();
	pair("0x0", "0x0");
	guest_runs();
	pair("0x1234", "0xff");
	put_ends();
	assert_judged(0);
	assert_false(unfinished);
}

/* Expect: PERF_METRICS before FIXED_CTR3 breaks both claims of the pair. */
static void a_swapped_pair_is_found(void **state)
{
	(void)state;
	load_begins();
	pair("0x0", "0x0");
	guest_runs();
	wr("IA32_PERF_METRICS", "0xff");
	wr("IA32_FIXED_CTR3", "0x1234");
	put_ends();
	assert_judged(1 << PAIR | 1 << ALONE);
}

/* Expect: FIXED_CTR3 elided is metrics alone, and no load of the slots. */
static void metrics_alone_are_found(void **state)
{
	(void)state;
	load_begins();
	wr("IA32_PERF_METRICS", "0x0");
	guest_runs();
	pair("0x1234", "0xff");
	put_ends();
	assert_judged(1 << ALONE | 1 << SLOTS);
}

/* Expect: a switch that leaves the pair to the host is in order. */
static void a_pair_left_alone_is_accepted(void **state)
{
	(void)state;
	load_begins();
	guest_runs();
	put_ends();
	assert_judged(0);
}

/* Expect: without PERF_METRICS FIXED_CTR3 may be alone. */
static void without_metrics_slots_are_alone(void **state)
{
	(void)state;
	access_to("rdmsr", "IA32_PERF_CAPABILITIES", "0x7000");
	load_begins();
	wr("IA32_FIXED_CTR3", "0x0");
	guest_runs();
	wr("IA32_FIXED_CTR3", "0x1234");
	wr("IA32_PMC1", "0x0");
	put_ends();
	assert_judged(0);
}

/* Expect: another value than the load has read is found, for any register. */
static void what_is_not_restored_is_found(void **state)
{
	(void)state;
	load_begins();
	pair("0x0", "0x0");
	guest_runs();
	pair("0x1234", "0xfe");
	put_ends();
	assert_judged(1 << RESTORED);
}

/* Expect: the guest's LVTPC left to the host is found. */
static void lvtpc_left_alone_is_found(void **state)
{
	(void)state;
	wr("IA32_PERF_GLOBAL_CTRL", "0x0");
	pmc("0x40000003", "0x1234");
	pmc("0x20000000", "0xff");
	pair("0x0", "0x0");
	guest_runs();
	pair("0x1234", "0xff");
	wr("IA32_PERF_GLOBAL_CTRL", "0xf");
	assert_judged(1 << LVTPC);
}

static void switch_with_lvtpc(const char *lvtpc)
{
	begin(NULL);
	load_begins();
	access_to("apicw", "LVTPC", lvtpc);
	pair("0x0", "0x0");
	guest_runs();
	pair("0x1234", "0xff");
	put_ends();
}

/* Expect: a marked NMI, which a guest's PMI arrives as, is right; a vector of Linux's not. */
static void lvtpc_of_the_guest_s_pmi_is_an_nmi(void **state)
{
	(void)state;
	switch_with_lvtpc("0x454");
	assert_judged(0);
	switch_with_lvtpc("0x54");
	assert_judged(1 << LVTPC);
}

/* Expect: what strict mode says of the host counts, of the guest not. */
static void strict_mode_is_heard(void **state)
{
	(void)state;
	load_begins();
	line("{\"t\":1,\"cpu\":0,\"mode\":\"guest\",\"op\":\"strict\",\"msg\":\"the guest's\"}");
	pair("0x0", "0x0");
	guest_runs();
	pair("0x1234", "0xff");
	put_ends();
	assert_judged(0);
	begin(NULL);
	load_begins();
	line("{\"t\":1,\"cpu\":0,\"mode\":\"host\",\"op\":\"strict\",\"msg\":\"a counter runs\"}");
	pair("0x0", "0x0");
	guest_runs();
	pair("0x1234", "0xff");
	put_ends();
	assert_judged(1 << STRICT);
}

/* Expect: another GLOBAL_CTRL than the host had is found. */
static void a_lost_global_ctrl_is_found(void **state)
{
	(void)state;
	load_begins();
	pair("0x0", "0x0");
	guest_runs();
	pair("0x1234", "0xff");
	wr("IA32_PMC0", "0x11");
	access_to("apicw", "LVTPC", "0x400");
	wr("IA32_PERF_GLOBAL_CTRL", "0x3");
	assert_judged(1 << GLOBAL_CTRL);
}

/* Expect: Linux's own use of GLOBAL_CTRL, which enters no guest, is no switch. */
static void perf_is_no_switch(void **state)
{
	(void)state;
	wr("IA32_PERF_GLOBAL_CTRL", "0x0");
	wr("IA32_PERF_GLOBAL_CTRL", "0xf");
	assert_true(reads());
	assert_int_equal(switches, 0);
	assert_false(unfinished);
}

/* Expect: a trace that ends in the guest says so. */
static void an_unfinished_switch_is_told(void **state)
{
	(void)state;
	load_begins();
	pair("0x0", "0x0");
	guest_runs();
	assert_true(reads());
	assert_int_equal(switches, 0);
	assert_true(unfinished);
}

/* Expect: what one CPU does is no part of the other's switch, nor is its NMI. */
static void cpus_are_judged_alone(void **state)
{
	(void)state;
	load_begins();
	cpu = 1;
	line("{\"t\":%d,\"cpu\":1,\"mode\":\"host\",\"op\":\"apicr\",\"name\":\"LVTPC\",\"val\":\"0x400\",\"nmi\":true}",
	     ++events);
	load_begins();
	cpu = 0;
	pair("0x0", "0x0");
	cpu = 1;
	wr("IA32_FIXED_CTR3", "0x0");
	cpu = 0;
	guest_runs();
	wr("IA32_FIXED_CTR3", "0x1234");
	cpu = 1;
	wr("IA32_PERF_METRICS", "0x0");
	wr("IA32_PERF_GLOBAL_CTRL", "0xf");
	cpu = 0;
	wr("IA32_PERF_METRICS", "0xff");
	put_ends();
	assert_judged(0);
	assert_false(unfinished);
}

/* Expect: a machine that was reset in the guest ends its trace within a switch. */
static void a_reset_is_read(void **state)
{
	(void)state;
	load_begins();
	pair("0x0", "0x0");
	guest_runs();
	line("{\"t\":%d,\"cpu\":0,\"mode\":\"host\",\"op\":\"reset\",\"vmx\":true}", ++events);
	assert_true(reads());
	assert_true(unfinished);
}

static void assert_refused(const char *text, const char *why)
{
	begin(NULL);
	wr("IA32_PERF_GLOBAL_CTRL", "0x0");
	line("%s", text);
	assert_false(reads());
	if (!strstr(complaint.text, why))
		print_message("# %s; wanted %s\n", complaint.text, why);
	assert_non_null(strstr(complaint.text, why));
	assert_int_equal(complaint.line, 2);
}

/* Expect: a line that is no event is named by its number. */
static void damaged_lines_are_refused(void **state)
{
	(void)state;
	assert_refused("", "an empty line");
	assert_refused("{", "no JSON");
	assert_refused("[]", "\"mode\" is neither");
	assert_refused("{\"t\":1,\"mode\":\"host\",\"op\":\"jump\"}", "\"op\" is jump");
	assert_refused("{\"t\":1,\"mode\":\"host\"}", "without \"op\"");
	assert_refused("{\"t\":1,\"mode\":\"smm\",\"op\":\"vmentry\"}", "\"mode\" is neither");
	assert_refused("{\"mode\":\"host\",\"op\":\"vmentry\"}", "\"t\" is missing");
	assert_refused("{\"t\":1,\"mode\":\"host\",\"op\":\"vmentry\"}", "\"cpu\" is missing");
	assert_refused("{\"t\":1,\"cpu\":8,\"mode\":\"host\",\"op\":\"vmentry\"}", "\"cpu\" is 8");
	assert_refused("{\"t\":1,\"cpu\":0,\"mode\":\"host\",\"op\":\"vmexit\"}", "\"reason\" is missing");
	assert_refused("{\"t\":1,\"cpu\":0,\"mode\":\"host\",\"op\":\"wrmsr\",\"val\":\"0x1\"}",
		       "without the register's name");
	assert_refused("{\"t\":1,\"cpu\":0,\"mode\":\"host\",\"op\":\"wrmsr\",\"name\":\"X\",\"val\":\"0x11112222333344445\"}",
		       "\"val\" is missing, or no");
	assert_refused("{\"t\":1,\"cpu\":0,\"mode\":\"host\",\"op\":\"rdpmc\",\"val\":\"0x1\"}",
		       "\"msr\" is missing, or no");
}

/* Expect: an empty trace, and one that is cut in the middle of a line, are told. */
static void cut_traces_are_refused(void **state)
{
	(void)state;
	assert_false(reads());
	assert_string_equal(complaint.text, "it is empty");
	begin(NULL);
	load_begins();
	trace[--len] = 0;
	assert_false(reads());
	assert_int_equal(complaint.line, 9);
	assert_non_null(strstr(complaint.text, "ends in the middle of this line"));
}

/* Expect: what is written after the counters run again is no part of the put. */
static void a_put_that_ends_early_is_found(void **state)
{
	(void)state;
	load_begins();
	pair("0x0", "0x0");
	guest_runs();
	wr("IA32_PERF_GLOBAL_CTRL", "0xf");
	pair("0x1234", "0xff");
	assert_true(reads());
	assert_int_equal(wrong, 1 << RESTORED | 1 << SLOTS | 1 << LVTPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_switch_is_accepted, begin),
		cmocka_unit_test_setup(a_swapped_pair_is_found, begin),
		cmocka_unit_test_setup(metrics_alone_are_found, begin),
		cmocka_unit_test_setup(a_pair_left_alone_is_accepted, begin),
		cmocka_unit_test_setup(without_metrics_slots_are_alone, begin),
		cmocka_unit_test_setup(what_is_not_restored_is_found, begin),
		cmocka_unit_test_setup(lvtpc_left_alone_is_found, begin),
		cmocka_unit_test_setup(lvtpc_of_the_guest_s_pmi_is_an_nmi, begin),
		cmocka_unit_test_setup(strict_mode_is_heard, begin),
		cmocka_unit_test_setup(a_lost_global_ctrl_is_found, begin),
		cmocka_unit_test_setup(perf_is_no_switch, begin),
		cmocka_unit_test_setup(an_unfinished_switch_is_told, begin),
		cmocka_unit_test_setup(cpus_are_judged_alone, begin),
		cmocka_unit_test_setup(a_reset_is_read, begin),
		cmocka_unit_test_setup(damaged_lines_are_refused, begin),
		cmocka_unit_test_setup(cut_traces_are_refused, begin),
		cmocka_unit_test_setup(a_put_that_ends_early_is_found, begin),
	};

	return cmocka_run_group_tests_name("cli_trace", tests, NULL, NULL);
}
