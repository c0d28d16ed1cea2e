#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine, with a VM entry that fails: what insmod says,
# every PMU MSR before and after, and whether the next insmod works.
# shellcheck disable=SC1091	# a path in the machine
. /host_msrs.sh

read_msrs > /before
/bin/insmod /tmavisor.ko workload=retiring switches=3
echo "insmod: $?"
read_msrs > /after
diff /before /after && echo "msrs equal: $(wc -l < /before)"
grep -q '^tmavisor ' /proc/modules || echo "not loaded"
dmesg | grep 'tmavisor: '
dmesg -c > /kept

/bin/insmod /tmavisor.ko workload=retiring switches=3 strict=1
echo "insmod again: $?"
dmesg | grep 'tmavisor: all checks'
read_msrs > /after
diff /before /after && echo "msrs equal again: $(wc -l < /before)"
dmesg >> /kept
grep -E 'BUG:|WARNING:|Oops|unchecked MSR' /kept || echo "no complaint of Linux's"
