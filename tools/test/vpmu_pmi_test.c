// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's PMI: from the overflow through the hardware's LVTPC, an NMI and
 * the guest's local APIC to the guest, once, whatever happens on the way; and
 * perf never has part in it.
 */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

enum { VECTOR = 0xec };

/* Overflows with the next instruction that it counts. */
#define ALMOST		((1ULL << 48) - 1)
#define SELECT		(EVENT_INSTRUCTIONS | PERFEVTSEL_OS | PERFEVTSEL_EN)
#define SELECT_INT	(SELECT | PERFEVTSEL_INT)

/* An APIC that is on, with @lvt; counter 0 about to overflow and running. */
#define APIC_ON(lvt)							\
	{ GUEST_WRMSR, IA32_X2APIC_SIVR, APIC_SVR_ENABLE | APIC_SVR_VECTOR }, \
	{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, lvt }
#define COUNTER_READY(select)						\
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },			\
	{ GUEST_WRMSR, IA32_PMC0, ~0U },				\
	{ GUEST_WRMSR, IA32_PERFEVTSEL0, select }
#define COUNTER_ON	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) }
#define ONE_INSN	{ GUEST_COUNT, .val = 1 }
#define SOME_INSNS	{ GUEST_COUNT, .val = 20 }
#define EOI		{ GUEST_WRMSR, IA32_X2APIC_EOI, 0 }

static int setup(void **state)
{
	int err = core_setup(state);

	core_remember(*state);
	return err;
}

/* What no PMI of a guest's may lead to. */
static int teardown(void **state)
{
	struct core *core = *state;

	core_assert_untouched(core);
	assert_int_equal(core->cpu->unknown_nmis, 0);
	assert_int_equal(core->cpu->perf.handled, 0);
	return core_teardown(state);
}

static struct soft_guest *run(struct core *core)
{
	assert_int_equal(core_run(core), RUN_DONE);
	return &core->cpu->guest;
}

#define run_guest(core, ...) ({ core_guest(core, __VA_ARGS__, GUEST_DONE); run(core); })

/* Expect: an overflow is one interrupt with the vector of the LVT entry. */
static void an_overflow_is_one_interrupt(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS);

	assert_int_equal(guest->vectors, 1);
	assert_int_equal(guest->last_vector, VECTOR);
	assert_int_equal(guest->nmis, 0);
}

/* Expect: STATUS has the overflow, and the entry is masked. */
static void status_is_set_and_the_entry_masked(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS,
		{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS },
		{ GUEST_RDMSR, IA32_X2APIC_LVT_PMI });

	assert_int_equal(guest->result[8].val, GLOBAL_GP(0));
	assert_int_equal(guest->result[9].val, VECTOR | LVT_MASKED);
}

/* Expect: in NMI mode it is one NMI. */
static void an_nmi_if_the_entry_says_so(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(LVT_DELIVERY_NMI),
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS);

	assert_int_equal(guest->nmis, 1);
	assert_int_equal(guest->vectors, 0);
}

/* Expect: no PMI from a masked entry, but STATUS. */
static void a_masked_entry_takes_none(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR | LVT_MASKED),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS,
		{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS });

	assert_int_equal(guest->vectors + guest->nmis, 0);
	assert_int_equal(guest->result[8].val, GLOBAL_GP(0));
}

/* A disabled APIC is as good. Expect: none. */
static void a_disabled_apic_takes_none(void **state)
{
	struct soft_guest *guest = run_guest(*state,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR },
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS);

	assert_int_equal(guest->vectors + guest->nmis, 0);
}

/* Expect: a counter that doesn't ask for it raises none. */
static void without_int_there_is_none(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR),
		COUNTER_READY(SELECT), { GUEST_STI }, COUNTER_ON, SOME_INSNS,
		{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS });

	assert_int_equal(guest->vectors, 0);
	assert_int_equal(guest->result[8].val, GLOBAL_GP(0));
}

/* Expect: STATUS_SET, and counters written close to the end, raise none. */
static void writes_raise_none(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(0) }, SOME_INSNS);

	assert_int_equal(guest->vectors, 0);
}

/*
 * Expect: a second overflow raises none until the guest unmasks the entry, and
 * then the third one does, though STATUS was set all along.
 */
static void one_until_it_is_unmasked(void **state)
{
	struct core *core = *state;
	struct soft_guest *guest = run_guest(core, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS, EOI,
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS);

	assert_int_equal(guest->vectors, 1);
	guest = run_guest(core, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS, EOI,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR },
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS);
	assert_int_equal(guest->vectors, 2);
}

