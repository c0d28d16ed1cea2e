#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The model and the probes, judged by Debian's own perf: each probe lights up its
# node, does not without its key, and the events agree with the metrics.

load machine

setup_file() {
	begin_suite
	build_probe probe
	build_probe keyless -DWITHOUT_KEY
	tools/sim/run --timeout 300 --perf --init tools/test/init/perf_judges.sh \
		--add "$T/probe:/probe" --add "$T/keyless:/keyless" \
		--add "$KO:/tmavisor.ko" \
		--out "$T/out" > "$T/said" 2> "$T/err"
}

says() {
	grep -qE -- "$1" "$T/said" || { cat "$T/said"; return 1; }
}

counts_of() {
	sed -n "s/^$1: //p" "$T/said"
}

# The share of a node in percent of all slots. The deduced ones are what is left
# of their parents, as in perf's own metrics.
share() {
	counts_of "$1" | awk -v node="$2" '{
		n["retiring"] = $2; n["bad_speculation"] = $3
		n["frontend_bound"] = $4; n["backend_bound"] = $5
		n["heavy_operations"] = $6; n["light_operations"] = $2 - $6
		n["branch_mispredicts"] = $7; n["machine_clears"] = $3 - $7
		n["fetch_latency"] = $8; n["fetch_bandwidth"] = $4 - $8
		n["memory_bound"] = $9; n["core_bound"] = $5 - $9
		printf "%d\n", 100 * n[node] / $1 }'
}

# counted RUN: it has a count of each of the fifteen events, which are shown
counted() {
	counts_of "$1"
	counts_of "$1" | grep -qE "^([0-9]+ ){14}[0-9]+$"
}

parts="heavy_operations light_operations branch_mispredicts machine_clears
fetch_latency fetch_bandwidth memory_bound core_bound"

# dominates RUN NODE: half of all slots, and no other of its level has more
dominates() {
	local node others=$parts
	[ "$2" != retiring ] || others="bad_speculation frontend_bound backend_bound"
	[ "$(share "$1" "$2")" -ge 50 ] || return 1
	for node in $others; do
		[ "$(share "$1" "$node")" -le "$(share "$1" "$2")" ] || return 1
	done
}

# lights_up PROBE: its node is what perf sees, and isn't without its key
lights_up() {
	counted "probe $1"
	counted "keyless $1"
	dominates "probe $1" "$1"
	! dominates "keyless $1" "$1"
}

@test "retiring lights up by its work" {
	lights_up retiring
}

@test "light_operations lights up by its instructions" {
	lights_up light_operations
}

@test "heavy_operations lights up by its exchanges" {
	lights_up heavy_operations
}

@test "branch_mispredicts lights up by its branches" {
	lights_up branch_mispredicts
}

@test "machine_clears lights up by its store to code" {
	lights_up machine_clears
}

@test "fetch_latency lights up by its jumps from line to line" {
	lights_up fetch_latency
}

@test "fetch_bandwidth lights up by its jumps" {
	lights_up fetch_bandwidth
}

@test "memory_bound lights up by its chain of loads" {
	lights_up memory_bound
}

@test "core_bound lights up by its chain of multiplications" {
	lights_up core_bound
}

# all_categories RUN: none of level 1 is small
all_categories() {
	local node
	for node in retiring bad_speculation frontend_bound backend_bound; do
		[ "$(share "$1" "$node")" -ge 12 ] || return 1
	done
}

@test "mix has all four categories, but not without its phase of memory" {
	counted "probe mix"
	counted "keyless mix"
	all_categories "probe mix"
	! all_categories "keyless mix"
}

# agree HOST GUEST: perf's shares of a program and the module's of a guest, a line
# each, are within one point.
agree() {
	printf '%s\n' "$@"
	printf '%s\n' "$@" | awk '
		NR == 1 { host[1] = $4 / $1; host[2] = $3 / $1
			  host[3] = $5 / $1; host[4] = $2 / $1 }
		NR == 2 { for (i = 1; i <= 4; i++) {
				d = 100 * host[i] - $(i + 1)
				if (d > 1 || d < -1) bad = 1 } }
		END { exit bad || NR != 2 }'
}

# steady PROBE: what more rounds of it add to its counts
steady() {
	{ counts_of "long $1"; counts_of "probe $1"; } | awk '
		NR == 1 { for (i = 1; i <= NF; i++) long[i] = $i }
		NR == 2 { for (i = 1; i <= NF; i++) printf "%d ", long[i] - $i }'
}

@test "perf sees a probe on the host as the module sees it in its guest" {
	local probe
	for probe in retiring light_operations heavy_operations branch_mispredicts \
		     machine_clears fetch_latency fetch_bandwidth memory_bound \
		     core_bound mix; do
		agree "$(steady "$probe")" "$(counts_of "guest $probe")"
	done
}

