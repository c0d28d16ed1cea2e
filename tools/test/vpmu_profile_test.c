// SPDX-License-Identifier: GPL-2.0
/*
 * The PMU of each profile as its guest finds it, whether an access traps or
 * not; and of the host's, nothing.
 */
#include "tools/test/core_fixture.h"
#include "tmavisor/guest_abi.h"
#include "vmx/vmx_arch.h"

#include <errno.h>

/* A PMU by its number of counters; .version 0: none. */
static const struct profile {
	const char	*name;
	u32		version, gp, fixed, width;
	bool		full_width, metrics, level2;
} profiles[] = {
	{ "full",      5, 8, 0xf, 48, true,  true,  true },
	{ "nometrics", 5, 8, 0xf, 48, true,  false, false },
	{ "fixed3",    5, 8, 0x7, 48, true,  false, false },
	{ "gp4",       5, 4, 0xf, 48, true,  true,  true },
	{ "narrow",    5, 8, 0xf, 40, true,  false, false },
	{ "nofw",      5, 8, 0xf, 48, false, true,  true },
	{ "l1only",    5, 8, 0xf, 48, true,  true,  false },
	{ "none" },
	{ "custom:gp=3,fixed=0x5,width=33,metrics=0,l2=0,fw=0",
	  5, 3, 0x5, 33, false, false, false },
};

#define for_each_profile(p) \
	for (p = profiles; p < profiles + TMAV_ARRAY_SIZE(profiles); p++)

/*
 * One access at a time
 */

enum { CHUNK = SOFT_MAX_STEPS - 1 };

static u64 ones(u32 width)
{
	return TMAV_BIT(width) - 1;
}

/* Waits for PMIs of the host's that never come, as a run does. */
static void slice(struct core *core)
{
	int res;

	do {
		res = run_slice(&core->run, CORE_TIMER);
		soft_step();
	} while (res == -EAGAIN);
	assert_int_equal(res, RUN_PREEMPTED);
	soft_forget_trace(core->cpu);
}

/* A guest from RESET on, which then does as it is told. */
static void begin(struct core *core, const struct profile *p)
{
	static const struct guest_step nothing = { GUEST_TIMER };

	core_profile(core, p->name);
	core_program(core, &nothing, 1);
	slice(core);
}

static struct soft_result do_step(struct core *core, struct guest_step step)
{
	const struct guest_step steps[] = { step, { GUEST_TIMER } };

	core_go_on(core, steps, TMAV_ARRAY_SIZE(steps));
	slice(core);
	return core->cpu->guest.result[0];
}

static bool writes(struct core *core, u32 msr, u64 val)
{
	return !do_step(core, (struct guest_step) { GUEST_WRMSR, msr, val }).fault;
}

static bool can_read(struct core *core, u32 msr)
{
	return !do_step(core, (struct guest_step) { GUEST_RDMSR, msr }).fault;
}

static u64 reads(struct core *core, u32 msr)
{
	struct soft_result r = do_step(core, (struct guest_step) { GUEST_RDMSR, msr });

	assert_false(r.fault);
	return r.val;
}

static u64 rdpmc(struct core *core, u32 ecx)
{
	struct soft_result r = do_step(core, (struct guest_step) { GUEST_RDPMC, ecx });

	assert_false(r.fault);
	return r.val;
}

/*
 * Widths
 */

/* Expect: the legacy name takes 32 bits, and extends the sign to the guest's width. */
static void legacy_writes_extend_the_sign(void **state)
{
	const u64 positive = 0x7fffffff, negative = 0x80000000, noise = 0x12345ULL << 32;
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		for (u32 i = 0; i < p->gp; i++) {
			assert_true(writes(core, IA32_PMC0 + i, noise | negative));
			assert_int_equal(reads(core, IA32_PMC0 + i),
					 ones(p->width) & ~positive);
			assert_int_equal(rdpmc(core, RDPMC_GP(i)),
					 ones(p->width) & ~positive);
			assert_true(writes(core, IA32_PMC0 + i, noise | positive));
			assert_int_equal(rdpmc(core, RDPMC_GP(i)), positive);
		}
	}
}

/* Expect: full-width writes up to the guest's width, #GP beyond or if not shown. */
static void full_width_writes_end_at_the_width(void **state)
{
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		for (u32 i = 0; i < PMU_MAX_GP_COUNTERS; i++) {
			bool there = i < p->gp && p->full_width;

			assert_int_equal(writes(core, IA32_A_PMC0 + i, 0), there);
			assert_int_equal(can_read(core, IA32_A_PMC0 + i), there);
			if (!there)
				continue;
			assert_true(writes(core, IA32_A_PMC0 + i, ones(p->width)));
			assert_false(writes(core, IA32_A_PMC0 + i, TMAV_BIT(p->width)));
			assert_int_equal(reads(core, IA32_PMC0 + i), ones(p->width));
		}
	}
}

