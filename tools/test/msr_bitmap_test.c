// SPDX-License-Identifier: GPL-2.0
/*
 * The MSR bitmap, bit by bit: which ones are clear is all that stands between
 * the guest and the host's MSRs.
 */
#include "tools/test/core_fixture.h"
#include "tools/test/soft_cpu.h"
#include "vmx/msr_bitmap.h"
#include "vmx/vmx_arch.h"

/* "MSR-Bitmap Address": where the four parts are, in bits. */
enum {
	READ_LOW_BIT	= 0x000 * 8,
	READ_HIGH_BIT	= 0x400 * 8,
	WRITE_LOW_BIT	= 0x800 * 8,
	WRITE_HIGH_BIT	= 0xc00 * 8,
	MSRS		= 0x2000,
	ALL_BITS	= TMAV_PAGE_SIZE * 8,
};
#define HIGH		0xc0000000U

struct fixture {
	struct soft_cpu		*cpu;
	struct msr_bitmap	bitmap;
};

static struct fixture fixture;

static int setup(void **state)
{
	void *cpu;

	assert_int_equal(soft_cpu_setup(&cpu), 0);
	fixture.cpu = cpu;
	assert_int_equal(msr_bitmap_alloc(&fixture.bitmap), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *cpu = f->cpu;

	msr_bitmap_free(&f->bitmap);
	return soft_cpu_teardown(&cpu);
}

static bool is_set(const struct fixture *f, unsigned int bit)
{
	return f->bitmap.bits[bit / 8] >> bit % 8 & 1;
}

static unsigned int clear_bits(const struct fixture *f)
{
	unsigned int n = 0;

	for (unsigned int bit = 0; bit < ALL_BITS; bit++)
		n += !is_set(f, bit);
	return n;
}

/* Expect: all ones, and so every access traps. */
static void a_new_bitmap_traps_all(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(clear_bits(f), 0);
	for (u32 i = 0; i < MSRS; i++) {
		assert_true(msr_bitmap_traps(&f->bitmap, i, MSR_READ));
		assert_true(msr_bitmap_traps(&f->bitmap, i, MSR_WRITE));
		assert_true(msr_bitmap_traps(&f->bitmap, HIGH + i, MSR_READ));
		assert_true(msr_bitmap_traps(&f->bitmap, HIGH + i, MSR_WRITE));
	}
}

struct pass_case {
	u32		msr;
	unsigned int	read_bit, write_bit;
};

static const struct pass_case pass_cases[] = {
	{ 0, READ_LOW_BIT, WRITE_LOW_BIT },
	{ IA32_PERF_METRICS, READ_LOW_BIT + IA32_PERF_METRICS, WRITE_LOW_BIT + IA32_PERF_METRICS },
	{ MSRS - 1, READ_LOW_BIT + MSRS - 1, WRITE_LOW_BIT + MSRS - 1 },
	{ HIGH, READ_HIGH_BIT, WRITE_HIGH_BIT },
	{ HIGH + 0x80, READ_HIGH_BIT + 0x80, WRITE_HIGH_BIT + 0x80 },
	{ HIGH + MSRS - 1, READ_HIGH_BIT + MSRS - 1, WRITE_HIGH_BIT + MSRS - 1 },
};

/* Expect: the bit of the access, where the SDM has it, and no other. */
static void one_access_opens_one_bit(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(pass_cases); i++) {
		const struct pass_case *c = &pass_cases[i];

		memset(f->bitmap.bits, 0xff, TMAV_PAGE_SIZE);
		assert_int_equal(msr_bitmap_pass(&f->bitmap, c->msr, MSR_READ), 0);
		assert_int_equal(clear_bits(f), 1);
		assert_false(is_set(f, c->read_bit));
		assert_false(msr_bitmap_traps(&f->bitmap, c->msr, MSR_READ));
		assert_true(msr_bitmap_traps(&f->bitmap, c->msr, MSR_WRITE));
		assert_true(msr_bitmap_traps(&f->bitmap, c->msr, MSR_READ_WRITE));

		memset(f->bitmap.bits, 0xff, TMAV_PAGE_SIZE);
		assert_int_equal(msr_bitmap_pass(&f->bitmap, c->msr, MSR_WRITE), 0);
		assert_int_equal(clear_bits(f), 1);
		assert_false(is_set(f, c->write_bit));
	}
}

