/* SPDX-License-Identifier: GPL-2.0 */
/* Real logs of the module for the tool's tests, and small damages to them. */
#ifndef TEST_CLI_FIXTURE_H
#define TEST_CLI_FIXTURE_H

#include <stddef.h>
#include <stdbool.h>

/* tools/test/cli/NAME as a string; the caller frees all of these. */
char *fixture_read(const char *name);
/* The first @from becomes @to; there must be one. */
char *fixture_replace(const char *text, const char *from, const char *to);
/* Without the first line that contains @part; there must be one. */
char *fixture_without_line(const char *text, const char *part);
/* The number of the first line that contains @part. */
unsigned long fixture_line_of(const char *text, const char *part);

#endif
