#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The module on two CPUs: on either of them, on both in turn, and when one of them
# goes away or is not like the other.

load machine

setup_file() {
	begin_suite
	boot_all
}

# boot NAME OPTIONS...
boot() {
	local name=$1
	shift
	tools/sim/run --cpus 2 --timeout 300 "$@" > "$T/$name" 2>&1 || true
}

boot_all() {
	boot cpus --init tools/test/init/cpus.sh --add "$KO:/tmavisor.ko" \
		--add tools/test/init/host_msrs.sh:/host_msrs.sh \
		--add /usr/sbin/rdmsr --add /usr/sbin/wrmsr --modules msr \
		--cmdline "nowatchdog log_buf_len=1M" --trace "$T/cpus.jsonl"
	# The second CPU has no PERF_METRICS.
	boot mixed --cpu spr-mixed --init tools/test/init/cpus_mixed.sh \
		--add "$KO:/tmavisor.ko" --cmdline nowatchdog
	# With Linux's watchdog, whose NMIs perf handles, on both.
	boot perf --init tools/test/init/cpus_perf.sh --add "$KO:/tmavisor.ko" --perf
	# The later half of a load, the VM entry included, on each CPU.
	boot nmi --module "migrate=1 workload=retiring switches=2000 slices=1 strict=1" \
		--sweep nmi:load:900-1900 --trace "$T/nmi.jsonl"
}

@test "cpu=1 runs on the second CPU" {
	says cpus "^second: tmavisor: version .* on CPU 1 of Linux"
	says cpus "^status second: 0$"
}

@test "a CPU that is not there is refused, and the ones that are named" {
	says cpus "^third: tmavisor: cpu=2 is not online; use one of 0-1$"
	says cpus "^status third: [1-9]"
}

@test "a guest that moves runs on both CPUs, slice by slice" {
	local moves
	says cpus "^moved: tmavisor: migrate=1: with each slice the guest moves to the next of CPUs 0-1$"
	moves=$(sed -n 's/^moved: .*# \([0-9]*\) moves between CPUs 0-1$/\1/p' "$T/cpus")
	[ "$moves" -gt 1000 ]
	says cpus "^status moved: 0$"
}

@test "a guest that stays never moves" {
	[ "$(count cpus "^stayed: .* moves between")" = 0 ]
}

# Plain and switched, of each of ten workloads.
@test "a guest that moves counts the same instructions as one that stays" {
	says cpus "^counts equal: 20$"
}

# shares RUN: of each workload, the four of level 1, in tenths of a point
shares() {
	sed -n "s/^$1: tmavisor: # \([a-z_]*\)  *[0-9]*  *\([0-9. ]*[0-9]\)  .*/\1 \2/p" \
		"$T/cpus" | tr -d .
}

# All but those of mix: a round of it is short, and finds the other CPU's caches and
# predictors cold. That the register itself moves along is seen in the trace, below.
@test "a guest that moves has the shares of one that stays, within a point, in nine workloads" {
	[ "$(shares stayed | wc -l)" = 10 ]
	paste -d' ' <(shares stayed) <(shares moved) | awk '
		$1 != $6 { exit 1 }
		$1 == "mix" { next }
		{ there++
		  for (i = 2; i <= 5; i++) { d = $i - $(i + 5)
			if (d > 10 || d < -10) { print; bad = 1 } } }
		END { exit bad || there != 9 }'
}

@test "what traps moves along" {
	says cpus "^status trapped: 0$"
	says cpus "^trapped: .* moves between CPUs 0-1$"
}

@test "on both CPUs every PMU MSR has its value from before" {
	says cpus "^msrs equal: 29$"
}

@test "the switches on each CPU are in order, and the pair is loaded as the other one's put left it" {
	run tools/test/trace_check --switches 2000 --pairs 1000 --moved 1000 "$T/cpus.jsonl"
	[ "$status" = 0 ]
	[[ $output =~ "# CPU 0: "[0-9]{4} ]]
	[[ $output =~ "# CPU 1: "[0-9]{4} ]]
}

@test "no value crosses from a host to the guest, nor from the guest to another CPU" {
	[ "$(count cpus "^planted ")" = 10 ]
	tools/test/leak_check --planted "$T/cpus" "$T/cpus.jsonl"
}

@test "the run's CPU taken offline ends the run, with one line" {
	says cpus "^cpu1 offline under a run$"
	says cpus "^status lost: [1-9]"
	says cpus "^lost: tmavisor: interrupted on CPU 1; nothing is left behind$"
	says cpus "^not loaded after that$"
	says cpus "^no thread after that$"
}

@test "with one CPU left migrate=1 is refused" {
	says cpus "^alone: tmavisor: migrate=1 needs a second CPU, and only 0 is online$"
	says cpus "^status alone: [1-9]"
}

@test "the CPU that is back is as good as before" {
	says cpus "^status again: 0$"
}

@test "a run that moves goes on with the CPUs that are left" {
	says cpus "^cpu1 offline under a run that moves$"
	says cpus "^status fewer: 0$"
	says cpus "^fewer: tmavisor: all checks ok"
}

@test "Linux has nothing to complain about" {
	says cpus "^no complaints$"
}

@test "perf counts a program on either CPU beside a guest that moves as it does alone" {
	local cpu
	says perf "^guest still there$"
	for cpu in 0 1; do
		says perf "^alone $cpu: [0-9]+ [0-9]+$"
		[ "$(value_of perf "beside $cpu")" = "$(value_of perf "alone $cpu")" ]
	done
}

@test "Linux has nothing to complain about with perf and its watchdog on both" {
	says perf "^no complaints$"
}

# nmis "": how many came in time on the first CPU; "on CPU N ", on another
nmis() {
	sed -n "s/^# nmi:load:900-1900: ${1}1001 came, \([0-9]*\) of them in time$/\1/p" "$T/nmi"
}

# They have no owner here; those of nmi.bats do.
@test "NMIs in loads and VM entries on both CPUs change no count and no order" {
	[ "$(nmis "")" -gt 500 ]
	[ "$(nmis "on CPU 1 ")" -gt 500 ]
	says nmi "tmavisor: all checks ok"
	tools/test/trace_check --nmis --switches 2000 "$T/nmi.jsonl"
}

@test "a CPU that differs from the first is noticed, and both are named" {
	says mixed "^moved: tmavisor: CPU 1 differs from CPU 0 in its IA32_PERF_CAPABILITIES, and a guest can't change its CPU; use migrate=0$"
	says mixed "^status moved: [1-9]"
	says mixed "Operation not supported"
	[ "$(count mixed "^moved: tmavisor: CPU 1")" = 1 ]
}

@test "each of two CPUs that differ runs a guest of its own" {
	says mixed "^status first: 0$"
	says mixed "^status second: 0$"
	says mixed "^second: tmavisor: no PERF_METRICS on this CPU"
	[ "$(count mixed "^first: tmavisor: no PERF_METRICS")" = 0 ]
}
