// SPDX-License-Identifier: GPL-2.0
/*
 * VM entries that fail: put runs, the host is as before, and the log has the
 * field, its value and the rule that it breaks.
 */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/dump.h"
#include "vmx/vmx_arch.h"

/* A field that holds @val when the entry is tried. */
struct spoilt {
	u32		field;
	u64		val;
	const char	*line;		/* of the report */
};

static const char control_failure[] =
	"E VM entry failed: VM-instruction error 7 (control fields)\n";
static const char host_failure[] =
	"E VM entry failed: VM-instruction error 8 (host state)\n";
static const char guest_failure[] =
	"E VM entry failed: exit 33 (VM-entry failure due to invalid guest state), qualification 0\n";
static const char msr_failure[] =
	"E VM entry failed: exit 34 (VM-entry failure due to MSR loading), qualification 0x1\n";

static const struct spoilt controls[] = {
	{ PIN_BASED_CONTROLS, 0,
	  "PIN_BASED_CONTROLS is 0: bits 0x16 must be 1\n"
	  "E MSR 0x48d is 0xff00000016" },
	{ PIN_BASED_CONTROLS, 0x17f,
	  "PIN_BASED_CONTROLS is 0x17f: bits 0x100 must be 0\n" },
	{ CPU_BASED_CONTROLS, 0x80006170,
	  "CPU_BASED_CONTROLS is 0x80006170: bits 0x4000002 must be 1\n"
	  "E MSR 0x48e is 0xfffbfffe04006172" },
	{ CPU_BASED_CONTROLS2, TMAV_BIT(28),
	  "CPU_BASED_CONTROLS2 is 0x10000000: bits 0x10000000 must be 0\n"
	  "E MSR 0x48b is 0xcfff3fff00000000" },
	{ EXIT_CONTROLS, TMAV_BIT(23) | EXIT_DEFAULT1,
	  "EXIT_CONTROLS is 0x836dff: bits 0x800000 must be 0\n"
	  "E MSR 0x48f is 0xff7fffff00036dfb" },
	{ ENTRY_CONTROLS, 0,
	  "ENTRY_CONTROLS is 0: bits 0x11fb must be 1\n"
	  "E MSR 0x490 is 0x7effff000011fb" },
	{ PIN_BASED_CONTROLS, PIN_DEFAULT1 | PIN_VIRTUAL_NMIS,
	  "PIN_BASED_CONTROLS is 0x36: bits 0x8 must be 1\n"
	  "E \"virtual NMIs\" needs \"NMI exiting\"\n" },
	{ PIN_BASED_CONTROLS, PIN_DEFAULT1 | PIN_VIRTUAL_NMIS | PIN_NMI_EXITING,
	  "bits 0x400000 must be 0\n"
	  "E \"save VMX-preemption timer value\" needs " },
	{ MSR_BITMAP, 0x7008, "MSR_BITMAP is 0x7008: bits 0x8 must be 0\n" },
	{ EPT_POINTER, 0x8fde, "EPT_POINTER is 0x8fde: bits 0xf80 must be 0\n" },
	{ ENTRY_INTERRUPTION_INFO, 0x8000130d,
	  "ENTRY_INTERRUPTION_INFO is 0x8000130d: bits 0x1000 must be 0\n" },
};

static const struct spoilt host_state[] = {
	{ HOST_CR0, 0x80050013, "HOST_CR0 is 0x80050013: bits 0x20 must be 1\n" },
	{ HOST_CR4, 0x20, "HOST_CR4 is 0x20: bits 0x2000 must be 1\n" },
	{ HOST_IA32_PERF_GLOBAL_CTRL, TMAV_BIT(49),
	  "HOST_IA32_PERF_GLOBAL_CTRL is 0x2000000000000: bits 0x2000000000000 must be 0\n" },
	{ HOST_IA32_EFER, 0x901, "HOST_IA32_EFER is 0x901: bits 0x400 must be 1\n" },
	{ HOST_TR_SELECTOR, 0x43, "HOST_TR_SELECTOR is 0x43: RPL and TI must be 0\n" },
	{ HOST_GS_SELECTOR, 0x2b, "HOST_GS_SELECTOR is 0x2b: RPL and TI must be 0\n" },
	{ HOST_CS_SELECTOR, 0, "HOST_CS_SELECTOR is 0: it must not be 0\n" },
	{ HOST_TR_SELECTOR, 0, "HOST_TR_SELECTOR is 0: it must not be 0\n" },
	{ HOST_GS_BASE, 0x0f00000000001000,
	  "HOST_GS_BASE is 0xf00000000001000: the address must be canonical\n" },
};

