// SPDX-License-Identifier: GPL-2.0
/*
 * RDMSR, WRMSR, RDPMC and CPUID of the PMU model: what exists, what faults.
 *
 * The masks are written down a second time here, from the manual's figures and
 * not from the model's constants: two that agree by accident are unlikely.
 */
#include "tools/test/pmu_fixture.h"

/* Does a register read back as written? */
enum reads { SPECIAL, STORED };

static const struct {
	uint32_t	msr;
	uint64_t	valid;
	enum reads	reads;
} writable[] = {
	{ IA32_PMC0,			 ~0ULL, SPECIAL },
	{ IA32_PMC0 + 7,		 ~0ULL, SPECIAL },
	{ IA32_PERFEVTSEL0,		 0x00000005ffdfffff, STORED },
	{ IA32_PERFEVTSEL0 + 1,		 0x00000005ffdfffff, STORED },
	{ IA32_PERFEVTSEL0 + 2,		 0x00000007ffdfffff, STORED },
	{ IA32_PERFEVTSEL0 + 3,		 0x00000005ffdfffff, STORED },
	{ IA32_PERFEVTSEL0 + 7,		 0x00000005ffdfffff, STORED },
	{ IA32_MISC_ENABLE,		 0x0000004400c51889, SPECIAL },
	{ OFFCORE_RSP_0,		 0x0000003fffffffff, STORED },
	{ OFFCORE_RSP_1,		 0x0000003fffffffff, STORED },
	{ IA32_DEBUGCTL,		 0x000000000000ffc7, STORED },
	{ IA32_FIXED_CTR0,		 0x0000ffffffffffff, STORED },
	{ IA32_FIXED_CTR1,		 0x0000ffffffffffff, STORED },
	{ IA32_FIXED_CTR2,		 0x0000ffffffffffff, STORED },
	{ IA32_FIXED_CTR3,		 0x0000ffffffffffff, STORED },
	{ IA32_PERF_METRICS,		 ~0ULL, SPECIAL },
	{ IA32_PERF_CAPABILITIES,	 0, SPECIAL },
	{ IA32_FIXED_CTR_CTRL,		 0x000011110000bbbb, STORED },
	{ IA32_PERF_GLOBAL_STATUS,	 0, SPECIAL },
	{ IA32_PERF_GLOBAL_CTRL,	 0x0001000f000000ff, STORED },
	{ IA32_PERF_GLOBAL_STATUS_RESET, 0xfc81000f000000ff, SPECIAL },
	{ IA32_PERF_GLOBAL_STATUS_SET,	 0xfc81000f000000ff, SPECIAL },
	{ IA32_PERF_GLOBAL_INUSE,	 0, SPECIAL },
	{ IA32_PEBS_ENABLE,		 0x0000000f000000ff, STORED },
	{ IA32_PEBS_DATA_CFG,		 0x00000000ff00000f, STORED },
	{ PEBS_LD_LAT,			 0x000000000000ffff, STORED },
	{ PEBS_FRONTEND,		 0x00000000007fff1f, STORED },
	{ IA32_A_PMC0,			 0x0000ffffffffffff, STORED },
	{ IA32_A_PMC0 + 7,		 0x0000ffffffffffff, STORED },
	/* One bit alone is canonical up to bit 46. */
	{ IA32_DS_AREA,			 0x00007fffffffffff, SPECIAL },
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Each bit of each register, alone. Expect: #GP and no change iff reserved. */
static void reserved_bits_fault(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
		for (unsigned int bit = 0; bit < 64; bit++) {
			if (writable[i].valid & 1ULL << bit)
				wr(f, writable[i].msr, 1ULL << bit);
			else
				wr_faults(f, writable[i].msr, 1ULL << bit);
		}
	}
}

/* A reserved bit next to valid ones. Expect: #GP, none of them taken. */
static void one_reserved_bit_spoils_a_write(void **state)
{
	struct fixture *f = *state;

	wr_faults(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(0) | GLOBAL_GP(8));
	wr_faults(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(0) | GLOBAL_FIXED(4));
	wr_faults(f, IA32_FIXED_CTR_CTRL,
		  FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_ANY(0));
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_CTRL), 0xff);
}

