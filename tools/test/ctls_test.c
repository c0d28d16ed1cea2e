// SPDX-License-Identifier: GPL-2.0
/*
 * Control words: what the capability MSRs make of what is wanted, and that
 * each control that cannot be had is named.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/ctls.h"
#include "vmx/vmx_arch.h"

#include <stdio.h>

struct adjust_case {
	u32	must_be_1, may_be_1, must_set, want_set, must_clear;
	u32	word, lost;
};

/*
 * The truth table of one bit. A capability MSR has it as must_be_1, may_be_1:
 * 0, 0 is fixed to 0; 0, 1 flexible; 1, 1 fixed to 1.
 */
static void each_bit_follows_its_capability(void **state)
{
	static const struct adjust_case cases[] = {
		/* fixed to 0 */
		{ 0, 0, 0, 0, 0, 0, 0 },
		{ 0, 0, 1, 0, 0, 0, 1 },
		{ 0, 0, 0, 1, 0, 0, 0 },
		{ 0, 0, 0, 0, 1, 0, 0 },
		/* flexible */
		{ 0, 1, 0, 0, 0, 0, 0 },
		{ 0, 1, 1, 0, 0, 1, 0 },
		{ 0, 1, 0, 1, 0, 1, 0 },
		{ 0, 1, 0, 0, 1, 0, 0 },
		/* fixed to 1 */
		{ 1, 1, 0, 0, 0, 1, 0 },
		{ 1, 1, 1, 0, 0, 1, 0 },
		{ 1, 1, 0, 1, 0, 1, 0 },
		{ 1, 1, 0, 0, 1, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++) {
		const struct adjust_case *c = &cases[i];
		u32 word = ~0u;

		assert_int_equal(ctls_adjust(c->must_be_1, c->may_be_1, c->must_set,
					     c->want_set, c->must_clear, &word),
				 c->lost);
		assert_int_equal(word, c->word);
	}
}

static int choose(bool rdpmc, struct ctls *ctls)
{
	struct cpu_caps caps;

	assert_int_equal(caps_read(&caps), 0);
	return ctls_choose(&caps, rdpmc, ctls);
}

static void assert_allowed(u32 word, u64 cap)
{
	assert_int_equal(word & (u32)cap, (u32)cap);
	assert_int_equal(word & ~(cap >> 32), 0);
}

/* Expect: each word is one that the entry checks of this CPU accept. */
static void a_sapphire_rapids_allows_the_words(void **state)
{
	struct soft_cpu *cpu = *state;
	struct ctls ctls;

	assert_int_equal(choose(false, &ctls), 0);
	assert_allowed(ctls.word[VMX_CTL_PIN], soft_msr(cpu, IA32_VMX_TRUE_PINBASED_CTLS));
	assert_allowed(ctls.word[VMX_CTL_CPU], soft_msr(cpu, IA32_VMX_TRUE_PROCBASED_CTLS));
	assert_allowed(ctls.word[VMX_CTL_CPU2], soft_msr(cpu, IA32_VMX_PROCBASED_CTLS2));
	assert_allowed(ctls.word[VMX_CTL_EXIT], soft_msr(cpu, IA32_VMX_TRUE_EXIT_CTLS));
	assert_allowed(ctls.word[VMX_CTL_ENTRY], soft_msr(cpu, IA32_VMX_TRUE_ENTRY_CTLS));
}

/* Expect: RDPMC exits exactly if the guest's PMU needs it. */
static void rdpmc_exiting_is_as_asked(void **state)
{
	struct ctls ctls;

	(void)state;
	assert_int_equal(choose(false, &ctls), 0);
	assert_int_equal(ctls.word[VMX_CTL_CPU] & CPU_RDPMC_EXITING, 0);
	assert_int_equal(choose(true, &ctls), 0);
	assert_int_equal(ctls.word[VMX_CTL_CPU] & CPU_RDPMC_EXITING, CPU_RDPMC_EXITING);
}

struct control {
	u32		msr;
	u32		bit;
	const char	*name;
};

/* All that no run can do without. */
static const struct control needed[] = {
	{ IA32_VMX_TRUE_PINBASED_CTLS, PIN_EXTERNAL_INTERRUPT_EXITING,
	  "external-interrupt exiting" },
	{ IA32_VMX_TRUE_PINBASED_CTLS, PIN_NMI_EXITING, "NMI exiting" },
	{ IA32_VMX_TRUE_PINBASED_CTLS, PIN_VIRTUAL_NMIS, "virtual NMIs" },
	{ IA32_VMX_TRUE_PINBASED_CTLS, PIN_PREEMPTION_TIMER, "VMX-preemption timer" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_HLT_EXITING, "HLT exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_INVLPG_EXITING, "INVLPG exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_MWAIT_EXITING, "MWAIT exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_RDPMC_EXITING, "RDPMC exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_CR3_LOAD_EXITING, "CR3-load exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_CR3_STORE_EXITING, "CR3-store exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_CR8_LOAD_EXITING, "CR8-load exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_CR8_STORE_EXITING, "CR8-store exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_MOV_DR_EXITING, "MOV-DR exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_UNCONDITIONAL_IO_EXITING, "unconditional I/O exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_USE_MSR_BITMAPS, "use MSR bitmaps" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_MONITOR_EXITING, "MONITOR exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_SECONDARY_CONTROLS, "activate secondary controls" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_EPT, "enable EPT" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_WBINVD_EXITING, "WBINVD exiting" },
	{ IA32_VMX_TRUE_EXIT_CTLS, EXIT_SAVE_DEBUG_CONTROLS, "save debug controls" },
	{ IA32_VMX_TRUE_EXIT_CTLS, EXIT_HOST_ADDRESS_SPACE_SIZE, "host address-space size" },
	{ IA32_VMX_TRUE_EXIT_CTLS, EXIT_LOAD_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL" },
	{ IA32_VMX_TRUE_EXIT_CTLS, EXIT_LOAD_EFER, "load IA32_EFER" },
	{ IA32_VMX_TRUE_EXIT_CTLS, EXIT_SAVE_PREEMPTION_TIMER, "save VMX-preemption timer value" },
	{ IA32_VMX_TRUE_EXIT_CTLS, EXIT_SAVE_PERF_GLOBAL_CTRL, "save IA32_PERF_GLOBAL_CTRL" },
	{ IA32_VMX_TRUE_ENTRY_CTLS, ENTRY_LOAD_DEBUG_CONTROLS, "load debug controls" },
	{ IA32_VMX_TRUE_ENTRY_CTLS, ENTRY_IA32E_MODE_GUEST, "IA-32e mode guest" },
	{ IA32_VMX_TRUE_ENTRY_CTLS, ENTRY_LOAD_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL" },
	{ IA32_VMX_TRUE_ENTRY_CTLS, ENTRY_LOAD_EFER, "load IA32_EFER" },
};

/* All that would open the host, or hold its interrupts up, if it were on. */
static const struct control unwanted[] = {
	{ IA32_VMX_TRUE_PINBASED_CTLS, PIN_POSTED_INTERRUPTS, "process posted interrupts" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_INTERRUPT_WINDOW_EXITING, "interrupt-window exiting" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_USE_TPR_SHADOW, "use TPR shadow" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_USE_IO_BITMAPS, "use I/O bitmaps" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, CPU_TERTIARY_CONTROLS, "activate tertiary controls" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_RDTSCP, "enable RDTSCP" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_VPID, "enable VPID" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_INVPCID, "enable INVPCID" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_VM_FUNCTIONS, "enable VM functions" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_XSAVES, "enable XSAVES/XRSTORS" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_USER_WAIT, "enable user wait and pause" },
	{ IA32_VMX_PROCBASED_CTLS2, CPU2_ENABLE_PCONFIG, "enable PCONFIG" },
	{ IA32_VMX_TRUE_EXIT_CTLS, EXIT_ACK_INTERRUPT, "acknowledge interrupt on exit" },
};

/* Expect: -EOPNOTSUPP, and the line names the control and its MSR. */
static void assert_named(struct soft_cpu *cpu, const struct control *c)
{
	struct ctls ctls;
	char msr[32];

	snprintf(msr, sizeof(msr), "MSR %#x", c->msr);
	memset(cpu->log, 0, cpu->log_len);
	cpu->log_len = 0;
	assert_int_equal(choose(true, &ctls), -EOPNOTSUPP);
	assert_true(soft_logged(cpu, c->name));
	assert_true(soft_logged(cpu, msr));
	assert_true(soft_logged(cpu, "Sapphire Rapids or later"));
}

/* Each control that is needed, not allowed, one at a time. */
static void each_missing_control_is_named(void **state)
{
	struct soft_cpu *cpu = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(needed); i++) {
		u64 cap = soft_msr(cpu, needed[i].msr);
		u64 both = needed[i].bit | (u64)needed[i].bit << 32;

		soft_set_msr(cpu, needed[i].msr, cap & ~both);
		assert_named(cpu, &needed[i]);
		soft_set_msr(cpu, needed[i].msr, cap);
	}
}

/* Each control that must be off, fixed to 1, one at a time. */
static void each_forced_control_is_named(void **state)
{
	struct soft_cpu *cpu = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(unwanted); i++) {
		u64 cap = soft_msr(cpu, unwanted[i].msr);
		u64 both = unwanted[i].bit | (u64)unwanted[i].bit << 32;

		soft_set_msr(cpu, unwanted[i].msr, cap | both);
		assert_named(cpu, &unwanted[i]);
		soft_set_msr(cpu, unwanted[i].msr, cap);
	}
}

/* A bit that no table knows, in each word. */
static const struct control unknown[] = {
	{ IA32_VMX_TRUE_PINBASED_CTLS, TMAV_BIT(8), "pin-based control bits 0x100 are forced" },
	{ IA32_VMX_TRUE_PROCBASED_CTLS, TMAV_BIT(27), "bits 0x8000000 are forced" },
	{ IA32_VMX_PROCBASED_CTLS2, TMAV_BIT(2), "bits 0x4 are forced" },
	{ IA32_VMX_TRUE_EXIT_CTLS, TMAV_BIT(31), "bits 0x80000000 are forced" },
	{ IA32_VMX_TRUE_ENTRY_CTLS, TMAV_BIT(17), "bits 0x20000 are forced" },
};

/* A hypervisor beneath forces it to 1. Expect: refused, for what it does is not known. */
static void each_forced_unknown_bit_is_refused(void **state)
{
	struct soft_cpu *cpu = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(unknown); i++) {
		u64 cap = soft_msr(cpu, unknown[i].msr);
		u64 both = unknown[i].bit | (u64)unknown[i].bit << 32;
		struct ctls ctls;

		soft_set_msr(cpu, unknown[i].msr, cap | both);
		assert_int_equal(choose(false, &ctls), -EOPNOTSUPP);
		assert_true(soft_logged(cpu, unknown[i].name));
		soft_set_msr(cpu, unknown[i].msr, cap);
	}
}

static u32 word_of(const struct ctls *ctls, u32 msr)
{
	switch (msr) {
	case IA32_VMX_TRUE_PINBASED_CTLS:
		return ctls->word[VMX_CTL_PIN];
	case IA32_VMX_TRUE_PROCBASED_CTLS:
		return ctls->word[VMX_CTL_CPU];
	case IA32_VMX_PROCBASED_CTLS2:
		return ctls->word[VMX_CTL_CPU2];
	case IA32_VMX_TRUE_EXIT_CTLS:
		return ctls->word[VMX_CTL_EXIT];
	}
	return ctls->word[VMX_CTL_ENTRY];
}

/* Expect: on a CPU that can, all that is needed is on and the rest off. */
static void the_words_are_as_demanded(void **state)
{
	struct ctls ctls;

	(void)state;
	assert_int_equal(choose(true, &ctls), 0);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(needed); i++)
		assert_true(word_of(&ctls, needed[i].msr) & needed[i].bit);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(unwanted); i++)
		assert_false(word_of(&ctls, unwanted[i].msr) & unwanted[i].bit);
}

