#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: one run with $switches of them in $profile, and its results.
# So many round a guest's shares away, see drift: that check alone may fail, and what
# sums it up.
# shellcheck disable=SC2154	# these
mount -t debugfs none /sys/kernel/debug
/bin/insmod /tmavisor.ko "profile=$profile" workload=retiring slices=1 \
	"switches=$switches" || exit 1
dmesg | grep "tmavisor: *not ok" | grep -vE "not ok [0-9]+ (switches change shares by at most 1 point|retiring)$" && exit 1
dmesg | grep -qE "tmavisor: (all checks ok|[0-9]+ checks failed)" || exit 1
cat /sys/kernel/debug/tmavisor/results /sys/kernel/debug/tmavisor/switches
