// SPDX-License-Identifier: GPL-2.0
/*
 * load() and put(): what they write, in which order, and that nothing of one
 * side is left for the other.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/trace.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

#define HOST_SLOTS	123456789ULL
#define HOST_METRICS	0x1122334455667744ULL
#define GUEST_SLOTS_VAL	987654321ULL
#define GUEST_METRICS	0x0102030440506070ULL

static void load(struct core *core)
{
	core_enter_root(core);
	soft_forget_trace(core->cpu);
	/* Whatever overflow there is, as if the loads before had found it, too. */
	core->run.vpmu.waited_for = ~0ULL;
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, true), 0);
}

static void put(struct core *core)
{
	soft_forget_trace(core->cpu);
	vpmu_put(&core->run.vpmu, &core->run.vmcs, true);
}

/* Host and guest both in the middle of a measurement with topdown metrics. */
static void both_use_metrics(struct core *core)
{
	struct pmu_state *guest = &core->run.vpmu.guest;

	soft_set_msr(core->cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(core->cpu, IA32_FIXED_CTR3, HOST_SLOTS);
	soft_set_msr(core->cpu, IA32_PERF_METRICS, HOST_METRICS);
	soft_set_msr(core->cpu, IA32_PERF_GLOBAL_CTRL, core->cpu->perf.enabled);
	guest->fixed[FIXED_SLOTS] = GUEST_SLOTS_VAL;
	guest->perf_metrics = GUEST_METRICS;
}

static void assert_hw_is(struct soft_cpu *cpu, const struct pmu_state *state)
{
	for (u32 i = 0; i < cpu->model.nr_gp; i++) {
		assert_int_equal(soft_msr(cpu, IA32_A_PMC0 + i), state->gp[i]);
		assert_int_equal(soft_msr(cpu, IA32_PERFEVTSEL0 + i), state->eventsel[i]);
	}
	for (u32 i = 0; i < PMU_MAX_FIXED; i++)
		assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR0 + i), state->fixed[i]);
	assert_int_equal(soft_msr(cpu, IA32_PERF_METRICS), state->perf_metrics);
	assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR_CTRL), state->fixed_ctr_ctrl);
	assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_STATUS), state->global_status);
	assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_CTRL), 0);
}

/*
 * Order
 */

/* Expect: GLOBAL_CTRL is written 0 before load touches anything that counts. */
static void load_stops_the_host_first(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int stop, first;

	load(core);
	stop = trace_find(cpu, OP_WRMSR, IA32_PERF_GLOBAL_CTRL, 0);
	first = trace_first_counting(cpu);
	assert_true(stop < first);
	assert_int_equal(cpu->ops[stop].val, 0);
	assert_true(trace_stopped_while_switching(cpu->ops, cpu->nr_ops));
	put(core);
	core_leave_root(core);
}

/* Expect: all of put happens with GLOBAL_CTRL 0, and its last write starts the host. */
static void put_starts_the_host_last(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	const struct soft_op *last;

	load(core);
	put(core);
	assert_true(trace_stopped_while_switching(cpu->ops, cpu->nr_ops));
	last = &cpu->ops[cpu->nr_ops - 1];
	assert_int_equal(last->kind, OP_WRMSR);
	assert_int_equal(last->index, IA32_PERF_GLOBAL_CTRL);
	assert_int_equal(last->val, cpu->perf.enabled);
	core_leave_root(core);
}

/* Expect: nothing between FIXED_CTR3 and PERF_METRICS, on load and on put. */
static void metrics_follow_slots_both_ways(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	both_use_metrics(core);
	load(core);
	assert_true(trace_pair_order(cpu->ops, cpu->nr_ops));
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 1);
	assert_int_equal(soft_msr(cpu, IA32_PERF_METRICS), GUEST_METRICS);
	assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR3), GUEST_SLOTS_VAL);
	put(core);
	assert_true(trace_pair_order(cpu->ops, cpu->nr_ops));
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 1);
	assert_int_equal(soft_msr(cpu, IA32_PERF_METRICS), HOST_METRICS);
	assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR3), HOST_SLOTS);
	core_leave_root(core);
}