/* Expect: the same of fixed counters. */
static void fixed_counters_end_at_the_width(void **state)
{
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
			bool there = p->fixed & TMAV_BIT(i);

			assert_int_equal(writes(core, IA32_FIXED_CTR0 + i, 0), there);
			if (!there)
				continue;
			assert_true(writes(core, IA32_FIXED_CTR0 + i, ones(p->width)));
			assert_false(writes(core, IA32_FIXED_CTR0 + i,
					    TMAV_BIT(p->width)));
			assert_int_equal(rdpmc(core, RDPMC_FIXED(i)), ones(p->width));
		}
	}
}

/*
 * Bits
 */

static u64 all_enables(const struct profile *p)
{
	return ones(p->gp) | (u64)p->fixed << GLOBAL_FIXED_SHIFT |
	       (p->metrics ? GLOBAL_CTRL_METRICS : 0);
}

/* Expect: GLOBAL_CTRL has the bits of the guest's counters, 48 with metrics only. */
static void global_ctrl_has_the_guests_bits(void **state)
{
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		for (u64 bit = 1; bit; bit <<= 1)
			assert_int_equal(writes(core, IA32_PERF_GLOBAL_CTRL, bit),
					 (all_enables(p) & bit) != 0);
		if (!p->version)
			continue;
		assert_true(writes(core, IA32_PERF_GLOBAL_CTRL, all_enables(p)));
		assert_int_equal(reads(core, IA32_PERF_GLOBAL_CTRL), all_enables(p));
	}
}

/* Expect: and so have STATUS_SET and STATUS_RESET. */
static void global_status_has_the_guests_bits(void **state)
{
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		for (u64 bit = 1; bit && bit <= GLOBAL_STATUS_OVF_METRICS; bit <<= 1) {
			bool there = all_enables(p) & bit;

			assert_int_equal(writes(core, IA32_PERF_GLOBAL_STATUS_SET, bit),
					 there);
			if (there)
				assert_int_equal(reads(core, IA32_PERF_GLOBAL_STATUS), bit);
			assert_int_equal(writes(core, IA32_PERF_GLOBAL_STATUS_RESET, bit),
					 there);
		}
		assert_false(writes(core, IA32_PERF_GLOBAL_STATUS, 0));
	}
}

static void check_metrics(struct core *core, const struct profile *p)
{
	const u64 metrics = 0x0807060550301e61;
	u64 expected = p->level2 ? metrics : metrics & PERF_METRICS_LEVEL1;
	const struct guest_step pair[] = {
		{ GUEST_WRMSR, IA32_FIXED_CTR3, 1000 * PERF_METRICS_UNIT },
		{ GUEST_WRMSR, IA32_PERF_METRICS, metrics },
		{ GUEST_TIMER },
	};

	begin(core, p);
	core_go_on(core, pair, TMAV_ARRAY_SIZE(pair));
	slice(core);
	assert_false(core->cpu->guest.result[1].fault);
	assert_int_equal(reads(core, IA32_PERF_METRICS), expected);
	assert_int_equal(rdpmc(core, RDPMC_METRICS), expected);
}

/* Expect: level 2 is ignored on write and reads 0 if not shown; no metrics are #GP. */
static void metrics_have_the_guests_levels(void **state)
{
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		if (p->metrics) {
			check_metrics(core, p);
			continue;
		}
		begin(core, p);
		assert_false(writes(core, IA32_PERF_METRICS, 0));
		assert_false(can_read(core, IA32_PERF_METRICS));
	}
}

/* What a guest finds that has measured itself, with caches still cold. */
static u64 measured_metrics(struct core *core, const char *profile)
{
	static const struct guest_step steps[] = {
		{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_SLOTS) },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL,
		  GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_CTRL_METRICS },
		{ GUEST_SLOTS, .val = 1000 },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, 0 },
		{ GUEST_RDPMC, RDPMC_METRICS },
		{ GUEST_RDMSR, IA32_PERF_METRICS },
		{ GUEST_TIMER },
	};
	const struct soft_result *r = core->cpu->guest.result;

	begin(core, &(struct profile) { profile });
	core_go_on(core, steps, TMAV_ARRAY_SIZE(steps));
	slice(core);
	assert_true(r[4].val & PERF_METRICS_LEVEL1);
	assert_int_equal(r[5].val, r[4].val);
	return r[4].val;
}

/* Expect: a guest that is shown both levels measures both. */
static void level2_is_counted_if_shown(void **state)
{
	assert_true(measured_metrics(*state, "full") & ~PERF_METRICS_LEVEL1);
}

