/* SPDX-License-Identifier: GPL-2.0 */
/* What a run can be asked for, on the insmod line or through debugfs. */
#ifndef KMOD_PARAMS_H
#define KMOD_PARAMS_H

#include "kmod/session.h"

struct params {
	int	cpu;
	int	switches;
	int	slices;
	char	*workload;
	char	*profile;
	char	*deny;
	bool	migrate;
	bool	strict;
};

/* As on the insmod line. */
extern struct params insmod_params;

/*
 * What @line names is changed in @params, whose strings then lie in @line.
 * -EINVAL, after a line that says why, for a word that is no parameter.
 */
int params_parse(char *line, struct params *params);
/* -EINVAL, after a line that says why, if one of them cannot be. */
int params_check(const struct params *params, struct session_options *options);

#endif
