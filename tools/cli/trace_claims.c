// SPDX-License-Identifier: GPL-2.0
#include "tmavisor/pmu_arch.h"
#include "tools/cli/trace.h"

#define STATUS		"IA32_PERF_GLOBAL_STATUS"
#define STATUS_RESET	"IA32_PERF_GLOBAL_STATUS_RESET"
#define STATUS_SET	"IA32_PERF_GLOBAL_STATUS_SET"

static bool is_entry_or_exit(const struct trace_event *e)
{
	return e->op == OP_ENTRY || e->op == OP_EXIT || e->op == OP_STRICT;
}

static const struct trace_event *next_access(const struct trace_switch *s, size_t i)
{
	while (++i < s->nr)
		if (!is_entry_or_exit(&s->events[i]))
			return &s->events[i];
	return NULL;
}

static const struct trace_event *previous_access(const struct trace_switch *s, size_t i)
{
	while (i-- > 0)
		if (!is_entry_or_exit(&s->events[i]))
			return &s->events[i];
	return NULL;
}

static bool holds(bool ok, char *why, size_t size, const char *what, u64 t)
{
	if (!ok)
		snprintf(why, size, "%s at %llu", what, t);
	return ok;
}

static bool pair_is_in_order(const struct trace_switch *s, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		const struct trace_event *e = &s->events[i], *after;

		if (e->op != OP_WRMSR || !trace_writes(e, TRACE_SLOTS))
			continue;
		after = next_access(s, i);
		if (!holds(after && trace_writes(after, TRACE_METRICS), why, size,
			   "after the write", e->t))
			return false;
	}
	return true;
}

static bool metrics_follow_slots(const struct trace_switch *s, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		const struct trace_event *e = &s->events[i], *before;

		if (!trace_writes(e, TRACE_METRICS))
			continue;
		before = previous_access(s, i);
		if (!holds(before && trace_writes(before, TRACE_SLOTS), why, size,
			   "before the write", e->t))
			return false;
	}
	return true;
}

static bool global_ctrl_is_back(const struct trace_switch *s, char *why, size_t size)
{
	const struct trace_event *last = &s->events[s->nr - 1];

	if (!s->host_ctrl_known || last->val == s->host_ctrl)
		return true;
	snprintf(why, size, "it was %#llx, is %#llx at %llu", s->host_ctrl, last->val, last->t);
	return false;
}

/* A guest that is shown neither of the pair leaves both to the host. */
static bool slots_are_switched(const struct trace_switch *s, char *why, size_t size)
{
	bool load = false, put = false;
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (trace_writes(&s->events[i], TRACE_SLOTS)) {
			load |= i < s->first_entry;
			put |= i > s->last_exit;
		}
	return holds(load == put, why, size, load ? "not by the put" : "not by the load",
		     s->events[0].t);
}

struct shadow { char name[TRACE_NAME]; u64 saved; u64 now; bool is_saved; };
struct shadows { struct shadow reg[128]; int nr; };

static struct shadow *shadow_of(struct shadows *shadows, const char *name)
{
	int i;

	for (i = 0; i < shadows->nr; i++)
		if (!strcmp(shadows->reg[i].name, name))
			return &shadows->reg[i];
	if (shadows->nr == (int)TMAV_ARRAY_SIZE(shadows->reg))
		return &shadows->reg[shadows->nr - 1];
	snprintf(shadows->reg[shadows->nr].name, TRACE_NAME, "%s", name);
	return &shadows->reg[shadows->nr++];
}

/* What @e says the hardware holds now. */
static void track(struct shadows *shadows, const struct trace_event *e)
{
	if (!strcmp(e->name, STATUS_RESET))
		shadow_of(shadows, STATUS)->now &= ~e->val;
	else if (!strcmp(e->name, STATUS_SET))
		shadow_of(shadows, STATUS)->now |= e->val;
	else if (!e->fault)
		shadow_of(shadows, e->name)->now = e->val;
}

/* The load's reads, before its first write, are what it saves. */
static void follow(struct shadows *shadows, const struct trace_switch *s)
{
	bool saving = true;
	size_t i;

	for (i = 1; i + 1 < s->nr; i++) {
		const struct trace_event *e = &s->events[i];
		struct shadow *shadow;

		saving = saving && trace_is_read(e);
		if (e->guest || !(trace_is_read(e) || trace_is_write(e)))
			continue;
		shadow = shadow_of(shadows, e->name);
		if (saving && !shadow->is_saved) {
			shadow->is_saved = true;
			shadow->saved = e->val;
		}
		track(shadows, e);
	}
}

static bool is_counter(const char *name)
{
	return scan_literal(&name, "IA32_PMC") || scan_literal(&name, "IA32_FIXED_CTR");
}

static bool is_restored(const struct trace_switch *s, char *why, size_t size)
{
	struct shadows shadows = { .nr = 0 };
	bool any = false;
	int i;

	follow(&shadows, s);
	for (i = 0; i < shadows.nr; i++) {
		const struct shadow *shadow = &shadows.reg[i];

		any |= shadow->is_saved;
		/* In an NMI handler the host's counters count on. */
		if (!shadow->is_saved || shadow->saved == shadow->now ||
		    (s->nmi && is_counter(shadow->name) &&
		     strcmp(shadow->name, "IA32_FIXED_CTR_CTRL")))
			continue;
		snprintf(why, size, "%s: saved %#llx, restored %#llx at %llu", shadow->name,
			 shadow->saved, shadow->now, s->events[s->nr - 1].t);
		return false;
	}
	return holds(any, why, size, "nothing was saved", s->events[0].t);
}

/* The guest's PMI must not reach the host as its own. An NMI's vector is a mark. */
static bool lvtpc_is_switched(const struct trace_switch *s, char *why, size_t size)
{
	const struct trace_event *last = NULL;
	size_t i;

	for (i = 0; i < s->first_entry; i++)
		if (s->events[i].op == OP_APIC_WRITE)
			last = &s->events[i];
	if (!holds(last, why, size, "not written by the load", s->events[0].t) ||
	    !holds(last->val & LVT_MASKED ||
		   (last->val & LVT_DELIVERY_MODE) == LVT_DELIVERY_NMI, why, size,
		   "another value", last->t))
		return false;
	for (i = s->last_exit; i < s->nr; i++)
		if (s->events[i].op == OP_APIC_WRITE)
			return true;
	return holds(false, why, size, "not written by the put", s->events[s->nr - 1].t);
}

static bool strict_is_silent(const struct trace_switch *s, char *why, size_t size)
{
	/* One between the two writes of the pair makes the switch start over. */
	if (s->nmi || !s->strict)
		return true;
	snprintf(why, size, "%s", s->strict);
	return false;
}

const struct trace_claim trace_claims[NR_TRACE_CLAIMS] = {
	{ "WRMSR FIXED_CTR3 is directly followed by WRMSR PERF_METRICS", true, pair_is_in_order },
	{ "PERF_METRICS is written directly after FIXED_CTR3 only", true, metrics_follow_slots },
	{ "load and put write FIXED_CTR3, or neither does", false, slots_are_switched },
	{ "GLOBAL_CTRL, 0 in between, is the host's again at the end", false, global_ctrl_is_back },
	{ "what the load saves the put restores", false, is_restored },
	{ "LVTPC is masked or an NMI in the guest, and the host's after", false, lvtpc_is_switched },
	{ "the PMU's strict mode says nothing", false, strict_is_silent },
};
