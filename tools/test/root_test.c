// SPDX-License-Identifier: GPL-2.0
/*
 * VMX root: in and out, and out again from wherever the way in failed.
 */
#include "tools/test/soft_cpu.h"
#include "tools/test/trace.h"
#include "vmx/msr_bitmap.h"
#include "vmx/root.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_arch.h"

struct fixture {
	struct soft_cpu	*cpu;
	struct root	root;
	struct vmcs	vmcs;
	u64		cr4;
};

static struct fixture fixture;

static int setup(void **state)
{
	struct cpu_caps caps;
	void *cpu;

	assert_int_equal(soft_cpu_setup(&cpu), 0);
	fixture.cpu = cpu;
	assert_int_equal(caps_read(&caps), 0);
	assert_int_equal(root_alloc(&fixture.root, &caps), 0);
	assert_int_equal(vmcs_alloc(&fixture.vmcs, &caps), 0);
	fixture.cr4 = fixture.cpu->regs.cr4;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *cpu = f->cpu;

	vmcs_free(&f->vmcs);
	root_free(&f->root);
	return soft_cpu_teardown(&cpu);
}

static void assert_out(struct fixture *f)
{
	assert_int_equal(f->root.state, ROOT_OFF);
	assert_false(f->cpu->vmx_on);
	assert_int_equal(f->cpu->regs.cr4, f->cr4);
}

/* Expect: VMXE, VMXON, VMCLEAR, VMPTRLD; then VMCLEAR, VMXOFF, CR4 as it was. */
static void in_and_out_in_order(void **state)
{
	struct fixture *f = *state;
	struct soft_cpu *cpu = f->cpu;

	soft_forget_trace(cpu);
	assert_int_equal(root_enter(&f->root, f->vmcs.pa), 0);
	assert_int_equal(f->root.state, ROOT_LOADED);
	assert_int_equal(cpu->regs.cr4, f->cr4 | CR4_VMXE);
	assert_true(trace_find(cpu, OP_VMXON, 0, 0) < trace_find(cpu, OP_VMCLEAR, 0, 0));
	assert_true(trace_find(cpu, OP_VMCLEAR, 0, 0) < trace_find(cpu, OP_VMPTRLD, 0, 0));
	assert_int_equal(root_leave(&f->root), 0);
	assert_true(trace_find(cpu, OP_VMCLEAR, 0, 1) < trace_find(cpu, OP_VMXOFF, 0, 0));
	assert_int_equal(trace_count(cpu, OP_VMCLEAR, 0), 2);
	assert_out(f);
}

/* Expect: what changed in CR4 meanwhile stays; VMXE alone goes. */
static void leaving_takes_vmxe_alone_away(void **state)
{
	struct fixture *f = *state;
	u64 other = TMAV_BIT(8);

	assert_int_equal(root_enter(&f->root, f->vmcs.pa), 0);
	f->cpu->regs.cr4 ^= other;
	root_leave(&f->root);
	assert_int_equal(f->cpu->regs.cr4, f->cr4 ^ other);
}

/* KVM has it. Expect: -EBUSY, a remedy, and KVM has it still. */
static void another_owner_is_left_alone(void **state)
{
	struct fixture *f = *state;

	f->cpu->regs.cr4 |= CR4_VMXE;
	f->cpu->vmx_on = true;
	assert_int_equal(root_enter(&f->root, f->vmcs.pa), -EBUSY);
	assert_int_equal(f->root.state, ROOT_OFF);
	assert_true(f->cpu->regs.cr4 & CR4_VMXE);
	assert_int_equal(trace_count(f->cpu, OP_VMXOFF, 0), 0);
	assert_int_equal(trace_count(f->cpu, OP_VMXON, 0), 0);
	assert_true(soft_logged(f->cpu, "modprobe -r kvm_intel"));
	f->cpu->vmx_on = false;
}

/* Expect: -EIO, and one line, which names @what. */
static void assert_told(struct fixture *f, int err, const char *what)
{
	assert_int_equal(err, -EIO);
	assert_int_equal(soft_errors(f->cpu), 1);
	assert_true(soft_logged(f->cpu, what));
	soft_forget_log(f->cpu);
}

/* VMXON, VMCLEAR, VMPTRLD fail in turn, each in each way. Expect: told, all undone. */
static void any_failure_on_the_way_in_is_undone(void **state)
{
	static const enum hw_vmx ways[] = { HW_VMX_FAIL_INVALID, HW_VMX_FAIL_VALID };
	static const char *const lines[] = {
		"VMXON failed", "VMCLEAR of the VMCS at ", "VMPTRLD of the VMCS at ",
	};
	struct fixture *f = *state;
	struct soft_faults *faults = &f->cpu->faults;

	for (size_t w = 0; w < TMAV_ARRAY_SIZE(ways); w++) {
		for (size_t at = 0; at < TMAV_ARRAY_SIZE(lines); at++) {
			faults->vmx_at = faults->vmxs + at + 1;
			faults->vmx_how = ways[w];
			assert_told(f, root_enter(&f->root, f->vmcs.pa), lines[at]);
			assert_out(f);
		}
	}
}

