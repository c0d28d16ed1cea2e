#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The simulated machine: what tools/sim/run promises, and the PMU judged without
# Linux (tools/test/bare).

bats_require_minimum_version 1.5.0

setup_file() {
	export TOP="$BATS_TEST_DIRNAME/../.."
	export T="$BATS_FILE_TMPDIR"
	export BARE="$TOP/build/test/bare/bare"
	make -s -C "$TOP/tools/test/bare"
	make_jobs
	boot first --trace "$T/first.jsonl" --out "$T/first.out" --init "$T/first.sh" \
		--add "$(command -v jq)" --modules kvm_intel --cmdline "answer=42"
	boot second --trace "$T/second.jsonl" --out "$T/second.out" --init "$T/first.sh" \
		--add "$(command -v jq)" --modules kvm_intel --cmdline "answer=42"
}

# One boot serves many tests: output is in $T/NAME, messages in $T/NAME.err.
boot() {
	local name=$1 status=0
	shift
	"$TOP/tools/sim/run" --timeout 120 "$@" >"$T/$name" 2>"$T/$name.err" || status=$?
	echo "$status" >"$T/$name.status"
}

# The watchdog's NMIs come after a second of work.
make_jobs() {
	cat >"$T/first.sh" <<-'EOF'
		echo "id $(id -u)"
		cat /proc/cmdline
		echo '{"a":[1,2]}' | jq -M '.a[1]'
		modprobe kvm_intel enable_apicv=0 && ls -l /dev/kvm
		echo 1 >/proc/sys/kernel/watchdog_thresh
		i=0
		while [ $i -lt 20000 ]; do i=$((i + 1)); done
		grep NMI: /proc/interrupts
		exit 7
	EOF
}

setup() {
	cd "$TOP" || return 1
}

says() {
	grep -qE -- "$2" "$T/$1" || { cat "$T/$1"; return 1; }
}

# run, with its status and one line on standard error
# shellcheck disable=SC2154	# stderr is set by run
ends_with() {
	local status=$1 message=$2
	shift 2
	run -"$status" --separate-stderr tools/sim/run "$@"
	[[ $stderr == *"$message"* ]] || { echo "$stderr"; return 1; }
	[ "$(grep -c . <<<"$stderr")" = 1 ]
}

judge() {
	tools/sim/run --timeout 60 --cpu "$1" --multiboot "$BARE" >"$T/bare-$1" || {
		grep -v '^ok' "$T/bare-$1"
		return 1
	}
	[ "$(tail -n 1 "$T/bare-$1")" = "1..$(grep -c '^ok' "$T/bare-$1")" ]
}

@test "a script's status comes back" {
	[ "$(cat "$T/first.status")" = 7 ]
	[ ! -s "$T/first.err" ]
}

@test "it runs as root, with its output on standard output" {
	says first "^id 0$"
}

@test "--cmdline is appended" {
	says first "answer=42"
}

@test "--add brings the libraries along" {
	says first "^2$"
}

@test "--modules are there for modprobe" {
	says first "/dev/kvm"
}

@test "the NMI watchdog gets its PMIs" {
	says first "NMI: +[1-9]"
}

@test "--out keeps dmesg, serial log and Bochs's log" {
	says first.out/dmesg "Sapphire Rapids events.*full-width counters"
	says first.out/serial.log "sim: status 7"
	says first.out/bochs.log "soft power off"
	run -1 grep -E "WARNING|BUG:|unchecked MSR|Call Trace" "$T/first.out/dmesg"
}

@test "Linux's driver finds the PMU of a Sapphire Rapids" {
	local fact
	for fact in "version: +5" "bit width: +48" "generic registers: +8" \
		    "fixed-purpose events: +4" "event mask: +0001000f000000ff"; do
		says first.out/dmesg "\.\.\. $fact$"
	done
}

@test "the same command gives the same trace, tick for tick" {
	[ -s "$T/first.jsonl" ]
	cmp "$T/first.jsonl" "$T/second.jsonl"
	cmp "$T/first" "$T/second"
	cmp "$T/first.out/dmesg" "$T/second.out/dmesg"
}

@test "the trace is JSON lines with the keys that are documented" {
	local known='["t","retired","cpu","mode","op","msr","name","val","fault","reason","error","nmi","vmx"]'
	jq -es --argjson known "$known" 'all(keys - $known == [])' "$T/first.jsonl"
	jq -es 'all(.mode == "host" and .cpu == 0)' "$T/first.jsonl"
	jq -es '[.[].t] == ([.[].t] | sort)' "$T/first.jsonl"
}

