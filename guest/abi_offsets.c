// SPDX-License-Identifier: GPL-2.0
/*
 * Compiled to assembly only, for the NASM guest: what guest_abi.inc holds, so
 * that nothing of the ABI is typed twice.
 */
#include <linux/compiler.h>
#include <linux/kbuild.h>
#include "tmavisor/guest_abi.h"
#include "tmavisor/pmu_arch.h"

static void __used layout(void)
{
	DEFINE(GUEST_PAGE, GUEST_PAGE_GPA);
	DEFINE(GUEST_BLOB, GUEST_BLOB_GPA);
	DEFINE(GUEST_TABLES, GUEST_TABLES_GPA);
	DEFINE(GUEST_SLICES, GUEST_SLICES_GPA);
	DEFINE(GUEST_DATA, GUEST_DATA_GPA);
	DEFINE(GUEST_DATA_BYTES, GUEST_DATA_SIZE);
	DEFINE(GUEST_MEMORY_BYTES, GUEST_MEMORY_SIZE);
	DEFINE(ABI_CALL_COUNTING, GUEST_CALL_COUNTING);
	DEFINE(ABI_CALL_DONE, GUEST_CALL_DONE);
	DEFINE(ABI_NR_WORKLOADS, NR_WORKLOADS);
	DEFINE(ABI_PROBE_LEAKS, GUEST_PROBE_LEAKS);
	DEFINE(ABI_PROBE_SCRIPT, GUEST_PROBE_SCRIPT);
	DEFINE(GUEST_STACK_TOP, GUEST_STACK_TOP_GPA);
}

static void __used script(void)
{
	DEFINE(GUEST_OPS, GUEST_OPS_GPA);
	DEFINE(ABI_NR_OPS, NR_GUEST_OPS);
	DEFINE(ABI_PMI_VECTOR, GUEST_PMI_VECTOR);
	DEFINE(ABI_USER_VECTOR, GUEST_USER_VECTOR);
	DEFINE(ABI_PCE_AS_IT_IS, GUEST_PCE_AS_IT_IS);
	DEFINE(ABI_NO_SELECTOR, GUEST_NO_SELECTOR);
	DEFINE(OP_BYTES, sizeof(struct guest_op));
	OFFSET(OP_CODE, guest_op, code);
	OFFSET(OP_INDEX, guest_op, index);
	OFFSET(OP_VAL, guest_op, val);
	OFFSET(OP_RESULT, guest_op, result);
	OFFSET(OP_FAULT, guest_op, fault);
}

static void __used request_and_slices(void)
{
	OFFSET(PAGE_WORKLOAD, guest_page, request.workload);
	OFFSET(PAGE_SLICES, guest_page, request.slices);
	OFFSET(PAGE_ROUNDS, guest_page, request.rounds);
	OFFSET(PAGE_WARM_UP_ROUNDS, guest_page, request.warm_up_rounds);
	OFFSET(PAGE_FIXED_CTR_CTRL, guest_page, request.fixed_ctr_ctrl);
	OFFSET(PAGE_GLOBAL_CTRL, guest_page, request.global_ctrl);
	OFFSET(PAGE_PMU, guest_page, request.pmu);
	OFFSET(PAGE_FIXED_MASK, guest_page, request.fixed_mask);
	OFFSET(PAGE_METRICS, guest_page, request.metrics);
	OFFSET(SLICE_INSTRUCTIONS, guest_slice, instructions);
	OFFSET(SLICE_CYCLES, guest_slice, cycles);
	OFFSET(SLICE_REF_CYCLES, guest_slice, ref_cycles);
	OFFSET(SLICE_SLOTS, guest_slice, slots);
	OFFSET(SLICE_METRICS, guest_slice, perf_metrics);
	DEFINE(SLICE_BYTES, sizeof(struct guest_slice));
}

static void __used result(void)
{
	OFFSET(PAGE_RESULT_ENTRY_REGISTERS, guest_page, result.entry_registers);
	OFFSET(PAGE_RESULT_ENTRY_BASES, guest_page, result.entry_bases);
	OFFSET(PAGE_RESULT_UNREACHABLE_READABLE, guest_page, result.unreachable_readable);
	OFFSET(PAGE_RESULT_UNREACHABLE_VALUES, guest_page, result.unreachable_values);
	OFFSET(PAGE_RESULT_RDPMC_TRIED, guest_page, result.rdpmc_tried);
	OFFSET(PAGE_RESULT_RANDOM_READABLE, guest_page, result.random_readable);
	OFFSET(PAGE_RESULT_RANDOM_VALUES, guest_page, result.random_values);
	OFFSET(PAGE_RESULT_RDPMC_READABLE, guest_page, result.rdpmc_readable);
	OFFSET(PAGE_RESULT_RDPMC_VALUES, guest_page, result.rdpmc_values);
	OFFSET(PAGE_RESULT_RDMSR_READABLE, guest_page, result.rdmsr_readable);
	OFFSET(PAGE_RESULT_RDMSR_VALUES, guest_page, result.rdmsr_values);
}

static void __used registers(void)
{
	DEFINE(MSR_FIXED_CTR0, IA32_FIXED_CTR0);
	DEFINE(MSR_PERF_METRICS, IA32_PERF_METRICS);
	DEFINE(MSR_FIXED_CTR_CTRL, IA32_FIXED_CTR_CTRL);
	DEFINE(MSR_PERF_GLOBAL_CTRL, IA32_PERF_GLOBAL_CTRL);
	DEFINE(MSR_PERF_CAPABILITIES, IA32_PERF_CAPABILITIES);
	DEFINE(MSR_MISC_ENABLE, IA32_MISC_ENABLE);
	DEFINE(MSR_PERF_GLOBAL_STATUS, IA32_PERF_GLOBAL_STATUS);
	DEFINE(MSR_PERF_GLOBAL_STATUS_RESET, IA32_PERF_GLOBAL_STATUS_RESET);
	DEFINE(ABI_LVT_MASKED, LVT_MASKED);
	DEFINE(MSR_X2APIC_EOI, IA32_X2APIC_EOI);
	DEFINE(MSR_X2APIC_VERSION, IA32_X2APIC_VERSION);
	DEFINE(MSR_X2APIC_SIVR, IA32_X2APIC_SIVR);
	DEFINE(MSR_X2APIC_LVT_PMI, IA32_X2APIC_LVT_PMI);
	DEFINE(RDPMC_TYPE_SHIFT_BITS, RDPMC_TYPE_SHIFT);
	DEFINE(SELECT_FIXED0, RDPMC_FIXED(FIXED_INSTRUCTIONS));
	DEFINE(SELECT_METRICS, RDPMC_METRICS);
}
