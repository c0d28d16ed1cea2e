# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What the suites share that boot the simulated machine with the module.

# run -N, which fails for a file that isn't there, too.
bats_require_minimum_version 1.5.0

# First of all in setup_file: $TOP, where each test is; $T, for what the tests of a
# suite have in common; $KO, the module for the kernel $KVER of that machine.
begin_suite() {
	export TOP="$BATS_TEST_DIRNAME/../.."
	export T="$BATS_FILE_TMPDIR"
	export KVER KO
	cd "$TOP" || return 1
	KVER=$(cat "$(tools/sim/kernel 6.1)/release")
	# tools/mutants brings one of its own.
	KO="${TMAVISOR_KO:-build/kmod/$KVER/tmavisor.ko}"
	[ -n "${TMAVISOR_KO:-}" ] || make -s KVER="$KVER" module > /dev/null
}

setup() {
	cd "$TOP" || return 1
}

# says NAME REGEX: a line of $T/NAME, which is shown if there is none
says() {
	grep -qE -- "$2" "$T/$1" || { cat "$T/$1"; return 1; }
}

# count NAME REGEX: the lines of $T/NAME that are such
count() {
	grep -cE -- "$2" "$T/$1" || true
}

# value_of NAME KEY: what $T/NAME has in a line "KEY: ..."
value_of() {
	sed -n "s/^$2: //p" "$T/$1"
}

# build_probe NAME [OPTIONS]: $T/NAME, the guest's probes as a program of a host's. Its
# constants come with the module; its scratch memory lies as the guest's.
build_probe() {
	nasm -w+all -Werror -f elf64 -I guest/ -I "${KO%/*}/guest/" \
		"${@:2}" -o "$T/$1.o" tools/test/probe_host.asm
	ld --no-warn-rwx-segments --section-start=.scratch=0x200000 \
		-Ttext-segment=0x10000 -o "$T/$1" "$T/$1.o"
}