/* The metrics alone differ. Expect: the slots are written all the same. */
static void equal_slots_are_written_with_the_metrics(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	both_use_metrics(core);
	core->run.vpmu.guest.fixed[FIXED_SLOTS] = HOST_SLOTS;
	load(core);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR3), 1);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 1);
	assert_int_equal(soft_msr(cpu, IA32_PERF_METRICS), GUEST_METRICS);
	put(core);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR3), 1);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 1);
	core_leave_root(core);
}

/* The slots alone differ. Expect: the metrics are written all the same. */
static void equal_metrics_are_written_with_the_slots(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	both_use_metrics(core);
	core->run.vpmu.guest.perf_metrics = HOST_METRICS;
	load(core);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR3), 1);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 1);
	assert_int_equal(soft_msr(cpu, IA32_PERF_METRICS), HOST_METRICS);
	put(core);
	core_leave_root(core);
}

/* One bit of the metrics differs, of either level. Expect: both are written. */
static void each_bit_of_the_metrics_counts(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	both_use_metrics(core);
	core->run.vpmu.guest.fixed[FIXED_SLOTS] = HOST_SLOTS;
	for (u64 bit = 1; bit; bit <<= 1) {
		core->run.vpmu.guest.perf_metrics = HOST_METRICS ^ bit;
		load(core);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR3), 1);
		assert_int_equal(soft_msr(cpu, IA32_PERF_METRICS), HOST_METRICS ^ bit);
		put(core);
		assert_int_equal(soft_msr(cpu, IA32_PERF_METRICS), HOST_METRICS);
		core_leave_root(core);
	}
}

/* Expect: in hardware, counters before FIXED_CTR_CTRL, which would start them first. */
static void fixed_ctr_ctrl_comes_after_the_counters(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int ctrl;

	both_use_metrics(core);
	core->run.vpmu.guest.fixed[FIXED_INSTRUCTIONS] = 5;
	core->run.vpmu.guest.gp[7] = 6;
	load(core);
	ctrl = trace_find(cpu, OP_WRMSR, IA32_FIXED_CTR_CTRL, 0);
	assert_true(trace_find(cpu, OP_WRMSR, IA32_PERF_METRICS, 0) < ctrl);
	assert_true(trace_find(cpu, OP_WRMSR, IA32_FIXED_CTR0, 0) < ctrl);
	assert_true(trace_find(cpu, OP_WRMSR, IA32_A_PMC0 + 7, 0) < ctrl);
	put(core);
	core_leave_root(core);
}

/* Expect: LVTPC masked before the first of the guest's values is in hardware. */
static void lvtpc_is_masked_before_the_guest_is_loaded(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int mask;

	both_use_metrics(core);
	load(core);
	mask = trace_find(cpu, OP_LVTPC_WRITE, IA32_X2APIC_LVT_PMI, 0);
	assert_int_equal(cpu->ops[mask].val, LVT_DELIVERY_NMI | LVT_MASKED);
	assert_true(mask < trace_find(cpu, OP_WRMSR, IA32_PERFEVTSEL0, 0));
	assert_true(mask < trace_find(cpu, OP_WRMSR, IA32_FIXED_CTR3, 0));
	put(core);
	core_leave_root(core);
}

/* Expect: on put LVTPC is as it was, and only after the guest's STATUS is gone. */
static void lvtpc_is_restored_after_status(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int unmask;

	core->run.vpmu.guest.global_status = GLOBAL_GP(2);
	load(core);
	put(core);
	unmask = trace_find(cpu, OP_LVTPC_WRITE, IA32_X2APIC_LVT_PMI, 0);
	assert_int_equal(cpu->ops[unmask].val, LVT_DELIVERY_NMI);
	assert_true(trace_find(cpu, OP_WRMSR, IA32_PERF_GLOBAL_STATUS_RESET, 0) < unmask);
	assert_int_equal(trace_count(cpu, OP_LVTPC_WRITE, IA32_X2APIC_LVT_PMI), 1);
	assert_int_equal(cpu->lvtpc, LVT_DELIVERY_NMI);
	core_leave_root(core);
}

