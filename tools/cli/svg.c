// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/quote.h"
#include "tools/cli/write.h"

/* A panel a workload, in two columns, or one as wide as two; lengths in pixels. */
enum {
	COLUMNS		= 2,
	MARGIN		= 24,
	HEAD		= 96,
	COLUMN_WIDTH	= 400,
	PANEL_HEIGHT	= 210,
	PLOT_LEFT	= 40,
	PLOT_RIGHT	= 16,
	PLOT_TOP	= 44,
	PLOT_HEIGHT	= 120,
	LEGEND_WIDTH	= 150,
	MIN_STEP_WIDTH	= 2,	/* narrower ones blur into each other */
	MAX_LABELS	= 10,
};

struct panel {
	const struct result_workload	*w;
	int				width;	/* of the plot */
	size_t				nr_steps;
	size_t				slices;	/* of one step */
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

static struct panel panel_of(const struct result_workload *w, int width)
{
	struct panel p = { .w = w, .width = width - PLOT_LEFT - PLOT_RIGHT };
	size_t most = p.width / MIN_STEP_WIDTH;

	/* Of one slice only: the total is all there is. */
	p.slices = w->nr_slices > most ? (w->nr_slices + most - 1) / most : 1;
	p.nr_steps = w->nr_slices ? (w->nr_slices + p.slices - 1) / p.slices : 1;
	return p;
}

static struct tma_total step(const struct panel *p, size_t i)
{
	size_t first = i * p->slices, left = p->w->nr_slices - first;

	return p->w->nr_slices ?
	       result_sum(p->w, first, left < p->slices ? left : p->slices) : p->w->total;
}

static double x_of(const struct panel *p, size_t i)
{
	return PLOT_LEFT + (double)p->width * i / p->nr_steps;
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
static void write_area(FILE *out, const struct panel *p, int layer)
{
	struct tma_total total;
	size_t i;

	fprintf(out, "<path fill=\"%s\" d=\"M", layers[layer].colour);
	for (i = 0; i < p->nr_steps; i++) {
		total = step(p, i);
		fprintf(out, "%.1f,%.1f %.1f,%.1f ", x_of(p, i), y_of(&total, layer + 1),
			x_of(p, i + 1), y_of(&total, layer + 1));
	}
	while (i-- > 0) {
		total = step(p, i);
		fprintf(out, "%.1f,%.1f %.1f,%.1f ", x_of(p, i + 1), y_of(&total, layer),
			x_of(p, i), y_of(&total, layer));
	}
	fprintf(out, "Z\"><title>%s</title></path>\n", layers[layer].name);
}

static void write_shares(FILE *out, const struct panel *p)
{
	const int percent_step = 25;
	int percent;

	for (percent = 0; percent <= 100; percent += percent_step) {
		int y = PLOT_TOP + PLOT_HEIGHT - PLOT_HEIGHT * percent / 100;

		fprintf(out, "<path class=\"grid\" d=\"M%d,%d h%d\"/>", PLOT_LEFT, y,
			p->width);
		fprintf(out, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">%d%%</text>\n",
			PLOT_LEFT - 5, y + 4, percent);
	}
}

static void write_numbers(FILE *out, const struct panel *p)
{
	size_t every = (p->nr_steps + MAX_LABELS - 1) / MAX_LABELS, i;

	for (i = 0; i < p->nr_steps; i += every)
		fprintf(out, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%zu</text>\n",
			(x_of(p, i) + x_of(p, i + 1)) / 2,
			PLOT_TOP + PLOT_HEIGHT + 15, i * p->slices + 1);
	fprintf(out, "<text class=\"tick\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">slice",
		PLOT_LEFT + p->width / 2, PLOT_TOP + PLOT_HEIGHT + 30);
	if (p->slices > 1)
		fprintf(out, "; a step is %zu of them", p->slices);
	fprintf(out, "</text>\n");
}

static void write_panel(FILE *out, const struct panel *p, int x, int y)
{
	int i;

	fprintf(out, "<g transform=\"translate(%d,%d)\">\n", x, y);
	fprintf(out, "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>", PLOT_LEFT,
		PLOT_TOP - 22, p->w->name);
	fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\">%llu slots</text>\n",
		PLOT_LEFT, PLOT_TOP - 8, p->w->plain.slots);
	if (p->w->has_metrics) {
		for (i = 0; i < TMA_NR_LEVEL1; i++)
			write_area(out, p, i);
		write_shares(out, p);
		write_numbers(out, p);
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

static void write_panels(FILE *out, const struct result *r)
{
	unsigned int columns = r->nr_workloads > 1 ? COLUMNS : 1, i;
	int width = COLUMNS * COLUMN_WIDTH / columns;

	for (i = 0; i < r->nr_workloads; i++) {
		struct panel p = panel_of(&r->workloads[i], width);

		write_panel(out, &p, MARGIN + i % columns * width,
			    HEAD + i / columns * PANEL_HEIGHT);
	}
}

void svg_write(FILE *out, const struct result *r)
{
	unsigned int rows = (r->nr_workloads + COLUMNS - 1) / COLUMNS;
	unsigned int width = 2 * MARGIN + COLUMNS * COLUMN_WIDTH;
	unsigned int height = HEAD + rows * PANEL_HEIGHT + MARGIN;

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n",
		width, height, width, height);
	fprintf(out, "<style>text { font: 13px sans-serif; fill: #222 } .title { font-size: 20px }"
		" .name { font-weight: bold } .tick { font-size: 11px; fill: #555 }"
		" .grid { stroke: #000; stroke-opacity: .15; fill: none }</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
	write_head(out, r);
	write_panels(out, r);
	fprintf(out, "</svg>\n");
}
