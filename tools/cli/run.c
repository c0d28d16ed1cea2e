// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/cli/command.h"
#include "tools/cli/doctor.h"
#include "tools/cli/file.h"
#include "tools/cli/report.h"

enum { OPTION_SIMULATED = 1000, OPTION_LOG, MAX_PARAMS = 16 };
/* Statuses: of tools/sim/run from here on its own; of a program that is none. */
enum { SIM_FAILED = 248, NOT_STARTED = 127 };

struct options {
	bool		simulated;
	const char	*log;
	char		*params[MAX_PARAMS];
	int		nr_params;
};

static const struct argp_option option_list[] = {
	{ "simulated", OPTION_SIMULATED, 0, 0,
	  "In the simulated machine, even if this host can", 0 },
	{ "log", OPTION_LOG, "FILE", 0, "Keep what the module said in FILE", 0 },
	{ 0 }
};

static const char doc[] =
	"Load the module, show what it found as report does, unload it: on this host "
	"if it can (see tmavisor doctor), in the simulated machine otherwise. "
	"Parameters go to the module, such as workload=mix slices=20; see "
	"tmavisor(4).\v"
	"Exit status: 0 if all checks are ok, 1 if one is not or nothing could be run, "
	"2 for wrong usage.";

/* They become words of a shell's in the simulated machine. */
static bool is_param(const char *arg)
{
	const char *value = strchr(arg, '=');
	const char *p;

	for (p = arg; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("=_-:,.", *p))
			return false;
	return value && value > arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_SIMULATED:	options->simulated = true; break;
	case OPTION_LOG:	options->log = arg; break;
	case ARGP_KEY_ARG:
		if (!is_param(arg))
			argp_error(state, "%s is not PARAMETER=VALUE", arg);
		if (options->nr_params == MAX_PARAMS)
			argp_error(state, "%s is too much", arg);
		options->params[options->nr_params++] = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/*
 * Processes
 */

/* Its standard output goes to @out, if that is a descriptor. */
static pid_t start(char *const *argv, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	fprintf(stderr, "tmavisor run: %s: %s\n", argv[0], strerror(errno));
	_exit(NOT_STARTED);
}

static int wait_for(pid_t pid)
{
	int status;

	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return NOT_STARTED;
	if (pid <= 0)
		return NOT_STARTED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int command(char *const *argv)
{
	return wait_for(start(argv, -1));
}

/*
 * Where things are
 */

/* The source tree that this program was built in; false if it was installed. */
static bool find_tree(char *top, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", top, size - 1);
	char sim[PATH_MAX + 16];
	char *slash;
	int up;

	if (len < 0)
		return false;
	top[len] = 0;
	for (up = 0; up < 2; up++) {
		slash = strrchr(top, '/');
		if (!slash)
			return false;
		*slash = 0;
	}
	snprintf(sim, sizeof(sim), "%s/tools/sim/run", top);
	return !access(sim, X_OK);
}

static bool find_module(char *path, size_t size)
{
	char top[PATH_MAX];
	struct utsname name;

	if (!find_tree(top, sizeof(top)) || uname(&name))
		return false;
	snprintf(path, size, "%s/build/kmod/%s/tmavisor.ko", top, name.release);
	return !access(path, R_OK);
}

/*
 * On this host
 */

/* A record is "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT", and lines about it below. */
static void take_record(FILE *log, const char *record)
{
	const char *text = strchr(record, ';');

	if (text)
		fprintf(log, "%.*s\n", (int)strcspn(text + 1, "\n"), text + 1);
}

static char *read_kmsg(int kmsg, size_t *len)
{
	char record[8192], *text = NULL;
	FILE *log = open_memstream(&text, len);
	ssize_t n;

	if (!log)
		return NULL;
	/* EPIPE: the ring has overtaken; what is lost shows in the reading. */
	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && (errno == EPIPE || errno == EINTR)))
		if (n > 0) {
			record[n] = 0;
			take_record(log, record);
		}
	fclose(log);
	return text;
}

static void load_and_unload(const struct options *options)
{
	char path[2 * PATH_MAX], *argv[MAX_PARAMS + 3];
	bool built = find_module(path, sizeof(path));
	int n = 2, i;

	argv[0] = built ? "insmod" : "modprobe";
	argv[1] = built ? path : "tmavisor";
	for (i = 0; i < options->nr_params; i++)
		argv[n++] = options->params[i];
	argv[n] = NULL;
	fprintf(stderr, "tmavisor run: %s %s on this host\n", argv[0], argv[1]);
	if (!command(argv))
		command((char *[]){ "rmmod", "tmavisor", NULL });
}

