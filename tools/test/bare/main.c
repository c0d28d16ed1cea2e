// SPDX-License-Identifier: GPL-2.0
/*
 * Judges the simulated machine's PMU, without Linux and by the manual.  Prints
 * TAP on the serial port; ends the machine with status 0 if all is ok.
 */
#include "bare.h"

enum {
	IA32_FEATURE_CONTROL	= 0x3a,
	VMX_LET_IN		= 1 << 0 | 1 << 2,	/* locked, VMX outside SMX */
};

struct cpu cpu;

void main(void);

static void probe(void)
{
	uint32_t regs[4];
	uint64_t caps = rdmsr(IA32_PERF_CAPABILITIES);

	cpuid(0xa, regs);
	cpu.version = regs[0] & 0xff;
	cpu.nr_gp = regs[0] >> 8 & 0xff;
	cpu.width_mask = (1ULL << (regs[0] >> 16 & 0xff)) - 1;
	cpu.nr_fixed = regs[3] & 0x1f;
	cpu.full_width = caps & PERFCAP_FULL_WIDTH_WRITE;
	cpu.metrics = caps & PERFCAP_PERF_METRICS;
	cpu.global_ctrl = ((1ULL << cpu.nr_gp) - 1) |
			  ((1ULL << cpu.nr_fixed) - 1) << GLOBAL_FIXED_SHIFT |
			  (cpu.metrics ? GLOBAL_CTRL_METRICS : 0);
	cpuid(1, regs);
	cpu.vmx = regs[2] & 1 << 5 && rdmsr(IA32_FEATURE_CONTROL) == VMX_LET_IN;
}

void pmu_clear(void)
{
	wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
	wrmsr(IA32_FIXED_CTR_CTRL, 0);
	for (unsigned int i = 0; i < cpu.nr_gp; i++) {
		wrmsr(IA32_PERFEVTSEL0 + i, 0);
		wrmsr(IA32_PMC0 + i, 0);
	}
	for (unsigned int i = 0; i < cpu.nr_fixed; i++)
		wrmsr(IA32_FIXED_CTR0 + i, 0);
	wrmsr(IA32_PERF_GLOBAL_STATUS_RESET, rdmsr(IA32_PERF_GLOBAL_STATUS));
}

void main(void)
{
	lib_init();
	probe();
	test_access();
	test_count();
	test_overflow();
	if (cpu.metrics)
		test_metrics();
	if (cpu.vmx)
		test_vmx();
	done();
}
