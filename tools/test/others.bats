#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Living with others, in the simulated machine: Debian's KVM, a second run, a
# second module, signals, and a machine that goes down under a run.

load machine

setup_file() {
	begin_suite
	build_twin "$KVER"
	gcc -static -O2 -Wall -o "$T/hold_vm" tools/test/hold_vm.c
	boot_all
}

# The same module under another name.
build_twin() {
	local dir=$TOP/build/kmod/twin
	mkdir -p "$dir"
	cp -a Kbuild include vmx kmod guest "$dir/"
	sed -i 's/^obj-m := tmavisor/obj-m := twin/; s/^tmavisor-y/twin-y/' "$dir/Kbuild"
	make -s -C "/lib/modules/$1/build" M="$dir" modules > /dev/null
	# Without what the machine would take most of its time to read.
	strip -g -o "$T/twin.ko" "$dir/twin.ko"
	strip -g -o "$T/tmavisor.ko" "$KO"
}

# boot NAME SCRIPT OPTIONS...: $T/NAME, $T/NAME.err, $T/NAME.status
boot() {
	local name=$1 script=$2 status=0
	shift 2
	tools/sim/run --timeout 300 --init "tools/test/init/$script.sh" \
		--add tools/test/init/midrun.sh:/midrun.sh \
		--add "$T/tmavisor.ko:/tmavisor.ko" "$@" \
		> "$T/$name" 2> "$T/$name.err" || status=$?
	echo "$status" > "$T/$name.status"
}

# down NAME OPTIONS...: with a trace and a log of how the machine went
down() {
	local name=$1
	shift
	boot "$name" end --trace "$T/$name.jsonl" --out "$T/$name.out" "$@"
}

boot_all() {
	boot kvm kvm --add "$T/hold_vm:/hold_vm" --modules kvm_intel
	boot others others --add "$T/twin.ko:/twin.ko"
	down reboot --cmdline end=reboot
	down panic --cmdline end=panic
	# An NMI that nobody knows, in the first load and exit of the run.
	down load_nmi --cmdline nowatchdog --sweep nmi:load:700-700
	down exit_nmi --cmdline "nowatchdog reboot=t" --sweep nmi:exit:300-300
	down reboot2 --cpus 2 --cmdline end=reboot
	down restart2 --cpus 2 --cmdline end=restart
	down panic2 --cpus 2 --cmdline end=panic
}

says() {
	grep -qE -- "$2" "$T/$1" || { cat "$T/$1" "$T/$1.err"; return 1; }
}

