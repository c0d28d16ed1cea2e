/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest must find on a CPU with the PMU that it is shown: cases of one
 * claim each, for the module and for the unit tests alike, so no Linux in it.
 * A case writes a script for the guest, has it run from RESET, and compares.
 */
#ifndef KMOD_CONFORM_H
#define KMOD_CONFORM_H

#include "tmavisor/guest_abi.h"
#include "vmx/caps.h"
#include "vmx/filter.h"

enum conform_result { CONFORM_OK, CONFORM_NOT_OK, CONFORM_SKIPPED };

/* The first thing in a case that was not as it should be. */
struct conform_miss {
	u32	code;			/* enum guest_op_code, of op @at; else of several */
	u32	at;
	u32	index;
	u64	wrote;
	u64	seen;
	u64	wanted;
	u64	fault;			/* vector that came, or 0 */
	bool	wanted_gp;		/* #GP, whatever @wanted */
};

struct conform_outcome {
	const char		*claim;
	const char		*expect;
	const char		*why;	/* of CONFORM_SKIPPED */
	enum conform_result	result;
	struct conform_miss	miss;	/* of CONFORM_NOT_OK */
};

/* What an op must come to. */
struct conform_want {
	enum { WANT_NO_FAULT, WANT_VALUE, WANT_GP, WANT_NOTHING } what;
	u64	val;
	u64	mask;
};

struct conform {
	/* Of the caller's. */
	const struct pmu_caps		*shown;
	const struct event_filter	*deny;
	struct guest_op			*ops;	/* GUEST_MAX_OPS, the guest's memory */
	/* Run the guest from RESET to GUEST_OP_END; 0 or a negative errno. */
	int				(*run)(struct conform *conform);

	/* Of the case that runs. */
	struct conform_want		want[GUEST_MAX_OPS];
	u32				nr;
	int				err;
	bool				missed;
	struct conform_miss		miss;

	u64				lateness;	/* of a PMI, in instructions */
};

/* How many cases there are. */
u32 conform_cases(void);
/* Run case @i. Negative errno if the guest could not be run to its end. */
int conform_case(struct conform *conform, u32 i, struct conform_outcome *outcome);

#endif
