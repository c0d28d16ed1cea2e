// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <jansson.h>
#include <stdlib.h>
#include "tmavisor/pmu_arch.h"
#include "tools/cli/trace.h"

static const char *const op_names[NR_TRACE_OPS] = {
	[OP_RDMSR]	= "rdmsr",
	[OP_WRMSR]	= "wrmsr",
	[OP_RDPMC]	= "rdpmc",
	[OP_APIC_READ]	= "apicr",
	[OP_APIC_WRITE]	= "apicw",
	[OP_ENTRY]	= "vmentry",
	[OP_EXIT]	= "vmexit",
	[OP_STRICT]	= "strict",
	[OP_RESET]	= "reset",
};

struct cpu {
	struct trace_switch	current;
	bool			within;
	bool			after_nmi;
	u64			ctrl;		/* what the host wrote last */
	bool			ctrl_known;
};

struct reader {
	struct cpu		cpus[TRACE_MAX_CPUS];
	unsigned long		line;
	trace_visit		visit;
	void			*context;
	struct complaint	*c;
};

#define wrong(reader, ...) complain((reader)->c, (reader)->line, __VA_ARGS__)

/*
 * One event
 */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool get_op(struct reader *r, const json_t *object, enum trace_op *op)
{
	const char *name = text_of(object, "op");
	int i;

	if (!name)
		return wrong(r, "an event without \"op\"");
	for (i = 0; i < NR_TRACE_OPS; i++)
		if (!strcmp(op_names[i], name)) {
			*op = i;
			return true;
		}
	return wrong(r, "\"op\" is %s, which is none that docs/sim.md tells of", name);
}

static bool get_hex(struct reader *r, const json_t *object, const char *key, u64 *value)
{
	const char *text = text_of(object, key);

	if (!text || !scan_hex(&text, value) || *text)
		return wrong(r, "\"%s\" is missing, or no hexadecimal number of 64 bits", key);
	return true;
}

static bool get_integer(struct reader *r, const json_t *object, const char *key, u64 *value)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_integer(member) || json_integer_value(member) < 0)
		return wrong(r, "\"%s\" is missing, or no whole number", key);
	*value = json_integer_value(member);
	return true;
}

static void name_counter(struct trace_event *e, u64 selector)
{
	if (selector == RDPMC_METRICS)
		snprintf(e->name, sizeof(e->name), TRACE_METRICS);
	else if (selector >= RDPMC_FIXED(0))
		snprintf(e->name, sizeof(e->name), "IA32_FIXED_CTR%llu",
			 selector - RDPMC_FIXED(0));
	else
		snprintf(e->name, sizeof(e->name), "IA32_PMC%llu", selector);
}

/* One name for one register: IA32_A_PMCx is IA32_PMCx at full width. */
static bool get_name(struct reader *r, const json_t *object, struct trace_event *e)
{
	const char *name = text_of(object, e->op == OP_STRICT ? "msg" : "name");
	u64 selector;

	if (e->op == OP_RDPMC) {
		if (!get_hex(r, object, "msr", &selector))
			return false;
		name_counter(e, selector);
		return true;
	}
	if (!name)
		return wrong(r, "an access without the register's name");
	if (!strncmp(name, "IA32_A_PMC", strlen("IA32_A_PMC")))
		snprintf(e->name, sizeof(e->name), "IA32_PMC%.8s", name + strlen("IA32_A_PMC"));
	else
		snprintf(e->name, sizeof(e->name), "%.39s", name);
	scan_clean(e->name);
	return true;
}

static bool get_event(struct reader *r, const json_t *object, struct trace_event *e)
{
	const char *mode = text_of(object, "mode");

	if (!mode || (strcmp(mode, "host") && strcmp(mode, "guest")))
		return wrong(r, "\"mode\" is neither host nor guest");
	e->guest = !strcmp(mode, "guest");
	e->fault = json_is_true(json_object_get(object, "fault"));
	if (!get_op(r, object, &e->op) || !get_integer(r, object, "t", &e->t) ||
	    !get_integer(r, object, "cpu", &e->cpu))
		return false;
	if (e->cpu >= TRACE_MAX_CPUS)
		return wrong(r, "\"cpu\" is %llu, and the machine has no more than %d",
			     e->cpu, TRACE_MAX_CPUS);
	if (e->op == OP_ENTRY || e->op == OP_RESET)
		return true;
	if (e->op == OP_EXIT)
		return get_integer(r, object, "reason", &e->reason);
	return get_name(r, object, e) &&
	       (e->op == OP_STRICT || get_hex(r, object, "val", &e->val));
}

/*
 * Switches
 */

