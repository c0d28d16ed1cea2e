#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: each thing that the module asks the kernel for is
# refused in turn, until an insmod asks for fewer.
# shellcheck disable=SC1091,SC2154	# a path in the machine, and what it sets
. /failures_host.sh

rdmsr -p 0 0x40000010 2> /dev/null || echo "no MSR without --vmx-fail"

k=0
while [ $k -lt 100 ]; do
	k=$((k + 1))
	echo $k > "$p/fail"
	insmod_it
	[ "$(cat "$p/fail")" = 0 ] || break
	say "$k $(cat "$p/failed")"
done
echo 0 > "$p/fail"
echo "requests: $((k - 1)), held by a module: $(cat "$p/held")"

# What is asked for later, by who reads and writes its files.
files=/sys/kernel/debug/tmavisor
of_file() {
	echo "$1: $(cat "$p/failed"), $(head -n 1 /error | sed 's/.*: //'); $(lines 3)"
}
dmesg -c >> /kept
echo 1 > "$p/fail"
cat $files/results 2> /error
of_file results
for k in 1 2; do
	echo $k > "$p/fail"
	echo workload=retiring | dd of=$files/run 2> /error
	of_file "run $k"
done
echo "then: $(wc -l < $files/results) results, held $(cat "$p/held")"
k=0
while [ $k -lt 100 ]; do
	k=$((k + 1))
	dmesg -c >> /kept
	echo $k > "$p/fail"
	echo "rdmsr 0x38f" | dd of=$files/script 2> /error
	[ "$(cat "$p/fail")" = 0 ] || break
	of_file "script $k"
done
echo 0 > "$p/fail"
echo "then: $(cat $files/script), held $(cat "$p/held")"
rmmod tmavisor
works "at the end"
complaints