/* RDPMC exiting can't be had but isn't needed. Expect: fine. */
static void rdpmc_exiting_is_needed_only_if_asked(void **state)
{
	struct soft_cpu *cpu = *state;
	u64 cap = soft_msr(cpu, IA32_VMX_TRUE_PROCBASED_CTLS);
	struct ctls ctls;

	soft_set_msr(cpu, IA32_VMX_TRUE_PROCBASED_CTLS,
		     cap & ~(CPU_RDPMC_EXITING << 32));
	assert_int_equal(choose(false, &ctls), 0);
	assert_int_equal(choose(true, &ctls), -EOPNOTSUPP);
}

/* ENCLS exiting is for CPUs with SGX. Expect: without it, no complaint. */
static void encls_exiting_is_taken_where_it_is(void **state)
{
	struct soft_cpu *cpu = *state;
	u64 cap = soft_msr(cpu, IA32_VMX_PROCBASED_CTLS2);
	struct ctls ctls;

	soft_set_msr(cpu, IA32_VMX_PROCBASED_CTLS2, cap | CPU2_ENCLS_EXITING << 32);
	assert_int_equal(choose(false, &ctls), 0);
	assert_true(ctls.word[VMX_CTL_CPU2] & CPU2_ENCLS_EXITING);
	soft_set_msr(cpu, IA32_VMX_PROCBASED_CTLS2, cap & ~(CPU2_ENCLS_EXITING << 32));
	assert_int_equal(choose(false, &ctls), 0);
	assert_false(ctls.word[VMX_CTL_CPU2] & CPU2_ENCLS_EXITING);
}

