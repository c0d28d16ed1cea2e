/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this CPU can do, read once from CPUID and the capability MSRs.
 * Changes nothing.
 */
#ifndef VMX_CAPS_H
#define VMX_CAPS_H

#include "tmavisor/types.h"

/* Limits of the architecture, not of a CPU: how many counters MSRs allow. */
#define PMU_MAX_GP_COUNTERS	8
#define PMU_MAX_FIXED_COUNTERS	4

/* A performance monitoring unit: the hardware's, or the one a guest is shown. */
struct pmu_caps {
	u32	version;
	u32	nr_gp;			/* at most PMU_MAX_GP_COUNTERS, see check_pmu() */
	u32	gp_width;
	u32	fixed_mask;		/* bitmap, below PMU_MAX_FIXED_COUNTERS */
	u32	fixed_width;
	u32	events_missing;		/* CPUID.0AH:EBX */
	u32	nr_events;		/* length of that bit vector */
	u64	perf_capabilities;	/* 0 without PDCM */
	bool	metrics;		/* PERF_METRICS and what it needs */
	bool	level2;			/* its upper half */
};

struct cpu_caps {
	u32	signature;		/* CPUID.1:EAX */
	u32	microcode;
	bool	hypervisor;		/* something beneath us says so */
	u64	vmx_basic;
	u64	vmx_misc;
	u64	ept_vpid;
	u64	cr0_fixed0, cr0_fixed1;
	u64	cr4_fixed0, cr4_fixed1;
	u32	extra_msrs;		/* bitmap over the table in vpmu.c */
	bool	pt;			/* Intel PT is there */
	struct pmu_caps	pmu;
};

/*
 * 0, or a negative errno after one line that says what is missing and what
 * to do about it:
 * -ENODEV      no Intel CPU, or no VMX in it
 * -EPERM       firmware keeps VMX off
 * -EBUSY       VMX or Intel PT is in use
 * -EOPNOTSUPP  the CPU lacks something that this hypervisor needs
 */
int caps_read(struct cpu_caps *caps);

/*
 * What a guest that goes from the one CPU to the other would find different: the
 * name of the first such thing, or NULL. Microcode may differ.
 */
const char *caps_differ(const struct cpu_caps *a, const struct cpu_caps *b);

/*
 * -EBUSY, after a line, if Intel PT traces and this CPU cannot do that in VMX
 * operation. Tracing can begin at any time: ask before each VMXON.
 */
int caps_check_pt(const struct cpu_caps *caps);

bool pmu_has_fixed(const struct pmu_caps *pmu, unsigned int counter);
bool pmu_has_full_width(const struct pmu_caps *pmu);
/* The bits that GLOBAL_CTRL has on such a PMU. */
u64 pmu_global_ctrl_mask(const struct pmu_caps *pmu);
/* Bits of counters, metrics, freezing and, where they are shown, PEBS and LBR. */
u64 pmu_global_status_mask(const struct pmu_caps *pmu);
u64 pmu_fixed_ctr_ctrl_mask(const struct pmu_caps *pmu);
u64 pmu_counter_mask(u32 width);
/* The bits of PERF_METRICS that there are. */
u64 pmu_metrics_mask(const struct pmu_caps *pmu);

#endif
