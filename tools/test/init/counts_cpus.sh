#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside a simulated machine with two CPUs: Debian's perf counts all that both of
# them do while guests move, and while one is shown everything. Each line is
# NAME: numbers.

# total PARAMETERS...
total() {
	perf stat -a -x, -e instructions -o /total \
		/bin/insmod /tmavisor.ko strict=1 workload=retiring "$@"
	echo "status $*: $?"
	echo "total $*: $(sed '/^#/d;/^$/d' /total | cut -d, -f1)"
	rmmod tmavisor
}

total migrate=1 profile=fixed3 switches=1000
total cpu=1 profile=full switches=300
dmesg | sed -n 's/.*# \([0-9]* moves\) between .*/\1/p'
