#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: Debian's trace-cmd records a run's tracepoints.
mount -t debugfs none /sys/kernel/debug
mount -t tracefs none /sys/kernel/tracing
run=/sys/kernel/debug/tmavisor/run

/bin/insmod /tmavisor.ko workload=retiring switches=3
echo "insmod: $?"
(cd /sys/kernel/tracing/events/tmavisor && echo "events:" [pv]*)
awk '$2 == "[tmavisor]" { ours++ } END { print "traceable functions:", NR, ours + 0 }' \
	/sys/kernel/tracing/available_filter_functions

# All five; the last run of the guest's is what is looked at.
trace-cmd record -q -b 40000 -e tmavisor -o /all.dat \
	sh -c "echo 'workload=retiring switches=3' > $run" > /record 2>&1 || cat /record
echo "record: $?"
trace-cmd report -i /all.dat > /report 2> /dev/null
echo "overruns: $(grep -c -i -E "lost|dropped" /report)"
echo "begin report"
tail -n 3000 /report
echo "end"

# perf reads the counters of a group whenever the tracepoint in it is hit, and shows
# those that have moved.
perf record -q -c 1 -m 1024 -a -o /group -e '{tmavisor:pmu_put,instructions:u}:S' \
	sh -c "echo 'workload=retiring switches=3' > $run" > /dev/null 2> /record || cat /record
perf script -i /group -F event,period 2> /dev/null | awk '
	$2 == "tmavisor:pmu_put:" { hits++ }
	$2 == "instructions:u:" { sum += $1 }
	END { print "in a group:", hits, sum }'

# Unloaded with one on, nothing breaks.
dmesg -c > /kept
echo 1 > /sys/kernel/tracing/events/tmavisor/pmu_put/enable
echo 'workload=retiring switches=3' > $run && echo "run with one on"
rmmod tmavisor
echo "rmmod with one on: $?"
/bin/insmod /tmavisor.ko workload=retiring switches=3 strict=1
echo "insmod again: $?"
rmmod tmavisor
dmesg >> /kept
grep -E "Uhhuh|Dazed|BUG:|WARNING:|Oops|unchecked MSR|lockup" /kept || echo "no complaint"
