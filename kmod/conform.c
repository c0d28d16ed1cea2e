// SPDX-License-Identifier: GPL-2.0
/* The script of a case: written, run, compared. */
#include "kmod/conform_internal.h"
#include "vmx/vmx_arch.h"

/* Why a case is skipped that needs what there is not; the first that fits. */
static const struct {
	enum conform_needs	need;
	const char		*reason;
} reasons[] = {
	{ NEED_PMU,		"no PMU" },
	{ NEED_METRICS,		"no PERF_METRICS, or slots are denied" },
	{ NEED_NO_METRICS,	"PERF_METRICS is there" },
	{ NEED_NO_LEVEL2,	"no PERF_METRICS, or with level 2" },
	{ NEED_GP,		"no general counter" },
	{ NEED_FULL_WIDTH,	"no full-width writes" },
	{ NEED_NO_FULL_WIDTH,	"full-width writes" },
	{ NEED_HIDDEN,		"all counters are there" },
	{ NEED_COUNTER,		"no counter for instructions, or they are denied" },
	{ NEED_TWO_COUNTERS,	"not two counters for instructions, or they are denied" },
	{ NEED_SLOTS,		"no fixed counter 3, or slots are denied" },
	{ NEED_DENY,		"no deny=" },
	{ NEED_FIXED,		"no fixed counter" },
	{ NEED_NO_PMU,		"there is a PMU" },
	{ NEED_DENY_FIXED,	"no event of a fixed counter is denied" },
};

u64 conform_width_mask(u32 width)
{
	return TMAV_BIT(width) - 1;
}

bool conform_has_fixed(const struct conform *c, u32 i)
{
	return c->shown->fixed_mask >> i & 1;
}

u64 conform_counter_bits(const struct conform *c)
{
	return (TMAV_BIT(c->shown->nr_gp) - 1) |
	       (u64)c->shown->fixed_mask << GLOBAL_FIXED_SHIFT |
	       (c->shown->metrics ? GLOBAL_CTRL_METRICS : 0);
}

static bool counts(const struct conform *c, u64 event)
{
	return !filter_denies(c->deny, event);
}

static bool fixed_counts(const struct conform *c, u32 i)
{
	return conform_has_fixed(c, i) && !filter_denies_fixed(c->deny, i);
}

static bool denies_fixed(const struct conform *c)
{
	u32 i;

	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (conform_has_fixed(c, i) && !fixed_counts(c, i))
			return true;
	return false;
}

static bool has_full_width(const struct conform *c)
{
	return c->shown->perf_capabilities & PERFCAP_FULL_WIDTH_WRITE;
}

/* What of enum conform_needs there is. */
static u32 offered(const struct conform *c)
{
	const struct pmu_caps *shown = c->shown;
	bool slots = fixed_counts(c, FIXED_SLOTS);
	bool hidden = shown->nr_gp < PMU_MAX_GP_COUNTERS ||
		      shown->fixed_mask != TMAV_BIT(PMU_MAX_FIXED_COUNTERS) - 1;

	return (shown->version ? NEED_PMU : NEED_NO_PMU) |
	       (shown->metrics && slots ? NEED_METRICS : 0) |
	       (shown->metrics ? 0 : NEED_NO_METRICS) |
	       (shown->metrics && !shown->level2 ? NEED_NO_LEVEL2 : 0) |
	       (shown->nr_gp ? NEED_GP : 0) |
	       (shown->fixed_mask ? NEED_FIXED : 0) |
	       (has_full_width(c) ? NEED_FULL_WIDTH : NEED_NO_FULL_WIDTH) |
	       (hidden ? NEED_HIDDEN : 0) |
	       (conform_nr_counters(c) > 0 ? NEED_COUNTER : 0) |
	       (conform_nr_counters(c) > 1 ? NEED_TWO_COUNTERS : 0) |
	       (slots ? NEED_SLOTS : 0) |
	       (c->deny->nr ? NEED_DENY : 0) |
	       (denies_fixed(c) ? NEED_DENY_FIXED : 0);
}

static const char *why_not(const struct conform *c, u32 needs)
{
	u32 lacks = needs & ~offered(c);
	u32 i;

	for (i = 0; i < TMAV_ARRAY_SIZE(reasons); i++)
		if (lacks & reasons[i].need)
			return reasons[i].reason;
	return NULL;
}

/*
 * The script
 */

