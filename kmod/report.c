// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/utsname.h>
#include "kmod/ktap.h"
#include "kmod/report.h"
#include "tmavisor/pmu_arch.h"
#include "vmx/vmx_arch.h"

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
	if (session->options.migrate)
		pr_info("migrate=1: with each slice the guest moves to the next of CPUs %*pbl\n",
			cpumask_pr_args(cpu_online_mask));
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
	/* Leaks, conformance, and the host. */
	const unsigned long others = 3;

	pr_info("VMX root entered and left; from here on once a slice\n");
	ktap_begin(hweight_long(session->options.workloads) + others);
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
	const struct guest_result *r = &session->leaks;
	u64 counters = shown->nr_gp + hweight32(shown->fixed_mask) + shown->metrics;
	u64 most = counters;

	pr_info("  # RDPMC: %llu of %llu selectors, values ORed %#llx; %llu more at random, %#llx\n",
		r->rdpmc_readable, r->rdpmc_tried, r->rdpmc_values,
		r->random_readable, r->random_values);
	/* Passed, it is the hardware that looks at the index of the metrics. */
	if (shown->metrics && !rdpmc_traps(session))
		most += RDPMC_INDICES - 1;
	ktap_check(r->rdpmc_readable >= counters && r->rdpmc_readable <= most &&
	      !r->random_readable, "RDPMC reads what is shown, the rest faults");
	ktap_check(!r->rdpmc_values && !r->random_values,
	      "RDPMC reads nothing of the host's");
}

void report_leaks(const struct session *session)
{
	const struct pmu_caps *shown = &session->run.vpmu.shown;
	const struct guest_result *r = &session->leaks;

	ktap_begin_suite("leaks", 7);
	pr_info("  # Expect: a guest that has just started reads nothing but what it is shown, and zeros\n");
	ktap_check(!r->entry_registers, "registers are 0 at entry");
	ktap_check(!r->entry_bases, "bases of segments and tables are 0 at entry");
	ktap_check(!r->unreachable_readable && !r->unreachable_values,
	      "debug, x87, SSE, AVX registers and TSC_AUX cannot be read");
	check_rdpmc(session);
	pr_info("  # RDMSR: %llu of 16384 registers, values ORed %#llx\n",
		r->rdmsr_readable, r->rdmsr_values);
	ktap_check(r->rdmsr_readable == readable_msrs(shown),
	      "RDMSR reads what is shown, the rest faults");
	ktap_check(!r->rdmsr_values, "RDMSR reads nothing of the host's");
	ktap_end_suite("leaks");
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
	[GUEST_OP_NESTED]	= "PMIs and NMIs at the end of a handler,",
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
	ktap_begin_suite("conformance", conform_cases());
}

void report_conform_case(const struct conform_outcome *outcome)
{
	if (outcome->result == CONFORM_SKIPPED) {
		ktap_skip(outcome->claim, outcome->why);
		return;
	}
	if (outcome->result == CONFORM_NOT_OK) {
		pr_info("  # Expect: %s\n", outcome->expect);
		print_miss(&outcome->miss);
	}
	ktap_check(outcome->result == CONFORM_OK, outcome->claim);
}

void report_conform_end(const struct session *session)
{
	if (session->conform.lateness)
		pr_info("  # PMI: its handler's RDPMC came %llu instructions after the overflow\n",
			session->conform.lateness);
	ktap_end_suite("conformance");
}

/* On each CPU that the run was on. */
static void check_hosts(const struct session *session)
{
	bool left = true, same_ctrl = true, same_lvtpc = true;
	unsigned int cpu;

	for_each_cpu(cpu, &session->visited) {
		const struct session_host *before = &session->cpus[cpu].before;
		const struct session_host *after = &session->cpus[cpu].after;

		left &= !(after->cr4 & CR4_VMXE);
		same_ctrl &= after->global_ctrl == before->global_ctrl;
		same_lvtpc &= after->lvtpc == before->lvtpc;
	}
	ktap_check(left, "VMX root is left");
	ktap_check(same_ctrl, "GLOBAL_CTRL is the host's again");
	ktap_check(same_lvtpc, "LVTPC is the host's again");
}

void report_host(const struct session *session)
{
	ktap_begin_suite("host", 4);
	check_hosts(session);
	pr_info("  # Expect: read back after each run's last put, all registers are as its load saved them\n");
	ktap_check(!session->run.vpmu.unrestored, "puts restore what loads saved");
	ktap_end_suite("host");
}

void report_summary(const struct session *session)
{
	const struct vpmu *vpmu = &session->run.vpmu;

	report_table(session);
	pr_info("# %llu loads, %llu puts, %llu NMIs in the middle of one\n",
		vpmu->loads, vpmu->puts, vpmu->nmis);
	if (session->options.migrate)
		pr_info("# %llu moves between CPUs %*pbl\n", session->moves,
			cpumask_pr_args(&session->visited));
	if (ktap_failures())
		pr_err("%u checks failed\n", ktap_failures());
	else
		pr_info("all checks ok; VMX root left, the PMU is the host's\n");
}
