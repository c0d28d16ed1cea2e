// SPDX-License-Identifier: GPL-2.0
/*
 * The same random accesses for a guest of the module's, by its file script in
 * debugfs, and for a bare PMU of the kind that the guest is shown, here: compared
 * one by one. Runs where the module is, so in the simulated machine.
 *
 * usage: guest_walk PROFILE ACCESSES SEED
 */
#include "tools/test/walk.h"
#include "tmavisor/guest_abi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char path[] = "/sys/kernel/debug/tmavisor/script";

/*
 * What the guest executes between two accesses, in guest/probe/script.asm; and
 * in guest/traps.asm, when the first of them has faulted.
 */
enum { FRAME = 13, FRAME_OF_FAULT = 17 };

enum { START_STEPS = 3, START_EVERY = 24 };

static unsigned long long switches, running;

/* @val for @msr so that nothing but instructions is counted. */
static u64 count_instructions(u32 msr, u64 val)
{
	if (msr == IA32_PERF_GLOBAL_CTRL)
		return val & ~(GLOBAL_FIXED(FIXED_SLOTS) | GLOBAL_CTRL_METRICS);
	return walk_plain_event(msr, val);
}

/* Counters that run, until what is written at random stops them. */
static struct guest_step start_step(const struct walk *w, unsigned int i)
{
	static const struct guest_step steps[START_STEPS] = {
		{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_INSTRUCTIONS) },
		{ GUEST_WRMSR, IA32_PERFEVTSEL0, EVENT_INSTRUCTIONS | PERFEVTSEL_OS |
		  PERFEVTSEL_EN },
		{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL },
	};
	struct guest_step step = steps[i];

	if (step.index == IA32_PERF_GLOBAL_CTRL)
		step.val = pmu_global_ctrl_valid(&w->model) &
			   (GLOBAL_GP(0) | GLOBAL_FIXED(FIXED_INSTRUCTIONS));
	return step;
}

static struct guest_step random_step(struct walk *w)
{
	struct guest_step step = walk_random_step(w);

	if (step.what == GUEST_WRMSR)
		step.val = count_instructions(step.index, step.val);
	/* Which is an instruction, too. */
	if (step.what == GUEST_COUNT || step.what == GUEST_CPUID)
		step = (struct guest_step) { GUEST_COUNT, .val = 1 };
	return step;
}

/* The @i-th of a script. */
static struct guest_step next_step(struct walk *w, unsigned int i)
{
	u64 r = soft_random(&w->seed);

	if (w->owes_metrics)
		return random_step(w);
	if (i % START_EVERY < START_STEPS)
		return start_step(w, i % START_EVERY);
	if (r % 4 == 0)
		return (struct guest_step) { GUEST_RDPMC, r & 0x100 ? RDPMC_FIXED(0) : 0 };
	return random_step(w);
}

static void write_step(FILE *file, const struct guest_step *step)
{
	switch (step->what) {
	case GUEST_RDMSR:
		fprintf(file, "rdmsr %#x\n", step->index);
		break;
	case GUEST_WRMSR:
		fprintf(file, "wrmsr %#x %#llx\n", step->index, step->val);
		break;
	case GUEST_RDPMC:
		fprintf(file, "rdpmc %#x\n", step->index);
		break;
	default:
		fputs("switch\n", file);
	}
}

static void die(const char *what)
{
	fprintf(stderr, "guest_walk: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The file takes a script in one piece. */
static void run_script(const struct guest_step *steps, unsigned int nr)
{
	static char buffer[64 * GUEST_MAX_OPS];
	FILE *file = fopen(path, "w");

	if (!file)
		die(path);
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	for (unsigned int i = 0; i < nr; i++)
		write_step(file, &steps[i]);
	if (fclose(file))
		die("the script");
}

static struct soft_result parse_result(const char *line)
{
	const char *value = strchr(line, '=');

	return (struct soft_result) {
		.fault = strstr(line, "fault 13\n"),
		.val = value ? strtoull(value + 1, NULL, 0) : 0,
	};
}

static bool reads_running_counter(const struct walk *w, const struct guest_step *step)
{
	u32 index = step->index & RDPMC_INDEX;

	if (step->what != GUEST_RDPMC || index >= PMU_MAX_GP)
		return false;
	switch (step->index >> RDPMC_TYPE_SHIFT) {
	case RDPMC_TYPE_GP:
		return w->bare.counting[0] & GLOBAL_GP(index);
	case RDPMC_TYPE_FIXED:
		return w->bare.counting[0] & GLOBAL_FIXED(index);
	}
	return false;
}

static bool is_same(struct walk *w, const struct guest_step *step, const char *line)
{
	struct soft_result guest = parse_result(line);
	struct soft_result bare = walk_bare_step(w, step);
	u32 frame = bare.fault ? FRAME_OF_FAULT : FRAME;

	running += reads_running_counter(w, step);
	pmu_count_plain(&w->bare, frame, frame, 0);
	w->faults += bare.fault;
	if (step->what == GUEST_COUNT)
		switches++;
	else
		w->accesses++;
	return guest.fault == bare.fault && guest.val == bare.val;
}

static bool compare(struct walk *w, const struct guest_step *steps, unsigned int nr)
{
	FILE *file = fopen(path, "r");
	char line[128];

	if (!file)
		die(path);
	for (unsigned int i = 0; i < nr; i++) {
		if (!fgets(line, sizeof(line), file))
			die("the results");
		if (is_same(w, &steps[i], line))
			continue;
		printf("# %s, line %u of a script, access %u: %s", w->profile,
		       i + 1, w->accesses, line);
		return false;
	}
	fclose(file);
	return true;
}

/* From RESET: as many as a script holds. */
static bool walk_script(struct walk *w)
{
	static struct guest_step steps[GUEST_MAX_OPS - 1];

	walk_bare_reset(w);
	w->owes_metrics = false;
	for (unsigned int i = 0; i < TMAV_ARRAY_SIZE(steps); i++)
		steps[i] = next_step(w, i);
	run_script(steps, TMAV_ARRAY_SIZE(steps));
	return compare(w, steps, TMAV_ARRAY_SIZE(steps));
}

int main(int argc, char **argv)
{
	bool same = true;
	struct walk w;
	void *core;

	if (argc != 4 || core_setup(&core))
		return 2;
	walk_begin(&w, core, argv[1]);
	w.seed = strtoull(argv[3], NULL, 0);
	while (same && w.accesses < strtoul(argv[2], NULL, 0))
		same = walk_script(&w);
	printf("%s: %u accesses %s, %u of them #GP, %llu RDPMC of a running counter, "
	       "%llu switches between\n", argv[1], w.accesses,
	       same ? "equal" : "until one differed", w.faults, running, switches);
	return !same;
}
