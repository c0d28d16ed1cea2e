#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: the module is loaded, does a run and is unloaded,
# $cycles times, and so is one of Debian's that does nothing, for comparison.
# shellcheck disable=SC1091,SC2154,SC2317	# a path in the machine; cycles; called by name
. /host_msrs.sh
mount -t debugfs none /sys/kernel/debug
mount -t tracefs none /sys/kernel/tracing

failed=0
# What the callers print is numbers.
fail() {
	echo "# cycles: $*" >&2
	failed=1
}

stock() {
	modprobe crc7 && rmmod crc7
}

ours() {
	/bin/insmod /tmavisor.ko workload=core_bound switches=0 slices=1 strict=1 &&
		rmmod tmavisor
}

# each N COMMAND
each() {
	i=0
	while [ $i -lt "$1" ]; do
		"$2" || fail "$2 failed at cycle $i"
		i=$((i + 1))
	done
}

# kB that are free, once what is freed later is. Its own files are among the rest.
free_kb() {
	sync
	sleep 1
	echo 3 > /proc/sys/vm/drop_caches
	awk '/^MemFree/ { print $2 }' /proc/meminfo
}

# What else a module can leave behind. Stacks are Linux's, which keeps some of them,
# and what is to be unmapped it unmaps later.
traces() {
	awk '!/kernel_clone|unpurged/ { n++; bytes += $2 } END { print n, "areas,", bytes }' /proc/vmallocinfo
	grep Percpu /proc/meminfo
	grep tmavisor /proc/modules /proc/kallsyms /proc/interrupts
	cat /proc/[0-9]*/comm | grep tmavisor
	ls -d /sys/kernel/debug/tmavisor /sys/kernel/tracing/events/tmavisor \
		/sys/module/tmavisor 2> /dev/null
}

# quarters COMMAND: what is free before, and after each quarter of $cycles
quarters() {
	free_kb
	for _ in 1 2 3 4; do
		each $((cycles / 4)) "$1"
		free_kb
	done
}

# From the end of the first quarter on: caches are full by then.
lost_kb() {
	awk '{ kb[NR] = $1 } END { print NR == 5 ? kb[2] - kb[5] : "unknown" }' "$1"
}

each 3 stock
each 3 ours
read_msrs > /msrs
traces > /traces
# No pipes: in a subshell a failure would be forgotten.
quarters stock > /free_stock
quarters ours > /free_ours
read_msrs > /msrs_after
traces > /traces_after

echo "# cycles: $cycles times insmod, a run, rmmod: kB free after each quarter $(paste -sd' ' /free_ours);" \
	"with a module of Debian's $(paste -sd' ' /free_stock)"
# Linux takes and gives some pages for its caches: seven, and one for 40 cycles. A
# page lost in each of two dozen would be more, or 200 bytes in each of a thousand.
[ "$(lost_kb /free_ours)" -le $(($(lost_kb /free_stock) + 28 + cycles / 10)) ] ||
	fail "$(lost_kb /free_ours) kB are lost"
diff /msrs /msrs_after || fail "an MSR of the PMU is not as it was"
echo "# cycles: $(grep -c . /msrs) MSRs of the PMU are as they were before"
diff /traces /traces_after || fail "something is left behind"
dmesg | grep -q 'Linux version' || fail "the log was too small to keep all that Linux has said"
dmesg | grep -E 'BUG:|WARNING:|Oops|unchecked MSR' && fail "Linux complains"
exit $failed
