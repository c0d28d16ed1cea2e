#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The judge of the simulated machine's traces, judged: switches as they should
# be, and in the order of a published hypervisor (KVM's mediated PMU with
# PERF_METRICS, version 4 of the patches, June 2026), as trace_check reads them.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	trace=$BATS_TEST_TMPDIR/trace.jsonl
	time=0
	cpu=0
}

# event JSON: one more of the host's
event() {
	time=$((time + 1))
	echo "{\"t\":$time,\"cpu\":$cpu,\"mode\":\"host\",$1}" >> "$trace"
}

wr()	{ event "\"op\":\"wrmsr\",\"msr\":\"0x0\",\"name\":\"IA32_$1\",\"val\":\"$2\""; }
rd()	{ event "\"op\":\"rdmsr\",\"msr\":\"0x0\",\"name\":\"IA32_$1\",\"val\":\"$2\""; }
pmc()	{ event "\"op\":\"rdpmc\",\"msr\":\"$1\",\"val\":\"$2\""; }
lvtpc()	{ event "\"op\":\"apic$1\",\"val\":\"$2\""; }
enter()	{ event '"op":"vmentry"'; }
leave()	{ event '"op":"vmexit","reason":52'; }

readonly gp0=0x0 fixed3=0x40000003 metrics=0x20000000

# What the host has, saved; and the guest's PMU but for the pair.
load_begins() {
	wr PERF_GLOBAL_CTRL 0xf
	wr PERF_GLOBAL_CTRL 0x0
	pmc $gp0 0x11
	pmc $fixed3 0x1234
	pmc $metrics 0xff
	rd PERF_GLOBAL_STATUS 0x0
	lvtpc r 0x400
	lvtpc w 0x10400
	wr A_PMC0 0x0
}

put_ends() {
	wr A_PMC0 0x11
	lvtpc w 0x400
	wr PERF_GLOBAL_CTRL 0xf
}

pair() {
	wr FIXED_CTR3 "$1"
	wr PERF_METRICS "$2"
}

# check [OPTIONS]
check() {
	run tools/test/trace_check "$@" "$trace"
	echo "$output"
}

# A claim that does not hold, and what trace_check says of it.
refused() {
	[ "$status" = 1 ]
	[[ $output == *"not ok "*" - $1"*"#   $2"* ]]
}

@test "a switch that writes the pair in order is accepted" {
	load_begins; pair 0x0 0x0; enter
	leave; pair 0x1234 0xff; put_ends
	check
	[ "$status" = 0 ]
	[[ $output != *"not ok"* ]]
}

@test "a load that elides FIXED_CTR3 is refused: the metrics come alone" {
	load_begins; pmc $fixed3 0x1234; wr PERF_METRICS 0x0; enter
	leave; pair 0x1234 0xff; put_ends
	check
	refused "PERF_METRICS is written as the second of the pair only" \
		"before WRMSR IA32_PERF_METRICS at 11"
	refused "Load and put write FIXED_CTR3 and PERF_METRICS, or neither does" "at 2"
	[ "$(grep -c "not ok" <<< "$output")" = 2 ]
}

@test "a put that clears PERF_METRICS before FIXED_CTR3 is refused, for both" {
	load_begins; pair 0x0 0x0; enter
	leave; pmc $metrics 0x7; wr PERF_METRICS 0x0; pmc $fixed3 0x9
	wr FIXED_CTR3 0x0; pair 0x1234 0xff; put_ends
	check
	refused "Each WRMSR of FIXED_CTR3 by the host is directly followed by one of PERF_METRICS" \
		"after WRMSR IA32_FIXED_CTR3 at 17"
	refused "PERF_METRICS is written as the second of the pair only" \
		"before WRMSR IA32_PERF_METRICS at 15"
}

