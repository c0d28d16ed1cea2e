// SPDX-License-Identifier: GPL-2.0
/*
 * What caps_read() makes of a CPU, and each kind of wrong place: its errno,
 * and a line that says what to do about it.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/caps.h"
#include "vmx/vmx_arch.h"

/* Expect: @errno_wanted, and one line at error level that has both strings. */
static void refuses(struct soft_cpu *cpu, int errno_wanted, const char *what,
		    const char *remedy)
{
	struct cpu_caps caps;

	assert_int_equal(caps_read(&caps), errno_wanted);
	assert_memory_equal(cpu->log, "E ", 2);
	assert_true(soft_logged(cpu, what));
	assert_true(soft_logged(cpu, remedy));
	assert_ptr_equal(strchr(cpu->log, '\n') + 1, cpu->log + cpu->log_len);
}

static void accepts(struct soft_cpu *cpu, struct cpu_caps *caps)
{
	assert_int_equal(caps_read(caps), 0);
	assert_int_equal(cpu->log_len, 0);
}

/* Expect: a Sapphire Rapids has all, as CPUID and the MSRs say. */
static void sapphire_rapids_is_read(void **state)
{
	struct cpu_caps caps;

	accepts(*state, &caps);
	assert_int_equal(caps.signature, 0x806f8);
	assert_int_equal(caps.microcode, 0x2b000390);
	assert_false(caps.hypervisor);
	assert_true(caps.pt);
	assert_int_equal(caps.pmu.version, 5);
	assert_int_equal(caps.pmu.nr_gp, 8);
	assert_int_equal(caps.pmu.gp_width, 48);
	assert_int_equal(caps.pmu.fixed_mask, 0xf);
	assert_int_equal(caps.pmu.fixed_width, 48);
	assert_int_equal(caps.pmu.nr_events, 8);
	assert_int_equal(caps.pmu.events_missing, 0);
	assert_true(caps.pmu.metrics);
	assert_int_equal(caps.extra_msrs, TMAV_BIT(VPMU_NR_EXTRA_MSRS) - 1);
}

/* Expect: reading writes nothing. */
static void reading_changes_nothing(void **state)
{
	struct soft_cpu *cpu = *state;
	struct cpu_caps caps;

	accepts(cpu, &caps);
	for (unsigned int i = 0; i < cpu->nr_ops; i++) {
		assert_int_not_equal(cpu->ops[i].kind, OP_WRMSR);
		assert_int_not_equal(cpu->ops[i].kind, OP_LVTPC_WRITE);
	}
}

/* Expect: the masks are the valid bits of an SPR's registers. */
static void masks_are_those_of_the_hardware(void **state)
{
	struct soft_cpu *cpu = *state;
	struct cpu_caps caps;

	accepts(cpu, &caps);
	assert_int_equal(pmu_global_ctrl_mask(&caps.pmu), 0x0001000f000000ff);
	assert_int_equal(pmu_global_ctrl_mask(&caps.pmu),
			 pmu_global_ctrl_valid(&cpu->model));
	assert_int_equal(pmu_fixed_ctr_ctrl_mask(&caps.pmu), 0xbbbb);
	assert_int_equal(pmu_global_status_mask(&caps.pmu), 0x4c01000f000000ff);
	assert_int_equal(pmu_counter_mask(48), 0xffffffffffff);
	assert_int_equal(pmu_counter_mask(64), ~0ULL);
}

static void refuses_another_vendor(void **state)
{
	soft_cpuid(*state, CPUID_VENDOR)->ebx = 0x68747541;	/* "Auth" */
	refuses(*state, -ENODEV, "no Intel CPU", "VT-x is needed");
}

static void refuses_a_cpu_without_vmx(void **state)
{
	soft_cpuid(*state, CPUID_FEATURES)->ecx &= ~CPUID_1_ECX_VMX;
	refuses(*state, -ENODEV, "no VMX", "nested VMX");
}

static void refuses_vmx_locked_off(void **state)
{
	soft_set_msr(*state, IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED);
	refuses(*state, -EPERM, "locked VMX off", "enable VT-x in the firmware");
}

/* The bit for VMX inside SMX alone is of no use here. */
static void refuses_vmx_inside_smx_only(void **state)
{
	soft_set_msr(*state, IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED | TMAV_BIT(1));
	refuses(*state, -EPERM, "locked VMX off", "enable VT-x in the firmware");
}

/* Writing the MSR would be for the firmware to do. */
static void refuses_an_unlocked_feature_control(void **state)
{
	soft_set_msr(*state, IA32_FEATURE_CONTROL, FEATURE_CONTROL_VMX_OUTSIDE_SMX);
	refuses(*state, -EPERM, "not locked", "enable VT-x in the firmware");
}

static void refuses_a_missing_feature_control(void **state)
{
	soft_remove_msr(*state, IA32_FEATURE_CONTROL);
	refuses(*state, -EPERM, "not locked", "enable VT-x in the firmware");
}

static void refuses_when_vmx_is_in_use(void **state)
{
	struct soft_cpu *cpu = *state;

	cpu->regs.cr4 |= CR4_VMXE;
	refuses(cpu, -EBUSY, "in use", "modprobe -r kvm_intel");
}

