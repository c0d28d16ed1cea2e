// SPDX-License-Identifier: GPL-2.0
/*
 * A run that goes from one CPU to another: the guest takes its PMU along, each
 * host keeps its own, and a CPU that is not like the first is noticed.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/trace.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

/* A slice ends with each GUEST_TIMER. */
static const struct guest_step measuring_guest[] = {
	GUEST_COUNTS_FIXED,
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_TIMER },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_TIMER },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_TIMER },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
	{ GUEST_RDPMC, RDPMC_FIXED(FIXED_INSTRUCTIONS) },
	{ GUEST_RDPMC, RDPMC_FIXED(FIXED_SLOTS) },
	{ GUEST_RDPMC, RDPMC_METRICS },
	GUEST_DONE,
};
enum { AT_INSTRUCTIONS = 12, AT_METRICS = 14, SLICES = 4 };

/* What a CPU has to itself; memory, and the VMCS in it, is shared. */
struct other_cpu {
	struct pmu		pmu;
	struct soft_msr		msrs[SOFT_MAX_MSRS];
	struct soft_regs	regs;
	struct soft_perf	perf;
	u32			lvtpc;
};

static struct other_cpu other;

/* All but the PMU. */
static void copy_to_other(const struct soft_cpu *cpu)
{
	memcpy(other.msrs, cpu->msrs, sizeof(other.msrs));
	other.regs = cpu->regs;
	other.perf = cpu->perf;
	other.lvtpc = cpu->lvtpc;
}

/* Go to the other CPU; what was here is the other one's from now on. */
static void change_cpu(struct soft_cpu *cpu)
{
	struct other_cpu next = other;

	assert_false(cpu->vmx_on);
	assert_null(cpu->current);
	other.pmu = cpu->pmu;
	copy_to_other(cpu);
	cpu->pmu = next.pmu;
	memcpy(cpu->msrs, next.msrs, sizeof(next.msrs));
	cpu->regs = next.regs;
	cpu->perf = next.perf;
	cpu->lvtpc = next.lvtpc;
}

/* Alike, and at rest. */
static int two_cpus_setup(void **state)
{
	int err = core_setup(state);
	struct core *core = *state;

	pmu_init(&other.pmu, &core->cpu->model, core->cpu->pmu.ops, core->cpu);
	copy_to_other(core->cpu);
	return err;
}

static int two_cpus_teardown(void **state)
{
	pmu_free(&other.pmu);
	return core_teardown(state);
}

/* The hosts of both CPUs have values of their own. */
static void fill_hosts(struct core *core, u64 seed)
{
	struct soft_cpu *cpu = core->cpu;

	soft_random_host(cpu, &seed);
	soft_set_status(cpu, 0);
	cpu->lvtpc = LVT_DELIVERY_NMI;
	change_cpu(cpu);
	soft_random_host(cpu, &seed);
	soft_set_status(cpu, 0);
	cpu->lvtpc = LVT_DELIVERY_NMI | LVT_MASKED;
}

/* To the end, on another CPU each time; each host finds its own again. */
static void run_moving(struct core *core)
{
	unsigned int slices = 0;
	int res;

	core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
	do {
		core_remember(core);
		res = run_slice(&core->run, CORE_TIMER);
		core_assert_untouched(core);
		slices++;
		change_cpu(core->cpu);
		run_move(&core->run);
	} while (res == RUN_PREEMPTED);
	assert_int_equal(res, RUN_DONE);
	assert_int_equal(slices, SLICES);
}

/* Expect: the instructions to the last one, and shares that add up. */
static void a_guest_that_moves_counts_all(void **state)
{
	struct core *core = *state;
	const struct soft_result *r = core->cpu->guest.result;

	for (u64 seed = 1; seed <= 20; seed++) {
		u64 metrics;

		soft_forget_trace(core->cpu);
		fill_hosts(core, seed);
		run_moving(core);
		assert_int_equal(r[AT_INSTRUCTIONS].val, SLICES * 1000);
		metrics = r[AT_METRICS].val;
		assert_in_range((metrics & 0xff) + (metrics >> 8 & 0xff) +
				(metrics >> 16 & 0xff) + (metrics >> 24 & 0xff),
				254, 256);
		assert_int_equal(core->run.vpmu.unrestored, 0);
	}
	assert_true(trace_pair_order(core->cpu->ops, core->cpu->nr_ops));
}

