// SPDX-License-Identifier: GPL-2.0
/*
 * Whole runs: what a guest measures, what the host notices, and that whatever
 * fails on the way leaves nothing behind.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/trace.h"
#include "tmavisor/guest_abi.h"
#include "vmx/dump.h"
#include "vmx/vmx_arch.h"

#define COUNTER_MASK	((1ULL << 48) - 1)

/* As the real guest does it: program, clear the pair, work, stop, read. */
static const struct guest_step measuring_guest[] = {
	GUEST_COUNTS_FIXED,
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_TIMER },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_CPUID, CPUID_FEATURES },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_INTERRUPT },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
	{ GUEST_RDPMC, RDPMC_FIXED(FIXED_INSTRUCTIONS) },
	{ GUEST_RDPMC, RDPMC_FIXED(FIXED_SLOTS) },
	{ GUEST_RDPMC, RDPMC_METRICS },
	GUEST_DONE,
};

/*
 * Results
 */

/* Expect: exactly the guest's instructions, none of the host's; metrics that add up. */
static void the_guest_measures_itself(void **state)
{
	struct core *core = *state;
	const struct soft_result *r = core->cpu->guest.result;
	u64 seed = 3;

	soft_random_host(core->cpu, &seed);
	soft_set_status(core->cpu, 0);
	core->cpu->ticks = true;
	core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
	assert_int_equal(core_run(core), RUN_DONE);
	core->cpu->ticks = false;
	/* The CPUID in the middle was executed for it, and has retired. */
	assert_int_equal(r[11].val, 3000 + 1);
	assert_true(r[12].val >= 3000);
	for (unsigned int i = 11; i <= 13; i++)
		assert_false(r[i].trapped || r[i].fault);
	assert_in_range((r[13].val & 0xff) + (r[13].val >> 8 & 0xff) +
			(r[13].val >> 16 & 0xff) + (r[13].val >> 24 & 0xff), 254, 256);
	assert_int_equal(core->run.vpmu.loads, 3);
	assert_int_equal(core->run.vpmu.puts, 3);
}

/* Expect: host registers in any state come through a run, and none is guessed. */
static void the_host_notices_nothing(void **state)
{
	enum { ROUNDS = 50 };
	struct core *core = *state;
	u64 seed = 23;

	for (int i = 0; i < ROUNDS; i++) {
		soft_random_host(core->cpu, &seed);
		soft_set_status(core->cpu, soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS) &
				GLOBAL_STATUS_LBR_FRZ);
		core_remember(core);
		core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
		assert_int_equal(core_run(core), RUN_DONE);
		core_assert_untouched(core);
	}
	assert_true(trace_pair_order(core->cpu->ops, core->cpu->nr_ops));
	assert_true(trace_stopped_while_switching(core->cpu->ops, core->cpu->nr_ops));
}