/* Expect: without EOI the second one waits; it comes with the EOI. */
static void the_second_one_waits_for_eoi(void **state)
{
	struct core *core = *state;
	struct soft_guest *guest = run_guest(core, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR },
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS);

	assert_int_equal(guest->vectors, 1);
	guest = run_guest(core, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, SOME_INSNS,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR },
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS, EOI, ONE_INSN);
	assert_int_equal(guest->vectors, 2);
}

/* Expect: two counters that overflow with one instruction raise one. */
static void overflows_at_once_are_one(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_WRMSR, IA32_PMC0 + 1, ~0U },
		{ GUEST_WRMSR, IA32_PERFEVTSEL0 + 1, SELECT_INT }, { GUEST_STI },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) | GLOBAL_GP(1) },
		SOME_INSNS, { GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS });

	assert_int_equal(guest->vectors, 1);
	assert_int_equal(guest->result[10].val, GLOBAL_GP(0) | GLOBAL_GP(1));
}

/* Expect: with interrupts off it waits, through slices, for the STI. */
static void it_waits_for_sti(void **state)
{
	struct core *core = *state;
	struct soft_guest *guest = run_guest(core, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS, { GUEST_TIMER },
		{ GUEST_INTERRUPT }, SOME_INSNS);

	assert_int_equal(guest->vectors, 0);
	guest = run_guest(core, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS, { GUEST_TIMER },
		{ GUEST_INTERRUPT }, SOME_INSNS, { GUEST_STI }, ONE_INSN);
	assert_int_equal(guest->vectors, 1);
	assert_int_equal(core->run.exits[EXIT_INTERRUPT_WINDOW], 1);
	assert_int_equal(core->run.cpu_controls & CPU_INTERRUPT_WINDOW_EXITING, 0);
}

/* Expect: in an NMI handler the next NMI waits for the IRET. */
static void an_nmi_waits_for_iret(void **state)
{
	struct core *core = *state;
	struct soft_guest *guest = run_guest(core, APIC_ON(LVT_DELIVERY_NMI),
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, LVT_DELIVERY_NMI },
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS, { GUEST_TIMER },
		{ GUEST_IRET }, ONE_INSN);

	assert_int_equal(guest->nmis, 2);
	assert_int_equal(core->run.exits[EXIT_NMI_WINDOW], 1);
}

/*
 * With the shadow of a MOV SS, and without. Expect: a fault that is injected goes
 * first, the interrupt right after it.
 */
static void a_fault_goes_first(void **state)
{
	struct core *core = *state;
	struct soft_guest *guest;

	core->cpu->pmi_skid = 1;
	guest = run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
		{ GUEST_STI }, COUNTER_ON, ONE_INSN,
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_INUSE, 1 }, ONE_INSN);
	assert_true(guest->result[8].fault);
	assert_int_equal(guest->vectors, 1);
	guest = run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
		{ GUEST_STI }, ONE_INSN, COUNTER_ON, ONE_INSN,
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_INUSE, 1 }, ONE_INSN);
	assert_true(guest->result[9].fault);
	assert_int_equal(guest->vectors, 1);
}

/*
 * The counter overflows with the very instruction that writes the entry. Expect:
 * the PMI has the vector from before, and the entry is as written.
 */
static void a_pmi_finds_the_entry_as_it_was(void **state)
{
	enum { OTHER_VECTOR = 0x50 };
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, OTHER_VECTOR }, ONE_INSN,
		{ GUEST_RDMSR, IA32_X2APIC_LVT_PMI });

	assert_int_equal(guest->vectors, 1);
	assert_int_equal(guest->last_vector, VECTOR);
	assert_int_equal(guest->result[9].val, OTHER_VECTOR);
}

/* Its NMI is still to come. Expect: noted once, and LVTPC closed without the mark. */
static void a_pmi_is_noted_once(void **state)
{
	struct core *core = *state;
	struct vpmu *vpmu = &core->run.vpmu;

	core_enter_root(core);
	assert_int_equal(vpmu_load(vpmu, &core->run.vmcs, true), 0);
	vpmu_arm_pmi(vpmu, true);
	assert_int_equal(core->cpu->lvtpc & (LVT_MASKED | LVT_DELIVERY_MODE), LVT_DELIVERY_NMI);
	core->cpu->lvtpc |= LVT_MASKED;
	vpmu_look_for_pmi(vpmu);
	assert_true(vpmu_take_pmi(vpmu));
	assert_int_equal(core->cpu->lvtpc, LVT_DELIVERY_NMI | LVT_MASKED);
	vpmu_look_for_pmi(vpmu);
	assert_false(vpmu_take_pmi(vpmu));
	assert_true(vpmu_claim_nmi(vpmu));
	vpmu_put(vpmu, &core->run.vmcs, true);
	core_leave_root(core);
}

