// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include "tools/cli/command.h"
#include "tools/cli/file.h"
#include "tools/cli/report.h"

enum form { TREE, CSV, JSON, NATIVE };
enum { OPTION_ASCII = 1000, OPTION_CSV, OPTION_JSON, OPTION_NATIVE, OPTION_SVG };

struct options {
	enum form	form;
	bool		form_given;
	bool		ascii;
	const char	*svg;
	const char	*file;
};

static const struct argp_option option_list[] = {
	{ "ascii",  OPTION_ASCII,  0, 0, "Bars of letters, not of block characters", 0 },
	{ "csv",    OPTION_CSV,    0, 0, "Lines as toplev -I writes them: a node and slice each", 1 },
	{ "json",   OPTION_JSON,   0, 0, "JSON lines with the keys of perf stat -j", 1 },
	{ "native", OPTION_NATIVE, 0, 0, "One JSON object with all that was found; report reads it, too", 1 },
	{ "svg",    OPTION_SVG, "FILE", 0, "Write a picture as well: stacked areas over the slices", 2 },
	{ 0 }
};

static const char doc[] =
	"The topdown tree and a bar a slice of each workload, from what the module "
	"said: the output of dmesg or journalctl -k, a serial console's log, "
	"tmavisor/results of debugfs, or JSON of --native. Without FILE, or with -, from standard input.\v"
	"Exit status: 0 if all the module's checks are ok; 1 if one failed, or if the "
	"log is cut, damaged, or none.";

static void set_form(struct options *options, enum form form, struct argp_state *state)
{
	if (options->form_given)
		argp_error(state, "--csv, --json and --native exclude each other");
	options->form = form;
	options->form_given = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_ASCII:	options->ascii = true; break;
	case OPTION_CSV:	set_form(options, CSV, state); break;
	case OPTION_JSON:	set_form(options, JSON, state); break;
	case OPTION_NATIVE:	set_form(options, NATIVE, state); break;
	case OPTION_SVG:	options->svg = arg; break;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one FILE, not more");
		options->file = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

bool report_read(char *text, size_t len, struct result *result, struct complaint *c)
{
	size_t start = 0;

	while (start < len && isspace((unsigned char)text[start]))
		start++;
	if (text[start] != '{')
		return log_read(text, len, result, c);
	if (records_begin(text, len))
		return records_read(text, len, result, c);
	return native_read(text, len, result, c);
}

void report_write(FILE *out, const struct result *result, const struct terminal *terminal)
{
	unsigned int i;

	tree_write_machine(out, result, terminal);
	bars_write_legend(out, terminal);
	for (i = 0; i < result->nr_workloads; i++) {
		tree_write_workload(out, &result->workloads[i], terminal);
		bars_write(out, &result->workloads[i], terminal);
	}
	tree_write_checks(out, result, terminal);
}

static bool write_picture(const char *path, const struct result *result)
{
	FILE *out = fopen(path, "w");
	bool ok = out;

	if (out) {
		svg_write(out, result);
		ok = !ferror(out);
		ok &= !fclose(out);
	}
	if (!ok)
		fprintf(stderr, "tmavisor report: %s: %s\n", path, strerror(errno));
	return ok;
}

static int write_result(const struct options *options, const struct result *result)
{
	struct terminal terminal = terminal_of(stdout);

	terminal.utf8 &= !options->ascii;
	switch (options->form) {
	case TREE:	report_write(stdout, result, &terminal); break;
	case CSV:	csv_write(stdout, result); break;
	case JSON:	json_write(stdout, result); break;
	case NATIVE:	native_write(stdout, result); break;
	}
	/* The other forms have no place for them. */
	if (result->nr_failures && options->form != TREE && options->form != NATIVE)
		fprintf(stderr, "tmavisor report: %zu checks of the module's failed\n",
			result->nr_failures);
	if (options->svg && !write_picture(options->svg, result))
		return EXIT_NO;
	return result->nr_failures ? EXIT_NO : EXIT_YES;
}

void report_complain(const char *command, const char *file, const struct complaint *c)
{
	fprintf(stderr, "%s: %s", command, file_name(file));
	if (c->line)
		fprintf(stderr, ":%lu", c->line);
	fprintf(stderr, ": %s\n", c->text);
}

int command_report(int argc, char **argv)
{
	const struct argp argp = { option_list, parse, "[FILE]", doc, NULL, NULL, NULL };
	struct options options = { 0 };
	struct complaint c = { 0 };
	struct result result = { 0 };
	int status = EXIT_NO;
	size_t len;
	char *text;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	text = file_read(options.file, &len, &c);
	if (text && report_read(text, len, &result, &c))
		status = write_result(&options, &result);
	else
		report_complain("tmavisor report", options.file, &c);
	result_free(&result);
	free(text);
	return status;
}
