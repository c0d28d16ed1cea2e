// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs between any two operations of a slice.  Perf's handler stops the PMU,
 * looks after its counters and turns them on again, wherever the switch was:
 * it must find its own, and neither side may notice.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/trace.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

#define PERIOD		1000000ULL
#define COUNTER_MASK	((1ULL << 48) - 1)
#define OS_PMI(i)	(FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_PMI(i))

/* Longer than any run here, in hardware operations. */
enum { MANY_STEPS = 20000 };

/* What there is to do for perf when the NMI comes. */
enum pending {
	NOTHING,	/* it is another's NMI */
	ON_ITS_WAY,	/* overflow, and the PMI still to pass LVTPC */
	LATCHED,	/* overflow, LVTPC masked by delivery, NMI held up */
};

static const enum pending all_pending[] = { NOTHING, ON_ITS_WAY, LATCHED };

/*
 * Switches, emulation that takes the guest's PMU out of the hardware, accesses
 * that don't, and host events of each kind.  The slots are counted in one go:
 * each save and restore rounds the metrics.
 */
static const struct guest_step busy_guest[] = {
	{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, OS_PMI(0) | OS_PMI(1) | OS_PMI(3) },
	{ GUEST_WRMSR, IA32_FIXED_CTR3, 0 },
	{ GUEST_WRMSR, IA32_PERF_METRICS, 0 },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(0) | GLOBAL_FIXED(1) |
	  GLOBAL_FIXED(3) | GLOBAL_CTRL_METRICS | GLOBAL_GP(0) },
	{ GUEST_SLOTS, .val = 1000 },
	{ GUEST_CPUID, CPUID_FEATURES },
	{ GUEST_COUNT, .val = 11 },
	{ GUEST_RDPMC, RDPMC_METRICS },
	{ GUEST_TIMER },
	{ GUEST_COUNT, .val = 13 },
	{ GUEST_WRMSR, IA32_PERFEVTSEL0, EVENT_INSTRUCTIONS | PERFEVTSEL_OS |
	  PERFEVTSEL_EN | PERFEVTSEL_INT },
	{ GUEST_COUNT, .val = 17 },
	{ GUEST_NMI },
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(5) },
	{ GUEST_RDMSR, IA32_PERFEVTSEL0 },
	{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
	{ GUEST_INTERRUPT },
	{ GUEST_RDPMC, RDPMC_FIXED(0) },
	{ GUEST_RDPMC, RDPMC_FIXED(3) },
	{ GUEST_RDPMC, RDPMC_METRICS },
	GUEST_DONE,
};

/* What the guest is left with; equal for each way there. */
struct outcome {
	struct pmu_state	guest;
	struct soft_result	result[SOFT_MAX_STEPS];
};

/* A new machine each time: the model's caches and predictor begin the same. */
static struct core *new_core(void)
{
	void *state;

	assert_int_equal(core_setup(&state), 0);
	return state;
}

static void end_core(struct core *core)
{
	void *state = core;

	assert_int_equal(core_teardown(&state), 0);
}

/* From here on perf takes what the counters hold for its own. */
static void perf_begins(struct core *core)
{
	struct soft_cpu *cpu = core->cpu;

	for (unsigned int i = 0; i < PERF_COUNTERS; i++)
		cpu->perf.prev[i] = soft_msr(cpu, i < PERF_FIXED ? IA32_A_PMC0 + i :
					     IA32_FIXED_CTR0 + i - PERF_FIXED);
}

static void host_with(struct core *core, enum pending pending)
{
	struct soft_cpu *cpu = core->cpu;
	u64 seed = 5;

	soft_random_host(cpu, &seed);
	soft_set_status(cpu, 0);
	cpu->perf.pebs_enabled = soft_msr(cpu, IA32_PEBS_ENABLE);
	perf_begins(core);
	cpu->perf.period[PERF_FIXED + FIXED_CORE_CYCLES] = PERIOD;
	if (pending == NOTHING)
		return;
	/* Begun at -PERIOD, wrapped, and five cycles on. */
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR1, 5);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, cpu->perf.enabled);
	cpu->perf.prev[PERF_FIXED + FIXED_CORE_CYCLES] = -PERIOD & COUNTER_MASK;
	soft_set_status(cpu, GLOBAL_FIXED(FIXED_CORE_CYCLES));
	if (pending == LATCHED)
		cpu->lvtpc |= LVT_MASKED;
}

