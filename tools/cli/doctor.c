// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <stdio.h>
#include "tools/cli/command.h"
#include "tools/cli/doctor.h"
#include "tools/cli/quote.h"
#include "tools/cli/scan.h"

enum { OPTION_JSON = 1000, OPTION_ROOT };

struct options {
	bool		json;
	struct host	host;
};

static const struct argp_option option_list[] = {
	{ "json", OPTION_JSON, 0, 0, "A JSON line a check, and one for all", 0 },
	{ "root", OPTION_ROOT, "DIR", 0, "Look at the copies of another host's files in DIR: "
	  "proc/, sys/, and lists cpuid, msrs, uid", 0 },
	{ 0 }
};

static const char doc[] =
	"Can this host run tmavisor? A check a line, with what to do where something "
	"is missing. Most can be seen without root; MSRs take root and the msr driver "
	"(modprobe msr).\v"
	"Exit status: 0 if nothing that is needed is missing, 1 if something is, 2 for "
	"wrong usage.";

static const char *const verdict_names[] = {
	[OK] = "ok", [MISSING] = "MISSING", [OPTIONAL] = "missing (optional)",
	[UNSEEN] = "not seen",
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_JSON:	options->json = true; break;
	case OPTION_ROOT:	options->host.root = arg; break;
	case ARGP_KEY_ARG:
		argp_error(state, "%s is too much", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void write_line(const struct check *check, const struct finding *f)
{
	printf("%-28s %-18s  %s\n", check->name, verdict_names[f->verdict], f->seen);
	if (f->verdict == MISSING || f->verdict == OPTIONAL)
		printf("%28s -> %s\n", "", check->remedy);
}

static void write_json(const struct check *check, const struct finding *f)
{
	printf("{\"check\": ");
	quote_json(stdout, check->name);
	printf(", \"verdict\": ");
	quote_json(stdout, verdict_names[f->verdict]);
	printf(", \"seen\": ");
	quote_json(stdout, f->seen);
	printf(", \"remedy\": ");
	quote_json(stdout, f->verdict == OK ? "" : check->remedy);
	printf("}\n");
}

static void write_end(const struct options *options, const int *count)
{
	if (options->json) {
		printf("{\"can_run\": %s, \"ok\": %d, \"missing\": %d, \"optional\": %d, \"unseen\": %d}\n",
		       count[MISSING] ? "false" : "true", count[OK], count[MISSING],
		       count[OPTIONAL], count[UNSEEN]);
		return;
	}
	printf("\n%s: %d ok, %d missing, %d optional, %d not seen\n",
	       count[MISSING] ? "This host cannot run tmavisor" :
	       count[UNSEEN] ? "As far as can be seen, this host can run tmavisor" :
			       "This host can run tmavisor",
	       count[OK], count[MISSING], count[OPTIONAL], count[UNSEEN]);
	if (count[UNSEEN])
		printf("To see the rest: sudo modprobe msr; sudo tmavisor doctor\n");
	if (count[MISSING])
		printf("The simulated machine can: tmavisor run, or make demo\n");
}

bool doctor_says_yes(const struct host *host, bool built)
{
	int i;

	for (i = 0; i < NR_CHECKS; i++)
		if (!(built && doctor_checks[i].only_to_build) &&
		    doctor_checks[i].look(host).verdict == MISSING)
			return false;
	return true;
}

int command_doctor(int argc, char **argv)
{
	const struct argp argp = { option_list, parse, NULL, doc, NULL, NULL, NULL };
	struct options options = { .host.root = "" };
	int count[UNSEEN + 1] = { 0 }, i;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	for (i = 0; i < NR_CHECKS; i++) {
		const struct check *check = &doctor_checks[i];
		struct finding f = check->look(&options.host);

		scan_clean(f.seen);
		count[f.verdict]++;
		if (options.json)
			write_json(check, &f);
		else
			write_line(check, &f);
	}
	write_end(&options, count);
	return count[MISSING] ? EXIT_NO : EXIT_YES;
}
