// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include "tools/cli/command.h"
#include "tools/cli/decode.h"
#include "tools/cli/node.h"

/* A share that can be that far off is noise; in thousandths. */
enum { MAX_DOUBT = 50 };

static const char *const category_names[] = TMA_CATEGORY_NAMES;
static const char *const part_names[] = TMA_NODE_NAMES;

static const char *metric_name(int metric)
{
	return metric < TMA_NR_LEVEL1 ? category_names[metric] :
					part_names[2 * (metric - TMA_NR_LEVEL1)];
}

/*
 * decode
 */

static void write_shares(FILE *out, const char *name, const struct tma_total *total,
			 u64 weight)
{
	unsigned int raw = tma_raw_permille(total, weight);
	unsigned int perf = tma_perf_permille(total, weight);

	fprintf(out, "%-20s %5u.%u %5u.%u", name, raw / 10, raw % 10, perf / 10, perf % 10);
}

static void write_verdict(FILE *out, u64 perf_metrics)
{
	bool fits = tma_parts_fit(perf_metrics);

	fprintf(out, "level 1 adds up to %u%s; level 2 is %s level 1%s\n",
		tma_level1_sum(perf_metrics),
		tma_adds_up(perf_metrics) ? "" : ", not 255: mismeasured",
		fits ? "within" : "not within", fits ? "" : ": mismeasured");
}

void decode_write(FILE *out, u64 perf_metrics)
{
	struct tma_total total = { 0 };
	int i;

	/* Any number of slots gives the same shares. */
	tma_add(&total, TMA_METRIC_MAX, perf_metrics);
	fprintf(out, "PERF_METRICS 0x%016llx\n", perf_metrics);
	fprintf(out, "%-6s %4s  %-20s %7s %7s\n", "bits", "byte", "field", "raw %", "perf %");
	for (i = 0; i < TMA_NR_METRICS; i++) {
		fprintf(out, "%2d:%-2d   %4u  ", 8 * i + 7, 8 * i, tma_byte(perf_metrics, i));
		write_shares(out, metric_name(i), &total, total.weight[i]);
		fprintf(out, "\n");
	}
	fprintf(out, "deduced: category less the part above\n");
	for (i = TMA_NODE_LIGHT_OPERATIONS; i < TMA_NR_NODES; i += 2) {
		fprintf(out, "%13s", "");
		write_shares(out, part_names[i], &total, tma_node_weight(&total, i));
		fprintf(out, "\n");
	}
	write_verdict(out, perf_metrics);
}

/*
 * encode
 */

static const struct { const char *name; enum tma_metric metric; } short_names[] = {
	{ "ret", TMA_RETIRING }, { "bad", TMA_BAD_SPECULATION },
	{ "fe", TMA_FRONTEND_BOUND }, { "be", TMA_BACKEND_BOUND },
};

static int find_metric(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < TMA_NR_METRICS; i++)
		if (!strncasecmp(metric_name(i), name, len) && !metric_name(i)[len])
			return i;
	for (i = 0; i < TMAV_ARRAY_SIZE(short_names); i++)
		if (!strncasecmp(short_names[i].name, name, len) && !short_names[i].name[len])
			return short_names[i].metric;
	return -1;
}

static bool read_share(const char *arg, int *share, struct complaint *c)
{
	const char *value = strchr(arg, '=');
	unsigned int thousandths;
	int metric;

	if (!value)
		return complain(c, 0, "%s is not NAME=PERCENT", arg);
	metric = find_metric(arg, value - arg);
	if (metric < 0)
		return complain(c, 0, "%.*s is no field; see --help", (int)(value - arg), arg);
	value++;
	if (!scan_percent(&value, &thousandths) || (*value && strcmp(value, "%")))
		return complain(c, 0, "%s: a share is 0 to 100 percent", arg);
	if (share[metric] >= 0)
		return complain(c, 0, "%s comes twice", metric_name(metric));
	share[metric] = thousandths;
	return true;
}

static unsigned int to_byte(int thousandths)
{
	return thousandths < 0 ? 0 : (thousandths * TMA_METRIC_MAX + 50000) / 100000;
}

/* Rounding must not make the sum other than 255: the largest gives or takes. */
static void make_sum_255(unsigned int *byte)
{
	int i, largest = 0, sum = 0;

	for (i = 0; i < TMA_NR_LEVEL1; i++) {
		sum += byte[i];
		if (byte[i] > byte[largest])
			largest = i;
	}
	byte[largest] += (int)TMA_METRIC_MAX - sum;
}

