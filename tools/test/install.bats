#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Installing: by make, by DKMS, each into a folder of its own; and that nothing
# loads the module by itself.

setup_file() {
	export TOP="$BATS_TEST_DIRNAME/../.."
	export T="$BATS_FILE_TMPDIR"
	cd "$TOP" || return 1
	KVER=$(cat "$(tools/sim/kernel 6.1)/release")
	export KVER
	export MODULES="$T/made/lib/modules/$KVER"
	pretend_tool
	make -s KVER="$KVER" DESTDIR="$T/made" TOOL="$T/tool" MAN="$T/man" \
		COMPLETION="$T/completion" install > "$T/made.log" 2>&1
	make -s DESTDIR="$T/dkms" dkms_source > "$T/source.log"
	mkdir -p "$T/tree" "$T/modules/$KVER"
	dkms_do install > "$T/dkms.log" 2>&1
}

# In place of the tool, which is tested elsewhere.
pretend_tool() {
	mkdir "$T/man"
	printf '#!/bin/sh\necho the tool\n' > "$T/tool"
	chmod +x "$T/tool"
	touch "$T/man/tmavisor.4" "$T/man/tmavisor.8" "$T/man/other.txt" "$T/completion"
}

setup() {
	cd "$TOP" || return 1
}

version() {
	sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' kmod/main.c
}

# dkms_do ACTION [ARCH]: all that DKMS writes is in $T, its keys too
dkms_do() {
	mok_signing_key="$T/mok.key" mok_certificate="$T/mok.pub" \
		dkms "$1" -m tmavisor -v "$(version)" -k "$KVER" -a "${2:-x86_64}" \
		--no-depmod --dkmstree "$T/tree" --sourcetree "$T/dkms/usr/src" \
		--installtree "$T/modules"
}

built_by_dkms() {
	find "$T/modules/$KVER" -name 'tmavisor.ko*'
}

@test "make install puts the module, the tool, its pages and the completion" {
	cat "$T/made.log"
	[ -n "$(find "$MODULES" -name 'tmavisor.ko*')" ]
	[ "$("$T/made/usr/local/sbin/tmavisor")" = "the tool" ]
	[ -e "$T/made/usr/local/share/man/man4/tmavisor.4" ]
	[ -e "$T/made/usr/local/share/man/man8/tmavisor.8" ]
	[ -e "$T/made/usr/local/share/bash-completion/completions/tmavisor" ]
	[ -z "$(find "$T/made" -name other.txt)" ]
}

@test "without the tool make install installs the module alone, and says so" {
	run make -s DESTDIR="$T/alone" TOOL="$T/none" install-tool
	[ "$status" = 0 ]
	[[ $output = *"/none is not built: installed the module alone" ]]
	[ ! -e "$T/alone" ]
}

@test "make install without headers: which, and how to get them" {
	run make -s KVER=0.0 DESTDIR="$T/nothing" install
	[ "$status" != 0 ]
	[[ $output = *"no kernel headers in /lib/modules/0.0/build"*"linux-headers-0.0"* ]]
	[ ! -e "$T/nothing" ]
}

@test "depmod lists the module, and nothing that would load it" {
	grep -q "tmavisor.ko" "$MODULES/modules.dep"
	run grep -l tmavisor "$MODULES"/modules.{alias,softdep,devname}
	[ -z "$output" ]
	[ -z "$(find "$T/made" "$T/dkms" -path '*modules-load*' -o -path '*modprobe.d*')" ]
}

# Expect: a module that has aliases shows that the next claim could fail.
@test "the module has no alias" {
	local ko
	ko=$(find "$MODULES" -name 'tmavisor.ko*')
	[ -z "$(modinfo -F alias "$ko")" ]
	[ "$(modinfo -F version "$ko")" = "$(version)" ]
	[ -n "$(modinfo -b "$(tools/sim/kernel 6.1)" -k "$KVER" -F alias kvm_intel)" ]
}

@test "dkms.conf and the module have the same version" {
	[ -n "$(version)" ]
	grep -qx "PACKAGE_VERSION=\"$(version)\"" dkms.conf
	[ "$(cat "$T/source.log")" = "now: dkms install tmavisor/$(version)" ]
}

@test "DKMS builds and installs the module for the kernel that it is told" {
	cat "$T/dkms.log"
	[ -e "$(built_by_dkms)" ]
	[ "$(modinfo -F version "$(built_by_dkms)")" = "$(version)" ]
	[[ $(modinfo -F vermagic "$(built_by_dkms)") = "$KVER "* ]]
	dkms_do status | grep -q "installed"
}

@test "DKMS signs it, where it has a key" {
	[ -e "$T/mok.key" ] || skip "DKMS has made no key, as there is no openssl"
	[ "$(modinfo -F signer "$(built_by_dkms)")" = "DKMS module signing key" ]
}

@test "DKMS leaves other architectures alone" {
	run dkms_do build aarch64
	[ "$status" != 0 ]
	[[ $output = *BUILD_EXCLUSIVE* ]]
}

@test "without nasm the build says what is missing" {
	mkdir -p "$T/bin"
	ln -sf "$(command -v sh)" "$(command -v make)" "$T/bin"
	run env PATH="$T/bin" make -s need-nasm
	[ "$status" != 0 ]
	[[ $output = *"nasm is missing"*"apt-get install nasm"* ]]
}

@test "DKMS takes the module away again" {
	dkms_do remove
	[ -z "$(built_by_dkms)" ]
}
