// SPDX-License-Identifier: GPL-2.0
/* rdmsrs MSR...: "MSR VALUE" of CPU 0, a line each; what takes rdmsr a process each. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = open("/dev/cpu/0/msr", O_RDONLY);

	if (fd < 0) {
		perror("/dev/cpu/0/msr: modprobe msr first");
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		uint64_t val;

		if (pread(fd, &val, sizeof(val), strtol(argv[i], NULL, 16)) != sizeof(val)) {
			perror(argv[i]);
			return 1;
		}
		printf("%s %" PRIx64 "\n", argv[i], val);
	}
	return 0;
}