static bool check_shares(const int *share, struct complaint *c)
{
	const int whole = 100000, tolerance = 500;
	int i, sum = 0;

	for (i = 0; i < TMA_NR_LEVEL1; i++) {
		int part = share[i + TMA_NR_LEVEL1];

		sum += share[i] > 0 ? share[i] : 0;
		if (part > 0 && part > share[i])
			return complain(c, 0, "%s is more than %s, of which it is a part",
					metric_name(i + TMA_NR_LEVEL1), metric_name(i));
	}
	if (sum < whole - tolerance || sum > whole + tolerance)
		return complain(c, 0, "level 1 adds up to %d.%d%%, not 100%%",
				sum / 1000, sum % 1000 / 100);
	return true;
}

bool decode_encode(char *const *args, int nr_args, u64 *perf_metrics, struct complaint *c)
{
	unsigned int byte[TMA_NR_METRICS];
	int share[TMA_NR_METRICS], i;

	for (i = 0; i < TMA_NR_METRICS; i++)
		share[i] = -1;
	for (i = 0; i < nr_args; i++)
		if (!read_share(args[i], share, c))
			return false;
	if (!check_shares(share, c))
		return false;
	for (i = 0; i < TMA_NR_METRICS; i++)
		byte[i] = to_byte(share[i]);
	make_sum_255(byte);
	*perf_metrics = 0;
	for (i = 0; i < TMA_NR_METRICS; i++) {
		if (i >= TMA_NR_LEVEL1 && byte[i] > byte[i - TMA_NR_LEVEL1])
			byte[i] = byte[i - TMA_NR_LEVEL1];
		*perf_metrics |= (u64)byte[i] << i * TMA_METRIC_BITS;
	}
	return true;
}

/*
 * delta
 */

bool decode_pair(const char *text, struct result_slice *pair, struct complaint *c)
{
	const char *at = text;

	if (!(scan_hex(&at, &pair->slots) || scan_u64(&at, &pair->slots)) ||
	    !scan_literal(&at, ":") || !scan_whole_number(at, &pair->perf_metrics))
		return complain(c, 0, "%s is not SLOTS:PERF_METRICS, such as 255339:0x3c000a00f5",
				text);
	if (pair->slots >> RESULT_SLOTS_BITS)
		return complain(c, 0, "%llu slots are more than the counter holds", pair->slots);
	return true;
}

/* A part larger than its whole is nonsense that nobody should have to read. */
static void keep_parts_within(struct tma_total *window, bool *clamped)
{
	int i;

	for (i = 0; i < TMA_NR_LEVEL1; i++)
		if (window->weight[TMA_NR_LEVEL1 + i] > window->weight[i]) {
			window->weight[TMA_NR_LEVEL1 + i] = window->weight[i];
			*clamped = true;
		}
}

bool decode_window(const struct result_slice *a, const struct result_slice *b,
		   struct tma_total *window, bool *clamped, struct complaint *c)
{
	struct tma_total before = { 0 };
	int i;

	if (b->slots <= a->slots)
		return complain(c, 0, "B has %s slots as A: readings of one count, A first, are wanted",
				b->slots == a->slots ? "as many" : "not as many");
	memset(window, 0, sizeof(*window));
	tma_add(window, b->slots, b->perf_metrics);
	tma_add(&before, a->slots, a->perf_metrics);
	window->readings = 1;
	window->slots -= before.slots;
	*clamped = false;
	for (i = 0; i < TMA_NR_METRICS; i++) {
		bool negative = window->weight[i] < before.weight[i];

		*clamped |= negative;
		window->weight[i] = negative ? 0 : window->weight[i] - before.weight[i];
	}
	keep_parts_within(window, clamped);
	return true;
}

unsigned int decode_doubt(const struct result_slice *a, const struct result_slice *b)
{
	return tma_permille(a->slots + b->slots,
			    (b->slots - a->slots) * 2 * TMA_METRIC_MAX);
}

static void write_window(FILE *out, const struct tma_total *window)
{
	char name[48];
	int i;

	fprintf(out, "%-34s %7s %7s %16s\n", "node", "raw %", "perf %", "slots");
	for (i = 0; i < NR_NODES; i++) {
		u64 weight = node_weight(&nodes[i], window);
		unsigned int raw = tma_raw_permille(window, weight);
		unsigned int perf = tma_perf_permille(window, weight);

		node_full_name(&nodes[i], name, sizeof(name));
		fprintf(out, "%-34s %5u.%u %5u.%u %16llu\n", name, raw / 10, raw % 10,
			perf / 10, perf % 10, tma_slots(weight));
	}
}

