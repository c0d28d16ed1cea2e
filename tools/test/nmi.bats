#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# NMIs, PMIs of the host's and interrupts at every instruction of a switch, in
# the simulated machine. Each has an owner, tools/test/modules/nmi_owner.c, which
# says what came of them, and counts the host's instructions meanwhile.

load machine

setup_file() {
	begin_suite
	mkdir "$T/modules"
	cp tools/test/modules/* "$T/modules"
	make -s -C "/lib/modules/$KVER/build" M="$T/modules" TOP="$PWD" \
		modules > "$T/make" 2>&1
}

# boot NAME "SWEEPS" PARAMETERS...: those of each run; $owner, those of the owner.
# Each boot serves several tests, and is done when the first of them needs it.
boot() {
	local name=$1 status=0 sweep
	local -a options=()
	[ ! -e "$T/$name.status" ] || return 0
	[ "$name" != each ] || options=(--trace "$T/$name.jsonl")
	for sweep in $2; do
		options+=(--sweep "$sweep")
	done
	shift 2
	tools/sim/run --timeout 300 "${options[@]}" \
		--cmdline "log_buf_len=1M ${cmdline-nowatchdog}" \
		--add "$KO:/tmavisor.ko" --add "$T/modules/nmi_owner.ko:/nmi_owner.ko" \
		--add tools/test/init/nmi.sh:/nmi.sh \
		-- env OWNER="${owner-}" sh /nmi.sh "$@" > "$T/$name" 2>&1 || status=$?
	echo "$status" > "$T/$name.status"
}

full="workload=retiring slices=1"
trapped="$full profile=gp4"

boot_each() {
	boot each "nmi:load:each nmi:exit:each nmi:read:each nmi:write:each nmi:put:each nmi:load:1-2200" \
		"$trapped switches=100" switches=2500
}

boot_irqs() {
	boot irqs "irq:load:1-2200 irq:exit:1-2200 irq:put:1-2500 irq:read:1-800 irq:write:1-1600" \
		"$trapped switches=3000"
}

boot_late() {
	owner=period=1000000000 boot late pmi:load:1-3000 "$full switches=2500"
}

boot_about() {
	owner=period=1000000000 boot about overflow:put:1-2200 "$full switches=3000"
}

boot_unclaimed() {
	owner=claim=0 boot unclaimed nmi:load:1-20 "$full switches=20"
}

# The watchdog's counter is another one than the owner's.
boot_numbers() {
	cmdline='' owner=period=3001 boot numbers \
		"nmi:load:1-2200 nmi:exit:1-1700 nmi:put:1-2500" "$full switches=2500"
}

says() {
	grep -qE -- "$2" "$T/$1" || { grep -E '^# |nmi_owner|not ok|insmod|again' "$T/$1"; return 1; }
}

# came BOOT SWEEP: how many that was
came() {
	sed -n "s/^# $2: \([0-9]*\) came.*/\1/p" "$T/$1"
}

# all_came BOOT: each number of each sweep had one, and the last ones were too late
all_came() {
	local sweep in_time
	local -a range
	grep '^# [a-z]*:[a-z]*:[0-9]' "$T/$1"
	grep '^# [a-z]*:[a-z]*:[0-9]' "$T/$1" | while read -r _ sweep _ _ in_time _; do
		IFS=- read -ra range <<< "${sweep%:}"
		[ "$(came "$1" "${sweep%:}")" = "${range[1]}" ] || exit 1
		[ "$in_time" -ge 500 ] && [ "$in_time" -lt "${range[1]}" ] || exit 1
	done
}

sum() {
	paste -sd+ | { read -r terms; echo $((terms)); }
}

# owned BOOT: what came of all its sweeps
owned() {
	sed -n 's/^# [a-z:0-9-]*: \([0-9]*\) came.*/\1/p' "$T/$1" | sum
}

# guest_is_right BOOT: in each run; a count that a switch changed would be "not ok"
guest_is_right() {
	says "$1" "^insmod: 0$"
	says "$1" "tmavisor: all checks ok"
	[ "$(cat "$T/$1.status")" = 0 ]
	run grep -E "not ok|^again: failed" "$T/$1"
	[ "$status" = 1 ]
}

