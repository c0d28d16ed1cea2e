#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What a VM exit does not give back, or never took away. Two witnesses: the
# simulated machine, which compares all of the host's state at VMXON and VMXOFF
# (tools/sim/run --state), and a task that uses it (host_state.c). Each test can be
# run alone, and with another module: tools/mutants does both.

load machine

setup_file() {
	begin_suite
	gcc -static -O2 -Wall -o "$T/host_state" tools/test/host_state.c
}

# One boot each, for those tests that are run: outputs $T/NAME, $T/NAME.state
boot() {
	[ ! -e "$T/$1" ] || return 0
	tools/sim/run --timeout 300 --state "$T/$1.state" \
		--add "$KO:/tmavisor.ko" "${@:2}" > "$T/$1" 2>&1 || true
}

# Without UMIP, as some kernels run, so that user space sees SGDT and SIDT.
tasks() {
	boot tasks --init tools/test/init/state.sh --add "$T/host_state:/host_state" \
		--add /usr/sbin/rdmsr --add /usr/sbin/wrmsr --modules msr \
		--cmdline clearcpuid=umip
	# A machine that has died in a slice has compared nothing behind it.
	says tasks "status: "
}

says() {
	grep -qF -- "$2" "$T/$1" || { cat "$T/$1"; return 1; }
}

# summary BOOT AT NAME: what the machine says of it, on one line
summary() {
	grep -F "\"op\":\"summary\",\"at\":\"$2\",\"name\":\"$3\"" "$T/$1.state"
}

# number BOOT AT NAME KEY
number() {
	summary "$1" "$2" "$3" | sed "s/.*\"$4\":\([0-9]*\).*/\1/"
}

# intact BOOT AT NAME...: seen, and right every time
intact() {
	local name
	for name in "${@:3}"; do
		[ "$(number "$1" "$2" "$name" seen)" -gt 0 ]
		if [ "$(number "$1" "$2" "$name" wrong)" != 0 ]; then
			grep "\"at\":\"$2\",\"name\":\"$name\"" "$T/$1.state"
			return 1
		fi
	done
}

# given_back NAME...: VM exits have lost it, and at VMXOFF it was there again
given_back() {
	local name
	intact tasks vmxoff "$@"
	for name in "$@"; do
		[ "$(number tasks vmxoff "$name" telling)" -gt 300 ]
	done
}

# used NAME TIMES: the task used it, that often and more, and it was right each time
used() {
	local rounds
	rounds=$(sed -n "s/^$1: \([0-9]*\) rounds, 0 wrong$/\1/p" "$T/tasks")
	[ -n "$rounds" ] || { cat "$T/tasks"; return 1; }
	[ "$rounds" -ge "$2" ]
}

@test "the guest and the task took turns, a hundred times and more" {
	tasks
	says tasks "status: 0"
	says tasks "tmavisor: all checks ok"
	says tasks "no complaint of Linux's"
	[ "$(sed -n 's/^interrupted: //p' "$T/tasks")" -gt 100 ]
}

@test "DR7: a hardware breakpoint counts every write" {
	tasks
	used breakpoint 1000
}

@test "DR7: given back, and DR0 to DR3 and DR6 not touched" {
	tasks
	given_back DR7
	intact tasks vmxoff DR0 DR1 DR2 DR3 DR6
}

@test "IA32_KERNEL_GS_BASE: given back" {
	tasks
	given_back IA32_KERNEL_GS_BASE
}

@test "IA32_KERNEL_GS_BASE: the guest has its own" {
	tasks
	intact tasks vmentry IA32_KERNEL_GS_BASE
}

@test "vectors, MXCSR, x87: a task's are as it left them" {
	tasks
	used vectors 1000
}

@test "vectors, MXCSR, x87: not touched" {
	tasks
	intact tasks vmxoff MXCSR "vector registers" "opmask registers" x87 XCR0
}

@test "vectors, MXCSR, x87: not to be read by the guest" {
	tasks
	says tasks "tmavisor:   ok 3 debug, x87, SSE, AVX registers and TSC_AUX cannot be read"
}

@test "general registers: the guest's own at each VM entry" {
	tasks
	intact tasks vmentry RAX RBX RCX RDX RSI RDI RBP R8 R9 R10 R11 R12 R13 R14 R15
}

@test "general registers: 0 before the first branch after a VM exit" {
	tasks
	intact tasks vmexit RAX RBX RDX RSI RDI RBP R8 R9 R10 R11 R12 R13 R14 R15
	[ "$(number tasks vmexit RDI telling)" -gt 400 ]
}

@test "CR2: given back" {
	tasks
	given_back CR2
}

@test "CR2: the guest has its own" {
	tasks
	intact tasks vmentry CR2
}

@test "TR: its limit is reloaded for a task with an I/O bitmap" {
	tasks
	intact tasks vmxoff "TR selector" "TR base" "TR limit" "TR access rights"
	# Each time that the task had run, and not only once.
	[ "$(number tasks vmxoff "TR limit" telling)" -gt 50 ]
	used ioperm 1000
}

@test "LDTR: a task with an LDT can use its segment" {
	tasks
	used ldt 1000
}

@test "LDTR: given back" {
	tasks
	given_back "LDTR selector" "LDTR base" "LDTR limit" "LDTR access rights"
}

@test "GDTR: user space sees Linux's limit" {
	tasks
	used gdt 50
}

@test "GDTR: its limit is given back" {
	tasks
	given_back "GDTR limit"
	intact tasks vmxoff "GDTR base"
}

@test "IDTR: user space sees Linux's limit" {
	tasks
	used idt 50
}