/* What is stored. Expect: all valid bits read back. */
static void valid_bits_read_back(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
		if (writable[i].reads != STORED)
			continue;
		wr(f, writable[i].msr, writable[i].valid);
		assert_int_equal(rd(f, writable[i].msr), writable[i].valid);
	}
}

/* RESET. Expect: all general counters enabled in GLOBAL_CTRL, the rest 0. */
static void reset_values(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
		switch (writable[i].msr) {
		case IA32_PERF_GLOBAL_CTRL:
			assert_int_equal(rd(f, writable[i].msr), 0xff);
			break;
		case IA32_MISC_ENABLE:
			assert_int_equal(rd(f, writable[i].msr), 0x00850089);
			break;
		case IA32_PERF_CAPABILITIES:
			assert_int_equal(rd(f, writable[i].msr), 0xf4ff);
			break;
		default:
			assert_int_equal(rd(f, writable[i].msr), 0);
		}
	}
}

/* RESET after use. Expect: indistinguishable from a new PMU. */
static void reset_forgets_everything(void **state)
{
	struct fixture *f = *state;
	struct insn insn = { .rip = 0x1000, .length = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(writable); i++)
		pmu_wrmsr(&f->pmu, writable[i].msr, writable[i].valid);
	pmu_count_insn(&f->pmu, &insn, CPL_KERNEL);
	pmu_reset(&f->pmu);
	reset_values(state);
	assert_false(pmu_needs_insns(&f->pmu));
	assert_int_equal(f->pmu.pipe.mem.last_fetch_line, 0);
}

/* MSRs next to the PMU's. Expect: left to the embedder. */
static void neighbours_are_not_mine(void **state)
{
	static const uint32_t neighbours[] = {
		0x0c0, 0x0c9, 0x185, 0x18e, 0x19f, 0x1a1, 0x1a5, 0x1a8, 0x1d8,
		0x1da, 0x308, 0x30d, 0x328, 0x32a, 0x344, 0x346, 0x38c, 0x393,
		0x3f0, 0x3f3, 0x3f5, 0x3f8, 0x4c0, 0x4c9, 0x5ff, 0x601, 0x834,
	};
	struct fixture *f = *state;
	uint64_t val;

	for (size_t i = 0; i < ARRAY_SIZE(neighbours); i++) {
		assert_int_equal(pmu_rdmsr(&f->pmu, neighbours[i], &val), PMU_NOT_MINE);
		assert_int_equal(pmu_wrmsr(&f->pmu, neighbours[i], 0), PMU_NOT_MINE);
		assert_null(pmu_msr_name(neighbours[i]));
	}
}

/* Names are those of the manual. */
static void names(void **state)
{
	(void)state;
	assert_string_equal(pmu_msr_name(0x30c), "IA32_FIXED_CTR3");
	assert_string_equal(pmu_msr_name(0x329), "IA32_PERF_METRICS");
	assert_string_equal(pmu_msr_name(0x18d), "IA32_PERFEVTSEL7");
	assert_string_equal(pmu_msr_name(0x4c1), "IA32_A_PMC0");
	assert_string_equal(pmu_msr_name(0xc8), "IA32_PMC7");
}

/* Legacy write. Expect: EAX sign-extended to the width, EDX ignored. */
static void legacy_write_extends_the_sign(void **state)
{
	struct fixture *f = *state;

	wr(f, IA32_PMC0, 0x80000000);
	assert_int_equal(rd(f, IA32_PMC0), 0xffff80000000);
	assert_int_equal(rd(f, IA32_A_PMC0), 0xffff80000000);
	wr(f, IA32_PMC0, 0xdeadbeef7fffffff);
	assert_int_equal(rd(f, IA32_PMC0), 0x7fffffff);
}

/* Both addresses of a counter. Expect: one counter. */
static void aliases_share_the_counter(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 8; i++) {
		wr(f, IA32_A_PMC0 + i, 0x123456789abc + i);
		assert_int_equal(rd(f, IA32_PMC0 + i), 0x123456789abc + i);
		assert_int_equal(pmc(f, RDPMC_GP(i)), 0x123456789abc + i);
	}
}