/* A host with LVTPC masked, or another vector. Expect: that comes back. */
static void any_lvtpc_comes_back(void **state)
{
	static const u32 values[] = {
		LVT_MASKED, LVT_DELIVERY_NMI | LVT_MASKED, 0xf5, LVT_DELIVERY_NMI,
	};
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(values); i++) {
		core->cpu->lvtpc = values[i];
		load(core);
		assert_int_equal(core->cpu->lvtpc, LVT_DELIVERY_NMI | LVT_MASKED);
		put(core);
		assert_int_equal(core->cpu->lvtpc, values[i]);
		core_leave_root(core);
	}
}

/*
 * What is left out
 */

/*
 * All zero on both sides. Expect: no counter is written, each selector is, and
 * the pair is: what the hardware keeps behind the metrics shows in no register.
 */
static void idle_counters_are_not_written(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	load(core);
	for (u32 i = 0; i < PMU_MAX_GP; i++) {
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_A_PMC0 + i), 0);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERFEVTSEL0 + i), 1);
	}
	for (u32 i = 0; i < FIXED_SLOTS; i++)
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR0 + i), 0);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_FIXED_CTR3), 1);
	assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_METRICS), 1);
	put(core);
	core_leave_root(core);
}

struct toggle_case {
	u64		host, guest;
	unsigned int	resets, sets;	/* writes on load */
};

/* Expect: STATUS goes from one to the other with a write for each direction needed. */
static void status_takes_the_fewest_writes(void **state)
{
	static const struct toggle_case cases[] = {
		{ 0, 0, 0, 0 },
		{ GLOBAL_GP(0), GLOBAL_GP(0), 0, 0 },
		{ GLOBAL_GP(0), 0, 1, 0 },
		{ 0, GLOBAL_FIXED(3), 0, 1 },
		{ 0, GLOBAL_STATUS_OVF_METRICS, 0, 1 },
		{ GLOBAL_GP(1) | GLOBAL_GP(2), GLOBAL_GP(2) | GLOBAL_GP(3), 1, 1 },
	};
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++) {
		const struct toggle_case *c = &cases[i];

		soft_set_status(cpu, c->host);
		core->run.vpmu.guest.global_status = c->guest;
		load(core);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_GLOBAL_STATUS_RESET),
				 c->resets);
		assert_int_equal(trace_count(cpu, OP_WRMSR, IA32_PERF_GLOBAL_STATUS_SET),
				 c->sets);
		assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_STATUS), c->guest);
		put(core);
		assert_int_equal(soft_msr(cpu, IA32_PERF_GLOBAL_STATUS), c->host);
		core_leave_root(core);
	}
}

/* Expect: the bits that are cleared and set are those that differ, no others. */
static void status_bits_that_agree_are_left_alone(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	unsigned int reset, set;

	soft_set_status(cpu, GLOBAL_GP(1) | GLOBAL_GP(2));
	core->run.vpmu.guest.global_status = GLOBAL_GP(2) | GLOBAL_GP(3);
	load(core);
	reset = trace_find(cpu, OP_WRMSR, IA32_PERF_GLOBAL_STATUS_RESET, 0);
	set = trace_find(cpu, OP_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, 0);
	assert_int_equal(cpu->ops[reset].val, GLOBAL_GP(1));
	assert_int_equal(cpu->ops[set].val, GLOBAL_GP(3));
	put(core);
	core_leave_root(core);
}

/*
 * All of it
 */

