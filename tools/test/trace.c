// SPDX-License-Identifier: GPL-2.0
#include "tools/test/trace.h"

static bool in_bank(u32 msr, u32 first, u32 nr)
{
	return msr >= first && msr - first < nr;
}

static bool is_switched_msr(u32 msr)
{
	return in_bank(msr, IA32_PMC0, PMU_MAX_GP) ||
	       in_bank(msr, IA32_A_PMC0, PMU_MAX_GP) ||
	       in_bank(msr, IA32_PERFEVTSEL0, PMU_MAX_GP) ||
	       in_bank(msr, IA32_FIXED_CTR0, PMU_MAX_FIXED) ||
	       msr == IA32_PERF_METRICS || msr == IA32_FIXED_CTR_CTRL ||
	       msr == IA32_PERF_GLOBAL_STATUS ||
	       msr == IA32_PERF_GLOBAL_STATUS_RESET ||
	       msr == IA32_PERF_GLOBAL_STATUS_SET;
}

bool trace_is_counting(const struct soft_op *op)
{
	if (op->kind == OP_RDPMC)
		return true;
	return (op->kind == OP_RDMSR || op->kind == OP_WRMSR) &&
	       is_switched_msr(op->index);
}

static bool writes(const struct soft_op *op, u32 msr)
{
	return op->kind == OP_WRMSR && op->index == msr;
}

/* The next one, or the one before, of the code that was interrupted. */
static const struct soft_op *neighbour(const struct soft_op *ops, unsigned int nr,
				       unsigned int i, int way)
{
	for (i += way; i < nr; i += way)
		if (!ops[i].nmi)
			return &ops[i];
	return NULL;
}

const char *trace_pair_problem(const struct soft_op *ops, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct soft_op *other;

		if (ops[i].nmi)
			continue;
		if (writes(&ops[i], IA32_FIXED_CTR3)) {
			other = neighbour(ops, nr, i, 1);
			if (!other || !writes(other, IA32_PERF_METRICS))
				return "FIXED_CTR3 without PERF_METRICS right after";
		}
		if (writes(&ops[i], IA32_PERF_METRICS)) {
			other = neighbour(ops, nr, i, -1);
			if (!other || !writes(other, IA32_FIXED_CTR3))
				return "PERF_METRICS without FIXED_CTR3 right before";
		}
	}
	return NULL;
}

bool trace_pair_order(const struct soft_op *ops, unsigned int nr)
{
	return !trace_pair_problem(ops, nr);
}

bool trace_stopped_while_switching(const struct soft_op *ops, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (trace_is_counting(&ops[i]) && ops[i].global_ctrl)
			return false;
	return true;
}

static bool is_op(const struct soft_op *op, enum soft_op_kind kind, u32 index)
{
	return !op->nmi && op->kind == kind && op->index == index;
}

unsigned int trace_count(const struct soft_cpu *cpu, enum soft_op_kind kind, u32 index)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < cpu->nr_ops; i++)
		n += is_op(&cpu->ops[i], kind, index);
	return n;
}

unsigned int trace_find(const struct soft_cpu *cpu, enum soft_op_kind kind,
			u32 index, unsigned int n)
{
	for (unsigned int i = 0; i < cpu->nr_ops; i++)
		if (is_op(&cpu->ops[i], kind, index) && !n--)
			return i;
	fail_msg("no operation of kind %d on %#x in the trace", kind, index);
	return 0;
}

unsigned int trace_first_counting(const struct soft_cpu *cpu)
{
	for (unsigned int i = 0; i < cpu->nr_ops; i++)
		if (trace_is_counting(&cpu->ops[i]))
			return i;
	fail_msg("nothing in the trace has to do with counting");
	return 0;
}