/* The guest leaves all it can in the registers. Expect: the host finds its own. */
static void a_hostile_guest_leaves_nothing(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	core_remember(core);
	core_guest(core,
		   { GUEST_WRMSR, IA32_FIXED_CTR_CTRL, 0xbbbb },
		   { GUEST_WRMSR, IA32_A_PMC0 + 7, COUNTER_MASK },
		   { GUEST_WRMSR, IA32_PERFEVTSEL0 + 7, EVENT_INSTRUCTIONS |
		     PERFEVTSEL_OS | PERFEVTSEL_EN | PERFEVTSEL_INT },
		   { GUEST_WRMSR, IA32_FIXED_CTR0, COUNTER_MASK },
		   { GUEST_WRMSR, IA32_FIXED_CTR3, COUNTER_MASK },
		   { GUEST_WRMSR, IA32_PERF_METRICS, ~0ULL },
		   { GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(7) | GLOBAL_FIXED(0) },
		   { GUEST_COUNT, .val = 100 },
		   { GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_CTR_FRZ },
		   { GUEST_TIMER },
		   GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	core_assert_untouched(core);
	assert_int_equal(cpu->nmis, 0);
	assert_true(core->run.vpmu.guest.global_status & GLOBAL_GP(7));
	assert_true(core->run.vpmu.guest.global_status & GLOBAL_STATUS_CTR_FRZ);
	assert_int_equal(core_run(core), RUN_DONE);
	core_assert_untouched(core);
}

/* The host has values in all of it. Expect: the guest finds the state after RESET. */
static void a_curious_guest_finds_nothing(void **state)
{
	static const struct guest_step steps[] = {
		{ GUEST_RDMSR, IA32_PERF_METRICS }, { GUEST_RDPMC, RDPMC_METRICS },
		{ GUEST_RDPMC, RDPMC_GP(0) }, { GUEST_RDPMC, RDPMC_GP(7) },
		{ GUEST_RDPMC, RDPMC_FIXED(0) }, { GUEST_RDPMC, RDPMC_FIXED(3) },
		{ GUEST_RDMSR, IA32_PMC0 + 5 }, { GUEST_RDMSR, IA32_A_PMC0 + 5 },
		{ GUEST_RDMSR, IA32_PERFEVTSEL0 }, { GUEST_RDMSR, IA32_FIXED_CTR_CTRL },
		{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
		{ GUEST_RDMSR, IA32_PERF_GLOBAL_INUSE },
		{ GUEST_RDMSR, IA32_PERF_GLOBAL_CTRL },
		GUEST_DONE,
	};
	struct core *core = *state;
	const struct soft_result *r = core->cpu->guest.result;
	const unsigned int last = TMAV_ARRAY_SIZE(steps) - 2;
	u64 seed = 29;

	for (int round = 0; round < 20; round++) {
		soft_random_host(core->cpu, &seed);
		soft_set_status(core->cpu, GLOBAL_STATUS_OVF_UNCORE);
		core_program(core, steps, TMAV_ARRAY_SIZE(steps));
		assert_int_equal(core_run(core), RUN_DONE);
		for (unsigned int i = 0; i < last; i++) {
			assert_false(r[i].fault);
			assert_int_equal(r[i].val, 0);
		}
		assert_int_equal(r[last].val, 0xff);
	}
}

/* Expect: general registers begin at 0, with nothing of the host in them. */
static void the_guest_begins_with_empty_registers(void **state)
{
	static const struct guest_regs empty;
	struct core *core = *state;

	memset(&core->run.regs, 0xa5, sizeof(core->run.regs));
	core_guest(core, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_memory_equal(&core->cpu->guest.first_regs, &empty, sizeof(empty));
}

/* Expect: what the guest measured is gone for the next one. */
static void a_new_guest_begins_at_reset(void **state)
{
	struct core *core = *state;

	core_program(core, measuring_guest, TMAV_ARRAY_SIZE(measuring_guest));
	assert_int_equal(core_run(core), RUN_DONE);
	core_guest(core, { GUEST_RDPMC, RDPMC_FIXED(0) }, { GUEST_RDMSR, IA32_FIXED_CTR_CTRL },
		   { GUEST_RDMSR, IA32_PERF_GLOBAL_CTRL }, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->cpu->guest.result[0].val, 0);
	assert_int_equal(core->cpu->guest.result[1].val, 0);
	assert_int_equal(core->cpu->guest.result[2].val, 0xff);
	assert_int_equal(core->run.exits[EXIT_RDMSR], 1);
}

/*
 * Slices
 */

/* Expect: VM exits that are handled cost no switch. */
static void handled_exits_switch_nothing(void **state)
{
	struct core *core = *state;

	core_guest(core, { GUEST_CPUID }, { GUEST_CPUID }, { GUEST_CPUID }, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->run.vpmu.loads, 1);
	assert_int_equal(trace_count(core->cpu, OP_WRMSR, IA32_PERFEVTSEL0), 2);
}

/* Expect: VMLAUNCH once a slice, VMRESUME after; or the entry would fail. */
static void each_slice_launches_once(void **state)
{
	struct core *core = *state;

	core_guest(core, { GUEST_CPUID }, { GUEST_TIMER }, { GUEST_CPUID }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_DONE);
	assert_int_equal(trace_count(core->cpu, OP_VMXON, 0), 2);
	assert_int_equal(trace_count(core->cpu, OP_VMXOFF, 0), 2);
}

/* Expect: the timer is set as told, or left to go on. */
static void the_timer_is_set_or_goes_on(void **state)
{
	struct core *core = *state;

	core_guest(core, { GUEST_INTERRUPT }, { GUEST_INTERRUPT }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, 777), RUN_MORE);
	assert_int_equal(trace_count(core->cpu, OP_VMWRITE, GUEST_PREEMPTION_TIMER), 1);
	assert_int_equal(run_slice(&core->run, RUN_TIMER_GOES_ON), RUN_MORE);
	assert_int_equal(trace_count(core->cpu, OP_VMWRITE, GUEST_PREEMPTION_TIMER), 1);
	assert_int_equal(core_run(core), RUN_DONE);
}

/* MISC[4:0] is the shift. Expect: at least 1, at most 32 bits. */
static void timer_ticks_are_shifted_and_bounded(void **state)
{
	struct core *core = *state;

	assert_int_equal(run_timer_ticks(&core->run, 1280), 10);
	assert_int_equal(run_timer_ticks(&core->run, 127), 1);
	assert_int_equal(run_timer_ticks(&core->run, 0), 1);
	assert_int_equal(run_timer_ticks(&core->run, ~0ULL), ~0u);
	core->run.caps.vmx_misc = 0;
	assert_int_equal(run_timer_ticks(&core->run, 1280), 1280);
	assert_int_equal(run_timer_ticks(&core->run, TMAV_BIT(32)), ~0u);
}

/* Expect: an NMI that ended guest mode is delivered, once, after VMX root. */
static void an_nmi_exit_is_delivered_after_root(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int nmi;

	core_guest(core, { GUEST_NMI }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_MORE);
	assert_int_equal(cpu->nmis, 1);
	assert_false(cpu->nmi_blocked);
	for (nmi = 0; cpu->ops[nmi].kind != OP_NMI; nmi++)
		;
	assert_true(nmi > trace_find(cpu, OP_VMXOFF, 0, 0));
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(cpu->nmis, 1);
}

/* Expect: the TSC in guest mode is added up, and begins anew with a guest. */
static void guest_tsc_is_added_up(void **state)
{
	struct core *core = *state;
	u64 first;

	core_guest(core, { GUEST_CPUID }, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	first = core->run.guest_tsc;
	assert_true(first > 0);
	core_guest(core, { GUEST_CPUID }, GUEST_DONE);
	assert_int_equal(core->run.guest_tsc, 0);
	assert_int_equal(core_run(core), RUN_DONE);
}

/*
 * The guest says that it begins to count. Expect: the slice ends, the next one
 * goes on after the VMCALL, and the time before is not the guest's.
 */
static void counting_begins_where_the_guest_says(void **state)
{
	struct core *core = *state;

	core_guest(core, { GUEST_CPUID }, { GUEST_VMCALL, .val = GUEST_CALL_COUNTING },
		   { GUEST_RDPMC, RDPMC_GP(0) }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_COUNTING);
	assert_int_equal(core->run.guest_tsc, 0);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_DONE);
	assert_true(core->run.guest_tsc > 0);
	assert_int_equal(trace_count(core->cpu, OP_EXIT, EXIT_VMCALL), 2);
}

/* KVM takes VMX between two slices. Expect: -EBUSY, and VMX is KVM's still. */
static void kvm_between_slices_is_left_alone(void **state)
{
	struct core *core = *state;

	core_guest(core, { GUEST_TIMER }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	core->cpu->regs.cr4 |= CR4_VMXE;
	core_remember(core);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), -EBUSY);
	core_assert_untouched(core);
	assert_true(core->cpu->regs.cr4 & CR4_VMXE);
}

/* An overflow whose PMI never comes. Expect: eight times -EAGAIN, then it runs. */
static void a_pmi_that_never_comes_is_waited_for_eight_times(void **state)
{
	struct core *core = *state;
	int times = 0;

	soft_set_status(core->cpu, GLOBAL_GP(3));
	core_remember(core);
	core_guest(core, GUEST_DONE);
	while (run_slice(&core->run, CORE_TIMER) == -EAGAIN) {
		core_assert_untouched(core);
		assert_int_equal(core->cpu->guest.entries, 0);
		assert_in_range(++times, 1, 8);
	}
	assert_int_equal(times, 8);
	assert_int_equal(core->run.postponed, 0);
	core_assert_untouched(core);
}

/*
 * Expect: what the CPU has cached of EPTs before is forgotten, in VMX root; no
 * guest runs, and nothing is left.
 */
static void a_session_begins_with_invept(void **state)
{
	struct core *core = *state;
	const char *differs = NULL;

	core_remember(core);
	assert_int_equal(run_begin(&core->run, &differs), 0);
	assert_null(differs);
	core_assert_untouched(core);
	assert_true(trace_find(core->cpu, OP_VMXON, 0, 0) <
		    trace_find(core->cpu, OP_INVEPT, 0, 0));
	assert_true(trace_find(core->cpu, OP_INVEPT, 0, 0) <
		    trace_find(core->cpu, OP_VMXOFF, 0, 0));
	core->cpu->regs.cr4 |= CR4_VMXE;
	assert_int_equal(run_begin(&core->run, &differs), -EBUSY);
	assert_null(differs);
}

/* Expect: a machine check that ended guest mode is the host's, after VMX root. */
static void a_machine_check_is_delivered(void **state)
{
	struct core *core = *state;

	core_remember(core);
	core_guest(core, { GUEST_EXCEPTION, VECTOR_MC }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_MORE);
	assert_int_equal(core->cpu->machine_checks, 1);
	core_assert_untouched(core);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->cpu->machine_checks, 1);
}