static const struct spoilt guest_state[] = {
	{ GUEST_IA32_PERF_GLOBAL_CTRL, TMAV_BIT(36),
	  "GUEST_IA32_PERF_GLOBAL_CTRL is 0x1000000000: bits 0x1000000000 must be 0\n" },
	{ GUEST_CR0, 0x80000011, "GUEST_CR0 is 0x80000011: bits 0x20 must be 1\n" },
	{ GUEST_CR4, 0x20, "GUEST_CR4 is 0x20: bits 0x2000 must be 1\n" },
	{ GUEST_IA32_EFER, 0x100, "GUEST_IA32_EFER is 0x100: bits 0x400 must be 1\n" },
	{ GUEST_RFLAGS, 0, "GUEST_RFLAGS is 0: bits 0x2 must be 1\n" },
	{ GUEST_RFLAGS, 0x8002, "GUEST_RFLAGS is 0x8002: bits 0x8000 must be 0\n" },
	{ GUEST_TR_ACCESS_RIGHTS, 0x10089,
	  "GUEST_TR_ACCESS_RIGHTS is 0x10089: bits 0x2 must be 1\n" },
	{ GUEST_INTERRUPTIBILITY, 0x20,
	  "GUEST_INTERRUPTIBILITY is 0x20: bits 0x20 must be 0\n" },
	{ ENTRY_INTERRUPTION_INFO, 0x80000040,	/* an interrupt, and IF is 0 */
	  "GUEST_RFLAGS is 0x2: bits 0x200 must be 1\n" },
	{ GUEST_INTERRUPTIBILITY, 1,		/* the shadow of an STI, likewise */
	  "GUEST_RFLAGS is 0x2: bits 0x200 must be 1\n" },
	{ VMCS_LINK_POINTER, 0x1000,
	  "VMCS_LINK_POINTER is 0x1000: bits 0xffffffffffffefff must be 1\n" },
	{ GUEST_RIP, TMAV_BIT(62),
	  "GUEST_RIP is 0x4000000000000000: the address must be canonical\n" },
};

/* Put has given the host its PMU back, whole, and the guest ran nothing. */
static void fail_to_enter(struct core *core, const struct spoilt *spoilt,
			  const char *failure)
{
	struct soft_cpu *cpu = core->cpu;
	u64 seed = 0x5eed;

	soft_random_host(cpu, &seed);
	soft_set_status(cpu, 0);
	soft_forget_log(cpu);
	core_guest(core, GUEST_DONE);
	cpu->faults.spoilt_field = spoilt->field;
	cpu->faults.spoilt_val = spoilt->val;
	core_remember(core);
	assert_int_equal(core_run(core), -EIO);
	core_assert_untouched(core);
	assert_int_equal(core->run.vpmu.puts, core->run.vpmu.loads);
	assert_int_equal(cpu->guest.entries, 0);
	if (!soft_logged(cpu, failure) || !soft_logged(cpu, spoilt->line))
		fail_msg("no \"%s\" in: %s", spoilt->line, cpu->log);
	assert_false(soft_logged(cpu, "no rule known here"));
}

/* And the next guest runs, as if nothing had been. */
static void recover(struct core *core)
{
	core->cpu->faults.spoilt_field = 0;
	core_guest(core, GUEST_DONE);
	core_remember(core);
	assert_int_equal(core_run(core), RUN_DONE);
	core_assert_untouched(core);
	soft_forget_trace(core->cpu);
}

static void fail_each(struct core *core, const struct spoilt *cases, size_t nr,
		      const char *failure)
{
	for (size_t i = 0; i < nr; i++) {
		fail_to_enter(core, &cases[i], failure);
		recover(core);
	}
}

