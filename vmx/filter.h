/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event filter: events that the host denies the guest. The guest programs
 * them as it likes and reads back what it wrote; the hardware gets to see
 * selectors that don't count.
 */
#ifndef VMX_FILTER_H
#define VMX_FILTER_H

#include "tmavisor/types.h"

enum { FILTER_MAX_EVENTS = 32 };

struct event_filter {
	u32	nr;
	u16	event[FILTER_MAX_EVENTS];	/* as PERFEVTSEL[15:0] has them */
};

/* For messages and help: the form of the list, and the names in it. */
#define FILTER_FORM \
	"rUUEE (unit mask, event, in hex) or a name, separated by commas: " \
	"cycles, instructions, ref-cycles, cache-references, cache-misses, " \
	"branches, branch-misses, slots"

/*
 * @text, "" for none, to a filter. -EINVAL, after a line that says which part
 * of it is wrong.
 */
int filter_parse(const char *text, struct event_filter *filter);

/* @eventsel is a PERFEVTSEL, of which event and unit mask matter. */
bool filter_denies(const struct event_filter *filter, u64 eventsel);
/* Fixed counters count events too; denied as such, they stop. */
bool filter_denies_fixed(const struct event_filter *filter, u32 counter);

#endif