/* Expect: one during VM entry likewise, and the guest is given up. */
static void a_machine_check_on_entry_is_delivered(void **state)
{
	struct core *core = *state;

	core_remember(core);
	core_guest(core, GUEST_DONE);
	core->cpu->machine_check_on_entry = true;
	assert_int_equal(core_run(core), -EIO);
	assert_int_equal(core->cpu->machine_checks, 1);
	assert_true(soft_logged(core->cpu, "machine-check event"));
	core_assert_untouched(core);
}

/* Intel PT begins to trace, and VMXON would stop it. Expect: -EBUSY, no VMXON. */
static void pt_between_slices_is_left_alone(void **state)
{
	struct core *core = *state;

	core->run.caps.vmx_misc &= ~VMX_MISC_PT_IN_VMX;
	core_guest(core, { GUEST_TIMER }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	soft_set_msr(core->cpu, IA32_RTIT_CTL, RTIT_CTL_TRACE_EN);
	core_remember(core);
	soft_forget_trace(core->cpu);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), -EBUSY);
	assert_int_equal(trace_count(core->cpu, OP_VMXON, 0), 0);
	core_assert_untouched(core);
	soft_set_msr(core->cpu, IA32_RTIT_CTL, 0);
	assert_int_equal(core_run(core), RUN_DONE);
}

