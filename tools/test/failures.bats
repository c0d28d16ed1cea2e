#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Whatever can fail fails once, in the simulated machine: VMX instructions, which
# the machine makes fail, and what the module asks of Linux, which a module of the
# tests refuses. What insmod and the log say, what is left, and the next run.

load machine

setup_file() {
	begin_suite
	cp -r tools/test/modules "$T/modules"
	make -s -C "/lib/modules/$KVER/build" M="$T/modules" TOP="$PWD" modules > /dev/null
	gcc -static -O2 -Wall -o "$T/rdmsrs" tools/test/rdmsrs.c
	boot vmx --vmx-fail
	boot alloc
}

# boot NAME OPTIONS...
boot() {
	local name=$1
	shift
	tools/sim/run --timeout 400 --init "tools/test/init/failures_$name.sh" \
		--add "$KO:/tmavisor.ko" --add "$T/modules/failures.ko:/failures.ko" \
		--add tools/test/init/failures_host.sh:/failures_host.sh \
		--add tools/test/init/host_msrs.sh:/host_msrs.sh \
		--add /usr/sbin/rdmsr --add /usr/sbin/wrmsr --add "$T/rdmsrs:/rdmsrs" \
		--modules msr --cmdline nowatchdog "$@" > "$T/$name" 2>&1 || true
}

# kinds FIRST LAST: those of the VMX instructions that failed, by exit reason
kinds() {
	sed -n 's/^0 \([0-9]*\) 000000\(..\)00000000: insmod .*/\1 \2/p' "$T/vmx" |
		awk -v first="$1" -v last="$2" '$1 >= first && $1 <= last { printf "%s ", $2 }'
}

# VMXON, VMCLEAR, VMPTRLD, INVEPT, VMCLEAR; then the slice: VMXON, VMCLEAR,
# VMPTRLD, and fields up to the first VMLAUNCH.
@test "VMX instructions fail in the order of a run, each once" {
	[ "$(kinds 1 8)" = "1b 13 15 32 13 1b 13 15 " ]
	[[ $(kinds 9 150) =~ ^((19|17)" "){80,140}"14 17 " ]]
	[ "$(kinds 1 150 | wc -w)" = 150 ]
}

@test "insmod fails with EIO for each" {
	[ "$(count vmx ': insmod ')" -ge 170 ]
	[ "$(count vmx ': insmod ')" = "$(count vmx ': insmod 1 Input/output error; ')" ]
}

# Expect: one line; a VM entry may have a second one, about the rules it broke.
@test "each is named in the log, in one line" {
	run awk -F'; ' '
		BEGIN {
			line["1b"] = "^1 errors: VMXON (failed|faulted); "
			line["13"] = "^1 errors: VMCLEAR of the VMCS at 0x[0-9a-f]* failed"
			line["15"] = "^1 errors: VMPTRLD of the VMCS at 0x[0-9a-f]* failed"
			line["17"] = "^1 errors: VMREAD of [A-Z]"
			line["19"] = "^1 errors: (VMWRITE of [A-Z]|.* 12 .VMWRITE of HOST_RSP.$)"
			line["14"] = "^2 errors: VM entry failed: VM-instruction error 7 .*[|]no rule"
			line["18"] = line["14"]
			line["32"] = "^1 errors: INVEPT failed$"
		}
		/: insmod / {
			split($1, word, " ")
			kind = substr(word[3], 7, 2)
			right += kind in line && substr($0, index($0, "; ") + 2) ~ line[kind]
		}
		END { print right }' "$T/vmx"
	[ "$output" = "$(count vmx ': insmod ')" ]
}

@test "each field that is written before the guest is entered is named" {
	[ "$(grep -oE 'VMWRITE of [A-Z0-9_]+' "$T/vmx" | sort -u | wc -l)" -ge 90 ]
	says vmx 'VMWRITE of HOST_RIP '
	says vmx 'VMWRITE of HOST_RSP'
	says vmx 'VMWRITE of GUEST_IA32_PERF_GLOBAL_CTRL '
}

@test "a VMXON that faults is caught, and called so" {
	[ "$(count vmx 'VMXON faulted')" = 2 ]
}

@test "after each, the PMU's MSRs, LVTPC and CR4 are as before" {
	says vmx 'looked at: 30, CR4 0x370eb0 LVTPC 0x400$'
	[ "$(count vmx 'host as before, ')" = "$(count vmx ': insmod ')" ]
}

@test "after each, nothing is left: memory, thread, callbacks, module" {
	[ "$(count vmx ', held 0$')" -ge 150 ]
	[ "$(count vmx ', held 0$')" = "$(count vmx ': insmod ')" ]
	[ "$(count vmx ': left: ')" = 0 ]
}