/* How the host must be found, from how it was. */
static void expect_handled(struct core *core, enum pending pending)
{
	struct soft_cpu *cpu = core->cpu;
	struct soft_snapshot *before = &core->before;
	struct soft_snapshot now;

	assert_int_equal(cpu->perf.handled, pending == NOTHING ? 0 : 1);
	assert_int_equal(cpu->lvtpc, LVT_DELIVERY_NMI);
	before->lvtpc = LVT_DELIVERY_NMI;
	if (pending == NOTHING)
		return;
	assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_STATUS), 0);
	assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR1), -PERIOD & COUNTER_MASK);
	assert_int_equal(cpu->perf.total[PERF_FIXED + FIXED_CORE_CYCLES], PERIOD + 5);
	/* Checked; leave these out of the comparison of the rest. */
	soft_snapshot(cpu, &now);
	soft_set_status(cpu, GLOBAL_FIXED(FIXED_CORE_CYCLES));
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR1, 5);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, cpu->perf.enabled);
	assert_int_equal(now.lvtpc, before->lvtpc);
}

static void outcome_of(const struct core *core, struct outcome *outcome)
{
	outcome->guest = core->run.vpmu.guest;
	memcpy(outcome->result, core->cpu->guest.result, sizeof(outcome->result));
}

static void run_busy(struct core *core)
{
	core_program(core, busy_guest, TMAV_ARRAY_SIZE(busy_guest));
	core->cpu->any_order = true;
	assert_int_equal(core_run(core), RUN_DONE);
}

/* The same without an NMI, but for the one in guest mode. */
static void undisturbed(struct outcome *outcome)
{
	struct core *core = new_core();

	memset(outcome, 0, sizeof(*outcome));
	host_with(core, NOTHING);
	run_busy(core);
	outcome_of(core, outcome);
	end_core(core);
}

/* When NMIs come: before these operations, and perhaps one in the handler. */
struct schedule {
	unsigned int	k1, k2;
	bool		in_handler;
};

/* The same with NMIs. How many of them came before the run was over. */
static unsigned int disturbed(enum pending pending, struct schedule schedule,
			      const struct outcome *expected)
{
	struct core *core = new_core();
	struct soft_cpu *cpu = core->cpu;
	struct outcome outcome = { 0 };
	unsigned int injected;

	host_with(core, pending);
	core_remember(core);
	cpu->nmi_at[0] = cpu->steps + schedule.k1;
	cpu->nmi_at[1] = cpu->steps + schedule.k2;
	cpu->nmi_in_handler = schedule.in_handler;
	run_busy(core);
	outcome_of(core, &outcome);
	assert_memory_equal(&outcome, expected, sizeof(outcome));
	assert_true(trace_pair_order(cpu->ops, cpu->nr_ops));
	assert_true(trace_stopped_while_switching(cpu->ops, cpu->nr_ops));
	injected = cpu->injected;
	if (injected) {
		expect_handled(core, pending);
		core_assert_untouched(core);
	}
	assert_int_equal(cpu->complaints, 0);
	end_core(core);
	return injected;
}

/*
 * One NMI before each operation in turn. Expect: guest and host as without it,
 * and perf handles what is pending once.
 */
static void one_nmi_anywhere(void **state)
{
	struct outcome expected;

	(void)state;
	undisturbed(&expected);
	for (size_t p = 0; p < TMAV_ARRAY_SIZE(all_pending); p++) {
		unsigned int k = 1;

		while (disturbed(all_pending[p], (struct schedule) { k }, &expected))
			assert_in_range(++k, 1, MANY_STEPS);
		print_message("# %u places for an NMI\n", k - 1);
		assert_true(k > 300);
	}
}

/*
 * Another one right after the first, or after one more operation, and one that
 * the first one's handler holds up. Expect: likewise.
 */
static void two_nmis_in_a_row_anywhere(void **state)
{
	struct outcome expected;
	unsigned int k = 1;
	bool came = true;

	(void)state;
	undisturbed(&expected);
	for (k = 1; came; k++) {
		struct schedule apart = { k, k + 1 + k % 2 };
		struct schedule nested = { .k1 = k, .in_handler = true };

		came = disturbed(all_pending[k % 3], apart, &expected);
		disturbed(all_pending[(k + 1) % 3], nested, &expected);
	}
	assert_true(k > 300);
	/* Both distances, at each place. */
	for (came = true, k = 1; came; k++)
		came = disturbed(NOTHING, (struct schedule) { k, k + 2 - k % 2 },
				 &expected);
}