/* Random host, random guest, many rounds. Expect: each side finds what it had. */
static void each_side_finds_its_own(void **state)
{
	enum { ROUNDS = 300 };
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	u64 seed = 7;

	for (int round = 0; round < ROUNDS; round++) {
		struct pmu_state guest = { 0 };
		struct soft_snapshot host;

		soft_random_host(cpu, &seed);
		soft_snapshot(cpu, &host);
		soft_random_state(cpu, &guest, &seed);
		guest.global_status &= pmu_global_status_mask(&core->run.vpmu.shown);
		core->run.vpmu.guest = guest;
		load(core);
		assert_hw_is(cpu, &guest);
		put(core);
		soft_assert_as_before(cpu, &host);
		/* The VM entry alone has GLOBAL_CTRL in hardware. */
		assert_memory_equal(&core->run.vpmu.guest, &guest, sizeof(guest));
		core_leave_root(core);
	}
}

/* What the hardware has at put. Expect: that is the guest's at the next load. */
static void put_keeps_what_the_guest_left(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	both_use_metrics(core);
	load(core);
	soft_set_msr(cpu, IA32_A_PMC0 + 3, 33);
	soft_set_msr(cpu, IA32_FIXED_CTR0, 44);
	soft_set_msr(cpu, IA32_FIXED_CTR3, 55);
	soft_set_msr(cpu, IA32_PERF_METRICS, 0x66);
	soft_set_status(cpu, GLOBAL_STATUS_OVF_METRICS);
	put(core);
	core_leave_root(core);
	assert_int_equal(core->run.vpmu.guest.gp[3], 33);
	assert_int_equal(core->run.vpmu.guest.fixed[FIXED_INSTRUCTIONS], 44);
	assert_int_equal(core->run.vpmu.guest.fixed[FIXED_SLOTS], 55);
	assert_int_equal(core->run.vpmu.guest.perf_metrics, 0x66);
	assert_int_equal(core->run.vpmu.guest.global_status, GLOBAL_STATUS_OVF_METRICS);
}

/*
 * Slots at 0 and the metrics of before still behind them, as a write of
 * FIXED_CTR3 alone leaves it. Expect: the guest's metrics begin at 0.
 */
static void metrics_behind_no_slots_do_not_leak(void **state)
{
	static const struct insn nop = { .rip = 0x1000, .length = 1 };
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	u64 metrics;

	cpu->any_order = true;
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR3, 1000000);
	soft_set_msr(cpu, IA32_PERF_METRICS, 0xff000000);
	soft_set_msr(cpu, IA32_FIXED_CTR3, 0);
	core->run.vpmu.guest.fixed_ctr_ctrl = FIXED_CTR_CTRL_OS(FIXED_SLOTS);
	load(core);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(3) | GLOBAL_CTRL_METRICS);
	for (int i = 0; i < 600; i++)
		pmu_count_insn(&cpu->pmu, &nop, 0);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	metrics = soft_msr(cpu, IA32_PERF_METRICS);
	assert_true((metrics & 0xff) > 0x40);
	assert_in_range((metrics & 0xff) + (metrics >> 8 & 0xff) +
			(metrics >> 16 & 0xff) + (metrics >> 24 & 0xff), 254, 256);
	put(core);
	core_leave_root(core);
}

static const u32 restored[] = {
	IA32_A_PMC0, IA32_A_PMC0 + 7, IA32_PERFEVTSEL0, IA32_PERFEVTSEL0 + 7,
	IA32_FIXED_CTR0, IA32_FIXED_CTR3, IA32_PERF_METRICS, IA32_FIXED_CTR_CTRL,
	IA32_PERF_GLOBAL_STATUS_SET, IA32_PEBS_ENABLE, OFFCORE_RSP_1, IA32_LBR_CTL,
};

/* The host's PMU with something in each of the above. */
static void busy_host(struct core *core)
{
	struct soft_cpu *cpu = core->cpu;

	both_use_metrics(core);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(restored); i++)
		if (restored[i] != IA32_FIXED_CTR3 && restored[i] != IA32_PERF_METRICS)
			soft_set_msr(cpu, restored[i], 1);
}