/* The hardware counts both. Expect: a guest with level 1 never sees the other. */
static void level2_is_not_seen_if_not_shown(void **state)
{
	assert_false(measured_metrics(*state, "l1only") & ~PERF_METRICS_LEVEL1);
}

/*
 * Sweeps
 */

/* Distinct in each register, so that what shows up tells where it is from. */
#define CANARY(i)	(0xc0ffee000000ULL | (u64)(i) << 8 | 0xa5)

static void plant_canaries(struct core *core, u64 *seed)
{
	struct soft_cpu *cpu = core->cpu;
	u64 global_ctrl;

	soft_random_host(cpu, seed);
	global_ctrl = soft_msr(cpu, IA32_PERF_GLOBAL_CTRL);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	for (u32 i = 0; i < PMU_MAX_GP_COUNTERS; i++)
		soft_set_msr(cpu, IA32_A_PMC0 + i, CANARY(i));
	for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		soft_set_msr(cpu, IA32_FIXED_CTR0 + i, CANARY(0x10 + i));
	soft_set_msr(cpu, IA32_PERF_METRICS, soft_random(seed) | 1);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, global_ctrl);
}

/* Each of @nr numbers from @first on, with new canaries for every few of them. */
static void sweep(struct core *core, enum guest_do what, u32 first, u32 nr,
		  void (*check)(const struct profile *p, u32 number,
				const struct soft_result *r),
		  const struct profile *p)
{
	struct guest_step steps[CHUNK + 1];
	u64 seed = first + nr;

	for (u32 done = 0; done < nr; done += CHUNK) {
		u32 n = nr - done < CHUNK ? nr - done : CHUNK;

		for (u32 i = 0; i < n; i++)
			steps[i] = (struct guest_step) { what, first + done + i };
		steps[n] = (struct guest_step) { GUEST_TIMER };
		plant_canaries(core, &seed);
		core_remember(core);
		core_go_on(core, steps, n + 1);
		slice(core);
		for (u32 i = 0; i < n; i++)
			check(p, first + done + i, &core->cpu->guest.result[i]);
		core_assert_untouched(core);
	}
}

/* After RESET; #GP: false. */
static bool rdpmc_expected(const struct profile *p, u32 ecx)
{
	u32 index = ecx & RDPMC_INDEX;

	switch (ecx >> RDPMC_TYPE_SHIFT) {
	case RDPMC_TYPE_GP:
		return index < p->gp;
	case RDPMC_TYPE_FIXED:
		return index < PMU_MAX_FIXED_COUNTERS && p->fixed >> index & 1;
	case RDPMC_TYPE_METRICS:
		return !index && p->metrics;
	}
	return false;
}

static void check_rdpmc(const struct profile *p, u32 ecx, const struct soft_result *r)
{
	if (r->fault == rdpmc_expected(p, ecx) || r->val)
		fail_msg("%s: RDPMC of %#x gives %#llx, #GP %d", p->name, ecx,
			 r->val, r->fault);
}

/* The host has canaries. Expect: RDPMC reaches the guest's own counters, all 0. */
static void rdpmc_reaches_only_the_guests(void **state)
{
	static const u32 types[] = {
		0x0000, 0x0001, 0x1000, 0x2000, 0x2001, 0x3000, 0x4000, 0x4001,
		0x6000, 0x8000, 0xa000, 0xc000, 0xffff,
	};
	enum { NR_INDEXES = 64 };
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		for (size_t i = 0; i < TMAV_ARRAY_SIZE(types); i++)
			sweep(core, GUEST_RDPMC, types[i] << RDPMC_TYPE_SHIFT,
			      NR_INDEXES, check_rdpmc, p);
	}
}

static bool is_register(const struct profile *p, u32 msr)
{
	switch (msr) {
	case IA32_PMC0 ... IA32_PMC0 + 7:
		return msr - IA32_PMC0 < p->gp;
	case IA32_A_PMC0 ... IA32_A_PMC0 + 7:
		return p->full_width && msr - IA32_A_PMC0 < p->gp;
	case IA32_PERFEVTSEL0 ... IA32_PERFEVTSEL0 + 7:
		return msr - IA32_PERFEVTSEL0 < p->gp;
	case IA32_FIXED_CTR0 ... IA32_FIXED_CTR3:
		return p->fixed >> (msr - IA32_FIXED_CTR0) & 1;
	case IA32_PERF_METRICS:
		return p->metrics;
	case IA32_FIXED_CTR_CTRL ... IA32_PERF_GLOBAL_INUSE:
	case IA32_PERF_CAPABILITIES:
	case IA32_X2APIC_LVT_PMI:
		return p->version;
	case IA32_X2APIC_APICID:
	case IA32_X2APIC_VERSION:
	case IA32_X2APIC_SIVR:
		return true;
	}
	return msr == IA32_MISC_ENABLE;
}

