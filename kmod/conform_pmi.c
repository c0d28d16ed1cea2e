// SPDX-License-Identifier: GPL-2.0
/* The guest's PMI: neither lost nor doubled, by its own LVT entry. Group P. */
#include "kmod/conform_internal.h"

/* Rounds after which a PMI that is late must have come. */
enum { SETTLE = 200 };

#define LVT_FIXED	(LVT_DELIVERY_FIXED | GUEST_PMI_VECTOR)

static void unmask(struct conform *c, u64 lvt)
{
	script_write_msr(c, IA32_X2APIC_LVT_PMI, lvt);
}

static void apic_on(struct conform *c, u64 lvt)
{
	script_write_msr(c, IA32_X2APIC_SIVR, APIC_SVR_ENABLE | APIC_SVR_VECTOR);
	unmask(c, lvt);
}

/* Counter @i with a PMI, by @lvt, interrupts on. */
static struct counter begin(struct conform *c, u32 i, u64 lvt)
{
	struct counter counter = conform_counter_at(c, i);

	script_program(c, &counter, true);
	apic_on(c, lvt);
	script_op(c, GUEST_OP_STI, 0, 0);
	return counter;
}

static void overflow(struct conform *c, const struct counter *counter)
{
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET, counter->bit);
	script_preset(c, counter, 100);
	script_start(c, counter->bit);
	script_loop(c, SETTLE);
	script_stop(c);
	script_loop(c, SETTLE);
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, counter->bit);
}

static void pmis_are(struct conform *c, u64 pmis)
{
	script_op_is(c, GUEST_OP_PMIS, 0, pmis);
}

static void nmis_are(struct conform *c, u64 nmis)
{
	script_op_is(c, GUEST_OP_NMIS, 0, nmis);
}

static bool p2_fixed(struct conform *c)
{
	u32 i;

	for (i = 0; i < conform_nr_counters(c); i++) {
		struct counter counter = begin(c, i, LVT_FIXED);

		overflow(c, &counter);
		pmis_are(c, 1);
		nmis_are(c, 0);
		if (!script_run(c))
			return false;
	}
	return true;
}

static bool p2_nmi(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_DELIVERY_NMI);

	script_op(c, GUEST_OP_CLI, 0, 0);
	overflow(c, &counter);
	nmis_are(c, 1);
	pmis_are(c, 0);
	unmask(c, LVT_DELIVERY_NMI);
	overflow(c, &counter);
	nmis_are(c, 2);
	return script_run(c);
}

/* While it still counts; how late it is, is for the log. */
static bool p2_in_time(struct conform *c)
{
	struct counter counter = begin(c, conform_nr_counters(c) - 1, LVT_FIXED);
	u32 lateness;

	script_op(c, GUEST_OP_WATCH, counter.selector, 0);
	script_preset(c, &counter, 100);
	script_start(c, counter.bit);
	script_loop(c, 10000);
	script_stop(c);
	lateness = script_op(c, GUEST_OP_LATENESS, 0, 0);
	if (!script_run(c))
		return false;
	c->lateness = script_result(c, lateness);
	return script_within(c, c->lateness, 1, 19000);
}

static bool p3_masked(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_FIXED | LVT_MASKED);

	overflow(c, &counter);
	pmis_are(c, 0);
	unmask(c, LVT_FIXED);
	script_loop(c, SETTLE);
	/* An edge, which nobody has kept. */
	pmis_are(c, 0);
	return script_run(c);
}

static bool p3_mask_set(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_FIXED);

	overflow(c, &counter);
	script_read_msr_is(c, IA32_X2APIC_LVT_PMI, LVT_FIXED | LVT_MASKED);
	overflow(c, &counter);
	pmis_are(c, 1);
	unmask(c, LVT_FIXED);
	script_loop(c, SETTLE);
	pmis_are(c, 1);
	overflow(c, &counter);
	pmis_are(c, 2);
	return script_run(c);
}

static bool p3_two_at_once(struct conform *c)
{
	struct counter a = begin(c, 0, LVT_FIXED);
	struct counter b = conform_counter_at(c, conform_nr_counters(c) - 1);

	script_program(c, &b, true);
	script_preset(c, &a, 100);
	script_preset(c, &b, 100);
	script_start(c, a.bit | b.bit);
	script_loop(c, SETTLE);
	script_stop(c);
	script_loop(c, SETTLE);
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, a.bit | b.bit);
	pmis_are(c, 1);
	return script_run(c);
}

