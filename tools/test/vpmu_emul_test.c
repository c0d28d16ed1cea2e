// SPDX-License-Identifier: GPL-2.0
/*
 * Trapped accesses to the guest's PMU: the same values and the same #GP as on
 * hardware with the PMU that the guest is shown.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/trace.h"
#include "vmx/vmx_arch.h"

#define GP_COUNT(i)	(0x1000000000ULL + (i))
#define FIXED_COUNT(i)	(0x2000000000ULL + (i))
#define METRICS		0x0807060550301e61ULL

#define EVENTSEL_BITS	0xffdfffffULL		/* all but AnyThread */
#define FIXED_CTRL_BITS	0xbbbbULL		/* all but AnyThread */
#define STATUS_BITS	0x0801000f000000ffULL	/* counters, metrics, CTR_FRZ */

/* In guest mode, as far as the PMU goes, with something in each counter. */
static int setup(void **state)
{
	int err = core_setup(state);
	struct core *core = *state;
	struct pmu_state *guest = &core->run.vpmu.guest;

	for (u32 i = 0; i < PMU_MAX_GP_COUNTERS; i++)
		guest->gp[i] = GP_COUNT(i);
	for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		guest->fixed[i] = FIXED_COUNT(i);
	guest->perf_metrics = METRICS;
	core_enter_root(core);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, true), 0);
	return err;
}

static int teardown(void **state)
{
	struct core *core = *state;

	vpmu_put(&core->run.vpmu, &core->run.vmcs, true);
	core_leave_root(core);
	return core_teardown(state);
}

static bool writes(struct core *core, u32 msr, u64 val)
{
	if (!vpmu_wrmsr_valid(&core->run.vpmu, msr, val))
		return false;
	vpmu_wrmsr(&core->run.vpmu, msr, val);
	return true;
}

static u64 reads(struct core *core, u32 msr)
{
	u64 val = 0x5a5a;

	assert_true(vpmu_rdmsr(&core->run.vpmu, msr, &val));
	return val;
}

/* Back into hardware, as before the next entry. */
static u64 in_hardware(struct core *core, u32 msr)
{
	vpmu_settle(&core->run.vpmu);
	return soft_msr(core->cpu, msr);
}

/*
 * WRMSR
 */

/* Expect: what is written is read back, and is in the hardware at the next entry. */
static void selectors_take_effect(void **state)
{
	struct core *core = *state;

	for (u32 i = 0; i < PMU_MAX_GP_COUNTERS; i++) {
		u64 sel = EVENT_BRANCHES | PERFEVTSEL_OS | PERFEVTSEL_EN | (u64)i << 24;

		assert_true(writes(core, IA32_PERFEVTSEL0 + i, sel));
		assert_int_equal(reads(core, IA32_PERFEVTSEL0 + i), sel);
		assert_int_equal(in_hardware(core, IA32_PERFEVTSEL0 + i), sel);
	}
}

/* Expect: the same of FIXED_CTR_CTRL. */
static void fixed_ctr_ctrl_takes_effect(void **state)
{
	struct core *core = *state;

	assert_true(writes(core, IA32_FIXED_CTR_CTRL, 0xb3b1));
	assert_int_equal(reads(core, IA32_FIXED_CTR_CTRL), 0xb3b1);
	assert_int_equal(in_hardware(core, IA32_FIXED_CTR_CTRL), 0xb3b1);
}

/* Expect: STATUS_SET adds bits, in memory and in hardware; it reads as 0. */
static void status_set_adds_bits(void **state)
{
	struct core *core = *state;

	assert_true(writes(core, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(1)));
	assert_true(writes(core, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_OVF_METRICS));
	assert_int_equal(in_hardware(core, IA32_PERF_GLOBAL_STATUS),
			 GLOBAL_GP(1) | GLOBAL_STATUS_OVF_METRICS);
	assert_int_equal(reads(core, IA32_PERF_GLOBAL_STATUS_SET), 0);
}

/* Each bit alone. Expect: those that the register has are taken, the rest are #GP. */
static void walk(struct core *core, u32 msr, u64 valid)
{
	for (u64 bit = 1; bit; bit <<= 1)
		assert_int_equal(writes(core, msr, bit), (valid & bit) != 0);
	assert_true(writes(core, msr, valid));
	assert_false(writes(core, msr, ~0ULL));
	assert_true(writes(core, msr, 0));
}

static void reserved_bits_are_gp(void **state)
{
	struct core *core = *state;

	for (u32 i = 0; i < PMU_MAX_GP_COUNTERS; i++)
		walk(core, IA32_PERFEVTSEL0 + i, EVENTSEL_BITS);
	walk(core, IA32_FIXED_CTR_CTRL, FIXED_CTRL_BITS);
	walk(core, IA32_PERF_GLOBAL_STATUS_SET, STATUS_BITS);
}

