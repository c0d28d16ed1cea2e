#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The simulated machine with two CPUs: each counts as one alone does, its
# interrupts come as punctually, and CPUs can differ, go away and come back.

load machine

setup_file() {
	begin_suite
	build_probe probe
	boot one --init tools/test/init/smp.sh
	boot two --cpus 2 --init tools/test/init/smp.sh
	boot again --cpus 2 --init tools/test/init/smp.sh
	tools/sim/run --cpus 2 --module "cpu=1 strict=1 switches=10 workload=retiring" \
		> "$T/module" 2>&1 || true
	boot mixed --cpus 2 --cpu spr-mixed --init tools/test/init/caps.sh
	boot locked --cpus 2 --cpu spr-vmxlocked --init tools/test/init/caps.sh
}

# One boot serves many tests: output is in $T/NAME, messages in $T/NAME.err.
boot() {
	local name=$1
	shift
	tools/sim/run --timeout 300 --perf --add "$T/probe:/probe" --modules msr \
		--add /usr/sbin/rdmsr --trace "$T/$name.jsonl" --out "$T/$name.out" \
		"$@" > "$T/$name" 2> "$T/$name.err" || true
}

# says NAME KEY: what comes after it
says() {
	sed -n "s/^$2: //p" "$T/$1" | grep . || { cat "$T/$1"; return 1; }
}

# within PERCENT VALUE OTHER
within() {
	awk -v p="$1" -v a="$2" -v b="$3" \
		'BEGIN { exit !(a >= b * (1 - p / 100) && a <= b * (1 + p / 100)) }'
}

# refused MESSAGE OPTIONS...: one line on standard error
# shellcheck disable=SC2154	# stderr is set by run
refused() {
	run -250 --separate-stderr tools/sim/run "${@:2}"
	[ "$stderr" = "tools/sim/run: $1" ]
}

@test "Linux has both CPUs" {
	[ "$(says two online)" = 2 ]
	[ "$(says one online)" = 1 ]
}

@test "Linux has nothing to complain of" {
	run -1 grep -E "WARNING|BUG:|unchecked MSR|Call Trace|TSC unstable|stall" "$T/two.out/dmesg"
}

@test "each CPU's firmware allows VMX and locks" {
	[ "$(says two "CPU 0 feature control")" = 5 ]
	[ "$(says two "CPU 1 feature control")" = 5 ]
}

@test "each CPU has what the variant says of the firmware" {
	[ "$(says locked "CPU 0 feature control")" = 1 ]
	[ "$(says locked "CPU 1 feature control")" = 1 ]
}

@test "a program counts the same instructions on each CPU as on one alone" {
	[[ $(says one "CPU 0 counts") =~ ^[1-9][0-9]*\ [1-9][0-9]*$ ]]
	[ "$(says two "CPU 0 counts")" = "$(says one "CPU 0 counts")" ]
	[ "$(says two "CPU 1 counts")" = "$(says one "CPU 0 counts")" ]
}

@test "it does so while the other CPU executes it as well" {
	[ "$(says two "CPU 0 beside counts")" = "$(says one "CPU 0 counts")" ]
	[ "$(says two "CPU 1 beside counts")" = "$(says one "CPU 0 counts")" ]
}

@test "its overflows are as many samples on each CPU as on one alone" {
	[ "$(says one "CPU 0 samples")" -gt 90 ]
	[ "$(says two "CPU 0 samples")" = "$(says one "CPU 0 samples")" ]
	[ "$(says two "CPU 1 samples")" = "$(says one "CPU 0 samples")" ]
}

# Each sample's first look at the counter, which the kernel's instructions don't
# advance: how many more have retired since it overflowed.
@test "a PMI comes before the end of a trace, on each CPU" {
	jq -es '[.[] | select(.nmi and .op == "rdpmc" and .msr == "0x40000000")] |
		(map(.cpu) | unique == [0, 1]) and
		all(.val | test("^0x1?[0-9a-f]$"))' "$T/two.jsonl"
}

@test "a tick is an instruction of each CPU" {
	local cycles
	cycles=$(($(says two nanoseconds) / 20))
	within 5 "$(says two "CPU 0 busy")" "$cycles"
	within 5 "$(says two "CPU 1 busy")" "$cycles"
}

@test "a CPU that has nothing to do counts no cycles" {
	[ "$(says two idle)" -lt 500000 ]
}

@test "the NMI watchdog lives on each CPU" {
	read -r before0 before1 <<< "$(says two "NMIs before")"
	read -r after0 after1 <<< "$(says two "NMIs after")"
	[ "$after0" -gt "$before0" ]
	[ "$after1" -gt "$before1" ]
}

@test "a CPU can be taken out and come back, and then counts as before" {
	[ "$(says two out)" = 0 ]
	[ "$(says two back)" = 1 ]
	[ "$(says two "CPU 1 back counts")" = "$(says one "CPU 0 counts")" ]
}

@test "the same command gives the same trace, tick for tick" {
	jq -es 'map(.cpu) | unique == [0, 1]' "$T/two.jsonl"
	cmp "$T/two.jsonl" "$T/again.jsonl"
	cmp "$T/two" "$T/again"
	cmp "$T/two.out/dmesg" "$T/again.out/dmesg"
}

@test "time in the trace goes forward, whichever CPU it is" {
	jq -es '[.[].t] == ([.[].t] | sort)' "$T/two.jsonl"
}

@test "the module's own checks pass on the second CPU" {
	grep "on CPU 1 of Linux" "$T/module"
	grep "tmavisor: all checks ok" "$T/module"
}

@test "CPUs can differ: the second has no PERF_METRICS" {
	[ "$(says mixed "CPU 0 capabilities")" = f4ff ]
	[ "$(says mixed "CPU 1 capabilities")" = 74ff ]
}

@test "wrong numbers of CPUs are refused" {
	refused "--cpus 0 is not 1 to 8" --cpus 0 -- true
	refused "--cpus 9 is not 1 to 8" --cpus 9 -- true
	refused "--cpus two is not 1 to 8" --cpus two -- true
	refused "--empty has one CPU" --empty --cpus 2 -- true
}
