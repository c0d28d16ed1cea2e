#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: Debian's perf counts a program, alone and with
# the guest beside it.

# The program is no shell's, whose work depends on the digits of process numbers,
# and lies at the same addresses each time: some of its loops depend on them.
echo 0 > /proc/sys/kernel/randomize_va_space

count() {
	perf stat -x, -e instructions:u,branches:u /bin/busybox seq 2000 \
		2>&1 > /dev/null | cut -d, -f1 | paste -sd' '
}

samples() {
	perf record -q -o /samples -c 10000 -e instructions:u \
		/bin/busybox seq 2000 > /dev/null
	perf report -i /samples --stdio --header 2> /dev/null |
		sed -n 's/^# Samples: *\([0-9]*\).*/\1/p'
}

echo "alone: $(count)"
echo "alone samples: $(samples)"
# A guest without slots: to model them takes the simulated machine a long time.
/bin/insmod /tmavisor.ko profile=fixed3 switches=100000 workload=retiring &
echo "beside: $(count)"
echo "beside samples: $(samples)"
grep -q '^tmavisor .*Loading' /proc/modules && echo "guest still there"
kill -9 $!
wait $!
echo "after: $(count)"
