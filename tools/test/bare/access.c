// SPDX-License-Identifier: GPL-2.0
/* Which MSRs and bits there are, and what RDPMC takes. */
#include "bare.h"

/* Of 64 bits those that can be set alone; the MSR is 0 afterwards. */
static uint64_t accepted_bits(uint32_t msr)
{
	uint64_t accepted = 0;

	for (unsigned int bit = 0; bit < 64; bit++) {
		if (wrmsr_faults(msr, 1ULL << bit))
			continue;
		accepted |= 1ULL << bit;
		wrmsr(msr, 0);
	}
	return accepted;
}

/* AnyThread came with version 3 and is gone since version 5. */
static bool has_anythread(void)
{
	return cpu.version >= 3 && cpu.version < 5;
}

static uint64_t eventsel_bits(void)
{
	return (has_anythread() ? PERFEVTSEL_ANY : 0) |
	       PERFEVTSEL_EVENT | PERFEVTSEL_UMASK | PERFEVTSEL_USR | PERFEVTSEL_OS |
	       PERFEVTSEL_EDGE | PERFEVTSEL_PC | PERFEVTSEL_INT | PERFEVTSEL_EN |
	       PERFEVTSEL_INV | PERFEVTSEL_CMASK | PERFEVTSEL_IN_TX | PERFEVTSEL_ADAPTIVE;
}

static uint64_t fixed_ctr_ctrl_bits(void)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < cpu.nr_fixed; i++)
		bits |= FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i) |
			FIXED_CTR_CTRL_PMI(i) | FIXED_CTR_CTRL_ADAPTIVE(i) |
			(has_anythread() ? FIXED_CTR_CTRL_ANY(i) : 0);
	return bits;
}

static void test_reserved_bits(void)
{
	wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
	check_equal(accepted_bits(IA32_PERF_GLOBAL_CTRL), cpu.global_ctrl,
		    "GLOBAL_CTRL has its bits and no other");
	check_equal(accepted_bits(IA32_PERFEVTSEL0), eventsel_bits(),
		    "PERFEVTSEL0 has its bits and no other");
	check_equal(accepted_bits(IA32_PERFEVTSEL0 + PERFEVTSEL_IN_TXCP_COUNTER),
		    eventsel_bits() | PERFEVTSEL_IN_TXCP,
		    "PERFEVTSEL2 has IN_TXCP as well");
	check_equal(accepted_bits(IA32_FIXED_CTR_CTRL), fixed_ctr_ctrl_bits(),
		    "FIXED_CTR_CTRL has its bits and no other");
	check_equal(accepted_bits(IA32_FIXED_CTR0), cpu.width_mask,
		    "a fixed counter is as wide as CPUID says");
}

static void test_missing(void)
{
	check(rdmsr_faults(0x5555), "an unknown MSR faults");
	check(rdmsr_faults(IA32_PERFEVTSEL0 + cpu.nr_gp), "so does a selector too many");
	check(rdmsr_faults(IA32_PMC0 + cpu.nr_gp), "and a counter too many");
	check(rdmsr_faults(IA32_FIXED_CTR0 + cpu.nr_fixed), "and a fixed one too many");
	check(wrmsr_faults(IA32_PERF_GLOBAL_STATUS, 0), "GLOBAL_STATUS is read-only");
	check(wrmsr_faults(IA32_PERF_CAPABILITIES, rdmsr(IA32_PERF_CAPABILITIES)),
	      "PERF_CAPABILITIES is read-only");
	check(rdmsr_faults(IA32_PERF_METRICS) == !cpu.metrics,
	      "PERF_METRICS is there if PERF_CAPABILITIES says so");
}

static void test_legacy_write(unsigned int i)
{
	wrmsr(IA32_PMC0 + i, 0xffffff0123456789ULL);
	check_equal(rdmsr(IA32_PMC0 + i), 0x23456789,
		    "a legacy write takes 32 bits");
	wrmsr(IA32_PMC0 + i, 0x80000000);
	check_equal(rdmsr(IA32_PMC0 + i), 0xffffffff80000000ULL & cpu.width_mask,
		    "and extends the sign");
}

