// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/node.h"
#include "tools/cli/write.h"

static const char *threshold(const struct node *node, const struct tma_total *total)
{
	if (!tma_is_reliable(total))
		return "unknown";
	/* Much retiring is what one wants, and perf calls it good. */
	if (node->category == TMA_RETIRING && !node_is_part(node))
		return "good";
	return node_is_above(node, total) ? "bad" : "good";
}

/* Names come from scan_word(): nothing to escape. */
static void write_node(FILE *out, const struct result_workload *w, size_t slice,
		       const struct node *node, const struct tma_total *total)
{
	unsigned int share = tma_perf_permille(total, node_weight(node, total));

	fprintf(out, "{\"interval\" : %zu.000000000, \"workload\" : \"%s\", "
		"\"counter-value\" : \"%llu.000000\", \"unit\" : \"\", \"event\" : \"slots\", "
		"\"pcnt-running\" : 100.00, \"metric-value\" : \"%u.%u\", "
		"\"metric-unit\" : \"%%  %s\", \"metric-threshold\" : \"%s\"}\n",
		slice, w->name, total->slots, share / 10, share % 10,
		node->perf_name, threshold(node, total));
}

static void write_slice(FILE *out, const struct result_workload *w, size_t slice,
			const struct tma_total *total)
{
	int i;

	for (i = 0; i < NR_NODES; i++)
		if (w->has_level2 || !node_is_part(&nodes[i]))
			write_node(out, w, slice, &nodes[i], total);
}

void json_write(FILE *out, const struct result *r)
{
	unsigned int i;
	size_t s;

	for (i = 0; i < r->nr_workloads; i++) {
		const struct result_workload *w = &r->workloads[i];

		for (s = 0; s < w->nr_slices; s++) {
			struct tma_total total = result_sum(w, s, 1);

			write_slice(out, w, s + 1, &total);
		}
		if (w->has_metrics && !w->nr_slices)
			write_slice(out, w, 1, &w->total);
	}
}
