/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host as the doctor sees it: CPUID, MSRs and files. Below a root folder
 * other than / nothing of this host's is asked: CPUID and MSRs are then the files
 * cpuid ("LEAF SUBLEAF EAX EBX ECX EDX", in hexadecimal) and msrs ("MSR VALUE").
 */
#ifndef CLI_HOST_H
#define CLI_HOST_H

#include "tmavisor/types.h"

struct cpuid_regs { u32 eax, ebx, ecx, edx; };

struct host {
	const char	*root;		/* "" for this host's */
};

/* Zeros where there is no such leaf. */
struct cpuid_regs host_cpuid(const struct host *host, u32 leaf, u32 subleaf);
/* False if it cannot be seen: no msr driver, no permission, no such MSR. */
bool host_msr(const struct host *host, u32 msr, u64 *value);
/* The first bytes of a file, a string; false if it cannot be read. */
bool host_file(const struct host *host, const char *path, char *text, size_t size);
bool host_exists(const struct host *host, const char *path);
/* A program that the shell would find. */
bool host_has_program(const struct host *host, const char *name);
bool host_is_root(const struct host *host);
/* In the line of /proc/cpuinfo that begins so. */
bool host_cpuinfo_has(const struct host *host, const char *line, const char *flag);

#endif
