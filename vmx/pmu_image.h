/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's PMU, with the local APIC that takes its PMI, as one block of
 * bytes: taken out of one run and put into another, on this CPU or elsewhere.
 */
#ifndef VMX_PMU_IMAGE_H
#define VMX_PMU_IMAGE_H

#include "vmx/run.h"

/* "TMAVPMU" */
#define PMU_IMAGE_MAGIC		0x00554d5056414d54ULL
enum { PMU_IMAGE_VERSION = 1 };

/* Little-endian, without holes. A change of it is a new version. */
struct pmu_image {
	u64	magic;
	u32	version;
	u32	size;		/* of all of it, in bytes */

	/* The PMU that the guest was shown. */
	u32	perfmon_version;
	u32	nr_gp, gp_width;
	u32	fixed_mask, fixed_width;
	u32	level2;
	u64	perf_capabilities;

	u64	gp[PMU_MAX_GP_COUNTERS];
	u64	eventsel[PMU_MAX_GP_COUNTERS];
	u64	fixed[PMU_MAX_FIXED_COUNTERS];
	u64	perf_metrics;	/* also of a guest that has no access to it */
	u64	fixed_ctr_ctrl;
	u64	global_status;
	u64	global_ctrl;

	u64	apic_irr[APIC_NR_VECTORS / 64];
	u64	apic_isr[APIC_NR_VECTORS / 64];
	u32	apic_svr;
	u32	apic_lvt_pmi;
	u32	apic_nmi;	/* 1: one is to be injected */
	u32	reserved;	/* 0 */
};

/* Between two slices, before the first or after the last. */
void pmu_image_export(const struct run *run, struct pmu_image *image);

/*
 * Whether a guest that is shown such a PMU could have it. -EINVAL, after a line
 * that says what is wrong with @data: it is of another size, version or PMU, or
 * has a bit set that the guest could not have. No more than @size is looked at.
 */
int pmu_image_check(const struct pmu_caps *shown, const void *data, size_t size);

/*
 * Likewise, into a run. As pmu_image_check(), and nothing is changed on error.
 * The shares of an image whose fixed counter 3 is 0 are taken, and read as 0.
 */
int pmu_image_import(struct run *run, const void *data, size_t size);

#endif
