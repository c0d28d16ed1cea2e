#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: whoever comes while a run is under way.
# shellcheck disable=SC1091,SC2086,SC2154	# a path in the machine; words; what it sets
. /midrun.sh

# interrupt NAME COMMAND...: ^C, in the foreground, as a shell's jobs ignore it
interrupt() {
	name=$1
	shift
	dmesg -c >> /kept
	timeout -s INT 1 "$@" 2> /error
	echo "$name: $?, $(sed -n 's/.*: //p' /error | grep -v records | head -n 1)"
	dmesg | grep -q "ok 1 leaks" && echo "$name in mid-run"
	errors | sed "s/^/$name says /"
	thread && echo "$name leaves a thread"
	[ -e /sys/module/tmavisor ] && echo "$name leaves the module"
}

# The same module, a writer, rmmod: while insmod runs.
begin /bin/insmod /tmavisor.ko workload=retiring switches=300 strict=1
first=$runner
/bin/insmod /tmavisor.ko workload=retiring 2> /error2 &
second=$!
rmmod tmavisor 2> /error3
echo "rmmod while insmod runs: $?, $(cat /error3)"
echo > $run || echo "no file to write to while insmod runs"
still "the first insmod"
wait $first
echo "the first insmod: $?"
wait $second
echo "the second insmod: $?, $(cat /error2)"
errors
rmmod tmavisor
echo "rmmod: $?"

# A module of another name: refused while a run of the first is under way.
begin /bin/insmod /tmavisor.ko $forever
still "the first beside the twin"
/bin/insmod /twin.ko workload=retiring strict=1 2> /error2
echo "the twin beside it: $?, $(sed -n 's/.*: //p' /error2)"
errors
[ -e /sys/module/twin ] && echo "the twin is left"
still "the first after the twin"
kill -TERM $runner
ended "terminated insmod"

# Loaded beside it, with names of its own; they run in turn.
/bin/insmod /tmavisor.ko workload=retiring switches=20 strict=1
echo "the first again: $?"
/bin/insmod /twin.ko workload=retiring switches=20 strict=1
echo "the twin in turn: $?"
ls -d /sys/kernel/debug/twin /sys/kernel/tracing/events/twin/vmexit
begin_again "$forever"
echo "workload=retiring" > /twin_line
dd if=/twin_line of=/sys/kernel/debug/twin/run conv=notrunc 2> /error2
echo "the twin's writer: $?, $(sed -n 's/.*: //p' /error2 | head -n 1)"
errors
kill -9 $runner
ended "killed writer"
rmmod tmavisor
dd if=/twin_line of=/sys/kernel/debug/twin/run conv=notrunc 2> /dev/null
echo "the twin alone: $?"
rmmod twin
echo "rmmod twin: $?"

# ^C
interrupt "interrupted insmod" /bin/insmod /tmavisor.ko $forever
works "after signals"

/bin/insmod /tmavisor.ko workload=retiring switches=0
echo "$forever" > /line
interrupt "interrupted writer" dd if=/line of=$run conv=notrunc
rmmod tmavisor
echo "rmmod after a signal: $?"
complaints