/*
 * Failures
 */

/* Expect: without INVEPT no session, and VMX root is left. */
static void a_failed_invept_is_told(void **state)
{
	struct core *core = *state;
	struct soft_faults *faults = &core->cpu->faults;
	const char *differs;

	core_remember(core);
	/* After VMXON, VMCLEAR and VMPTRLD. */
	faults->vmx_at = faults->vmxs + 4;
	faults->vmx_how = HW_VMX_FAIL_VALID;
	assert_int_equal(run_begin(&core->run, &differs), -EIO);
	assert_true(soft_logged(core->cpu, "INVEPT failed"));
	core_assert_untouched(core);
}

/* Each allocation fails in turn. Expect: -ENOMEM, and not a page is left. */
static void no_memory_is_told_and_undone(void **state)
{
	struct soft_cpu *cpu = *state;
	unsigned int at;

	for (at = 1; ; at++) {
		struct run run;
		int err;

		cpu->faults.page_at = cpu->faults.pages + at;
		err = run_alloc(&run, "full", "");
		if (!err) {
			run_free(&run);
			break;
		}
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(cpu->pages_in_use, 0);
	}
	/* VMXON region, VMCS, MSR bitmap, EPT root. */
	assert_int_equal(at, 5);
	assert_int_equal(cpu->pages_in_use, 0);
}

/* A CPU that won't do. Expect: run_alloc() says what its parts say, without a page. */
static void a_wrong_cpu_is_refused_without_a_page(void **state)
{
	struct soft_cpu *cpu = *state;
	u64 exit = soft_msr(cpu, IA32_VMX_TRUE_EXIT_CTLS);
	struct run run;

	soft_set_msr(cpu, IA32_VMX_TRUE_EXIT_CTLS, exit & ~(EXIT_SAVE_PERF_GLOBAL_CTRL << 32));
	assert_int_equal(run_alloc(&run, "full", ""), -EOPNOTSUPP);
	assert_true(soft_logged(cpu, "save IA32_PERF_GLOBAL_CTRL"));
	soft_set_msr(cpu, IA32_VMX_TRUE_EXIT_CTLS, exit);
	soft_set_msr(cpu, IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED);
	assert_int_equal(run_alloc(&run, "full", ""), -EPERM);
	assert_int_equal(cpu->faults.pages, 0);
}

static const struct guest_step short_guest[] = {
	{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, CORE_ALL_FIXED },
	{ GUEST_WRMSR, IA32_FEATURE_CONTROL, 0 },
	{ GUEST_CPUID, CPUID_FEATURES },
	{ GUEST_NMI },
	{ GUEST_COUNT, .val = 5 },
	GUEST_DONE,
};