static void test_full_width_write(unsigned int i)
{
	check(wrmsr_faults(IA32_A_PMC0 + i, cpu.width_mask + 1) &&
	      rdmsr(IA32_PMC0 + i) == (0xffffffff80000000ULL & cpu.width_mask),
	      "a full-width write of a value too wide faults and changes nothing");
	wrmsr(IA32_A_PMC0 + i, 0xff0123456789ULL & cpu.width_mask);
	check_equal(rdmsr(IA32_PMC0 + i), 0xff0123456789ULL & cpu.width_mask,
		    "one that fits is read through the alias");
}

static void test_counters(void)
{
	for (unsigned int i = 0; i < cpu.nr_gp; i++) {
		test_legacy_write(i);
		if (cpu.full_width)
			test_full_width_write(i);
		else
			check(wrmsr_faults(IA32_A_PMC0 + i, 0),
			      "no full-width alias");
	}
}

static void rdpmc_is(uint64_t rcx, uint64_t expected, const char *claim)
{
	uint64_t val, after;

	check(!rdpmc_faults(rcx, &val, &after) && val == expected && after == rcx,
	      claim);
}

static void rdpmc_fails(uint64_t rcx, const char *claim)
{
	uint64_t val, after;

	check(rdpmc_faults(rcx, &val, &after) && after == rcx, claim);
}

static void test_rdpmc(void)
{
	pmu_clear();
	for (unsigned int i = 0; i < cpu.nr_gp; i++) {
		wrmsr(IA32_PMC0 + i, 0x1000 + i);
		rdpmc_is(i, 0x1000 + i, "RDPMC of a general counter");
	}
	for (unsigned int i = 0; i < cpu.nr_fixed; i++) {
		wrmsr(IA32_FIXED_CTR0 + i, 0x2000 + i);
		rdpmc_is(0x40000000 + i, 0x2000 + i, "RDPMC of a fixed counter");
	}
	rdpmc_is(0xdeadbeef00000001ULL, 0x1001, "the upper half of RCX is ignored and kept");
	rdpmc_fails(cpu.nr_gp, "a general counter too many");
	rdpmc_fails(64, "64");
	rdpmc_fails(0x40000000 + cpu.nr_fixed, "a fixed counter too many");
	rdpmc_fails(0x80000000, "bit 31, once called fast");
	rdpmc_fails(0xc0000000, "the same of a fixed counter");
	rdpmc_fails(0x60000000, "the type is a value, not flags");
	rdpmc_fails(0x10000, "VMware's backdoor");
	if (cpu.metrics)
		rdpmc_is(0x20000000, rdmsr(IA32_PERF_METRICS), "RDPMC of the metrics");
	else
		rdpmc_fails(0x20000000, "no metrics");
	pmu_clear();
}

static void test_status(void)
{
	uint64_t bits = cpu.global_ctrl;

	if (cpu.version < 4) {
		check(wrmsr_faults(IA32_PERF_GLOBAL_STATUS_SET, 1), "no STATUS_SET");
		return;
	}
	wrmsr(IA32_PERF_GLOBAL_STATUS_SET, bits);
	check_equal(rdmsr(IA32_PERF_GLOBAL_STATUS), bits, "STATUS_SET sets");
	wrmsr(IA32_PERF_GLOBAL_STATUS_RESET, 1);
	check_equal(rdmsr(IA32_PERF_GLOBAL_STATUS), bits & ~1ULL, "STATUS_RESET clears");
	wrmsr(IA32_PERF_GLOBAL_STATUS_RESET, bits);
	check_equal(rdmsr(IA32_PERF_GLOBAL_STATUS), 0, "all of them");
}

/* It cannot be x2APIC at once, but enabled again it can be. */
static void test_apic_enable(void)
{
	enum { IA32_APIC_BASE = 0x1b, ENABLE = 1 << 11 };
	uint64_t base = rdmsr(IA32_APIC_BASE);

	wrmsr(IA32_APIC_BASE, base & ~(uint64_t)ENABLE);
	wrmsr(IA32_APIC_BASE, base);
	check_equal(rdmsr(IA32_APIC_BASE), base, "the local APIC can be disabled and enabled");
	apic_write(APIC_SPURIOUS, 0x1ff);
}

void test_access(void)
{
	pmu_clear();
	test_reserved_bits();
	test_missing();
	test_counters();
	test_rdpmc();
	test_status();
	test_apic_enable();
}
