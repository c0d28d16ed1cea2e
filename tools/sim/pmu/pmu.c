// SPDX-License-Identifier: GPL-2.0
/*
 * State, counting and overflow.  The access rules of the MSRs are in
 * pmu_msr.c, the arithmetic of PERF_METRICS in metrics.c.
 */
#include "tools/sim/pmu/pmu_internal.h"

#include <string.h>

const struct pmu_model pmu_model_spr = {
	.version		= PERFMON_V5,
	.nr_gp			= 8,
	.gp_width		= 48,
	.fixed_mask		= 1U << FIXED_INSTRUCTIONS | 1U << FIXED_CORE_CYCLES |
				  1U << FIXED_REF_CYCLES | 1U << FIXED_SLOTS,
	.fixed_width		= 48,
	.perf_capabilities	= PERFCAP_LBR_FORMAT | PERFCAP_PEBS_TRAP |
				  PERFCAP_PEBS_ARCH_REGS |
				  4ULL << PERFCAP_PEBS_FORMAT_SHIFT |
				  PERFCAP_FREEZE_WHILE_SMM |
				  PERFCAP_FULL_WIDTH_WRITE |
				  PERFCAP_PEBS_BASELINE | PERFCAP_PERF_METRICS,
	.level2			= true,
};

/* What happened while one instruction, or a row of plain ones, retired. */
struct tally {
	uint64_t	insns;
	uint64_t	cycles;
	uint64_t	ref_cycles;
	uint64_t	slots;
	uint64_t	branches;
	uint64_t	mispredicts;
	uint64_t	llc_references;
	uint64_t	llc_misses;
	bool		plain;		/* one instruction in each cycle */
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t pmu_counter_bits(const struct pmu_model *model)
{
	uint64_t bits = width_mask(model->nr_gp);

	for (unsigned int i = 0; i < PMU_MAX_FIXED; i++) {
		if (pmu_has_fixed(model, i))
			bits |= GLOBAL_FIXED(i);
	}
	return bits;
}

uint64_t pmu_global_ctrl_valid(const struct pmu_model *model)
{
	uint64_t valid = pmu_counter_bits(model);

	if (pmu_has_cap(model, PERFCAP_PERF_METRICS))
		valid |= GLOBAL_CTRL_METRICS;
	return valid;
}

uint64_t pmu_global_status_valid(const struct pmu_model *model)
{
	uint64_t valid = pmu_counter_bits(model) | GLOBAL_STATUS_TOPA_PMI |
			 GLOBAL_STATUS_OVF_UNCORE | GLOBAL_STATUS_OVF_DS_BUFFER |
			 GLOBAL_STATUS_CONDCHGD;

	if (model->version >= PERFMON_V4)
		valid |= GLOBAL_STATUS_LBR_FRZ | GLOBAL_STATUS_CTR_FRZ |
			 GLOBAL_STATUS_ASCI;
	if (pmu_has_cap(model, PERFCAP_PERF_METRICS))
		valid |= GLOBAL_STATUS_OVF_METRICS;
	return valid;
}

void pmu_cpuid_0xa(const struct pmu_model *model, uint32_t regs[4])
{
	unsigned int contiguous = 0;

	while (pmu_has_fixed(model, contiguous))
		contiguous++;

	regs[0] = model->version | model->nr_gp << CPUID_0A_EAX_NR_GP_SHIFT |
		  model->gp_width << CPUID_0A_EAX_GP_WIDTH_SHIFT |
		  8U << CPUID_0A_EAX_NR_EVENTS_SHIFT;
	regs[1] = 0;	/* a bit set would say that an event is missing */
	regs[2] = model->version >= PERFMON_V5 ? model->fixed_mask : 0;
	regs[3] = contiguous | model->fixed_width << CPUID_0A_EDX_FIXED_WIDTH_SHIFT;
	if (model->version >= PERFMON_V5)
		regs[3] |= CPUID_0A_EDX_ANYTHREAD_DEPRECATED;
}

void pmu_init(struct pmu *pmu, const struct pmu_model *model,
	      const struct pmu_ops *ops, void *ctx)
{
	memset(pmu, 0, sizeof(*pmu));
	pmu->model = model;
	pmu->ops = ops;
	pmu->ctx = ctx;
	pipeline_alloc(&pmu->pipe);
	pmu_reset(pmu);
}

void pmu_free(struct pmu *pmu)
{
	pipeline_free(&pmu->pipe);
}

void pmu_reset(struct pmu *pmu)
{
	struct pmu fresh = {
		.model		= pmu->model,
		.ops		= pmu->ops,
		.ctx		= pmu->ctx,
		.pipe		= pmu->pipe,
		.global_ctrl	= width_mask(pmu->model->nr_gp),
		.misc_enable	= MISC_ENABLE_FAST_STRING | MISC_ENABLE_THERMAL |
				  MISC_ENABLE_PERFMON | MISC_ENABLE_EIST |
				  MISC_ENABLE_MWAIT | MISC_ENABLE_XTPR_DISABLE,
	};

	pipeline_reset(&fresh.pipe);
	*pmu = fresh;
	pmu_update(pmu);
}

static bool gp_is_enabled(const struct pmu *pmu, unsigned int i, bool user)
{
	uint64_t sel = pmu->eventsel[i];

	/* No instruction here ever runs in a transaction. */
	if (!(sel & PERFEVTSEL_EN) || (sel & PERFEVTSEL_IN_TX))
		return false;
	return sel & (user ? PERFEVTSEL_USR : PERFEVTSEL_OS);
}

static bool fixed_is_enabled(const struct pmu *pmu, unsigned int i, bool user)
{
	return pmu->fixed_ctr_ctrl &
	       (user ? FIXED_CTR_CTRL_USR(i) : FIXED_CTR_CTRL_OS(i));
}

static uint64_t enabled_counters(const struct pmu *pmu, bool user)
{
	uint64_t enabled = 0;

	if (pmu->global_status & GLOBAL_STATUS_CTR_FRZ)
		return 0;

	for (unsigned int i = 0; i < pmu->model->nr_gp; i++) {
		if (gp_is_enabled(pmu, i, user))
			enabled |= GLOBAL_GP(i);
	}
	for (unsigned int i = 0; i < PMU_MAX_FIXED; i++) {
		if (fixed_is_enabled(pmu, i, user))
			enabled |= GLOBAL_FIXED(i);
	}
	/* The metrics are shares of what fixed counter 3 counts. */
	if (enabled & pmu->global_ctrl & GLOBAL_FIXED(FIXED_SLOTS))
		enabled |= GLOBAL_CTRL_METRICS;

	if (pmu->model->version >= PERFMON_V2)
		enabled &= pmu->global_ctrl;
	return enabled;
}

static uint64_t event_of(const struct pmu *pmu, unsigned int i)
{
	return pmu->eventsel[i] & (PERFEVTSEL_EVENT | PERFEVTSEL_UMASK);
}

static bool event_needs_insns(uint64_t event)
{
	switch (event) {
	case EVENT_BRANCHES:
	case EVENT_BRANCH_MISSES:
	case EVENT_LLC_REFERENCES:
	case EVENT_LLC_MISSES:
	case EVENT_SLOTS:
		return true;
	default:
		return false;
	}
}

void pmu_update(struct pmu *pmu)
{
	pmu->counting[0] = enabled_counters(pmu, false);
	pmu->counting[1] = enabled_counters(pmu, true);
	pmu->counts_slots = pmu_is_counting(pmu, GLOBAL_FIXED(FIXED_SLOTS));
	pmu->needs_insns = pmu->counts_slots;

	for (unsigned int i = 0; i < pmu->model->nr_gp; i++) {
		if (!pmu_is_counting(pmu, GLOBAL_GP(i)))
			continue;
		pmu->counts_slots |= event_of(pmu, i) == EVENT_SLOTS;
		pmu->needs_insns |= event_needs_insns(event_of(pmu, i));
	}
}

/*
 * Overflow
 */

static void overflow(struct pmu *pmu, uint64_t status, bool interrupt)
{
	pmu->global_status |= status;
	pmu->pmi_due |= interrupt;
}

static void count(struct pmu *pmu, uint64_t *counter, unsigned int width,
		  uint64_t increment, uint64_t status, bool interrupt)
{
	*counter += increment;
	if (*counter <= width_mask(width))
		return;

	*counter &= width_mask(width);
	overflow(pmu, status, interrupt);
}

static void freeze_on_pmi(struct pmu *pmu)
{
	if (pmu->debugctl & DEBUGCTL_FREEZE_LBRS_ON_PMI)
		pmu->global_status |= GLOBAL_STATUS_LBR_FRZ;
	if (!(pmu->debugctl & DEBUGCTL_FREEZE_PERFMON_ON_PMI))
		return;

	if (pmu->model->version >= PERFMON_V4)
		pmu->global_status |= GLOBAL_STATUS_CTR_FRZ;
	else
		pmu->global_ctrl = 0;
	pmu_update(pmu);
}

/* One PMI, however many counters overflowed in the same instruction. */
static void raise_pmi(struct pmu *pmu)
{
	if (!pmu->pmi_due)
		return;

	pmu->pmi_due = false;
	freeze_on_pmi(pmu);
	pmu->ops->pmi(pmu->ctx);
}

/*
 * Counting
 */

static uint64_t tally_of(const struct tally *tally, uint64_t event)
{
	switch (event) {
	case EVENT_CORE_CYCLES:
		return tally->cycles;
	case EVENT_INSTRUCTIONS:
		return tally->insns;
	case EVENT_REF_CYCLES:
		return tally->ref_cycles;
	case EVENT_LLC_REFERENCES:
		return tally->llc_references;
	case EVENT_LLC_MISSES:
		return tally->llc_misses;
	case EVENT_BRANCHES:
		return tally->branches;
	case EVENT_BRANCH_MISSES:
		return tally->mispredicts;
	case EVENT_SLOTS:
		return tally->slots;
	default:
		return 0;
	}
}

/* Events that are the same in every cycle; 0 for those of instructions. */
static uint64_t event_per_cycle(uint64_t event)
{
	switch (event) {
	case EVENT_CORE_CYCLES:
	case EVENT_REF_CYCLES:
		return 1;
	case EVENT_SLOTS:
		return PIPELINE_WIDTH;
	default:
		return 0;
	}
}

static bool counts_cycles(uint64_t sel)
{
	return sel & (PERFEVTSEL_CMASK | PERFEVTSEL_EDGE);
}

/* Does a cycle count in which the event occurred @occurrences times? */
static bool cycle_qualifies(uint64_t sel, uint64_t occurrences)
{
	uint64_t cmask = (sel & PERFEVTSEL_CMASK) >> PERFEVTSEL_CMASK_SHIFT;

	/* INV inverts the comparison, and without CMASK there is none. */
	if (!cmask)
		return occurrences > 0;
	return (occurrences >= cmask) != !!(sel & PERFEVTSEL_INV);
}

/* What @cycles cycles, all alike, add to a counter that counts cycles. */
static uint64_t gp_count_cycles(struct pmu *pmu, unsigned int i, uint64_t cycles,
				uint64_t occurrences)
{
	uint64_t sel = pmu->eventsel[i];
	bool level = cycle_qualifies(sel, occurrences);
	bool rises = level && !pmu->gp_level[i];

	if (!cycles)
		return 0;

	pmu->gp_level[i] = level;
	if (sel & PERFEVTSEL_EDGE)
		return rises;
	return level ? cycles : 0;
}

/*
 * What an instruction does falls into the cycle in which it retires; the other
 * cycles that it took are empty.
 */
static uint64_t gp_count_insn_cycles(struct pmu *pmu, unsigned int i,
				     uint64_t cycles, uint64_t occurrences)
{
	uint64_t increment;

	pmu->gp_in_cycle[i] += occurrences;
	if (!cycles)
		return 0;

	increment = gp_count_cycles(pmu, i, cycles - 1, 0);
	increment += gp_count_cycles(pmu, i, 1, pmu->gp_in_cycle[i]);
	pmu->gp_in_cycle[i] = 0;
	return increment;
}

static uint64_t gp_increment(struct pmu *pmu, unsigned int i,
			     const struct tally *tally)
{
	uint64_t event = event_of(pmu, i);
	uint64_t occurrences = tally_of(tally, event);

	if (!counts_cycles(pmu->eventsel[i]))
		return occurrences;
	if (event_per_cycle(event))
		return gp_count_cycles(pmu, i, tally->cycles, event_per_cycle(event));
	if (tally->plain)
		return gp_count_cycles(pmu, i, tally->cycles,
				       event == EVENT_INSTRUCTIONS);
	return gp_count_insn_cycles(pmu, i, tally->cycles, occurrences);
}

static uint64_t fixed_increment(const struct tally *tally, enum pmu_fixed which)
{
	switch (which) {
	case FIXED_INSTRUCTIONS:
		return tally->insns;
	case FIXED_CORE_CYCLES:
		return tally->cycles;
	case FIXED_REF_CYCLES:
		return tally->ref_cycles;
	case FIXED_SLOTS:
		return tally->slots;
	}
	return 0;
}

static void count_tally(struct pmu *pmu, const struct tally *tally,
			unsigned int cpl)
{
	const struct pmu_model *model = pmu->model;
	uint64_t counting = pmu->counting[pmu_class(cpl)];

	for (unsigned int i = 0; i < model->nr_gp; i++) {
		if (counting & GLOBAL_GP(i))
			count(pmu, &pmu->gp[i], model->gp_width,
			      gp_increment(pmu, i, tally), GLOBAL_GP(i),
			      pmu->eventsel[i] & PERFEVTSEL_INT);
	}
	for (unsigned int i = 0; i < PMU_MAX_FIXED; i++) {
		if (counting & GLOBAL_FIXED(i))
			count(pmu, &pmu->fixed[i], model->fixed_width,
			      fixed_increment(tally, i), GLOBAL_FIXED(i),
			      pmu->fixed_ctr_ctrl & FIXED_CTR_CTRL_PMI(i));
	}
}

/* In the plain model one instruction takes one cycle. */
static uint64_t gp_until_overflow(const struct pmu *pmu, unsigned int i)
{
	uint64_t left = width_mask(pmu->model->gp_width) + 1 - pmu->gp[i];
	uint64_t event = event_of(pmu, i);
	uint64_t sel = pmu->eventsel[i];
	bool occurs = event == EVENT_INSTRUCTIONS || event == EVENT_CORE_CYCLES ||
		      event == EVENT_REF_CYCLES;

	if (!counts_cycles(sel))
		return occurs ? left : UINT64_MAX;
	if (!cycle_qualifies(sel, occurs))
		return UINT64_MAX;
	if (!(sel & PERFEVTSEL_EDGE))
		return left;
	/* The condition rises once, then stays. */
	return !pmu->gp_level[i] && left == 1 ? left : UINT64_MAX;
}

uint64_t pmu_plain_until_overflow(const struct pmu *pmu, unsigned int cpl)
{
	uint64_t counting = pmu->counting[pmu_class(cpl)];
	uint64_t until = UINT64_MAX;

	for (unsigned int i = 0; i < pmu->model->nr_gp; i++) {
		if (counting & GLOBAL_GP(i))
			until = min_u64(until, gp_until_overflow(pmu, i));
	}
	for (unsigned int i = 0; i < FIXED_SLOTS; i++) {
		if (counting & GLOBAL_FIXED(i))
			until = min_u64(until, width_mask(pmu->model->fixed_width) +
					       1 - pmu->fixed[i]);
	}
	return until;
}

static void count_plain_step(struct pmu *pmu, uint64_t insns, uint64_t ref,
			     unsigned int cpl)
{
	struct tally tally = {
		.insns		= insns,
		.cycles		= insns,
		.ref_cycles	= ref,
		.plain		= true,
	};

	count_tally(pmu, &tally, cpl);
	raise_pmi(pmu);
}

/*
 * Stops at each overflow, because what follows it may be frozen.  Instructions
 * and reference cycles run side by side.
 */
void pmu_count_plain(struct pmu *pmu, uint64_t insns, uint64_t ref,
		     unsigned int cpl)
{
	uint64_t until = pmu_plain_until_overflow(pmu, cpl);

	while (insns > until) {
		uint64_t step_ref = min_u64(ref, until);

		count_plain_step(pmu, until, step_ref, cpl);
		insns -= until;
		ref -= step_ref;
		until = pmu_plain_until_overflow(pmu, cpl);
	}
	count_plain_step(pmu, insns, ref, cpl);
}

static uint64_t total_slots(const struct insn_cost *cost)
{
	uint64_t slots = 0;

	for (unsigned int i = 0; i < 4; i++)
		slots += cost->slots[i];
	return slots;
}

/*
 * Without anybody to count slots an instruction takes a cycle, with and
 * without a look at it.  Else a cycle is six slots, and what is left over
 * starts the next one.
 */
static uint64_t insn_cycles(struct pmu *pmu, uint64_t slots)
{
	uint64_t cycles;

	if (!pmu->counts_slots)
		return 1;

	slots += pmu->spare_slots;
	cycles = slots / PIPELINE_WIDTH;
	pmu->spare_slots = slots % PIPELINE_WIDTH;
	return cycles;
}

static bool metrics_overflow(struct pmu *pmu, const struct insn_cost *cost,
			     unsigned int cpl)
{
	uint64_t left = width_mask(pmu->model->fixed_width) - pmu->fixed[FIXED_SLOTS];

	if (!(pmu->counting[pmu_class(cpl)] & GLOBAL_CTRL_METRICS))
		return false;
	return metrics_count(pmu, cost) || total_slots(cost) > left;
}

/* @tally has all but what @cost says. */
static void count_cost(struct pmu *pmu, const struct insn_cost *cost,
		       struct tally tally, unsigned int cpl)
{
	tally.slots = total_slots(cost);
	tally.cycles = insn_cycles(pmu, tally.slots);
	tally.mispredicts = cost->mispredicts;
	tally.llc_references = cost->memory.llc_references;
	tally.llc_misses = cost->memory.llc_misses;

	/* Shares of a counter that wrapped mean nothing: begin anew. */
	if (metrics_overflow(pmu, cost, cpl)) {
		metrics_clear(pmu);
		overflow(pmu, GLOBAL_STATUS_OVF_METRICS,
			 pmu->fixed_ctr_ctrl & FIXED_CTR_CTRL_PMI(FIXED_SLOTS));
	}
	count_tally(pmu, &tally, cpl);
	raise_pmi(pmu);
}

void pmu_count_insn(struct pmu *pmu, const struct insn *insn, unsigned int cpl)
{
	struct tally tally = {
		.insns		= 1,
		.ref_cycles	= 1,
		.branches	= insn->branch != BRANCH_NONE,
	};
	struct insn_cost cost;

	pipeline_cost(&pmu->pipe, insn, &cost);
	count_cost(pmu, &cost, tally, cpl);
}

void pmu_drain(struct pmu *pmu, unsigned int cpl)
{
	struct insn_cost cost;

	if (!pmu_needs_insns(pmu))
		return;
	pipeline_drain(&pmu->pipe, &cost);
	if (total_slots(&cost))
		count_cost(pmu, &cost, (struct tally) { 0 }, cpl);
}
