#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine, with a sweep: the module runs with the parameters
# in $1, and again with those in each further argument. The owner of what the
# sweep injects is there meanwhile; its parameters are in $OWNER.
mount -t debugfs debugfs /sys/kernel/debug

# Not to be slowed down by Linux: handlers take the machine's time, not a CPU's.
echo 1000000 > /proc/sys/kernel/perf_event_max_sample_rate
echo 0 > /proc/sys/kernel/perf_cpu_time_max_percent

# shellcheck disable=SC2086	# several parameters, or none
/bin/insmod /nmi_owner.ko $OWNER
# shellcheck disable=SC2086
/bin/insmod /tmavisor.ko strict=1 $1
echo "insmod: $?"
shift
for parameters; do
	if echo "$parameters" > /sys/kernel/debug/tmavisor/run; then
		echo "again: ok"
	else
		echo "again: failed"
	fi
done
rmmod tmavisor
rmmod nmi_owner
dmesg
sed -n 's/^ *\(RES\|CAL\): *\([0-9]*\).*/\1 \2/p' /proc/interrupts