/* A register doesn't take its value back. Expect: a checked put counts it, once. */
static void what_is_not_restored_is_counted(void **state)
{
	struct core *core = *state;

	/* With FIXED_CTR3 stuck it looks as if it was left out. */
	core->cpu->any_order = true;
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(restored); i++) {
		core->run.vpmu.unrestored = 0;
		busy_host(core);
		load(core);
		core->cpu->stuck_msr = restored[i];
		put(core);
		core->cpu->stuck_msr = 0;
		assert_int_equal(core->run.vpmu.unrestored, 1);
		core_leave_root(core);
	}
}

/* Expect: nothing is counted where all is well, or where nobody looks. */
static void a_put_that_is_not_checked_counts_nothing(void **state)
{
	struct core *core = *state;

	busy_host(core);
	load(core);
	put(core);
	assert_int_equal(core->run.vpmu.unrestored, 0);
	core_leave_root(core);
	load(core);
	core->cpu->stuck_msr = IA32_PEBS_ENABLE;
	vpmu_put(&core->run.vpmu, &core->run.vmcs, false);
	core->cpu->stuck_msr = 0;
	assert_int_equal(core->run.vpmu.unrestored, 0);
	core_leave_root(core);
}

static const u32 extra[] = {
	IA32_PEBS_ENABLE, OFFCORE_RSP_0, OFFCORE_RSP_1, PEBS_FRONTEND,
	PEBS_LD_LAT,
	IA32_LBR_CTL, IA32_RTIT_CTL,
};

/* The host uses them. Expect: 0 while the guest has the CPU, and back. */
static void extra_msrs_are_off_in_guest_mode(void **state)
{
	struct core *core = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(extra); i++)
		soft_set_msr(core->cpu, extra[i], 2);
	load(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(extra); i++)
		assert_int_equal(soft_msr(core->cpu, extra[i]), 0);
	put(core);
	core_leave_root(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(extra); i++)
		assert_int_equal(soft_msr(core->cpu, extra[i]), 2);
}

/* The host doesn't use them. Expect: they cost a read each and no write. */
static void unused_extra_msrs_are_not_written(void **state)
{
	struct core *core = *state;

	load(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(extra); i++) {
		assert_int_equal(trace_count(core->cpu, OP_RDMSR, extra[i]), 1);
		assert_int_equal(trace_count(core->cpu, OP_WRMSR, extra[i]), 0);
	}
	put(core);
	core_leave_root(core);
}

/* A CPU without LBR and PT. Expect: their MSRs are never touched, which would fault. */
static void absent_extra_msrs_are_left_alone(void **state)
{
	struct core *core = *state;

	soft_cpuid(core->cpu, CPUID_STRUCTURED)->edx &= ~CPUID_7_EDX_ARCH_LBR;
	soft_cpuid(core->cpu, CPUID_STRUCTURED)->ebx &= ~CPUID_7_EBX_PT;
	soft_remove_msr(core->cpu, IA32_LBR_CTL);
	soft_remove_msr(core->cpu, IA32_RTIT_CTL);
	core_rebuild(core);
	load(core);
	put(core);
	core_leave_root(core);
	assert_int_equal(trace_count(core->cpu, OP_RDMSR, IA32_LBR_CTL), 0);
	assert_int_equal(trace_count(core->cpu, OP_RDMSR, IA32_RTIT_CTL), 0);
}

struct variant {
	const char	*name;
	unsigned int	nr_gp, fixed_mask;
	bool		metrics;
};

/* Smaller PMUs. Expect: nothing that they lack is touched, which would fault. */
static void smaller_pmus_are_switched_as_far_as_they_go(void **state)
{
	static const struct variant variants[] = {
		{ "no metrics", 8, 0xf, false },
		{ "three fixed counters", 8, 0x7, false },
		{ "no slots counter, metrics claimed", 8, 0x7, true },
		{ "four general counters", 4, 0xf, true },
		{ "a hole in the fixed counters", 8, 0xb, true },
		{ "one counter", 1, 0, false },
	};
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;
	u64 seed = 11;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(variants); i++) {
		struct soft_snapshot host;

		cpu->model = pmu_model_spr;
		cpu->model.nr_gp = variants[i].nr_gp;
		cpu->model.fixed_mask = variants[i].fixed_mask;
		if (!variants[i].metrics)
			cpu->model.perf_capabilities &= ~PERFCAP_PERF_METRICS;
		core_rebuild(core);
		soft_random_host(cpu, &seed);
		soft_snapshot(cpu, &host);
		load(core);
		put(core);
		soft_assert_as_before(cpu, &host);
		core_leave_root(core);
		assert_int_equal(cpu->complaints, 0);
	}
}