static u32 add(struct conform *c, enum guest_op_code code, u32 index, u64 val,
	       struct conform_want want)
{
	/* The last place is for GUEST_OP_END. */
	if (c->nr == GUEST_MAX_OPS - 1) {
		c->err = -ENOSPC;
		return 0;
	}
	c->ops[c->nr] = (struct guest_op) { .code = code, .index = index, .val = val };
	c->want[c->nr] = want;
	return c->nr++;
}

u32 script_op(struct conform *c, enum guest_op_code code, u32 index, u64 val)
{
	return add(c, code, index, val, (struct conform_want) { WANT_NO_FAULT });
}

u32 script_op_any(struct conform *c, enum guest_op_code code, u32 index, u64 val)
{
	return add(c, code, index, val, (struct conform_want) { WANT_NOTHING });
}

void script_op_gp(struct conform *c, enum guest_op_code code, u32 index, u64 val)
{
	add(c, code, index, val, (struct conform_want) { WANT_GP });
}

u32 script_op_is(struct conform *c, enum guest_op_code code, u32 index, u64 result)
{
	return add(c, code, index, 0,
		   (struct conform_want) { WANT_VALUE, result, ~0ULL });
}

void script_write_msr(struct conform *c, u32 msr, u64 val)
{
	script_op(c, GUEST_OP_WRMSR, msr, val);
}

void script_write_msr_gp(struct conform *c, u32 msr, u64 val)
{
	script_op_gp(c, GUEST_OP_WRMSR, msr, val);
}

u32 script_read_msr(struct conform *c, u32 msr)
{
	return script_op(c, GUEST_OP_RDMSR, msr, 0);
}

void script_read_msr_is(struct conform *c, u32 msr, u64 val)
{
	script_op_is(c, GUEST_OP_RDMSR, msr, val);
}

void script_read_msr_bits(struct conform *c, u32 msr, u64 mask, u64 val)
{
	add(c, GUEST_OP_RDMSR, msr, 0,
	    (struct conform_want) { WANT_VALUE, val, mask });
}

void script_read_msr_gp(struct conform *c, u32 msr)
{
	script_op_gp(c, GUEST_OP_RDMSR, msr, 0);
}

u32 script_read_pmc(struct conform *c, u32 selector)
{
	return script_op(c, GUEST_OP_RDPMC, selector, 0);
}

void script_read_pmc_is(struct conform *c, u32 selector, u64 val)
{
	script_op_is(c, GUEST_OP_RDPMC, selector, val);
}

void script_read_pmc_gp(struct conform *c, u32 selector)
{
	script_op_gp(c, GUEST_OP_RDPMC, selector, 0);
}

void script_loop(struct conform *c, u64 rounds)
{
	script_op(c, GUEST_OP_LOOP, 0, rounds);
}

void script_switch(struct conform *c)
{
	script_op(c, GUEST_OP_SWITCH, 0, GUEST_CALL_SWITCH);
}

/*
 * What came of it
 */

u64 script_result(const struct conform *c, u32 op)
{
	return c->ops[op].result;
}

bool script_faulted(const struct conform *c, u32 op)
{
	return c->ops[op].fault;
}

static bool miss(struct conform *c, const struct conform_miss *miss)
{
	if (!c->missed)
		c->miss = *miss;
	c->missed = true;
	return false;
}

bool script_same(struct conform *c, u64 seen, u64 wanted)
{
	return seen == wanted ||
	       miss(c, &(struct conform_miss) { .seen = seen, .wanted = wanted });
}

bool script_within(struct conform *c, u64 seen, u64 least, u64 most)
{
	if (seen < least)
		return script_same(c, seen, least);
	return seen <= most || script_same(c, seen, most);
}

static bool as_wanted(const struct guest_op *op, const struct conform_want *want)
{
	switch (want->what) {
	case WANT_NO_FAULT:
		return !op->fault;
	case WANT_VALUE:
		return !op->fault && (op->result & want->mask) == want->val;
	case WANT_GP:
		return op->fault == VECTOR_GP;
	case WANT_NOTHING:
		break;
	}
	return true;
}

static bool compare(struct conform *c, u32 i)
{
	const struct conform_want *want = &c->want[i];
	const struct guest_op *op = &c->ops[i];

	if (as_wanted(op, want))
		return true;
	return miss(c, &(struct conform_miss) {
		.code = op->code, .at = i, .index = op->index, .wrote = op->val,
		.seen = op->result, .wanted = want->val, .fault = op->fault,
		.wanted_gp = want->what == WANT_GP,
	});
}

