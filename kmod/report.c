// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/bitops.h>
#include <linux/module.h>
#include <linux/utsname.h>
#include "kmod/report.h"
#include "tmavisor/pmu_arch.h"
#include "tmavisor/tma.h"
#include "vmx/dump.h"
#include "vmx/vmx_arch.h"

/* Bounds on what a run with forced switches may differ in from one without. */
enum {
	SLOTS_TOLERANCE_PERCENT	= 1,
	SHARE_TOLERANCE_PERMILLE = 10,
};

/*
 * The level-1 bytes "add up to 0xff"; leave the hardware a rounding of one for
 * each of them but the last, and perf's own range.
 */
enum { LEVEL1_SUM_MIN = 254, LEVEL1_SUM_MAX = 257 };

static const enum tma_metric expected[NR_WORKLOADS] = {
	[WORKLOAD_RETIRING]		= TMA_RETIRING,
	[WORKLOAD_LIGHT_OPERATIONS]	= TMA_RETIRING,
	[WORKLOAD_HEAVY_OPERATIONS]	= TMA_RETIRING,
	[WORKLOAD_BRANCH_MISPREDICTS]	= TMA_BAD_SPECULATION,
	[WORKLOAD_MACHINE_CLEARS]	= TMA_BAD_SPECULATION,
	[WORKLOAD_FETCH_LATENCY]	= TMA_FRONTEND_BOUND,
	[WORKLOAD_FETCH_BANDWIDTH]	= TMA_FRONTEND_BOUND,
	[WORKLOAD_MEMORY_BOUND]		= TMA_BACKEND_BOUND,
	[WORKLOAD_CORE_BOUND]		= TMA_BACKEND_BOUND,
	[WORKLOAD_MIX]			= TMA_NR_METRICS,	/* each has its phase */
};

static const char *const metric_names[TMA_NR_METRICS] = {
	[TMA_RETIRING]			= "retiring",
	[TMA_BAD_SPECULATION]		= "bad speculation",
	[TMA_FRONTEND_BOUND]		= "frontend bound",
	[TMA_BACKEND_BOUND]		= "backend bound",
	[TMA_HEAVY_OPERATIONS]		= "heavy operations",
	[TMA_BRANCH_MISPREDICTS]	= "branch mispredicts",
	[TMA_FETCH_LATENCY]		= "fetch latency",
	[TMA_MEMORY_BOUND]		= "memory bound",
};

static unsigned int suite_number;
static unsigned int suite_failures;
static unsigned int test_number;
static unsigned int failures;

unsigned int report_failures(void)
{
	return failures;
}

static bool rdpmc_traps(const struct session *session)
{
	return session->run.ctls.word[VMX_CTL_CPU] & CPU_RDPMC_EXITING;
}

void report_machine(const struct session *session)
{
	const struct run *run = &session->run;
	const struct cpu_caps *caps = &run->caps;
	const struct pmu_caps *shown = &run->vpmu.shown;
	const struct pmu_caps *pmu = &caps->pmu;

	pr_info("version %s on CPU %u of Linux %s\n", THIS_MODULE->version,
		session->options.cpu, utsname()->release);
	pr_info("CPU signature %#x, microcode %#x%s, VMCS revision %#llx\n",
		caps->signature, caps->microcode,
		caps->hypervisor ? ", under a hypervisor" : "",
		caps->vmx_basic & VMX_BASIC_REVISION_ID);
	pr_info("PMU version %u, %u general counters of %u bits, fixed counters %#x of %u bits, IA32_PERF_CAPABILITIES %#llx\n",
		pmu->version, pmu->nr_gp, pmu->gp_width, pmu->fixed_mask,
		pmu->fixed_width, pmu->perf_capabilities);
	if (!pmu->metrics)
		pr_info("no PERF_METRICS on this CPU: counters only, no topdown shares\n");
	ctls_log(&run->ctls);
	pr_info("profile %s: version %u, %u general counters of %u bits, fixed counters %#x, IA32_PERF_CAPABILITIES %#llx\n",
		session->options.profile, shown->version, shown->nr_gp,
		shown->gp_width, shown->fixed_mask, shown->perf_capabilities);
	pr_info("guest's PMU: RDPMC %s, PERF_METRICS %s, GLOBAL_CTRL %s\n",
		rdpmc_traps(session) ? "trapped" : "passed",
		msr_bitmap_traps(&run->bitmap, IA32_PERF_METRICS, MSR_READ_WRITE) ?
			"trapped" : "passed",
		msr_bitmap_traps(&run->bitmap, IA32_PERF_GLOBAL_CTRL, MSR_READ_WRITE) ?
			"trapped" : "passed");
}