/* Expect: error 7; the field, its value, the bits, and the MSR that says so. */
static void a_wrong_control_is_named(void **state)
{
	fail_each(*state, controls, TMAV_ARRAY_SIZE(controls), control_failure);
}

/* Expect: error 8; the field, its value, the rule. */
static void a_wrong_host_field_is_named(void **state)
{
	fail_each(*state, host_state, TMAV_ARRAY_SIZE(host_state), host_failure);
}

/* Expect: exit 33; the field, its value, the rule. */
static void a_wrong_guest_field_is_named(void **state)
{
	fail_each(*state, guest_state, TMAV_ARRAY_SIZE(guest_state), guest_failure);
}

/* Expect: exit 34; the entry's number, and that there should be no list. */
static void a_failed_msr_load_is_named(void **state)
{
	static const struct spoilt list = {
		ENTRY_MSR_LOAD_COUNT, 3,
		"E entry 1 of the VM-entry MSR-load list failed, and ENTRY_MSR_LOAD_COUNT is 0x3: it must be 0"
	};

	fail_each(*state, &list, 1, msr_failure);
}

/* Guest's GLOBAL_CTRL as the emulation might leave it. Expect: the same, of load's. */
static void a_wrong_value_of_loads_is_named(void **state)
{
	struct core *core = *state;

	core_guest(core, GUEST_DONE);
	core->run.vpmu.guest.global_ctrl = TMAV_BIT(36);
	core_remember(core);
	assert_int_equal(core_run(core), -EIO);
	core_assert_untouched(core);
	assert_true(soft_logged(core->cpu, "GUEST_IA32_PERF_GLOBAL_CTRL is 0x1000000000: bits"));
	assert_int_equal(core->cpu->guest.entries, 0);
}

/* A TR of the host's with RPL 3. Expect: error 8, the field named, -EIO. */
static void a_wrong_selector_of_the_hosts_is_named(void **state)
{
	struct core *core = *state;

	core_guest(core, GUEST_DONE);
	core->cpu->regs.sel.tr = 0x43;
	core_remember(core);
	assert_int_equal(core_run(core), -EIO);
	core_assert_untouched(core);
	assert_true(soft_logged(core->cpu, host_failure));
	assert_true(soft_logged(core->cpu, "HOST_TR_SELECTOR is 0x43: RPL and TI"));
}

/* Each error with fields that are in order. Expect: it is said that none is known bad. */
static void an_unknown_reason_is_admitted(void **state)
{
	static const u32 errors[] = {
		VM_ERROR_INVALID_CONTROL, VM_ERROR_INVALID_HOST_STATE, 26,
	};
	struct core *core = *state;

	core_guest(core, GUEST_DONE);
	assert_int_equal(core_run(core), RUN_DONE);
	core_enter_root(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(errors); i++) {
		soft_forget_log(core->cpu);
		dump_vmfail(errors[i], &core->run.caps);
		assert_true(soft_logged(core->cpu, "no rule known here is broken"));
		assert_true(soft_logged(core->cpu, "debug level"));
	}
	soft_forget_log(core->cpu);
	dump_failed_entry(EXIT_INVALID_GUEST_STATE, &core->run.caps);
	assert_true(soft_logged(core->cpu, "no rule known here is broken"));
	core_leave_root(core);
}

/* hw_enter() writes HOST_RSP itself. Expect: an error of that VMWRITE is called so. */
static void a_failed_write_of_rsp_is_named(void **state)
{
	struct core *core = *state;

	core_enter_root(core);
	dump_vmfail(VM_ERROR_UNSUPPORTED_FIELD, &core->run.caps);
	assert_true(soft_logged(core->cpu,
				"VM-instruction error 12 (VMWRITE of HOST_RSP)\n"));
	assert_int_equal(soft_errors(core->cpu), 1);
	core_leave_root(core);
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_wrong_control_is_named),
		test(a_wrong_host_field_is_named),
		test(a_wrong_guest_field_is_named),
		test(a_failed_msr_load_is_named),
		test(a_wrong_value_of_loads_is_named),
		test(a_wrong_selector_of_the_hosts_is_named),
		test(an_unknown_reason_is_admitted),
		test(a_failed_write_of_rsp_is_named),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
