/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MSR bitmap: every access exits but those that are opened one by one.
 */
#ifndef VMX_MSR_BITMAP_H
#define VMX_MSR_BITMAP_H

#include "vmx/caps.h"

struct msr_bitmap {
	u8	*bits;		/* one page; a set bit exits */
	u64	pa;
};

enum msr_access { MSR_READ = 1, MSR_WRITE = 2, MSR_READ_WRITE = 3 };

int msr_bitmap_alloc(struct msr_bitmap *bitmap);
void msr_bitmap_free(struct msr_bitmap *bitmap);
/*
 * Let the guest access @msr without a VM exit. MSRs outside the two ranges
 * that the bitmap covers always exit: -EINVAL.
 */
int msr_bitmap_pass(struct msr_bitmap *bitmap, u32 msr, enum msr_access access);
/* All that the guest's PMU lets pass; see vpmu_policy_msr(). */
void msr_bitmap_open(struct msr_bitmap *bitmap, const struct pmu_caps *hw,
		     const struct pmu_caps *shown);
bool msr_bitmap_traps(const struct msr_bitmap *bitmap, u32 msr,
		      enum msr_access access);

#endif
