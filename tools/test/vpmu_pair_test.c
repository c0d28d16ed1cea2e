// SPDX-License-Identifier: GPL-2.0
/*
 * Fixed counter 3 and PERF_METRICS beside a guest that is shown neither: the
 * host's stay in the hardware, down to what no register shows of them, and the
 * guest has no way to them.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/policy_table.h"
#include "tools/test/trace.h"
#include "tmavisor/guest_abi.h"
#include "vmx/pmu_image.h"
#include "vmx/vmx_arch.h"

#define PAIR_FIELD	FIXED_CTR_CTRL_FIELD(FIXED_SLOTS)
#define PAIR_BITS	(GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_CTRL_METRICS)

/* Longer than any run here, in hardware operations. */
enum { MANY_STEPS = 20000 };

static const char *const users[] = {
	"full", "nometrics", "gp4", "narrow", "nofw", "l1only",
	"custom:gp=2,fixed=0xb,l2=0,fw=0", "custom:gp=0,fixed=0x8,metrics=0,l2=0",
};

static const char *const others[] = {
	"fixed3", "none", "custom:gp=0,fixed=1,metrics=0,l2=0",
	"custom:gp=4,fixed=0,metrics=0,l2=0", "custom:fixed=0x7,metrics=0,l2=0,width=33",
};

/* What a register shows of the metrics is rounded; this is not. */
struct pair {
	u64	slots;
	u64	acc[PMU_METRICS];
};

static struct pair pair_of(const struct soft_cpu *cpu)
{
	struct pair pair = { cpu->pmu.fixed[FIXED_SLOTS] };

	memcpy(pair.acc, cpu->pmu.metric_acc, sizeof(pair.acc));
	return pair;
}

/* Shares of which none is a whole number of 255ths, and which stand still. */
static void host_has_counted(struct soft_cpu *cpu)
{
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR3, 1000003);
	soft_set_msr(cpu, IA32_PERF_METRICS, 0x1122334455667744ULL);
	for (unsigned int k = 0; k < PMU_METRICS; k++)
		cpu->pmu.metric_acc[k] += 400001 + k;
	soft_set_msr(cpu, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(0));
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, cpu->perf.enabled);
}

static bool policy_traps(const struct vpmu *vpmu, u32 msr)
{
	return vpmu_policy_msr(vpmu->hw, &vpmu->shown, msr) == VPMU_TRAP;
}

/* Expect: what would reach the pair traps, for each guest beside which it stays. */
static void all_ways_to_a_pair_that_stays_trap(void **state)
{
	struct core *core = *state;
	struct vpmu vpmu;
	unsigned int stays = 0;

	for (unsigned int i = 0; i < POLICY_ROWS + TMAV_ARRAY_SIZE(others); i++) {
		core_init_vpmu(&vpmu, &core->run.caps, i < POLICY_ROWS ?
			       policy_rows[i].profile : others[i - POLICY_ROWS]);
		if (vpmu_uses_pair(&vpmu.shown))
			continue;
		stays++;
		assert_int_equal(vpmu_policy_rdpmc(vpmu.hw, &vpmu.shown), VPMU_TRAP);
		assert_true(policy_traps(&vpmu, IA32_FIXED_CTR3));
		assert_true(policy_traps(&vpmu, IA32_PERF_METRICS));
		assert_true(policy_traps(&vpmu, IA32_FIXED_CTR_CTRL));
		assert_true(policy_traps(&vpmu, IA32_PERF_GLOBAL_CTRL));
		assert_int_equal(pmu_fixed_ctr_ctrl_mask(&vpmu.shown) & PAIR_FIELD, 0);
		assert_int_equal(pmu_global_ctrl_mask(&vpmu.shown) & PAIR_BITS, 0);
	}
	assert_int_equal(stays, 2 + TMAV_ARRAY_SIZE(others));
}

