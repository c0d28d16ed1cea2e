// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <stdlib.h>
#include "tools/cli/command.h"
#include "tools/cli/file.h"
#include "tools/cli/report.h"
#include "tools/cli/trace.h"

enum { OPTION_BRIEF = 1000, NR_REASONS = 80, WHY = 160 };

static const char *const op_names[NR_TRACE_OPS] = {
	[OP_RDMSR]	= "RDMSR",
	[OP_WRMSR]	= "WRMSR",
	[OP_RDPMC]	= "RDPMC",
	[OP_APIC_READ]	= "read",
	[OP_APIC_WRITE]	= "write",
	[OP_ENTRY]	= "VM entry",
	[OP_EXIT]	= "VM exit",
	[OP_STRICT]	= "strict",
};

/* "VMX Basic Exit Reasons", those that the module's guests have. */
static const char *const reason_names[NR_REASONS] = {
	[0] = "exception or NMI", [1] = "external interrupt", [2] = "triple fault",
	[7] = "interrupt window", [8] = "NMI window", [10] = "CPUID", [12] = "HLT",
	[15] = "RDPMC", [18] = "VMCALL", [28] = "CR access", [29] = "MOV DR",
	[31] = "RDMSR", [32] = "WRMSR", [33] = "invalid guest state",
	[48] = "EPT violation", [52] = "VMX-preemption timer", [54] = "WBINVD",
	[55] = "XSETBV",
};

struct options {
	bool		brief;
	const char	*file;
};

struct report {
	const struct options	*options;
	unsigned long		switches;
	bool			metrics;
	char			why[NR_TRACE_CLAIMS][WHY];
};

/*
 * One switch
 */

static void write_access(const char *side, const struct trace_event *e)
{
	printf("  %-5s %-6s %-34s %#18llx%s\n", side, op_names[e->op], e->name, e->val,
	       e->fault ? "  #GP" : "");
}

static void write_part(const char *side, const struct trace_switch *s, size_t from, size_t to)
{
	for (; from < to; from++) {
		const struct trace_event *e = &s->events[from];

		if (e->op == OP_STRICT)
			printf("  %-5s strict: %s\n", side, e->name);
		else if (e->op == OP_ENTRY)
			printf("  %-5s VM entry fails\n", side);
		else
			write_access(side, e);
	}
}

static void write_reason(u64 reason, unsigned long count)
{
	if (reason < NR_REASONS && reason_names[reason])
		printf("        %8lu  %s\n", count, reason_names[reason]);
	else
		printf("        %8lu  exit reason %llu\n", count, reason);
}

/* Its accesses may be ten thousands: by kind. */
static void write_guest(const struct trace_switch *s)
{
	unsigned long op[NR_TRACE_OPS] = { 0 }, reason[NR_REASONS] = { 0 }, between = 0;
	size_t i;

	for (i = s->first_entry; i <= s->last_exit; i++) {
		const struct trace_event *e = &s->events[i];

		if (e->op == OP_EXIT)
			reason[e->reason < NR_REASONS ? e->reason : NR_REASONS - 1]++;
		else if (e->guest)
			op[e->op]++;
		else
			between += e->op != OP_ENTRY && e->op != OP_STRICT;
	}
	printf("  guest %lu RDMSR, %lu WRMSR, %lu RDPMC; the host between %lu; VM exits:\n",
	       op[OP_RDMSR], op[OP_WRMSR], op[OP_RDPMC], between);
	for (i = 0; i < NR_REASONS; i++)
		if (reason[i])
			write_reason(i, reason[i]);
}

static void count(const struct trace_switch *s, size_t from, size_t to,
		  unsigned long *reads, unsigned long *writes)
{
	*reads = *writes = 0;
	for (; from < to; from++) {
		*reads += trace_is_read(&s->events[from]);
		*writes += trace_is_write(&s->events[from]);
	}
}

