/* SPDX-License-Identifier: GPL-2.0 */
/* Whole files in memory. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>
#include <stdio.h>
#include "tools/cli/scan.h"

/*
 * "-" or NULL is standard input. NULL with @c set if it cannot be read. A 0
 * follows the last byte; the caller frees.
 */
char *file_read(const char *path, size_t *len, struct complaint *c);
/* The same of what is open already; to its end, as a pipe's writer waits. */
char *file_read_stream(FILE *in, size_t *len, struct complaint *c);
/* What to call it in messages. */
const char *file_name(const char *path);

#endif