/* Two of them far apart, sampled. */
static void two_nmis_anywhere(void **state)
{
	enum { SAMPLES = 400, STEPS = 1000 };
	struct outcome expected;
	unsigned int both = 0;
	u64 seed = 17;

	(void)state;
	undisturbed(&expected);
	for (int i = 0; i < SAMPLES; i++) {
		unsigned int k1 = 1 + soft_random(&seed) % STEPS;
		unsigned int k2 = k1 + 3 + soft_random(&seed) % 200;
		struct schedule apart = { k1, k2 };

		both += disturbed(all_pending[i % 3], apart, &expected) == 2;
	}
	print_message("# both came in %u of %d\n", both, SAMPLES);
	assert_true(both > SAMPLES / 2);
}

/*
 * Perf turns the counter off in its handler, as it does with events that come
 * too often. Expect: it is off afterwards, wherever the NMI was.
 */
static void what_perf_changes_stays_changed(void **state)
{
	unsigned int k, injected = 1;

	(void)state;
	for (k = 1; injected; k++) {
		struct core *core = new_core();
		struct soft_cpu *cpu = core->cpu;
		u64 on = FIXED_CTR_CTRL_FIELD(FIXED_CORE_CYCLES);

		host_with(core, LATCHED);
		soft_set_msr(cpu, IA32_FIXED_CTR_CTRL, OS_PMI(FIXED_CORE_CYCLES));
		cpu->perf.throttle = true;
		cpu->nmi_at[0] = cpu->steps + k;
		run_busy(core);
		injected = cpu->injected;
		if (injected) {
			assert_int_equal(cpu->perf.handled, 1);
			assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR_CTRL) & on, 0);
		}
		end_core(core);
	}
	assert_true(k > 300);
}

/*
 * Expect: an NMI in the window between the last look at the phase and the
 * entry makes the entry fail; the guest never runs on the host's PMU.
 */
static void an_nmi_in_the_entry_window_spoils_it(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	struct guest_regs regs = { 0 };

	core_guest(core, GUEST_DONE);
	core_enter_root(core);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, true), 0);
	/* The first step of the entry looks at the phase, the second enters. */
	cpu->nmi_at[0] = cpu->steps + 2;
	assert_int_equal(hw_enter(&regs, &core->run.vpmu.phase, false), HW_ENTRY_FAIL_VALID);
	assert_int_equal(trace_count(cpu, OP_EXIT, EXIT_VMCALL), 0);
	assert_int_equal(cpu->nmis, 1);
	assert_int_equal(core->run.vpmu.phase, VPMU_LOAD_AGAIN);
	vpmu_settle(&core->run.vpmu);
	assert_int_equal(core->run.vpmu.phase, VPMU_GUEST);
	vpmu_put(&core->run.vpmu, &core->run.vmcs, true);
	core_leave_root(core);
}

/* Expect: in the handler perf has its counters and GLOBAL_CTRL, after it they are off. */
static void the_handler_finds_the_host(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	struct soft_snapshot host;
	u64 seed = 19;

	soft_random_host(cpu, &seed);
	soft_set_status(cpu, 0);
	soft_snapshot(cpu, &host);
	core_enter_root(core);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, true), 0);
	cpu->any_order = true;
	vpmu_nmi_enter(&core->run.vpmu);
	soft_assert_as_before(cpu, &host);
	vpmu_nmi_leave(&core->run.vpmu);
	assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_CTRL), 0);
	assert_int_equal(cpu->lvtpc & LVT_MASKED, LVT_MASKED);
	assert_int_equal(core->run.vpmu.nmis, 1);
	vpmu_put(&core->run.vpmu, &core->run.vmcs, true);
	soft_assert_as_before(cpu, &host);
	core_leave_root(core);
}

/* Perf turns on something else than before. Expect: that is what put turns on. */
static void what_perf_enables_last_counts(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	const u64 other = GLOBAL_GP(1) | GLOBAL_FIXED(2);

	core_enter_root(core);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, true), 0);
	vpmu_nmi_enter(&core->run.vpmu);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, other);
	vpmu_nmi_leave(&core->run.vpmu);
	vpmu_put(&core->run.vpmu, &core->run.vmcs, true);
	assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_CTRL), other);
	core_leave_root(core);
}

