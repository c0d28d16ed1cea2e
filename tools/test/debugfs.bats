#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# tmavisor/ in debugfs, in the simulated machine.

load machine

setup_file() {
	begin_suite
	gcc -static -O2 -Wall -o "$T/write_nothing" -x c - <<-'EOF'
		#include <unistd.h>
		int main(void) { return write(STDOUT_FILENO, "", 0) != 0; }
	EOF
	tools/sim/run --timeout 300 --init tools/test/init/debugfs.sh \
		--add "$KO:/tmavisor.ko" --add "$T/write_nothing:/write_nothing" > "$T/out" 2>&1
	tools/sim/run --timeout 300 --cmdline debugfs=off --module "strict=1 workload=mix" \
		> "$T/without" 2>&1
	lines_of results > "$T/results"
	lines_of exits > "$T/exits"
	lines_of switches > "$T/switches"
}

lines_of() {
	sed -n "/^begin $1\$/,/^end\$/p" "$T/out" | sed '1d;$d'
}

says() {
	grep -qE -- "$1" "$T/out" || { sed '/^begin/,/^end/d' "$T/out"; return 1; }
}

# all FILE CONDITION: it holds of each line, and there are two
all() {
	[ "$(jq -c "select($2)" "$T/$1" | wc -l)" = 2 ] || { cat "$T/$1"; return 1; }
	[ "$(wc -l < "$T/$1")" = 2 ]
}

@test "only root reads and writes" {
	[ "$(grep -c "^mode " "$T/out")" = 6 ]
	says "^mode results 400 0$"
	says "^mode exits 400 0$"
	says "^mode switches 400 0$"
	says "^mode run 200 0$"
	says "^mode state 600 0$"
	says "^mode script 600 0$"
}

@test "each line is JSON with its schema, a line for each run of a workload" {
	for file in results exits switches; do
		all $file ".schema == \"tmavisor.$file\" and .schema_version == 1"
		all $file '.session == 1 and .workload == "mix"'
		[ "$(jq -r .run "$T/$file" | paste -sd' ')" = "plain switched" ]
	done
}

@test "results tell the machine, and that it is simulated" {
	all results '.simulated and .hypervisor == false'
	all results '.cpu_signature == "0x806f8" and .microcode == "0x2b000390"'
	all results '.kernel | startswith("6.1.")'
	all results '.profile == "full" and .perf_capabilities == "0xa000"'
}

@test "slices add up to the totals" {
	all results '(.slices | length) == 4'
	all results '([.slices[].slots] | add) == .slots'
	all results '([.slices[].instructions] | add) == .instructions and .instructions > 100000'
	all results '([.slices[].cycles] | add) == .cycles'
}

@test "PERF_METRICS is raw, and weighted by slots" {
	all results '[.slices[].perf_metrics | test("^0x[0-9a-f]{9,16}$")] | all'
	local slots metrics sum=0
	while read -r slots metrics; do
		sum=$((sum + slots * (metrics & 255)))
	done < <(jq -r 'select(.run == "plain") | .slices[] | "\(.slots) \(.perf_metrics)"' "$T/results")
	[ "$sum" -gt 0 ]
	[ "$(jq 'select(.run == "plain") | .weights[0]' "$T/results")" = "$sum" ]
}

@test "switches tell the forced ones, and as many puts as loads" {
	[ "$(jq .forced "$T/switches" | paste -sd' ')" = "0 10" ]
	all switches '.loads == .puts and .loads >= .switches and .switches > 0'
	all switches '.unrestored == 0'
}

@test "exits tell the preemption timer's, as many as were forced" {
	[ "$(jq -c '[.exits[] | select(.reason == 52) | .count]' "$T/exits" | paste -sd' ')" = "[] [10]" ]
	all exits '[.exits[] | .name != "unknown" and .count > 0] | all'
}

# Expect: 2 for who comes after the run, 1 for who had the file open.
@test "a reader keeps the results that it began with" {
	says "^a new reader: 2$"
	says "^the old reader: 1$"
}

@test "rmmod while results is open: in use" {
	says "^rmmod with results open: 1, .*temporarily unavailable"
}

@test "what run is not told is as on the insmod line" {
	says "^run : 0, tmavisor: all checks ok"
	says "^as on the insmod line: mix 0 mix 10$"
}

# refuses NAME "LINE IN THE LOG"
refuses() {
	says "^$1: 1, tmavisor: $2"
}

@test "run refuses what is no parameter, and says which are" {
	refuses "run nonsense" "run: nonsense is no parameter; use cpu=, switches="
	refuses "run workload" "run: workload is no parameter"
	refuses "run workload=mix nonsense=1" "run: nonsense is no parameter"
	refuses "run =" "run:  is no parameter"
}

@test "run refuses values as insmod does" {
	refuses "run cpu=9" "cpu=9 is not online; use one of 0"
	refuses "run switches=many" "run: switches=many cannot be read"
	refuses "run switches=1000001" "switches=1000001 is out of range"
	refuses "run slices=0" "slices=0 is out of range"
	refuses "run slices=9{20}" "run: slices=9{20} cannot be read"
	refuses "run workload=bogus" "workload=bogus is unknown"
	refuses "run profile=bogus" "profile=bogus is unknown"
	refuses "run deny=bogus" "deny: .bogus. is no event"
	refuses "run strict=perhaps" "run: strict=perhaps cannot be read"
}