/* A guest that tries to reach the pair, and counts on everything else it has. */
static const struct guest_step greedy[] = {
	{ GUEST_WRMSR, IA32_FIXED_CTR3, 0 },
	{ GUEST_WRMSR, IA32_PERF_METRICS, 0 },
	{ GUEST_RDMSR, IA32_FIXED_CTR3 },
	{ GUEST_RDMSR, IA32_PERF_METRICS },
	{ GUEST_RDPMC, RDPMC_FIXED(3) },
	{ GUEST_RDPMC, RDPMC_METRICS },
	{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, PAIR_FIELD },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(FIXED_SLOTS) },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_CTRL_METRICS },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_FIXED(FIXED_SLOTS) },
	/* All of these fault. */
	{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_FIELD(0) & 3 },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(0) },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_TIMER },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_CPUID, CPUID_FEATURES },
	GUEST_DONE,
};
enum { NR_FAULTS = 10 };

static void run_greedy(struct core *core)
{
	core_program(core, greedy, TMAV_ARRAY_SIZE(greedy));
	assert_int_equal(core_run(core), RUN_DONE);
	for (unsigned int i = 0; i < NR_FAULTS; i++)
		assert_true(core->cpu->guest.result[i].fault);
}

/* Expect: no write, and not a slot more or less in any share. */
static void the_hosts_pair_stays_as_it_is(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	for (unsigned int i = 0; i < TMAV_ARRAY_SIZE(others); i++) {
		struct pair before, after;

		core_profile(core, others[i]);
		host_has_counted(cpu);
		before = pair_of(cpu);
		core_remember(core);
		soft_forget_trace(cpu);
		run_greedy(core);
		after = pair_of(cpu);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR3), 0);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 0);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(core->run.vpmu.unrestored, 0);
		core_assert_untouched(core);
	}
}

/* Expect: each load and each put writes both, or 3 alone without metrics. */
static void a_pair_in_use_is_switched(void **state)
{
	static const struct guest_step steps[] = { { GUEST_TIMER }, GUEST_DONE };
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	for (unsigned int i = 0; i < TMAV_ARRAY_SIZE(users); i++) {
		core_profile(core, users[i]);
		host_has_counted(cpu);
		soft_forget_trace(cpu);
		core_program(core, steps, TMAV_ARRAY_SIZE(steps));
		assert_int_equal(core_run(core), RUN_DONE);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR3), 4);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 4);
		assert_true(trace_pair_order(cpu->ops, cpu->nr_ops));
	}
}

/* An NMI at each step in turn. Expect: the pair as before, each time. */
static void no_nmi_moves_it(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int injected, total = 0, at = 1;

	core_profile(core, "fixed3");
	host_has_counted(cpu);
	do {
		struct pair before = pair_of(cpu), after;

		cpu->nmi_at[0] = cpu->steps + at++;
		injected = cpu->injected;
		soft_forget_trace(cpu);
		run_greedy(core);
		after = pair_of(cpu);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 0);
		assert_memory_equal(&before, &after, sizeof(before));
		injected = cpu->injected - injected;
		total += injected;
	} while (injected && at < MANY_STEPS);
	assert_true(total > 100);
}

/* Expect: nothing of the host's pair in what is kept, or shown, as the guest's. */
static void the_guests_copy_has_nothing_of_it(void **state)
{
	struct core *core = *state;
	struct pmu_image image;

	for (unsigned int i = 0; i < TMAV_ARRAY_SIZE(others); i++) {
		core_profile(core, others[i]);
		host_has_counted(core->cpu);
		run_greedy(core);
		assert_int_equal(core->run.vpmu.guest.fixed[FIXED_SLOTS], 0);
		assert_int_equal(core->run.vpmu.guest.perf_metrics, 0);
		pmu_image_export(&core->run, &image);
		assert_int_equal(image.fixed[FIXED_SLOTS], 0);
		assert_int_equal(image.perf_metrics, 0);
	}
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(all_ways_to_a_pair_that_stays_trap),
		test(the_hosts_pair_stays_as_it_is),
		test(a_pair_in_use_is_switched),
		test(no_nmi_moves_it),
		test(the_guests_copy_has_nothing_of_it),
	};

	return cmocka_run_group_tests_name("vpmu_pair", tests, NULL, NULL);
}