/*
 * Where the overflow meets a switch
 */

/*
 * Hardware operations from an overflow to the local APIC: all that a put has
 * before it gives LVTPC back. A PMI that takes longer would be the host's.
 */
enum { MAX_SKID = 48 };

/* A PMI that comes while the guest's PMU is put out. Expect: once, next slice. */
static void skid_into_a_put_loses_none(void **state)
{
	struct core *core = *state;

	for (unsigned int skid = 0; skid < MAX_SKID; skid++) {
		struct soft_guest *guest;

		core->cpu->pmi_skid = skid;
		guest = run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
			{ GUEST_STI }, COUNTER_ON, ONE_INSN, { GUEST_TIMER }, ONE_INSN,
			{ GUEST_TIMER }, ONE_INSN);
		if (guest->vectors != 1 || core->cpu->unknown_nmis)
			fail_msg("skid %u: %u interrupts, %u unknown NMIs", skid,
				 guest->vectors, core->cpu->unknown_nmis);
		core_assert_untouched(core);
	}
}

/* A PMI that comes in an exit that is handled. Expect: once. */
static void skid_into_an_exit_loses_none(void **state)
{
	struct core *core = *state;

	for (unsigned int skid = 0; skid < MAX_SKID; skid++) {
		struct soft_guest *guest;

		core->cpu->pmi_skid = skid;
		guest = run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
			{ GUEST_STI }, COUNTER_ON, ONE_INSN, { GUEST_CPUID }, ONE_INSN,
			{ GUEST_WRMSR, IA32_PERFEVTSEL0 + 2, 0 }, { GUEST_TIMER }, ONE_INSN);
		if (guest->vectors != 1)
			fail_msg("skid %u: %u interrupts", skid, guest->vectors);
		core_assert_untouched(core);
	}
}

static struct soft_guest *pmi_with_nmi_at(struct core *core, unsigned int step)
{
	core->cpu->steps = 0;
	core->cpu->nmi_at[0] = step;
	soft_forget_trace(core->cpu);
	return run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
		{ GUEST_STI }, COUNTER_ON, ONE_INSN, { GUEST_CPUID }, SOME_INSNS,
		{ GUEST_TIMER }, ONE_INSN, { GUEST_RDPMC, RDPMC_GP(0) });
}

/* An NMI of the host's at each step of the run. Expect: one PMI, the same count. */
static void a_host_nmi_anywhere_changes_nothing(void **state)
{
	enum { SKIDS = 3 };
	static const unsigned int skids[SKIDS] = { 0, 2, 15 };
	struct core *core = *state;

	core->cpu->any_order = true;
	for (unsigned int s = 0; s < SKIDS; s++) {
		unsigned int steps, injected = core->cpu->injected;
		u64 count;

		core->cpu->pmi_skid = skids[s];
		count = pmi_with_nmi_at(core, 0)->result[12].val;
		steps = core->cpu->steps;
		for (unsigned int step = 1; step <= steps; step++) {
			struct soft_guest *guest = pmi_with_nmi_at(core, step);

			if (guest->vectors != 1 || guest->result[12].val != count ||
			    core->cpu->unknown_nmis)
				fail_msg("skid %u, NMI at %u: %u interrupts, count %llu, %u unknown",
					 skids[s], step, guest->vectors,
					 guest->result[12].val, core->cpu->unknown_nmis);
		}
		/* Some fall while NMIs are blocked, and come as one. */
		assert_true(core->cpu->injected - injected > steps * 9 / 10);
	}
	core->cpu->nmi_at[0] = 0;
}

/* Each NMI is claimed once. Expect: one that follows is the host's to explain. */
static void a_claim_is_good_for_one_nmi(void **state)
{
	struct core *core = *state;
	struct vpmu *vpmu = &core->run.vpmu;

	run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT), { GUEST_STI },
		COUNTER_ON, SOME_INSNS);
	assert_false(vpmu_claim_nmi(vpmu));
	vpmu_nmi_enter(vpmu);
	assert_false(vpmu_claim_nmi(vpmu));
	vpmu_nmi_leave(vpmu);
}

