#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The tool as a person or a script uses it: exit status, streams, terminals.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	make -s tools
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	export LC_ALL=C.UTF-8
	unset NO_COLOR COLUMNS
	tool=build/tmavisor
	logs=tools/test/cli
	host=$BATS_TEST_TMPDIR/host
}

# Standard input a column a byte: without colour, and with blocks as letters.
columns() {
	sed 's/\x1b\[[0-9;]*m//g; s/\r$//; s/[░▒▓█]/x/g'
}

too_wide() {
	columns | awk 'length > 80'
}

@test "wrong usage ends with 2 and says how to go on" {
	for arguments in "" "foo" "report --foo" "report a b" "report --csv --json" \
			 "decode" "decode 1 2" "decode x" "encode" "encode ret=1" \
			 "delta 1:1" "delta 2:1 1:1" "trace" "doctor x" "run x" 'run a=;b'; do
		echo "$arguments"
		# shellcheck disable=SC2086
		run $tool $arguments
		[ "$status" = 2 ]
		[[ $output == *"tmavisor"* ]]
	done
}

@test "each command has help, usage and a version, within 80 columns" {
	for command in "" decode delta doctor encode report run trace; do
		for option in --help --usage --version; do
			# shellcheck disable=SC2086
			run $tool $command $option
			[ "$status" = 0 ]
			[ -n "$output" ]
			[ -z "$(echo "$output" | too_wide)" ]
		done
	done
}

@test "the version is the module's" {
	run $tool --version
	[ "$output" = "tmavisor $(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' kmod/*.c)" ]
}

@test "a log is read from a file, from standard input, and from -" {
	$tool report $logs/mix.log > "$BATS_TEST_TMPDIR/a"
	$tool report < $logs/mix.log | diff - "$BATS_TEST_TMPDIR/a"
	$tool report - < $logs/mix.log | diff - "$BATS_TEST_TMPDIR/a"
	$tool report --native $logs/mix.log | $tool report | diff - "$BATS_TEST_TMPDIR/a"
}

@test "a cut log ends with 1, its line on standard error, and nothing else" {
	head -c 9000 $logs/mix.log > "$BATS_TEST_TMPDIR/cut"
	run $tool report "$BATS_TEST_TMPDIR/cut"
	[ "$status" = 1 ]
	[ "$output" = "tmavisor report: $BATS_TEST_TMPDIR/cut:119: the log ends, in the middle of a line after 1 of 4 suites" ]
}

@test "a failed check ends with 1 in each form, and is told" {
	sed 's/  ok 6 the exp/  not ok 6 the exp/; s/: ok 3 mix/: not ok 3 mix/' \
		$logs/mix.log > "$BATS_TEST_TMPDIR/failed"
	for form in "" --csv --json --native; do
		# shellcheck disable=SC2086
		run $tool report $form "$BATS_TEST_TMPDIR/failed"
		[ "$status" = 1 ]
		[[ $output == *"failed"* || $output == *"the expected node dominates"* ]]
	done
	run $tool report "$BATS_TEST_TMPDIR/failed"
	[[ $output == *"FAILED mix: the expected node dominates"*"1 failed" ]]
}

@test "files that cannot be read or written, and a full disk, end with 1" {
	for arguments in "report /nonexistent" "report /" "trace /nonexistent" \
			 "report --svg=/nonexistent/x $logs/mix.log"; do
		# shellcheck disable=SC2086
		run $tool $arguments
		[ "$status" = 1 ]
		[[ $output == *"nonexistent"* || $output == *"directory"* ]]
	done
	run bash -c "$tool report $logs/mix.log > /dev/full"
	[ "$status" = 1 ]
	[[ $output == *"No space left"* ]]
}

@test "colour is for terminals alone, and NO_COLOR and TERM=dumb turn it off" {
	escape=$(printf '\033')
	[[ $($tool report $logs/mix.log) != *"$escape"* ]]
	on_terminal() {
		script -qec "stty cols 80; TERM=xterm $1 $tool report $logs/mix.log" /dev/null
	}
	[[ $(on_terminal "") == *"$escape[31m"* ]]
	[[ $(on_terminal "NO_COLOR=1") != *"$escape"* ]]
	[[ $(on_terminal "TERM=dumb") != *"$escape"* ]]
	[[ $(on_terminal "NO_COLOR=") == *"$escape[31m"* ]]
}

