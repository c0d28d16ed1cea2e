// SPDX-License-Identifier: GPL-2.0
/*
 * The host's state that a VM exit does not give back: all of it must be there
 * after a slice, and none of it in the guest's hands.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/trace.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

enum { USER_DS = 0x2b, USER_FS = 0x63, USER_GS = 0x6b, LDT = 0x58 };
#define FS_BASE		0x00007fabcdef1000ULL

/* A task that uses all there is: segments, LDT, breakpoints, single-stepping of branches. */
static void demanding_task(struct core *core)
{
	struct soft_cpu *cpu = core->cpu;

	cpu->regs.sel.ds = USER_DS;
	cpu->regs.sel.es = USER_DS;
	cpu->regs.sel.fs = USER_FS;
	cpu->regs.sel.gs = USER_GS;
	cpu->regs.sel.ldt = LDT;
	cpu->regs.dr7 = DR7_FIXED | 3;
	soft_set_msr(cpu, IA32_FS_BASE, FS_BASE);
	soft_set_msr(cpu, IA32_DEBUGCTL, DEBUGCTL_BTF);
}

static const u32 host_msrs[] = {
	IA32_EFER, IA32_FS_BASE, IA32_GS_BASE, IA32_KERNEL_GS_BASE,
	IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP, IA32_DEBUGCTL,
};

/* A slice with several exits. Expect: each register and MSR as before. */
static void all_of_it_comes_back(void **state)
{
	struct core *core = *state;
	u64 before[TMAV_ARRAY_SIZE(host_msrs)];

	demanding_task(core);
	core_remember(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(host_msrs); i++)
		before[i] = soft_msr(core->cpu, host_msrs[i]);
	core_guest(core, { GUEST_CPUID }, { GUEST_TIMER }, { GUEST_CPUID }, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	core_assert_untouched(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(host_msrs); i++)
		assert_int_equal(soft_msr(core->cpu, host_msrs[i]), before[i]);
}

/* The same in a kernel thread. Expect: what needs no restoring isn't written. */
static void a_kernel_thread_costs_no_segment_loads(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	core_remember(core);
	core_guest(core, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	core_assert_untouched(core);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FS_BASE), 0);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_DEBUGCTL), 0);
}

/* SWAPGS can't be trapped. Expect: the guest finds 0 there, and leaves nothing. */
static void swapgs_shows_the_guest_nothing(void **state)
{
	struct core *core = *state;
	u64 user = soft_msr(core->cpu, IA32_KERNEL_GS_BASE);

	core_guest(core, { GUEST_SWAPGS }, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->cpu->guest.result[0].val, 0);
	assert_int_equal(soft_msr(core->cpu, IA32_KERNEL_GS_BASE), user);
}

/* Expect: what SWAPGS left is the guest's again in its next slice, not the next guest's. */
static void kernel_gs_base_belongs_to_each_guest(void **state)
{
	enum { MINE = 0x4444 };
	struct core *core = *state;

	core_guest(core, { GUEST_TIMER }, { GUEST_SWAPGS }, { GUEST_TIMER }, { GUEST_SWAPGS },
		   GUEST_DONE);
	core->run.host.guest_kernel_gs_base = MINE;
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	assert_int_equal(core->run.host.guest_kernel_gs_base, MINE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	assert_int_equal(core->cpu->guest.result[1].val, MINE);
	assert_int_equal(core->run.host.guest_kernel_gs_base, 0);
	core->run.host.guest_kernel_gs_base = MINE;
	core_guest(core, { GUEST_SWAPGS }, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(core->cpu->guest.result[0].val, 0);
}

/* An NMI of the slice changes DEBUGCTL. Expect: that value is back, not an older one. */
static void debugctl_is_the_last_before_the_entry(void **state)
{
	struct core *core = *state;
	struct host_state host = { 0 };

	core_enter_root(core);
	host_save(&host);
	soft_set_msr(core->cpu, IA32_DEBUGCTL, DEBUGCTL_BTF);
	host_before_entry(&host);
	soft_set_msr(core->cpu, IA32_DEBUGCTL, 0);
	host_after_exit(&host);
	assert_int_equal(soft_msr(core->cpu, IA32_DEBUGCTL), DEBUGCTL_BTF);
	host_restore(&host);
	core_leave_root(core);
}

/* Expect: nothing else is between the VM exit and its write, where an NMI finds 0. */
static void debugctl_comes_first_behind_the_exit(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	soft_set_msr(cpu, IA32_DEBUGCTL, DEBUGCTL_BTF);
	core_guest(core, GUEST_DONE);
	soft_forget_trace(cpu);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_int_equal(trace_find(cpu, OP_WRMSR, IA32_DEBUGCTL, 0),
			 trace_find(cpu, OP_EXIT, EXIT_VMCALL, 0) + 1);
}

/*
 * An NMI at each step, some of which make the entry fail. Expect: DEBUGCTL is written
 * once, for the one VM exit there is, and never for an entry that was none.
 */
static void debugctl_is_not_written_without_an_exit(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int failed = 0, steps;

	soft_set_msr(cpu, IA32_DEBUGCTL, DEBUGCTL_BTF);
	core_guest(core, GUEST_DONE);
	steps = cpu->steps;
	assert_int_equal(core_run(core), RUN_DONE);
	steps = cpu->steps - steps;
	for (unsigned int step = 1; step <= steps; step++) {
		core_guest(core, GUEST_DONE);
		soft_forget_trace(cpu);
		cpu->nmi_at[0] = cpu->steps + step;
		assert_int_equal(core_run(core), RUN_DONE);
		assert_int_equal(trace_count(cpu, OP_EXIT, EXIT_VMCALL), 1);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_DEBUGCTL), 1);
		failed += trace_count(cpu, OP_ENTRY, 0) > 1;
	}
	assert_int_not_equal(failed, 0);
}