/* Without PERF_METRICS. Expect: the slots counter is switched, 0x329 untouched. */
static void without_metrics_slots_are_still_switched(void **state)
{
	struct core *core = *state;
	struct soft_cpu *cpu = core->cpu;

	cpu->model.perf_capabilities &= ~PERFCAP_PERF_METRICS;
	core_rebuild(core);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR3, HOST_SLOTS);
	load(core);
	assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR3), 0);
	put(core);
	assert_int_equal(soft_msr(cpu, IA32_FIXED_CTR3), HOST_SLOTS);
	assert_int_equal(trace_count(cpu, OP_RDPMC, RDPMC_METRICS), 0);
	core_leave_root(core);
}

/* Expect: the guest after RESET has the general counters on in GLOBAL_CTRL, else 0. */
static void reset_gives_the_architectural_values(void **state)
{
	struct core *core = *state;
	struct pmu_state after_reset = { .global_ctrl = 0xff };

	core->run.vpmu.guest.gp[0] = 1;
	vpmu_reset(&core->run.vpmu);
	assert_memory_equal(&core->run.vpmu.guest, &after_reset, sizeof(after_reset));
}

/*
 * An overflow of the host's that waits for its PMI
 */

/* Expect: -EAGAIN, and the host as it was, LVTPC and GLOBAL_CTRL included. */
static void a_pending_overflow_postpones_the_load(void **state)
{
	struct core *core = *state;
	struct soft_snapshot host;
	u64 seed = 13;

	soft_random_host(core->cpu, &seed);
	soft_set_status(core->cpu, GLOBAL_FIXED(FIXED_CORE_CYCLES));
	soft_snapshot(core->cpu, &host);
	core_enter_root(core);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, false), -EAGAIN);
	assert_int_equal(core->run.vpmu.phase, VPMU_HOST);
	assert_int_equal(core->run.vpmu.loads, 0);
	soft_assert_as_before(core->cpu, &host);
	core_leave_root(core);
}

/* Each counter, and the metrics. Expect: each of them postpones. */
static void any_pending_overflow_postpones_the_load(void **state)
{
	struct core *core = *state;
	u64 valid = pmu_global_ctrl_valid(&core->cpu->model);

	core_enter_root(core);
	for (u64 bit = 1; bit; bit <<= 1) {
		if (!(valid & bit))
			continue;
		soft_set_status(core->cpu, bit);
		assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, false),
				 -EAGAIN);
	}
	core_leave_root(core);
}

/* With LVTPC masked no PMI can come. Expect: no wait for it. */
static void a_masked_overflow_is_not_waited_for(void **state)
{
	struct core *core = *state;

	soft_set_status(core->cpu, GLOBAL_GP(0));
	core->cpu->lvtpc |= LVT_MASKED;
	core_enter_root(core);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, false), 0);
	vpmu_put(&core->run.vpmu, &core->run.vmcs, true);
	assert_int_equal(soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0));
	core_leave_root(core);
}

/* Told not to wait. Expect: loaded, and the bit is the host's again after put. */
static void a_pending_overflow_can_be_ignored(void **state)
{
	struct core *core = *state;

	soft_set_status(core->cpu, GLOBAL_GP(0));
	core_enter_root(core);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, false), -EAGAIN);
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, true), 0);
	assert_int_equal(soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS), 0);
	put(core);
	assert_int_equal(soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0));
	core_leave_root(core);
}

