// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/quote.h"
#include "tools/cli/write.h"

/* A panel a workload, in columns; lengths in pixels. */
enum {
	COLUMNS		= 2,
	MARGIN		= 24,
	HEAD		= 96,
	PANEL_WIDTH	= 400,
	PANEL_HEIGHT	= 210,
	PLOT_LEFT	= 40,
	PLOT_TOP	= 44,
	PLOT_WIDTH	= PANEL_WIDTH - PLOT_LEFT - 16,
	PLOT_HEIGHT	= 120,
	LEGEND_WIDTH	= 150,
	MAX_LABELS	= 10,
};

/* From the bottom up; told apart by who sees no red or green, too. */
static const struct layer {
	enum tma_metric	category;
	const char	*name;
	const char	*colour;
} layers[TMA_NR_LEVEL1] = {
	{ TMA_RETIRING,        "Retiring",        "#2a9d5c" },
	{ TMA_BACKEND_BOUND,   "Backend_Bound",   "#f2b134" },
	{ TMA_BAD_SPECULATION, "Bad_Speculation", "#c8386b" },
	{ TMA_FRONTEND_BOUND,  "Frontend_Bound",  "#3b6fb6" },
};

/* Of one slice only: the total is all there is. */
static size_t nr_steps(const struct result_workload *w)
{
	return w->nr_slices ? w->nr_slices : 1;
}

static struct tma_total step(const struct result_workload *w, size_t i)
{
	return w->nr_slices ? result_sum(w, i, 1) : w->total;
}

static double x_of(const struct result_workload *w, size_t i)
{
	return PLOT_LEFT + (double)PLOT_WIDTH * i / nr_steps(w);
}

/* Height of the top of the @layers lowest. */
static double y_of(const struct tma_total *total, int layers_below)
{
	u64 sum = 0, whole = tma_level1_weight(total);
	int i;

	for (i = 0; i < layers_below; i++)
		sum += total->weight[layers[i].category];
	return PLOT_TOP + PLOT_HEIGHT - (whole ? (double)sum / whole : 0) * PLOT_HEIGHT;
}

/* A slice is one reading of the whole of it: a step, not a slope. */
static void write_area(FILE *out, const struct result_workload *w, int layer)
{
	struct tma_total total;
	size_t i;

	fprintf(out, "<path fill=\"%s\" d=\"M", layers[layer].colour);
	for (i = 0; i < nr_steps(w); i++) {
		total = step(w, i);
		fprintf(out, "%.1f,%.1f %.1f,%.1f ", x_of(w, i), y_of(&total, layer + 1),
			x_of(w, i + 1), y_of(&total, layer + 1));
	}
	while (i-- > 0) {
		total = step(w, i);
		fprintf(out, "%.1f,%.1f %.1f,%.1f ", x_of(w, i + 1), y_of(&total, layer),
			x_of(w, i), y_of(&total, layer));
	}
	fprintf(out, "Z\"><title>%s</title></path>\n", layers[layer].name);
}

static void write_axes(FILE *out, const struct result_workload *w)
{
	const int percent_step = 25;
	size_t nr = nr_steps(w), every = (nr + MAX_LABELS - 1) / MAX_LABELS, i;
	int p;

	for (p = 0; p <= 100; p += percent_step) {
		int y = PLOT_TOP + PLOT_HEIGHT - PLOT_HEIGHT * p / 100;

		fprintf(out, "<path class=\"grid\" d=\"M%d,%d h%d\"/>", PLOT_LEFT, y,
			PLOT_WIDTH);
		fprintf(out, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">%d%%</text>\n",
			PLOT_LEFT - 5, y + 4, p);
	}
	for (i = 0; i < nr; i += every)
		fprintf(out, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%zu</text>\n",
			(x_of(w, i) + x_of(w, i + 1)) / 2,
			PLOT_TOP + PLOT_HEIGHT + 15, i + 1);
	fprintf(out, "<text class=\"tick\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">slice</text>\n",
		PLOT_LEFT + PLOT_WIDTH / 2, PLOT_TOP + PLOT_HEIGHT + 30);
}

static void write_panel(FILE *out, const struct result_workload *w, unsigned int at)
{
	int i;

	fprintf(out, "<g transform=\"translate(%u,%u)\">\n",
		MARGIN + at % COLUMNS * PANEL_WIDTH, HEAD + at / COLUMNS * PANEL_HEIGHT);
	fprintf(out, "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>", PLOT_LEFT,
		PLOT_TOP - 22, w->name);
	fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\">%llu slots</text>\n",
		PLOT_LEFT, PLOT_TOP - 8, w->plain.slots);
	if (w->has_metrics) {
		for (i = 0; i < TMA_NR_LEVEL1; i++)
			write_area(out, w, i);
		write_axes(out, w);
	} else {
		fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\">no PERF_METRICS</text>\n",
			PLOT_LEFT, PLOT_TOP + PLOT_HEIGHT / 2);
	}
	fprintf(out, "</g>\n");
}

static void write_head(FILE *out, const struct result *r)
{
	int i;

	fprintf(out, "<text class=\"title\" x=\"%d\" y=\"32\">Share of the slots, by category</text>\n",
		MARGIN);
	fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"52\">tmavisor %s on Linux ", MARGIN,
		r->version);
	quote_xml(out, r->release);
	fprintf(out, ", profile ");
	quote_xml(out, r->profile);
	fprintf(out, "%s</text>\n", r->simulated ?
		"; a simulated machine: slots are its model's, not silicon's" : "");
	for (i = 0; i < TMA_NR_LEVEL1; i++) {
		int x = MARGIN + (TMA_NR_LEVEL1 - 1 - i) * LEGEND_WIDTH;

		fprintf(out, "<rect x=\"%d\" y=\"66\" width=\"14\" height=\"14\" fill=\"%s\"/>",
			x, layers[i].colour);
		fprintf(out, "<text x=\"%d\" y=\"78\">%s</text>\n", x + 20, layers[i].name);
	}
}

void svg_write(FILE *out, const struct result *r)
{
	unsigned int rows = (r->nr_workloads + COLUMNS - 1) / COLUMNS, i;
	unsigned int width = 2 * MARGIN + COLUMNS * PANEL_WIDTH;
	unsigned int height = HEAD + rows * PANEL_HEIGHT + MARGIN;

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n",
		width, height, width, height);
	fprintf(out, "<style>text { font: 13px sans-serif; fill: #222 } .title { font-size: 20px }"
		" .name { font-weight: bold } .tick { font-size: 11px; fill: #555 }"
		" .grid { stroke: #000; stroke-opacity: .15; fill: none }</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
	write_head(out, r);
	for (i = 0; i < r->nr_workloads; i++)
		write_panel(out, &r->workloads[i], i);
	fprintf(out, "</svg>\n");
}
