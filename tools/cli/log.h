/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads what the module says in the kernel log (dmesg, journalctl, a serial
 * console): KTAP version 1 with the measurements as diagnostics. Of several runs
 * the last counts. Lines of others between them do not matter; a line that is
 * missing or damaged does.
 */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include "tools/cli/result.h"

/*
 * False with @c set if @text is no such log, or not all of one. @text is cut into
 * lines in place; its last byte, text[len], must be 0.
 */
bool log_read(char *text, size_t len, struct result *result, struct complaint *c);

#endif
