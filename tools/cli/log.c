// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include "tools/cli/log.h"
#include "tools/cli/node.h"

/* The kernel cuts a record at about a thousand. */
enum { MAX_LINE = 4096 };

enum phase {
	BEFORE,		/* "KTAP version 1" */
	PLAN,		/* "1..13" comes next */
	BETWEEN,	/* two suites; slices are told here */
	SUITE,		/* "  KTAP version 1" was there: its name */
	SUITE_PLAN,
	CHECKS,
	DONE,		/* all that the plan promised was there */
};

struct log {
	struct result		*result;
	struct complaint	*c;
	unsigned long		line;
	unsigned long		nr_ours;	/* lines of the module's */
	enum phase		phase;
	u64			suites_planned;
	u64			suites;
	u64			checks_planned;
	u64			checks;
	u64			failed;
	bool			last_line_is_whole;
	char			suite[RESULT_NAME];
	char			said[RESULT_TEXT];	/* the last diagnostic */
	char			last[RESULT_TEXT];	/* the last line, whatever it was */
	struct result_workload	*workload;	/* that slices or the suite are of */
	bool			plain_told;
	u64			node_slots[NR_NODES];
	unsigned int		nodes_told;	/* a bit each */
};

#define wrong(log, ...) complain((log)->c, (log)->line, __VA_ARGS__)

/*
 * The machine
 */

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)size - 1, from);
	scan_clean(to);
}

static void forget_run(struct log *log)
{
	if (log->phase != BEFORE)
		log->result->earlier_runs++;
	result_forget_run(log->result);
	log->workload = NULL;
	log->suites = 0;
	log->nodes_told = 0;
	log->plain_told = false;
}

/* "version 0.1 on CPU 0 of Linux 6.1.0" is the first line of a run. */
static bool read_version(struct log *log, const char *p)
{
	struct result *r = log->result;
	const char *end = strstr(p, " on CPU ");

	if (!end || (size_t)(end - p) >= sizeof(r->version))
		return wrong(log, "the module's version cannot be read");
	forget_run(log);
	log->phase = BEFORE;
	copy(r->version, end - p + 1, p);
	p = end + strlen(" on CPU ");
	if (!scan_u64(&p, &r->cpu) || !scan_literal(&p, " of Linux ") || !*p)
		return wrong(log, "the CPU and the kernel's release cannot be read");
	copy(r->release, sizeof(r->release), p);
	return true;
}

static bool read_cpu(struct log *log, const char *p)
{
	struct result *r = log->result;

	if (!scan_hex(&p, &r->signature) || !scan_literal(&p, ", microcode ") ||
	    (!scan_hex(&p, &r->microcode) && !scan_u64(&p, &r->microcode)))
		return wrong(log, "the CPU's signature and microcode cannot be read");
	r->hypervisor = scan_literal(&p, ", under a hypervisor");
	return true;
}

static bool read_profile(struct log *log, const char *p)
{
	const char *end = strstr(p, ": version ");

	if (!end)
		return wrong(log, "the profile cannot be read");
	if ((size_t)(end - p) >= sizeof(log->result->profile))
		return wrong(log, "the profile's name is too long");
	copy(log->result->profile, end - p + 1, p);
	return true;
}

/*
 * Measurements
 */

static bool has_begun(struct log *log)
{
	return log->phase != BEFORE ||
	       wrong(log, "results come before \"KTAP version 1\": the log's beginning is missing; fewer slices, or a larger log_buf_len=, keep it");
}

/* Slices are told before the suite whose name is theirs. */
static bool read_slice(struct log *log, const char *name, const char *p)
{
	struct result_workload *w = log->workload;
	u64 number, slots, metrics;

	if (!scan_u64(&p, &number) || !scan_literal(&p, ": ") ||
	    !scan_u64(&p, &slots) || !scan_literal(&p, " slots, PERF_METRICS ") ||
	    !scan_hex(&p, &metrics) || *p)
		return wrong(log, "a slice of %s cannot be read", name);
	if (!has_begun(log))
		return false;
	if (log->phase != BETWEEN)
		return wrong(log, "a slice of %s where none can be", name);
	if (!w)
		w = result_add_workload(log->result, name, log->c, log->line);
	if (!w)
		return false;
	log->workload = w;
	if (strcmp(w->name, name))
		return wrong(log, "a slice of %s among those of %s", name, w->name);
	if (number <= w->nr_slices)
		return wrong(log, "slice %llu of %s comes twice", number, name);
	if (number != w->nr_slices + 1)
		return wrong(log, "slice %llu of %s is missing: slice %llu is here",
			     (u64)w->nr_slices + 1, name, number);
	return result_add_slice(w, slots, metrics, log->c, log->line);
}