static void write_title(const struct trace_switch *s, unsigned long number)
{
	unsigned long load[2], put[2], entries = 0;
	size_t i;

	for (i = 0; i < s->nr; i++)
		entries += s->events[i].op == OP_ENTRY && !s->events[i].fault;
	count(s, 0, s->first_entry, &load[0], &load[1]);
	count(s, s->last_exit + 1, s->nr, &put[0], &put[1]);
	printf("switch %lu on CPU %llu at %llu: load %lu r %lu w, %lu entries, put %lu r %lu w%s\n",
	       number, s->events[0].cpu, s->events[0].t, load[0], load[1], entries, put[0], put[1],
	       s->nmi ? ", NMI" : "");
}

static void visit(const struct trace_switch *s, void *context)
{
	struct report *r = context;
	int i;

	r->switches++;
	r->metrics = s->metrics;
	write_title(s, r->switches);
	if (!r->options->brief) {
		write_part("load", s, 0, s->first_entry);
		write_guest(s);
		write_part("put", s, s->last_exit + 1, s->nr);
	}
	for (i = 0; i < NR_TRACE_CLAIMS; i++) {
		char why[WHY - 32] = "";

		if ((trace_claims[i].needs_metrics && !s->metrics) ||
		    trace_claims[i].holds(s, why, sizeof(why)))
			continue;
		printf("  WRONG %s:\n        %s\n", trace_claims[i].text, why);
		if (!r->why[i][0])
			snprintf(r->why[i], WHY, "switch %lu: %s", r->switches, why);
	}
}

/*
 * All of them
 */

static int write_claims(const struct report *r)
{
	int i, status = EXIT_YES;

	printf("\n%lu switches; of each:\n", r->switches);
	for (i = 0; i < NR_TRACE_CLAIMS; i++) {
		if (trace_claims[i].needs_metrics && !r->metrics) {
			printf("  skip   %s\n", trace_claims[i].text);
		} else if (!r->why[i][0]) {
			printf("  ok     %s\n", trace_claims[i].text);
		} else {
			printf("  WRONG  %s\n         %s\n", trace_claims[i].text, r->why[i]);
			status = EXIT_NO;
		}
	}
	return status;
}

static const struct argp_option option_list[] = {
	{ "brief", OPTION_BRIEF, 0, 0, "A line a switch", 0 },
	{ 0 }
};

static const char doc[] =
	"Each PMU switch in a trace of the simulated machine: what the host reads and "
	"writes to load the guest's PMU, what the guest does, what the host does to "
	"put it; and whether the order is right. Such a trace is what\n"
	"  tools/sim/run --module workload=mix --trace FILE\n"
	"writes; see docs/sim.md.\v"
	"Exit status: 0 if all is in order, 1 if something is not, or FILE is no "
	"trace or has no switch.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_BRIEF:
		options->brief = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one FILE, not more");
		options->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE? - is standard input");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int judge(const struct options *options, char *text, size_t len,
		 struct complaint *c)
{
	struct report r = { .options = options };
	bool unfinished;

	if (!trace_read(text, len, visit, &r, &unfinished, c))
		return EXIT_NO;
	if (!r.switches) {
		complain(c, 0, "there is no switch in it: no load that sets GLOBAL_CTRL to 0 and enters");
		return EXIT_NO;
	}
	if (unfinished)
		printf("\nThe trace ends within a switch.\n");
	return write_claims(&r) || unfinished;
}

int command_trace(int argc, char **argv)
{
	const struct argp argp = { option_list, parse, "FILE", doc, NULL, NULL, NULL };
	struct options options = { 0 };
	struct complaint c = { 0 };
	int status = EXIT_NO;
	size_t len;
	char *text;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	text = file_read(options.file, &len, &c);
	if (text)
		status = judge(&options, text, len, &c);
	if (c.text[0])
		report_complain("tmavisor trace", options.file, &c);
	free(text);
	return status;
}
