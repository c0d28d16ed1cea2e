// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/node.h"
#include "tools/cli/write.h"

/*
 * toplev -I: its scripts read the columns by name. The workload stands where
 * toplev has the CPU, so that they plot each by itself; the slice's number is
 * the time.
 */
static void write_slice(FILE *out, const struct result_workload *w, size_t number,
			const struct tma_total *total)
{
	const struct node *bottleneck = node_bottleneck(total, w->has_level2);
	char name[48];
	int i;

	for (i = 0; i < NR_NODES; i++) {
		const struct node *node = &nodes[i];
		unsigned int share = tma_perf_permille(total, node_weight(node, total));

		if (node_is_part(node) && !w->has_level2)
			continue;
		node_full_name(node, name, sizeof(name));
		fprintf(out, "%zu,%s,%s,%u.%u,%% Slots%s,,,,,%s,\n", number, w->name,
			name, share / 10, share % 10,
			node_is_above(node, total) ? "" : " <",
			node == bottleneck ? "Y" : "");
	}
	fprintf(out, "%zu,%s,SLOTS,%llu,Count,,,,,,\n", number, w->name, total->slots);
}

void csv_write(FILE *out, const struct result *r)
{
	unsigned int i;
	size_t s;

	fprintf(out, "Timestamp,CPUs,Area,Value,Unit,Description,Sample,Stddev,Multiplex,Bottleneck,Idle\n");
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