static void refuses_fred(void **state)
{
	struct soft_cpu *cpu = *state;

	cpu->regs.cr4 |= CR4_FRED;
	refuses(cpu, -EOPNOTSUPP, "CR4.FRED", "fred=off");
}

static void refuses_a_cpu_without_ept(void **state)
{
	soft_remove_msr(*state, IA32_VMX_EPT_VPID_CAP);
	refuses(*state, -EOPNOTSUPP, "no EPT", "newer CPU");
}

/* Each of the EPT features that are needed, gone. */
static void refuses_an_ept_that_is_too_old(void **state)
{
	static const u64 needed[] = {
		VMX_EPT_WRITE_BACK, VMX_EPT_WALK_LENGTH_4, VMX_EPT_INVEPT,
		VMX_EPT_INVEPT_ALL_CONTEXT,
	};
	struct soft_cpu *cpu = *state;
	u64 cap = soft_msr(cpu, IA32_VMX_EPT_VPID_CAP);
	struct cpu_caps caps;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(needed); i++) {
		soft_set_msr(cpu, IA32_VMX_EPT_VPID_CAP, cap & ~needed[i]);
		assert_int_equal(caps_read(&caps), -EOPNOTSUPP);
	}
	assert_true(soft_logged(cpu, "no EPT"));
}

static void set_version(struct soft_cpu *cpu, u32 version)
{
	struct cpuid_regs4 *r = soft_cpuid(cpu, CPUID_PERFMON);

	r->eax = (r->eax & ~CPUID_0A_EAX_VERSION) | version;
}

/* Version 0 is a CPU, or a virtual one, without any PMU. */
static void refuses_an_old_perfmon(void **state)
{
	struct soft_cpu *cpu = *state;
	struct cpu_caps caps;

	for (u32 version = 0; version < 4; version++) {
		set_version(cpu, version);
		assert_int_equal(caps_read(&caps), -EOPNOTSUPP);
	}
	assert_true(soft_logged(cpu, "version 0, 4 is needed"));
	assert_true(soft_logged(cpu, "version 3, 4 is needed"));
	assert_true(soft_logged(cpu, "Skylake or later"));
}

/* Expect: version 4 will do, and 6 will not hurt. */
static void accepts_perfmon_from_4_on(void **state)
{
	struct cpu_caps caps;

	for (u32 version = 4; version <= 6; version++) {
		set_version(*state, version);
		accepts(*state, &caps);
		assert_int_equal(caps.pmu.version, version);
	}
}

static void refuses_counters_without_full_width(void **state)
{
	struct soft_cpu *cpu = *state;

	cpu->model.perf_capabilities &= ~PERFCAP_FULL_WIDTH_WRITE;
	soft_rebuild_pmu(cpu);
	refuses(cpu, -EOPNOTSUPP, "full width", "use a CPU that has it");
}

/* Without PDCM the MSR isn't there: not read, and all of it is 0. */
static void without_pdcm_perf_capabilities_is_not_read(void **state)
{
	struct soft_cpu *cpu = *state;

	soft_cpuid(cpu, CPUID_FEATURES)->ecx &= ~CPUID_1_ECX_PDCM;
	refuses(cpu, -EOPNOTSUPP, "full width", "use a CPU that has it");
	for (unsigned int i = 0; i < cpu->nr_ops; i++)
		assert_int_not_equal(cpu->ops[i].index, IA32_PERF_CAPABILITIES);
}

/* Intel PT runs, and the CPU has no way to have both. */
static void refuses_pt_that_cannot_go_with_vmx(void **state)
{
	struct soft_cpu *cpu = *state;
	u64 misc = soft_msr(cpu, IA32_VMX_MISC);

	soft_set_msr(cpu, IA32_RTIT_CTL, RTIT_CTL_TRACE_EN);
	soft_set_msr(cpu, IA32_VMX_MISC, misc & ~VMX_MISC_PT_IN_VMX);
	refuses(cpu, -EBUSY, "Intel PT is tracing", "stop 'perf record");
}

/* PT runs and goes with VMX; or is idle; or isn't there. Expect: all fine. */
static void accepts_pt_otherwise(void **state)
{
	struct soft_cpu *cpu = *state;
	u64 misc = soft_msr(cpu, IA32_VMX_MISC);
	struct cpu_caps caps;

	soft_set_msr(cpu, IA32_RTIT_CTL, RTIT_CTL_TRACE_EN);
	accepts(cpu, &caps);
	soft_set_msr(cpu, IA32_VMX_MISC, misc & ~VMX_MISC_PT_IN_VMX);
	soft_set_msr(cpu, IA32_RTIT_CTL, 0);
	accepts(cpu, &caps);
	soft_cpuid(cpu, CPUID_STRUCTURED)->ebx &= ~CPUID_7_EBX_PT;
	soft_remove_msr(cpu, IA32_RTIT_CTL);
	accepts(cpu, &caps);
}

