#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The module in the simulated machine: the same .ko that a host loads, Debian's
# own kernel, its NMI watchdog, its KVM.

load machine

setup_file() {
	begin_suite
	# The same with probes that lack what drives their nodes.
	make -s KVER="$KVER" MODDIR=build/kmod/keyless GUEST_FLAGS=-DWITHOUT_KEY \
		module > /dev/null
	gcc -static -O2 -Wall -o "$T/hold_vm" tools/test/hold_vm.c
	gcc -static -O2 -Wall -o "$T/rdmsrs" tools/test/rdmsrs.c
	boot_all
}

# One boot serves many tests: their outputs are $T/NAME, statuses $T/NAME.status
boot() {
	local name=$1 status=0
	shift
	tools/sim/run --timeout 300 "$@" > "$T/$name" 2>&1 || status=$?
	echo "$status" > "$T/$name.status"
}

boot_all() {
	boot plain --module "strict=1" --trace "$T/plain.jsonl" --out "$T/plain.out"
	boot keyless --add build/kmod/keyless/tmavisor.ko:/tmavisor.ko \
		-- sh -c "/bin/insmod /tmavisor.ko switches=0; dmesg"
	boot quiet --init tools/test/init/msrs.sh --add "$KO:/tmavisor.ko" \
		--add tools/test/init/host_msrs.sh:/host_msrs.sh \
		--add /usr/sbin/rdmsr --add /usr/sbin/wrmsr --modules msr \
		--cmdline nowatchdog --trace "$T/quiet.jsonl"
	boot parameters --init tools/test/init/parameters.sh --add "$KO:/tmavisor.ko"
	boot profiles --init tools/test/init/profiles.sh --add "$KO:/tmavisor.ko" \
		--add /usr/sbin/wrmsr --add "$T/rdmsrs:/rdmsrs" --modules msr \
		--cmdline "nowatchdog log_buf_len=1M" --out "$T/profiles.out" \
		--trace "$T/profiles.jsonl"
	boot trapped --module "profile=gp4 strict=1"
	boot host --init tools/test/init/run.sh --add "$KO:/tmavisor.ko" \
		--add tools/run:/run --add /bin/bash \
		--add "$T/hold_vm:/hold_vm" --modules kvm_intel
}

status_of() {
	cat "$T/$1.status"
}

@test "with the NMI watchdog on, every check of the module's is ok" {
	says plain "tmavisor: all checks ok"
	run grep "not ok" "$T/plain"
	[ "$status" = 1 ]
	[ "$(status_of plain)" = 0 ]
}

@test "in each workload the counts and shares with switches are compared" {
	[ "$(grep -cE "ok (8 switches change no instruction count|9 switches change slots by at most 1%|10 switches change shares by at most 1 point)$" "$T/plain")" = 30 ]
}

# How often the host was given back the watchdog's counter: fixed counter 1,
# counting everything, with a PMI.
watchdog_restored() {
	grep -c '"mode":"host","op":"wrmsr","msr":"0x38d".*"val":"0xb0"' "$1" || true
}

@test "each put gives the watchdog its counter back" {
	[ "$(watchdog_restored "$T/plain.jsonl")" -gt 400 ]
	[ "$(watchdog_restored "$T/quiet.jsonl")" = 0 ]
}

@test "Linux has nothing to complain about" {
	run grep -rE "Uhhuh|Dazed|BUG:|WARNING:|Oops|unchecked MSR|lockup" "$T/plain.out"
	[ "$status" = 1 ]
}

# found NODE: how many workloads expect it and found it
found() {
	grep -c "# Expect: $1, found $1$" "$T/plain"
}

@test "each workload's node is found, and by no other workload" {
	local node
	for node in Light_Operations Heavy_Operations Branch_Mispredicts \
		    Machine_Clears Fetch_Latency Fetch_Bandwidth Memory_Bound \
		    Core_Bound Retiring; do
		[ "$(found "$node")" = 1 ]
	done
}