/* What the module said, for the caller to free; NULL if nothing. */
static char *run_on_host(const struct options *options, size_t *len)
{
	char *log = NULL;
	int kmsg;

	if (geteuid()) {
		fprintf(stderr, "tmavisor run: must be root here; sudo, or --simulated\n");
		return NULL;
	}
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0) {
		fprintf(stderr, "tmavisor run: /dev/kmsg: %s\n", strerror(errno));
		return NULL;
	}
	lseek(kmsg, 0, SEEK_END);
	load_and_unload(options);
	log = read_kmsg(kmsg, len);
	close(kmsg);
	return log;
}

/*
 * In the simulated machine
 */

static void join_params(const struct options *options, char *params, size_t size)
{
	size_t at = 0;
	int i;

	*params = 0;
	for (i = 0; i < options->nr_params && at < size; i++)
		at += snprintf(params + at, size - at, "%s%s", i ? " " : "",
			       options->params[i]);
}

/* Its progress is on standard error. */
static char *simulate(char *sim, char *params, size_t *len)
{
	struct complaint c = { 0 };
	int ends[2], status;
	char *log = NULL;
	FILE *in;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	/* Ten thousand slices of each workload are more than the usual ring holds. */
	pid = start((char *[]){ sim, "--cmdline", "log_buf_len=16M", "--module", params, NULL },
		    ends[1]);
	close(ends[1]);
	in = fdopen(ends[0], "r");
	if (in) {
		log = file_read_stream(in, len, &c);
		fclose(in);
	}
	status = wait_for(pid);
	if (log && status < SIM_FAILED && status != NOT_STARTED)
		return log;
	fprintf(stderr, "tmavisor run: the simulated machine ended with status %d\n", status);
	free(log);
	return NULL;
}

static char *run_simulated(const struct options *options, size_t *len)
{
	char top[PATH_MAX], sim[PATH_MAX + 16], params[4096];

	if (!find_tree(top, sizeof(top))) {
		fprintf(stderr, "tmavisor run: the simulated machine is in the source tree;\n"
			"run build/tmavisor there\n");
		return NULL;
	}
	snprintf(sim, sizeof(sim), "%s/tools/sim/run", top);
	join_params(options, params, sizeof(params));
	fprintf(stderr, "tmavisor run: in the simulated machine: 10 s, at first minutes to build it\n");
	return simulate(sim, params, len);
}

static bool keep_log(const char *path, const char *log, size_t len)
{
	FILE *out = fopen(path, "w");
	bool ok = out && fwrite(log, 1, len, out) == len;

	if (out)
		ok &= !fclose(out);
	if (!ok)
		fprintf(stderr, "tmavisor run: %s: %s\n", path, strerror(errno));
	return ok;
}

static int show(char *log, size_t len)
{
	struct terminal terminal = terminal_of(stdout);
	struct complaint c = { 0 };
	struct result result = { 0 };
	int status = EXIT_NO;

	if (report_read(log, len, &result, &c)) {
		report_write(stdout, &result, &terminal);
		status = result.nr_failures ? EXIT_NO : EXIT_YES;
	} else {
		report_complain("tmavisor run", "the module's log", &c);
	}
	result_free(&result);
	return status;
}

static int use(const struct options *options, char *log, size_t len)
{
	if (!len) {
		fprintf(stderr, "tmavisor run: the module said nothing\n");
		return EXIT_NO;
	}
	if (options->log && !keep_log(options->log, log, len))
		return EXIT_NO;
	return show(log, len);
}

int command_run(int argc, char **argv)
{
	const struct argp argp = { option_list, parse, "[PARAMETER=VALUE...]", doc, NULL, NULL, NULL };
	const struct host host = { .root = "" };
	struct options options = { 0 };
	int status = EXIT_NO;
	char path[2 * PATH_MAX], *log;
	size_t len = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!options.simulated && !doctor_says_yes(&host, find_module(path, sizeof(path)))) {
		fprintf(stderr, "tmavisor run: this host cannot, as \"tmavisor doctor\" tells\n");
		options.simulated = true;
	}
	log = options.simulated ? run_simulated(&options, &len) : run_on_host(&options, &len);
	if (log)
		status = use(&options, log, len);
	free(log);
	return status;
}
