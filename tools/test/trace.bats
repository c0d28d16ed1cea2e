#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The judge of the simulated machine's traces, judged: switches as they should
# be, and in the order of a published hypervisor (KVM's mediated PMU with
# PERF_METRICS, version 4 of the patches, June 2026), as trace_check reads them.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	trace=$BATS_TEST_TMPDIR/trace.jsonl
	time=0
}

# event JSON: one more of the host's
event() {
	time=$((time + 1))
	echo "{\"t\":$time,\"cpu\":0,\"mode\":\"host\",$1}" >> "$trace"
}

wr()	{ event "\"op\":\"wrmsr\",\"msr\":\"0x0\",\"name\":\"IA32_$1\",\"val\":\"$2\""; }
rd()	{ event "\"op\":\"rdmsr\",\"msr\":\"0x0\",\"name\":\"IA32_$1\",\"val\":\"$2\""; }
pmc()	{ event "\"op\":\"rdpmc\",\"msr\":\"$1\",\"val\":\"$2\""; }
lvtpc()	{ event "\"op\":\"apic$1\",\"val\":\"$2\""; }
enter()	{ event '"op":"vmentry"'; }
leave()	{ event '"op":"vmexit","reason":52'; }

readonly gp0=0x0 fixed3=0x40000003 metrics=0x20000000

# Saved, and the guest's PMU but for the pair.
load_begins() {
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

check() {
	run tools/test/trace_check "$trace"
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
		"before WRMSR IA32_PERF_METRICS at 10"
	refused "Load and put write FIXED_CTR3 and PERF_METRICS, or neither does" "at 1"
	[ "$(grep -c "not ok" <<< "$output")" = 2 ]
}

@test "a put that clears PERF_METRICS before FIXED_CTR3 is refused, for both" {
	load_begins; pair 0x0 0x0; enter
	leave; pmc $metrics 0x7; wr PERF_METRICS 0x0; pmc $fixed3 0x9
	wr FIXED_CTR3 0x0; pair 0x1234 0xff; put_ends
	check
	refused "Each WRMSR of FIXED_CTR3 by the host is directly followed by one of PERF_METRICS" \
		"after WRMSR IA32_FIXED_CTR3 at 16"
	refused "PERF_METRICS is written as the second of the pair only" \
		"before WRMSR IA32_PERF_METRICS at 14"
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