/*
 * One that was given up is cleared, and comes again. Expect: it is waited for
 * like any other.
 */
static void an_overflow_given_up_once_is_waited_for_again(void **state)
{
	struct core *core = *state;
	struct vpmu *vpmu = &core->run.vpmu;

	core_enter_root(core);
	soft_set_status(core->cpu, GLOBAL_GP(0));
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, false), -EAGAIN);
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, true), 0);
	vpmu_put(vpmu, &core->run.vmcs, true);
	soft_set_status(core->cpu, 0);
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, false), 0);
	vpmu_put(vpmu, &core->run.vmcs, true);
	soft_set_status(core->cpu, GLOBAL_GP(0));
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, false), -EAGAIN);
	core_leave_root(core);
}

/*
 * A second counter overflows right before the load that would give up the first
 * one's PMI. Expect: that load waits for the second one's, too.
 */
static void only_what_was_waited_for_is_given_up(void **state)
{
	struct core *core = *state;
	struct vpmu *vpmu = &core->run.vpmu;

	core_enter_root(core);
	soft_set_status(core->cpu, GLOBAL_GP(0));
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, false), -EAGAIN);
	soft_set_status(core->cpu, GLOBAL_GP(0) | GLOBAL_GP(1));
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, true), -EAGAIN);
	assert_int_equal(core->cpu->lvtpc, LVT_DELIVERY_NMI);
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, true), 0);
	vpmu_put(vpmu, &core->run.vmcs, true);
	core_leave_root(core);
}

/*
 * A full ToPA or DS buffer raises a PMI like a counter does. Expect: it is
 * waited for, until told not to, and then not again; and it comes back.
 */
static void buffers_are_waited_for(void **state)
{
	static const u64 bits[] = {
		GLOBAL_STATUS_TOPA_PMI, GLOBAL_STATUS_OVF_DS_BUFFER,
	};
	struct core *core = *state;
	struct vpmu *vpmu = &core->run.vpmu;

	core_enter_root(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(bits); i++) {
		soft_set_status(core->cpu, bits[i]);
		assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, false), -EAGAIN);
		assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, true), 0);
		vpmu_put(vpmu, &core->run.vmcs, true);
		assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, false), 0);
		vpmu_put(vpmu, &core->run.vmcs, true);
		assert_int_equal(soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS), bits[i]);
		assert_int_equal(vpmu->unrestored, 0);
	}
	core_leave_root(core);
}

/* Bits that are no counter's. Expect: no wait, hidden from the guest, and back. */
static void other_status_bits_come_back(void **state)
{
	static const u64 bits[] = {
		GLOBAL_STATUS_LBR_FRZ, GLOBAL_STATUS_CTR_FRZ,
		GLOBAL_STATUS_ASCI, GLOBAL_STATUS_OVF_UNCORE,
	};
	struct core *core = *state;

	core_enter_root(core);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(bits); i++) {
		soft_set_status(core->cpu, bits[i]);
		assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, false), 0);
		assert_int_equal(soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS), 0);
		vpmu_put(&core->run.vpmu, &core->run.vmcs, true);
		assert_int_equal(soft_msr(core->cpu, IA32_PERF_GLOBAL_STATUS), bits[i]);
	}
	core_leave_root(core);
}

/*
 * The checkers themselves
 */

#define WR(msr)		{ .kind = OP_WRMSR, .index = (msr) }
#define PMC(ecx)	{ .kind = OP_RDPMC, .index = (ecx) }

/*
 * The put of the public KVM series: metrics saved and cleared first, then the
 * counters. Expect: rejected.
 */
static void kvm_series_order_is_rejected(void **state)
{
	static const struct soft_op put_of_series[] = {
		WR(IA32_FIXED_CTR_CTRL),
		PMC(RDPMC_METRICS), WR(IA32_PERF_METRICS),
		PMC(RDPMC_GP(0)), WR(IA32_A_PMC0), WR(IA32_PERFEVTSEL0),
		PMC(RDPMC_FIXED(0)), WR(IA32_FIXED_CTR0),
		PMC(RDPMC_FIXED(3)), WR(IA32_FIXED_CTR3),
	};

	(void)state;
	assert_false(trace_pair_order(put_of_series, TMAV_ARRAY_SIZE(put_of_series)));
}

