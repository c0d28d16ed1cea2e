/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's steps, compared one by one with a bare PMU of the kind that its
 * profile shows, while the host uses its own PMU in between.
 *
 * What is different on purpose, and so not asked for here:
 *  - PERFEVTSEL bits of TSX: no profile has TSX.
 *  - PEBS, OFFCORE_RSP, FRONTEND, LD_LAT, DS_AREA, DEBUGCTL: #GP in any profile.
 *  - MISC_ENABLE: its writable bits are not the guest's to change.
 *  - STATUS bits of features never shown (PEBS, LBR, PT, uncore, SGX, CondChgd): reserved
 *    where STATUS_SET and STATUS_RESET trap.
 *  - PERF_CAPABILITIES without a PMU: CPUID hides the MSR, and it is #GP.
 *  - Cycles: how many an emulated instruction takes is not defined.
 *  - FIXED_CTR3 written without PERF_METRICS right after it: the metrics are
 *    undefined then.
 */
#ifndef TOOLS_TEST_WALK_H
#define TOOLS_TEST_WALK_H

#include "tools/test/core_fixture.h"

enum { WALK_CHUNK = 63 };	/* steps between two switches */
#define WALK_SEED	2463534242ULL

struct walk {
	struct core		*core;
	const char		*profile;
	struct pmu_model	model;
	struct pmu		bare;		/* alone, on a CPU with that PMU */
	struct apic		bare_apic;	/* and its local APIC */
	u64			seed;
	u32			cpl;
	bool			owes_metrics;	/* of FIXED_CTR3, the last thing written */
	struct guest_step	steps[WALK_CHUNK + 1];
	unsigned int		valid, faults;	/* steps so far */
	unsigned int		accesses;	/* RDMSR, WRMSR and RDPMC of them */
	char			difference[128];
};

/* A guest in @profile, that has just begun; and its bare PMU. */
void walk_begin(struct walk *w, struct core *core, const char *profile);
void walk_end(struct walk *w);
/* An access or a few instructions, by w->seed. Tame: see below. */
struct guest_step walk_random_step(struct walk *w);
/*
 * The first @nr of w->steps, at most WALK_CHUNK, and a switch. NULL, or what
 * was different: a step, the guest's PMU afterwards, or the host's.
 */
const char *walk_chunk(struct walk *w, unsigned int nr);

/* @step on the bare PMU, which counts it. */
struct soft_result walk_bare_step(struct walk *w, const struct guest_step *step);
/* From RESET again, the bare one; a guest that is not this one's core's. */
void walk_bare_reset(struct walk *w);

/* @val for @msr, without what is different on purpose. */
u64 walk_tame(u32 msr, u64 val);
/* A selector that counts made to count instructions; other MSRs as they are. */
u64 walk_plain_event(u32 msr, u64 val);

#endif
