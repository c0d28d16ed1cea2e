#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine, with real KVM: loaded and unloaded under a run,
# and a virtual machine before, in the middle of, and after one. It ends with a
# reset that leaves VMX on.
# shellcheck disable=SC1091,SC2154	# a path in the machine, and what it sets
. /midrun.sh

# hold NAME [run]: a virtual machine, from now on
hold() {
	/hold_vm "$2" > "/$1" 2>&1 &
	holder=$!
	until grep -q . "/$1"; do sleep 0.02; done
}

# How many numbers the virtual machine has said by now, all of them right.
ask() {
	: > /held
	kill -USR1 $holder
	until grep -q . /held; do
		kill -0 $holder 2> /dev/null || break
		sleep 0.02
	done
	sed 's/ right$//' /held
}

# grows NAME: it says more of them, and nothing wrong
grows() {
	before=$(ask)
	sleep 0.1
	after=$(ask)
	[ "$after" -gt "$before" ] && echo "$1: the machine runs"
}

release() {
	kill $holder
	wait $holder
}

# Loaded and unloaded between slices. What takes long of it comes before.
modprobe kvm
begin /bin/insmod /tmavisor.ko workload=retiring switches=2000 strict=1
modprobe kvm_intel enable_apicv=0
echo "kvm loaded in mid-run: $?"
still "with kvm loaded"
rmmod kvm_intel
echo "kvm unloaded in mid-run: $?"
still "with kvm unloaded"
ended "loaded and unloaded"
rmmod tmavisor

# Loaded before.
modprobe kvm_intel enable_apicv=0
/bin/insmod /tmavisor.ko workload=retiring strict=1
echo "kvm loaded, no vm: $?"
results=$(cat /sys/kernel/debug/tmavisor/results)

# A machine that begins in mid-run, by both ways to run.
begin_again "$forever"
hold held run
ended "vm begun under a writer"
[ "$(cat /sys/kernel/debug/tmavisor/results)" = "$results" ] && echo "the results are kept"
grows "begun under a writer"
rmmod tmavisor
release
# shellcheck disable=SC2086	# words
begin /bin/insmod /tmavisor.ko $forever
hold held run
ended "vm begun under insmod"
grows "begun under insmod"

# One that is there already, at work all the time.
begin /bin/insmod /tmavisor.ko workload=retiring
ended "vm at work"
grows "at work"
release
works "vm gone"

# One that only exists.
hold held2
begin /bin/insmod /tmavisor.ko workload=retiring
ended "vm held"
release
works "vm that was held gone"

# Killed with KVM loaded; then it is KVM's turn again.
# shellcheck disable=SC2086	# words
begin /bin/insmod /tmavisor.ko $forever
kill -9 "$runner"
ended "killed beside kvm"
hold held run
grows "after us"
release
complaints

# The serial port has sent it by then.
sleep 1
/hold_vm reset
