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
#include "tools/cli/report.h"

enum { OPTION_SIMULATED = 1000, OPTION_LOG, MAX_PARAMS = 16, LOG_ROOM = 1 << 22 };

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
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status;

	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	if (pid <= 0)
		return 127;
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
static size_t take_record(char *log, size_t len, const char *record)
{
	const char *text = strchr(record, ';');
	size_t n = text ? strcspn(text, "\n") : 0;

	if (!n || len + n + 1 >= LOG_ROOM)
		return len;
	memcpy(log + len, text + 1, n - 1);
	log[len + n - 1] = '\n';
	return len + n;
}

static size_t read_kmsg(int kmsg, char *log)
{
	char record[8192];
	size_t len = 0;
	ssize_t n;

	/* EPIPE: the ring has overtaken; what is lost shows in the reading. */
	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && (errno == EPIPE || errno == EINTR)))
		if (n > 0) {
			record[n] = 0;
			len = take_record(log, len, record);
		}
	log[len] = 0;
	return len;
}

static bool run_on_host(const struct options *options, char *log, size_t *len)
{
	char path[2 * PATH_MAX], *argv[MAX_PARAMS + 3];
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), n = 2, i;
	bool built = find_module(path, sizeof(path));

	if (kmsg < 0) {
		fprintf(stderr, "tmavisor run: /dev/kmsg: %s\n", strerror(errno));
		return false;
	}
	lseek(kmsg, 0, SEEK_END);
	argv[0] = built ? "insmod" : "modprobe";
	argv[1] = built ? path : "tmavisor";
	for (i = 0; i < options->nr_params; i++)
		argv[n++] = options->params[i];
	argv[n] = NULL;
	fprintf(stderr, "tmavisor run: %s %s on this host\n", argv[0], argv[1]);
	if (!command(argv))
		command((char *[]){ "rmmod", "tmavisor", NULL });
	*len = read_kmsg(kmsg, log);
	close(kmsg);
	return *len;
}

/*
 * In the simulated machine
 */

static size_t read_pipe(int in, char *log)
{
	size_t len = 0;
	ssize_t n;

	while (len < LOG_ROOM - 1 &&
	       ((n = read(in, log + len, LOG_ROOM - 1 - len)) > 0 ||
		(n < 0 && errno == EINTR)))
		len += n > 0 ? n : 0;
	log[len] = 0;
	return len;
}

static bool run_simulated(const struct options *options, char *log, size_t *len)
{
	char top[PATH_MAX], sim[PATH_MAX + 16], params[4096] = "";
	int ends[2], i, status;
	size_t at = 0;
	pid_t pid;

	if (!find_tree(top, sizeof(top))) {
		fprintf(stderr, "tmavisor run: the simulated machine is in the source tree; run build/tmavisor there\n");
		return false;
	}
	snprintf(sim, sizeof(sim), "%s/tools/sim/run", top);
	for (i = 0; i < options->nr_params && at < sizeof(params); i++)
		at += snprintf(params + at, sizeof(params) - at, "%s%s", i ? " " : "",
			       options->params[i]);
	if (pipe2(ends, O_CLOEXEC))
		return false;
	fprintf(stderr, "tmavisor run: in the simulated machine: 10 s, at first minutes to build it\n");
	/* Its progress is on standard error. */
	pid = start((char *[]){ sim, "--module", params, NULL }, ends[1]);
	close(ends[1]);
	*len = read_pipe(ends[0], log);
	close(ends[0]);
	status = wait_for(pid);
	if (status >= 250 || !*len)
		fprintf(stderr, "tmavisor run: the simulated machine ended with status %d\n",
			status);
	return status < 250 && *len;
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

int command_run(int argc, char **argv)
{
	const struct argp argp = { option_list, parse, "[PARAMETER=VALUE...]", doc, NULL, NULL, NULL };
	const struct host host = { .root = "" };
	struct options options = { 0 };
	static char log[LOG_ROOM];
	char path[2 * PATH_MAX];
	size_t len = 0;
	bool ran;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!options.simulated && !doctor_says_yes(&host, find_module(path, sizeof(path)))) {
		fprintf(stderr, "tmavisor run: this host cannot, as \"tmavisor doctor\" tells\n");
		options.simulated = true;
	}
	ran = options.simulated ? run_simulated(&options, log, &len) :
				  run_on_host(&options, log, &len);
	if (!ran || (options.log && !keep_log(options.log, log, len)))
		return EXIT_NO;
	return show(log, len);
}