/*
 * A PMI by @lvt whose handler unmasks the entry and overflows again, with the
 * counter running: the second comes behind the first.
 */
static bool nests(struct conform *c, u64 lvt, enum guest_op_code count)
{
	u32 i;

	for (i = 0; i < conform_nr_counters(c); i++) {
		struct counter counter = begin(c, i, lvt);

		script_op(c, GUEST_OP_NEST, counter.msr,
		  -100ULL & conform_width_mask(counter.width));
		script_preset(c, &counter, 100);
		script_start(c, counter.bit);
		script_loop(c, 10000);
		script_stop(c);
		script_op_is(c, GUEST_OP_NESTED, 0, 1);
		script_op_is(c, count, 0, 2);
		if (!script_run(c))
			return false;
	}
	return true;
}

static bool p3_rearmed(struct conform *c)
{
	return nests(c, LVT_FIXED, GUEST_OP_PMIS);
}

static bool p5_nmi_blocked(struct conform *c)
{
	return nests(c, LVT_DELIVERY_NMI, GUEST_OP_NMIS);
}

static bool p3_eoi(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_FIXED);

	script_op(c, GUEST_OP_AUTO_EOI, 0, 0);
	overflow(c, &counter);
	pmis_are(c, 1);
	unmask(c, LVT_FIXED);
	overflow(c, &counter);
	pmis_are(c, 1);
	script_op(c, GUEST_OP_AUTO_EOI, 0, 1);
	script_write_msr(c, IA32_X2APIC_EOI, 0);
	script_op(c, GUEST_OP_NOP, 0, 0);
	pmis_are(c, 2);
	return script_run(c);
}

static bool p3_disabled(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_FIXED);

	script_write_msr(c, IA32_X2APIC_SIVR, APIC_SVR_VECTOR);
	script_read_msr_is(c, IA32_X2APIC_LVT_PMI, LVT_FIXED | LVT_MASKED);
	unmask(c, LVT_FIXED);
	script_read_msr_is(c, IA32_X2APIC_LVT_PMI, LVT_FIXED | LVT_MASKED);
	overflow(c, &counter);
	pmis_are(c, 0);
	return script_run(c);
}

static bool p3_status_set(struct conform *c)
{
	begin(c, 0, LVT_FIXED);
	script_write_msr(c, IA32_PERF_GLOBAL_STATUS_SET, conform_counter_bits(c));
	script_switch(c);
	script_loop(c, SETTLE);
	script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, conform_counter_bits(c));
	script_read_msr_is(c, IA32_X2APIC_LVT_PMI, LVT_FIXED);
	pmis_are(c, 0);
	return script_run(c);
}

static bool p4_no_int(struct conform *c)
{
	u32 i;

	for (i = 0; i < conform_nr_counters(c); i++) {
		struct counter counter = begin(c, i, LVT_FIXED);

		script_program(c, &counter, false);
		overflow(c, &counter);
		pmis_are(c, 0);
		nmis_are(c, 0);
		script_read_msr_is(c, IA32_X2APIC_LVT_PMI, LVT_FIXED);
		if (!script_run(c))
			return false;
	}
	return true;
}

static bool p5_waits_for_sti(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_FIXED);

	script_op(c, GUEST_OP_CLI, 0, 0);
	overflow(c, &counter);
	script_read_msr_is(c, IA32_X2APIC_LVT_PMI, LVT_FIXED | LVT_MASKED);
	script_switch(c);
	pmis_are(c, 0);
	script_op(c, GUEST_OP_STI, 0, 0);
	pmis_are(c, 1);
	return script_run(c);
}

static bool p5_shadow(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_FIXED);

	script_op(c, GUEST_OP_CLI, 0, 0);
	overflow(c, &counter);
	script_op_is(c, GUEST_OP_STI_SHADOW, 0, 0);
	pmis_are(c, 1);
	return script_run(c);
}

static bool p5_hlt(struct conform *c)
{
	struct counter counter = begin(c, 0, LVT_FIXED);

	script_op(c, GUEST_OP_CLI, 0, 0);
	overflow(c, &counter);
	script_op(c, GUEST_OP_STI_HLT, 0, 0);
	pmis_are(c, 1);
	return script_run(c);
}

/* What the sweep of P1 goes over, from GLOBAL_CTRL on to off. */
static void sweep(struct conform *c, const struct counter *counter)
{
	script_start(c, counter->bit);
	script_op(c, GUEST_OP_CPUID, 0, 0);
	script_switch(c);
	script_stop(c);
}