@test "without its key no workload finds its node" {
	says keyless "ok 1 leaks"
	[ "$(grep -c "not ok [0-9]* the expected node dominates" "$T/keyless")" = 10 ]
	[ "$(grep -c "tmavisor: not ok" "$T/keyless")" = 10 ]
}

# The category with the largest byte, of each slice of mix in turn.
mix_phases() {
	sed -n 's/.*mix slice [0-9]*: .*PERF_METRICS 0x........\(..\)\(..\)\(..\)\(..\)$/\1 \2 \3 \4/p' \
		"$T/plain" | while read -r backend frontend bad retiring; do
		printf '%s backend\n%s frontend\n%s bad\n%s retiring\n' \
			"$backend" "$frontend" "$bad" "$retiring" | sort -r | head -n 1 |
			cut -d' ' -f2
	done | paste -sd' '
}

@test "mix shows a phase of each category, a slice each" {
	[ "$(mix_phases)" = "retiring bad frontend backend" ]
}

# What the slices of a workload add up to.
slots_of_slices() {
	sed -n "s/.*# $1 slice [0-9]*: \([0-9]*\) slots.*/\1/p" "$T/plain" |
		paste -sd+ | { read -r sum; echo $((sum)); }
}

@test "the slots of a workload are the sum of its slices" {
	local whole
	whole=$(sed -n '/Subtest: core_bound/,$s/.*# plain: \([0-9]*\) slots.*/\1/p' "$T/plain" |
		head -n 1)
	[ "$whole" -gt 1000000 ]
	[ "$(slots_of_slices core_bound)" = "$whole" ]
}

@test "KTAP plans hold: every suite has as many results as it said" {
	sed -n 's/.*tmavisor: //p' "$T/plain" | awk '
		/^  1\.\./ { want = substr($1, 4); got = 0 }
		/^  (not )?ok / { got++ }
		/^(not )?ok / { top++; if (want != got) bad = 1 }
		/^1\.\./ { plan = substr($1, 4) }
		END { exit bad || !plan || top != plan }'
}

# Expect: no error, and no more skipped than the guest's PMU leaves out.
@test "the kernel's own parser accepts what the module says" {
	run tools/test/kunit parse "$T/plain.out/dmesg"
	[ "$status" = 0 ]
	[[ $output =~ "Ran "[0-9]{3}" tests: passed: "[0-9]{3}", skipped: "[0-9]+$ ]]
}

@test "the kernel's own parser finds each check that fails, and no other fault" {
	run tools/test/kunit parse "$T/keyless"
	[ "$status" = 1 ]
	[[ $output =~ "passed: "[0-9]+", failed: 10, skipped: " ]]
	[[ $output != *"errors:"* ]]
	[ "$(grep -c "FAILED. the expected node dominates" <<< "$output")" = 10 ]
}

@test "the switches of that run are in order, with the watchdog on" {
	tools/test/trace_check --switches 400 --pairs 400 "$T/plain.jsonl"
}

@test "the switches are in order, with nowatchdog" {
	tools/test/trace_check --switches 400 --pairs 400 "$T/quiet.jsonl"
}

@test "with nowatchdog every PMU MSR has its value from before" {
	says quiet "msrs equal: 29"
	[ "$(status_of quiet)" = 0 ]
}

@test "a CPU that is not there is refused, and the ones that are named" {
	says parameters "tmavisor: cpu=1 is not online; use one of 0"
	says parameters "tmavisor: cpu=-1 is not online"
}

@test "an impossible number of switches is refused with the range" {
	says parameters "switches=-1 is out of range; use 0 to 1000000"
	says parameters "switches=1000001 is out of range"
}

@test "an impossible number of slices is refused with the range" {
	says parameters "slices=0 is out of range; use 1 to 10000"
	says parameters "slices=10001 is out of range"
}

@test "an event that is none is refused with the form of one" {
	says parameters "deny: .nonsense. is no event; use rUUEE"
	says parameters "deny: .. is no event"
}

