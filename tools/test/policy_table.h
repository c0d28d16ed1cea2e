/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The whole policy, written out: what passes and what traps in each profile, to
 * compare vpmu_policy.c with.
 */
#ifndef TOOLS_TEST_POLICY_TABLE_H
#define TOOLS_TEST_POLICY_TABLE_H

#include "vmx/caps.h"

enum { POLICY_ROWS = 9, POLICY_ALWAYS_TRAPPED = 16, POLICY_LAST_MSR = 0x1fff };

enum policy_column {
	COL_RDPMC, COL_METRICS, COL_CTRL, COL_STATUS, COL_RESET,
	COL_GP_LOW,		/* counters 0 to 3, by their legacy name */
	COL_GP_HIGH,		/* 4 to 7 */
	COL_A_LOW, COL_A_HIGH,	/* by their full-width name */
	COL_FIXED, COL_SLOTS,	/* fixed counters 0 to 2, and 3 */
	POLICY_COLUMNS
};

struct policy_row {
	const char	*profile;
	int		pass[POLICY_COLUMNS];	/* enum vpmu_policy */
};

extern const struct policy_row policy_rows[POLICY_ROWS];
/* What no profile lets through, though counting depends on it. */
extern const u32 policy_always_trapped[POLICY_ALWAYS_TRAPPED];

/* What the row says, of counters that the profile has. */
bool policy_passes(const struct policy_row *row, const struct pmu_caps *shown,
		   u32 msr);
bool policy_passes_rdpmc(const struct policy_row *row);
/* False for a counter that the profile does not have, by any of its names. */
bool policy_shows(const struct pmu_caps *shown, u32 msr);

#endif