@test "IDTR: its limit is given back" {
	tasks
	given_back "IDTR limit"
	intact tasks vmxoff "IDTR base"
}

@test "DS, ES, FS, GS: a user task's selectors are given back" {
	tasks
	given_back "DS selector" "ES selector" "FS selector" "GS selector"
	given_back "DS access rights" "ES access rights" "FS access rights" "GS access rights"
	intact tasks vmxoff "CS selector" "CS access rights" "SS selector" "SS access rights"
}

@test "FS and GS: their bases are the host's" {
	tasks
	intact tasks vmxoff "FS base" "GS base"
}

@test "CR3 and CR4: those of the slice, though each has others" {
	tasks
	intact tasks vmxoff CR0 CR3 CR4
	[ "$(number tasks vmxoff CR3 changed)" -gt 10 ]
	[ "$(number tasks vmxoff CR4 changed)" -gt 400 ]
}

@test "IA32_DEBUGCTL: given back" {
	tasks
	given_back IA32_DEBUGCTL
	says tasks "msr 1d9=4800"
}

@test "PEBS_ENABLE and its like: given back" {
	tasks
	given_back IA32_PEBS_ENABLE OFFCORE_RSP_0 OFFCORE_RSP_1 PEBS_LD_LAT PEBS_FRONTEND
	says tasks "msr 3f1=80"
	says tasks "msr 1a6=10003"
	says tasks "msr 1a7=10005"
	says tasks "msr 3f6=1234"
	says tasks "msr 3f7=11"
}

@test "PEBS_ENABLE and its like: off at each VM entry" {
	local name
	tasks
	for name in IA32_PEBS_ENABLE OFFCORE_RSP_0 OFFCORE_RSP_1 PEBS_LD_LAT PEBS_FRONTEND; do
		intact tasks vmentry $name
		[ "$(number tasks vmentry $name telling)" -gt 400 ]
	done
}

@test "LVTPC: given back" {
	tasks
	intact tasks vmxoff LVTPC
	[ "$(number tasks vmxoff LVTPC telling)" -gt 10 ]
}

@test "no other register of the host's has changed in any slice" {
	tasks
	run grep '"op":"state"' "$T/tasks.state"
	[ "$status" = 1 ]
	[ "$(grep -c '"op":"summary","at":"vmxoff"' "$T/tasks.state")" -gt 60 ]
}

# What a guest must not get done: its instruction, what the module says.
payloads_expected() {
	cat <<-END
	440f22c0 28 (control-register access)	mov cr8, rax
	440f20c0 28 (control-register access)	mov rax, cr8
	0f22c0 28 (control-register access)	mov cr0, rax
	0f22d8 28 (control-register access)	mov cr3, rax
	0f20d8 28 (control-register access)	mov rax, cr3
	0f22e0 28 (control-register access)	mov cr4, rax
	0f013c2500000000 14 (INVLPG)	invlpg [0]
	0f01c8 39 (MONITOR)	monitor
	0f01c9 36 (MWAIT)	mwait
	0f09 54 (WBINVD)	wbinvd
	e480 30 (I/O instruction)	in al, 0x80
	e680 30 (I/O instruction)	out 0x80, al
	480fc72f 0 (exception or NMI)	xsaves [rdi]
	660f388207 0 (exception or NMI)	invpcid rax, [rdi]
	660faef0 0 (exception or NMI)	tpause eax
	0f21c0 0 (exception or NMI)	mov rax, dr0
	f4 halted	hlt
	END
}

# Each followed by HLT: that is how the run ends if the instruction passes.
payloads() {
	[ ! -e "$T/payloads" ] || return 0
	{
		echo "GUESTS=$(payloads_expected | wc -l)"
		cat tools/test/init/payloads.sh
	} > "$T/payloads.sh"
	boot payloads --init "$T/payloads.sh" --cmdline nowatchdog \
		--payload "$(payloads_expected | sed 's/ .*/f4/' | paste -sd,)"
}

# payload INSTRUCTION: the module has said of it what is expected
payload() {
	local number expected
	number=$(payloads_expected | grep -nF "	$1" | cut -d: -f1)
	expected=$(payloads_expected | sed -n "${number}s/^[0-9a-f]* \(.*\)	.*/\1/p")
	case $expected in
	halted)	says payloads "guest $number: the guest has halted" ;;
	*)	says payloads "guest $number: unexpected VM exit $expected" ;;
	esac
}

@test "CR8: the guest gets at neither end of the host's TPR" {
	payloads
	payload "mov cr8, rax"
	payload "mov rax, cr8"
	intact payloads vmxoff TPR
}

@test "HLT, MWAIT, MONITOR, INVLPG, CR3, DR, I/O, WBINVD, XSAVES, INVPCID, TPAUSE exit or fault" {
	local name
	payloads
	payloads_expected | cut -f2 > "$T/names"
	while read -r name; do
		payload "$name"
	done < "$T/names"
	says payloads "no complaint of Linux's"
}

@test "a --payload that is no list of instructions is refused" {
	local wrong
	for wrong in f 0g f4, ,f4 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f F4; do
		run tools/sim/run --payload "$wrong" -- true
		[ "$status" = 250 ]
		[[ $output == *"--payload $wrong is not HEX,HEX,..."* ]]
	done
}

@test "an instruction that ends the run leaves the host its state, too" {
	payloads
	run grep '"op":"state"' "$T/payloads.state"
	[ "$status" = 1 ]
	[ "$(number payloads vmxoff DR7 telling)" -gt 10 ]
}
