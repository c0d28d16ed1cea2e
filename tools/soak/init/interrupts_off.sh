#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: runs that trap nothing and much, with $workload.
# shellcheck disable=SC2154	# workload
for profile in full narrow; do
	/bin/insmod /tmavisor.ko "profile=$profile" "workload=$workload" \
		strict=1 || { dmesg | grep "not ok"; exit 1; }
	rmmod tmavisor
done
