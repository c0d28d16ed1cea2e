# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Inside the simulated machine, for other scripts: failures.ko, what the host must
# find again, and what an insmod has said.
# shellcheck disable=SC1091,SC2154	# a path in the machine, and what it sets
. /host_msrs.sh
mount -t debugfs none /sys/kernel/debug
/bin/insmod /failures.ko
p=/sys/module/failures/parameters

look() {
	# shellcheck disable=SC2086	# a list
	/rdmsrs $msrs
	cat "$p/host"
}

insmod_it() {
	dmesg -c >> /kept
	/bin/insmod /tmavisor.ko workload=retiring switches=3 slices=1 strict=1 2> /error
	status=$?
}

# lines LEVEL: what the module has said at this one
lines() {
	dmesg -r | sed -n "s/^<$1>.*tmavisor: //p"
}

# Threads, hotplug callbacks, files: what failures.ko cannot know of as held.
left_behind() {
	grep -s tmavisor /proc/[0-9]*/comm /proc/modules \
		/sys/devices/system/cpu/hotplug/states
	[ ! -e /sys/kernel/debug/tmavisor ] || echo debugfs
}

# say WHAT: lines about the insmod that WHAT was done to
say() {
	read -r text < /error || text=
	lines 3 > /errors
	echo "$1: insmod $status ${text##*: }; $(wc -l < /errors) errors: $(paste -sd'|' /errors)"
	if [ "$status" = 0 ]; then
		lines 6 | sed -n "s/^no debugfs/$1: info: no debugfs/p"
		rmmod tmavisor
	fi
	left_behind | sed "s/^/$1: left: /"
	look > /after
	cmp -s /before /after && same=as || same="not as"
	read -r held < "$p/held"
	echo "$1: host $same before, held $held"
}

# works WHEN: a run that nothing is done to
works() {
	insmod_it
	echo "works $1: $status, $(lines 6 | grep '^all checks')"
	rmmod tmavisor
}

# Over all, for the end.
complaints() {
	dmesg -c >> /kept
	grep -E 'BUG:|WARNING:|Oops|unchecked MSR|Call Trace|Uhhuh' /kept ||
		echo "no complaint of Linux's"
}

look > /before
echo "looked at: $(wc -l < /before), $(tail -n 1 /before)"
