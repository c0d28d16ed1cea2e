// SPDX-License-Identifier: GPL-2.0
/* The guest's local APIC by itself. */
#include "tools/test/soft_cpu.h"
#include "vmx/apic.h"

enum { VECTOR = 0xec, OTHER_CLASS = 0x31 };

static struct apic apic;

static int setup(void **state)
{
	(void)state;
	apic_reset(&apic, true);
	return 0;
}

static bool writes(u32 msr, u64 val)
{
	if (!apic_wrmsr_valid(&apic, msr, val))
		return false;
	apic_wrmsr(&apic, msr, val);
	return true;
}

static u64 reads(u32 msr)
{
	u64 val = ~0ULL;

	assert_true(apic_rdmsr(&apic, msr, &val));
	return val;
}

static void enable(u32 lvt)
{
	assert_true(writes(IA32_X2APIC_SIVR, APIC_SVR_ENABLE | APIC_SVR_VECTOR));
	assert_true(writes(IA32_X2APIC_LVT_PMI, lvt));
}

/* Expect: id 0, the version of the part, disabled, the entry masked. */
static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(reads(IA32_X2APIC_APICID), 0);
	assert_int_equal(reads(IA32_X2APIC_VERSION), 0x60015);
	assert_int_equal(reads(IA32_X2APIC_SIVR), APIC_SVR_VECTOR);
	assert_int_equal(reads(IA32_X2APIC_LVT_PMI), LVT_MASKED);
	assert_int_equal(apic_pending_vector(&apic), 0);
}

/* Expect: four registers can be read, three written, of the whole range. */
static void all_other_registers_are_gp(void **state)
{
	u64 val;

	(void)state;
	assert_false(apic_owns_msr(X2APIC_FIRST_MSR - 1));
	assert_false(apic_owns_msr(X2APIC_LAST_MSR + 1));
	for (u32 msr = X2APIC_FIRST_MSR; msr <= X2APIC_LAST_MSR; msr++) {
		bool readable = msr == IA32_X2APIC_APICID || msr == IA32_X2APIC_VERSION ||
				msr == IA32_X2APIC_SIVR || msr == IA32_X2APIC_LVT_PMI;
		bool writable = msr == IA32_X2APIC_EOI || msr == IA32_X2APIC_SIVR ||
				msr == IA32_X2APIC_LVT_PMI;

		assert_true(apic_owns_msr(msr));
		assert_int_equal(apic_rdmsr(&apic, msr, &val), readable);
		assert_int_equal(apic_wrmsr_valid(&apic, msr, 0), writable);
	}
}

static void only_these_bits(u32 msr, u64 valid)
{
	for (u64 bit = 1; bit; bit <<= 1)
		assert_int_equal(apic_wrmsr_valid(&apic, msr, bit), (valid & bit) != 0);
}

/* Expect: reserved bits are #GP, and so is an EOI of anything but 0. */
static void reserved_bits_are_gp(void **state)
{
	(void)state;
	only_these_bits(IA32_X2APIC_EOI, 0);
	only_these_bits(IA32_X2APIC_SIVR, APIC_SVR_VECTOR | APIC_SVR_ENABLE);
	only_these_bits(IA32_X2APIC_LVT_PMI, LVT_VECTOR | LVT_DELIVERY_MODE |
			LVT_DELIVERY_STATUS | LVT_MASKED);
}

/* Expect: delivery status is read-only, and 0. */
static void delivery_status_is_read_only(void **state)
{
	(void)state;
	enable(VECTOR | LVT_DELIVERY_STATUS);
	assert_int_equal(reads(IA32_X2APIC_LVT_PMI), VECTOR);
}

/* A guest without a PMU. Expect: it has no such entry. */
static void without_a_pmu_there_is_no_entry(void **state)
{
	u64 val;

	(void)state;
	apic_reset(&apic, false);
	assert_false(apic_rdmsr(&apic, IA32_X2APIC_LVT_PMI, &val));
	assert_false(apic_wrmsr_valid(&apic, IA32_X2APIC_LVT_PMI, 0));
}

/* Expect: while the APIC is disabled the mask bit is set, whatever is written. */
static void a_disabled_apic_masks(void **state)
{
	(void)state;
	assert_true(writes(IA32_X2APIC_LVT_PMI, VECTOR));
	assert_int_equal(reads(IA32_X2APIC_LVT_PMI), VECTOR | LVT_MASKED);
	enable(VECTOR);
	assert_int_equal(reads(IA32_X2APIC_LVT_PMI), VECTOR);
	assert_true(apic_takes_pmi(&apic));
	assert_true(writes(IA32_X2APIC_SIVR, APIC_SVR_VECTOR));
	assert_false(apic_takes_pmi(&apic));
	assert_int_equal(reads(IA32_X2APIC_LVT_PMI), VECTOR | LVT_MASKED);
}

