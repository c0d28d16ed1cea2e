// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/bitops.h>
#include <linux/printk.h>
#include <linux/stringify.h>
#include "kmod/ktap.h"
#include "kmod/report.h"
#include "kmod/results.h"
#include "kmod/workload.h"
#include "tmavisor/pmu_arch.h"
#include "vmx/dump.h"

/* Bounds on what a run with forced switches may differ in from one without. */
enum {
	SLOTS_TOLERANCE_PERCENT	= 1,
	SHARE_TOLERANCE_PERMILLE = 10,
};

/* Of a workload that has a phase of each category. */
enum { PHASE_MIN_PERMILLE = 100 };

static const char *const category_names[] = TMA_CATEGORY_NAMES;
static const char *const node_names[] = TMA_NODE_NAMES;

static const struct pmu_caps *shown_pmu(const struct session *session)
{
	return &session->run.vpmu.shown;
}

static bool counts_fixed(const struct session *session, u32 counter)
{
	return pmu_has_fixed(shown_pmu(session), counter) &&
	       !filter_denies_fixed(&session->run.vpmu.filter, counter);
}

/* Shares of slots that do not count are none. */
static bool counts_metrics(const struct session *session)
{
	return shown_pmu(session)->metrics && counts_fixed(session, FIXED_SLOTS);
}

/*
 * Lines for people
 */

/* More of them would push the results out of the log. */
enum { MAX_LISTED_SLICES = 100 };

void report_slices(const struct session *session, enum guest_workload w)
{
	const struct guest_slice *slices = session->results->outcome[w].plain.slices;
	u32 i;

	if (session->options.slices == 1 || !counts_metrics(session))
		return;
	if (session->options.slices > MAX_LISTED_SLICES) {
		pr_info("  # %s: %u slices, more than are listed\n",
			workloads[w].name, session->options.slices);
		return;
	}
	for (i = 0; i < session->options.slices; i++)
		pr_info("  # %s slice %u: %llu slots, PERF_METRICS %#018llx\n",
			workloads[w].name, i + 1, slices[i].slots,
			slices[i].perf_metrics);
}

/* "12.3%", or "12.3%?" of so few slots that it says little. */
static int print_share(char *line, int size, const struct tma_total *total,
		       u64 weight, const char *name)
{
	unsigned int raw = tma_raw_permille(total, weight);
	unsigned int perf = tma_perf_permille(total, weight);
	const char *doubt = tma_is_reliable(total) ? "" : "?";

	return scnprintf(line, size, "%s %llu %u.%u%%%s %u.%u%%%s", name,
			 tma_slots(weight), raw / 10, raw % 10, doubt,
			 perf / 10, perf % 10, doubt);
}

/* A category with what it is made of. */
static void print_category(const struct tma_total *total,
			   enum tma_metric category, bool level2)
{
	char line[160];
	int len, i;

	len = print_share(line, sizeof(line), total, total->weight[category],
			  category_names[category]);
	for (i = 0; level2 && i < 2; i++) {
		enum tma_node node = category * 2 + i;

		len += scnprintf(line + len, sizeof(line) - len, i ? ", " : ": ");
		len += print_share(line + len, sizeof(line) - len, total,
				   tma_node_weight(total, node), node_names[node]);
	}
	pr_info("  # %s\n", line);
}

/* In toplev's order. */
static void print_tree(const struct session *session, const struct tma_total *total)
{
	static const enum tma_metric order[] = {
		TMA_FRONTEND_BOUND, TMA_BAD_SPECULATION, TMA_BACKEND_BOUND,
		TMA_RETIRING,
	};
	int i;

	if (!counts_metrics(session))
		return;
	pr_info("  # each: slots, raw share (byte / 255), perf's (byte / sum of level 1)%s\n",
		tma_is_reliable(total) ? "" : "; ?: too few slots to rely on");
	for (i = 0; i < ARRAY_SIZE(order); i++)
		print_category(total, order[i], shown_pmu(session)->level2);
}