@test "the width is the terminal's, or that of COLUMNS" {
	wide() {
		columns | awk '/ 1 \|/ { print length }'
	}
	[ "$($tool report $logs/mix.log | wide)" = 80 ]
	[ "$(COLUMNS=100 $tool report $logs/mix.log | wide)" = 100 ]
	[ "$(COLUMNS=100000 $tool report $logs/mix.log | wide)" = 200 ]
	[ "$(COLUMNS=x $tool report $logs/mix.log | wide)" = 80 ]
	[ "$(script -qec "stty cols 60; $tool report $logs/mix.log" /dev/null | wide)" = 60 ]
}

@test "bars are of letters where the locale has no block characters" {
	[[ $(LC_ALL=C $tool report $logs/mix.log) == *"|FFRRR"* ]]
	[[ $($tool report --ascii $logs/mix.log) == *"|FFRRR"* ]]
	[[ $($tool report $logs/mix.log) == *"|░░███"* ]]
}

@test "everything that people read fits 80 columns" {
	{
		for log in "$logs"/*.log; do $tool report "$log"; done
		$tool trace $logs/switch.jsonl
		$tool doctor || true
		$tool decode 0xfe000000fe000001
		$tool delta 10255339:0x3c000a00f5 10512345:0x3c000b00e4
	} > "$BATS_TEST_TMPDIR/all"
	[ -z "$(too_wide < "$BATS_TEST_TMPDIR/all")" ]
}

@test "CSV and JSON lines are what toplev's and perf's readers take" {
	$tool report --csv $logs/mix.log | python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin))
assert len(rows) == 4 * 13, len(rows)
assert all(row["Area"] and float(row["Value"]) >= 0 and None not in row for row in rows)
assert sum(row["Bottleneck"] == "Y" for row in rows) == 4'
	$tool report --json $logs/mix.log | jq -es '
		length == 48 and all(.[]; ."metric-value" | tonumber >= 0) and
		all(.[]; ."metric-unit" | startswith("%  tma_"))'
	$tool report --native $logs/mix.log | jq -e '.schema == "tmavisor.report"'
}

@test "the picture is well-formed, and says where it is from" {
	$tool report --svg="$BATS_TEST_TMPDIR/mix.svg" $logs/mix.log >/dev/null
	python3 - "$BATS_TEST_TMPDIR/mix.svg" <<-'EOF'
		import sys, xml.etree.ElementTree as tree
		root = tree.parse(sys.argv[1]).getroot()
		assert root.tag == "{http://www.w3.org/2000/svg}svg"
		assert len(root.findall(".//{*}path[{*}title]")) == 4
		assert "simulated machine" in "".join(root.itertext())
	EOF
}

@test "decode ends with 1 if the register is mismeasured" {
	$tool decode 0x3c000a00f5
	run $tool decode 0xff00ff
	[ "$status" = 1 ]
	[[ $output == *"510, not 255: mismeasured"* ]]
}

@test "delta warns of a window that is noise" {
	run $tool delta 10255339:0x3c000a00f5 10512345:0x3c000a00f5
	[ "$status" = 0 ]
	[[ $output == *"warning: noise: too few slots"* ]]
	run $tool delta 255339:0x3c000a00f5 510525:0x3c000a00f5
	[[ $output != *warning* ]]
}

@test "a trace of a switch is shown in order and judged" {
	run $tool trace $logs/switch.jsonl
	[ "$status" = 0 ]
	[[ $output == *"load  WRMSR  IA32_FIXED_CTR3"*$'\n'"  load  WRMSR  IA32_PERF_METRICS"* ]]
	grep -v '"wrmsr","msr":"0x329"' $logs/switch.jsonl > "$BATS_TEST_TMPDIR/alone"
	run $tool trace "$BATS_TEST_TMPDIR/alone"
	[ "$status" = 1 ]
	[[ $output == *"WRONG  WRMSR FIXED_CTR3 is directly followed by WRMSR PERF_METRICS"* ]]
	head -3 $logs/switch.jsonl > "$BATS_TEST_TMPDIR/none"
	run $tool trace "$BATS_TEST_TMPDIR/none"
	[ "$status" = 1 ]
	[[ $output == *"there is no switch in it"* ]]
}

#
# The doctor's patients
#

# A Sapphire Rapids with all that is needed.
healthy_host() {
	mkdir -p "$host"/proc/sys/kernel "$host"/sys/kernel/security \
		"$host"/usr/bin "$host"/lib/modules/6.1.0/build
	echo 6.1.0 > "$host/proc/sys/kernel/osrelease"
	echo 0 > "$host/proc/sys/kernel/nmi_watchdog"
	echo "flags : fpu vmx" > "$host/proc/cpuinfo"
	echo "[none] integrity confidentiality" > "$host/sys/kernel/security/lockdown"
	touch "$host"/usr/bin/{nasm,gcc} "$host/lib/modules/6.1.0/build/Makefile"
	echo 0 > "$host/uid"
	cat > "$host/cpuid" <<-EOF
		0 0 20 756e6547 6c65746e 49656e69
		1 0 806f8 0 00008020 0
		a 0 07300805 0 f 00008604
	EOF
	cat > "$host/msrs" <<-EOF
		3a 5
		345 a000
		481 000000ff00000016
		482 fffbfffe0401e172
		483 407fffff00036dff
		484 0000ffff000011ff
		48b 0000000200000000
		48c 00000f0106734141
	EOF
}

# patient FILE SED NAME: what is changed in a healthy host is what is missing.
patient() {
	rm -rf "$host"
	healthy_host
	sed -i "$2" "$host/$1"
	run $tool doctor --root "$host"
	echo "$output"
	[ "$status" = 1 ]
	[ "$(grep -c MISSING <<< "$output")" = 1 ]
	[[ $output == *"$3"*"MISSING"*"-> "* ]]
}

@test "the doctor lets a healthy host go" {
	healthy_host
	run $tool doctor --root "$host"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"This host can run tmavisor: 28 ok, 0 missing, 0 optional, 0 not seen"* ]]
}

@test "the doctor finds each thing that is missing, and that alone" {
	patient cpuid 's/^0 0 .*/0 0 20 68747541 444d4163 69746e65/' "Intel CPU"
	patient cpuid 's/00008020/00008000/' "VMX  "
	patient cpuid 's/07300805/07300803/' "performance monitoring 4"
	patient cpuid 's/07300805/07300905/' "general counters"
	patient cpuid 's/ f 00008604/ 1f 00008604/' "fixed counters"
	patient msrs 's/^3a 5/3a 1/' "firmware allows VMX"
	patient msrs 's/^3a 5/3a 4/' "firmware allows VMX"
	patient msrs 's/^345 a000/345 8000/' "full-width counter writes"
	patient msrs 's/^481 .*/481 000000bf00000016/' "VMX-preemption timer"
	patient msrs 's/^481 .*/481 000000df00000016/' "virtual NMIs"
	patient msrs 's/^482 .*/482 effbfffe0401e172/' "MSR bitmaps"
	patient msrs 's/^483 .*/483 007fffff00036dff/' "exit saves GLOBAL_CTRL"
	patient msrs 's/^483 .*/483 407fefff00036dff/' "exit loads GLOBAL_CTRL"
	patient msrs 's/^484 .*/484 0000dfff000011ff/' "entry loads GLOBAL_CTRL"
	patient msrs 's/^48b .*/48b 0/' "EPT"
	patient msrs 's/^48c .*/48c 00000f0106734101/' "EPT"
	patient proc/cpuinfo 's/$/ fred/' "FRED off"
}

# optional PATH TEXT NAME: a healthy host with this file can, but it is told.
optional() {
	rm -rf "$host"
	healthy_host
	mkdir -p "$(dirname "$host/$1")"
	printf '%b' "$2" > "$host/$1"
	run $tool doctor --root "$host"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"$3"*"missing (optional)"* ]]
}

