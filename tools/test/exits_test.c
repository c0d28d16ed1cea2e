// SPDX-License-Identifier: GPL-2.0
/*
 * VM exits: what the guest sees of each, and that one without a handler ends
 * the run with a report.
 */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/exits.h"
#include "vmx/vmx_arch.h"

static const struct soft_result *result(struct core *core, unsigned int step)
{
	return &core->cpu->guest.result[step];
}

/* A guest on a PMU with all but the metrics, so that RDPMC exits. */
static void hide_metrics(struct core *core)
{
	struct pmu_caps *shown = &core->run.vpmu.shown;

	shown->metrics = false;
	shown->perf_capabilities &= ~PERFCAP_PERF_METRICS;
	core_show(core);
}

/* Expect: a trapped read gives the guest's value in EDX:EAX, and goes on after it. */
static void rdmsr_returns_the_guests_value(void **state)
{
	struct core *core = *state;

	core_guest(core,
		   { GUEST_WRMSR, IA32_PERFEVTSEL0 + 1, 0x010000c0 },
		   { GUEST_RDMSR, IA32_PERFEVTSEL0 + 1 },
		   { GUEST_RDMSR, IA32_PERF_CAPABILITIES },
		   GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_true(result(core, 1)->trapped);
	assert_int_equal(result(core, 1)->val, 0x010000c0);
	assert_int_equal(result(core, 2)->val,
			 PERFCAP_FULL_WIDTH_WRITE | PERFCAP_PERF_METRICS);
	assert_int_equal(core->run.exits[EXIT_RDMSR], 2);
	assert_int_equal(core->run.exits[EXIT_WRMSR], 1);
}

/* Expect: a put, a load, and the guest goes on behind the call, which has retired. */
static void a_guest_can_ask_for_a_switch(void **state)
{
	struct core *core = *state;

	core->cpu->counts_accesses = true;
	core_guest(core,
		   { GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(0) },
		   { GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(0) },
		   { GUEST_VMCALL, .val = GUEST_CALL_SWITCH },
		   { GUEST_RDPMC, RDPMC_FIXED(0) },
		   GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(result(core, 3)->val, 1);
	assert_int_equal(core->run.vpmu.loads, 2);
	assert_int_equal(core->run.vpmu.puts, 2);
}

/* Expect: both halves of a trapped write arrive, and only those. */
static void wrmsr_takes_both_halves(void **state)
{
	struct core *core = *state;

	core_guest(core,
		   { GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_SET,
		     GLOBAL_FIXED(3) | GLOBAL_GP(0) },
		   { GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
		   GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_false(result(core, 0)->fault);
	assert_false(result(core, 1)->trapped);
	assert_int_equal(result(core, 1)->val, GLOBAL_FIXED(3) | GLOBAL_GP(0));
}

/* Expect: what the guest has no business with is #GP(0), and it goes on. */
static void forbidden_msrs_are_gp(void **state)
{
	static const u32 msrs[] = {
		IA32_FEATURE_CONTROL, IA32_SYSENTER_EIP, IA32_PEBS_ENABLE,
		IA32_DEBUGCTL, IA32_DS_AREA, X2APIC_FIRST_MSR, IA32_VMX_BASIC,
		IA32_EFER, IA32_GS_BASE, 0x40000000, 0xffffffff,
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(msrs); i++) {
		const struct guest_step steps[] = {
			{ GUEST_RDMSR, msrs[i] }, { GUEST_WRMSR, msrs[i], 1 }, GUEST_DONE,
		};

		core_program(core, steps, TMAV_ARRAY_SIZE(steps));
		assert_int_equal(core_run(core), RUN_DONE);
		assert_true(result(core, 0)->trapped && result(core, 0)->fault);
		assert_true(result(core, 1)->trapped && result(core, 1)->fault);
	}
}

/* Expect: a reserved bit in a selector is #GP, and the selector stays. */
static void reserved_bits_are_gp(void **state)
{
	struct core *core = *state;

	core_guest(core,
		   { GUEST_WRMSR, IA32_PERFEVTSEL0, EVENT_BRANCHES },
		   { GUEST_WRMSR, IA32_PERFEVTSEL0, PERFEVTSEL_ANY },
		   { GUEST_WRMSR, IA32_PERFEVTSEL0, TMAV_BIT(40) },
		   { GUEST_RDMSR, IA32_PERFEVTSEL0 },
		   GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_false(result(core, 0)->fault);
	assert_true(result(core, 1)->fault);
	assert_true(result(core, 2)->fault);
	assert_int_equal(result(core, 3)->val, EVENT_BRANCHES);
}

/* Metrics not shown, but the host has some in the register. Expect: #GP each way. */
static void metrics_not_shown_cannot_be_had(void **state)
{
	struct core *core = *state;

	soft_set_msr(core->cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(core->cpu, IA32_FIXED_CTR3, 1000);
	soft_set_msr(core->cpu, IA32_PERF_METRICS, 0x1122334455667744);
	hide_metrics(core);
	core_guest(core,
		   { GUEST_RDPMC, RDPMC_METRICS },
		   { GUEST_RDMSR, IA32_PERF_METRICS },
		   { GUEST_WRMSR, IA32_PERF_METRICS, 0 },
		   { GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_CTRL_METRICS },
		   { GUEST_RDPMC, RDPMC_FIXED(3) },
		   { GUEST_RDPMC, RDPMC_GP(0) },
		   GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(result(core, i)->trapped && result(core, i)->fault);
	assert_true(result(core, 4)->trapped);
	assert_false(result(core, 4)->fault);
	assert_int_equal(result(core, 4)->val, 0);
	assert_false(result(core, 5)->fault);
	assert_int_equal(core->run.exits[EXIT_RDPMC], 3);
}

/* Expect: a trapped RDPMC gives what an untrapped one would. */
static void rdpmc_is_the_same_trapped_or_not(void **state)
{
	static const struct guest_step steps[] = {
		{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(0) },
		{ GUEST_WRMSR, IA32_A_PMC0 + 3, 0x123456789abc },
		{ GUEST_WRMSR, IA32_FIXED_CTR0, 5 },
		{ GUEST_RDPMC, RDPMC_GP(3) },
		{ GUEST_RDPMC, RDPMC_FIXED(0) },
		{ GUEST_RDPMC, RDPMC_GP(8) },
		{ GUEST_RDPMC, 0x80000000 },
		GUEST_DONE,
	};
	struct soft_result passed[TMAV_ARRAY_SIZE(steps)];
	struct core *core = *state;

	core_program(core, steps, TMAV_ARRAY_SIZE(steps));
	assert_int_equal(core_run(core), RUN_DONE);
	memcpy(passed, core->cpu->guest.result, sizeof(passed));
	hide_metrics(core);
	core_program(core, steps, TMAV_ARRAY_SIZE(steps));
	assert_int_equal(core_run(core), RUN_DONE);
	for (unsigned int i = 3; i < 7; i++) {
		assert_false(passed[i].trapped);
		assert_true(result(core, i)->trapped);
		assert_int_equal(result(core, i)->fault, passed[i].fault);
		assert_int_equal(result(core, i)->val, passed[i].val);
	}
	assert_int_equal(passed[3].val, 0x123456789abc);
	assert_true(passed[5].fault && passed[6].fault);
}

/* Expect: CPUID shows the guest's PMU in 32-bit registers. */
static void cpuid_is_the_guests(void **state)
{
	struct core *core = *state;

	core_guest(core, { GUEST_CPUID, CPUID_PERFMON }, { GUEST_CPUID, CPUID_FEATURES },
		   { GUEST_CPUID, CPUID_PT }, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(result(core, 0)->cpuid.eax, 0x08300805);
	assert_int_equal(result(core, 0)->cpuid.edx, 0x8604);
	assert_false(result(core, 1)->cpuid.ecx & CPUID_1_ECX_VMX);
	assert_int_equal(result(core, 2)->cpuid.ebx, 0);
	assert_int_equal(core->run.exits[EXIT_CPUID], 3);
}

static void fails_with(struct core *core, const struct guest_step *step,
		       const char *report)
{
	const struct guest_step steps[] = { *step, GUEST_DONE };

	core_program(core, steps, TMAV_ARRAY_SIZE(steps));
	core_remember(core);
	assert_int_equal(core_run(core), -EIO);
	core_assert_untouched(core);
	assert_true(soft_logged(core->cpu, report));
}

/* Everything that has no handler. Expect: -EIO, the reason by name, the host untouched. */
static void exits_without_a_handler_end_the_run(void **state)
{
	static const struct {
		struct guest_step	step;
		const char		*report;
	} cases[] = {
		{ { GUEST_EXIT, EXIT_TRIPLE_FAULT }, "unexpected VM exit 2 (triple fault)" },
		{ { GUEST_EXIT, EXIT_EPT_VIOLATION, 0x181 },
		  "(EPT violation), qualification 0x181" },
		{ { GUEST_EXIT, EXIT_HLT }, "the guest has halted and nothing can wake it" },
		{ { GUEST_EXIT, 28 }, "(control-register access)" },
		{ { GUEST_EXIT, 30 }, "(I/O instruction)" },
		{ { GUEST_EXIT, 55 }, "(XSETBV)" },
		{ { GUEST_EXIT, 68 }, "unexpected VM exit 68 (unknown)" },
		{ { GUEST_EXIT, 0xfff }, "unexpected VM exit 4095 (unknown)" },
		{ { GUEST_EXCEPTION, VECTOR_GP }, "interruption info 0x8000030d" },
		{ { GUEST_EXCEPTION, 1 }, "(exception or NMI)" },
		{ { GUEST_VMCALL, .val = 0 }, "(VMCALL)" },
		{ { GUEST_VMCALL, .val = ~0ULL }, "RAX 0xffffffffffffffff" },
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++)
		fails_with(core, &cases[i].step, cases[i].report);
}

/* Expect: the report has the registers, and every field at debug level. */
static void the_report_is_complete(void **state)
{
	static const struct guest_step step = { GUEST_EXIT, EXIT_TRIPLE_FAULT };
	struct core *core = *state;

	fails_with(core, &step, "E guest RIP 0x10000 RSP 0x4000");
	assert_true(soft_logged(core->cpu, "D   HOST_RIP"));
	assert_true(soft_logged(core->cpu, "D   GUEST_IA32_PERF_GLOBAL_CTRL"));
}

struct action_case {
	struct guest_step	step;
	int			result;
	u32			reason;
};

/* Expect: events of the host's end the slice, each in its way. */
static void host_events_end_the_slice(void **state)
{
	static const struct action_case cases[] = {
		{ { GUEST_TIMER }, RUN_PREEMPTED, EXIT_PREEMPTION_TIMER },
		{ { GUEST_INTERRUPT }, RUN_MORE, EXIT_EXTERNAL_INTERRUPT },
		{ { GUEST_NMI }, RUN_MORE, EXIT_EXCEPTION_OR_NMI },
		{ GUEST_DONE, RUN_DONE, EXIT_VMCALL },
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++) {
		const struct guest_step steps[] = { cases[i].step, GUEST_DONE };

		core_program(core, steps, TMAV_ARRAY_SIZE(steps));
		assert_int_equal(run_slice(&core->run, CORE_TIMER), cases[i].result);
		assert_int_equal(core->run.exits[cases[i].reason], 1);
		assert_int_equal(core->cpu->guest.entries, 1);
	}
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(rdmsr_returns_the_guests_value),
		test(a_guest_can_ask_for_a_switch),
		test(wrmsr_takes_both_halves),
		test(forbidden_msrs_are_gp),
		test(reserved_bits_are_gp),
		test(metrics_not_shown_cannot_be_had),
		test(rdpmc_is_the_same_trapped_or_not),
		test(cpuid_is_the_guests),
		test(exits_without_a_handler_end_the_run),
		test(the_report_is_complete),
		test(host_events_end_the_slice),
	};

	return cmocka_run_group_tests_name("exits", tests, NULL, NULL);
}