# host_is_right BOOT: perf has the instructions and overflows that the machine has
host_is_right() {
	grep nmi_owner: "$T/$1"
	says "$1" "nmi_owner: ([0-9]+) overflows handled of \1$"
	says "$1" "nmi_owner: ([0-9]{7,}) instructions counted of \1$"
	run grep -E "Uhhuh|Dazed|BUG:|WARNING:|Oops|unchecked MSR|lockup" "$T/$1"
	[ "$status" = 1 ]
}

@test "an NMI behind each instruction of load, entry, exit, emulation and put is claimed by its owner" {
	boot_each
	local place
	for place in load exit read write put; do
		says each "^# nmi:$place:each: [0-9]+ came, behind ([0-9]+) of \1 instructions, behind [0-9]{3,} twice$"
	done
	says each "nmi_owner: $(owned each) NMIs claimed$"
}

@test "those NMIs change no count of the guest's" {
	boot_each
	guest_is_right each
}

@test "those NMIs change no count of the host's" {
	boot_each
	host_is_right each
}

@test "the switches are in order, in spite of them" {
	boot_each
	tools/test/trace_check --nmis --switches 2500 "$T/each.jsonl"
}

# Expect: one of each instruction in the window, and more.
@test "a VM entry that an NMI spoils fails, and is tried again" {
	boot_each
	[ "$(grep -c '"op":"vmentry","fault":true,"error":8' "$T/each.jsonl")" -ge 20 ]
}

# Perf runs in full in each, and its counter overflows in handlers as well.
@test "an NMI at every instruction of load, exit and put, among overflows every 3001 instructions" {
	boot_numbers
	all_came numbers
	says numbers "nmi_owner: $(owned numbers) NMIs claimed$"
	says numbers "nmi_owner: [0-9]{5} overflows"
}

@test "those NMIs and overflows change no count of the guest's, and none of the host's" {
	boot_numbers
	guest_is_right numbers
	host_is_right numbers
}

# in_switches BOOT...: how many came there; those of a range may be too late
in_switches() {
	sed -nE 's/^# nmi:.*: ([0-9]+) came, behind .*/\1/p
		s/^# nmi:.* ([0-9]+) of them in time$/\1/p' "${@/#/$T/}" | sum
}

@test "so many switches in a slice round the shares away, and those are not compared" {
	boot_numbers
	says numbers "ok 10 switches change shares by at most 1 point # SKIP more than 50 switches in a slice: each rounds the shares$"
}

@test "more than 10000 of the NMIs with an owner came within a switch" {
	boot_each
	boot_numbers
	echo "$(in_switches each) and $(in_switches numbers)"
	[ "$(in_switches each numbers)" -gt 10000 ]
}

@test "without an owner Linux complains of each" {
	boot_unclaimed
	[ "$(came unclaimed nmi:load:1-20)" = 20 ]
	[ "$(grep -c "Uhhuh. NMI received for unknown reason" "$T/unclaimed")" = 20 ]
	says unclaimed "nmi_owner: 0 NMIs claimed$"
	guest_is_right unclaimed
}

# Three times as late as a load is long. Expect: the load waits for it.
@test "a PMI of the host's that is late by up to 3000 instructions is handled" {
	boot_late
	[ "$(came late pmi:load:1-3000)" = 3000 ]
	says late "nmi_owner: 3000 overflows handled of 3000$"
	guest_is_right late
	host_is_right late
}

# Its PMI is up to 63 instructions late. The counter stands still from the load to
# the put, so that these reach over it.
@test "a host counter that is about to overflow at a switch does so once, and on time" {
	boot_about
	[ "$(came about overflow:put:1-2200)" = 2200 ]
	says about "nmi_owner: 2200 overflows handled of 2200$"
	guest_is_right about
	host_is_right about
}

@test "a host interrupt at every instruction of load, exit, emulation and put is taken once" {
	boot_irqs
	all_came irqs
	[ "$(sed -n 's/^\(RES\|CAL\) //p' "$T/irqs" | sum)" = "$(owned irqs)" ]
}

@test "the interrupts change no count of the guest's, and none of the host's" {
	boot_irqs
	guest_is_right irqs
	host_is_right irqs
}

@test "a --sweep of no kind, place or range is refused" {
	local wrong
	for wrong in nmi nmi:load nmi:load:0-3 nmi:nowhere:1-3 irq:load:each \
		     pmi:exit:1-3 smi:load:1-3; do
		run tools/sim/run --sweep "$wrong" -- true
		[ "$status" = 250 ]
		[[ $output == *"--sweep $wrong is not KIND:PLACE:RANGE"* ]]
	done
}