# each CONDITION: of the events of every probe, as awk has it
each() {
	sed -n 's/^probe [a-z_]*: //p' "$T/said" | awk '{
		slots = $1; cycles = $10; insns = $11; branches = $12; misses = $13
		llc_refs = $14; llc_misses = $15; n++
		if (!('"$1"')) { print; bad = 1 }
	} END { exit bad || n != 10 }'
}

@test "level 1 adds up in perf's numbers" {
	grep "^probe" "$T/said" | awk '{
		rest = $3 - $4 - $5 - $6 - $7; if (rest < 0) rest = -rest
		if (rest * 200 > $3) { print; bad = 1 } } END { exit bad || NR != 10 }'
}

@test "slots are six a cycle" {
	each "slots > 5.95 * cycles && slots < 6.05 * cycles"
}

@test "branch and cache misses are no more than their references" {
	each "misses <= branches && branches < insns && llc_misses <= llc_refs"
}

# event PROBE EVENT
event() {
	counts_of "probe $1" | awk -v event="$2" '{
		e["slots"] = $1; e["branch-mispredict slots"] = $7
		e["memory-bound slots"] = $9; e["instructions"] = $11
		e["branch-misses"] = $13; e["cache-references"] = $14
		e["cache-misses"] = $15
		print e[event] }'
}

@test "mispredicts are as many as the metric has slots for" {
	local probe misses
	misses=$(event branch_mispredicts branch-misses)
	[ "$(event branch_mispredicts "branch-mispredict slots")" -gt $((misses * 60)) ]
	[ "$(event branch_mispredicts "branch-mispredict slots")" -lt $((misses * 180)) ]
	for probe in retiring light_operations heavy_operations machine_clears \
		     fetch_latency fetch_bandwidth core_bound; do
		[ $((100 * $(event "$probe" branch-misses))) -lt "$(event "$probe" instructions)" ]
		[ "$(share "probe $probe" branch_mispredicts)" -le 2 ]
	done
}

@test "half of the random branches are mispredicted" {
	# Four in a round of 10000, twice.
	[ "$(event branch_mispredicts branch-misses)" -gt $((80000 * 45 / 100)) ]
	[ "$(event branch_mispredicts branch-misses)" -lt $((80000 * 55 / 100)) ]
}

@test "the chase goes to the LLC, and others do not" {
	local probe
	# Eight in a round of 30000, twice; a quarter may be in L2.
	[ "$(event memory_bound cache-references)" -gt $((480000 * 70 / 100)) ]
	[ "$(event memory_bound "memory-bound slots")" -gt \
		$(($(event memory_bound cache-references) * 6 * 50)) ]
	for probe in retiring light_operations heavy_operations branch_mispredicts \
		     machine_clears fetch_bandwidth core_bound; do
		[ $((100 * $(event "$probe" cache-references))) -lt \
			"$(event "$probe" instructions)" ]
	done
}

@test "LLC misses cost what the metric says" {
	# The phase of mix that flushes its lines, 330 loads in a round of 3, twice;
	# at first they are where they have been laid.
	[ "$(event mix cache-misses)" -ge 990 ]
	[ "$(event mix cache-misses)" -lt 1980 ]
	[ "$(event mix "memory-bound slots")" -gt $((990 * 6 * 250)) ]
}

# This perf leaves the names out unless the shares are of each CPU.
@test "perf stat --topdown has four shares, which are a whole" {
	says "^perf stat --topdown: 0$"
	says "^stat--topdown +Retiring +Bad Speculation +Frontend Bound +Backend Bound"
	grep "^stat--topdown CPU0" "$T/said" | tr -d "%" | awk '{
		sum = $3 + $4 + $5 + $6
		bad = sum < 99.5 || sum > 100.5 || $6 < 80 }
		END { exit bad || NR != 1 }'
}

@test "perf stat counts instructions, cycles, branches and misses" {
	local event
	says "^perf stat: 0$"
	for event in instructions cycles branches branch-misses; do
		says "^stat-e +[0-9,]+ +$event"
	done
}

@test "perf record finds the phase that mispredicts" {
	says "^perf record: 0$"
	# Labels within the probe are symbols, too.
	sed -n 's/^report .* \([0-9.]*\)%.* branch_mispredicts.*/\1/p' "$T/said" |
		awk '{ sum += $1 } END { exit sum < 90 }'
}

@test "Linux has nothing to complain about" {
	run -1 grep -E "Uhhuh|Dazed|BUG:|WARNING:|unchecked MSR" "$T/out/dmesg"
}
