// SPDX-License-Identifier: GPL-2.0
/*
 * host_state COMMAND...: runs it, and beside it, on the same CPU, a task that has
 * in use all that Linux leaves in the CPU while a kernel thread runs: an LDT, an
 * I/O bitmap, vector registers, a hardware breakpoint. It uses them round after
 * round until the command has ended, and says for each how often it was right. A
 * neighbour without all that looks at the tables, now and then.
 *
 * Of a register that Linux loads anew for each task that it switches to, nothing
 * could be seen here.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PORT_DIAGNOSTIC	= 0x80,		/* writes go nowhere */
	LDT_SELECTOR	= 0 << 3 | 4 | 3,
	LDT_MAGIC	= 0x1d7,
	GDT_LIMIT	= 16 * 8 - 1,	/* Linux's */
	IDT_LIMIT	= 256 * 16 - 1,
	XSAVE_HEADER	= 512,
	XSAVE_MXCSR	= 24,
	XSAVE_BYTES	= 4096,
	XSAVE_LEGACY	= 416,		/* what of the legacy region is register */
	/* x87, SSE, AVX, opmasks, both halves of what AVX-512 adds */
	XSAVE_MASK	= 0xe7,
	MXCSR_ODD	= 0x9fc0,	/* FTZ, DAZ, all masked */
	PAGE		= 4096,
	SPIN		= 3000,
	NEIGHBOUR_USEC	= 20000,
};

struct use {
	const char	*name;
	bool		(*right)(void);
	bool		neighbour;
};

struct count {
	unsigned long	rounds;
	unsigned long	wrong;
};

static sigjmp_buf after_fault;
static uint64_t *ldt_memory;
static volatile uint64_t watched;
static uint64_t watched_writes;
static int breakpoint;
static uint8_t xsave_wanted[XSAVE_BYTES] __attribute__((aligned(64)));
static uint8_t xsave_found[XSAVE_BYTES] __attribute__((aligned(64)));

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(after_fault, 1);
}

static void set_up_faults(void)
{
	struct sigaction action = {
		.sa_handler = on_fault,
		.sa_flags = SA_NODEFER,
	};

	check(!sigaction(SIGSEGV, &action, NULL), "sigaction");
}

static void set_up_ldt(void)
{
	struct user_desc desc = { .limit = PAGE - 1, .seg_32bit = 1, .useable = 1 };

	ldt_memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	check(ldt_memory != MAP_FAILED, "mmap");
	*ldt_memory = LDT_MAGIC;
	desc.base_addr = (uintptr_t)ldt_memory;
	check(!syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)), "modify_ldt");
	asm volatile("mov %0, %%gs; mov %0, %%es" : : "r"(LDT_SELECTOR));
}

static bool ldt_is_right(void)
{
	uint64_t read, limit = 0;
	uint16_t gs, es;

	asm volatile("mov %%gs, %0; mov %%es, %1" : "=r"(gs), "=r"(es));
	asm volatile("lsl %1, %0" : "+r"(limit) : "r"((uint64_t)LDT_SELECTOR) : "cc");
	if (gs != LDT_SELECTOR || es != LDT_SELECTOR || limit != PAGE - 1)
		return false;
	/* #GP if there is no such segment any more. */
	if (sigsetjmp(after_fault, 0))
		return false;
	asm volatile("mov %1, %%gs; mov %1, %%es; mov %%gs:0, %0"
		     : "=r"(read) : "r"(LDT_SELECTOR));
	return read == LDT_MAGIC;
}

/* The TSS's limit has to reach to its I/O bitmap, or OUT is #GP. */
static bool io_is_right(void)
{
	if (sigsetjmp(after_fault, 0))
		return false;
	outb(0, PORT_DIAGNOSTIC);
	return true;
}

