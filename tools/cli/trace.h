/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated machine's trace (docs/sim.md), read event by event and cut into
 * PMU switches: what the host does from setting GLOBAL_CTRL to 0 for a load to
 * setting it to its own value at the end of the put. CPUs are independent.
 */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include <stdio.h>
#include "tools/cli/scan.h"

enum { TRACE_NAME = 40, TRACE_MAX_CPUS = 8 };

enum trace_op {
	OP_RDMSR, OP_WRMSR, OP_RDPMC, OP_APIC_READ, OP_APIC_WRITE, OP_ENTRY, OP_EXIT,
	OP_STRICT, OP_RESET, NR_TRACE_OPS,
};

struct trace_event {
	enum trace_op	op;
	bool		guest;
	bool		fault;
	bool		after_nmi;	/* Linux's NMI handler ran right before */
	u64		t;
	u64		cpu;
	u64		val;
	u64		reason;		/* of an exit */
	char		name[TRACE_NAME];	/* of the register; of OP_STRICT: the message */
};

struct trace_switch {
	struct trace_event	*events;
	size_t			nr;
	size_t			room;
	size_t			first_entry;	/* the load ends before it */
	size_t			last_exit;	/* the put begins after it */
	bool			entered;
	u64			host_ctrl;	/* GLOBAL_CTRL before the load */
	bool			host_ctrl_known;
	bool			metrics;	/* the CPU has them, or nobody says */
	bool			nmi;		/* one came in the middle */
	const char		*strict;	/* what the PMU's strict mode said first */
};

/* Called for each whole switch, in the order in which they end. */
typedef void (*trace_visit)(const struct trace_switch *s, void *context);

/*
 * False with @c set if a line is no event. @text is cut into lines in place; its
 * last byte, text[len], must be 0. *@unfinished: the trace ends within one of a CPU's.
 */
bool trace_read(char *text, size_t len, trace_visit visit, void *context,
		bool *unfinished, struct complaint *c);

/* What a switch must be, each judged for itself. */
enum { NR_TRACE_CLAIMS = 7 };
extern const struct trace_claim {
	const char	*text;
	bool		needs_metrics;
	/* Or says what is wrong in @why. */
	bool		(*holds)(const struct trace_switch *s, char *why, size_t size);
} trace_claims[NR_TRACE_CLAIMS];

bool trace_is_write(const struct trace_event *e);
bool trace_is_read(const struct trace_event *e);
/* By the host, of the register @name. */
bool trace_writes(const struct trace_event *e, const char *name);

#define TRACE_GLOBAL_CTRL	"IA32_PERF_GLOBAL_CTRL"
#define TRACE_SLOTS		"IA32_FIXED_CTR3"
#define TRACE_METRICS		"IA32_PERF_METRICS"

#endif