/* Each valid selector bit goes to hardware. Expect: no fault there. */
static void the_hardware_takes_all_that_is_let_through(void **state)
{
	struct core *core = *state;

	for (u64 bit = 1; bit; bit <<= 1)
		if (EVENTSEL_BITS & bit) {
			assert_true(writes(core, IA32_PERFEVTSEL0 + 3, bit));
			assert_int_equal(in_hardware(core, IA32_PERFEVTSEL0 + 3), bit);
		}
	assert_true(writes(core, IA32_FIXED_CTR_CTRL, FIXED_CTRL_BITS));
	assert_true(writes(core, IA32_PERF_GLOBAL_STATUS_SET, STATUS_BITS));
	vpmu_settle(&core->run.vpmu);
	assert_int_equal(core->cpu->complaints, 0);
	assert_int_equal(soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS), STATUS_BITS);
}

/* Expect: a refused write changes neither memory nor hardware. */
static void a_refused_write_changes_nothing(void **state)
{
	struct core *core = *state;
	struct pmu_state before = core->run.vpmu.guest;
	unsigned int steps = core->cpu->steps;

	assert_false(writes(core, IA32_PERFEVTSEL0, PERFEVTSEL_ANY));
	assert_false(writes(core, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_ANY(0)));
	assert_false(writes(core, IA32_PERF_GLOBAL_STATUS, 0));
	assert_memory_equal(&core->run.vpmu.guest, &before, sizeof(before));
	assert_int_equal(core->cpu->steps, steps);
}

/* Fewer counters shown. Expect: selectors and bits beyond them are #GP. */
static void counters_not_shown_are_gp(void **state)
{
	struct core *core = *state;
	struct pmu_caps *shown = &core->run.vpmu.shown;
	u64 val;

	shown->nr_gp = 4;
	shown->fixed_mask = 0x7;
	shown->metrics = false;
	assert_true(writes(core, IA32_PERFEVTSEL0 + 3, 0));
	assert_false(writes(core, IA32_PERFEVTSEL0 + 4, 0));
	assert_false(vpmu_rdmsr(&core->run.vpmu, IA32_PERFEVTSEL0 + 4, &val));
	assert_false(writes(core, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(3)));
	assert_true(writes(core, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(2)));
	assert_false(writes(core, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(4)));
	assert_false(writes(core, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_FIXED(3)));
	assert_false(writes(core, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_OVF_METRICS));
}

/* Counters are in hardware when a selector is written. Expect: none is lost. */
static void emulation_keeps_the_counters(void **state)
{
	struct core *core = *state;

	soft_set_msr(core->cpu, IA32_A_PMC0 + 2, 77);
	soft_set_msr(core->cpu, IA32_FIXED_CTR3, 88);
	soft_set_msr(core->cpu, IA32_PERF_METRICS, 0x99);
	assert_true(writes(core, IA32_PERFEVTSEL0, 0));
	assert_int_equal(in_hardware(core, IA32_A_PMC0 + 2), 77);
	assert_int_equal(in_hardware(core, IA32_FIXED_CTR3), 88);
	assert_int_equal(in_hardware(core, IA32_PERF_METRICS), 0x99);
	assert_int_equal(in_hardware(core, IA32_A_PMC0 + 1), GP_COUNT(1));
}

/* Level 2 not shown. Expect: it gets neither to memory nor to hardware. */
static void level2_stays_out_of_hardware(void **state)
{
	struct core *core = *state;

	core->run.vpmu.shown.level2 = false;
	assert_true(writes(core, IA32_PERF_METRICS, METRICS));
	assert_int_equal(core->run.vpmu.guest.perf_metrics,
			 METRICS & PERF_METRICS_LEVEL1);
	assert_int_equal(in_hardware(core, IA32_PERF_METRICS),
			 METRICS & PERF_METRICS_LEVEL1);
}

/*
 * Narrow. Expect: the guest's value ends at its width, the hardware's has ones
 * above it, so that both wrap at once.
 */