# ends BOOT NAME STATUS [LINE]: so the run ended, with that line of the module's
# and no other, and neither a module nor a thread was left
ends() {
	says "$1" "^$2: $3$"
	[ "$(grep -c "^$2 says " "$T/$1")" = $(($# - 3)) ]
	[ $# = 3 ] || says "$1" "^$2 says tmavisor: $4"
	run grep "^$2 leaves" "$T/$1"
	[ "$status" = 1 ]
}

# The same of a run by a file of a module's that stays.
ends_run() {
	says "$1" "^$2: $3$"
	says "$1" "^$2 says tmavisor: $4"
	[ "$(grep -c "^$2 says " "$T/$1")" = 1 ]
	[ "$(grep "^$2 leaves" "$T/$1")" = "$2 leaves the module" ]
}

# What is printed between two lines.
between() {
	sed -n "/$2/,/$3/p" "$T/$1" | sed '1d;$d'
}

busy="VMX is in use \(CR4.VMXE is set\), probably by KVM; stop its virtual machines and 'modprobe -r kvm_intel'"
interrupted="interrupted on CPU 0; nothing is left behind"

#
# KVM
#

@test "kvm_intel loaded but idle is no obstacle" {
	says kvm "^kvm loaded, no vm: 0$"
}

@test "kvm_intel loaded and unloaded between slices: the run goes on" {
	says kvm "^kvm loaded in mid-run: 0$"
	says kvm "^with kvm loaded: under way$"
	says kvm "^kvm unloaded in mid-run: 0$"
	says kvm "^with kvm unloaded: under way$"
	says kvm "^loaded and unloaded: 0, $"
	run grep "^loaded and unloaded says" "$T/kvm"
	[ "$status" = 1 ]
}

@test "a virtual machine that begins in mid-run ends insmod: busy, with the remedy" {
	ends kvm "vm begun under insmod" "1, Device or resource busy" "$busy"
}

@test "a virtual machine that begins in mid-run ends a writer's run, and the results stay" {
	ends_run kvm "vm begun under a writer" "1, Device or resource busy" "$busy"
	says kvm "^the results are kept$"
}

@test "a virtual machine that is at work: busy, with the remedy" {
	ends kvm "vm at work" "1, Device or resource busy" "$busy"
}

@test "a virtual machine that only exists: busy, with the remedy" {
	ends kvm "vm held" "1, Device or resource busy" "$busy"
}

@test "the virtual machine runs on, with the right values" {
	says kvm "^begun under a writer: the machine runs$"
	says kvm "^begun under insmod: the machine runs$"
	says kvm "^at work: the machine runs$"
}

@test "once the virtual machine is gone the guest runs, and then KVM's again" {
	says kvm "^vm gone: 0, all checks ok"
	says kvm "^vm that was held gone: 0, all checks ok"
	says kvm "^after us: the machine runs$"
}

@test "an insmod that is killed with kvm_intel loaded leaves nothing" {
	ends kvm "killed beside kvm" "137, " "$interrupted"
}

#
# A second run
#

@test "a second insmod waits for the first: the module is there already" {
	says others "^the first insmod: under way$"
	says others "^the first insmod: 0$"
	says others "^the second insmod: 1, .*File exists$"
}

@test "rmmod while insmod runs: busy" {
	says others "^rmmod while insmod runs: 1, .*Device or resource busy$"
}

@test "while insmod runs there is nothing to write to" {
	says others "^no file to write to while insmod runs$"
}

# Expect: a line of the second module's, and none of the first's.
@test "a second module, of another name, is refused while a run is under way" {
	says others "^the first beside the twin: under way$"
	says others "^the twin beside it: 1, Device or resource busy$"
	says others "^the first after the twin: under way$"
	[ "$(between others "^the twin beside it" "^the first after the twin")" = \
		"twin: a run of another module's is under way; try again when it has ended" ]
}

@test "two modules run in turn, with names of their own" {
	says others "^the first again: 0$"
	says others "^the twin in turn: 0$"
	says others "^/sys/kernel/debug/twin$"
	says others "^/sys/kernel/tracing/events/twin/vmexit$"
	says others "^the twin's writer: 1, Device or resource busy$"
	says others "^the twin alone: 0$"
	says others "^rmmod twin: 0$"
}

#
# Signals
#

@test "SIGTERM and ^C end insmod, and nothing is left" {
	ends others "terminated insmod" "143, " "$interrupted"
	ends others "interrupted insmod" "130, " "$interrupted"
	says others "^interrupted insmod in mid-run$"
	says others "^after signals: 0, all checks ok"
}

@test "kill -9 and ^C end a writer's run, and the module can go" {
	ends_run others "killed writer" "137, " "$interrupted"
	ends_run others "interrupted writer" "130, " "$interrupted"
	says others "^interrupted writer in mid-run$"
	says others "^rmmod after a signal: 0$"
}

@test "Linux has nothing to complain about" {
	says kvm "^no complaint of Linux's in [0-9]{3,} lines$"
	says others "^no complaint of Linux's in [0-9]{3,} lines$"
}

#
# The machine goes down
#

# resets BOOT CPUS: the machine was reset, with no CPU in VMX operation, and there
# had been a guest
resets() {
	[ "$(grep -c '"op":"reset","vmx":false' "$T/$1.jsonl")" = "$2" ]
	run grep '"vmx":true' "$T/$1.jsonl"
	[ "$status" = 1 ]
	grep -q '"op":"vmexit"' "$T/$1.jsonl"
}

status_of() {
	cat "$T/$1.status"
}

@test "the machine tells a CPU that is in VMX operation when it is reset" {
	[ "$(status_of kvm)" = 248 ]
	grep -q "reset in VMX operation on CPU 0" "$T/kvm.err"
}

@test "a reboot in mid-run" {
	says reboot "^at the end: under way$"
	[ "$(status_of reboot)" = 249 ]
	resets reboot 1
}

@test "a panic in mid-run" {
	says panic "^at the end: under way$"
	[ "$(status_of panic)" = 253 ]
	resets panic 1
}

# panics_in BOOT FUNCTION: in VMX root operation
panics_in() {
	[ "$(status_of "$1")" = 253 ]
	grep -q "Kernel panic - not syncing: NMI: Not continuing" "$T/$1.out/serial.log"
	grep -qE "\]  $2\+0x[0-9a-f/x]+ \[tmavisor\]" "$T/$1.out/serial.log"
	[ "$(grep -c '"op":"reset","vmx":false' "$T/$1.jsonl")" = 1 ]
}

@test "a panic by an NMI in a load: VMX is off when the machine is reset" {
	panics_in load_nmi vpmu_load
}

@test "a panic by an NMI behind a VM exit: VMX is off when the CPU triple-faults" {
	panics_in exit_nmi run_slice
}

@test "a reboot by another CPU than the run's" {
	says reboot2 "^at the end: under way$"
	[ "$(status_of reboot2)" = 249 ]
	resets reboot2 2
}

# By "echo b > /proc/sysrq-trigger": an NMI stops the run's CPU in its guest, and
# is handled outside VMX root operation.
@test "a restart at once by another CPU than the run's" {
	says restart2 "^at the end: under way$"
	[ "$(status_of restart2)" = 249 ]
	resets restart2 2
}

@test "a panic on another CPU than the run's" {
	says panic2 "^at the end: under way$"
	[ "$(status_of panic2)" = 253 ]
	resets panic2 2
}
