// SPDX-License-Identifier: GPL-2.0
#include <cpuid.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tools/cli/host.h"

static bool is_this(const struct host *host)
{
	return !*host->root;
}

static void path_in(const struct host *host, const char *path, char *full, size_t size)
{
	snprintf(full, size, "%s%s", host->root, path);
}

bool host_file(const struct host *host, const char *path, char *text, size_t size)
{
	char full[PATH_MAX];
	FILE *in;
	size_t len, i;

	path_in(host, path, full, sizeof(full));
	in = fopen(full, "r");
	if (!in)
		return false;
	len = fread(text, 1, size - 1, in);
	text[len] = 0;
	/* EFI variables begin with zeros. */
	for (i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	fclose(in);
	return true;
}

bool host_exists(const struct host *host, const char *path)
{
	char full[PATH_MAX];

	path_in(host, path, full, sizeof(full));
	return !access(full, F_OK);
}

bool host_has_program(const struct host *host, const char *name)
{
	static const char *const folders[] = {
		"/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin",
	};
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < TMAV_ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (host_exists(host, path))
			return true;
	}
	return false;
}

static FILE *open_list(const struct host *host, const char *name)
{
	char full[PATH_MAX];

	path_in(host, name, full, sizeof(full));
	return fopen(full, "r");
}

static struct cpuid_regs listed_cpuid(const struct host *host, u32 leaf, u32 subleaf)
{
	FILE *in = open_list(host, "/cpuid");
	struct cpuid_regs r, found = { 0 };
	u32 l, s;

	while (in && fscanf(in, "%x %x %x %x %x %x", &l, &s, &r.eax, &r.ebx, &r.ecx, &r.edx) == 6)
		if (l == leaf && s == subleaf)
			found = r;
	if (in)
		fclose(in);
	return found;
}

struct cpuid_regs host_cpuid(const struct host *host, u32 leaf, u32 subleaf)
{
	struct cpuid_regs r = { 0 };

	if (!is_this(host))
		return listed_cpuid(host, leaf, subleaf);
	__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
	return r;
}

static bool listed_msr(const struct host *host, u32 msr, u64 *value)
{
	FILE *in = open_list(host, "/msrs");
	bool found = false;
	u64 v;
	u32 m;

	while (in && !found && fscanf(in, "%x %llx", &m, &v) == 2) {
		found = m == msr;
		*value = v;
	}
	if (in)
		fclose(in);
	return found;
}

bool host_msr(const struct host *host, u32 msr, u64 *value)
{
	bool ok;
	int fd;

	if (!is_this(host))
		return listed_msr(host, msr, value);
	fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = pread(fd, value, sizeof(*value), msr) == sizeof(*value);
	close(fd);
	return ok;
}

bool host_is_root(const struct host *host)
{
	char uid[16];

	if (is_this(host))
		return !geteuid();
	return host_file(host, "/uid", uid, sizeof(uid)) && !atoi(uid);
}

bool host_cpuinfo_has(const struct host *host, const char *line, const char *flag)
{
	char text[16384], *at, *end, *word;

	if (!host_file(host, "/proc/cpuinfo", text, sizeof(text)))
		return false;
	for (at = text; at; at = end ? end + 1 : NULL) {
		end = strchr(at, '\n');
		if (strncmp(at, line, strlen(line)) || strspn(at + strlen(line), "\t :") == 0)
			continue;
		if (end)
			*end = 0;
		for (word = strtok(at, " \t:"); word; word = strtok(NULL, " \t:"))
			if (!strcmp(word, flag))
				return true;
		return false;
	}
	return false;
}