/* Outside a switch. Expect: the brackets touch nothing. */
static void an_nmi_of_the_host_is_left_alone(void **state)
{
	struct core *core = *state;
	unsigned int steps = core->cpu->steps;

	vpmu_nmi_enter(&core->run.vpmu);
	vpmu_nmi_leave(&core->run.vpmu);
	assert_int_equal(core->cpu->steps, steps);
	assert_int_equal(core->run.vpmu.nmis, 0);
}

/*
 * Real PMIs: the host counts its own instructions, with an overflow @left
 * instructions ahead.
 */
static struct core *counting_host(u64 left, unsigned int skid)
{
	struct core *core = new_core();
	struct soft_cpu *cpu = core->cpu;
	const unsigned int insns = PERF_FIXED + FIXED_INSTRUCTIONS;

	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR0, -left & COUNTER_MASK);
	soft_set_msr(cpu, IA32_FIXED_CTR_CTRL, OS_PMI(FIXED_INSTRUCTIONS));
	perf_begins(core);
	cpu->perf.period[insns] = PERIOD;
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, cpu->perf.enabled);
	cpu->pmi_skid = skid;
	return core;
}

/* The host goes on, so that whatever is under way arrives. */
static void let_it_settle(struct core *core)
{
	for (int i = 0; i < 64; i++)
		soft_step();
	core->cpu->ticks = false;
	soft_perf_nmi(core->cpu);
}

/* False if the overflow was too far ahead to happen. */
static bool pmi_arrives(u64 left, unsigned int skid, unsigned int nmi_at,
			const struct outcome *expected)
{
	struct core *core = counting_host(left, skid);
	struct soft_cpu *cpu = core->cpu;
	struct outcome outcome = { 0 };
	bool happened;

	if (nmi_at)
		cpu->nmi_at[0] = cpu->steps + nmi_at;
	cpu->ticks = true;
	run_busy(core);
	outcome_of(core, &outcome);
	assert_memory_equal(outcome.result, expected->result, sizeof(outcome.result));
	happened = cpu->pmis;
	for (int i = 0; i < 64; i++)
		soft_step();
	/* Before perf looks by itself, and would find it late. */
	assert_int_equal(cpu->perf.handled, cpu->pmis);
	assert_int_equal(cpu->injected, nmi_at ? 1 : 0);
	let_it_settle(core);
	assert_int_equal(cpu->perf.total[PERF_FIXED + FIXED_INSTRUCTIONS],
			 cpu->host_insns);
	assert_int_equal(cpu->complaints, 0);
	end_core(core);
	return happened;
}

/*
 * An overflow after each number of instructions, its PMI up to seven late.
 * Expect: perf handles it when it comes, and no instruction is missed.
 */
static void no_pmi_of_the_host_is_lost(void **state)
{
	static const unsigned int skids[] = { 0, 1, 3, 7 };
	struct outcome expected;

	(void)state;
	undisturbed(&expected);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(skids); i++) {
		u64 left = 1;

		while (pmi_arrives(left, skids[i], 0, &expected))
			assert_in_range(++left, 1, MANY_STEPS);
		print_message("# %llu places for an overflow\n", left - 1);
		assert_true(left > 50);
	}
}

/* The same around another NMI, in whose handler the host counts as well. */
static void no_pmi_is_lost_around_another_nmi(void **state)
{
	struct outcome expected;
	unsigned int nmi_at, happened = 0, tried = 0;

	(void)state;
	undisturbed(&expected);
	for (nmi_at = 40; nmi_at < 700; nmi_at += 37)
		for (u64 left = 1; left < 250; left += 3, tried++)
			happened += pmi_arrives(left, left % 2 ? 0 : 5, nmi_at, &expected);
	print_message("# %u overflows of %u\n", happened, tried);
	assert_true(happened > tried / 2);
}

/* The host's counter does, with the next instruction. */
static void overflows_next(struct soft_cpu *cpu)
{
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR0, COUNTER_MASK);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, cpu->perf.enabled);
	cpu->perf.prev[PERF_FIXED + FIXED_INSTRUCTIONS] = COUNTER_MASK;
}

