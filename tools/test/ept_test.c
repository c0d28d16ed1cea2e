// SPDX-License-Identifier: GPL-2.0
/*
 * Extended page tables, walked as the CPU walks them: what was mapped is there,
 * and nothing else.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/ept.h"

/* "Format of an EPT Page-Table Entry" */
#define RWX		7ULL
#define WRITE_BACK	(6ULL << 3)
#define LEAF_BITS	(RWX | WRITE_BACK)
#define ADDRESS		0x000ffffffffff000ULL
enum { LEVELS = 4, INDEX_BITS = 9, PAGE_BITS = 12, MAX_GPA_BITS = 48 };

struct fixture {
	struct soft_cpu	*cpu;
	struct ept	ept;
};

static struct fixture fixture;

static int setup(void **state)
{
	void *cpu;

	assert_int_equal(soft_cpu_setup(&cpu), 0);
	fixture.cpu = cpu;
	assert_int_equal(ept_alloc(&fixture.ept), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *cpu = f->cpu;

	ept_free(&f->ept);
	return soft_cpu_teardown(&cpu);
}

/* The last-level entry for @gpa, 0 if the walk ends before. */
static u64 walk(const struct fixture *f, u64 gpa)
{
	u64 entry = ept_pointer(&f->ept) & ADDRESS;

	for (int level = LEVELS; level; level--) {
		const u64 *table = hw_page_of(entry & ADDRESS);

		entry = table[gpa >> (PAGE_BITS + INDEX_BITS * (level - 1)) & 0x1ff];
		if (!entry)
			return 0;
		if (level > 1)
			assert_int_equal(entry & ~ADDRESS, RWX);
	}
	return entry;
}

static unsigned int mapped(const u64 *table, int level)
{
	unsigned int n = 0;

	for (int i = 0; i < 1 << INDEX_BITS; i++) {
		if (!table[i])
			continue;
		n += level == 1 ? 1 : mapped(hw_page_of(table[i] & ADDRESS), level - 1);
	}
	return n;
}

static const u64 gpas[] = {
	0, 0x1000, 0x1ff000, 0x200000, 0x3ffff000, 0x40000000, 0x7fffffe000,
	0x8000000000, 0xfffffffff000,
};

/* Expect: each page where it was put, read, write, execute, write-back. */
static void what_is_mapped_is_found(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < TMAV_ARRAY_SIZE(gpas); i++)
		assert_int_equal(ept_map(&f->ept, gpas[i], 0x123450000 + (i << 12)), 0);
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(gpas); i++)
		assert_int_equal(walk(f, gpas[i]), (0x123450000 + (i << 12)) | LEAF_BITS);
	assert_int_equal(mapped(f->ept.root, LEVELS), TMAV_ARRAY_SIZE(gpas));
}

/* Expect: the pages around a mapped one are not, near and far. */
static void nothing_else_is_mapped(void **state)
{
	struct fixture *f = *state;
	const u64 gpa = 0x40201000;

	assert_int_equal(ept_map(&f->ept, gpa, 0x5000), 0);
	for (int bit = PAGE_BITS; bit < MAX_GPA_BITS; bit++)
		assert_int_equal(walk(f, gpa ^ TMAV_BIT(bit)), 0);
	assert_int_equal(mapped(f->ept.root, LEVELS), 1);
}

/* Expect: a page can be mapped anew, and neighbours share their tables. */
static void tables_are_shared(void **state)
{
	struct fixture *f = *state;
	unsigned int pages;

	assert_int_equal(ept_map(&f->ept, 0x1000, 0x5000), 0);
	pages = f->cpu->pages_in_use;
	assert_int_equal(pages, LEVELS);
	assert_int_equal(ept_map(&f->ept, 0x2000, 0x6000), 0);
	assert_int_equal(ept_map(&f->ept, 0x1000, 0x7000), 0);
	assert_int_equal(f->cpu->pages_in_use, pages);
	assert_int_equal(walk(f, 0x1000), 0x7000 | LEAF_BITS);
}

/* Expect: write-back, four levels, no accessed and dirty flags. */
static void the_pointer_says_what_it_is(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ept_pointer(&f->ept), f->ept.root_pa | 6 | 3 << 3);
}

/* Each allocation fails in turn. Expect: -ENOMEM, nothing mapped, nothing left. */
static void no_memory_is_told_and_undone(void **state)
{
	struct fixture *f = *state;

	for (int at = 1; at < LEVELS; at++) {
		f->cpu->faults.page_at = f->cpu->faults.pages + at;
		assert_int_equal(ept_map(&f->ept, 0x1000, 0x5000), -ENOMEM);
		assert_int_equal(walk(f, 0x1000), 0);
		ept_free(&f->ept);
		assert_int_equal(f->cpu->pages_in_use, 0);
		assert_int_equal(ept_alloc(&f->ept), 0);
	}
	ept_free(&f->ept);
	f->cpu->faults.page_at = f->cpu->faults.pages + 1;
	assert_int_equal(ept_alloc(&f->ept), -ENOMEM);
}

/* After a failure. Expect: the same call goes on where it stopped. */
static void a_failed_map_can_be_repeated(void **state)
{
	struct fixture *f = *state;

	f->cpu->faults.page_at = f->cpu->faults.pages + 2;
	assert_int_equal(ept_map(&f->ept, 0x1000, 0x5000), -ENOMEM);
	assert_int_equal(ept_map(&f->ept, 0x1000, 0x5000), 0);
	assert_int_equal(walk(f, 0x1000), 0x5000 | LEAF_BITS);
	assert_int_equal(f->cpu->pages_in_use, LEVELS);
}

static void freeing_twice_does_no_harm(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ept_map(&f->ept, 0x1000, 0x5000), 0);
	ept_free(&f->ept);
	ept_free(&f->ept);
	assert_int_equal(f->cpu->pages_in_use, 0);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_mapped_is_found),
		test(nothing_else_is_mapped),
		test(tables_are_shared),
		test(the_pointer_says_what_it_is),
		test(no_memory_is_told_and_undone),
		test(a_failed_map_can_be_repeated),
		test(freeing_twice_does_no_harm),
	};

	return cmocka_run_group_tests_name("ept", tests, NULL, NULL);
}
