#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: what perf counts on each CPU, alone and while the
# others work as well, the NMI watchdog, and a CPU that is taken out and back.

# perf would read all of the kernel's symbols, which takes it seconds.
echo 2 > /proc/sys/kernel/kptr_restrict
modprobe msr
cpus=$(seq 0 $(($(nproc) - 1)))
last=${cpus##*[!0-9]}

# The probe needs no library, whose work depends on the number of CPUs.
count() {
	taskset -c "$1" perf stat -x, -o "/count$1" -e instructions:u,branches:u \
		/probe retiring 6000
	grep '^[0-9]' "/count$1" | cut -d, -f1 | paste -sd' '
}

samples() {
	taskset -c "$1" perf record -o /samples -c 10000 -e instructions:u \
		/probe retiring 6000 2>&1 |
		sed -n 's/.*(\([0-9]*\) samples).*/\1/p'
}

beside() {
	for cpu in $cpus; do
		count "$cpu" > "/beside$cpu" &
	done
	wait
	for cpu in $cpus; do
		echo "CPU $cpu beside counts: $(cat "/beside$cpu")"
	done
}

# Of each CPU while all of them have something to do: reference cycles, and the
# nanoseconds that went by.
busy() {
	for cpu in $cpus; do
		taskset -c "$cpu" sh -c 'while :; do :; done' &
		workers="$workers $!"
	done
	perf stat -x, -a -A -o /busy -e ref-cycles,duration_time sleep 0.1
	# shellcheck disable=SC2086	# several
	kill $workers
	sed -n 's/^CPU\([0-9]\),\([0-9]*\),[^,]*,ref-cycles.*/CPU \1 busy: \2/p
		s/^CPU0,\([0-9]*\),ns,.*/nanoseconds: \1/p' /busy
}

# Of a CPU that has nothing to do, in 30 ms.
idle() {
	taskset -c 0 perf stat -x, -C "$1" -o /idle -e cycles sleep 0.03
	sed -n 's/^\([0-9]*\),.*/\1/p' /idle
}

nmis() {
	sed -n 's/^ *NMI: *\([ 0-9]*\).*/\1/p' /proc/interrupts
}

# Its NMIs come after a second of work.
watchdog() {
	echo "NMIs before: $(nmis)"
	echo 1 > /proc/sys/kernel/watchdog_thresh
	for cpu in $cpus; do
		# shellcheck disable=SC2016	# for the shell inside
		taskset -c "$cpu" sh -c \
			'i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); done' &
	done
	wait
	echo "NMIs after: $(nmis)"
}

of_each() {
	for cpu in $cpus; do
		echo "CPU $cpu counts: $(count "$cpu")"
		echo "CPU $cpu samples: $(samples "$cpu")"
		echo "CPU $cpu feature control: $(rdmsr -p "$cpu" 0x3a)"
	done
}

out_and_back() {
	online=/sys/devices/system/cpu/cpu1/online
	echo 0 > $online
	echo "out: $(cat $online)"
	echo 1 > $online
	echo "back: $(cat $online)"
	echo "CPU 1 back counts: $(count 1)"
}

echo "online: $(nproc)"
of_each
[ "$last" = 0 ] && exit
beside
busy
echo "idle: $(idle "$last")"
watchdog
out_and_back
