/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Claims about the order of hardware operations, as functions over a trace:
 * true if it holds.  What NMI handlers did is left out, unless said.
 */
#ifndef TOOLS_TEST_TRACE_H
#define TOOLS_TEST_TRACE_H

#include "tools/test/soft_cpu.h"

/*
 * FIXED_CTR3 and PERF_METRICS are written as a pair: whenever one is, the
 * other is the operation right after, or right before, in this order.
 */
bool trace_pair_order(const struct soft_op *ops, unsigned int nr);
/* Why not, of the first that breaks it; NULL if it holds. */
const char *trace_pair_problem(const struct soft_op *ops, unsigned int nr);
/* Counters, selectors, STATUS, METRICS, FIXED_CTR_CTRL only while nothing counts; in NMIs too. */
bool trace_stopped_while_switching(const struct soft_op *ops, unsigned int nr);

unsigned int trace_count(const struct soft_cpu *cpu, enum soft_op_kind kind, u32 index);
/* Position of the n-th such operation, from 0; without it the test fails. */
unsigned int trace_find(const struct soft_cpu *cpu, enum soft_op_kind kind,
			u32 index, unsigned int n);
/* Position of the first that touches a register of counting. */
unsigned int trace_first_counting(const struct soft_cpu *cpu);
/* Counters by any name, selectors, METRICS, STATUS and FIXED_CTR_CTRL. */
bool trace_is_counting(const struct soft_op *op);

#endif
