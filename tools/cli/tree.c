// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/node.h"
#include "tools/cli/write.h"

#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define BOLD	"\033[1m"
#define PLAIN	"\033[0m"

void tree_write_machine(FILE *out, const struct result *r, const struct terminal *t)
{
	(void)t;
	fprintf(out, "# tmavisor %s on CPU %llu of Linux %s\n", r->version, r->cpu,
		r->release);
	fprintf(out, "# CPU signature %#llx, microcode %#llx%s; profile %s\n",
		r->signature, r->microcode,
		r->hypervisor ? ", under a hypervisor" : "", r->profile);
	if (r->simulated)
		fprintf(out, "# a simulated machine: slots are its model's, not silicon's\n");
	if (r->earlier_runs)
		fprintf(out, "# the last run of %u in this log\n", r->earlier_runs + 1);
	fprintf(out, "# TMA " NODE_TMA_VERSION " thresholds. Share: of the sum of level 1, as perf's; raw: of 255.\n");
	fprintf(out, "# <== the bottleneck, < below its threshold, ? too few slots to rely on\n");
}

static const char *colour_of(const struct node *node, bool above, const struct terminal *t)
{
	if (!t->colour || !above)
		return "";
	return node->category == TMA_RETIRING ? GREEN : RED;
}

static void write_node(FILE *out, const struct node *node, const struct tma_total *total,
		       const struct node *bottleneck, const struct terminal *t)
{
	u64 weight = node_weight(node, total);
	unsigned int share = tma_perf_permille(total, weight);
	unsigned int raw = tma_raw_permille(total, weight);
	bool above = node_is_above(node, total);
	const char *colour = colour_of(node, above, t);
	char name[48];

	node_full_name(node, name, sizeof(name));
	fprintf(out, "%s%-3s  %-34s %4u.%u%s %-3s %6u.%u %19llu%s\n", colour,
		node->area, name, share / 10, share % 10,
		tma_is_reliable(total) ? " " : "?",
		node == bottleneck ? "<==" : above ? "" : "<", raw / 10, raw % 10,
		tma_slots(weight), *colour ? PLAIN : "");
}

static void write_counts(FILE *out, const struct result_workload *w,
			 const struct terminal *t)
{
	fprintf(out, "\n%s%s%s: %llu slots, %llu cycles, %llu instructions\n",
		t->colour ? BOLD : "", w->name, t->colour ? PLAIN : "",
		w->plain.slots, w->plain.cycles, w->plain.instructions);
	if (w->has_switched)
		fprintf(out, "  with %llu forced switches: %+lld slots, %+lld cycles, %+lld instructions\n",
			w->switched.forced,
			(long long)(w->switched.slots - w->plain.slots),
			(long long)(w->switched.cycles - w->plain.cycles),
			(long long)(w->switched.instructions - w->plain.instructions));
}

void tree_write_workload(FILE *out, const struct result_workload *w,
			 const struct terminal *t)
{
	const struct node *bottleneck = node_bottleneck(&w->total, w->has_level2);
	int i;

	write_counts(out, w, t);
	if (!w->has_metrics) {
		fprintf(out, "  no PERF_METRICS: no topdown tree\n");
		return;
	}
	if (result_is_mismeasured(w))
		fprintf(out, "  mismeasured: level 1 of a slice does not add up to 255, or level 2 exceeds it\n");
	fprintf(out, "%-3s  %-34s %6s %4s %8s %19s\n", "", "Node, % of slots", "share",
		"", "raw", "slots");
	for (i = 0; i < NR_NODES; i++)
		if (w->has_level2 || !node_is_part(&nodes[i]))
			write_node(out, &nodes[i], &w->total, bottleneck, t);
}

void tree_write_checks(FILE *out, const struct result *r, const struct terminal *t)
{
	const char *colour = t->colour ? r->nr_failures ? RED : GREEN : "";
	size_t i;

	fprintf(out, "\n");
	if (!r->checks) {
		fprintf(out, "No checks: those are in the kernel log.\n");
		return;
	}
	for (i = 0; i < r->nr_failures; i++) {
		fprintf(out, "FAILED %s: %s\n", r->failures[i].suite, r->failures[i].claim);
		if (r->failures[i].detail[0])
			fprintf(out, "       %s\n", r->failures[i].detail);
	}
	fprintf(out, "%s%llu checks: %llu ok, %llu skipped, %zu failed%s\n", colour,
		r->checks, r->checks - r->skipped - r->nr_failures, r->skipped,
		r->nr_failures, *colour ? PLAIN : "");
}