@test "an unknown workload is refused with the names of the known" {
	says parameters "workload=nonsense is unknown; use all, retiring, light_operations, heavy_operations, branch_mispredicts, machine_clears, fetch_latency, fetch_bandwidth, memory_bound, core_bound or mix"
}

@test "a profile that cannot be is refused with the reason" {
	says parameters "profile=bogus is unknown; use full, nometrics"
	says parameters "profile=custom:gp=9 cannot be had: the hardware has fewer"
	says parameters "metrics=1 cannot be had: PERF_METRICS needs fixed counter 3"
}

# policy PROFILE RDPMC PERF_METRICS GLOBAL_CTRL
policy() {
	says profiles "^status $1: 0$"
	says profiles "^policy $1: RDPMC $2, PERF_METRICS $3, GLOBAL_CTRL $4$"
}

@test "each profile passes what is the guest's alone, and traps the rest" {
	policy full passed passed passed
	policy nometrics trapped trapped trapped
	policy fixed3 trapped trapped trapped
	policy gp4 trapped passed trapped
	policy narrow trapped trapped trapped
	policy nofw passed passed passed
	policy l1only trapped trapped trapped
	policy none trapped trapped trapped
	policy custom:gp=2,fixed=0xb,l2=0,fw=0 trapped trapped trapped
	policy custom:gp=0,fixed=1,metrics=0,l2=0 trapped trapped trapped
	policy custom:gp=4,fixed=0,metrics=0,l2=0 trapped trapped trapped
	run grep "not ok" "$T/profiles"
	[ "$status" = 1 ]
}

@test "a profile that traps counts the same instructions as one that passes" {
	local full
	full=$(value_of profiles "instructions full")
	[ "$full" -gt 1000000 ]
	for profile in nometrics fixed3 gp4 narrow nofw l1only; do
		[ "$(value_of profiles "instructions $profile")" = "$full" ]
	done
}

@test "each workload finds its node in a profile that traps, too" {
	says trapped "guest's PMU: RDPMC trapped, PERF_METRICS passed, GLOBAL_CTRL trapped"
	[ "$(grep -c "ok [0-9]* the expected node dominates" "$T/trapped")" = 10 ]
	says trapped "all checks ok"
	[ "$(status_of trapped)" = 0 ]
}

@test "in each profile the guest reads nothing of the host's" {
	run grep -c "ok 1 leaks" "$T/profiles.out/dmesg"
	[ "$output" = 12 ]
	says profiles.out/dmesg "RDPMC: 13 of 66670 selectors, values ORed 0x0; 0 more at random, 0x0"
	says profiles.out/dmesg "RDPMC: 0 of 66670 selectors, values ORed 0x0; 0 more at random, 0x0"
}

# What a host has left in its registers, before the first profile and after each.
@test "each profile leaves all 32 MSRs of the host's PMU as they were" {
	run grep -c "^msrs equal after " "$T/profiles"
	[ "$output" = 11 ]
	run grep -c "^planted " "$T/profiles"
	[ "$output" = 27 ]
}

# Where the host's registers hold 0, what is left there is nobody's but the guest's.
@test "no value crosses where the host's PMU is at rest" {
	tools/test/leak_check "$T/plain.jsonl"
}

@test "no value crosses from host to guest or back, in any profile" {
	tools/test/leak_check --planted "$T/profiles" "$T/profiles.jsonl"
	run grep "the guest's canary" "$T/profiles"
	[ "$status" = 1 ]
}

# judged LINES...: what the judge says of a trace of these, one register planted
judged() {
	echo "planted 4c1 0xc0dec0de0020" > "$T/judged.planted"
	printf '{"t":1,"cpu":0,%s,"fault":false,"nmi":false}\n' "$@" > "$T/judged.jsonl"
	run tools/test/leak_check --planted "$T/judged.planted" "$T/judged.jsonl"
}