/* Instructions of the sweep; 0 if even that went wrong. */
static u64 length_of_sweep(struct conform *c, const struct counter *counter)
{
	u32 length;

	script_program(c, counter, false);
	sweep(c, counter);
	length = script_read_pmc(c, counter->selector);
	return script_run(c) ? script_result(c, length) : 0;
}

static bool sweep_counter(struct conform *c, u32 i)
{
	struct counter counter = conform_counter_at(c, i);
	u64 n, length = length_of_sweep(c, &counter);

	if (!script_within(c, length, 3, 60))
		return false;
	begin(c, i, LVT_FIXED);
	for (n = 1; n <= length; n++) {
		script_write_msr(c, IA32_PERF_GLOBAL_STATUS_RESET, counter.bit);
		script_preset(c, &counter, n);
		unmask(c, LVT_FIXED);
		sweep(c, &counter);
		script_loop(c, SETTLE);
		script_read_msr_is(c, IA32_PERF_GLOBAL_STATUS, counter.bit);
		pmis_are(c, n);
	}
	return script_run(c);
}

static bool p1_sweep(struct conform *c)
{
	u32 last = conform_nr_counters(c) - 1;

	return sweep_counter(c, 0) && (!last || sweep_counter(c, last));
}

static bool q2_slots_pmi(struct conform *c)
{
	script_program_slots(c, true);
	apic_on(c, LVT_FIXED);
	script_op(c, GUEST_OP_STI, 0, 0);
	script_write_slots(c, conform_width_mask(c->shown->fixed_width) - 600, 0);
	script_start(c, conform_slots_bits(c));
	script_loop(c, 1000);
	script_stop(c);
	script_loop(c, SETTLE);
	script_read_msr_bits(c, IA32_PERF_GLOBAL_STATUS, GLOBAL_FIXED(FIXED_SLOTS),
			     GLOBAL_FIXED(FIXED_SLOTS));
	pmis_are(c, 1);
	return script_run(c);
}

const struct conform_case conform_pmi_cases[] = {
	{ "P1 an overflow anywhere around a VM exit and a switch gives one PMI",
	  "at each instruction, executed for the guest or by it", NEED_COUNTER, p1_sweep },
	{ "P2 a PMI comes at the vector of the LVT entry",
	  "one, from each counter", NEED_COUNTER, p2_fixed },
	{ "P2 a PMI comes as an NMI",
	  "with interrupts off, once each time it is unmasked", NEED_COUNTER, p2_nmi },
	{ "P2 a PMI comes while the guest still counts",
	  "its handler reads a counter that has just wrapped", NEED_COUNTER, p2_in_time },
	{ "P3 a masked entry gives no PMI",
	  "STATUS has the overflow, and nothing comes later", NEED_COUNTER, p3_masked },
	{ "P3 delivery masks the entry",
	  "no second PMI before the guest unmasks it", NEED_COUNTER, p3_mask_set },
	{ "P3 two overflows at once give one PMI",
	  "STATUS has both", NEED_TWO_COUNTERS, p3_two_at_once },
	{ "P3 a PMI that its handler arms again comes behind the handler",
	  "one more, and not before IRET", NEED_COUNTER, p3_rearmed },
	{ "P3 the next PMI waits for EOI",
	  "and comes then", NEED_COUNTER, p3_eoi },
	{ "P3 a disabled local APIC keeps its entry masked",
	  "and delivers nothing", NEED_COUNTER, p3_disabled },
	{ "P3 STATUS_SET gives no PMI",
	  "nor does the switch that sets STATUS again", NEED_COUNTER, p3_status_set },
	{ "P4 an overflow without INT gives no PMI",
	  "STATUS has it", NEED_COUNTER, p4_no_int },
	{ "P5 with interrupts off a PMI waits for STI",
	  "across a switch", NEED_COUNTER, p5_waits_for_sti },
	{ "P5 a PMI waits for the instruction after STI",
	  "which sees none yet", NEED_COUNTER, p5_shadow },
	{ "P5 a PMI wakes from HLT",
	  "that stands right behind STI", NEED_COUNTER, p5_hlt },
	{ "P5 an NMI in the handler of another waits for its IRET",
	  "and comes then", NEED_COUNTER, p5_nmi_blocked },
	{ "Q2 a wrap of the slots gives a PMI",
	  "STATUS has bit 35", NEED_SLOTS, q2_slots_pmi },
};

const u32 conform_nr_pmi_cases = TMAV_ARRAY_SIZE(conform_pmi_cases);