/*
 * What the CPU has kept of a VMCS may overwrite what comes after it in memory.
 * Expect: told, and VMX root is left all the same.
 */
static void a_failed_vmclear_on_the_way_out_is_told(void **state)
{
	struct fixture *f = *state;
	struct soft_faults *faults = &f->cpu->faults;

	assert_int_equal(root_enter(&f->root, f->vmcs.pa), 0);
	faults->vmx_at = faults->vmxs + 1;
	faults->vmx_how = HW_VMX_FAIL_VALID;
	assert_told(f, root_leave(&f->root), "failed on the way out of VMX root");
	assert_out(f);
	assert_int_equal(root_leave(&f->root), 0);
}

/* Firmware locks VMX off behind our back. Expect: the fault is caught and told. */
static void a_faulting_vmxon_is_caught(void **state)
{
	struct fixture *f = *state;

	soft_set_msr(f->cpu, IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED);
	assert_int_equal(root_enter(&f->root, f->vmcs.pa), -EIO);
	assert_true(soft_logged(f->cpu, "VMXON faulted; IA32_FEATURE_CONTROL is 0x1"));
	assert_out(f);
}

/* After a failure nothing is in the way. Expect: the next attempt succeeds. */
static void a_failure_can_be_followed_by_success(void **state)
{
	struct fixture *f = *state;

	f->cpu->faults.vmx_at = f->cpu->faults.vmxs + 2;
	f->cpu->faults.vmx_how = HW_VMX_FAIL_INVALID;
	assert_int_equal(root_enter(&f->root, f->vmcs.pa), -EIO);
	assert_int_equal(root_enter(&f->root, f->vmcs.pa), 0);
	root_leave(&f->root);
	assert_out(f);
}

static void leaving_twice_does_no_harm(void **state)
{
	struct fixture *f = *state;

	root_leave(&f->root);
	assert_int_equal(root_enter(&f->root, f->vmcs.pa), 0);
	root_leave(&f->root);
	root_leave(&f->root);
	assert_int_equal(trace_count(f->cpu, OP_VMXOFF, 0), 1);
	assert_out(f);
}

/*
 * The machine goes down in each state that a step on the way in or out leaves
 * behind: VMX as Linux has it, CR4.VMXE set alone, VMX root operation.
 * Expect: VMX is off, and CR4 as it was but for VMXE.
 */
static void abandoned_anywhere_vmx_is_off(void **state)
{
	struct fixture *f = *state;
	struct soft_cpu *cpu = f->cpu;

	root_abandon();
	assert_int_equal(trace_count(cpu, OP_VMXOFF, 0), 0);
	assert_int_equal(cpu->regs.cr4, f->cr4);

	cpu->regs.cr4 = f->cr4 | CR4_VMXE;
	root_abandon();
	assert_int_equal(cpu->regs.cr4, f->cr4);

	assert_int_equal(root_enter(&f->root, f->vmcs.pa), 0);
	root_abandon();
	assert_false(cpu->vmx_on);
	assert_int_equal(cpu->regs.cr4, f->cr4);
	f->root.state = ROOT_OFF;
}

/* Expect: the regions begin with this CPU's revision id, bit 31 clear. */
static void regions_have_the_revision_id(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(*(u32 *)f->root.region, 0x13);
	assert_int_equal(*(u32 *)f->vmcs.region, 0x13);
}

static void no_memory_is_told(void **state)
{
	struct fixture *f = *state;
	struct cpu_caps caps = { 0 };
	struct root root;
	struct vmcs vmcs;

	f->cpu->faults.page_at = f->cpu->faults.pages + 1;
	assert_int_equal(root_alloc(&root, &caps), -ENOMEM);
	root_free(&root);
	f->cpu->faults.page_at = f->cpu->faults.pages + 1;
	assert_int_equal(vmcs_alloc(&vmcs, &caps), -ENOMEM);
	vmcs_free(&vmcs);
}

/* Expect: whatever has been freed can be freed again. */
static void freeing_twice_does_no_harm(void **state)
{
	struct fixture *f = *state;
	struct msr_bitmap bitmap;

	root_free(&f->root);
	root_free(&f->root);
	vmcs_free(&f->vmcs);
	vmcs_free(&f->vmcs);
	assert_int_equal(msr_bitmap_alloc(&bitmap), 0);
	msr_bitmap_free(&bitmap);
	msr_bitmap_free(&bitmap);
	assert_int_equal(f->cpu->pages_in_use, 0);
	assert_int_equal(f->cpu->complaints, 0);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(in_and_out_in_order),
		test(leaving_takes_vmxe_alone_away),
		test(another_owner_is_left_alone),
		test(any_failure_on_the_way_in_is_undone),
		test(a_failed_vmclear_on_the_way_out_is_told),
		test(a_faulting_vmxon_is_caught),
		test(a_failure_can_be_followed_by_success),
		test(leaving_twice_does_no_harm),
		test(abandoned_anywhere_vmx_is_off),
		test(regions_have_the_revision_id),
		test(no_memory_is_told),
		test(freeing_twice_does_no_harm),
	};

	return cmocka_run_group_tests_name("root", tests, NULL, NULL);
}