/* Version, and the highest LVT entry. */
#define APIC_VERSION_OF_SPR	0x60015

/* Where it is not 0 after RESET. */
static u64 reset_value(const struct profile *p, u32 msr)
{
	switch (msr) {
	case IA32_PERF_GLOBAL_CTRL:
		return ones(p->gp);
	case IA32_PERF_CAPABILITIES:
		return (p->full_width ? PERFCAP_FULL_WIDTH_WRITE : 0) |
		       (p->metrics ? PERFCAP_PERF_METRICS : 0);
	case IA32_MISC_ENABLE:
		return MISC_ENABLE_FAST_STRING | MISC_ENABLE_BTS_UNAVAIL |
		       MISC_ENABLE_PEBS_UNAVAIL |
		       (p->version ? MISC_ENABLE_PERFMON : 0);
	case IA32_X2APIC_VERSION:
		return APIC_VERSION_OF_SPR;
	case IA32_X2APIC_SIVR:
		return APIC_SVR_VECTOR;
	case IA32_X2APIC_LVT_PMI:
		return LVT_MASKED;
	}
	return 0;
}

static void check_rdmsr(const struct profile *p, u32 msr, const struct soft_result *r)
{
	bool there = is_register(p, msr);

	if (r->fault == there || (there && r->val != reset_value(p, msr)))
		fail_msg("%s: RDMSR of %#x gives %#llx, #GP %d", p->name, msr,
			 r->val, r->fault);
}

/* The host has canaries. Expect: every MSR is as after RESET, or #GP. */
static void rdmsr_reaches_only_the_guests(void **state)
{
	enum { NR_LOW_MSRS = 0x2000 };
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		sweep(core, GUEST_RDMSR, 0, NR_LOW_MSRS, check_rdmsr, p);
	}
}

static void check_gp(const struct profile *p, u32 number, const struct soft_result *r)
{
	/* Of an x2APIC without a PMU, these two can be written. */
	bool apic = number == IA32_X2APIC_EOI || number == IA32_X2APIC_SIVR;

	if (r->fault == apic)
		fail_msg("%s: #GP %d at %#x", p->name, r->fault, number);
}

/* Expect: a guest without a PMU can write no MSR but its APIC's, and has no RDPMC. */
static void none_is_gp_everywhere(void **state)
{
	enum { NR_LOW_MSRS = 0x2000, NR_INDEXES = 64 };
	struct core *core = *state;
	const struct profile none = { "none" };

	begin(core, &none);
	sweep(core, GUEST_WRMSR, 0, NR_LOW_MSRS, check_gp, &none);
	for (u32 type = 0; type < RDPMC_TYPE_FIXED * 4; type += RDPMC_TYPE_METRICS)
		sweep(core, GUEST_RDPMC, type << RDPMC_TYPE_SHIFT, NR_INDEXES,
		      check_gp, &none);
}

/* A counter in each register. Expect: reading all of it moves none to another. */
static void each_counter_is_its_own(void **state)
{
	struct core *core = *state;
	const struct profile *p;

	for_each_profile(p) {
		begin(core, p);
		for (u32 i = 0; i < p->gp; i++)
			assert_true(writes(core, IA32_PMC0 + i, 100 + i));
		for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
			if (p->fixed >> i & 1)
				assert_true(writes(core, IA32_FIXED_CTR0 + i, 200 + i));
		for (u32 i = 0; i < p->gp; i++) {
			assert_int_equal(rdpmc(core, RDPMC_GP(i)), 100 + i);
			assert_int_equal(reads(core, IA32_PMC0 + i), 100 + i);
		}
		for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
			if (p->fixed >> i & 1)
				assert_int_equal(rdpmc(core, RDPMC_FIXED(i)), 200 + i);
	}
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(legacy_writes_extend_the_sign),
		test(full_width_writes_end_at_the_width),
		test(fixed_counters_end_at_the_width),
		test(global_ctrl_has_the_guests_bits),
		test(global_status_has_the_guests_bits),
		test(metrics_have_the_guests_levels),
		test(level2_is_counted_if_shown),
		test(level2_is_not_seen_if_not_shown),
		test(rdpmc_reaches_only_the_guests),
		test(rdmsr_reaches_only_the_guests),
		test(none_is_gp_everywhere),
		test(each_counter_is_its_own),
	};

	return cmocka_run_group_tests_name("vpmu_profile", tests, NULL, NULL);
}
