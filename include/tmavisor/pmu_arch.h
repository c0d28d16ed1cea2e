/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The performance monitoring unit as the SDM describes it: MSR numbers and
 * the bits in them.  Spelt as in the SDM, without MSR_, so that the kernel's own
 * headers can be included next to it.
 *
 * Includes nothing and needs nothing, so that the hypervisor core, the module,
 * the PMU model and the tests share one definition.
 */
#ifndef TMAVISOR_PMU_ARCH_H
#define TMAVISOR_PMU_ARCH_H

enum pmu_msr {
	IA32_PMC0			= 0x0c1,	/* legacy alias: 32 bits, sign-extended */
	IA32_PERFEVTSEL0		= 0x186,
	IA32_MISC_ENABLE		= 0x1a0,
	OFFCORE_RSP_0			= 0x1a6,
	OFFCORE_RSP_1			= 0x1a7,
	IA32_DEBUGCTL			= 0x1d9,
	IA32_FIXED_CTR0			= 0x309,
	IA32_FIXED_CTR1			= 0x30a,
	IA32_FIXED_CTR2			= 0x30b,
	IA32_FIXED_CTR3			= 0x30c,
	IA32_PERF_METRICS		= 0x329,
	IA32_PERF_CAPABILITIES		= 0x345,
	IA32_FIXED_CTR_CTRL		= 0x38d,
	IA32_PERF_GLOBAL_STATUS		= 0x38e,
	IA32_PERF_GLOBAL_CTRL		= 0x38f,
	IA32_PERF_GLOBAL_STATUS_RESET	= 0x390,	/* IA32_PERF_GLOBAL_OVF_CTRL before v4 */
	IA32_PERF_GLOBAL_STATUS_SET	= 0x391,
	IA32_PERF_GLOBAL_INUSE		= 0x392,
	IA32_PEBS_ENABLE		= 0x3f1,
	IA32_PEBS_DATA_CFG		= 0x3f2,
	PEBS_LD_LAT			= 0x3f6,
	PEBS_FRONTEND			= 0x3f7,
	IA32_A_PMC0			= 0x4c1,	/* the same counters, full width */
	IA32_DS_AREA			= 0x600,
	/* These belong to the local APIC. */
	IA32_X2APIC_APICID		= 0x802,
	IA32_X2APIC_VERSION		= 0x803,
	IA32_X2APIC_EOI			= 0x80b,
	IA32_X2APIC_SIVR		= 0x80f,
	IA32_X2APIC_LVT_PMI		= 0x834,
};

/* IA32_PERFEVTSELx */
#define PERFEVTSEL_EVENT		0x00000000ffULL
#define PERFEVTSEL_UMASK		0x000000ff00ULL
#define PERFEVTSEL_USR			(1ULL << 16)
#define PERFEVTSEL_OS			(1ULL << 17)
#define PERFEVTSEL_EDGE			(1ULL << 18)
#define PERFEVTSEL_PC			(1ULL << 19)	/* pin control: no effect today */
#define PERFEVTSEL_INT			(1ULL << 20)
#define PERFEVTSEL_ANY			(1ULL << 21)	/* reserved if AnyThread is deprecated */
#define PERFEVTSEL_EN			(1ULL << 22)
#define PERFEVTSEL_INV			(1ULL << 23)
#define PERFEVTSEL_CMASK_SHIFT		24
#define PERFEVTSEL_CMASK		(0xffULL << PERFEVTSEL_CMASK_SHIFT)
#define PERFEVTSEL_IN_TX		(1ULL << 32)
#define PERFEVTSEL_IN_TXCP		(1ULL << 33)	/* counter 2 alone has it */
#define PERFEVTSEL_ADAPTIVE		(1ULL << 34)	/* needs PEBS baseline */

#define PERFEVTSEL_IN_TXCP_COUNTER	2

/* Event and unit mask as PERFEVTSEL[15:0] has them. */
#define PERF_EVENT(event, umask)	((umask) << 8 | (event))

