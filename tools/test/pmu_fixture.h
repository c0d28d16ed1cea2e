/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PMU to test, and what its callbacks were told.
 */
#ifndef TOOLS_TEST_PMU_FIXTURE_H
#define TOOLS_TEST_PMU_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "include/tmavisor/pmu_arch.h"
#include "tools/sim/pmu/pmu.h"

enum { CPL_KERNEL = 0, CPL_USER = 3 };

struct fixture {
	struct pmu		pmu;
	struct pmu_model	model;
	unsigned int		pmis;
	unsigned int		complaints;
	const char		*complaint;	/* the last one */
};

/* Setup and teardown for cmocka: a Sapphire Rapids after RESET. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Another model in its place; @f->model is what to change before. */
void fixture_rebuild(struct fixture *f);

#define test(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

/* Accesses that are expected to succeed. */
uint64_t rd(struct fixture *f, uint32_t msr);
void wr(struct fixture *f, uint32_t msr, uint64_t val);
uint64_t pmc(struct fixture *f, uint32_t ecx);

/* Accesses that are expected to fault and to leave everything as it was. */
void rd_faults(struct fixture *f, uint32_t msr);
void wr_faults(struct fixture *f, uint32_t msr, uint64_t val);
void pmc_faults(struct fixture *f, uint32_t ecx);

/* Fixed counter @i on, at the privilege levels and with the PMI that @bits say. */
void enable_fixed(struct fixture *f, unsigned int i, uint64_t bits);
/* General counter @i on; @sel without EN. */
void enable_gp(struct fixture *f, unsigned int i, uint64_t sel);
/* Fixed counter 3 and the metrics, at all privilege levels. */
void enable_metrics(struct fixture *f);

/* Numbers that look random and are the same in every run. */
uint64_t next_random(uint64_t *state);

#define GP_BOTH		(PERFEVTSEL_OS | PERFEVTSEL_USR)
#define WIDTH48		((1ULL << 48) - 1)

#endif