/* Expect: no metrics is no reason to refuse, but is known. */
static void accepts_a_cpu_without_metrics(void **state)
{
	struct soft_cpu *cpu = *state;
	struct cpu_caps caps;

	cpu->model.perf_capabilities &= ~PERFCAP_PERF_METRICS;
	soft_rebuild_pmu(cpu);
	accepts(cpu, &caps);
	assert_false(caps.pmu.metrics);
	assert_int_equal(pmu_global_ctrl_mask(&caps.pmu), 0xf000000ff);
}

/* The capability bit without fixed counter 3. Expect: no metrics. */
static void metrics_need_the_slots_counter(void **state)
{
	struct soft_cpu *cpu = *state;
	struct cpu_caps caps;

	cpu->model.fixed_mask = 0x7;
	soft_rebuild_pmu(cpu);
	accepts(cpu, &caps);
	assert_false(caps.pmu.metrics);
	assert_false(pmu_has_fixed(&caps.pmu, FIXED_SLOTS));
}

struct fixed_case {
	u32	version, ecx, edx_nr, mask;
};

/* "FxCtr[i]_is_supported := ECX[i] || (EDX[4:0] > i)", ECX from version 5. */
static void fixed_counters_come_from_two_places(void **state)
{
	static const struct fixed_case cases[] = {
		{ 5, 0xf, 4, 0xf },
		{ 5, 0xb, 2, 0xb },
		{ 5, 0x8, 0, 0x8 },
		{ 5, 0x0, 3, 0x7 },
		{ 4, 0xf, 3, 0x7 },
		{ 4, 0x0, 0, 0x0 },
	};
	struct soft_cpu *cpu = *state;
	struct cpuid_regs4 *r = soft_cpuid(cpu, CPUID_PERFMON);

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++) {
		struct cpu_caps caps;

		set_version(cpu, cases[i].version);
		r->ecx = cases[i].ecx;
		r->edx = (r->edx & ~CPUID_0A_EDX_NR_FIXED) | cases[i].edx_nr;
		accepts(cpu, &caps);
		assert_int_equal(caps.pmu.fixed_mask, cases[i].mask);
	}
}

static void set_gp_counters(struct soft_cpu *cpu, u32 number)
{
	soft_cpuid(cpu, CPUID_PERFMON)->eax =
		5 | number << CPUID_0A_EAX_NR_GP_SHIFT |
		48 << CPUID_0A_EAX_GP_WIDTH_SHIFT;
}

/* Up to eight general counters, which is what MSRs are switched for. */
static void up_to_eight_general_counters_are_fine(void **state)
{
	for (u32 number = 0; number <= PMU_MAX_GP_COUNTERS; number++) {
		struct cpu_caps caps;

		set_gp_counters(*state, number);
		accepts(*state, &caps);
		assert_int_equal(caps.pmu.nr_gp, number);
	}
}

/*
 * More counters than are switched: with RDPMC passed the guest would read the
 * host's. Expect: refused, not cut.
 */
static void refuses_counters_that_it_cannot_switch(void **state)
{
	static const u32 numbers[] = { 9, 32, 255 };

	struct soft_cpu *cpu = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(numbers); i++) {
		set_gp_counters(cpu, numbers[i]);
		refuses(cpu, -EOPNOTSUPP, "general and fixed counters",
			"can be switched");
		cpu->log_len = 0;
	}
	set_gp_counters(cpu, 8);
	soft_cpuid(cpu, CPUID_PERFMON)->ecx = 0x1f;
	refuses(cpu, -EOPNOTSUPP, "general and fixed counters 0x1f",
		"can be switched");
}

static void a_hypervisor_beneath_is_noticed(void **state)
{
	struct cpu_caps caps;

	soft_cpuid(*state, CPUID_FEATURES)->ecx |= CPUID_1_ECX_HYPERVISOR;
	accepts(*state, &caps);
	assert_true(caps.hypervisor);
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, soft_cpu_setup, soft_cpu_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(sapphire_rapids_is_read),
		test(reading_changes_nothing),
		test(masks_are_those_of_the_hardware),
		test(refuses_another_vendor),
		test(refuses_a_cpu_without_vmx),
		test(refuses_vmx_locked_off),
		test(refuses_vmx_inside_smx_only),
		test(refuses_an_unlocked_feature_control),
		test(refuses_a_missing_feature_control),
		test(refuses_when_vmx_is_in_use),
		test(refuses_fred),
		test(refuses_a_cpu_without_ept),
		test(refuses_an_ept_that_is_too_old),
		test(refuses_an_old_perfmon),
		test(accepts_perfmon_from_4_on),
		test(refuses_counters_without_full_width),
		test(without_pdcm_perf_capabilities_is_not_read),
		test(refuses_pt_that_cannot_go_with_vmx),
		test(accepts_pt_otherwise),
		test(accepts_a_cpu_without_metrics),
		test(metrics_need_the_slots_counter),
		test(fixed_counters_come_from_two_places),
		test(up_to_eight_general_counters_are_fine),
		test(refuses_counters_that_it_cannot_switch),
		test(a_hypervisor_beneath_is_noticed),
	};

	return cmocka_run_group_tests_name("caps", tests, NULL, NULL);
}