static void set_up_vectors(void)
{
	uint64_t header = XSAVE_MASK;
	uint32_t mxcsr = MXCSR_ODD;

	asm volatile("xsave64 %0" : "=m"(xsave_wanted) : "a"(XSAVE_MASK), "d"(0));
	for (unsigned int i = XSAVE_HEADER + 64; i < XSAVE_BYTES; i++)
		xsave_wanted[i] = i * 7 + 1;
	for (unsigned int i = 32; i < XSAVE_LEGACY; i++)
		xsave_wanted[i] = i % 16 < 10 || i >= 160 ? i * 3 + 5 : 0;
	memcpy(xsave_wanted + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	memcpy(xsave_wanted + XSAVE_HEADER, &header, sizeof(header));
	/* As the CPU writes it: between components there may be gaps. */
	asm volatile("xrstor64 %1\n\txsave64 %0\n\tfninit\n\tldmxcsr %2"
		     : "=m"(xsave_found)
		     : "m"(xsave_wanted), "m"(*(const uint32_t[]){ 0x1f80 }),
		       "a"(XSAVE_MASK), "d"(0));
	memcpy(xsave_wanted, xsave_found, XSAVE_BYTES);
}

/* All of them loaded, some time for others, all of them looked at. */
static bool vectors_are_right(void)
{
	unsigned long spin = SPIN;

	asm volatile("xrstor64 %2\n"
		     "1:\tdec %1\n\tjnz 1b\n\t"
		     "xsave64 %0\n\tfninit\n\tldmxcsr %3"
		     : "+m"(xsave_found), "+r"(spin)
		     : "m"(xsave_wanted), "m"(*(const uint32_t[]){ 0x1f80 }),
		       "a"(XSAVE_MASK), "d"(0));
	return !memcmp(xsave_wanted, xsave_found, XSAVE_BYTES);
}

/* For the CPU, not for the task: Linux leaves it alone when it switches. */
static void set_up_breakpoint(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.pinned = 1,
	};

	breakpoint = syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
	check(breakpoint >= 0, "perf_event_open");
}

static bool breakpoint_is_right(void)
{
	uint64_t hits = 0;

	watched = ++watched_writes;
	return read(breakpoint, &hits, sizeof(hits)) == sizeof(hits) &&
	       hits == watched_writes;
}

struct table {
	uint16_t	limit;
	uint64_t	base;
} __attribute__((packed));

static bool gdt_is_right(void)
{
	static struct table first;
	struct table now;

	asm volatile("sgdt %0" : "=m"(now));
	if (!first.limit)
		first = now;
	return now.limit == GDT_LIMIT && now.base == first.base;
}

static bool idt_is_right(void)
{
	static struct table first;
	struct table now;

	asm volatile("sidt %0" : "=m"(now));
	if (!first.limit)
		first = now;
	return now.limit == IDT_LIMIT && now.base == first.base;
}

static const struct use uses[] = {
	{ "breakpoint", breakpoint_is_right, false },
	{ "vectors", vectors_are_right, false },
	{ "ldt", ldt_is_right, false },
	{ "ioperm", io_is_right, false },
	/* When Linux reloads TR, for the I/O bitmap, it reloads GDTR as well. */
	{ "gdt", gdt_is_right, true },
	{ "idt", idt_is_right, true },
};

enum { NR_USES = sizeof(uses) / sizeof(uses[0]) };

static struct count *counts;	/* one each, shared with the neighbour */

static void set_up_counts(void)
{
	counts = mmap(NULL, NR_USES * sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(counts != MAP_FAILED, "mmap");
}

static void make_round(bool neighbour)
{
	for (unsigned int i = 0; i < NR_USES; i++) {
		if (uses[i].neighbour != neighbour)
			continue;
		counts[i].rounds++;
		counts[i].wrong += !uses[i].right();
	}
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	check(pid >= 0, "fork");
	if (pid)
		return pid;
	execv(command[0], command);
	perror(command[0]);
	_exit(127);
}

/* Another address space now and then, which kernel threads then borrow. */
static pid_t start_neighbour(void)
{
	pid_t pid = fork();

	check(pid >= 0, "fork");
	while (!pid) {
		usleep(NEIGHBOUR_USEC);
		make_round(true);
	}
	return pid;
}

static int run_rounds(pid_t pid)
{
	int status;

	while (!waitpid(pid, &status, WNOHANG))
		make_round(false);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	pid_t pid, neighbour;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: host_state COMMAND...\n");
		return 2;
	}
	set_up_counts();
	/* Before, so that the two have nothing of it. */
	pid = start(argv + 1);
	neighbour = start_neighbour();
	set_up_faults();
	set_up_ldt();
	check(!ioperm(PORT_DIAGNOSTIC, 1, 1), "ioperm");
	set_up_vectors();
	set_up_breakpoint();
	status = run_rounds(pid);
	kill(neighbour, SIGKILL);
	getrusage(RUSAGE_SELF, &usage);
	for (unsigned int i = 0; i < NR_USES; i++)
		printf("%s: %lu rounds, %lu wrong\n", uses[i].name,
		       counts[i].rounds, counts[i].wrong);
	printf("interrupted: %ld\n", usage.ru_nivcsw);
	printf("status: %d\n", status);
	return 0;
}