static void print_exits(const struct session_measure *m)
{
	char line[160];
	int len = 0, i;

	for (i = 0; i < RUN_NR_EXIT_REASONS; i++)
		if (m->exits[i])
			len += scnprintf(line + len, sizeof(line) - len,
					 "%s%llu %s", len ? ", " : "",
					 m->exits[i], dump_exit_reason_name(i));
	pr_info("  # exits: %s\n", line);
}

static void print_measure(const char *what, const struct session_measure *m)
{
	pr_info("  # %s: %llu slots, %llu cycles, %llu instructions; %llu switches, %llu of them forced while counting\n",
		what, m->tma.slots, m->cycles, m->instructions, m->switches,
		m->forced);
}

/*
 * Checks
 */

#define NO_INSTRUCTIONS	"no fixed counter 0, or instructions are denied"
#define NO_SLOTS	"no fixed counter 3, or slots are denied"
#define NO_METRICS	"no PERF_METRICS, or slots are denied"

static void check_counted(const struct session *session,
			  const struct session_measure *m)
{
	ktap_check_if(counts_fixed(session, FIXED_INSTRUCTIONS), NO_INSTRUCTIONS,
		      m->instructions, "instructions are counted");
	ktap_check_if(counts_fixed(session, FIXED_CORE_CYCLES),
		      "no fixed counter 1, or cycles are denied",
		      m->cycles, "cycles are counted");
	ktap_check_if(counts_fixed(session, FIXED_SLOTS), NO_SLOTS,
		      m->tma.slots, "slots are counted");
}

static bool has_all_categories(const struct tma_total *total)
{
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		if (tma_perf_permille(total, total->weight[i]) < PHASE_MIN_PERMILLE)
			return false;
	return true;
}

static void check_node(const struct session *session,
		       const struct tma_total *total, const struct workload *w)
{
	static const char name[] = "the expected node dominates";
	bool by_node = w->node < TMA_NR_NODES && shown_pmu(session)->level2;

	if (!counts_metrics(session)) {
		ktap_skip(name, NO_METRICS);
	} else if (w->category == TMA_NR_METRICS) {
		pr_info("  # Expect: 10%% or more of each category\n");
		ktap_check(has_all_categories(total), name);
	} else if (by_node) {
		pr_info("  # Expect: %s, found %s\n", node_names[w->node],
			node_names[tma_dominant_node(total)]);
		ktap_check(tma_dominant_node(total) == w->node &&
			   tma_dominant(total) == w->category, name);
	} else {
		pr_info("  # Expect: %s, found %s\n", category_names[w->category],
			category_names[tma_dominant(total)]);
		ktap_check(tma_dominant(total) == w->category, name);
	}
}

static void check_metrics(const struct session *session,
			  const struct session_measure *m)
{
	bool there = counts_metrics(session);

	ktap_check_if(there, NO_METRICS, !m->odd_sums,
		      "level 1 adds up to 255 in each slice");
	ktap_check_if(there, NO_METRICS, !m->odd_parts,
		      shown_pmu(session)->level2 ? "level 2 is within level 1 in each slice" :
				      "level 2 reads 0 in each slice");
}

static bool slots_agree(u64 a, u64 b)
{
	u64 difference = a > b ? a - b : b - a;

	return difference * 100 <= a * SLOTS_TOLERANCE_PERCENT;
}

static bool shares_agree(const struct tma_total *a, const struct tma_total *b)
{
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++) {
		int before = tma_perf_permille(a, a->weight[i]);
		int after = tma_perf_permille(b, b->weight[i]);

		if (abs(before - after) > SHARE_TOLERANCE_PERMILLE)
			return false;
	}
	return true;
}

static const char *unless(bool forced, bool there, const char *absent)
{
	return !forced ? "switches=0" : !there ? absent : NULL;
}

/* How many slots work takes depends on what is in the caches. */
static const char *unless_slots(const struct session *session, bool there,
				const char *absent)
{
	if (session->options.migrate)
		return "migrate=1: each CPU has caches of its own";
	return unless(session->options.switches, there, absent);
}