/* No secondary controls, hence no MSR for them. Expect: named, no fault. */
static void a_cpu_without_secondary_controls_is_refused(void **state)
{
	struct soft_cpu *cpu = *state;
	struct ctls ctls;

	soft_remove_msr(cpu, IA32_VMX_PROCBASED_CTLS2);
	assert_int_equal(choose(false, &ctls), -EOPNOTSUPP);
	assert_true(soft_logged(cpu, "enable EPT"));
}

/* BASIC[55] is 0: the TRUE MSRs aren't there. Expect: the others are read. */
static void old_capability_msrs_will_do(void **state)
{
	struct soft_cpu *cpu = *state;
	u64 basic = soft_msr(cpu, IA32_VMX_BASIC);
	struct ctls ctls;

	soft_set_msr(cpu, IA32_VMX_BASIC, basic & ~VMX_BASIC_HAS_TRUE_CTLS);
	soft_remove_msr(cpu, IA32_VMX_TRUE_PINBASED_CTLS);
	soft_remove_msr(cpu, IA32_VMX_TRUE_PROCBASED_CTLS);
	soft_remove_msr(cpu, IA32_VMX_TRUE_EXIT_CTLS);
	soft_remove_msr(cpu, IA32_VMX_TRUE_ENTRY_CTLS);
	assert_int_equal(choose(false, &ctls), 0);
	assert_allowed(ctls.word[VMX_CTL_CPU], soft_msr(cpu, IA32_VMX_PROCBASED_CTLS));
}