static void write_delta(FILE *out, const struct result_slice *pair,
			const struct tma_total *window, bool clamped)
{
	unsigned int doubt = decode_doubt(&pair[0], &pair[1]);

	fprintf(out, "%llu slots between; a share is right to +-%u.%u points\n",
		window->slots, doubt / 10, doubt % 10);
	write_window(out, window);
	if (clamped)
		fprintf(out, "warning: fields went backwards; they are shown as 0, parts as their wholes\n");
	if (doubt > MAX_DOUBT)
		fprintf(out, "warning: noise: too few slots between for the 8 bits of a share;\n"
			"write 0 to both registers, SLOTS first, before what is measured\n");
	else if (!tma_is_reliable(window))
		fprintf(out, "warning: noise: fewer than %d slots, of which starting and stopping takes some\n",
			TMA_FEW_SLOTS);
}

/*
 * Command lines
 */

struct arguments {
	int	nr;
	int	wanted;		/* 0: one or more */
	char	*arg[2 * TMA_NR_METRICS];
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (arguments->nr == (arguments->wanted ? arguments->wanted :
				      (int)TMAV_ARRAY_SIZE(arguments->arg)))
			argp_error(state, "%s is too much", arg);
		arguments->arg[arguments->nr++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->nr || arguments->nr < arguments->wanted)
			argp_error(state, "something is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void get_arguments(struct arguments *arguments, int argc, char **argv,
			  const char *args_doc, const char *doc)
{
	const struct argp argp = { .parser = parse, .args_doc = args_doc, .doc = doc };

	argp_parse(&argp, argc, argv, 0, NULL, arguments);
}

static int usage(const char *command, const struct complaint *c)
{
	fprintf(stderr, "tmavisor %s: %s\n", command, c->text);
	return EXIT_USAGE;
}

int command_decode(int argc, char **argv)
{
	struct arguments arguments = { .wanted = 1 };
	struct complaint c = { 0 };
	u64 value;

	get_arguments(&arguments, argc, argv, "VALUE",
		      "The fields of an IA32_PERF_METRICS, 0x... or decimal: raw "
		      "(byte / 255) and as perf has them (byte / sum of level 1).");
	if (!scan_whole_number(arguments.arg[0], &value)) {
		complain(&c, 0, "%s is no number of 64 bits, 0x... or decimal",
			 arguments.arg[0]);
		return usage("decode", &c);
	}
	decode_write(stdout, value);
	return tma_adds_up(value) && tma_parts_fit(value) ? EXIT_YES : EXIT_NO;
}

int command_encode(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct complaint c = { 0 };
	u64 value;

	get_arguments(&arguments, argc, argv, "NAME=PERCENT...",
		      "The IA32_PERF_METRICS with these shares, such as: retiring=60.5 "
		      "backend_bound=39.5 memory_bound=30. Names: retiring, bad_speculation, "
		      "frontend_bound, backend_bound (or ret, bad, fe, be), which must "
		      "add up to 100; heavy_operations, branch_mispredicts, "
		      "fetch_latency, memory_bound. What is not named is 0.");
	if (!decode_encode(arguments.arg, arguments.nr, &value, &c))
		return usage("encode", &c);
	decode_write(stdout, value);
	return EXIT_YES;
}

int command_delta(int argc, char **argv)
{
	struct arguments arguments = { .wanted = 2 };
	struct complaint c = { 0 };
	struct result_slice pair[2];
	struct tma_total window;
	bool clamped;

	get_arguments(&arguments, argc, argv, "A B",
		      "What is between two readings SLOTS:PERF_METRICS of one count, A "
		      "being the earlier: the difference of slots x byte. The bytes are "
		      "coarse, so that a short window late in a long count is noise.");
	if (!decode_pair(arguments.arg[0], &pair[0], &c) ||
	    !decode_pair(arguments.arg[1], &pair[1], &c) ||
	    !decode_window(&pair[0], &pair[1], &window, &clamped, &c))
		return usage("delta", &c);
	write_delta(stdout, pair, &window, clamped);
	return EXIT_YES;
}