/*
 * Each switch rounds the shares to the register's unit. So many in a slice move
 * those of each workload by less than a point, in the simulated machine; with more
 * they may be off without anything being lost, see tools/soak/drift.
 */
#define MAX_SWITCHES_PER_SLICE 50

static const char *unless_shares(const struct session *session)
{
	const struct session_options *options = &session->options;

	if (options->switches > MAX_SWITCHES_PER_SLICE * options->slices)
		return "more than " __stringify(MAX_SWITCHES_PER_SLICE)
		       " switches in a slice: each rounds the shares";
	return unless_slots(session, counts_metrics(session), NO_METRICS);
}

static void check_switched(const struct session *session,
			   const struct session_measure *plain,
			   const struct session_measure *switched)
{
	bool forced = session->options.switches;
	const char *why;

	ktap_check_if(forced, "switches=0",
		      switched->forced == session->options.switches,
		      "the switches were forced");
	why = unless(forced, counts_fixed(session, FIXED_INSTRUCTIONS),
		     NO_INSTRUCTIONS);
	ktap_check_if(!why, why, plain->instructions == switched->instructions,
		      "switches change no instruction count");
	why = unless_slots(session, counts_fixed(session, FIXED_SLOTS), NO_SLOTS);
	ktap_check_if(!why, why, slots_agree(plain->tma.slots, switched->tma.slots),
		      "switches change slots by at most 1%");
	why = unless_shares(session);
	ktap_check_if(!why, why, shares_agree(&plain->tma, &switched->tma),
		      "switches change shares by at most 1 point");
}

void report_workload(const struct session *session, enum guest_workload w)
{
	const struct session_outcome *o = &session->results->outcome[w];

	ktap_begin_suite(workloads[w].name, 10);
	print_measure("plain", &o->plain);
	print_tree(session, &o->plain.tma);
	if (session->options.switches) {
		print_measure("switched", &o->switched);
		print_exits(&o->switched);
	}
	check_counted(session, &o->plain);
	check_metrics(session, &o->plain);
	check_node(session, &o->plain.tma, &workloads[w]);
	check_switched(session, &o->plain, &o->switched);
	ktap_end_suite(workloads[w].name);
}

/*
 * The table at the end
 */

static const char *expected_name(const struct workload *w)
{
	if (w->node < TMA_NR_NODES)
		return node_names[w->node];
	return w->category < TMA_NR_METRICS ? category_names[w->category] : "all four";
}

static const char *found_name(const struct workload *w, const struct tma_total *total)
{
	if (w->node < TMA_NR_NODES)
		return node_names[tma_dominant_node(total)];
	if (w->category == TMA_NR_METRICS && has_all_categories(total))
		return "all four";
	return category_names[tma_dominant(total)];
}

static void print_row(const struct workload *w, const struct tma_total *total)
{
	unsigned int share[TMA_NR_LEVEL1];
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		share[i] = tma_perf_permille(total, total->weight[i]);
	pr_info("# %-18s %9llu %4u.%u %4u.%u %4u.%u %4u.%u  %-18s %s\n", w->name,
		total->slots, share[TMA_FRONTEND_BOUND] / 10,
		share[TMA_FRONTEND_BOUND] % 10, share[TMA_BAD_SPECULATION] / 10,
		share[TMA_BAD_SPECULATION] % 10, share[TMA_BACKEND_BOUND] / 10,
		share[TMA_BACKEND_BOUND] % 10, share[TMA_RETIRING] / 10,
		share[TMA_RETIRING] % 10, expected_name(w), found_name(w, total));
}

void report_table(const struct session *session)
{
	unsigned int w;

	if (!shown_pmu(session)->level2 || !counts_metrics(session))
		return;
	pr_info("# %-18s %9s %6s %6s %6s %6s  %-18s %s\n", "workload", "slots",
		"FE%", "BAD%", "BE%", "RET%", "expected", "found");
	for_each_set_bit(w, &session->options.workloads, NR_WORKLOADS)
		print_row(&workloads[w], &session->results->outcome[w].plain.tma);
}