/* Expect: the host's CR2 is back, and the guest keeps its own. */
static void cr2_belongs_to_each_side(void **state)
{
	struct core *core = *state;

	core_remember(core);
	core_guest(core, { GUEST_WRITE_CR2, .val = 0x1234 }, { GUEST_TIMER }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	core_assert_untouched(core);
	assert_int_equal(core->run.regs.cr2, 0x1234);
	assert_int_equal(core_run(core), RUN_DONE);
	core_assert_untouched(core);
	assert_int_equal(core->cpu->guest.first_regs.cr2, 0);
}

/*
 * GDT and IDT limits are 0xffff after each exit. Expect: both are right again
 * before the exit is handled, not only at the end of the slice.
 */
static void table_limits_are_restored_after_each_exit(void **state)
{
	struct core *core = *state;
	struct host_state host = { 0 };

	core_enter_root(core);
	host_save(&host);
	core->cpu->regs.gdt.limit = 0xffff;
	core->cpu->regs.idt.limit = 0xffff;
	core->cpu->regs.dr7 = DR7_FIXED;
	host_after_exit(&host);
	assert_int_equal(core->cpu->regs.gdt.limit, host.gdt.limit);
	assert_int_equal(core->cpu->regs.idt.limit, host.idt.limit);
	host_restore(&host);
	core_leave_root(core);
}

/* Expect: Linux is told that TR's limit isn't its own. */
static void the_tss_limit_is_reported_lost(void **state)
{
	struct core *core = *state;

	core_guest(core, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	assert_true(core->cpu->regs.tss_limit_wrong);
	assert_true(core->cpu->regs.tss_limit_lost);
}

/* CR3 and CR4.PCE change with the task. Expect: the next slice has the new ones. */
static void the_next_slice_has_the_next_task(void **state)
{
	struct core *core = *state;

	core_guest(core, { GUEST_TIMER }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
	core->cpu->regs.cr3 ^= 0x5000;
	core->cpu->regs.cr4 ^= TMAV_BIT(8);
	core->cpu->regs.sel.gs = USER_GS;
	soft_set_msr(core->cpu, IA32_KERNEL_GS_BASE, 0x7777);
	core_remember(core);
	assert_int_equal(core_run(core), RUN_DONE);
	core_assert_untouched(core);
	assert_int_equal(soft_msr(core->cpu, IA32_KERNEL_GS_BASE), 0x7777);
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(all_of_it_comes_back),
		test(a_kernel_thread_costs_no_segment_loads),
		test(swapgs_shows_the_guest_nothing),
		test(kernel_gs_base_belongs_to_each_guest),
		test(debugctl_is_the_last_before_the_entry),
		test(debugctl_comes_first_behind_the_exit),
		test(debugctl_is_not_written_without_an_exit),
		test(cr2_belongs_to_each_side),
		test(table_limits_are_restored_after_each_exit),
		test(the_tss_limit_is_reported_lost),
		test(the_next_slice_has_the_next_task),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
