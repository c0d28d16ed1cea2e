// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/write.h"

/* In toplev's order. Without colour the shades tell them apart. */
static const struct layer {
	enum tma_metric	category;
	const char	*name;
	const char	*colour;
	const char	*shade;
	char		letter;
} layers[TMA_NR_LEVEL1] = {
	{ TMA_FRONTEND_BOUND,  "Frontend_Bound",  "\033[34m", "░", 'F' },
	{ TMA_BAD_SPECULATION, "Bad_Speculation", "\033[31m", "▒", 'S' },
	{ TMA_BACKEND_BOUND,   "Backend_Bound",   "\033[33m", "▓", 'B' },
	{ TMA_RETIRING,        "Retiring",        "\033[32m", "█", 'R' },
};

/* More rows than that say no more; neighbours share one then. */
enum { MAX_ROWS = 20, LABEL_WIDTH = 11, SLOTS_WIDTH = 14 };

/* What the label, the slots and three characters between leave. */
static int bar_width(const struct terminal *t)
{
	return t->width - LABEL_WIDTH - SLOTS_WIDTH - 3;
}

static void write_cells(FILE *out, const struct layer *layer, int cells,
			const struct terminal *t)
{
	if (t->colour && cells)
		fputs(layer->colour, out);
	while (cells-- > 0) {
		if (!t->utf8)
			fputc(layer->letter, out);
		else
			fputs(t->colour ? "█" : layer->shade, out);
	}
}

void bars_write_legend(FILE *out, const struct terminal *t)
{
	int i;

	fprintf(out, "#");
	for (i = 0; i < TMA_NR_LEVEL1; i++) {
		fprintf(out, " ");
		write_cells(out, &layers[i], 1, t);
		fprintf(out, "%s %s", t->colour ? "\033[0m" : "", layers[i].name);
	}
	fprintf(out, "\n");
}

/* Where a layer ends is rounded, not its height: they fill the row. */
static void write_stack(FILE *out, const struct tma_total *total, int width,
			const struct terminal *t)
{
	u64 whole = tma_level1_weight(total), sum = 0;
	int i, from = 0, to;

	for (i = 0; i < TMA_NR_LEVEL1; i++) {
		sum += total->weight[layers[i].category];
		to = (tma_permille(sum, whole) * width + 500) / 1000;
		write_cells(out, &layers[i], to - from, t);
		from = to;
	}
	fprintf(out, "%s%*s", t->colour ? "\033[0m" : "", width - from, "");
}

static void write_row(FILE *out, const struct result_workload *w, size_t first,
		      size_t count, const struct terminal *t)
{
	struct tma_total total = result_sum(w, first, count);
	char label[48];

	if (count == 1)
		snprintf(label, sizeof(label), "%zu", first + 1);
	else
		snprintf(label, sizeof(label), "%zu-%zu", first + 1, first + count);
	fprintf(out, "%*s |", LABEL_WIDTH, label);
	write_stack(out, &total, bar_width(t), t);
	fprintf(out, "|%*llu\n", SLOTS_WIDTH, total.slots);
}

void bars_write(FILE *out, const struct result_workload *w, const struct terminal *t)
{
	size_t a_row = (w->nr_slices + MAX_ROWS - 1) / MAX_ROWS, first, left;

	if (!w->nr_slices)
		return;
	fprintf(out, "%*s  %-*s %*s\n", LABEL_WIDTH, "slice",
		bar_width(t), "share of its slots",
		SLOTS_WIDTH, "slots");
	for (first = 0; first < w->nr_slices; first += a_row) {
		left = w->nr_slices - first;
		write_row(out, w, first, left < a_row ? left : a_row, t);
	}
}
