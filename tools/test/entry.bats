#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# VM entries that fail in the simulated machine, which is told to spoil a field
# of the VMCS before its checks: the report, the host's PMU, and the next try.

load machine

setup_file() {
	begin_suite
	boot_all
}

# boot NAME FIELD=VALUE@N
boot() {
	tools/sim/run --timeout 120 --init tools/test/init/entry.sh \
		--add "$KO:/tmavisor.ko" --vmcs "$2" \
		--add tools/test/init/host_msrs.sh:/host_msrs.sh \
		--add /usr/sbin/rdmsr --add /usr/sbin/wrmsr --modules msr \
		--cmdline nowatchdog --trace "$T/$1.jsonl" > "$T/$1" 2>&1 || true
}

# The first entry of all, and later ones: by then there is a guest to be taken
# out. (The kernel's %#x of 0 is 0x0.)
boot_all() {
	boot control 0x4000=0@1		# PIN_BASED_CONTROLS
	boot host 0xc0c=0x43@9		# HOST_TR_SELECTOR
	boot guest 0x6820=0@9		# GUEST_RFLAGS
	boot metrics 0x2808=0x1000000000@9	# GUEST_IA32_PERF_GLOBAL_CTRL
	boot link 0x2800=0x1000@2	# VMCS_LINK_POINTER
}

says() {
	grep -qF -- "$2" "$T/$1" || { cat "$T/$1"; return 1; }
}

# One of a VMfail, one of an exit: that number, and nothing else that failed.
vmfail() {
	[ "$(grep -c '"op":"vmentry","fault":true' "$T/$1.jsonl")" = 1 ]
	grep -q '"op":"vmentry","fault":true,"error":'"$2" "$T/$1.jsonl"
	says "$1" "tmavisor: VM entry failed: VM-instruction error $2 "
}

failed_exit() {
	[ "$(grep -c '"op":"vmexit".*"fault":true' "$T/$1.jsonl")" = 1 ]
	grep -q '"op":"vmexit","reason":'"$2"',"fault":true' "$T/$1.jsonl"
	says "$1" "tmavisor: VM entry failed: exit $2 "
}

# insmod says so, the host has its PMU, and the next guest runs.
undone() {
	says "$1" "insmod: 1"
	says "$1" "could not insert module /tmavisor.ko: Input/output error"
	says "$1" "not loaded"
	says "$1" "msrs equal: 29"
	says "$1" "insmod again: 0"
	says "$1" "all checks ok"
	says "$1" "msrs equal again: 29"
	says "$1" "no complaint of Linux's"
}

@test "error 7: the control word, its value, the bits and the MSR are named" {
	vmfail control 7
	says control "PIN_BASED_CONTROLS is 0x0: bits 0x16 must be 1"
	says control "MSR 0x48d is 0x"
}

@test "error 7: insmod fails, every PMU MSR is as before, the next one works" {
	undone control
}

@test "error 8: the host field, its value and the rule are named" {
	vmfail host 8
	says host "HOST_TR_SELECTOR is 0x43: RPL and TI must be 0"
}

@test "error 8: insmod fails, every PMU MSR is as before, the next one works" {
	undone host
}

@test "exit 33: the guest field, its value and the rule are named" {
	failed_exit guest 33
	says guest "GUEST_RFLAGS is 0x0: bits 0x2 must be 1"
	failed_exit metrics 33
	says metrics "GUEST_IA32_PERF_GLOBAL_CTRL is 0x1000000000: bits 0x1000000000 must be 0"
	failed_exit link 33
	says link "VMCS_LINK_POINTER is 0x1000: bits 0xffffffffffffefff must be 1"
}

@test "exit 33: insmod fails, every PMU MSR is as before, the next one works" {
	undone guest
	undone metrics
	undone link
}

@test "the switches are in order, those of the entries that fail too" {
	local name
	for name in control host guest metrics link; do
		tools/test/trace_check --partial --switches 3 "$T/$name.jsonl"
	done
}

@test "a --vmcs that names no field, value or entry is refused" {
	local wrong
	for wrong in 0x4000 0x4000=1 0x4000=1@0 4000=1@1 0x4000=x@1; do
		run tools/sim/run --vmcs "$wrong" -- true
		[ "$status" = 250 ]
		[[ $output == *"--vmcs $wrong is not FIELD=VALUE@N"* ]]
	done
}