void report_begin(const struct session *session)
{
	suite_number = 0;
	failures = 0;
	pr_info("VMX root entered and left; from here on once a slice\n");
	pr_info("KTAP version 1\n");
	pr_info("1..%lu\n", hweight_long(session->options.workloads) + 3);
}

static void begin_suite(const char *name, unsigned int tests)
{
	test_number = 0;
	suite_failures = 0;
	pr_info("  KTAP version 1\n");
	pr_info("  # Subtest: %s\n", name);
	pr_info("  1..%u\n", tests);
}

static void end_suite(const char *name)
{
	failures += suite_failures;
	pr_info("%sok %u %s\n", suite_failures ? "not " : "", ++suite_number,
		name);
}

static void check(bool ok, const char *name)
{
	suite_failures += !ok;
	pr_info("  %sok %u %s\n", ok ? "" : "not ", ++test_number, name);
}

static void skip(const char *name, const char *why)
{
	pr_info("  ok %u %s # SKIP %s\n", ++test_number, name, why);
}

static void print_shares(u64 metrics, enum tma_metric first,
			 enum tma_metric last, unsigned int level)
{
	char line[120];
	int len = 0, i;

	for (i = first; i <= last; i++) {
		unsigned int permille = tma_permille(metrics, i);

		len += scnprintf(line + len, sizeof(line) - len,
				 "%s%s %u.%u%%", i == first ? "" : ", ",
				 metric_names[i], permille / 10, permille % 10);
	}
	pr_info("  # level %u: %s\n", level, line);
}

static void print_exits(const char *what, const struct session_measure *m)
{
	char line[160];
	int len = 0, i;

	for (i = 0; i < RUN_NR_EXIT_REASONS; i++)
		if (m->exits[i])
			len += scnprintf(line + len, sizeof(line) - len,
					 "%s%llu %s", len ? ", " : "",
					 m->exits[i], dump_exit_reason_name(i));
	pr_info("  # %s: exits: %s\n", what, line);
}

static void print_measure(const struct session *session, const char *what,
			  const struct session_measure *m)
{
	const struct guest_result *r = &m->result;

	pr_info("  # %s: %llu slots, %llu cycles, %llu instructions, PERF_METRICS %#018llx\n",
		what, r->slots, r->cycles, r->instructions, r->perf_metrics);
	pr_info("  # %s: %llu switches, %llu of them forced while counting\n", what,
		m->switches, m->forced);
	print_exits(what, m);
	if (!session->run.vpmu.shown.metrics)
		return;
	print_shares(r->perf_metrics, TMA_RETIRING, TMA_BACKEND_BOUND, 1);
	if (session->run.vpmu.shown.level2)
		print_shares(r->perf_metrics, TMA_HEAVY_OPERATIONS,
			     TMA_MEMORY_BOUND, 2);
}

static void check_metrics(u64 metrics, bool level2, enum guest_workload w)
{
	unsigned int sum = tma_level1_sum(metrics);
	bool within = true;
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		within &= tma_byte(metrics, i + TMA_NR_LEVEL1) <=
			  tma_byte(metrics, i);
	check(sum >= LEVEL1_SUM_MIN && sum <= LEVEL1_SUM_MAX,
	      "level 1 adds up to 255");
	if (level2)
		check(within, "level 2 is within level 1");
	else
		check(!(metrics >> 32), "level 2 reads 0");
	if (expected[w] == TMA_NR_METRICS) {
		skip("the expected category dominates", "it has phases");
		return;
	}
	pr_info("  # Expect: %s dominates\n", metric_names[expected[w]]);
	check(tma_dominant(metrics) == expected[w],
	      "the expected category dominates");
}

static bool slots_agree(u64 a, u64 b)
{
	u64 difference = a > b ? a - b : b - a;

	return difference * 100 <= a * SLOTS_TOLERANCE_PERCENT;
}

static bool shares_agree(u64 a, u64 b)
{
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		if (abs((int)tma_permille(a, i) - (int)tma_permille(b, i)) >
		    SHARE_TOLERANCE_PERMILLE)
			return false;
	return true;
}

