#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The sources themselves: rules of the house that a compiler doesn't check.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
}

@test "every header compiles by itself" {
	for header in include/tmavisor/*.h vmx/*.h tools/sim/pmu/*.h tools/cli/*.h; do
		echo "$header"
		gcc -std=gnu11 -Wall -Werror -I. -Iinclude -fsyntax-only -x c "$header"
	done
}

@test "the core includes no Linux header but where it is the hardware" {
	run grep -lE '#include <(linux|asm)/' vmx/*
	[ "$output" = "$(printf '%s\n' vmx/asm_offsets.c vmx/entry.S vmx/hw_x86.c)" ]
}

@test "inline assembly is in hw_x86.c alone" {
	run grep -lE '\basm( volatile|\()' vmx/*.c vmx/*.h kmod/*.c kmod/*.h
	[ "$output" = vmx/hw_x86.c ]
}

@test "kernel versions are told apart in compat.h alone" {
	run grep -rl LINUX_VERSION_CODE kmod vmx include
	[ "$output" = kmod/compat.h ]
}

@test "no function of the product is longer than 60 lines" {
	run bash -c "git ls-files 'vmx/*.c' 'kmod/*.c' 'guest/*.c' 'tools/sim/*.c' 'tools/sim/*.cc' 'tools/cli/*.c' |
		ctags -L - --fields=+ne --kinds-C=f --kinds-C++=f -o - |
		awk -F'\t' '{ l = e = 0
			for (i = 4; i <= NF; i++) {
				if (\$i ~ /^line:/) l = substr(\$i, 6)
				if (\$i ~ /^end:/) e = substr(\$i, 5) }
			if (e - l >= 60) print \$1, \$2, e - l + 1 }'"
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "every source names its licence on the first lines" {
	run bash -c "git ls-files '*.c' '*.h' '*.cc' '*.S' '*.asm' '*.def' 'tools/*' |
		grep -v patches/ | grep -v '^tools/test/cli/' | xargs grep -L SPDX-License-Identifier"
	[ -z "$output" ]
}

@test "shell scripts pass shellcheck" {
	git ls-files tools .ci | xargs grep -lE '^#!.*\b(bash|sh)$' | xargs shellcheck
}

@test "the module's parameters are those of its man page and of the completion" {
	parameters=$(grep -ho 'MODULE_PARM_DESC([a-z]*' kmod/*.c | cut -d'(' -f2 | sort)
	[ "$(grep -o '^\.It Cm [a-z]* Ns = Ns Ar' docs/man/tmavisor.4 | cut -d' ' -f3 | sort)" = "$parameters" ]
	for parameter in $parameters; do
		grep -q "\b$parameter=" tools/cli/tmavisor.bash
	done
}

@test "man pages are without warnings" {
	[ -z "$(groff -ww -mandoc -Tutf8 docs/man/tmavisor.4 docs/man/tmavisor.8 2>&1 >/dev/null)" ]
}

@test "the module has a description for each parameter" {
	run bash -c "diff <(grep -o 'module_param_named([a-z]*' kmod/params.c | cut -d'(' -f2) \
		<(grep -o 'MODULE_PARM_DESC([a-z]*' kmod/params.c | cut -d'(' -f2)"
	[ "$status" = 0 ]
}
