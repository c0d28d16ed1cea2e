/* SPDX-License-Identifier: GPL-2.0 */
/* A log, debugfs's lines or native JSON in, a report for people out: what report and run share. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "tools/cli/log.h"
#include "tools/cli/native.h"
#include "tools/cli/records.h"
#include "tools/cli/write.h"

/* Tells them apart by how they begin. See log_read(). */
bool report_read(char *text, size_t len, struct result *result, struct complaint *c);
void report_write(FILE *out, const struct result *result, const struct terminal *terminal);
/* "COMMAND: FILE:LINE: ..." on standard error. */
void report_complain(const char *command, const char *file, const struct complaint *c);

#endif
