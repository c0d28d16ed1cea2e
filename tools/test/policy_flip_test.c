// SPDX-License-Identifier: GPL-2.0
/*
 * Each decision of the policy turned round, one at a time: something must turn
 * red. A trap that passes is seen by a guest, who compares what it finds with a
 * bare PMU of its kind while the host has values everywhere, or by the software
 * CPU; a pass that traps, or a trap that behaves as the hardware would, by the
 * policy written out.
 */
#include "tools/test/policy_table.h"
#include "tools/test/walk.h"
#include "vmx/vmx_arch.h"

#define NO_MSR		(~0u)
/* "x2APIC Register Address Space" */
#define X2APIC_FIRST	0x800u
#define X2APIC_LAST	0x8ffu

/* The decision that is turned round. */
static struct {
	u32	msr;
	bool	rdpmc;
} flip = { .msr = NO_MSR };

/* ld --wrap puts these where the core calls the policy. */
enum vpmu_policy __real_vpmu_policy_msr(const struct pmu_caps *hw,
					const struct pmu_caps *shown, u32 msr);
enum vpmu_policy __real_vpmu_policy_rdpmc(const struct pmu_caps *hw,
					  const struct pmu_caps *shown);
enum vpmu_policy __wrap_vpmu_policy_msr(const struct pmu_caps *hw,
					const struct pmu_caps *shown, u32 msr);
enum vpmu_policy __wrap_vpmu_policy_rdpmc(const struct pmu_caps *hw,
					  const struct pmu_caps *shown);

static enum vpmu_policy turned(enum vpmu_policy policy)
{
	return policy == VPMU_PASS ? VPMU_TRAP : VPMU_PASS;
}

enum vpmu_policy __wrap_vpmu_policy_msr(const struct pmu_caps *hw,
					const struct pmu_caps *shown, u32 msr)
{
	enum vpmu_policy policy = __real_vpmu_policy_msr(hw, shown, msr);

	return msr == flip.msr ? turned(policy) : policy;
}

enum vpmu_policy __wrap_vpmu_policy_rdpmc(const struct pmu_caps *hw,
					  const struct pmu_caps *shown)
{
	enum vpmu_policy policy = __real_vpmu_policy_rdpmc(hw, shown);

	return flip.rdpmc ? turned(policy) : policy;
}

/*
 * The guest that looks: everything it can do with one MSR, and RDPMC
 */

static void step(struct walk *w, unsigned int *nr, enum guest_do what, u32 index,
		 u64 val)
{
	assert_true(*nr < WALK_CHUNK);
	w->steps[(*nr)++] = (struct guest_step) { what, index, val };
}

/* RDPMC of every counter there may be. */
static void sweep_rdpmc(struct walk *w, unsigned int *nr)
{
	for (u32 i = 0; i <= PMU_MAX_GP_COUNTERS; i++)
		step(w, nr, GUEST_RDPMC, RDPMC_GP(i), 0);
	for (u32 i = 0; i <= PMU_MAX_FIXED_COUNTERS; i++)
		step(w, nr, GUEST_RDPMC, RDPMC_FIXED(i), 0);
	step(w, nr, GUEST_RDPMC, RDPMC_METRICS, 0);
}

/* What the host has left. */
static const char *look(struct walk *w, u32 msr)
{
	unsigned int nr = 0;

	if (msr != NO_MSR)
		step(w, &nr, GUEST_RDMSR, msr, 0);
	sweep_rdpmc(w, &nr);
	return walk_chunk(w, nr);
}

/*
 * Each bit from @high down to @low, so that what is left at last is a value of
 * few bits. FIXED_CTR3 never comes without PERF_METRICS.
 */
static const char *write_bits(struct walk *w, u32 msr, int high, int low)
{
	unsigned int nr = 0;

	for (int bit = high; bit >= low; bit--) {
		step(w, &nr, GUEST_WRMSR, msr, walk_tame(msr, TMAV_BIT(bit)));
		if (msr == IA32_FIXED_CTR3)
			step(w, &nr, GUEST_WRMSR, IA32_PERF_METRICS, 0);
		if (!(bit % 8))
			step(w, &nr, GUEST_RDMSR, msr, 0);
	}
	return walk_chunk(w, nr);
}