/* Expect: a line for each word, and the names of the bits that are set. */
static void the_log_has_words_and_names(void **state)
{
	struct soft_cpu *cpu = *state;
	struct ctls ctls;

	assert_int_equal(choose(false, &ctls), 0);
	ctls_log(&ctls);
	assert_true(soft_logged(cpu, "pin controls 0x"));
	assert_true(soft_logged(cpu, "entry controls 0x"));
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(needed); i++)
		if (needed[i].bit != CPU_RDPMC_EXITING)
			assert_true(soft_logged(cpu, needed[i].name));
	assert_false(soft_logged(cpu, "use TPR shadow"));
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, soft_cpu_setup, soft_cpu_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(each_bit_follows_its_capability),
		test(a_sapphire_rapids_allows_the_words),
		test(rdpmc_exiting_is_as_asked),
		test(each_missing_control_is_named),
		test(each_forced_control_is_named),
		test(each_forced_unknown_bit_is_refused),
		test(the_words_are_as_demanded),
		test(rdpmc_exiting_is_needed_only_if_asked),
		test(encls_exiting_is_taken_where_it_is),
		test(a_cpu_without_secondary_controls_is_refused),
		test(old_capability_msrs_will_do),
		test(the_log_has_words_and_names),
	};

	return cmocka_run_group_tests_name("ctls", tests, NULL, NULL);
}