@test "runs work after 50, 100 and 150 failures, and at the end" {
	[ "$(count vmx '^works .*: 0, all checks ok')" = 4 ]
}

# refused TIMES FUNCTION: what insmod said, and then the log, at least so often and always
refused() {
	[ "$(count alloc "^[0-9]+ $2: insmod ")" -ge "$1" ]
	[ "$(count alloc "^[0-9]+ $2: insmod ")" = "$(count alloc "^[0-9]+ $2: insmod $3\$")" ]
}

@test "each allocation is refused in turn: insmod fails with ENOMEM, and one line" {
	local line="1 Cannot allocate memory; 1 errors: not enough memory for a guest of 10240 KiB"
	refused 9 get_zeroed_page "$line"
	refused 1 __kmalloc "$line"
	refused 1 kmalloc_large "$line"
	refused 2 kstrdup "$line"
	refused 2 kvmalloc_node "$line"
	refused 1 vzalloc "$line"
	refused 1 kthread_create_on_node "$line"
}

@test "so is what else can be refused, with the errno that Linux gave" {
	refused 1 __cpuhp_setup_state "1 No space left on device; 1 errors: no CPU-hotplug callback can be had .error -28."
	refused 1 __platform_driver_register "1 Cannot allocate memory; 1 errors: not enough memory for a guest of 10240 KiB"
	refused 1 register_module_notifier "1 File exists; 1 errors: no module notifier can be had .error -17."
	refused 2 __register_nmi_handler "1 Invalid parameters; 1 errors: no NMI handler can be had .error -22."
}

# The results are in the log already.
@test "without debugfs insmod works, says so, and leaves no half of the folder" {
	refused 1 debugfs_create_dir "0 ; 0 errors: "
	refused 5 debugfs_create_file "0 ; 0 errors: "
	[ "$(count alloc 'info: no debugfs .error -12.: the results are in this log alone$')" = \
		"$(count alloc 'debugfs_create_[a-z]*: insmod ')" ]
}

@test "a reader and a writer of debugfs get ENOMEM, and the results stay" {
	says alloc '^results: __seq_open_private, Cannot allocate memory; $'
	says alloc '^run 1: memdup_user_nul, Cannot allocate memory; $'
	says alloc '^run 2: kmalloc_large, Cannot allocate memory; not enough memory for a guest'
	says alloc '^then: 2 results, held 6 '
}

# Expect: as for insmod, but that no line tells a writer what its errno has told.
@test "a script is refused likewise, and the next one runs" {
	local told="; (not enough memory for a guest of 10240 KiB|no [CNm].* can be had .error -[0-9]*.)"
	[ "$(count alloc '^script ')" -ge 20 ]
	[ "$(count alloc '^script ')" = "$(count alloc "^script .*$told\$|^script [12]: .*memory; \$")" ]
	says alloc '^then: rdmsr 0x38f = 0xff, held 7 '
}

# single_open() has its one caller's answer for its own. A CPU that goes away is what
# set_cpus_allowed_ptr() and smp_call_function_single() fail for, see cpus.bats.
@test "each thing else that the module allocates or registers has been refused" {
	local name asks
	asks=$(nm -u "$KO" | awk '{ print $2 }' | grep -E '(alloc|dup|create|setup|get_zeroed|open_private|driver_register)|^(__)?register' |
		grep -vxE 'perf_trace_buf_alloc|vmalloc_to_pfn')
	[ "$(wc -l <<< "$asks")" -ge 10 ]
	for name in $asks; do
		says alloc "^([0-9]+ |results: |run [12]: )$name\b"
	done
}

@test "after each refusal nothing is left, and the host is as before" {
	[ "$(count alloc ': insmod ')" -ge 26 ]
	[ "$(count alloc 'host as before, held 0$')" = "$(count alloc ': insmod ')" ]
	[ "$(count alloc ': left: ')" = 0 ]
}

@test "what failures.ko says is held is what a module that works has" {
	says alloc ', held by a module: 6 debugfs_create_dir kmalloc_large kstrdup kstrdup kvmalloc_node kvmalloc_node$'
}

@test "with nothing refused the next run works" {
	says alloc '^works at the end: 0, all checks ok'
}

@test "Linux has nothing to complain about" {
	says vmx "^no complaint of Linux's"
	says alloc "^no complaint of Linux's"
}

@test "without --vmx-fail the machine has no such MSR" {
	says alloc '^no MSR without --vmx-fail'
}