static const char *write_and_read(struct walk *w, u32 msr)
{
	const char *difference = NULL;

	for (int high = 63; high > 0 && !difference; high -= 16)
		difference = write_bits(w, msr, high, high - 15);
	return difference ?: look(w, msr);
}

/*
 * Metrics of both levels, and the slots that they are shares of. Read while
 * they count: a trap that stops them takes out what is not shown.
 */
static const char *count(struct walk *w, u32 msr)
{
	u64 slots = (GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_CTRL_METRICS) &
		    pmu_global_ctrl_valid(&w->model);
	unsigned int nr = 0;

	if (!(slots & GLOBAL_CTRL_METRICS))
		return NULL;
	step(w, &nr, GUEST_WRMSR, IA32_FIXED_CTR3, 0);
	step(w, &nr, GUEST_WRMSR, IA32_PERF_METRICS, 0);
	step(w, &nr, GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	step(w, &nr, GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, slots);
	step(w, &nr, GUEST_SLOTS, 0, 50);
	sweep_rdpmc(w, &nr);
	if (msr != NO_MSR)
		step(w, &nr, GUEST_RDMSR, msr, 0);
	step(w, &nr, GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0);
	return walk_chunk(w, nr);
}

/* How the guest, or the host, notices; NULL if nobody does. */
static const char *behaviour(struct core *core, const char *profile, u32 msr)
{
	static char why[sizeof(((struct walk *)0)->difference)];
	const char *difference;
	struct walk w;

	walk_begin(&w, core, profile);
	core->cpu->counts_accesses = false;
	difference = look(&w, msr);
	if (!difference && msr != NO_MSR)
		difference = write_and_read(&w, msr);
	if (!difference)
		difference = count(&w, msr);
	if (difference)
		strcpy(why, difference);
	walk_end(&w);
	return difference ? why : NULL;
}

/* A new machine each time: a flip may have spoilt the last one. */
static const char *judge(const char *profile, u32 msr)
{
	const char *difference;
	struct core *core;
	void *state;

	assert_int_equal(core_setup(&state), 0);
	core = state;
	difference = behaviour(core, profile, msr);
	core->cpu->complaints = 0;
	assert_int_equal(core_teardown(&state), 0);
	return difference;
}

/*
 * The flips
 */

struct tally {
	unsigned int	flips;
	unsigned int	by_behaviour;	/* and by the table */
	unsigned int	by_table;	/* alone */
	unsigned int	trap_to_pass;
};

static const struct { u32 first, last; } ranges[] = {
	{ IA32_PMC0, IA32_PMC0 + PMU_MAX_GP_COUNTERS },
	{ IA32_PERFEVTSEL0, IA32_PERFEVTSEL0 + PMU_MAX_GP_COUNTERS },
	{ IA32_A_PMC0, IA32_A_PMC0 + PMU_MAX_GP_COUNTERS },
	{ IA32_FIXED_CTR0, IA32_FIXED_CTR3 },
	{ IA32_PERF_METRICS, IA32_PERF_METRICS },
	{ IA32_PERF_GLOBAL_STATUS, IA32_PERF_GLOBAL_STATUS },
	{ IA32_PERF_GLOBAL_CTRL, IA32_PERF_GLOBAL_CTRL },
	{ IA32_PERF_GLOBAL_STATUS_RESET, IA32_PERF_GLOBAL_STATUS_RESET },
	{ X2APIC_FIRST, X2APIC_LAST },
};

struct fixture {
	const struct policy_row	*row;
	struct pmu_caps		hw, shown;	/* of that row */
	struct tally		tally;
};

static bool passes(const struct fixture *f, u32 msr)
{
	return vpmu_policy_msr(&f->hw, &f->shown, msr) == VPMU_PASS;
}

static bool table_notices(const struct fixture *f, u32 msr)
{
	return passes(f, msr) != policy_passes(f->row, &f->shown, msr);
}

/*
 * Traps by which the guest is told what the hardware would have told it: all
 * that load leaves in these registers is the guest's own, and where the masks
 * are equal, so is what can be written. They trap all the same, for what a
 * profile, or a CPU, may have tomorrow.
 */
static bool cannot_differ(const struct fixture *f, u32 msr)
{
	if (!f->shown.version)
		return false;
	switch (msr) {
	case IA32_PERF_GLOBAL_INUSE:
	case IA32_PERF_GLOBAL_STATUS:
		return true;
	case IA32_PERF_GLOBAL_CTRL:
	case IA32_PERF_GLOBAL_STATUS_RESET:
	case IA32_PERF_GLOBAL_STATUS_SET:
		return pmu_global_ctrl_mask(&f->hw) == pmu_global_ctrl_mask(&f->shown);
	}
	return false;
}

static void count_flip(struct tally *tally, bool trap_to_pass, bool noticed)
{
	tally->flips++;
	tally->by_behaviour += noticed;
	tally->by_table += !noticed;
	tally->trap_to_pass += trap_to_pass;
}

static void flip_msr(struct fixture *f, u32 msr)
{
	bool passed = passes(f, msr);
	const char *unflipped = judge(f->row->profile, msr);
	const char *noticed;

	/* Or the judge would see red everywhere. */
	if (unflipped)
		fail_msg("profile %s, MSR %#x: %s", f->row->profile, msr, unflipped);
	assert_false(table_notices(f, msr));
	flip.msr = msr;
	noticed = judge(f->row->profile, msr);
	assert_true(table_notices(f, msr));
	flip.msr = NO_MSR;
	/* Nor where it passed: emulation is as good as the hardware. */
	if (!noticed != (passed || cannot_differ(f, msr)))
		fail_msg("profile %s, MSR %#x turned round: %s", f->row->profile,
			 msr, noticed ?: "nobody notices");
	count_flip(&f->tally, !passed, noticed);
}

static void flip_rdpmc(struct fixture *f)
{
	bool passed = policy_passes_rdpmc(f->row);
	const char *noticed;

	assert_null(judge(f->row->profile, NO_MSR));
	flip.rdpmc = true;
	noticed = judge(f->row->profile, NO_MSR);
	flip.rdpmc = false;
	if (!passed && !noticed)
		fail_msg("profile %s: nobody notices that RDPMC passes",
			 f->row->profile);
	assert_false(passed && noticed);
	count_flip(&f->tally, !passed, noticed);
}

static void flip_row(struct fixture *f)
{
	flip_rdpmc(f);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(ranges); i++)
		for (u32 msr = ranges[i].first; msr <= ranges[i].last; msr++)
			flip_msr(f, msr);
	for (size_t i = 0; i < POLICY_ALWAYS_TRAPPED; i++)
		flip_msr(f, policy_always_trapped[i]);
}

static void begin_row(struct fixture *f, const struct policy_row *row)
{
	struct core *core;
	void *state;

	assert_int_equal(core_setup(&state), 0);
	core = state;
	core_profile(core, row->profile);
	f->row = row;
	f->hw = *core->run.vpmu.hw;
	f->shown = core->run.vpmu.shown;
	assert_int_equal(core_teardown(&state), 0);
}

/*
 * Each row of the policy, each MSR that it speaks of, and RDPMC. Expect: a test
 * turns red, and a guest that could see more or reach more is what does it.
 */
static void no_decision_can_be_turned_round(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	for (size_t i = 0; i < POLICY_ROWS; i++) {
		begin_row(&f, &policy_rows[i]);
		flip_row(&f);
	}
	print_message("# %u flips, %u of them from trap to pass\n", f.tally.flips,
		      f.tally.trap_to_pass);
	print_message("# noticed by behaviour: %u\n", f.tally.by_behaviour);
	print_message("# by the policy table alone: %u, %u of them from trap to pass\n",
		      f.tally.by_table,
		      f.tally.trap_to_pass - f.tally.by_behaviour);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_decision_can_be_turned_round),
	};

	return cmocka_run_group_tests_name("policy_flip", tests, NULL, NULL);
}