/* Expect: fixed and NMI take a PMI, other modes and a masked entry don't. */
static void modes_that_take_a_pmi(void **state)
{
	const u32 nmi = LVT_DELIVERY_NMI, fixed = LVT_DELIVERY_FIXED;

	(void)state;
	for (u32 mode = 0; mode <= LVT_DELIVERY_MODE; mode += 0x100) {
		enable(mode | VECTOR);
		assert_int_equal(apic_takes_pmi(&apic), mode == nmi || mode == fixed);
		enable(mode | VECTOR | LVT_MASKED);
		assert_false(apic_takes_pmi(&apic));
	}
}

/* Expect: a PMI masks the entry and leaves its vector pending. */
static void a_pmi_masks_the_entry(void **state)
{
	(void)state;
	enable(VECTOR);
	apic_raise_pmi(&apic);
	assert_int_equal(reads(IA32_X2APIC_LVT_PMI), VECTOR | LVT_MASKED);
	assert_int_equal(apic_pending_vector(&apic), VECTOR);
	assert_false(apic.nmi);
}

/* Expect: in NMI mode an NMI is pending, and no vector. */
static void nmi_mode_has_no_vector(void **state)
{
	(void)state;
	enable(LVT_DELIVERY_NMI | VECTOR);
	apic_raise_pmi(&apic);
	assert_true(apic.nmi);
	assert_int_equal(apic_pending_vector(&apic), 0);
}

/* Expect: vectors 0 to 15 are never delivered. */
static void illegal_vectors_go_nowhere(void **state)
{
	(void)state;
	for (u32 vector = 0; vector < APIC_NR_VECTORS; vector++) {
		apic_reset(&apic, true);
		enable(vector);
		apic_raise_pmi(&apic);
		assert_int_equal(apic_pending_vector(&apic), vector < 16 ? 0 : vector);
	}
}

static void raise_vector(u32 vector)
{
	enable(vector);
	apic_raise_pmi(&apic);
}

/* Expect: while one is in service, another of its class or below waits for EOI. */
static void what_is_in_service_holds_up_its_class(void **state)
{
	(void)state;
	raise_vector(VECTOR);
	apic_accept(&apic, VECTOR);
	assert_int_equal(apic_pending_vector(&apic), 0);
	raise_vector(VECTOR + 1);
	raise_vector(OTHER_CLASS);
	assert_int_equal(apic_pending_vector(&apic), 0);
	assert_true(writes(IA32_X2APIC_EOI, 0));
	assert_int_equal(apic_pending_vector(&apic), VECTOR + 1);
}

/* Expect: a higher class is delivered into a lower one, and EOI ends the higher. */
static void a_higher_class_goes_first(void **state)
{
	(void)state;
	raise_vector(OTHER_CLASS);
	apic_accept(&apic, OTHER_CLASS);
	raise_vector(VECTOR);
	assert_int_equal(apic_pending_vector(&apic), VECTOR);
	apic_accept(&apic, VECTOR);
	raise_vector(OTHER_CLASS + 1);
	assert_true(writes(IA32_X2APIC_EOI, 0));
	assert_int_equal(apic_pending_vector(&apic), 0);
	assert_true(writes(IA32_X2APIC_EOI, 0));
	assert_int_equal(apic_pending_vector(&apic), OTHER_CLASS + 1);
}

/* Expect: an EOI with nothing in service does nothing. */
static void an_idle_eoi_is_harmless(void **state)
{
	(void)state;
	raise_vector(VECTOR);
	assert_true(writes(IA32_X2APIC_EOI, 0));
	assert_int_equal(apic_pending_vector(&apic), VECTOR);
}

#define test(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(reset_values),
		test(all_other_registers_are_gp),
		test(reserved_bits_are_gp),
		test(delivery_status_is_read_only),
		test(without_a_pmu_there_is_no_entry),
		test(a_disabled_apic_masks),
		test(modes_that_take_a_pmi),
		test(a_pmi_masks_the_entry),
		test(nmi_mode_has_no_vector),
		test(illegal_vectors_go_nowhere),
		test(what_is_in_service_holds_up_its_class),
		test(a_higher_class_goes_first),
		test(an_idle_eoi_is_harmless),
	};

	return cmocka_run_group_tests_name("apic", tests, NULL, NULL);
}
