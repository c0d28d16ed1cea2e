// SPDX-License-Identifier: GPL-2.0
#include "vmx/msr_bitmap.h"
#include "vmx/hw.h"
#include "vmx/vpmu.h"

/* "MSR-Bitmap Address": four bitmaps of 1 KByte each, contiguous. */
#define READ_LOW	0x000
#define READ_HIGH	0x400
#define WRITE_LOW	0x800
#define HIGH_BASE	0xc0000000u
#define MSRS_PER_RANGE	0x2000u

int msr_bitmap_alloc(struct msr_bitmap *bitmap)
{
	bitmap->bits = hw_page_alloc(&bitmap->pa);
	if (!bitmap->bits)
		return -ENOMEM;
	memset(bitmap->bits, 0xff, TMAV_PAGE_SIZE);
	return 0;
}

void msr_bitmap_free(struct msr_bitmap *bitmap)
{
	hw_page_free(bitmap->bits);
	bitmap->bits = NULL;
}

/* Bit number of a read of @msr, or -1 if the bitmap doesn't cover it. */
static int read_bit(u32 msr)
{
	if (msr < MSRS_PER_RANGE)
		return READ_LOW * 8 + msr;
	if (msr - HIGH_BASE < MSRS_PER_RANGE)
		return READ_HIGH * 8 + (msr - HIGH_BASE);
	return -1;
}

static void clear_bit_at(u8 *bits, int bit)
{
	bits[bit / 8] &= ~(1u << bit % 8);
}

static bool bit_at(const u8 *bits, int bit)
{
	return bits[bit / 8] & 1u << bit % 8;
}

int msr_bitmap_pass(struct msr_bitmap *bitmap, u32 msr, enum msr_access access)
{
	int bit = read_bit(msr);

	if (bit < 0)
		return -EINVAL;
	if (access & MSR_READ)
		clear_bit_at(bitmap->bits, bit);
	if (access & MSR_WRITE)
		clear_bit_at(bitmap->bits, bit + WRITE_LOW * 8);
	return 0;
}

void msr_bitmap_open(struct msr_bitmap *bitmap, const struct pmu_caps *hw,
		     const struct pmu_caps *shown)
{
	u32 msr;

	/* All MSRs of the PMU are in the low range. */
	for (msr = 0; msr < MSRS_PER_RANGE; msr++)
		if (vpmu_policy_msr(hw, shown, msr) == VPMU_PASS)
			msr_bitmap_pass(bitmap, msr, MSR_READ_WRITE);
}

bool msr_bitmap_traps(const struct msr_bitmap *bitmap, u32 msr,
		      enum msr_access access)
{
	int bit = read_bit(msr);

	if (bit < 0)
		return true;
	return (access & MSR_READ && bit_at(bitmap->bits, bit)) ||
	       (access & MSR_WRITE && bit_at(bitmap->bits, bit + WRITE_LOW * 8));
}