static bool read_count(struct log *log, const char *p, struct result_count *count)
{
	if (!scan_u64(&p, &count->slots) || !scan_literal(&p, " slots, ") ||
	    !scan_u64(&p, &count->cycles) || !scan_literal(&p, " cycles, ") ||
	    !scan_u64(&p, &count->instructions) ||
	    !scan_literal(&p, " instructions; ") ||
	    !scan_u64(&p, &count->switches) || !scan_literal(&p, " switches, ") ||
	    !scan_u64(&p, &count->forced) ||
	    !scan_literal(&p, " of them forced while counting"))
		return wrong(log, "the counts of %s cannot be read", log->suite);
	if ((count->slots | count->cycles | count->instructions |
	     count->switches | count->forced) >> RESULT_SLOTS_BITS)
		return wrong(log, "the counts of %s are more than a run can take", log->suite);
	return true;
}

static bool read_plain(struct log *log, const char *p)
{
	log->plain_told = true;
	if (!log->workload)
		log->workload = result_add_workload(log->result, log->suite,
						    log->c, log->line);
	return log->workload && read_count(log, p, &log->workload->plain);
}

static bool read_switched(struct log *log, const char *p)
{
	if (!log->workload)
		return wrong(log, "%s is told switched before plain", log->suite);
	log->workload->has_switched = true;
	return read_count(log, p, &log->workload->switched);
}

/* "Retiring 980862 96.1% 96.1%", as far as the slots; the rest follows from them. */
static bool read_node(struct log *log, const char **p, int node)
{
	const char *name = node_name(&nodes[node]);
	u64 slots;

	if (!scan_literal(p, name) || !scan_literal(p, " ") || !scan_u64(p, &slots) ||
	    slots >> RESULT_SLOTS_BITS)
		return wrong(log, "the slots of %s cannot be read", name);
	if (log->nodes_told & 1u << node)
		return wrong(log, "%s comes twice", name);
	log->nodes_told |= 1u << node;
	log->node_slots[node] = slots;
	*p += strcspn(*p, ":,");
	return true;
}

/* A category, and the two that it is made of unless there is no level 2. */
static bool read_category(struct log *log, const char *p, int node)
{
	if (!log->workload)
		return wrong(log, "%s is told before the counts", node_name(&nodes[node]));
	if (!read_node(log, &p, node))
		return false;
	if (!*p)
		return true;
	return ((scan_literal(&p, ": ") && read_node(log, &p, node + 1) &&
		 scan_literal(&p, ", ") && read_node(log, &p, node + 2) && !*p)) ||
	       wrong(log, "the parts of %s cannot be read", node_name(&nodes[node]));
}

static int category_at(const char *p)
{
	int i;

	for (i = 0; i < NR_NODES; i++) {
		const char *name = node_name(&nodes[i]);

		if (!node_is_part(&nodes[i]) && !strncmp(p, name, strlen(name)) &&
		    p[strlen(name)] == ' ')
			return i;
	}
	return -1;
}

/* The whole is the sum of what is there. */
static void take_total_from_nodes(struct log *log, struct result_workload *w)
{
	int i;

	w->has_metrics = true;
	w->total.readings = 1;
	w->total.slots = w->plain.slots;
	for (i = 0; i < NR_NODES; i++) {
		u64 weight = log->node_slots[i] * TMA_METRIC_MAX;

		if (!node_is_part(&nodes[i]))
			w->total.weight[nodes[i].category] = weight;
		else if (nodes[i].part % 2 == 0)
			w->total.weight[TMA_NR_LEVEL1 + nodes[i].category] = weight;
	}
}

/* What the log says twice must be the same: a damaged line shows. */
static bool nodes_agree(struct log *log, const struct result_workload *w)
{
	int i;

	if (w->total.slots != w->plain.slots)
		return wrong(log, "the slices of %s have %llu slots, the whole %llu: lines are missing or damaged",
			     w->name, w->total.slots, w->plain.slots);
	for (i = 0; i < NR_NODES; i++) {
		u64 slots = tma_slots(node_weight(&nodes[i], &w->total));

		if (log->nodes_told & 1u << i && log->node_slots[i] != slots)
			return wrong(log, "%s of %s has %llu slots, by its slices %llu: a line is damaged",
				     node_name(&nodes[i]), w->name,
				     log->node_slots[i], slots);
	}
	return true;
}