bool script_run(struct conform *c)
{
	bool good = true;
	u32 i, nr = c->nr;

	c->ops[nr] = (struct guest_op) { .code = GUEST_OP_END };
	if (!c->err)
		c->err = c->run(c);
	if (c->err)
		return false;
	for (i = 0; i < nr && good; i++)
		good = compare(c, i);
	c->nr = 0;
	return good;
}

/*
 * Counters
 */

u32 conform_nr_counters(const struct conform *c)
{
	u32 nr = counts(c, EVENT_INSTRUCTIONS) ? c->shown->nr_gp : 0;

	return nr + fixed_counts(c, FIXED_INSTRUCTIONS);
}

struct counter conform_counter_at(const struct conform *c, u32 i)
{
	if (i < c->shown->nr_gp)
		return (struct counter) {
			IA32_PMC0 + i, RDPMC_GP(i), GLOBAL_GP(i),
			c->shown->gp_width,
		};
	return (struct counter) {
		IA32_FIXED_CTR0, RDPMC_FIXED(FIXED_INSTRUCTIONS),
		GLOBAL_FIXED(FIXED_INSTRUCTIONS), c->shown->fixed_width,
	};
}

static bool is_fixed(const struct counter *counter)
{
	return counter->msr == IA32_FIXED_CTR0;
}

void script_program(struct conform *c, const struct counter *counter, bool pmi)
{
	script_stop(c);
	if (is_fixed(counter))
		script_write_msr(c, IA32_FIXED_CTR_CTRL,
		      FIXED_CTR_CTRL_OS(FIXED_INSTRUCTIONS) |
		      FIXED_CTR_CTRL_USR(FIXED_INSTRUCTIONS) |
		      (pmi ? FIXED_CTR_CTRL_PMI(FIXED_INSTRUCTIONS) : 0));
	else
		script_write_msr(c, IA32_PERFEVTSEL0 + counter->selector,
		      EVENT_INSTRUCTIONS | PERFEVTSEL_OS | PERFEVTSEL_USR |
		      PERFEVTSEL_EN | (pmi ? PERFEVTSEL_INT : 0));
}

/* The legacy address of a general counter extends the sign. */
void script_preset(struct conform *c, const struct counter *counter, u64 n)
{
	u64 mask = is_fixed(counter) ? conform_width_mask(counter->width) : ~0u;

	script_write_msr(c, counter->msr, -n & mask);
}

void script_start(struct conform *c, u64 counters)
{
	script_write_msr(c, IA32_PERF_GLOBAL_CTRL, counters);
}

void script_stop(struct conform *c)
{
	script_write_msr(c, IA32_PERF_GLOBAL_CTRL, 0);
}

u64 conform_slots_bits(const struct conform *c)
{
	return GLOBAL_FIXED(FIXED_SLOTS) |
	       (c->shown->metrics ? GLOBAL_CTRL_METRICS : 0);
}

void script_program_slots(struct conform *c, bool pmi)
{
	script_stop(c);
	script_write_msr(c, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_SLOTS) |
	      FIXED_CTR_CTRL_USR(FIXED_SLOTS) |
	      (pmi ? FIXED_CTR_CTRL_PMI(FIXED_SLOTS) : 0));
}

void script_write_slots(struct conform *c, u64 slots, u64 metrics)
{
	script_write_msr(c, IA32_FIXED_CTR3, slots);
	if (c->shown->metrics)
		script_write_msr(c, IA32_PERF_METRICS, metrics);
}

/*
 * The cases
 */

u32 conform_cases(void)
{
	return conform_nr_register_cases + conform_nr_counting_cases +
	       conform_nr_pmi_cases;
}

static const struct conform_case *case_at(u32 i)
{
	if (i < conform_nr_register_cases)
		return &conform_register_cases[i];
	i -= conform_nr_register_cases;
	if (i < conform_nr_counting_cases)
		return &conform_counting_cases[i];
	return &conform_pmi_cases[i - conform_nr_counting_cases];
}

int conform_case(struct conform *c, u32 i, struct conform_outcome *outcome)
{
	const struct conform_case *it = case_at(i);

	*outcome = (struct conform_outcome) {
		.claim = it->claim, .expect = it->expect,
		.why = why_not(c, it->needs), .result = CONFORM_SKIPPED,
	};
	if (outcome->why)
		return 0;
	c->nr = 0;
	c->err = 0;
	c->missed = false;
	outcome->result = it->holds(c) ? CONFORM_OK : CONFORM_NOT_OK;
	outcome->miss = c->miss;
	return c->err;
}