@test "the doctor tells what is not needed, and still says yes" {
	optional proc/sys/kernel/nmi_watchdog 1 "NMI watchdog off"
	optional sys/kernel/security/lockdown "none [integrity] confidentiality" "lockdown off"
	optional sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c \
		'\006\000\000\000\001' "Secure Boot off"
	optional sys/module/kvm_intel/refcnt 0 "VMX is free of KVM"
	optional uid 1000 "root"
}

@test "KVM with machines, or with VMX from the start, is in the way" {
	healthy_host
	mkdir -p "$host/sys/module/kvm_intel" "$host/sys/module/kvm/parameters"
	echo 2 > "$host/sys/module/kvm_intel/refcnt"
	run $tool doctor --root "$host"
	[ "$status" = 1 ]
	[[ $output == *"kvm_intel has VMX, 2 users"*"-> modprobe -r kvm_intel"* ]]
	echo 0 > "$host/sys/module/kvm_intel/refcnt"
	echo Y > "$host/sys/module/kvm/parameters/enable_virt_at_load"
	run $tool doctor --root "$host"
	[ "$status" = 1 ]
}

@test "without root the doctor says what it could not see" {
	healthy_host
	rm "$host/msrs"
	echo 1000 > "$host/uid"
	run $tool doctor --root "$host"
	[ "$status" = 0 ]
	[[ $output == *"entry loads GLOBAL_CTRL      not seen"* ]]
	[[ $output == *"As far as can be seen, this host can run tmavisor"* ]]
	[[ $output == *"To see the rest: sudo modprobe msr"* ]]
}

