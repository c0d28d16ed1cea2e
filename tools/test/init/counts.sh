#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: Debian's perf counts and samples all of the host
# while guests come and go, with the NMI watchdog at its shortest. Each line is
# NAME: numbers.
mount -t debugfs none /sys/kernel/debug
# Perf reads all symbols each time that it starts, which takes longer than the rest.
grep -m 1 ' _text$' /proc/kallsyms > /kallsyms
mount --bind /kallsyms /proc/kallsyms
echo 1 > /proc/sys/kernel/watchdog_thresh
# Else perf takes fewer samples if its handler is slow.
echo 0 > /proc/sys/kernel/perf_cpu_time_max_percent

# guest PROFILE SWITCHES: what to run
guest() {
	echo "/bin/insmod /tmavisor.ko strict=1 workload=retiring profile=$1 switches=$2"
}

# Beside guests that are shown no metrics, and so leave the host's alone.
for profile in fixed3 none; do
	# shellcheck disable=SC2046	# words
	perf stat -a -x, -e instructions -o /total $(guest $profile 1000)
	echo "status $profile: $?"
	echo "total $profile: $(cut -d, -f1 /total | tail -n 1)"
	rmmod tmavisor
done

# Periods that share no factor with the length of a switch. Of the samples' places
# those in modules are told, of which there is one.
for period in 2003 2503 3001; do
	# shellcheck disable=SC2046	# words
	perf record -q -a -N -B -m 1024 -e instructions -c $period -o /samples $(guest fixed3 2000)
	echo "status $period: $?"
	echo "text $period: $(cat /sys/module/tmavisor/sections/.text)"
	# Perf writes a sample twice now and then, without a guest as well: one time, one place.
	perf script -i /samples --ns -F time,ip | uniq | sed 's/.*: *//' > /places
	echo "samples $period: $(wc -l < /places)"
	awk -v period=$period '/ffffffffc/ { print "in module " period ":", $1 }' /places
	rmmod tmavisor
done
