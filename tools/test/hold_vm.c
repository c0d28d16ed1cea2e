// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual machine of KVM's. Linux 6.1 turns VMX on with the first machine and
 * off with the last.
 *
 *   hold_vm		exists, and does nothing
 *   hold_vm run	counts and says each number on a port, all the time; for each
 *			SIGUSR1 a line tells how many were right. A wrong one, or
 *			any other exit, ends it.
 *	hold_vm reset	exists, and the keyboard controller resets the machine:
 *			what nobody may do
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PORT = 0x10, MEMORY_SIZE = 0x1000 };
enum { I8042_COMMAND = 0x64, I8042_RESET = 0xfe };

/* again: inc %eax; out %eax, $PORT; jmp again */
static const unsigned char code[] = { 0x66, 0x40, 0x66, 0xe7, PORT, 0xeb, 0xf9 };

static volatile sig_atomic_t asked;

static void ask(int sig)
{
	asked = 1;
}

static int check(int res, const char *what)
{
	if (res < 0)
		err(1, "%s", what);
	return res;
}

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

static void give_memory(int vm)
{
	void *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.memory_size = MEMORY_SIZE, .userspace_addr = (unsigned long)memory,
	};

	if (memory == MAP_FAILED)
		err(1, "mmap");
	memcpy(memory, code, sizeof(code));
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
}

/* Real mode, at address 0. */
static int add_cpu(int vm)
{
	int cpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;

	check(ioctl(cpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	check(ioctl(cpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(cpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	return cpu;
}

static void judge(int cpu, const struct kvm_run *run, unsigned int want)
{
	const void *data = (const char *)run + run->io.data_offset;
	unsigned int said;
	struct kvm_regs regs;

	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT)
		errx(1, "exit %u after %u numbers", run->exit_reason, want);
	memcpy(&said, data, sizeof(said));
	check(ioctl(cpu, KVM_GET_REGS, &regs), "KVM_GET_REGS");
	if (said != want || regs.rax != want)
		errx(1, "said %u, RAX %llu, want %u", said, regs.rax, want);
}

static void answer(unsigned int right)
{
	char line[40];

	asked = 0;
	snprintf(line, sizeof(line), "%u right", right);
	say(line);
}

static void run(int kvm, int vm)
{
	int size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "mmap size");
	struct sigaction action = { .sa_handler = ask };
	unsigned int right = 0;
	struct kvm_run *run;
	int cpu;

	give_memory(vm);
	cpu = add_cpu(vm);
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
	if (run == MAP_FAILED)
		err(1, "mmap");
	sigaction(SIGUSR1, &action, NULL);
	say("VM held");
	for (;;) {
		if (asked)
			answer(right);
		if (!ioctl(cpu, KVM_RUN, 0))
			judge(cpu, run, ++right);
		else if (!asked)
			err(1, "KVM_RUN");
	}
}

static void reset(void)
{
	check(ioperm(I8042_COMMAND, 1, 1), "ioperm");
	outb(I8042_RESET, I8042_COMMAND);
}

int main(int argc, char **argv)
{
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");

	if (argc > 1 && !strcmp(argv[1], "run"))
		run(kvm, vm);
	if (argc > 1 && !strcmp(argv[1], "reset"))
		reset();
	say("VM held");
	pause();
	return 0;
}
