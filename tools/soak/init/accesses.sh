#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: in each of $profiles, $each random accesses by $seed.
# shellcheck disable=SC2154	# these
mount -t debugfs none /sys/kernel/debug
for profile in $profiles; do
	/bin/insmod /tmavisor.ko "profile=$profile" workload=retiring switches=0 \
		slices=1 strict=1 || exit 1
	/guest_walk "$profile" "$each" "$seed" > /walked || { cat /walked; exit 1; }
	sed 's/^/walk /' /walked
	rmmod tmavisor
done
