/* SPDX-License-Identifier: GPL-2.0 */
/* Whether a host can run the module: a check a line, each with its remedy. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "tools/cli/host.h"

enum verdict { OK, MISSING, OPTIONAL, UNSEEN };

struct finding {
	enum verdict	verdict;
	char		seen[96];	/* what the host has */
};

struct check {
	const char	*name;
	const char	*remedy;
	struct finding	(*look)(const struct host *host);
	bool		only_to_build;
};

enum { NR_CHECKS = 28 };
extern const struct check doctor_checks[NR_CHECKS];

/* Nothing that is needed is missing; with the module @built, less is. */
bool doctor_says_yes(const struct host *host, bool built);

#endif
