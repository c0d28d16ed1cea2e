#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside a simulated machine with two CPUs: a run on either, one that moves, and a
# CPU that goes away under it.
# shellcheck disable=SC1091	# a path in the machine
. /host_msrs.sh

cpu1=/sys/devices/system/cpu/cpu1/online

said() {
	dmesg | sed -n 's/.*tmavisor: /tmavisor: /p'
}

# try NAME PARAMETERS...: what it says lies in /NAME, and is shown
try() {
	name=$1
	shift
	dmesg -c >> /dmesg
	/bin/insmod /tmavisor.ko "$@"
	echo "status $name: $?"
	said > "/$name"
	rmmod tmavisor 2> /dev/null
}

# Instructions of each run of each workload.
counts() {
	sed -n 's/.*# \(plain\|switched\): .* \([0-9]*\) instructions.*/\1 \2/p' "/$1"
}

# background NAME PARAMETERS...: a run that is well under way
background() {
	name=$1
	shift
	dmesg -c >> /dmesg
	/bin/insmod /tmavisor.ko "$@" &
	victim=$!
	until dmesg | grep -q "Subtest: conformance"; do sleep 0.1; done
}

# What came of it.
foreground() {
	wait $victim
	echo "status $name: $?"
	said > "/$name"
}

# Other values than the first CPU has. Neither of them is anybody's by chance.
for msr in 4c1 4c2 4c8 309 30b; do
	wrmsr -p 1 "0x$msr" 0x765432100
	echo "planted $msr 0x765432100"
	echo "planted $msr $(printf '0x%x' "0x$(rdmsr -p 0 "0x$msr")")"
done
read_msrs > /before0
read_msrs 1 > /before1

try second cpu=1 workload=retiring strict=1
try third cpu=2
try stayed workload=all strict=1
try moved migrate=1 workload=all strict=1
try trapped migrate=1 workload=retiring profile=gp4 strict=1

read_msrs > /after0
read_msrs 1 > /after1
diff /before0 /after0 && diff /before1 /after1 && echo "msrs equal: $(wc -l < /before1)"
counts stayed > /counts_stayed
counts moved > /counts_moved
diff /counts_stayed /counts_moved && echo "counts equal: $(wc -l < /counts_moved)"

background lost cpu=1 switches=1000000 workload=retiring profile=fixed3
echo 0 > $cpu1 && echo "cpu1 offline under a run"
foreground
grep tmavisor /proc/modules || echo "not loaded after that"
cat /proc/[0-9]*/comm | grep tmavisor || echo "no thread after that"
try alone migrate=1 workload=retiring
echo 1 > $cpu1 && echo "cpu1 online"
try again cpu=1 workload=retiring strict=1

background fewer migrate=1 switches=3000 workload=retiring profile=fixed3 strict=1
echo 0 > $cpu1 && echo "cpu1 offline under a run that moves"
echo 1 > $cpu1
foreground
rmmod tmavisor

for name in second third stayed moved trapped lost alone again fewer; do
	sed "s/^/$name: /" "/$name"
done
dmesg -c >> /dmesg
grep -E "Uhhuh|Dazed|BUG:|WARNING:|Oops|unchecked MSR|lockup|no longer affine" /dmesg ||
	echo "no complaints"