/* The last value that the guest's slots had on the one CPU, the first on the other. */
static void the_pair_is_taken_along(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	struct pmu_state left;
	unsigned int at;

	fill_hosts(core, 3);
	core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	left = core->run.vpmu.guest;
	assert_int_not_equal(left.fixed[FIXED_SLOTS], 0);
	change_cpu(cpu);
	run_move(&core->run);
	soft_forget_trace(cpu);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	at = trace_find(cpu, OP_WRMSR, IA32_FIXED_CTR3, 0);
	assert_int_equal(cpu->ops[at].val, left.fixed[FIXED_SLOTS]);
	assert_int_equal(cpu->ops[at + 1].index, IA32_PERF_METRICS);
	assert_int_equal(cpu->ops[at + 1].val, left.perf_metrics);
}

/* Expect: the VMCS is not current, nor launched, on the CPU that was left. */
static void the_vmcs_is_cleared_before_it_moves(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	assert_null(cpu->current);
	assert_true(trace_find(cpu, OP_VMCLEAR, 0, 1) >
		    trace_find(cpu, OP_EXIT, EXIT_PREEMPTION_TIMER, 0));
	assert_true(trace_find(cpu, OP_VMCLEAR, 0, 1) <
		    trace_find(cpu, OP_VMXOFF, 0, 0));
}

/*
 * No PMI came for an overflow on the first CPU, and it was given up. Expect: the
 * same counter's on the second CPU is waited for, as one may come for it.
 */
static void an_overflow_is_given_up_on_one_cpu_only(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	int res;

	change_cpu(cpu);
	soft_set_status(cpu, GLOBAL_GP(0));
	change_cpu(cpu);
	soft_set_status(cpu, GLOBAL_GP(0));
	core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
	do
		res = run_slice(&core->run, CORE_TIMER);
	while (res == -EAGAIN);
	assert_int_equal(res, RUN_PREEMPTED);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	change_cpu(cpu);
	run_move(&core->run);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), -EAGAIN);
}

/* Expect: the second CPU waits as often as the first, whatever was waited there. */
static void each_cpu_waits_its_own_time(void **state)
{
	struct core *core = *state;

	soft_set_status(core->cpu, GLOBAL_GP(0));
	core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
	assert_int_equal(run_slice(&core->run, CORE_TIMER), -EAGAIN);
	assert_int_equal(core->run.postponed, 1);
	change_cpu(core->cpu);
	run_move(&core->run);
	assert_int_equal(core->run.postponed, 0);
}

/* Expect: an NMI of the second CPU's is not taken for a PMI of the guest's. */
static void an_nmi_owed_on_one_cpu_is_not_claimed_on_another(void **state)
{
	struct core *core = *state;
	struct vpmu *vpmu = &core->run.vpmu;

	vpmu->pmi = VPMU_PMI_OWED | VPMU_PMI_ARMED;
	run_move(&core->run);
	assert_false(vpmu_claim_nmi(vpmu));
	assert_int_equal(vpmu->pmi, VPMU_PMI_ARMED);
}

/* Expect: the guest is told on the second CPU of a PMI that came on the first. */
static void a_pmi_that_came_moves_along(void **state)
{
	struct core *core = *state;

	core->run.vpmu.pmi = VPMU_PMI_RAISED;
	run_move(&core->run);
	assert_true(vpmu_take_pmi(&core->run.vpmu));
}

/* This CPU as it is now is the second one. Expect: refused for @what, VMX not entered. */
static void differs_in(struct core *core, const char *what)
{
	const char *differs = NULL;

	soft_forget_trace(core->cpu);
	assert_int_equal(run_begin(&core->run, &differs), -EOPNOTSUPP);
	assert_non_null(differs);
	assert_string_equal(differs, what);
	assert_int_equal(core->cpu->log_len, 0);
	assert_int_equal(trace_count(core->cpu, OP_VMXON, 0), 0);
}

static void msr_differs(struct core *core, u32 msr, u64 change, const char *what)
{
	u64 val = soft_msr(core->cpu, msr);

	soft_set_msr(core->cpu, msr, val ^ change);
	differs_in(core, what);
	soft_set_msr(core->cpu, msr, val);
}

static void register_differs(struct core *core, u32 *reg, u32 change, const char *what)
{
	u32 val = *reg;

	*reg = val ^ change;
	differs_in(core, what);
	*reg = val;
}

