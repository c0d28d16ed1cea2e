/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one run of the module found, however it was told: the readers (log.c,
 * records.c, native.c) fill it in, the writers (write.h) print it. Owns the memory
 * behind it.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "tools/cli/scan.h"
#include "tmavisor/tma.h"

enum {
	RESULT_NAME		= 32,
	RESULT_TEXT		= 320,
	RESULT_MAX_WORKLOADS	= 64,
	/* A share of all slots must fit into 64 bits, and be cheap to draw. */
	RESULT_SLOTS_BITS	= 53,
	RESULT_MAX_SLICES	= 100000,
};

struct result_slice {
	u64	slots;
	u64	perf_metrics;
};

struct result_count {
	u64	slots;
	u64	cycles;
	u64	instructions;
	u64	switches;
	u64	forced;
};

struct result_workload {
	char			name[RESULT_NAME];
	struct result_count	plain;
	struct result_count	switched;
	bool			has_switched;
	bool			has_metrics;
	bool			has_level2;
	struct result_slice	*slices;	/* none: only the total is known */
	size_t			nr_slices;
	struct tma_total	total;
};

struct result_failure {
	char	suite[RESULT_NAME];
	char	claim[RESULT_TEXT];
	char	detail[RESULT_TEXT];	/* what the module said before it, or empty */
};

struct result {
	char			version[RESULT_NAME];
	char			release[96];	/* of Linux */
	char			profile[RESULT_TEXT];
	u64			cpu;
	u64			signature;
	u64			microcode;
	bool			hypervisor;
	bool			simulated;	/* it is said so; a real one is not */
	unsigned int		earlier_runs;	/* in the same log, left out */
	u64			checks;
	u64			skipped;
	struct result_workload	workloads[RESULT_MAX_WORKLOADS];
	unsigned int		nr_workloads;
	struct result_failure	*failures;
	size_t			nr_failures;
};

void result_free(struct result *result);
/* What the checks said and the workloads gave; the machine stays. */
void result_forget_run(struct result *result);

/* NULL, with a complaint, if there is one of that name or no room. */
struct result_workload *result_add_workload(struct result *result, const char *name,
					    struct complaint *c, unsigned long line);
struct result_workload *result_find_workload(struct result *result, const char *name);
bool result_add_slice(struct result_workload *w, u64 slots, u64 perf_metrics,
		      struct complaint *c, unsigned long line);
void result_add_failure(struct result *result, const char *suite,
			const char *claim, const char *detail);

/* Several slices as one: from @first, @count of them. */
struct tma_total result_sum(const struct result_workload *w, size_t first, size_t count);
/* Some slice's level 1 does not add up to 255, or a part exceeds its whole. */
bool result_is_mismeasured(const struct result_workload *w);

#endif