bool trace_is_write(const struct trace_event *e)
{
	return e->op == OP_WRMSR || e->op == OP_APIC_WRITE;
}

bool trace_is_read(const struct trace_event *e)
{
	return e->op == OP_RDMSR || e->op == OP_RDPMC || e->op == OP_APIC_READ;
}

bool trace_writes(const struct trace_event *e, const char *name)
{
	return !e->guest && trace_is_write(e) && !strcmp(e->name, name);
}

static void forget(struct trace_switch *s)
{
	s->nr = 0;
	s->first_entry = 0;
	s->last_exit = 0;
	s->entered = false;
	s->nmi = false;
	s->strict = NULL;
}

static void append(struct trace_switch *s, const struct trace_event *e)
{
	if (s->nr == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->events = reallocarray(s->events, s->room, sizeof(*s->events));
		if (!s->events)
			err(1, "no memory");
	}
	s->events[s->nr++] = *e;
	s->nmi |= e->after_nmi;
	if (e->op == OP_ENTRY && !e->fault && !s->entered) {
		s->entered = true;
		s->first_entry = s->nr - 1;
	}
	if (e->op == OP_EXIT)
		s->last_exit = s->nr - 1;
}

static void find_strict(struct trace_switch *s)
{
	size_t i;

	/* The guest may write its registers as it likes. */
	for (i = 0; i < s->nr && !s->strict; i++)
		if (s->events[i].op == OP_STRICT && !s->events[i].guest)
			s->strict = s->events[i].name;
}

static void take(struct reader *r, struct cpu *cpu, const struct trace_event *e)
{
	struct trace_switch *s = &cpu->current;
	bool ctrl = trace_writes(e, TRACE_GLOBAL_CTRL);

	if (!cpu->within || (ctrl && !s->entered)) {
		cpu->within = ctrl && !e->val;
		forget(s);
		/* An earlier 0 is a load that started over. */
		if (cpu->ctrl_known && cpu->ctrl) {
			s->host_ctrl = cpu->ctrl;
			s->host_ctrl_known = true;
		}
	}
	if (!cpu->within)
		return;
	append(s, e);
	if (!ctrl || !s->entered)
		return;
	find_strict(s);
	r->visit(s, r->context);
	cpu->within = false;
}

static void take_event(struct reader *r, struct trace_event *e, bool nmi)
{
	struct cpu *cpu = &r->cpus[e->cpu];

	e->after_nmi = cpu->after_nmi;
	cpu->after_nmi = nmi;
	if (e->op == OP_RDMSR && !strcmp(e->name, "IA32_PERF_CAPABILITIES") && !e->guest)
		cpu->current.metrics = e->val & PERFCAP_PERF_METRICS;
	/* What Linux's NMI handler does is its own affair. A reset ends the trace. */
	if (!nmi && e->op != OP_RESET)
		take(r, cpu, e);
	if (trace_writes(e, TRACE_GLOBAL_CTRL)) {
		cpu->ctrl = e->val;
		cpu->ctrl_known = true;
	}
}

static bool read_line(struct reader *r, const char *line, size_t len)
{
	struct trace_event e = { 0 };
	json_error_t error;
	json_t *object;
	bool ok, nmi;

	if (len && line[len - 1] == '\r')
		len--;
	if (!len)
		return wrong(r, "an empty line, which no trace has");
	object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		return wrong(r, "no JSON: %s", error.text);
	ok = get_event(r, object, &e);
	nmi = json_is_true(json_object_get(object, "nmi"));
	json_decref(object);
	if (ok)
		take_event(r, &e, nmi);
	return ok;
}

static bool read_lines(struct reader *r, char *text, size_t len)
{
	char *at, *end = text + len, *newline;

	for (at = text; at < end; at = newline + 1) {
		r->line++;
		newline = memchr(at, '\n', end - at);
		if (!newline)
			return wrong(r, "the trace ends in the middle of this line");
		*newline = 0;
		if (!read_line(r, at, newline - at))
			return false;
	}
	return r->line || wrong(r, "it is empty");
}

bool trace_read(char *text, size_t len, trace_visit visit, void *context,
		bool *unfinished, struct complaint *c)
{
	struct reader r = { .visit = visit, .context = context, .c = c };
	unsigned int i;
	bool ok;

	for (i = 0; i < TRACE_MAX_CPUS; i++)
		r.cpus[i].current.metrics = true;
	ok = read_lines(&r, text, len);
	*unfinished = false;
	for (i = 0; i < TRACE_MAX_CPUS; i++) {
		*unfinished |= r.cpus[i].within && r.cpus[i].current.entered;
		free(r.cpus[i].current.events);
	}
	return ok;
}