@test "the trace has MSRs, and the LVTPC by MMIO" {
	jq -es 'any(.op == "wrmsr" and .name == "IA32_PERF_GLOBAL_CTRL" and .msr == "0x38f")' \
		"$T/first.jsonl"
	jq -es 'any(.op == "apicw" and .name == "LVTPC" and .val == "0x400")' "$T/first.jsonl"
}

@test "the trace tells accesses made in an NMI handler" {
	jq -es 'any(.nmi and .op == "rdmsr" and .name == "IA32_PERF_GLOBAL_STATUS")' \
		"$T/first.jsonl"
	jq -es 'any(.nmi == false and .name == "IA32_PERF_GLOBAL_CTRL")' "$T/first.jsonl"
}

@test "VM entries and exits are in the trace" {
	tools/sim/run --multiboot "$BARE" --trace "$T/bare.jsonl" >/dev/null
	jq -es 'any(.op == "vmentry" and .fault == false)' "$T/bare.jsonl"
	jq -es 'any(.op == "vmentry" and .fault and .error == 8)' "$T/bare.jsonl"
	jq -es 'any(.op == "vmexit" and .reason == 18 and .mode == "guest")' "$T/bare.jsonl"
	jq -es 'any(.op == "vmexit" and .reason == 33 and .fault)' "$T/bare.jsonl"
	jq -es 'any(.op == "rdmsr" and .mode == "guest")' "$T/bare.jsonl"
	jq -es 'any(.op == "rdpmc" and .msr == "0x80000000" and .fault)' "$T/bare.jsonl"
	jq -es 'any(.op == "strict" and .msg != "")' "$T/bare.jsonl"
}

@test "a command, its arguments as they are" {
	# shellcheck disable=SC2016	# for the shell inside
	run -3 tools/sim/run -- sh -c 'echo "$1|$2"; exit 3' sh "a  b" "it's"
	[ "$output" = "a  b|it's" ]
}

@test "a hang ends with its own status" {
	ends_with 252 "no end after 6 seconds" --timeout 6 -- sh -c 'while :; do :; done'
}

@test "a kernel panic ends with its own status" {
	ends_with 253 "Kernel panic - not syncing" -- sh -c 'echo c >/proc/sysrq-trigger'
}

@test "a machine that dies ends with its own status" {
	ends_with 254 "3rd" --cmdline reboot=t -- reboot -f
}

@test "a reset is the end, with its own status" {
	ends_with 249 "the machine was reset" -- reboot -f
}

@test "an unknown CPU is refused with the names of those there are" {
	ends_with 250 "spr-nometrics" --cpu i386 -- true
}

@test "an unknown kernel is refused" {
	ends_with 250 "6.1" --kernel 2.4 -- true
}

@test "wrong options are refused" {
	ends_with 250 "--nonsense" --nonsense 1 -- true
	ends_with 250 "needs a value" --cpu
	ends_with 250 "no number" --timeout soon -- true
	ends_with 250 "nothing to run"
	ends_with 250 "exclude each other" --module "" -- true
	ends_with 250 "cannot read" --init /nowhere
	ends_with 250 "no such file" --add /nowhere -- true
	ends_with 250 "no module nonsense" --modules nonsense -- true
}

@test "--help names every option" {
	run -0 tools/sim/run --help
	for option in kernel cpu cmdline module init multiboot initrd add perf modules trace out timeout; do
		[[ $output == *"--$option"* ]]
	done
}

@test "the machine itself: spr" {
	judge spr
}

@test "the machine itself: without PERF_METRICS" {
	judge spr-nometrics
}

@test "the machine itself: without the save control, without the load controls" {
	judge spr-nosave
	judge spr-noload
}

@test "the machine itself: version 3, and without full-width writes" {
	judge spr-perfmon3
	judge spr-nofw
}

@test "the machine itself: without EPT, without the preemption timer" {
	judge spr-noept
	judge spr-nopreempt
}

@test "the machine itself: VMX missing, locked off, not unlocked, or not Intel" {
	judge spr-novmx
	judge spr-vmxlocked
	judge spr-vmxunlocked
	judge notintel
}