static void vmx_that_differs_is_noticed(void **state)
{
	struct core *core = *state;

	msr_differs(core, IA32_VMX_BASIC, 1, "IA32_VMX_BASIC");
	msr_differs(core, IA32_VMX_MISC, 1, "IA32_VMX_MISC");
	msr_differs(core, IA32_VMX_EPT_VPID_CAP, VMX_EPT_WALK_LENGTH_4 << 1,
		    "IA32_VMX_EPT_VPID_CAP");
	msr_differs(core, IA32_VMX_CR0_FIXED0, 2, "IA32_VMX_CR0_FIXED0");
	msr_differs(core, IA32_VMX_CR0_FIXED1, 2, "IA32_VMX_CR0_FIXED1");
	msr_differs(core, IA32_VMX_CR4_FIXED0, 1, "IA32_VMX_CR4_FIXED0");
	msr_differs(core, IA32_VMX_CR4_FIXED1, 1, "IA32_VMX_CR4_FIXED1");
	/* One that is wanted, and not insisted on. */
	msr_differs(core, IA32_VMX_PROCBASED_CTLS2,
		    (u64)CPU2_ENCLS_EXITING << 32, "VMX controls");
}

static void a_pmu_that_differs_is_noticed(void **state)
{
	struct core *core = *state;
	struct cpuid_regs4 *perfmon = soft_cpuid(core->cpu, CPUID_PERFMON);
	struct cpuid_regs4 *features = soft_cpuid(core->cpu, CPUID_FEATURES);
	struct cpuid_regs4 *structured = soft_cpuid(core->cpu, CPUID_STRUCTURED);

	register_differs(core, &perfmon->eax, 5 ^ 6, "PMU version");
	register_differs(core, &perfmon->eax, (8 ^ 4) << CPUID_0A_EAX_NR_GP_SHIFT,
			 "number of general counters");
	register_differs(core, &perfmon->eax, 1 << CPUID_0A_EAX_GP_WIDTH_SHIFT,
			 "width of general counters");
	register_differs(core, &perfmon->eax, 1 << CPUID_0A_EAX_NR_EVENTS_SHIFT,
			 "architectural events (CPUID.0AH:EAX)");
	register_differs(core, &perfmon->ebx, 1, "architectural events (CPUID.0AH:EBX)");
	register_differs(core, &perfmon->edx, 1 << CPUID_0A_EDX_FIXED_WIDTH_SHIFT,
			 "width of fixed counters");
	register_differs(core, &features->eax, 1, "signature (CPUID.1:EAX)");
	register_differs(core, &structured->ebx, CPUID_7_EBX_PT,
			 "MSRs for PEBS, LBR, PT and OFFCORE");
	core->cpu->model.perf_capabilities ^= PERFCAP_PERF_METRICS;
	differs_in(core, "IA32_PERF_CAPABILITIES");
	core->cpu->model.perf_capabilities ^= PERFCAP_PERF_METRICS;
	perfmon->ecx = perfmon->edx = 0;
	differs_in(core, "fixed counters");
}

/* Microcode is loaded on one CPU after the other. Expect: no difference. */
static void microcode_may_differ(void **state)
{
	struct core *core = *state;
	const char *differs = NULL;

	soft_set_msr(core->cpu, IA32_BIOS_SIGN_ID, 0x2b00039100000000);
	assert_int_equal(run_begin(&core->run, &differs), 0);
	assert_null(differs);
}

/* Expect: a second CPU that is no CPU for this at all says so itself. */
static void a_second_cpu_without_vmx_says_so(void **state)
{
	struct core *core = *state;
	const char *differs = NULL;

	soft_set_msr(core->cpu, IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED);
	assert_int_equal(run_begin(&core->run, &differs), -EPERM);
	assert_null(differs);
	assert_true(soft_logged(core->cpu, "firmware has locked VMX off"));
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, two_cpus_setup, two_cpus_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_guest_that_moves_counts_all),
		test(the_pair_is_taken_along),
		test(the_vmcs_is_cleared_before_it_moves),
		test(an_overflow_is_given_up_on_one_cpu_only),
		test(each_cpu_waits_its_own_time),
		test(an_nmi_owed_on_one_cpu_is_not_claimed_on_another),
		test(a_pmi_that_came_moves_along),
		test(vmx_that_differs_is_noticed),
		test(a_pmu_that_differs_is_noticed),
		test(microcode_may_differ),
		test(a_second_cpu_without_vmx_says_so),
	};

	return cmocka_run_group_tests_name("move", tests, NULL, NULL);
}