/* STATUS_SET, then STATUS_RESET. Expect: bits set and cleared, no PMI. */
static void status_is_set_and_reset_by_ones(void **state)
{
	struct fixture *f = *state;

	wr(f, IA32_PERF_GLOBAL_STATUS_SET, 0xfc81000f000000ff);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), 0xfc81000f000000ff);
	wr(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(0));
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), 0xfc81000f000000ff);
	wr(f, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_STATUS_OVF_METRICS | GLOBAL_GP(3));
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), 0xfc80000f000000f7);
	wr(f, IA32_PERF_GLOBAL_STATUS_RESET, 0);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS), 0xfc80000f000000f7);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS_SET), 0);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_STATUS_RESET), 0);
	assert_int_equal(f->pmis, 0);
}

/* Registers that only read. Expect: #GP even for the value they have. */
static void read_only_registers(void **state)
{
	struct fixture *f = *state;

	wr_faults(f, IA32_PERF_GLOBAL_STATUS, rd(f, IA32_PERF_GLOBAL_STATUS));
	wr_faults(f, IA32_PERF_GLOBAL_INUSE, rd(f, IA32_PERF_GLOBAL_INUSE));
	wr_faults(f, IA32_PERF_CAPABILITIES, rd(f, IA32_PERF_CAPABILITIES));
}

/* MISC_ENABLE. Expect: "perfmon available" and "unavailable" bits stay. */
static void misc_enable_keeps_its_read_only_bits(void **state)
{
	struct fixture *f = *state;

	wr(f, IA32_MISC_ENABLE, MISC_ENABLE_PEBS_UNAVAIL | MISC_ENABLE_BTS_UNAVAIL);
	assert_int_equal(rd(f, IA32_MISC_ENABLE), MISC_ENABLE_PERFMON);
	wr(f, IA32_MISC_ENABLE, MISC_ENABLE_FAST_STRING);
	assert_int_equal(rd(f, IA32_MISC_ENABLE),
			 MISC_ENABLE_PERFMON | MISC_ENABLE_FAST_STRING);
}

/* DS_AREA. Expect: kernel addresses pass, non-canonical ones fault. */
static void ds_area_is_canonical(void **state)
{
	struct fixture *f = *state;

	wr(f, IA32_DS_AREA, 0xfffffe0000001000);
	assert_int_equal(rd(f, IA32_DS_AREA), 0xfffffe0000001000);
	wr(f, IA32_DS_AREA, 0xffff800000000000);
	wr_faults(f, IA32_DS_AREA, 0xff00000000000000);
	wr_faults(f, IA32_DS_AREA, 0x0000800000000000);
}

/* INUSE. Expect: what has an event or is on, and whether a PMI is. */
static void inuse_follows_the_selectors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rd(f, IA32_PERF_GLOBAL_INUSE), 0);
	wr(f, IA32_PERFEVTSEL0 + 5, EVENT_INSTRUCTIONS);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_INUSE), GLOBAL_GP(5));
	wr(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_USR(3));
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_INUSE),
			 GLOBAL_GP(5) | GLOBAL_FIXED(3));
	wr(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_PMI(0));
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_INUSE),
			 GLOBAL_GP(5) | GLOBAL_INUSE_PMI);
	wr(f, IA32_FIXED_CTR_CTRL, 0);
	wr(f, IA32_PERFEVTSEL0 + 5, PERFEVTSEL_INT);
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_INUSE), GLOBAL_INUSE_PMI);
}

/* RDPMC of every type and of indices around the ends. */
static void rdpmc_selectors(void **state)
{
	struct fixture *f = *state;

	for (uint32_t type = 0; type <= RDPMC_INDEX; type++) {
		uint32_t ecx = type << RDPMC_TYPE_SHIFT;

		if (type == RDPMC_TYPE_GP || type == RDPMC_TYPE_FIXED ||
		    type == RDPMC_TYPE_METRICS)
			pmc(f, ecx);
		else
			pmc_faults(f, ecx);
	}
	for (uint32_t i = 0; i <= RDPMC_INDEX; i++) {
		if (i >= 8)
			pmc_faults(f, i);
		if (i >= 4)
			pmc_faults(f, RDPMC_FIXED(i));
		if (i)
			pmc_faults(f, RDPMC_METRICS | i);
	}
	pmc_faults(f, 0x60000000);	/* a value, not two flags */
	pmc_faults(f, 0x80000000);	/* no "fast" reads */
	pmc_faults(f, 0xc0000000);
	pmc_faults(f, 0xffffffff);
}

