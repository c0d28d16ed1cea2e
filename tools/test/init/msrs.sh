#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: every PMU MSR before and after a run, and the
# run's status.
# shellcheck disable=SC1091	# a path in the machine
. /host_msrs.sh

read_msrs > /before
/bin/insmod /tmavisor.ko strict=1
status=$?
read_msrs > /after
diff /before /after && echo "msrs equal: $(wc -l < /before)"
dmesg | grep 'tmavisor: '
exit $status
