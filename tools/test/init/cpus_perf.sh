#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside a simulated machine with two CPUs: Debian's perf counts a program on each,
# alone and beside a guest that moves between them.

# As in perf.sh: the same work each time.
echo 0 > /proc/sys/kernel/randomize_va_space

# on CPU: what a program there counts
on() {
	perf stat -x, -e instructions:u,branches:u \
		/bin/busybox taskset "$1" /bin/busybox seq 2000 \
		2>&1 > /dev/null | cut -d, -f1 | paste -sd' '
}

echo "alone 0: $(on 1)"
echo "alone 1: $(on 2)"
/bin/insmod /tmavisor.ko migrate=1 profile=fixed3 switches=100000 workload=retiring &
until dmesg | grep -q "Subtest: conformance"; do sleep 0.1; done
echo "beside 0: $(on 1)"
echo "beside 1: $(on 2)"
grep -q '^tmavisor .*Loading' /proc/modules && echo "guest still there"
kill -9 $!
wait $!
dmesg | sed -n 's/.*tmavisor: /said: /p' | tail -n 1
dmesg | grep -E "Uhhuh|Dazed|BUG:|WARNING:|unchecked MSR|lockup" || echo "no complaints"