/* RDPMC. Expect: the same as RDMSR, the metrics with all 64 bits. */
static void rdpmc_reads_what_rdmsr_reads(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 4; i++) {
		wr(f, IA32_FIXED_CTR0 + i, 0xfedcba987654 - i);
		assert_int_equal(pmc(f, RDPMC_FIXED(i)), 0xfedcba987654 - i);
	}
	wr(f, IA32_PERF_METRICS, 0xf7e6d5c4b3a29180);
	assert_int_equal(pmc(f, RDPMC_METRICS), 0xf7e6d5c4b3a29180);
	assert_int_equal(rd(f, IA32_PERF_METRICS), 0xf7e6d5c4b3a29180);
}

/* CPUID.0AH of a Sapphire Rapids, as dumps of the real one have it. */
static void cpuid_of_sapphire_rapids(void **state)
{
	uint32_t regs[4];

	(void)state;
	pmu_cpuid_0xa(&pmu_model_spr, regs);
	assert_int_equal(regs[0], 0x08300805);
	assert_int_equal(regs[1], 0);
	assert_int_equal(regs[2], 0x0000000f);
	assert_int_equal(regs[3], 0x00008604);
}

/*
 * Other models
 */

/* Four counters of 40 bits. Expect: nothing beyond them. */
static void fewer_and_narrower_counters(void **state)
{
	struct fixture *f = *state;

	f->model.nr_gp = 4;
	f->model.gp_width = 40;
	f->model.fixed_width = 32;
	fixture_rebuild(f);

	rd_faults(f, IA32_PMC0 + 4);
	wr_faults(f, IA32_PMC0 + 4, 0);
	rd_faults(f, IA32_A_PMC0 + 4);
	wr_faults(f, IA32_A_PMC0 + 4, 0);
	rd_faults(f, IA32_PERFEVTSEL0 + 4);
	wr_faults(f, IA32_PERFEVTSEL0 + 4, 0);
	pmc_faults(f, RDPMC_GP(4));
	assert_int_equal(rd(f, IA32_PERF_GLOBAL_CTRL), 0xf);
	wr_faults(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_GP(4));
	wr_faults(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_GP(4));
	wr_faults(f, IA32_PEBS_ENABLE, GLOBAL_GP(4));

	wr_faults(f, IA32_A_PMC0, 1ULL << 40);
	wr_faults(f, IA32_FIXED_CTR0, 1ULL << 32);
	wr(f, IA32_PMC0, 0x80000000);
	assert_int_equal(rd(f, IA32_PMC0), 0xff80000000);
}

/* Fixed counters 0, 1 and 3. Expect: the hole faults, in every register. */
static void a_hole_among_the_fixed_counters(void **state)
{
	struct fixture *f = *state;
	uint32_t regs[4];

	f->model.fixed_mask = 0xb;
	fixture_rebuild(f);

	rd_faults(f, IA32_FIXED_CTR2);
	wr_faults(f, IA32_FIXED_CTR2, 0);
	pmc_faults(f, RDPMC_FIXED(2));
	pmc(f, RDPMC_FIXED(3));
	wr_faults(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(2));
	wr_faults(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_ADAPTIVE(2));
	wr_faults(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_FIXED(2));
	wr_faults(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_FIXED(2));
	wr(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(3));

	pmu_cpuid_0xa(&f->model, regs);
	assert_int_equal(regs[2], 0xb);
	assert_int_equal(regs[3] & CPUID_0A_EDX_NR_FIXED, 2);
}

/* No PERF_METRICS. Expect: no register, no bit 48, no RDPMC type. */
static void without_metrics(void **state)
{
	struct fixture *f = *state;

	f->model.perf_capabilities &= ~PERFCAP_PERF_METRICS;
	fixture_rebuild(f);

	rd_faults(f, IA32_PERF_METRICS);
	wr_faults(f, IA32_PERF_METRICS, 0);
	pmc_faults(f, RDPMC_METRICS);
	wr_faults(f, IA32_PERF_GLOBAL_CTRL, GLOBAL_CTRL_METRICS);
	wr_faults(f, IA32_PERF_GLOBAL_STATUS_SET, GLOBAL_STATUS_OVF_METRICS);
	wr_faults(f, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_STATUS_OVF_METRICS);
	assert_int_equal(rd(f, IA32_PERF_CAPABILITIES), 0x74ff);
}