static void narrow_counters_are_widened_in_hardware(void **state)
{
	const u64 above = (TMAV_BIT(48) - 1) & ~(TMAV_BIT(40) - 1);
	const u64 negative = 0xff80000000;
	struct core *core = *state;

	core->run.vpmu.shown.gp_width = 40;
	core->run.vpmu.shown.fixed_width = 40;
	assert_true(writes(core, IA32_PMC0 + 1, (u32)negative));
	assert_int_equal(core->run.vpmu.guest.gp[1], negative);
	assert_int_equal(in_hardware(core, IA32_PMC0 + 1), above | negative);
	assert_true(writes(core, IA32_FIXED_CTR0 + 1, 5));
	assert_int_equal(core->run.vpmu.guest.fixed[1], 5);
	assert_int_equal(in_hardware(core, IA32_FIXED_CTR0 + 1), above | 5);
}

/*
 * RDMSR
 */

/* The legacy alias takes what fits, PERF_METRICS anything. */
static bool takes_any_value(u32 msr)
{
	return (msr >= IA32_PMC0 && msr < IA32_PMC0 + 8) || msr == IA32_PERF_METRICS;
}

static bool is_writable(u32 msr)
{
	return takes_any_value(msr) ||
	       (msr >= IA32_PERFEVTSEL0 && msr < IA32_PERFEVTSEL0 + 8) ||
	       (msr >= IA32_A_PMC0 && msr < IA32_A_PMC0 + 8) ||
	       (msr >= IA32_FIXED_CTR0 && msr <= IA32_FIXED_CTR3) ||
	       msr == IA32_FIXED_CTR_CTRL || msr == IA32_PERF_GLOBAL_CTRL ||
	       msr == IA32_PERF_GLOBAL_STATUS_RESET || msr == IA32_PERF_GLOBAL_STATUS_SET;
}

static bool is_emulated(u32 msr)
{
	return is_writable(msr) || msr == IA32_PERF_GLOBAL_STATUS ||
	       msr == IA32_PERF_GLOBAL_INUSE || msr == IA32_PERF_CAPABILITIES ||
	       msr == IA32_MISC_ENABLE;
}


static void sweep(struct core *core, u32 msr)
{
	u64 val = 0x5a5a;

	assert_int_equal(vpmu_rdmsr(&core->run.vpmu, msr, &val), is_emulated(msr));
	if (!is_emulated(msr))
		assert_int_equal(val, 0x5a5a);
	assert_int_equal(writes(core, msr, 0), is_writable(msr));
	assert_int_equal(writes(core, msr, ~0ULL), takes_any_value(msr));
	assert_int_equal(writes(core, msr, TMAV_BIT(63)), takes_any_value(msr));
}

/* Every MSR that traps. Expect: only these are there; all else is #GP. */
static void all_other_msrs_are_gp(void **state)
{
	static const u32 elsewhere[] = {
		0x40000000, 0x4b564d00, 0xbfffffff, 0xc0002000, 0xc0010000, 0xffffffff,
	};
	struct core *core = *state;

	for (u32 i = 0; i < 0x2000; i++) {
		sweep(core, i);
		sweep(core, 0xc0000000 + i);
	}
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(elsewhere); i++)
		sweep(core, elsewhere[i]);
}

/* Expect: two bits of PERF_CAPABILITIES, and no BTS or PEBS by MISC_ENABLE. */
static void capabilities_are_those_shown(void **state)
{
	struct core *core = *state;
	u64 misc = reads(core, IA32_MISC_ENABLE);

	assert_int_equal(reads(core, IA32_PERF_CAPABILITIES),
			 PERFCAP_FULL_WIDTH_WRITE | PERFCAP_PERF_METRICS);
	assert_true(misc & MISC_ENABLE_PERFMON);
	assert_true(misc & MISC_ENABLE_BTS_UNAVAIL);
	assert_true(misc & MISC_ENABLE_PEBS_UNAVAIL);
}

/* Expect: INUSE shows what the guest has programmed, as the hardware would. */
static void inuse_is_the_guests(void **state)
{
	struct core *core = *state;

	assert_int_equal(reads(core, IA32_PERF_GLOBAL_INUSE), 0);
	assert_true(writes(core, IA32_PERFEVTSEL0 + 2, EVENT_BRANCHES));
	assert_true(writes(core, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_USR(3)));
	assert_int_equal(reads(core, IA32_PERF_GLOBAL_INUSE), GLOBAL_GP(2) | GLOBAL_FIXED(3));
	assert_true(writes(core, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_PMI(1)));
	assert_int_equal(reads(core, IA32_PERF_GLOBAL_INUSE), GLOBAL_GP(2) | GLOBAL_INUSE_PMI);
	assert_true(writes(core, IA32_PERFEVTSEL0 + 2, PERFEVTSEL_INT));
	assert_true(writes(core, IA32_FIXED_CTR_CTRL, 0));
	assert_int_equal(reads(core, IA32_PERF_GLOBAL_INUSE), GLOBAL_INUSE_PMI);
	vpmu_settle(&core->run.vpmu);
	assert_int_equal(reads(core, IA32_PERF_GLOBAL_INUSE),
			 soft_msr(core->cpu, IA32_PERF_GLOBAL_INUSE));
}

