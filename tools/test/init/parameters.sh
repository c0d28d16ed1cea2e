#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: bad parameters, a killed insmod, runs in a row.

try() {
	dmesg -c > /dev/null
	/bin/insmod /tmavisor.ko "$@"
	status=$?
	dmesg | sed -n 's/.*tmavisor: /tmavisor: /p' | tail -n 1
	echo "insmod $*: $status"
	rmmod tmavisor 2> /dev/null
}

try cpu=1
try cpu=-1
try cpu=4294967296
try switches=-1
try switches=1000001
try switches=many
try slices=0
try slices=-1
try slices=10001
try deny=nonsense
try deny=cycles,
try workload=
try workload=nonsense
try strict=perhaps
try profile=bogus
try profile=custom:gp=9
try profile=custom:fixed=0x7,metrics=1
try workload=fetch_latency switches=3 strict=1
try switches=0 strict=1

dmesg -c > /dev/null
/bin/insmod /tmavisor.ko switches=1000000 workload=memory_bound &
victim=$!
sleep 1
kill -9 $victim
wait $victim
dmesg | sed -n 's/.*tmavisor: /tmavisor: /p' | tail -n 1
grep tmavisor /proc/modules || echo "not loaded after kill"
cat /proc/[0-9]*/comm | grep tmavisor || echo "no thread after kill"

free_kb() {
	echo 3 > /proc/sys/vm/drop_caches
	awk '/^MemFree/ { print $2 }' /proc/meminfo
}

try workload=retiring switches=0
before=$(free_kb)
for _ in 1 2 3 4 5 6; do
	try workload=retiring switches=0 > /dev/null
done
after=$(free_kb)
# Less than a guest's memory: nothing of six of them was kept.
[ $((before - after)) -lt 2048 ] && echo "memory is back" ||
	echo "memory lost: $before kB, then $after kB"
dmesg -c > /dev/null
