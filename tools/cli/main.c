// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tmavisor/types.h"
#include "tools/cli/command.h"

const char *argp_program_version = "tmavisor 0.1";

static const struct command {
	const char	*name;
	int		(*run)(int argc, char **argv);
} commands[] = {
	{ "decode",	command_decode },
	{ "delta",	command_delta },
	{ "doctor",	command_doctor },
	{ "encode",	command_encode },
	{ "report",	command_report },
	{ "run",	command_run },
	{ "trace",	command_trace },
};

static const char doc[] =
	"Topdown metrics of a mediated PMU: run tmavisor's checks, read their results.\n"
	"\n"
	"  doctor             can this host run it? what to do where it cannot\n"
	"  run                load the module, show what it found, unload it\n"
	"  report [FILE]      the topdown tree and bars of a log of the module's\n"
	"  trace FILE         each switch in a trace of the simulated machine\n"
	"  decode VALUE       IA32_PERF_METRICS, field by field\n"
	"  encode NAME=PERCENT...  the other way round\n"
	"  delta A B          what is between two readings SLOTS:PERF_METRICS\n"
	"\n"
	"\"tmavisor COMMAND --help\" tells more of each.\v"
	"Exit status: 0 yes or all well, 1 no or an error, 2 wrong usage.";

struct choice {
	const struct command	*command;
	int			at;		/* argv[at] is its name */
};

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < TMAV_ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct choice *choice = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		choice->command = find(arg);
		if (!choice->command)
			argp_error(state, "there is no command %s", arg);
		choice->at = state->next - 1;
		/* The rest is the command's. */
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

int main(int argc, char **argv)
{
	const struct argp argp = { .parser = parse, .args_doc = "COMMAND [...]", .doc = doc };
	struct choice choice = { 0 };
	char name[64];
	int status;

	setlocale(LC_ALL, "");
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice);
	snprintf(name, sizeof(name), "tmavisor %s", choice.command->name);
	argv[choice.at] = name;
	status = choice.command->run(argc - choice.at, argv + choice.at);
	if (fflush(stdout) || ferror(stdout)) {
		perror("tmavisor: standard output");
		return EXIT_NO;
	}
	return status;
}
