#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside a simulated machine whose second CPU is not like the first.

try() {
	name=$1
	shift
	dmesg -c > /dev/null
	/bin/insmod /tmavisor.ko workload=retiring strict=1 "$@"
	echo "status $name: $?"
	dmesg | sed -n "s/.*tmavisor: /$name: tmavisor: /p"
	rmmod tmavisor 2> /dev/null
}

try first cpu=0
try second cpu=1
try moved migrate=1
