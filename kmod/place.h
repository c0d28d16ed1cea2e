/* SPDX-License-Identifier: GPL-2.0 */
/*
 * On which CPU a run's slices are, and what the host had there before the first.
 */
#ifndef KMOD_PLACE_H
#define KMOD_PLACE_H

#include "kmod/session.h"

int place_alloc(struct session *session);
void place_free(struct session *session);

/*
 * Before each slice, interrupts off: this CPU is to be the run's. -EINTR if the
 * run was stopped, or has lost its CPU; as run_begin() on a CPU that is new to
 * it, with a line about CPUs that differ.
 */
int place_arrive(struct session *session);
/* After a slice, by the run's thread: with migrate=1, on to the next online CPU. */
void place_move(struct session *session);
/* At the end: what the host has on each CPU that the run was on. */
int place_read_hosts(struct session *session);
/* @cpu is going offline. True: the run can't do without, and was stopped. */
bool place_lose(struct session *session, unsigned int cpu);

#endif