/* No full-width writes. Expect: no A_PMCx; PMCx still read in full. */
static void without_full_width_writes(void **state)
{
	struct fixture *f = *state;

	f->model.perf_capabilities &= ~PERFCAP_FULL_WIDTH_WRITE;
	fixture_rebuild(f);

	rd_faults(f, IA32_A_PMC0);
	wr_faults(f, IA32_A_PMC0, 0);
	wr(f, IA32_PMC0, 0xffffffff);
	assert_int_equal(rd(f, IA32_PMC0), WIDTH48);
}

/* No PEBS baseline. Expect: none of what came with it. */
static void without_pebs_baseline(void **state)
{
	struct fixture *f = *state;

	f->model.perf_capabilities &= ~PERFCAP_PEBS_BASELINE;
	fixture_rebuild(f);

	wr_faults(f, IA32_PERFEVTSEL0, PERFEVTSEL_ADAPTIVE);
	wr_faults(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_ADAPTIVE(0));
	wr_faults(f, IA32_PEBS_ENABLE, GLOBAL_FIXED(0));
	rd_faults(f, IA32_PEBS_DATA_CFG);
	wr_faults(f, IA32_PEBS_DATA_CFG, 0);
}

/* Version 3. Expect: AnyThread, but nothing of version 4. */
static void version_3(void **state)
{
	struct fixture *f = *state;

	f->model.version = 3;
	fixture_rebuild(f);

	rd_faults(f, IA32_PERF_GLOBAL_STATUS_SET);
	wr_faults(f, IA32_PERF_GLOBAL_STATUS_SET, 0);
	rd_faults(f, IA32_PERF_GLOBAL_INUSE);
	wr_faults(f, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_STATUS_CTR_FRZ);
	wr(f, IA32_PERF_GLOBAL_STATUS_RESET, GLOBAL_GP(0));
	wr(f, IA32_PERFEVTSEL0, PERFEVTSEL_ANY);
	wr(f, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_ANY(0));
}

/* Version 1. Expect: general counters only, no global registers. */
static void version_1(void **state)
{
	static const uint32_t absent[] = {
		IA32_PERF_GLOBAL_CTRL, IA32_PERF_GLOBAL_STATUS,
		IA32_PERF_GLOBAL_STATUS_RESET, IA32_PERF_GLOBAL_STATUS_SET,
		IA32_PERF_GLOBAL_INUSE, IA32_FIXED_CTR_CTRL, IA32_FIXED_CTR0,
	};
	struct fixture *f = *state;

	f->model.version = 1;
	fixture_rebuild(f);

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		rd_faults(f, absent[i]);
		wr_faults(f, absent[i], 0);
	}
	pmc_faults(f, RDPMC_FIXED(0));
	wr(f, IA32_PERFEVTSEL0, EVENT_INSTRUCTIONS | GP_BOTH | PERFEVTSEL_EN);
	pmu_count_plain(&f->pmu, 10, 10, CPL_USER);
	assert_int_equal(rd(f, IA32_PMC0), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(reserved_bits_fault),
		test(one_reserved_bit_spoils_a_write),
		test(valid_bits_read_back),
		test(reset_values),
		test(reset_forgets_everything),
		test(neighbours_are_not_mine),
		test(names),
		test(legacy_write_extends_the_sign),
		test(aliases_share_the_counter),
		test(status_is_set_and_reset_by_ones),
		test(read_only_registers),
		test(misc_enable_keeps_its_read_only_bits),
		test(ds_area_is_canonical),
		test(inuse_follows_the_selectors),
		test(rdpmc_selectors),
		test(rdpmc_reads_what_rdmsr_reads),
		test(cpuid_of_sapphire_rapids),
		test(fewer_and_narrower_counters),
		test(a_hole_among_the_fixed_counters),
		test(without_metrics),
		test(without_full_width_writes),
		test(without_pebs_baseline),
		test(version_3),
		test(version_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
