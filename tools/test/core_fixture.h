/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core on a software CPU: a run that is allocated and waits for a guest.
 */
#ifndef TOOLS_TEST_CORE_FIXTURE_H
#define TOOLS_TEST_CORE_FIXTURE_H

#include "tools/test/soft_cpu.h"
#include "vmx/run.h"

enum { CORE_TIMER = 1000 };

#define CORE_ALL_FIXED	(FIXED_CTR_CTRL_OS(0) | FIXED_CTR_CTRL_OS(1) | \
			 FIXED_CTR_CTRL_OS(2) | FIXED_CTR_CTRL_OS(3))
#define CORE_ENABLE_ALL	(GLOBAL_FIXED(0) | GLOBAL_FIXED(1) | GLOBAL_FIXED(2) | \
			 GLOBAL_FIXED(3) | GLOBAL_CTRL_METRICS)
/* The first steps of a guest that counts all that is fixed, the pair from 0. */
#define GUEST_COUNTS_FIXED						\
	{ GUEST_WRMSR, IA32_FIXED_CTR_CTRL, CORE_ALL_FIXED },		\
	{ GUEST_WRMSR, IA32_FIXED_CTR3, 0 },				\
	{ GUEST_WRMSR, IA32_PERF_METRICS, 0 },				\
	{ GUEST_WRMSR, IA32_PERF_GLOBAL_CTRL, CORE_ENABLE_ALL }

struct core {
	struct soft_cpu		*cpu;
	struct run		run;
	struct soft_snapshot	before;
	struct soft_regs	regs_before;
};

/* With run_alloc() done, and everything given back afterwards. */
int core_setup(void **state);
int core_teardown(void **state);

/* Run @steps as a guest from its beginning; must end in GUEST_VMCALL. */
void core_program(struct core *core, const struct guest_step *steps,
		  unsigned int nr);
#define core_guest(core, ...)						\
	do {								\
		static const struct guest_step steps_[] = { __VA_ARGS__ };	\
		core_program(core, steps_, TMAV_ARRAY_SIZE(steps_));	\
	} while (0)
#define GUEST_DONE	{ GUEST_VMCALL, .val = GUEST_CALL_DONE }

/* Slices until the guest is done, or an error other than -EAGAIN. */
int core_run(struct core *core);
/* Remember the host's state, and compare with it. */
void core_remember(struct core *core);
void core_assert_untouched(struct core *core);

/* VMX root around calls of the core's parts; no guest needed. */
void core_enter_root(struct core *core);
void core_leave_root(struct core *core);

/* A guest that is shown the PMU of @profile, which must be one that can be had. */
void core_init_vpmu(struct vpmu *vpmu, const struct cpu_caps *caps,
		    const char *profile);
/* After a change of core->run.vpmu.shown: controls and bitmap to match. */
void core_show(struct core *core);

/* The guest is shown the PMU of @profile from its next program on. */
void core_profile(struct core *core, const char *profile);
/*
 * In the midst of a program, after GUEST_TIMER or the like: go on with @steps,
 * registers and PMU as they are.
 */
void core_go_on(struct core *core, const struct guest_step *steps,
		unsigned int nr);

/* After a change of core->cpu->model or CPUID: run_alloc() again. */
void core_rebuild(struct core *core);

#endif