static unsigned int nodes_wanted(bool level2)
{
	unsigned int wanted = 0;
	int i;

	for (i = 0; i < NR_NODES; i++)
		if (level2 || !node_is_part(&nodes[i]))
			wanted |= 1u << i;
	return wanted;
}

static bool finish_workload(struct log *log)
{
	struct result_workload *w = log->workload;
	unsigned int told = log->nodes_told;

	log->workload = NULL;
	log->nodes_told = 0;
	if (!w)
		return true;
	if (!log->plain_told)
		return wrong(log, "the counts of %s are missing", w->name);
	log->plain_told = false;
	w->has_level2 = told == nodes_wanted(true);
	if (told && !w->has_level2 && told != nodes_wanted(false))
		return wrong(log, "a category of %s is missing", w->name);
	if (w->nr_slices && !told)
		return wrong(log, "the categories of %s are missing", w->name);
	log->nodes_told = told;
	if (w->nr_slices && !nodes_agree(log, w))
		return false;
	log->nodes_told = 0;
	if (!w->nr_slices && told)
		take_total_from_nodes(log, w);
	return true;
}

static bool read_diagnostic(struct log *log, const char *p)
{
	char name[RESULT_NAME];
	const char *rest = p;
	int category;

	copy(log->said, sizeof(log->said), p);
	if (scan_word(&rest, name, sizeof(name)) && scan_literal(&rest, " slice "))
		return read_slice(log, name, rest);
	if (log->phase != CHECKS)
		return true;
	if (scan_literal(&p, "plain: "))
		return read_plain(log, p);
	if (scan_literal(&p, "switched: "))
		return read_switched(log, p);
	category = category_at(p);
	return category < 0 || read_category(log, p, category);
}

/*
 * KTAP
 */

static bool begin_run(struct log *log)
{
	if (log->phase != BEFORE)
		forget_run(log);
	log->phase = PLAN;
	return true;
}

static bool read_plan(struct log *log, const char *p, u64 *plan)
{
	if (!scan_u64(&p, plan) || *p || !*plan)
		return wrong(log, "the plan cannot be read");
	return true;
}

/* "ok 3 claim" or "not ok 3 claim # SKIP why", as far as the number. */
static bool read_outcome(const char **p, bool *ok, u64 *number)
{
	*ok = !scan_literal(p, "not ");
	return scan_literal(p, "ok ") && scan_u64(p, number) && scan_literal(p, " ") &&
	       **p;
}

static bool is_in_turn(struct log *log, const char *what, u64 number, u64 seen, u64 planned)
{
	if (number <= seen)
		return wrong(log, "%s %llu comes twice", what, number);
	if (number > planned)
		return wrong(log, "%s %llu, but the plan is 1..%llu", what, number, planned);
	if (number != seen + 1)
		return wrong(log, "%s %llu is missing: %llu is here", what, seen + 1, number);
	return true;
}

static bool read_check(struct log *log, const char *p)
{
	u64 number;
	bool ok;

	if (!read_outcome(&p, &ok, &number))
		return wrong(log, "the outcome of a check cannot be read");
	if (!has_begun(log))
		return false;
	if (log->phase != CHECKS)
		return wrong(log, "a check outside of a suite: the line that begins the suite is missing");
	if (!is_in_turn(log, "check", number, log->checks, log->checks_planned))
		return false;
	log->checks++;
	log->result->checks++;
	log->result->skipped += !!strstr(p, " # SKIP");
	if (!ok) {
		log->failed++;
		result_add_failure(log->result, log->suite, p, log->said);
	}
	log->said[0] = 0;
	return true;
}

static bool end_suite(struct log *log, const char *p)
{
	u64 number;
	bool ok;

	if (!read_outcome(&p, &ok, &number))
		return wrong(log, "the outcome of a suite cannot be read");
	if (!has_begun(log))
		return false;
	if (log->phase != CHECKS)
		return wrong(log, "suite %llu (%s) ends before it has begun", number, p);
	if (strcmp(p, log->suite))
		return wrong(log, "suite %s ends as %s", log->suite, p);
	if (log->checks != log->checks_planned)
		return wrong(log, "suite %s has %llu of its %llu checks", log->suite,
			     log->checks, log->checks_planned);
	if (ok != !log->failed)
		return wrong(log, "suite %s is %sok, but %llu of its checks failed",
			     log->suite, ok ? "" : "not ", log->failed);
	if (!is_in_turn(log, "suite", number, log->suites, log->suites_planned))
		return false;
	log->suites++;
	log->phase = log->suites == log->suites_planned ? DONE : BETWEEN;
	return finish_workload(log);
}

