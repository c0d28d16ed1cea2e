#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: one run with $switches of them in $profile, and its results.
# shellcheck disable=SC2154	# these
mount -t debugfs none /sys/kernel/debug
/bin/insmod /tmavisor.ko "profile=$profile" workload=retiring slices=1 \
	"switches=$switches" strict=1 || { dmesg | grep "not ok"; exit 1; }
cat /sys/kernel/debug/tmavisor/results /sys/kernel/debug/tmavisor/switches