@test "the doctor's JSON has each check and the sum" {
	healthy_host
	$tool doctor --json --root "$host" | jq -es '
		length == 29 and .[28].can_run and .[28].ok == 28 and
		all(.[:28][]; .verdict == "ok" and .remedy == "")'
}

#
# Whole machines
#

@test "run uses the simulated machine, says so, and passes parameters" {
	run $tool run --simulated workload=mix switches=2 slices=3 \
		--log="$BATS_TEST_TMPDIR/log"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"in the simulated machine"*"a simulated machine: slots are"* ]]
	[[ $output == *"with 2 forced switches"*" 3 |"*"0 failed"* ]]
	$tool report "$BATS_TEST_TMPDIR/log" | grep -q "^mix: "
	run $tool run --simulated workload=nonsense
	[ "$status" = 1 ]
	[[ $output == *"workload=nonsense is unknown"* ]]
}

@test "where the host can, doctor says so, and run loads and unloads the module there" {
	cat > "$BATS_TEST_TMPDIR/job" <<-'EOF'
		modprobe msr
		/build/tmavisor doctor
		/build/tmavisor run workload=core_bound switches=2 && echo "run is well"
		grep -q '^tmavisor ' /proc/modules || echo "module is gone"
	EOF
	release=$(basename "$(dirname "$(ls build/kmod/*-cloud-amd64/tmavisor.ko)")")
	run tools/sim/run --init "$BATS_TEST_TMPDIR/job" --modules msr \
		--add $tool:/build/tmavisor --add tools/sim/run:/tools/sim/run \
		--add "build/kmod/$release/tmavisor.ko:/build/kmod/$release/tmavisor.ko"
	echo "$output"
	[[ $output == *"exit saves GLOBAL_CTRL       ok "* ]]
	[[ $output == *"0 not seen"* ]]
	[[ $output == *"on this host"*"Backend_Bound.Core_Bound"*"<=="*"run is well"*"module is gone"* ]]
}

@test "completion knows commands, options, parameters and workloads" {
	run bash -c 'source tools/cli/tmavisor.bash
		complete_words() {
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
			_tmavisor
			echo "${COMPREPLY[*]}"
		}
		complete_words tmavisor do
		complete_words tmavisor report --sv
		complete_words tmavisor run work
		complete_words tmavisor run workload = mem
		complete_words tmavisor run profile = l1'
	[ "$output" = "$(printf '%s\n' doctor --svg= workload= memory_bound l1only)" ]
}
