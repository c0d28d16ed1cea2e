/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BARE_H
#define BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "tmavisor/pmu_arch.h"

/* The numbers are in hexadecimal. */
void print(const char *text);
void print_hex(uint64_t val);
/* A line of the Test Anything Protocol. */
void check(bool ok, const char *claim);
/* The same, and what was found where it is not what is expected. */
void check_equal(uint64_t found, uint64_t expected, const char *claim);
void done(void) __attribute__((noreturn));

void lib_init(void);
void set_gate(unsigned int vector, const void *handler, unsigned int dpl);
/* To C again, after a test had a gate of its own. */
void reset_gate(unsigned int vector);

extern volatile unsigned int nr_pmis, nr_nmis;
/* FIXED_CTR0 or PMC0 when the last PMI or NMI came: how late it was. */
extern volatile uint64_t pmc0_at_pmi;

/* Set around an instruction that may fault; 0 or the vector afterwards. */
extern uint64_t fault_resume, fault_vector;

#define GUARDED(insn)				\
	"movq	$1f, fault_resume\n\t"		\
	"movq	$0, fault_vector\n\t"		\
	insn "\n"				\
	"1:	movq	$0, fault_resume\n\t"

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)val),
		     "d"((uint32_t)(val >> 32)) : "memory");
}

static inline bool rdmsr_faults(uint32_t msr)
{
	uint32_t lo, hi;

	asm volatile(GUARDED("rdmsr") : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return fault_vector == VECTOR_GP;
}

static inline bool wrmsr_faults(uint32_t msr, uint64_t val)
{
	asm volatile(GUARDED("wrmsr") : : "c"(msr), "a"((uint32_t)val),
		     "d"((uint32_t)(val >> 32)) : "memory");
	return fault_vector == VECTOR_GP;
}

/* All of RCX is given, of which the CPU is to look at half. */
static inline bool rdpmc_faults(uint64_t rcx, uint64_t *val, uint64_t *rcx_after)
{
	uint32_t lo, hi;

	asm volatile(GUARDED("rdpmc") : "=a"(lo), "=d"(hi), "+c"(rcx) : : "memory");
	*val = (uint64_t)hi << 32 | lo;
	*rcx_after = rcx;
	return fault_vector == VECTOR_GP;
}

static inline uint64_t rdpmc(uint32_t ecx)
{
	uint32_t lo, hi;

	asm volatile("rdpmc" : "=a"(lo), "=d"(hi) : "c"(ecx) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void cpuid(uint32_t leaf, uint32_t regs[4])
{
	asm volatile("cpuid" : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]),
		     "=d"(regs[3]) : "a"(leaf), "c"(0));
}

static inline uint32_t apic_read(unsigned int reg)
{
	return *(volatile uint32_t *)(uintptr_t)(APIC_BASE + reg);
}

static inline void apic_write(unsigned int reg, uint32_t val)
{
	*(volatile uint32_t *)(uintptr_t)(APIC_BASE + reg) = val;
}

enum {
	APIC_SPURIOUS	= 0x0f0,
	APIC_LVTPC	= 0x340,
};

/* payloads.S */
void measure(void (*payload)(void), uint64_t global_ctrl);
void run_user(void);
void spin(uint64_t n);
extern const char skip_ud_gate[], return_gate[], wake_gate[], leave_gate[];

/* What the CPU has, from CPUID and IA32_PERF_CAPABILITIES. */
struct cpu {
	unsigned int	version, nr_gp, nr_fixed;
	uint64_t	width_mask;
	bool		full_width, metrics, vmx;	/* VMX: and let in by the firmware */
	uint64_t	global_ctrl;	/* its valid bits */
};

extern struct cpu cpu;

/* All counters and selectors 0, nothing enabled, no status. */
void pmu_clear(void);

void test_access(void);
void test_count(void);
void test_overflow(void);
void test_metrics(void);
void test_vmx(void);

#endif