/* How many VM entries had LVTPC open, and how many masked. */
static void count_entries(const struct soft_cpu *cpu, unsigned int *open,
			  unsigned int *masked)
{
	u64 lvtpc = 0;

	*open = *masked = 0;
	for (unsigned int i = 0; i < cpu->nr_ops; i++) {
		if (cpu->ops[i].kind == OP_LVTPC_WRITE)
			lvtpc = cpu->ops[i].val;
		if (cpu->ops[i].kind != OP_ENTRY)
			continue;
		*(lvtpc & LVT_MASKED ? masked : open) += 1;
	}
}

/* Expect: a guest that wants no PMI never runs with LVTPC open. */
static void lvtpc_is_masked_without_a_pmi(void **state)
{
	struct core *core = *state;
	unsigned int open, masked;

	run_guest(core, COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS, { GUEST_TIMER },
		  SOME_INSNS);
	count_entries(core->cpu, &open, &masked);
	assert_int_equal(open, 0);
	assert_int_equal(masked, 3);
}

/* Expect: LVTPC is open from the unmasking of the guest's entry to its PMI. */
static void lvtpc_follows_the_guests_entry(void **state)
{
	struct core *core = *state;
	unsigned int open, masked;

	/* Open: after LVT, the timer, the selector. Else: first, SIVR, after the PMI. */
	run_guest(core, APIC_ON(VECTOR), { GUEST_TIMER }, COUNTER_READY(SELECT_INT),
		  COUNTER_ON, SOME_INSNS, { GUEST_TIMER });
	count_entries(core->cpu, &open, &masked);
	assert_int_equal(open, 3);
	assert_int_equal(masked, 4);
}

/* No overflow, and an NMI of the host's at each step. Expect: never a PMI. */
static void a_host_nmi_makes_no_pmi(void **state)
{
	static const struct guest_step steps[] = {
		APIC_ON(VECTOR), { GUEST_STI }, ONE_INSN,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR | LVT_MASKED }, ONE_INSN,
		{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR }, ONE_INSN, { GUEST_TIMER },
		{ GUEST_CPUID }, { GUEST_WRMSR, IA32_PERFEVTSEL0, 0 }, ONE_INSN, GUEST_DONE,
	};
	struct core *core = *state;
	unsigned int steps_of_run = 1;

	core->cpu->any_order = true;
	for (unsigned int step = 0; step <= steps_of_run; step++) {
		core->cpu->steps = 0;
		core->cpu->nmi_at[0] = step;
		soft_forget_trace(core->cpu);
		core_program(core, steps, TMAV_ARRAY_SIZE(steps));
		if (run(core)->vectors || vpmu_claim_nmi(&core->run.vpmu))
			fail_msg("an NMI at step %u made a PMI", step);
		if (!step)
			steps_of_run = core->cpu->steps;
	}
	core->cpu->nmi_at[0] = 0;
}

/*
 * An overflow in hardware that is late, and one in emulation right behind it.
 * Expect: the entry was masked by the first, so there is one; no NMI is unknown.
 */
static void emulation_and_hardware_are_one(void **state)
{
	struct core *core = *state;

	for (unsigned int skid = 0; skid < MAX_SKID; skid++) {
		struct soft_guest *guest;

		core->cpu->pmi_skid = skid;
		guest = run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
			{ GUEST_WRMSR, IA32_FIXED_CTR0, ALMOST - 1 },
			{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL,
			  FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_PMI(0) },
			{ GUEST_STI },
			{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL,
			  GLOBAL_GP(0) | GLOBAL_FIXED(0) },
			ONE_INSN, { GUEST_CPUID }, ONE_INSN, { GUEST_TIMER }, ONE_INSN,
			EOI, ONE_INSN);
		if (guest->vectors != 1 || core->cpu->unknown_nmis)
			fail_msg("skid %u: %u interrupts, %u unknown NMIs", skid,
				 guest->vectors, core->cpu->unknown_nmis);
	}
}