/*
 * RDPMC
 */

/* The value for this selector; false: #GP. */
static bool rdpmc_expected(u32 ecx, u64 *val)
{
	u32 type = ecx >> 16, index = ecx & 0xffff;

	if (type == 0x0000 && index < 8) {
		*val = GP_COUNT(index);
		return true;
	}
	if (type == 0x4000 && index < 4) {
		*val = FIXED_COUNT(index);
		return true;
	}
	*val = METRICS;
	return type == 0x2000 && index == 0;
}

static void check_rdpmc(struct core *core, u32 ecx)
{
	u64 expected, val = 0;
	bool valid = rdpmc_expected(ecx, &expected);

	soft_forget_trace(core->cpu);
	assert_int_equal(vpmu_rdpmc(&core->run.vpmu, ecx | 0xabcd00000000, &val), valid);
	if (valid)
		assert_int_equal(val, expected);
}

/* All types, with indexes in and out of range. Expect: a type is a value, no flag. */
static void rdpmc_knows_each_type(void **state)
{
	struct core *core = *state;

	for (u32 type = 0; type <= 0xffff; type++) {
		check_rdpmc(core, type << 16);
		check_rdpmc(core, type << 16 | 3);
		check_rdpmc(core, type << 16 | 8);
	}
}

/* All indexes of the three types. Expect: as many as there are. */
static void rdpmc_knows_each_index(void **state)
{
	static const u32 types[] = { 0x0000, 0x2000, 0x4000, 0x6000, 0x8000 };
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(types); i++)
		for (u32 index = 0; index <= 0xffff; index++)
			check_rdpmc(core, types[i] << 16 | index);
}

/* The same selectors on hardware. Expect: the model agrees on each. */
static void rdpmc_is_as_in_hardware(void **state)
{
	struct core *core = *state;

	vpmu_settle(&core->run.vpmu);
	for (u32 type = 0; type <= 0xffff; type += 0x100) {
		for (u32 index = 0; index < 10; index++) {
			u32 ecx = type << 16 | index;
			uint64_t hw = 0;
			u64 val = 0;

			assert_int_equal(vpmu_rdpmc(&core->run.vpmu, ecx, &val),
					 pmu_rdpmc(&core->cpu->pmu, ecx, &hw) == PMU_OK);
			assert_int_equal(val, hw);
			soft_forget_trace(core->cpu);
			vpmu_settle(&core->run.vpmu);
		}
	}
}

/* Metrics not shown, and the host has some. Expect: #GP, never the host's. */
static void rdpmc_of_metrics_not_shown_is_gp(void **state)
{
	struct core *core = *state;
	u64 val = 0x5a5a;

	core->run.vpmu.shown.metrics = false;
	assert_false(vpmu_rdpmc(&core->run.vpmu, RDPMC_METRICS, &val));
	assert_int_equal(val, 0x5a5a);
}

/* A guest with fewer and narrower counters. Expect: #GP beyond, high bits cut. */
static void rdpmc_keeps_to_the_guests_counters(void **state)
{
	struct core *core = *state;
	struct pmu_caps *shown = &core->run.vpmu.shown;
	u64 val;

	shown->nr_gp = 2;
	shown->gp_width = 36;
	shown->fixed_mask = 0x5;
	shown->fixed_width = 37;
	assert_true(vpmu_rdpmc(&core->run.vpmu, RDPMC_GP(1), &val));
	assert_int_equal(val, GP_COUNT(1) & (TMAV_BIT(36) - 1));
	assert_false(vpmu_rdpmc(&core->run.vpmu, RDPMC_GP(2), &val));
	assert_true(vpmu_rdpmc(&core->run.vpmu, RDPMC_FIXED(2), &val));
	assert_int_equal(val, FIXED_COUNT(2) & (TMAV_BIT(37) - 1));
	assert_false(vpmu_rdpmc(&core->run.vpmu, RDPMC_FIXED(1), &val));
}

/*
 * CPUID
 */

static struct cpuid_regs4 cpuid(struct core *core, u32 leaf, u32 subleaf)
{
	struct cpuid_regs4 r;