# Expect: red for each kind of leak, in turn.
@test "the judge tells a leak from none" {
	local saved='"mode":"host","op":"rdpmc","msr":"0x0","val":"0xc0dec0de0020"'
	local leave='"mode":"guest","op":"wrmsr","msr":"0x309","name":"IA32_FIXED_CTR0","val":"0x6a57ca30"'
	local clean='"mode":"host","op":"wrmsr","msr":"0x309","name":"IA32_FIXED_CTR0","val":"0x0"'
	local read='"mode":"guest","op":"rdpmc","msr":"0x40000000","val":"0x0"'
	local put='"mode":"host","op":"wrmsr","msr":"0x38f","name":"IA32_PERF_GLOBAL_CTRL","val":"0xff"'

	judged "$saved" "$leave" "$read" "$clean" "$put"
	[ "$status" = 0 ]
	judged "$saved" "$leave" "$read" "$put" "$clean"
	[[ $output = *"not ok 5"* ]]
	judged "$saved" "$leave" "${read/0x0\"/0xc0de0020\"}" "$clean" "$put"
	[[ $output = *"not ok 4"* ]]
	judged "$leave" "$read" "$clean" "$put"
	[[ $output = *"not ok 1"* ]]
	judged "$saved" "$read" "$clean" "$put"
	[[ $output = *"not ok 3"* ]]
}

@test "the host's metrics are scrubbed for each profile that has them, on both sides" {
	tools/test/trace_check --partial --switches 1000 --pairs 100 "$T/profiles.jsonl"
}

# conforms PROFILE RESULTS: so many were no SKIP
conforms() {
	local shown
	shown=$(sed -n "/begin $1\$/,/ok 2 conformance/p" "$T/profiles.out/dmesg" |
		sed -n '/Subtest: conformance/,$p' | grep "  ok ")
	[ "$(grep -vc SKIP <<< "$shown")" -ge "$2" ] || { echo "$shown"; return 1; }
}

# Expect: claims that a profile cannot show are skipped, and those alone.
@test "each profile conforms to the manual" {
	run grep -c "tmavisor: ok 2 conformance" "$T/profiles.out/dmesg"
	[ "$output" = 12 ]
	conforms full 61
	conforms nometrics 58
	conforms fixed3 58
	conforms gp4 62
	conforms narrow 58
	conforms nofw 61
	conforms l1only 62
	conforms none 13
}

@test "of all claims on conformance each is shown by some profile" {
	local all
	all=$(sed -n '/Subtest: conformance/,/ok 2 conformance/s/.*  ok [0-9]* //p' \
		"$T/profiles.out/dmesg")
	diff <(sed 's/ # SKIP.*//' <<< "$all" | sort -u) \
		<(grep -v SKIP <<< "$all" | sort -u)
}

@test "a denied event reads back and doesn't count" {
	says profiles "^status deny: 0$"
	says profiles "ok [0-9]+ F1 a denied event reads back and does not count$"
	says profiles "ok [0-9]+ F1 a fixed counter of a denied event does not count$"
}

# The machine takes a PMI at the end of a run of 32 instructions, at the latest.
@test "a PMI of the guest's is at most 64 instructions late" {
	run sed -n "s/.*PMI: its handler's RDPMC came \([0-9]*\) instr.*/\1/p" \
		"$T/profiles.out/dmesg"
	[ "${#lines[@]}" -ge 10 ]
	for late in "${lines[@]}"; do
		[ "$late" -ge 1 ]
		[ "$late" -le 64 ]
	done
}

@test "bad parameters fail the insmod, good ones don't" {
	local bad
	for bad in cpu=1 cpu=-1 cpu=4294967296 switches=-1 switches=1000001 \
		   slices=0 slices=-1 slices=10001 deny=nonsense deny=cycles, \
		   switches=many workload= workload=nonsense strict=perhaps \
		   profile=bogus profile=custom:gp=9; do
		run grep "insmod $bad: 0" "$T/parameters"
		[ "$status" = 1 ]
		says parameters "insmod $bad: [1-9]"
	done
	says parameters "insmod workload=fetch_latency switches=3 strict=1: 0"
	says parameters "insmod switches=0 strict=1: 0"
}

