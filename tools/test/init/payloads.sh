#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: $GUESTS runs whose guest begins with one instruction
# of the machine's own, each of which ends the run.
number=0
while [ $number -lt "$GUESTS" ]; do
	number=$((number + 1))
	/bin/insmod /tmavisor.ko workload=retiring 2> /dev/null && rmmod tmavisor
	echo "guest $number: $(dmesg -c | tee -a /kept | sed -n 's/.*tmavisor: //p' |
		sed -n 's/, qualification.*//; /^unexpected/p; /^the guest has halted/p')"
done
dmesg >> /kept
grep -E 'BUG:|WARNING:|Oops|unchecked MSR' /kept || echo "no complaint of Linux's"