struct order_case {
	struct soft_op	ops[4];
	unsigned int	nr;
	bool		good;
};

/* Expect: the pair and nothing else, in one order. */
static void pair_order_accepts_the_pair_only(void **state)
{
	static const struct order_case cases[] = {
		{ { WR(IA32_FIXED_CTR3), WR(IA32_PERF_METRICS) }, 2, true },
		{ { WR(IA32_FIXED_CTR2), WR(IA32_FIXED_CTR_CTRL) }, 2, true },
		{ { WR(IA32_PERF_METRICS), WR(IA32_FIXED_CTR3) }, 2, false },
		{ { WR(IA32_FIXED_CTR3) }, 1, false },
		{ { WR(IA32_PERF_METRICS) }, 1, false },
		{ { WR(IA32_FIXED_CTR3), WR(IA32_FIXED_CTR0), WR(IA32_PERF_METRICS) },
		  3, false },
		{ { WR(IA32_FIXED_CTR3), PMC(RDPMC_METRICS), WR(IA32_PERF_METRICS) },
		  3, false },
		{ { WR(IA32_FIXED_CTR3), { .kind = OP_NMI, .nmi = true },
		    WR(IA32_PERF_METRICS) }, 3, true },
	};

	(void)state;
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(cases); i++)
		assert_int_equal(trace_pair_order(cases[i].ops, cases[i].nr),
				 cases[i].good);
}

/* Expect: an access while anything counts is found. */
static void counting_while_switching_is_rejected(void **state)
{
	struct soft_op op = WR(IA32_FIXED_CTR0);

	(void)state;
	assert_true(trace_stopped_while_switching(&op, 1));
	op.global_ctrl = GLOBAL_GP(0);
	assert_false(trace_stopped_while_switching(&op, 1));
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(load_stops_the_host_first),
		test(put_starts_the_host_last),
		test(metrics_follow_slots_both_ways),
		test(equal_slots_are_written_with_the_metrics),
		test(equal_metrics_are_written_with_the_slots),
		test(each_bit_of_the_metrics_counts),
		test(fixed_ctr_ctrl_comes_after_the_counters),
		test(lvtpc_is_masked_before_the_guest_is_loaded),
		test(lvtpc_is_restored_after_status),
		test(any_lvtpc_comes_back),
		test(idle_counters_are_not_written),
		test(status_takes_the_fewest_writes),
		test(status_bits_that_agree_are_left_alone),
		test(each_side_finds_its_own),
		test(put_keeps_what_the_guest_left),
		test(metrics_behind_no_slots_do_not_leak),
		test(what_is_not_restored_is_counted),
		test(a_put_that_is_not_checked_counts_nothing),
		test(extra_msrs_are_off_in_guest_mode),
		test(unused_extra_msrs_are_not_written),
		test(absent_extra_msrs_are_left_alone),
		test(smaller_pmus_are_switched_as_far_as_they_go),
		test(without_metrics_slots_are_still_switched),
		test(reset_gives_the_architectural_values),
		test(a_pending_overflow_postpones_the_load),
		test(any_pending_overflow_postpones_the_load),
		test(a_masked_overflow_is_not_waited_for),
		test(a_pending_overflow_can_be_ignored),
		test(an_overflow_given_up_once_is_waited_for_again),
		test(only_what_was_waited_for_is_given_up),
		test(buffers_are_waited_for),
		test(other_status_bits_come_back),
		cmocka_unit_test(kvm_series_order_is_rejected),
		cmocka_unit_test(pair_order_accepts_the_pair_only),
		cmocka_unit_test(counting_while_switching_is_rejected),
	};

	return cmocka_run_group_tests_name("vpmu", tests, NULL, NULL);
}