/* The architectural events; bit numbers of CPUID.0AH:EBX are their order. */
enum pmu_event {
	EVENT_CORE_CYCLES	= PERF_EVENT(0x3c, 0x00),
	EVENT_INSTRUCTIONS	= PERF_EVENT(0xc0, 0x00),
	EVENT_REF_CYCLES	= PERF_EVENT(0x3c, 0x01),
	EVENT_LLC_REFERENCES	= PERF_EVENT(0x2e, 0x4f),
	EVENT_LLC_MISSES	= PERF_EVENT(0x2e, 0x41),
	EVENT_BRANCHES		= PERF_EVENT(0xc4, 0x00),
	EVENT_BRANCH_MISSES	= PERF_EVENT(0xc5, 0x00),
	EVENT_SLOTS		= PERF_EVENT(0xa4, 0x01),
};

/* What the fixed counters count. */
enum pmu_fixed {
	FIXED_INSTRUCTIONS,
	FIXED_CORE_CYCLES,
	FIXED_REF_CYCLES,
	FIXED_SLOTS,
};

/* IA32_FIXED_CTR_CTRL: four bits a counter, and one more in the high half. */
#define FIXED_CTR_CTRL_BITS		4
#define FIXED_CTR_CTRL_FIELD(i)		(0xfULL << FIXED_CTR_CTRL_BITS * (i))
#define FIXED_CTR_CTRL_OS(i)		(1ULL << FIXED_CTR_CTRL_BITS * (i))
#define FIXED_CTR_CTRL_USR(i)		(2ULL << FIXED_CTR_CTRL_BITS * (i))
#define FIXED_CTR_CTRL_ANY(i)		(4ULL << FIXED_CTR_CTRL_BITS * (i))
#define FIXED_CTR_CTRL_PMI(i)		(8ULL << FIXED_CTR_CTRL_BITS * (i))
#define FIXED_CTR_CTRL_ADAPTIVE(i)	(1ULL << (32 + FIXED_CTR_CTRL_BITS * (i)))

/* Where counters stand in GLOBAL_CTRL, GLOBAL_STATUS*, GLOBAL_INUSE, PEBS_ENABLE. */
#define GLOBAL_FIXED_SHIFT		32
#define GLOBAL_GP(i)			(1ULL << (i))
#define GLOBAL_FIXED(i)			(1ULL << (GLOBAL_FIXED_SHIFT + (i)))

/* IA32_PERF_GLOBAL_CTRL */
#define GLOBAL_CTRL_METRICS		(1ULL << 48)

/* IA32_PERF_GLOBAL_STATUS, _STATUS_RESET, _STATUS_SET */
#define GLOBAL_STATUS_OVF_METRICS	(1ULL << 48)
#define GLOBAL_STATUS_TOPA_PMI		(1ULL << 55)
#define GLOBAL_STATUS_LBR_FRZ		(1ULL << 58)
#define GLOBAL_STATUS_CTR_FRZ		(1ULL << 59)
#define GLOBAL_STATUS_ASCI		(1ULL << 60)
#define GLOBAL_STATUS_OVF_UNCORE	(1ULL << 61)
#define GLOBAL_STATUS_OVF_DS_BUFFER	(1ULL << 62)
#define GLOBAL_STATUS_CONDCHGD		(1ULL << 63)

/* IA32_PERF_GLOBAL_INUSE */
#define GLOBAL_INUSE_PMI		(1ULL << 63)

/* IA32_PERF_CAPABILITIES */
#define PERFCAP_LBR_FORMAT		0x3fULL
#define PERFCAP_PEBS_TRAP		(1ULL << 6)
#define PERFCAP_PEBS_ARCH_REGS		(1ULL << 7)
#define PERFCAP_PEBS_FORMAT_SHIFT	8
#define PERFCAP_PEBS_FORMAT		(0xfULL << PERFCAP_PEBS_FORMAT_SHIFT)
#define PERFCAP_FREEZE_WHILE_SMM	(1ULL << 12)
#define PERFCAP_FULL_WIDTH_WRITE	(1ULL << 13)
#define PERFCAP_PEBS_BASELINE		(1ULL << 14)
#define PERFCAP_PERF_METRICS		(1ULL << 15)