/* Expect: both bits for both accesses. */
static void both_accesses_open_two_bits(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(pass_cases); i++) {
		memset(f->bitmap.bits, 0xff, TMAV_PAGE_SIZE);
		assert_int_equal(msr_bitmap_pass(&f->bitmap, pass_cases[i].msr,
						 MSR_READ_WRITE), 0);
		assert_int_equal(clear_bits(f), 2);
		assert_false(is_set(f, pass_cases[i].read_bit));
		assert_false(is_set(f, pass_cases[i].write_bit));
	}
}

/* MSRs that the bitmap doesn't cover always exit. Expect: -EINVAL, no bit changed. */
static void msrs_outside_cannot_be_opened(void **state)
{
	static const u32 outside[] = {
		MSRS, MSRS + 1, 0x40000000, 0x4b564d00, HIGH - 1, HIGH + MSRS,
		HIGH + MSRS + 1, 0xffffffff,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(outside); i++) {
		assert_int_equal(msr_bitmap_pass(&f->bitmap, outside[i], MSR_READ_WRITE),
				 -EINVAL);
		assert_int_equal(clear_bits(f), 0);
		assert_true(msr_bitmap_traps(&f->bitmap, outside[i], MSR_READ));
	}
}

static bool is_expected_to_pass(u32 msr)
{
	return (msr >= 0x0c1 && msr <= 0x0c8) ||	/* PMC0 to 7 */
	       (msr >= 0x4c1 && msr <= 0x4c8) ||	/* A_PMC0 to 7 */
	       (msr >= 0x309 && msr <= 0x30c) ||	/* FIXED_CTR0 to 3 */
	       msr == 0x329 ||				/* PERF_METRICS */
	       /* GLOBAL_STATUS, GLOBAL_CTRL, GLOBAL_STATUS_RESET */
	       msr == 0x38e || msr == 0x38f || msr == 0x390;
}

/*
 * The bitmap of a guest that is shown all of a Sapphire Rapids. Expect: in the
 * page, exactly these are open, read and write; the high half is shut.
 */
static void the_guests_bitmap_is_exact(void **state)
{
	struct fixture *f = *state;
	struct cpu_caps caps;
	struct vpmu vpmu;

	assert_int_equal(caps_read(&caps), 0);
	core_init_vpmu(&vpmu, &caps, "full");
	msr_bitmap_open(&f->bitmap, vpmu.hw, &vpmu.shown);
	for (u32 msr = 0; msr < MSRS; msr++) {
		assert_int_equal(is_set(f, READ_LOW_BIT + msr), !is_expected_to_pass(msr));
		assert_int_equal(is_set(f, WRITE_LOW_BIT + msr), !is_expected_to_pass(msr));
		assert_true(is_set(f, READ_HIGH_BIT + msr));
		assert_true(is_set(f, WRITE_HIGH_BIT + msr));
	}
}

static void no_memory_is_told(void **state)
{
	struct fixture *f = *state;
	struct msr_bitmap bitmap;

	f->cpu->faults.page_at = f->cpu->faults.pages + 1;
	assert_int_equal(msr_bitmap_alloc(&bitmap), -ENOMEM);
	msr_bitmap_free(&bitmap);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_new_bitmap_traps_all),
		test(one_access_opens_one_bit),
		test(both_accesses_open_two_bits),
		test(msrs_outside_cannot_be_opened),
		test(the_guests_bitmap_is_exact),
		test(no_memory_is_told),
	};

	return cmocka_run_group_tests_name("msr_bitmap", tests, NULL, NULL);
}
