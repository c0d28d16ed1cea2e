// SPDX-License-Identifier: GPL-2.0
/* Overflow, STATUS, and interrupts through the local APIC. */
#include "bare.h"

enum {
	LOOPS		= 1000,

	/* What may pass until the handler reads the counter: a trace and the gate. */
	MAX_SKID	= 64,
};

static const uint64_t selector = PERFEVTSEL_EN | PERFEVTSEL_OS | EVENT_INSTRUCTIONS;

static void enable_interrupts(void)
{
	asm volatile("sti; nop; nop" : : : "memory");
}

static void disable_interrupts(void)
{
	asm volatile("cli" : : : "memory");
}

/* Counter 0 from @before its overflow, with @more in its selector; then a loop. */
static void overflow_gp0(uint64_t before, uint64_t more, uint64_t selector1)
{
	pmu_clear();
	wrmsr(IA32_PMC0, -before);
	wrmsr(IA32_PERFEVTSEL0, selector | more);
	wrmsr(IA32_PERFEVTSEL0 + 1, selector1);
	wrmsr(IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) | GLOBAL_GP(1));
	spin(LOOPS);
	wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
}

static void test_one_pmi(uint64_t selector1)
{
	nr_pmis = 0;
	apic_write(APIC_LVTPC, VECTOR_PMI);
	enable_interrupts();
	overflow_gp0(LOOPS, PERFEVTSEL_INT, selector1);
	disable_interrupts();
	check_equal(nr_pmis, 1, "an overflow interrupts once");
	check(pmc0_at_pmi < MAX_SKID, "at once, but for some skid");
	check_equal(apic_read(APIC_LVTPC), LVT_MASKED | VECTOR_PMI,
		    "delivery masks the LVT entry");
	check_equal(rdmsr(IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0), "STATUS tells which");
}

static void test_masked(void)
{
	nr_pmis = 0;
	enable_interrupts();
	overflow_gp0(LOOPS, PERFEVTSEL_INT, 0);
	disable_interrupts();
	check_equal(nr_pmis, 0, "no other before it is unmasked");
	check_equal(rdmsr(IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0), "but STATUS");
	apic_write(APIC_LVTPC, VECTOR_PMI);
	enable_interrupts();
	disable_interrupts();
	check_equal(nr_pmis, 0, "unmasking alone delivers nothing");
}

static void test_deferred(void)
{
	nr_pmis = 0;
	apic_write(APIC_LVTPC, VECTOR_PMI);
	overflow_gp0(LOOPS, PERFEVTSEL_INT, 0);
	check_equal(nr_pmis, 0, "interrupts off: it waits");
	enable_interrupts();
	disable_interrupts();
	check_equal(nr_pmis, 1, "and comes with STI");
}

static void test_without_int(void)
{
	nr_pmis = 0;
	apic_write(APIC_LVTPC, VECTOR_PMI);
	enable_interrupts();
	overflow_gp0(LOOPS, 0, 0);
	disable_interrupts();
	check_equal(nr_pmis, 0, "without INT no interrupt");
	check_equal(rdmsr(IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(0), "STATUS all the same");
}

static void test_status_set(void)
{
	wrmsr(IA32_PERFEVTSEL0, selector | PERFEVTSEL_INT);
	enable_interrupts();
	wrmsr(IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(0));
	disable_interrupts();
	check_equal(nr_pmis, 0, "setting a bit of STATUS does not interrupt");
}

static void test_nmi(void)
{
	nr_nmis = 0;
	apic_write(APIC_LVTPC, LVT_DELIVERY_NMI);
	overflow_gp0(LOOPS, PERFEVTSEL_INT, 0);
	check_equal(nr_nmis, 1, "as an NMI, with interrupts off");
	check_equal(apic_read(APIC_LVTPC), LVT_MASKED | LVT_DELIVERY_NMI, "masked as well");
	apic_write(APIC_LVTPC, VECTOR_PMI);
}

/* Preset to what the same code counts, less one: one is left. */
static void test_each_counter(void)
{
	for (unsigned int i = 0; i < cpu.nr_gp; i++) {
		uint64_t count;

		pmu_clear();
		wrmsr(IA32_PERFEVTSEL0 + i, selector);
		measure(enable_interrupts, GLOBAL_GP(i));
		count = rdmsr(IA32_PMC0 + i);
		pmu_clear();
		wrmsr(IA32_PMC0 + i, 1 - count);
		wrmsr(IA32_PERFEVTSEL0 + i, selector);
		measure(enable_interrupts, GLOBAL_GP(i));
		disable_interrupts();
		check_equal(rdmsr(IA32_PMC0 + i), 1, "overflow goes through zero");
		check_equal(rdmsr(IA32_PERF_GLOBAL_STATUS), GLOBAL_GP(i), "  its own bit");
	}
}

static void test_fixed(unsigned int i)
{
	pmu_clear();
	nr_pmis = 0;
	apic_write(APIC_LVTPC, VECTOR_PMI);
	wrmsr(IA32_FIXED_CTR0 + i, cpu.width_mask - 100);
	wrmsr(IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_PMI(i));
	enable_interrupts();
	wrmsr(IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(i));
	spin(LOOPS);
	wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
	disable_interrupts();
	check_equal(nr_pmis, 1, "a fixed counter interrupts");
	check(rdmsr(IA32_PERF_GLOBAL_STATUS) & GLOBAL_FIXED(i), "  its own bit");
}

static void test_freeze(void)
{
	uint64_t frozen;

	nr_pmis = 0;
	apic_write(APIC_LVTPC, VECTOR_PMI);
	wrmsr(IA32_DEBUGCTL, DEBUGCTL_FREEZE_PERFMON_ON_PMI);
	enable_interrupts();
	overflow_gp0(LOOPS, PERFEVTSEL_INT, 0);
	disable_interrupts();
	wrmsr(IA32_DEBUGCTL, 0);
	frozen = rdmsr(IA32_PMC0);
	check(rdmsr(IA32_PERF_GLOBAL_STATUS) & GLOBAL_STATUS_CTR_FRZ, "a PMI can freeze");
	check(frozen < MAX_SKID, "then nothing counts");
}

void test_overflow(void)
{
	test_one_pmi(0);
	test_masked();
	test_one_pmi(selector ^ EVENT_INSTRUCTIONS ^ EVENT_BRANCHES);
	test_deferred();
	test_without_int();
	if (cpu.version >= 4)
		test_status_set();
	test_nmi();
	test_each_counter();
	for (unsigned int i = 0; i < cpu.nr_fixed; i++)
		test_fixed(i);
	if (cpu.version >= 4)
		test_freeze();
	pmu_clear();
}
