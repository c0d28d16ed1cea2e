/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What dmesg shows: the machine, then KTAP version 1 with a suite for
 * leaks, one for conformance, one per workload and one for the host, then a
 * table for people.
 */
#ifndef KMOD_REPORT_H
#define KMOD_REPORT_H

#include "kmod/session.h"

void report_machine(const struct session *session);
void report_begin(const struct session *session);
void report_leaks(const struct session *session);
void report_conform_begin(void);
void report_conform_case(const struct conform_outcome *outcome);
void report_conform_end(const struct session *session);
/* Of @w's run without forced switches. */
void report_slices(const struct session *session, enum guest_workload w);
void report_workload(const struct session *session, enum guest_workload w);
void report_host(const struct session *session);
void report_summary(const struct session *session);
/* Of the workloads; for report_summary(). */
void report_table(const struct session *session);

#endif
