/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tool's own JSON: one object a run, with every register as it was read, so
 * that nothing of a report is lost. native_write() is in write.h.
 */
#ifndef CLI_NATIVE_H
#define CLI_NATIVE_H

#include "tools/cli/result.h"

#define NATIVE_SCHEMA		"tmavisor.report"
enum { NATIVE_SCHEMA_VERSION = 1 };

/* False with @c set if @text is no such object, or not all of one. */
bool native_read(const char *text, size_t len, struct result *result,
		 struct complaint *c);

#endif