/* IA32_PERF_METRICS: a byte a metric, each an integer fraction of 255. */
#define PERF_METRICS_UNIT		255
#define PERF_METRICS_LEVEL1		0x00000000ffffffffULL

/* IA32_MISC_ENABLE */
#define MISC_ENABLE_FAST_STRING		(1ULL << 0)
#define MISC_ENABLE_THERMAL		(1ULL << 3)
#define MISC_ENABLE_PERFMON		(1ULL << 7)	/* read-only */
#define MISC_ENABLE_BTS_UNAVAIL		(1ULL << 11)	/* read-only */
#define MISC_ENABLE_PEBS_UNAVAIL	(1ULL << 12)	/* read-only */
#define MISC_ENABLE_EIST		(1ULL << 16)
#define MISC_ENABLE_MWAIT		(1ULL << 18)
#define MISC_ENABLE_LIMIT_CPUID		(1ULL << 22)
#define MISC_ENABLE_XTPR_DISABLE	(1ULL << 23)
#define MISC_ENABLE_XD_DISABLE		(1ULL << 34)
#define MISC_ENABLE_TURBO_DISABLE	(1ULL << 38)

/* IA32_DEBUGCTL */
#define DEBUGCTL_LBR			(1ULL << 0)
#define DEBUGCTL_BTF			(1ULL << 1)
#define DEBUGCTL_BLD			(1ULL << 2)
#define DEBUGCTL_TR			(1ULL << 6)
#define DEBUGCTL_BTS			(1ULL << 7)
#define DEBUGCTL_BTINT			(1ULL << 8)
#define DEBUGCTL_BTS_OFF_OS		(1ULL << 9)
#define DEBUGCTL_BTS_OFF_USR		(1ULL << 10)
#define DEBUGCTL_FREEZE_LBRS_ON_PMI	(1ULL << 11)
#define DEBUGCTL_FREEZE_PERFMON_ON_PMI	(1ULL << 12)
#define DEBUGCTL_UNCORE_PMI		(1ULL << 13)
#define DEBUGCTL_FREEZE_WHILE_SMM	(1ULL << 14)
#define DEBUGCTL_RTM_DEBUG		(1ULL << 15)

/* RDPMC: ECX[31:16] is a type, compared as a value; ECX[15:0] an index. */
#define RDPMC_TYPE_SHIFT		16
#define RDPMC_INDEX			0xffffU
enum rdpmc_type {
	RDPMC_TYPE_GP		= 0x0000,
	RDPMC_TYPE_METRICS	= 0x2000,
	RDPMC_TYPE_FIXED	= 0x4000,
};

/* ECX that selects a counter, for whoever executes RDPMC. */
#define RDPMC_GP(i)			(i)
#define RDPMC_FIXED(i)			(0x40000000U | (i))
#define RDPMC_METRICS			0x20000000U

/* CPUID.0AH, "Architectural Performance Monitoring Leaf" */
#define CPUID_0A_EAX_VERSION		0x000000ffU
#define CPUID_0A_EAX_NR_GP_SHIFT	8
#define CPUID_0A_EAX_GP_WIDTH_SHIFT	16
#define CPUID_0A_EAX_NR_EVENTS_SHIFT	24
#define CPUID_0A_EDX_NR_FIXED		0x0000001fU
#define CPUID_0A_EDX_FIXED_WIDTH_SHIFT	5
#define CPUID_0A_EDX_ANYTHREAD_DEPRECATED (1U << 15)

/* MSRs that are the local APIC's, or reserved for it, in x2APIC mode. */
#define X2APIC_FIRST_MSR		0x800
#define X2APIC_LAST_MSR			0x8ff

/* Spurious-interrupt vector register. */
#define APIC_SVR_VECTOR			0x000000ffU
#define APIC_SVR_ENABLE			0x00000100U

/* Local vector table entry for performance counters. */
#define LVT_VECTOR			0x000000ffU
#define LVT_DELIVERY_MODE		0x00000700U
#define LVT_DELIVERY_FIXED		0x00000000U
#define LVT_DELIVERY_NMI		0x00000400U
#define LVT_DELIVERY_STATUS		0x00001000U	/* read-only */
#define LVT_MASKED			0x00010000U

#endif