/* All that a session does with VMX, for one guest. */
static int begin_and_run(struct core *core)
{
	const char *differs;
	int err = run_begin(&core->run, &differs);

	if (err)
		return err;
	core_program(core, short_guest, TMAV_ARRAY_SIZE(short_guest));
	return core_run(core);
}

/* The VMX instruction that has failed is named, in one line. */
static void assert_named(const struct soft_cpu *cpu)
{
	static const char *const lines[] = {
		[OP_VMXON]	= "E VMXON f",
		[OP_VMCLEAR]	= "E VMCLEAR of the VMCS at ",
		[OP_VMPTRLD]	= "E VMPTRLD of the VMCS at ",
		[OP_VMREAD]	= "E VMREAD of ",
		[OP_VMWRITE]	= "E VMWRITE of ",
		[OP_INVEPT]	= "E INVEPT failed",
		[OP_ENTRY]	= "E VM entry failed",
	};
	u32 failed = cpu->faults.last_vmx;

	assert_in_range(failed, OP_VMXON, OP_ENTRY);
	assert_true(soft_logged(cpu, lines[failed]));
	/* With a VMCS a second one says where to look for the rule. */
	assert_in_range(soft_errors(cpu), 1, failed == OP_ENTRY ? 2 : 1);
	if (failed == OP_VMREAD || failed == OP_VMWRITE)
		assert_true(soft_logged(cpu, dump_field_name(cpu->faults.last_field)));
}

/*
 * A run in which the @at-th VMX instruction fails, and one in which none does.
 * False if there are fewer.
 */
static bool run_with_failure(struct core *core, unsigned int at, enum hw_vmx how)
{
	struct soft_cpu *cpu = core->cpu;
	unsigned int pages = cpu->pages_in_use;
	int res;

	cpu->faults.vmx_at = cpu->faults.vmxs + at;
	cpu->faults.vmx_how = how;
	cpu->faults.entries_after = 0;
	soft_forget_log(cpu);
	core_remember(core);
	res = begin_and_run(core);
	core_assert_untouched(core);
	assert_int_equal(cpu->pages_in_use, pages);
	if (cpu->faults.vmxs < cpu->faults.vmx_at)
		return false;
	assert_int_equal(res, -EIO);
	assert_int_equal(cpu->faults.entries_after, 0);
	assert_named(cpu);
	assert_int_equal(begin_and_run(core), RUN_DONE);
	core_assert_untouched(core);
	soft_forget_trace(cpu);
	return true;
}

/*
 * Expect: whichever fails, in whichever way, it is told, no guest is entered after
 * it, the host is as before, and the next run works.
 */
static void any_vmx_instruction_can_fail(void **state)
{
	static const enum hw_vmx ways[] = {
		HW_VMX_FAIL_INVALID, HW_VMX_FAIL_VALID, HW_VMX_FAULT,
	};
	struct core *core = *state;

	for (size_t w = 0; w < TMAV_ARRAY_SIZE(ways); w++) {
		unsigned int at = 1;

		while (run_with_failure(core, at, ways[w]))
			assert_in_range(++at, 1, 2000);
		assert_true(at > 150);
	}
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)
#define bare_test(function) \
	cmocka_unit_test_setup_teardown(function, soft_cpu_setup, soft_cpu_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_guest_measures_itself),
		test(the_host_notices_nothing),
		test(a_hostile_guest_leaves_nothing),
		test(a_curious_guest_finds_nothing),
		test(the_guest_begins_with_empty_registers),
		test(a_new_guest_begins_at_reset),
		test(handled_exits_switch_nothing),
		test(each_slice_launches_once),
		test(the_timer_is_set_or_goes_on),
		test(timer_ticks_are_shifted_and_bounded),
		test(an_nmi_exit_is_delivered_after_root),
		test(guest_tsc_is_added_up),
		test(counting_begins_where_the_guest_says),
		test(kvm_between_slices_is_left_alone),
		test(a_pmi_that_never_comes_is_waited_for_eight_times),
		test(a_session_begins_with_invept),
		test(a_machine_check_is_delivered),
		test(a_machine_check_on_entry_is_delivered),
		test(pt_between_slices_is_left_alone),
		test(a_failed_invept_is_told),
		bare_test(no_memory_is_told_and_undone),
		bare_test(a_wrong_cpu_is_refused_without_a_page),
		test(any_vmx_instruction_can_fail),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