static bool begin_suite(struct log *log, const char *name)
{
	if (log->phase != SUITE)
		return wrong(log, "the name of a suite where none begins");
	if (!scan_word(&name, log->suite, sizeof(log->suite)) || *name)
		return wrong(log, "the name of a suite cannot be read");
	if (log->workload && strcmp(log->workload->name, log->suite))
		return wrong(log, "slices of %s, then suite %s", log->workload->name,
			     log->suite);
	log->checks = 0;
	log->failed = 0;
	log->said[0] = 0;
	log->phase = SUITE_PLAN;
	return true;
}

static bool begin_nested(struct log *log)
{
	if (!has_begun(log))
		return false;
	if (log->phase == DONE)
		return wrong(log, "one more suite than the %llu of the plan", log->suites_planned);
	if (log->phase != BETWEEN)
		return wrong(log, "a suite begins where none can: a line is missing before");
	log->phase = SUITE;
	return true;
}

/* Within a suite. */
static bool read_nested(struct log *log, const char *p)
{
	if (!strcmp(p, "KTAP version 1"))
		return begin_nested(log);
	if (scan_literal(&p, "# Subtest: "))
		return begin_suite(log, p);
	if (scan_literal(&p, "1..")) {
		if (log->phase != SUITE_PLAN)
			return wrong(log, "a plan where none can be");
		log->phase = CHECKS;
		return read_plan(log, p, &log->checks_planned);
	}
	if (scan_literal(&p, "# "))
		return read_diagnostic(log, p);
	if (!strncmp(p, "ok ", 3) || !strncmp(p, "not ok ", 7))
		return read_check(log, p);
	return true;
}

static bool read_top(struct log *log, const char *p)
{
	if (scan_literal(&p, "version "))
		return read_version(log, p);
	if (scan_literal(&p, "CPU signature "))
		return read_cpu(log, p);
	if (scan_literal(&p, "profile ") && log->phase == BEFORE)
		return read_profile(log, p);
	if (!strcmp(p, "KTAP version 1"))
		return begin_run(log);
	if (scan_literal(&p, "1..")) {
		if (log->phase != PLAN)
			return wrong(log, "a plan where none can be");
		log->phase = BETWEEN;
		return read_plan(log, p, &log->suites_planned);
	}
	if (!strncmp(p, "ok ", 3) || !strncmp(p, "not ok ", 7))
		return end_suite(log, p);
	return true;
}

/*
 * Lines
 */

/* What the simulated machine says of the module that it loads. */
static bool is_of_the_simulator(const char *line)
{
	return scan_literal(&line, "# tmavisor.ko for ");
}

/* Whatever stands before is the kernel's time, a host name, a priority. */
static bool read_line(struct log *log, char *line, size_t len)
{
	static const char ours[] = "tmavisor: ";
	const char *p;

	if (strlen(line) != len)
		return wrong(log, "a NUL byte: this is not a text, or it is damaged");
	if (len > MAX_LINE)
		return wrong(log, "a line of %zu characters: this is not a kernel log", len);
	if (len && line[len - 1] == '\r')
		line[len - 1] = 0;
	if (is_of_the_simulator(line))
		log->result->simulated = true;
	p = strstr(line, ours);
	if (!p)
		return true;
	p += strlen(ours);
	log->nr_ours++;
	copy(log->last, sizeof(log->last), p);
	return scan_literal(&p, "  ") ? read_nested(log, p) : read_top(log, p);
}

static bool read_lines(struct log *log, char *text, size_t len)
{
	char *at = text, *end = text + len, *newline;

	while (at < end) {
		newline = memchr(at, '\n', end - at);
		log->line++;
		log->last_line_is_whole = newline;
		if (!newline)
			newline = end;
		*newline = 0;
		if (!read_line(log, at, newline - at))
			return false;
		at = newline + 1;
	}
	return true;
}

static bool is_all(struct log *log)
{
	const char *cut = log->last_line_is_whole ? "" : ", in the middle of a line";

	if (!log->line)
		return wrong(log, "it is empty");
	if (!log->nr_ours)
		return wrong(log, "none of its %lu lines is the module's: they say \"tmavisor: \"",
			     log->line);
	if (log->phase == BEFORE)
		return wrong(log, "the module did not come to its checks; the last it said is: %s",
			     log->last);
	if (log->phase != DONE)
		return wrong(log, "the log ends%s after %llu of %llu suites", cut,
			     log->suites, log->phase == PLAN ? 0 : log->suites_planned);
	return true;
}

bool log_read(char *text, size_t len, struct result *result, struct complaint *c)
{
	struct log log = { .result = result, .c = c };

	return read_lines(&log, text, len) && is_all(&log);
}
