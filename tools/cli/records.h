/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads what the module has in debugfs, tmavisor/results: a JSON line a workload
 * and run. Of several sessions, kept in one file, the last counts.
 */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include "tools/cli/result.h"

/* @text begins with such a line, whatever is wrong with it. */
bool records_begin(const char *text, size_t len);
/* False with @c set if @text is no such lines. */
bool records_read(const char *text, size_t len, struct result *result,
		  struct complaint *c);

#endif
