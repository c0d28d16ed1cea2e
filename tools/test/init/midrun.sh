# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Inside the simulated machine, for other scripts: runs in the background, with
# the guest at work when begin comes back, and how they end.
mount -t debugfs none /sys/kernel/debug
mount -t tracefs none /sys/kernel/tracing
run=/sys/kernel/debug/tmavisor/run

# Longer than any test; for those who read this.
# shellcheck disable=SC2034
forever="switches=1000000 workload=memory_bound"

# What a module calls an error since begin or this, one a line.
errors() {
	dmesg -r | sed -n 's/^<3>.*\] \([a-z]*: \)/\1/p'
	dmesg -c >> /kept
}

# begin COMMAND...: its run's guest is at work
begin() {
	dmesg -c >> /kept
	"$@" 2> /error &
	runner=$!
	until dmesg | grep -q "tmavisor: ok 1 leaks"; do
		kill -0 "$runner" 2> /dev/null || return
		sleep 0.02
	done
}

# A run by the file, which takes a line in one piece.
begin_again() {
	echo "$*" > /line
	begin dd if=/line of=$run conv=notrunc
}

thread() {
	cat /proc/[0-9]*/comm 2> /dev/null | grep -q '^tmavisor/'
}

# still NAME: whether the run is under way
still() {
	if kill -0 "$runner" 2> /dev/null && thread; then
		echo "$1: under way"
	else
		echo "$1: over"
	fi
}

# ended NAME: how, with which errors, and what is left
ended() {
	wait "$runner"
	echo "$1: $?, $(sed -n 's/.*: //p' /error | grep -v records | head -n 1)"
	errors | sed "s/^/$1 says /"
	thread && echo "$1 leaves a thread"
	[ -e /sys/module/tmavisor ] && echo "$1 leaves the module"
}

# works NAME: so does the next run, with every check
works() {
	dmesg -c >> /kept
	/bin/insmod /tmavisor.ko workload=retiring switches=20 strict=1
	echo "$1: $?, $(dmesg | sed -n 's/.*tmavisor: all checks/all checks/p')"
	rmmod tmavisor
}

complaints() {
	dmesg -c >> /kept
	grep -E "Uhhuh|Dazed|BUG:|WARNING:|Oops|unchecked MSR|lockup|tracefs" /kept ||
		echo "no complaint of Linux's in $(wc -l < /kept) lines"
}