@test "a killed insmod leaves no module and no thread" {
	says parameters "tmavisor: interrupted on CPU 0; nothing is left behind"
	says parameters "not loaded after kill"
	says parameters "no thread after kill"
}

@test "runs in a row give all memory back" {
	says parameters "memory is back"
}

@test "make run shows what the module says and unloads it" {
	says host "^run: 0$"
	says host "tmavisor: all checks ok"
	says host "^unloaded$"
	says host "^no module: [1-9]"
	says host "^bad parameter: [1-9]"
	says host "switches=-1 is out of range"
}

@test "make run offers KVM=unload where VMX is in use" {
	says host "^vm held: [1-9]"
	says host "sudo make run KVM=unload"
	says host "^vm held, unload: [1-9]"
	says host "kvm_intel is in use or built in; stop its virtual machines first"
}

@test "make run KVM=unload gives VMX back to KVM" {
	says host "^unload: 0$"
	says host "^kvm_intel is back$"
}

# refused CPU "what the module says" "what insmod says"
refused() {
	boot "$1" --cpu "$1" --module "strict=1"
	says "$1" "tmavisor: $2"
	says "$1" "$3"
	[ "$(status_of "$1")" != 0 ]
}

# Apart from the two that Linux logs of any such module.
one_line() {
	[ "$(grep "tmavisor: " "$T/$1" | grep -vc taint)" = 1 ]
}

@test "no Intel CPU" {
	refused notintel "this is no Intel CPU" "No such device"
}

@test "no VMX" {
	refused spr-novmx "this CPU has no VMX" "No such device"
	one_line spr-novmx
}

@test "VMX locked off by firmware" {
	refused spr-vmxlocked "firmware has locked VMX off .*enable VT-x in the firmware" "Operation not permitted"
	one_line spr-vmxlocked
}

@test "FEATURE_CONTROL left unlocked by firmware" {
	refused spr-vmxunlocked "IA32_FEATURE_CONTROL is not locked" "Operation not permitted"
	one_line spr-vmxunlocked
}

@test "no EPT" {
	refused spr-noept "this CPU has no EPT" "Operation not supported"
	one_line spr-noept
}

@test "no control to save GLOBAL_CTRL: refused by its name" {
	refused spr-nosave 'VM-exit control "save IA32_PERF_GLOBAL_CTRL" cannot be 1' "Operation not supported"
	one_line spr-nosave
}

@test "no control to load GLOBAL_CTRL: refused by its name" {
	refused spr-noload '.*control "load IA32_PERF_GLOBAL_CTRL" cannot be 1' "Operation not supported"
	one_line spr-noload
}

@test "no preemption timer: refused by its name" {
	refused spr-nopreempt '.*control "activate VMX-preemption timer" cannot be 1' "Operation not supported"
	one_line spr-nopreempt
}

@test "perfmon version 3 is too old" {
	refused spr-perfmon3 "performance monitoring is version 3, 4 is needed" "Operation not supported"
	one_line spr-perfmon3
}

@test "no full-width writes" {
	refused spr-nofw "counters cannot be written in full width" "Operation not supported"
	one_line spr-nofw
}

@test "without PERF_METRICS it runs with what is left, and says so" {
	boot nometrics --cpu spr-nometrics --module "strict=1" \
		--trace "$T/nometrics.jsonl"
	says nometrics "no PERF_METRICS on this CPU"
	says nometrics "SKIP no PERF_METRICS, or slots are denied"
	says nometrics "all checks ok"
	[ "$(status_of nometrics)" = 0 ]
	tools/test/trace_check --no-metrics --switches 400 "$T/nometrics.jsonl"
}

@test "the module's checksum is printed" {
	says plain "$(sha256sum "$KO" | cut -d' ' -f1)"
}
