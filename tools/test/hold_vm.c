// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual machine of KVM's that does nothing but exist, for as long as this
 * program runs: VMX is on and KVM's on every CPU. Linux 6.1 turns it on with
 * the first machine and off with the last.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		err(1, "/dev/kvm");
	if (ioctl(kvm, KVM_CREATE_VM, 0) < 0)
		err(1, "KVM_CREATE_VM");
	puts("VM held");
	fflush(stdout);
	pause();
	return 0;
}