	hw_cpuid(leaf, subleaf, &r);
	vpmu_cpuid(&core->run.vpmu, leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
	return r;
}

/* Expect: the perfmon leaf of a guest that has it all is the hardware's. */
static void the_perfmon_leaf_is_the_hardwares(void **state)
{
	struct cpuid_regs4 hw, shown = cpuid(*state, CPUID_PERFMON, 0);

	hw_cpuid(CPUID_PERFMON, 0, &hw);
	assert_memory_equal(&shown, &hw, sizeof(hw));
}

/* Expect: fewer counters are shown as such; a hole ends the contiguous ones. */
static void the_perfmon_leaf_shows_less(void **state)
{
	struct core *core = *state;
	struct cpuid_regs4 r;

	core->run.vpmu.shown.nr_gp = 3;
	core->run.vpmu.shown.fixed_mask = 0xb;
	r = cpuid(core, CPUID_PERFMON, 0);
	assert_int_equal(r.eax, 0x08300305);
	assert_int_equal(r.ecx, 0xb);
	assert_int_equal(r.edx, 0x8602);
}

/* Expect: PEBS, BTS, LBR, PT, VMX and MONITOR are not shown; a hypervisor is. */
static void features_not_switched_are_hidden(void **state)
{
	struct core *core = *state;
	struct cpuid_regs4 r = cpuid(core, CPUID_FEATURES, 0);

	assert_int_equal(r.ecx & (CPUID_1_ECX_VMX | CPUID_1_ECX_DTES64 |
				  CPUID_1_ECX_DS_CPL | CPUID_1_ECX_MONITOR), 0);
	assert_true(r.ecx & CPUID_1_ECX_HYPERVISOR);
	assert_true(r.ecx & CPUID_1_ECX_PDCM);
	assert_false(r.edx & CPUID_1_EDX_DS);
	r = cpuid(core, CPUID_STRUCTURED, 0);
	assert_false(r.ebx & CPUID_7_EBX_PT);
	assert_false(r.edx & CPUID_7_EDX_ARCH_LBR);
	r = cpuid(core, CPUID_PT, 0);
	assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
	r = cpuid(core, CPUID_LBR, 0);
	assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
}

/* The leaf that later CPUs have besides 0xA. Expect: it and its bit are hidden. */
static void the_extended_perfmon_leaf_is_hidden(void **state)
{
	struct core *core = *state;
	u32 eax = ~0u, ebx = 1, ecx = 1, edx = 1;

	vpmu_cpuid(&core->run.vpmu, CPUID_STRUCTURED, 1, &eax, &ebx, &ecx, &edx);
	assert_int_equal(eax, ~(u32)CPUID_7_1_EAX_PERFMON_EXT);
	vpmu_cpuid(&core->run.vpmu, CPUID_PERFMON_EXT, 1, &eax, &ebx, &ecx, &edx);
	assert_int_equal(eax | ebx | ecx | edx, 0);
}

/* Expect: other leaves, and other subleaves of 7, are the hardware's. */
static void other_leaves_are_left_alone(void **state)
{
	struct core *core = *state;
	u32 eax = 1, ebx = 2, ecx = ~0u, edx = ~0u;

	vpmu_cpuid(&core->run.vpmu, CPUID_VENDOR, 0, &eax, &ebx, &ecx, &edx);
	vpmu_cpuid(&core->run.vpmu, CPUID_STRUCTURED, 2, &eax, &ebx, &ecx, &edx);
	vpmu_cpuid(&core->run.vpmu, 0x80000000, 0, &eax, &ebx, &ecx, &edx);
	assert_int_equal(eax, 1);
	assert_int_equal(ebx, 2);
	assert_int_equal(ecx, ~0u);
	assert_int_equal(edx, ~0u);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(selectors_take_effect),
		test(fixed_ctr_ctrl_takes_effect),
		test(status_set_adds_bits),
		test(reserved_bits_are_gp),
		test(the_hardware_takes_all_that_is_let_through),
		test(a_refused_write_changes_nothing),
		test(counters_not_shown_are_gp),
		test(emulation_keeps_the_counters),
		test(level2_stays_out_of_hardware),
		test(narrow_counters_are_widened_in_hardware),
		test(all_other_msrs_are_gp),
		test(capabilities_are_those_shown),
		test(inuse_is_the_guests),
		test(rdpmc_knows_each_type),
		test(rdpmc_knows_each_index),
		test(rdpmc_is_as_in_hardware),
		test(rdpmc_of_metrics_not_shown_is_gp),
		test(rdpmc_keeps_to_the_guests_counters),
		test(the_perfmon_leaf_is_the_hardwares),
		test(the_perfmon_leaf_shows_less),
		test(features_not_switched_are_hidden),
		test(the_extended_perfmon_leaf_is_hidden),
		test(other_leaves_are_left_alone),
	};

	return cmocka_run_group_tests_name("vpmu_emul", tests, NULL, NULL);
}