@test "run refuses what is no text, and too much" {
	refuses "run NUL" "run: byte 12 is 0x0, and no text"
	refuses "run bytes" "run: byte 9 is 0x80, and no text"
	refuses "run random" "run: byte [0-9]+ is 0x[0-9a-f]+, and no text"
	refuses "run long" "run: 1001 bytes are too many; use 1000 at most"
	[ "$(grep -c "^Invalid argument" "$T/out")" -ge 17 ]
}

@test "a refused run leaves the results" {
	says "^refused runs: 3 then 3$"
}

# Expect: a counter that the guest leaves alone; then one after RESET.
@test "the next run's guest begins with an imported PMU, the one after does not" {
	says "^image: 320 bytes, counter 0$"
	says "^state good: 0, $"
	says "^counter after import: 1234$"
	says "^counter after that: 0$"
}

@test "state refuses garbage, each with what is wrong" {
	refuses "state magic" "the PMU image is refused: it is none"
	refuses "state version" "the PMU image is refused: its version is another one"
	refuses "state wide" "the PMU image is refused: IA32_PMCx is 0x1000000000000, and bits 0x1000000000000 must be 0"
	refuses "state short" "the PMU image is refused: it is truncated"
	refuses "state long" "the PMU image is refused: its size is not that of its version"
	refuses "state random" "the PMU image is refused: it is none"
}

@test "a reader of the state keeps the run that it began with" {
	says "^the old state is whole$"
	says "^the new state is another$"
}

@test "state refuses the image of another profile" {
	refuses "state gp4" "the PMU image is refused: its guest was shown another PMU; use the same profile"
}

@test "an image that does not fit the next run's profile fails that run alone" {
	refuses "run workload=retiring profile=gp4" "the PMU image is refused: its guest was shown another PMU"
	says "^run workload=retiring profile=gp4 strict=1: 0, tmavisor: all checks ok"
}

@test "a guest does a script, and the file says what came of it" {
	says "^script good: 0, $"
	diff <(lines_of script) - <<-'EOF'
		rdmsr 0x38f = 0xff
		wrmsr 0x4c1 0x1234
		switch
		rdpmc 0x0 = 0x1234
		wrmsr 0x38f 0x1000000000000000 fault 13
		rdmsr 0x38f = 0xff
	EOF
}

@test "script refuses what is no access, with the line" {
	local bad
	for bad in rdmsr "rdmsr 1 2" "wrmsr 1" "wrmsr 1 x" "rdpmc 0x100000000" hlt; do
		refuses "script $bad" "script: line 1 is none of: rdmsr MSR, wrmsr MSR VALUE, rdpmc SELECTOR, switch"
	done
	refuses "script NUL" "script: byte 12 is 0x0, and no text"
}

@test "script takes 1023 lines and no more" {
	says "^script 1023: 0, $"
	refuses "script 1024" "script: more than 1023 lines; use several scripts"
	refuses "script long" "script: 40961 bytes are too many; use 40960 at most"
}

@test "a refused script leaves the last, and any script the results" {
	says "^script kept: +1023 switch$"
	says "^sessions and scripts: ([0-9]+) then \1$"
}

@test "nothing written is no run and no script" {
	says "^nothing: 0 0, $"
	says "^script after nothing: +1023 switch$"
	says "^sessions before and after nothing: ([0-9]+) \1$"
}

@test "who comes second is told that a run is under way" {
	says "^run workload=mix: 1, "
	says "^state meanwhile: 1, "
	[ "$(lines_of dmesg | grep -c "a run is under way; try again when it has ended$")" = 2 ]
	[ "$(grep -c "^Device or resource busy" "$T/out")" = 2 ]
	says "^rmmod meanwhile: 1, .*temporarily unavailable"
}

@test "results can be read while a run is under way" {
	says "^read meanwhile: [0-9]+$"
}

@test "a signal ends a run, and leaves the results and no thread" {
	says "^killed writer: 137$"
	says "^terminated writer: 143$"
	says "^no thread after killed writer$"
	says "^no thread after terminated writer$"
	[ "$(grep -c "^tmavisor: interrupted on CPU 0; nothing is left behind" "$T/out")" = 2 ]
	says "^ended runs: ([0-9]+) then \1$"
	says "^run workload=retiring strict=1: 0, tmavisor: all checks ok"
}

@test "under lockdown results can be read, and nothing be written" {
	says "^read under lockdown: [0-9]+$"
	says "^run under lockdown: 1, .*Operation not permitted"
	says "^state under lockdown: 1, .*Operation not permitted"
	says "^script under lockdown: 1, .*Operation not permitted"
}

@test "rmmod takes the folder away" {
	says "^rmmod: 0$"
	says "^no folder left$"
}

@test "Linux has nothing to complain about" {
	[ "$(lines_of dmesg | wc -l)" -gt 100 ]
	run grep -E "Uhhuh|Dazed|BUG:|WARNING:|Oops|unchecked MSR|lockup" "$T/out"
	[ "$status" = 1 ]
}

@test "without debugfs the module works, and says so in a line" {
	grep -q "tmavisor: all checks ok" "$T/without"
	[ "$(grep -c "tmavisor: no debugfs (error -1): the results are in this log alone" "$T/without")" = 1 ]
}