static void check_switched(const struct session *session,
			   const struct session_outcome *o)
{
	const struct pmu_caps *shown = &session->run.vpmu.shown;
	const struct guest_result *plain = &o->plain.result;
	const struct guest_result *switched = &o->switched.result;

	if (!session->options.switches) {
		skip("the switches were forced", "switches=0");
		skip("switches change no instruction count", "switches=0");
		skip("switches change slots by at most 1%", "switches=0");
		skip("switches change shares by at most 1 point", "switches=0");
		return;
	}
	check(o->switched.forced == session->options.switches,
	      "the switches were forced");
	if (pmu_has_fixed(shown, FIXED_INSTRUCTIONS))
		check(plain->instructions == switched->instructions,
		      "switches change no instruction count");
	else
		skip("switches change no instruction count", "no fixed counter 0");
	if (pmu_has_fixed(shown, FIXED_SLOTS))
		check(slots_agree(plain->slots, switched->slots),
		      "switches change slots by at most 1%");
	else
		skip("switches change slots by at most 1%", "no fixed counter 3");
	if (shown->metrics)
		check(shares_agree(plain->perf_metrics, switched->perf_metrics),
		      "switches change shares by at most 1 point");
	else
		skip("switches change shares by at most 1 point", "no PERF_METRICS");
}

static void check_counted(const struct session *session,
			  const struct guest_result *r)
{
	const struct pmu_caps *shown = &session->run.vpmu.shown;

	if (pmu_has_fixed(shown, FIXED_INSTRUCTIONS))
		check(r->instructions, "instructions are counted");
	else
		skip("instructions are counted", "no fixed counter 0");
	if (pmu_has_fixed(shown, FIXED_CORE_CYCLES))
		check(r->cycles, "cycles are counted");
	else
		skip("cycles are counted", "no fixed counter 1");
	if (pmu_has_fixed(shown, FIXED_SLOTS))
		check(r->slots, "slots are counted");
	else
		skip("slots are counted", "no fixed counter 3");
}

void report_workload(const struct session *session, enum guest_workload w)
{
	const struct session_outcome *o = &session->outcome[w];

	begin_suite(session_workload_names[w], 10);
	print_measure(session, "plain", &o->plain);
	if (session->options.switches)
		print_measure(session, "switched", &o->switched);
	check_counted(session, &o->plain.result);
	if (session->run.vpmu.shown.metrics) {
		check_metrics(o->plain.result.perf_metrics,
			      session->run.vpmu.shown.level2, w);
	} else {
		skip("level 1 adds up to 255", "no PERF_METRICS");
		skip("level 2 is within level 1", "no PERF_METRICS");
		skip("the expected category dominates", "no PERF_METRICS");
	}
	check_switched(session, o);
	end_suite(session_workload_names[w]);
}

/* Of some types; see LEAK_INDICES in guest/probe/leaks.asm. */
enum { RDPMC_INDICES = 64 };

/* Registers that RDMSR reads on a CPU with the PMU that is shown. */
static u64 readable_msrs(const struct pmu_caps *shown)
{
	/* FIXED_CTR_CTRL, five GLOBAL registers, IA32_PERF_CAPABILITIES, LVT entry */
	const u64 if_there_is_a_pmu = 8;
	/* IA32_MISC_ENABLE; ID, version and SIVR of the local APIC */
	const u64 always = 4;
	/* Selector, legacy counter, full-width counter */
	u64 per_gp = pmu_has_full_width(shown) ? 3 : 2;

	return always + (shown->version ? if_there_is_a_pmu : 0) +
	       per_gp * shown->nr_gp + hweight32(shown->fixed_mask) +
	       shown->metrics;
}

static void check_rdpmc(const struct session *session)
{
	const struct pmu_caps *shown = &session->run.vpmu.shown;
	const struct guest_result *r = &session->leaks.result;
	u64 counters = shown->nr_gp + hweight32(shown->fixed_mask) + shown->metrics;
	u64 most = counters;

	pr_info("  # RDPMC: %llu of %llu selectors, values ORed %#llx; %llu more at random, %#llx\n",
		r->rdpmc_readable, r->rdpmc_tried, r->rdpmc_values,
		r->random_readable, r->random_values);
	/* Passed, it is the hardware that looks at the index of the metrics. */
	if (shown->metrics && !rdpmc_traps(session))
		most += RDPMC_INDICES - 1;
	check(r->rdpmc_readable >= counters && r->rdpmc_readable <= most &&
	      !r->random_readable, "RDPMC reads what is shown, the rest is #GP");
	check(!r->rdpmc_values && !r->random_values,
	      "RDPMC reads nothing of the host's");
}

