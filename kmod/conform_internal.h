/* SPDX-License-Identifier: GPL-2.0 */
/* For the files of kmod/conform*.c only: how a case is written. */
#ifndef KMOD_CONFORM_INTERNAL_H
#define KMOD_CONFORM_INTERNAL_H

#include "kmod/conform.h"
#include "tmavisor/pmu_arch.h"

/* What a guest must be shown for a case to make sense. */
enum conform_needs {
	NEED_PMU		= 1 << 0,
	NEED_METRICS		= 1 << 1,	/* that count */
	NEED_NO_METRICS		= 1 << 2,
	NEED_NO_LEVEL2		= 1 << 3,	/* but level 1 */
	NEED_GP			= 1 << 4,
	NEED_FULL_WIDTH		= 1 << 5,
	NEED_NO_FULL_WIDTH	= 1 << 6,
	NEED_HIDDEN		= 1 << 7,	/* counters that are not shown */
	NEED_COUNTER		= 1 << 8,	/* that counts instructions */
	NEED_TWO_COUNTERS	= 1 << 9,
	NEED_SLOTS		= 1 << 10,	/* counter that counts */
	NEED_DENY		= 1 << 11,
	NEED_FIXED		= 1 << 12,
	NEED_NO_PMU		= 1 << 13,
	NEED_DENY_FIXED		= 1 << 14,
};

struct conform_case {
	const char	*claim;
	const char	*expect;
	u32		needs;
	bool		(*holds)(struct conform *c);
};

extern const struct conform_case conform_register_cases[];
extern const u32 conform_nr_register_cases;
extern const struct conform_case conform_counting_cases[];
extern const u32 conform_nr_counting_cases;
extern const struct conform_case conform_pmi_cases[];
extern const u32 conform_nr_pmi_cases;

/*
 * Ops are added to the script, with what must come of them; then script_run() runs it
 * and says whether it did. An op's number is for script_result(), afterwards.
 */
u32 script_op(struct conform *c, enum guest_op_code code, u32 index, u64 val);
u32 script_op_is(struct conform *c, enum guest_op_code code, u32 index, u64 result);
void script_op_gp(struct conform *c, enum guest_op_code code, u32 index, u64 val);
/* Whatever comes of it. */
u32 script_op_any(struct conform *c, enum guest_op_code code, u32 index, u64 val);
bool script_run(struct conform *c);
u64 script_result(const struct conform *c, u32 op);
bool script_faulted(const struct conform *c, u32 op);

/* Of what several ops have come to; both note what was wrong. */
bool script_same(struct conform *c, u64 seen, u64 wanted);
bool script_within(struct conform *c, u64 seen, u64 least, u64 most);

void script_write_msr(struct conform *c, u32 msr, u64 val);
void script_write_msr_gp(struct conform *c, u32 msr, u64 val);
u32 script_read_msr(struct conform *c, u32 msr);
void script_read_msr_is(struct conform *c, u32 msr, u64 val);
/* Of the bits in @mask. */
void script_read_msr_bits(struct conform *c, u32 msr, u64 mask, u64 val);
void script_read_msr_gp(struct conform *c, u32 msr);
u32 script_read_pmc(struct conform *c, u32 selector);
void script_read_pmc_is(struct conform *c, u32 selector, u64 val);
void script_read_pmc_gp(struct conform *c, u32 selector);
void script_loop(struct conform *c, u64 rounds);
void script_switch(struct conform *c);

/* A counter that counts instructions. */
struct counter {
	u32	msr;
	u32	selector;
	u64	bit;		/* in GLOBAL_CTRL and GLOBAL_STATUS */
	u32	width;
};

/* How many there are; the general ones first, fixed counter 0 last. */
u32 conform_nr_counters(const struct conform *c);
struct counter conform_counter_at(const struct conform *c, u32 i);
/* Stopped, and set up to count at all levels, with a PMI or not. */
void script_program(struct conform *c, const struct counter *counter, bool pmi);
/* So that it overflows with the @n-th instruction. */
void script_preset(struct conform *c, const struct counter *counter, u64 n);
void script_start(struct conform *c, u64 counters);
void script_stop(struct conform *c);
/* Fixed counter 3 and PERF_METRICS, if they are there: counting, or stopped. */
void script_program_slots(struct conform *c, bool pmi);
u64 conform_slots_bits(const struct conform *c);
void script_write_slots(struct conform *c, u64 slots, u64 metrics);

/*
 * Bits that the PMU's registers have, by what the guest is shown. Written here
 * again, since what is on trial, vmx/caps.c, cannot be the judge.
 */
u64 conform_counter_bits(const struct conform *c);
u64 conform_width_mask(u32 width);
bool conform_has_fixed(const struct conform *c, u32 i);

#endif