/* The guest masks its entry with a PMI on its way. Expect: none unknown, one at most. */
static void masking_a_late_pmi_leaves_no_unknown_nmi(void **state)
{
	struct core *core = *state;

	for (unsigned int skid = 0; skid < MAX_SKID; skid++) {
		struct soft_guest *guest;

		core->cpu->pmi_skid = skid;
		guest = run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
			{ GUEST_STI }, COUNTER_ON, ONE_INSN,
			{ GUEST_WRMSR, IA32_X2APIC_LVT_PMI, VECTOR | LVT_MASKED },
			ONE_INSN, { GUEST_TIMER }, ONE_INSN);
		if (guest->vectors > 1 || core->cpu->unknown_nmis)
			fail_msg("skid %u: %u interrupts, %u unknown NMIs", skid,
				 guest->vectors, core->cpu->unknown_nmis);
	}
}

/* Expect: after a slice with a PMI, no other NMI is claimed. */
static void no_claim_outlives_the_slice(void **state)
{
	struct core *core = *state;

	core_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT), { GUEST_STI },
		   COUNTER_ON, SOME_INSNS, { GUEST_TIMER }, GUEST_DONE);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_MORE);
	assert_false(vpmu_claim_nmi(&core->run.vpmu));
	assert_int_equal(core_run(core), RUN_DONE);
}

/*
 * An NMI that comes to a guest in the shadow of an STI. Expect: a window that
 * opens behind it, not an exit at the same instruction again and again.
 */
static void an_nmi_waits_for_the_end_of_an_sti_shadow(void **state)
{
	struct core *core = *state;
	struct soft_guest *guest;

	core->cpu->pmi_skid = 3;
	guest = run_guest(core, APIC_ON(LVT_DELIVERY_NMI), COUNTER_READY(SELECT_INT),
		COUNTER_ON, ONE_INSN, { GUEST_STI }, { GUEST_TIMER }, ONE_INSN, ONE_INSN);
	assert_int_equal(guest->nmis, 1);
	assert_int_equal(core->run.exits[EXIT_INTERRUPT_WINDOW], 1);
	assert_int_equal(core->run.exits[EXIT_NMI_WINDOW], 0);
}

/*
 * Instructions that are executed for the guest
 */

/* Expect: an emulated instruction that overflows a counter raises it too. */
static void emulation_raises_it(void **state)
{
	static const char *const profiles[] = { "full", "nometrics", "narrow" };
	struct core *core = *state;

	for (size_t p = 0; p < TMAV_ARRAY_SIZE(profiles); p++) {
		struct soft_guest *guest;

		core_profile(core, profiles[p]);
		guest = run_guest(core, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT),
			{ GUEST_STI }, COUNTER_ON, { GUEST_CPUID }, ONE_INSN,
			{ GUEST_RDMSR, IA32_PERF_GLOBAL_STATUS });
		assert_int_equal(guest->vectors, 1);
		assert_int_equal(guest->result[9].val, GLOBAL_GP(0));
	}
}

/* Expect: fixed counter 0 asks by its own bit. */
static void emulation_asks_the_fixed_counter(void **state)
{
	static const u64 ctrl[] = {
		FIXED_CTR_CTRL_OS(0), FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_PMI(0),
	};
	struct core *core = *state;

	for (u32 asks = 0; asks < 2; asks++) {
		const struct guest_step steps[] = {
			APIC_ON(VECTOR), { GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
			{ GUEST_WRMSR, IA32_FIXED_CTR0, ALMOST },
			{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, ctrl[asks] }, { GUEST_STI },
			{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(0) },
			{ GUEST_CPUID }, ONE_INSN, GUEST_DONE,
		};

		core_program(core, steps, TMAV_ARRAY_SIZE(steps));
		assert_int_equal(run(core)->vectors, asks);
	}
}

/* Expect: an emulated overflow with the entry masked raises none. */
static void emulation_respects_the_mask(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR | LVT_MASKED),
		COUNTER_READY(SELECT_INT), { GUEST_STI }, COUNTER_ON, { GUEST_CPUID },
		ONE_INSN);

	assert_int_equal(guest->vectors, 0);
}

/*
 * HLT
 */

#define HLT	{ GUEST_EXIT, EXIT_HLT }

/* Expect: a PMI that is pending wakes the guest. */
static void a_pmi_ends_hlt(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(LVT_DELIVERY_NMI),
		COUNTER_READY(SELECT_INT), COUNTER_ON, HLT, ONE_INSN);

	assert_int_equal(guest->nmis, 1);
}