void report_leaks(const struct session *session)
{
	const struct pmu_caps *shown = &session->run.vpmu.shown;
	const struct guest_result *r = &session->leaks.result;

	begin_suite("leaks", 7);
	pr_info("  # Expect: a guest that has just started reads nothing but what it is shown, and zeros\n");
	check(!r->entry_registers, "registers are 0 at entry");
	check(!r->entry_bases, "bases of segments and tables are 0 at entry");
	check(!r->unreachable_readable && !r->unreachable_values,
	      "debug, x87, SSE, AVX registers and TSC_AUX cannot be read");
	check_rdpmc(session);
	pr_info("  # RDMSR: %llu of 16384 registers, values ORed %#llx\n",
		r->rdmsr_readable, r->rdmsr_values);
	check(r->rdmsr_readable == readable_msrs(shown),
	      "RDMSR reads what is shown, the rest is #GP");
	check(!r->rdmsr_values, "RDMSR reads nothing of the host's");
	end_suite("leaks");
}

static const char *const op_names[NR_GUEST_OPS] = {
	[GUEST_OP_RDMSR]	= "RDMSR",
	[GUEST_OP_WRMSR]	= "WRMSR",
	[GUEST_OP_RDPMC]	= "RDPMC",
	[GUEST_OP_CPUID]	= "CPUID",
	[GUEST_OP_USER_RDPMC]	= "RDPMC at CPL 3 of",
	[GUEST_OP_STI_SHADOW]	= "PMIs right after STI",
	[GUEST_OP_PMIS]		= "PMIs",
	[GUEST_OP_NMIS]		= "NMIs",
};

static const char *op_name(u32 code)
{
	return code < NR_GUEST_OPS && op_names[code] ? op_names[code] : "op";
}

static void print_miss(const struct conform_miss *miss)
{
	if (miss->code == GUEST_OP_END) {
		pr_info("  # seen %#llx, wanted %#llx\n", miss->seen, miss->wanted);
		return;
	}
	pr_info("  # op %u, %s %#x (wrote %#llx): seen %#llx, exception %llu; wanted %s %#llx\n",
		miss->at, op_name(miss->code), miss->index, miss->wrote,
		miss->seen, miss->fault, miss->wanted_gp ? "#GP, not" : "",
		miss->wanted);
}

void report_conform_begin(void)
{
	begin_suite("conformance", conform_cases());
}

void report_conform_case(const struct conform_outcome *outcome)
{
	if (outcome->result == CONFORM_SKIPPED) {
		skip(outcome->claim, outcome->why);
		return;
	}
	if (outcome->result == CONFORM_NOT_OK) {
		pr_info("  # Expect: %s\n", outcome->expect);
		print_miss(&outcome->miss);
	}
	check(outcome->result == CONFORM_OK, outcome->claim);
}

void report_conform_end(const struct session *session)
{
	if (session->conform.lateness)
		pr_info("  # PMI: its handler's RDPMC came %llu instructions after the overflow\n",
			session->conform.lateness);
	end_suite("conformance");
}

void report_host(const struct session *session)
{
	const struct session_host *before = &session->before;
	const struct session_host *after = &session->after;

	begin_suite("host", 4);
	check(!(after->cr4 & CR4_VMXE), "VMX root is left");
	check(after->global_ctrl == before->global_ctrl,
	      "GLOBAL_CTRL is the host's again");
	check(after->lvtpc == before->lvtpc, "LVTPC is the host's again");
	pr_info("  # Expect: read back after each run's last put, all registers are as its load saved them\n");
	check(!session->run.vpmu.unrestored, "puts restore what loads saved");
	end_suite("host");
}

static void print_row(const char *name, const struct session_measure *m)
{
	const struct guest_result *r = &m->result;
	unsigned int share[TMA_NR_LEVEL1];
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		share[i] = tma_permille(r->perf_metrics, i);
	pr_info("# %-18s %10llu %10llu %12llu  %016llx %5u.%u %5u.%u %5u.%u %5u.%u\n",
		name, r->slots, r->cycles, r->instructions, r->perf_metrics,
		share[0] / 10, share[0] % 10, share[1] / 10, share[1] % 10,
		share[2] / 10, share[2] % 10, share[3] / 10, share[3] % 10);
}

void report_summary(const struct session *session)
{
	const struct vpmu *vpmu = &session->run.vpmu;
	unsigned int w;

	pr_info("# %-18s %10s %10s %12s  %-16s %7s %7s %7s %7s\n", "workload",
		"slots", "cycles", "instructions", "PERF_METRICS", "ret%",
		"bad%", "fe%", "be%");
	for_each_set_bit(w, &session->options.workloads, NR_WORKLOADS)
		print_row(session_workload_names[w], &session->outcome[w].plain);
	pr_info("# %llu loads, %llu puts, %llu NMIs in the middle of one\n",
		vpmu->loads, vpmu->puts, vpmu->nmis);
	if (failures)
		pr_err("%u checks failed\n", failures);
	else
		pr_info("all checks ok; VMX root left, the PMU is the host's\n");
}
