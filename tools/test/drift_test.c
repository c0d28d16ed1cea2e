// SPDX-License-Identifier: GPL-2.0
/*
 * How far the shares of a host's topdown metrics drift from what they are alone,
 * by the number of switches within one reading. A put gives back bytes: each
 * rounds the shares to 255ths, and once the counter is so large that what comes
 * between two switches moves a share by less than half of that, by nothing.
 */
#include "tools/test/core_fixture.h"
#include "vmx/vmx_arch.h"

#include <stdio.h>

/* Of one reading: a plain one retires in a slot, a multiplication waits. */
enum { INSNS = 120000, LEVEL1 = 4 };

/* What the host does in a reading: plain ones and chains of MUL, in turn. */
struct program {
	const char	*name;
	unsigned int	parts;		/* 0: mixed all the time */
	u64		seed;		/* else each part has a mix of its own */
};

static const struct program programs[] = {
	{ "steady", 0 }, { "50 phases", 50 }, { "10 phases", 10 }, { "2 halves", 2 },
};

/*
 * As many, spread evenly, as each of these and of the random ones bears within a
 * point: a rounding is off by half a unit of the slots that there are by then, and if
 * all are to the same side, ten make a point.
 */
enum { WITHIN_A_POINT = 10 };

enum { RANDOM_PROGRAMS = 100 };

static const unsigned int counts[] = { WITHIN_A_POINT, 50, 100, 1000, 10000, 100000 };

/* The first of these, for random programs: more only takes longer. */
enum { RANDOM_COUNTS = 3 };

/* Where a program is in a reading. */
struct course {
	u64		dice;
	unsigned int	share;		/* that waits, in 256ths */
};

static bool waits(const struct program *program, struct course *at, unsigned int n)
{
	if (!program->parts)
		return n % 5 == 0;
	if (!program->seed)
		return n / (INSNS / program->parts) % 2;
	if (n % (INSNS / program->parts) == 0)
		at->share = soft_random(&at->dice) % 256;
	return soft_random(&at->dice) % 256 < at->share;
}

static void retire(struct soft_cpu *cpu, bool wait)
{
	static const struct insn plain = { .rip = 0x400000, .length = 4 };
	static const struct insn mul = {
		.rip = 0x400000, .length = 4, .kind = INSN_MUL, .reads = 1, .writes = 1,
	};

	pmu_count_insn(&cpu->pmu, wait ? &mul : &plain, 0);
}

/* As perf begins a reading of its group. */
static void begin(struct soft_cpu *cpu)
{
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	soft_set_msr(cpu, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	soft_set_msr(cpu, IA32_FIXED_CTR3, 0);
	soft_set_msr(cpu, IA32_PERF_METRICS, 0);
	pipeline_reset(&cpu->pmu.pipe);
	cpu->perf.enabled = GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_CTRL_METRICS;
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, cpu->perf.enabled);
}

static void switch_once(struct core *core)
{
	assert_int_equal(vpmu_load(&core->run.vpmu, &core->run.vmcs, true), 0);
	vpmu_put(&core->run.vpmu, &core->run.vmcs, false);
	soft_forget_trace(core->cpu);
}

/* Shares of level 1 at the end of a reading with @switches in it, in 255ths. */
static void read_shares(struct core *core, const struct program *program,
			unsigned int switches, double *share)
{
	struct course at = { .dice = program->seed };
	struct soft_cpu *cpu = core->cpu;
	unsigned int done = 0;

	begin(cpu);
	for (unsigned int n = 0; n < INSNS; n++) {
		retire(cpu, waits(program, &at, n));
		if ((u64)(n + 1) * switches / INSNS > done) {
			switch_once(core);
			done++;
		}
	}
	assert_int_equal(done, switches);
	for (unsigned int k = 0; k < LEVEL1; k++)
		share[k] = (double)cpu->pmu.metric_acc[k] / cpu->pmu.fixed[FIXED_SLOTS];
}

/* In points, of the share that is furthest off. */
static double drift(struct core *core, const struct program *program,
		    unsigned int switches)
{
	double alone[LEVEL1], beside[LEVEL1], most = 0;

	read_shares(core, program, 0, alone);
	read_shares(core, program, switches, beside);
	for (unsigned int k = 0; k < LEVEL1; k++) {
		double off = (beside[k] - alone[k]) * 100 / PERF_METRICS_UNIT;

		most = off > most ? off : -off > most ? -off : most;
	}
	return most;
}

/* Of random programs, of one part, two, or more; the one that is furthest off. */
static double drift_at_random(struct core *core, unsigned int switches)
{
	double most = 0;

	for (unsigned int i = 0; i < RANDOM_PROGRAMS; i++) {
		const struct program program = {
			.parts = 1U << i % LEVEL1, .seed = i + 1,
		};
		double off = drift(core, &program, switches);

		most = off > most ? off : most;
	}
	return most;
}

static void begin_guest(struct core *core, const char *profile)
{
	core_profile(core, profile);
	core_enter_root(core);
}

/* Expect: no share of any program is a point off. */
static void some_switches_cost_less_than_a_point(void **state)
{
	struct core *core = *state;

	begin_guest(core, "full");
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(programs); i++)
		for (unsigned int n = 1; n <= WITHIN_A_POINT; n += 3)
			assert_true(drift(core, &programs[i], n) < 1);
	assert_true(drift_at_random(core, WITHIN_A_POINT) < 1);
	core_leave_root(core);
}

/*
 * Expect: what the second half adds between two of very many switches is rounded
 * away, each time. If not, the model has forgotten to round.
 */
static void many_switches_lose_a_phase(void **state)
{
	struct core *core = *state;

	begin_guest(core, "full");
	assert_true(drift(core, &programs[3], 10000) > 20);
	core_leave_root(core);
}

/* Expect: beside a guest that is shown no metrics, as if it were not there. */
static void without_metrics_nothing_drifts(void **state)
{
	struct core *core = *state;

	begin_guest(core, "fixed3");
	for (size_t i = 0; i < TMAV_ARRAY_SIZE(programs); i++)
		assert_true(drift(core, &programs[i], 1000) == 0);
	core_leave_root(core);
}

/* For tools/soak/drift. */
static void print_table(void **state)
{
	struct core *core = *state;

	begin_guest(core, "full");
	for (size_t k = 0; k < TMAV_ARRAY_SIZE(counts); k++) {
		printf("# drift of host shares, switches a reading %6u:", counts[k]);
		for (size_t i = 0; i < TMAV_ARRAY_SIZE(programs); i++)
			printf(" %s %.2f%s", programs[i].name,
			       drift(core, &programs[i], counts[k]),
			       i + 1 < TMAV_ARRAY_SIZE(programs) ? "," : " points\n");
	}
	for (size_t k = 0; k < RANDOM_COUNTS; k++)
		printf("# drift of host shares, switches a reading %6u: %u random programs %.2f points at most\n",
		       counts[k], RANDOM_PROGRAMS, drift_at_random(core, counts[k]));
	core_leave_root(core);
}

#define test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		test(some_switches_cost_less_than_a_point),
		test(many_switches_lose_a_phase),
		test(without_metrics_nothing_drifts),
	};
	const struct CMUnitTest figures[] = { test(print_table) };

	if (argc > 1 && !strcmp(argv[1], "--table"))
		return cmocka_run_group_tests_name("drift", figures, NULL, NULL);
	return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