@test "a put that leaves the counter cleared alone is refused" {
	load_begins; pair 0x0 0x0; enter
	leave; pair 0x1234 0xff; wr FIXED_CTR3 0x0; put_ends
	check
	refused "Each WRMSR of FIXED_CTR3 by the host is directly followed by one of PERF_METRICS" \
		"after WRMSR IA32_FIXED_CTR3"
	refused "After the put the hardware holds what the load has read" \
		"IA32_FIXED_CTR3: saved 0x1234, restored 0"
}

@test "a put that does not look at a counter of the host's is refused" {
	load_begins; pair 0x0 0x0; enter
	leave; pair 0x1234 0xff; lvtpc w 0x400; wr PERF_GLOBAL_CTRL 0xf
	check
	refused "After the put the hardware holds what the load has read" \
		"IA32_PMC0: saved 0x11, not looked at since"
}

@test "a switch that leaves the pair alone is accepted, and must if none is shown" {
	load_begins; enter
	leave; put_ends
	run tools/test/trace_check --no-pair "$trace"
	[ "$status" = 0 ]
	load_begins; enter
	leave; pair 0x1234 0xff; put_ends
	run tools/test/trace_check --no-pair "$trace"
	refused "The host's FIXED_CTR3 and PERF_METRICS are not written" \
		"WRMSR IA32_FIXED_CTR3"
}

@test "a put that gives back another GLOBAL_CTRL than there was is refused" {
	load_begins; pair 0x0 0x0; enter
	leave; pair 0x1234 0xff; put_ends
	sed -i '1s/0xf/0x1f/' "$trace"
	check
	refused "The put ends with the GLOBAL_CTRL that the host had" "0xf was 0x1f"
	sed -i '1s/wrmsr/rdmsr/' "$trace"
	check
	refused "The put ends with the GLOBAL_CTRL that the host had" "0xf was 0x1f"
	sed -i 1d "$trace"
	check
	refused "The put ends with the GLOBAL_CTRL that the host had" "0xf was unknown"
}

# a_switch SLOTS METRICS: of a guest that is loaded with these and leaves others
a_switch() {
	load_begins; pair "$1" "$2"; enter
	leave; pmc $fixed3 0x500; pmc $metrics 0x30000007f; pair 0x1234 0xff; put_ends
}

# A narrow counter has ones above those that the guest is shown, and of the metrics
# it may be shown level 1.
@test "a guest's pair that is loaded as it was put is accepted, and a guest's that begins" {
	a_switch 0x0 0x0
	a_switch 0x500 0x30000007f
	a_switch 0xff0000000500 0x7f
	a_switch 0x500 0x7f
	a_switch 0x0 0x0
	a_switch 0xff0000000000 0x0
	check --partial
	[ "$status" = 0 ]
}

@test "a guest that is shown everything has no half of a pair" {
	local half
	for half in "0x500 0x7f" "0xff0000000500 0x30000007f"; do
		rm -f "$trace"
		a_switch 0x0 0x0
		# shellcheck disable=SC2086	# two words
		a_switch $half
		check
		refused "the guest's pair is loaded as it was put" "put 0x500, 0x30000007f"
	done
}

@test "a guest's pair that is loaded with other slots or metrics is refused" {
	local other
	for other in "0x501 0x7f" "0x500 0x7e" "0x0 0x7f" "0x500 0x20000007f" "0xff0000000501 0x7f"; do
		rm -f "$trace"
		a_switch 0x0 0x0
		# shellcheck disable=SC2086	# two words
		a_switch $other
		check --partial
		refused "the guest's pair is loaded as it was put" "put 0x500, 0x30000007f"
	done
}

@test "pairs that moved to another CPU are told from those that stayed, or were lost" {
	a_switch 0x0 0x0
	a_switch 0x500 0x30000007f
	cpu=1
	a_switch 0x500 0x30000007f
	check --pairs 2 --moved 1
	[ "$status" = 0 ]
	check --pairs 2 --moved 2
	refused "the guest's pair is loaded as it was put" "only 2 times, 1 on another CPU"
	cpu=0
	a_switch 0x0 0x0
	check --pairs 3 --moved 2
	refused "the guest's pair is loaded as it was put" "only 2 times, 1 on another CPU"
}
