/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results in the kernel log: KTAP version 1, suites of checks one level deep. No
 * name has a "#" in it, which begins a directive: parsers drop such a line.
 */
#ifndef KMOD_KTAP_H
#define KMOD_KTAP_H

#include <linux/types.h>

void ktap_begin(unsigned long suites);
void ktap_begin_suite(const char *name, unsigned int checks);
void ktap_check(bool ok, const char *name);
void ktap_skip(const char *name, const char *why);
/* A check where @applies, else skipped with the reason @why_not. */
void ktap_check_if(bool applies, const char *why_not, bool ok, const char *name);
void ktap_end_suite(const char *name);
/* How many checks have failed since ktap_begin(). */
unsigned int ktap_failures(void);

#endif