/* "STI; HLT", the way in which systems wait. Expect: the shadow ends with HLT. */
static void sti_hlt_takes_what_was_pending(void **state)
{
	struct soft_guest *guest = run_guest(*state, APIC_ON(VECTOR),
		COUNTER_READY(SELECT_INT), COUNTER_ON, SOME_INSNS, { GUEST_STI }, HLT,
		ONE_INSN);

	assert_int_equal(guest->vectors, 1);
}

/* A PMI still on its way when the guest halts. Expect: it wakes. */
static void a_late_pmi_ends_hlt(void **state)
{
	struct core *core = *state;

	for (unsigned int skid = 0; skid < MAX_SKID; skid++) {
		core->cpu->pmi_skid = skid;
		assert_int_equal(run_guest(core, APIC_ON(VECTOR),
			COUNTER_READY(SELECT_INT), COUNTER_ON, ONE_INSN, { GUEST_STI },
			HLT, ONE_INSN)->vectors, 1);
	}
}

static void halts_for_good(struct core *core)
{
	assert_int_equal(core_run(core), -EIO);
	assert_true(soft_logged(core->cpu, "the guest has halted and nothing can wake it"));
}

/* Expect: a guest that waits for nothing ends the run, with a line. */
static void hlt_for_nothing_ends_the_run(void **state)
{
	core_guest(*state, { GUEST_STI }, HLT, GUEST_DONE);
	halts_for_good(*state);
}

/* Expect: nor does an interrupt wake it that RFLAGS.IF keeps out. */
static void hlt_with_interrupts_off_ends_the_run(void **state)
{
	core_guest(*state, APIC_ON(VECTOR), COUNTER_READY(SELECT_INT), COUNTER_ON,
		   SOME_INSNS, HLT, GUEST_DONE);
	halts_for_good(*state);
}

/* Expect: MOV DR is #UD, and the guest goes on. */
static void mov_dr_is_ud(void **state)
{
	struct soft_guest *guest = run_guest(*state, { GUEST_EXIT, EXIT_MOV_DR }, ONE_INSN);

	assert_true(guest->result[0].fault);
}

/*
 * VM entry
 */

/* An NMI spoils the entry that has an event. Expect: the event isn't lost or doubled. */
static void a_spoilt_entry_keeps_its_event(void **state)
{
	struct core *core = *state;
	unsigned int spoilt = 0;

	core->cpu->any_order = true;
	for (unsigned int step = 1; step <= 1000; step++) {
		struct soft_guest *guest = pmi_with_nmi_at(core, step);

		spoilt += core->run.vpmu.nmis;
		assert_int_equal(guest->vectors, 1);
	}
	assert_true(spoilt);
	core->cpu->nmi_at[0] = 0;
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_overflow_is_one_interrupt),
		test(status_is_set_and_the_entry_masked),
		test(an_nmi_if_the_entry_says_so),
		test(a_masked_entry_takes_none),
		test(a_disabled_apic_takes_none),
		test(without_int_there_is_none),
		test(writes_raise_none),
		test(one_until_it_is_unmasked),
		test(the_second_one_waits_for_eoi),
		test(overflows_at_once_are_one),
		test(it_waits_for_sti),
		test(an_nmi_waits_for_iret),
		test(a_fault_goes_first),
		test(a_pmi_finds_the_entry_as_it_was),
		test(a_pmi_is_noted_once),
		test(skid_into_a_put_loses_none),
		test(skid_into_an_exit_loses_none),
		test(a_host_nmi_anywhere_changes_nothing),
		test(a_claim_is_good_for_one_nmi),
		test(lvtpc_is_masked_without_a_pmi),
		test(lvtpc_follows_the_guests_entry),
		test(a_host_nmi_makes_no_pmi),
		test(emulation_and_hardware_are_one),
		test(masking_a_late_pmi_leaves_no_unknown_nmi),
		test(no_claim_outlives_the_slice),
		test(an_nmi_waits_for_the_end_of_an_sti_shadow),
		test(emulation_raises_it),
		test(emulation_asks_the_fixed_counter),
		test(emulation_respects_the_mask),
		test(a_pmi_ends_hlt),
		test(sti_hlt_takes_what_was_pending),
		test(a_late_pmi_ends_hlt),
		test(hlt_for_nothing_ends_the_run),
		test(hlt_with_interrupts_off_ends_the_run),
		test(mov_dr_is_ud),
		test(a_spoilt_entry_keeps_its_event),
	};

	return cmocka_run_group_tests_name("vpmu_pmi", tests, NULL, NULL);
}
