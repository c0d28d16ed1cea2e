#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: Debian's perf counts a program, alone and with
# the guest beside it; and the NMI watchdog goes off. Each line is NAME: numbers.

# The program is no shell's, whose work depends on the digits of process numbers,
# and lies at the same addresses each time: some of its loops depend on them.
echo 0 > /proc/sys/kernel/randomize_va_space
mount -t tracefs none /sys/kernel/tracing
# Perf reads all symbols each time that it starts, which takes longer than the rest.
grep -m 1 ' _text$' /proc/kallsyms > /kallsyms
mount --bind /kallsyms /proc/kallsyms

program="/bin/busybox seq 2000"

# count OPTIONS EVENTS
count() {
	# shellcheck disable=SC2086	# words
	perf stat -x, $1 -e "$2" -o /counts $program > /dev/null
	sed '/^#/d;/^$/d' /counts | cut -d, -f1 | paste -sd' '
}

samples() {
	# shellcheck disable=SC2086	# words
	perf record -q -N -B -o /samples -c 10000 -e instructions:u $program > /dev/null
	perf script -i /samples -F ip | wc -l
}

# measure NAME
measure() {
	echo "$1: $(count "" instructions:u,branches:u)"
	echo "$1 of all: $(count -a instructions:u)"
	echo "$1 samples: $(samples)"
}

# Perf itself retires some more the first time.
count -a instructions:u > /dev/null
measure alone
# A guest without slots: to model them takes the simulated machine a long time.
/bin/insmod /tmavisor.ko profile=fixed3 switches=20000 workload=retiring &
guest=$!
# Its first run, without forced switches, takes two seconds.
sleep 3
mkfifo /measured
perf stat -a -x, -e tmavisor:pmu_load -o /loads cat /measured &
loads=$!
measure beside
: > /measured
wait $loads
echo "loads beside: $(sed '/^#/d;/^$/d' /loads | cut -d, -f1)"
grep -q '^tmavisor .*Loading' /proc/modules && echo "guest still there"
kill -9 $guest
wait $guest
measure after

# The watchdog goes off once in so many cycles, of the host's.
echo 1 > /proc/sys/kernel/watchdog_thresh
cat > /watched <<'EOF'
nmis() {
	awk '$1 == "NMI:" { print $2 }' /proc/interrupts
}
before=$(nmis)
/bin/busybox seq 50000 > /dev/null
echo $(($(nmis) - before)) > /nmis
EOF

watched() {
	perf stat -a -x, -e cycles -o /counts sh /watched
	echo "watchdog $1: $(cat /nmis) $(sed '/^#/d;/^$/d' /counts | cut -d, -f1)"
}

watched alone
/bin/insmod /tmavisor.ko profile=fixed3 switches=40000 workload=retiring &
# The guest's own PMIs are over then.
sleep 2
watched beside
grep -q '^tmavisor .*Loading' /proc/modules && echo "guest there to the end"
kill -9 $!
wait $!