/* The host's counter overflows in the handler of an NMI, the guest's PMU being in. */
static void overflow_in_a_handler(unsigned int skid)
{
	struct core *core = counting_host(PERIOD, skid);
	struct soft_cpu *cpu = core->cpu;
	struct vpmu *vpmu = &core->run.vpmu;

	core_enter_root(core);
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, false), 0);
	cpu->nmi_blocked = true;
	vpmu_nmi_enter(vpmu);
	overflows_next(cpu);
	cpu->ticks = true;
	soft_step();
	assert_int_equal(cpu->pmis, 1);
	vpmu_nmi_leave(vpmu);
	assert_true(cpu->nmi_pending);
	soft_take_nmi(cpu);
	assert_int_equal(cpu->perf.handled, 1);
	vpmu_put(vpmu, &core->run.vmcs, true);
	core_leave_root(core);
	end_core(core);
}

/* Expect: its PMI is waited for, be it later than what takes the host out again. */
static void a_late_pmi_outlives_the_handler_of_an_nmi(void **state)
{
	(void)state;
	for (unsigned int skid = 0; skid < 80; skid++)
		overflow_in_a_handler(skid);
}

/*
 * The host's counter overflows before each of more loads than are postponed for
 * a PMI that does not come, the PMI @skid operations late.
 */
static void overflows_before_each_load(unsigned int skid)
{
	enum { LOADS = 20 };
	struct guest_step guest[LOADS];
	struct core *core = counting_host(PERIOD, skid);
	struct soft_cpu *cpu = core->cpu;

	for (int i = 0; i < LOADS; i++)
		guest[i] = (struct guest_step) { GUEST_TIMER };
	core_program(core, guest, LOADS);
	cpu->any_order = true;
	cpu->ticks = true;
	for (int i = 0; i < LOADS; i++) {
		int res;

		overflows_next(cpu);
		res = run_slice(&core->run, CORE_TIMER);
		assert_true(res >= 0 || res == -EAGAIN);
		for (unsigned int j = 0; j < skid; j++)
			soft_step();
	}
	assert_int_equal(cpu->pmis, LOADS);
	assert_int_equal(cpu->perf.handled, LOADS);
	assert_int_equal(cpu->pmis_dropped, 0);
	assert_int_equal(cpu->complaints, 0);
	end_core(core);
}

/* Expect: a PMI that comes is waited for, however many have come before. */
static void a_pmi_before_each_load_is_not_lost(void **state)
{
	(void)state;
	for (unsigned int skid = 0; skid < 300; skid++)
		overflows_before_each_load(skid);
}

/* A guest's overflow with its PMI late. Expect: the host never hears of it. */
static void a_guests_pmi_never_reaches_the_host(void **state)
{
	static const unsigned int skids[] = { 0, 1, 2, 5, 10, 20 };
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(skids); i++) {
		cpu->pmi_skid = skids[i];
		cpu->pmis = 0;
		core_guest(core,
			   { GUEST_WRMSR, IA32_FIXED_CTR_CTRL, OS_PMI(0) },
			   { GUEST_WRMSR, IA32_FIXED_CTR0, COUNTER_MASK },
			   { GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(0) },
			   { GUEST_COUNT, .val = 5 },
			   { GUEST_TIMER },
			   { GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
			   GUEST_DONE);
		assert_int_equal(core_run(core), RUN_DONE);
		assert_int_equal(cpu->pmis, 1);
		assert_int_equal(cpu->nmis, 0);
		assert_int_equal(cpu->guest.result[5].val, GLOBAL_FIXED(0));
		assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_STATUS), 0);
		assert_int_equal(cpu->lvtpc, LVT_DELIVERY_NMI);
	}
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_nmi_anywhere),
		cmocka_unit_test(two_nmis_in_a_row_anywhere),
		cmocka_unit_test(two_nmis_anywhere),
		cmocka_unit_test(what_perf_changes_stays_changed),
		test(an_nmi_in_the_entry_window_spoils_it),
		test(the_handler_finds_the_host),
		test(what_perf_enables_last_counts),
		test(an_nmi_of_the_host_is_left_alone),
		cmocka_unit_test(no_pmi_of_the_host_is_lost),
		cmocka_unit_test(no_pmi_is_lost_around_another_nmi),
		cmocka_unit_test(a_late_pmi_outlives_the_handler_of_an_nmi),
		cmocka_unit_test(a_pmi_before_each_load_is_not_lost),
		test(a_guests_pmi_never_reaches_the_host),
	};

	return cmocka_run_group_tests_name("vpmu_nmi", tests, NULL, NULL);
}
