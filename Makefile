# SPDX-License-Identifier: GPL-2.0
# Convenience around Kbuild and the tools; `make help` lists the targets.

KVER    ?= $(shell uname -r)
KDIR    ?= /lib/modules/$(KVER)/build
TOP     := $(CURDIR)
RELEASE := $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	     $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
# One build folder a kernel, so that the host's and the simulated machine's
# module don't overwrite each other. The sources are copied, where they differ:
# kbuild builds an external module where its sources are.
MODDIR  := build/kmod/$(RELEASE)
SOURCES := Kbuild include vmx kmod guest
VERSION := $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' kmod/main.c)

# Where `make install` puts things; DESTDIR goes before all of it.
PREFIX	?= /usr/local
TOOL	?= build/tmavisor
MAN	?= docs/man
COMPLETION ?= tools/cli/tmavisor.bash

.PHONY: all module modules demo run tools check check-unit soak fuzz bench-boot
.PHONY: mutants bench-sim clean help install install-tool modules_install dkms_source
.PHONY: need-kdir need-nasm

all: module

need-kdir:
	@test -n "$(RELEASE)" || { echo "tmavisor: no kernel headers in $(KDIR);" \
	  "install them (Debian: apt-get install linux-headers-$(KVER)) or give KDIR=" >&2; exit 1; }

need-nasm:
	@command -v nasm >/dev/null || { echo "tmavisor: nasm is missing;" \
	  "install it (Debian: apt-get install nasm)" >&2; exit 1; }

# One at a time: machines that are started side by side build the same module.
module modules: need-kdir need-nasm
	@mkdir -p $(MODDIR)
	@exec 9>$(MODDIR)/.lock; flock 9; \
	for file in $$(find $(SOURCES) -type f); do \
	  cmp -s $$file $(MODDIR)/$$file || install -D -m 644 $$file $(MODDIR)/$$file || exit 1; done; \
	$(MAKE) --no-print-directory -C $(KDIR) M=$(TOP)/$(MODDIR) modules
	@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo "built $(MODDIR)/tmavisor.ko")

modules_install: module
	@$(MAKE) --no-print-directory -C $(KDIR) M=$(TOP)/$(MODDIR) \
	  $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	@depmod $(if $(DESTDIR),-b $(DESTDIR)) $(RELEASE)

install: modules_install install-tool

# What there is of it: the module works without.
install-tool:
	@if [ -x "$(TOOL)" ]; then \
	  install -D -m 755 $(TOOL) $(DESTDIR)$(PREFIX)/sbin/tmavisor; \
	  for page in $(wildcard $(MAN)/*.[48]); do \
	    install -D -m 644 $$page \
	      $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done; \
	  for file in $(wildcard $(COMPLETION)); do \
	    install -D -m 644 $$file \
	      $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tmavisor; done; \
	else echo "$(TOOL) is not built: installed the module alone"; fi

# The sources where DKMS looks for them.
dkms_source:
	@for file in Makefile COPYING dkms.conf $$(find $(SOURCES) -type f); do \
	  install -D -m 644 $$file $(DESTDIR)/usr/src/tmavisor-$(VERSION)/$$file; done
	@echo "now: dkms install tmavisor/$(VERSION)"

run: module
	@tools/run $(MODDIR)/tmavisor.ko

tools:
	@tools/setup tools
	@$(MAKE) --no-print-directory -C tools/cli

demo:
	@tools/demo

check:
	@tools/test/run

check-unit:
	@tools/setup test tools
	@$(MAKE) --no-print-directory -C tools/test check

soak:
	@tools/setup module sim tools test
	@tools/soak/run

# Seconds for each of three parsers.
FUZZ_SECONDS ?= 600

fuzz:
	@tools/setup test tools
	@tools/test/fuzz/run $(FUZZ_SECONDS)

# MUTANTS=: names of those in tools/mutants/table; all, without.
mutants:
	@tools/mutants/run $(MUTANTS)

bench-boot:
	@tools/bench/boot

bench-sim:
	@tools/bench/sim

clean:
	rm -rf build/kmod build/mutants build/test build/cli build/fuzz build/tmavisor

help:
	@echo "make              build the module for the running kernel (KDIR=, KVER=)"
	@echo "make demo         run it on a simulated Sapphire Rapids"
	@echo "sudo make run     run it on this machine (KVM=unload takes VMX from KVM)"
	@echo "make install      the module, and the tool if it is built (DESTDIR=, PREFIX=)"
	@echo "make dkms_source  the sources to /usr/src, for DKMS"
	@echo "make tools        build/tmavisor, which reads what the module says"
	@echo "make check        all tests"
	@echo "make check-unit   the unit tests alone"
	@echo "make soak         what takes long: loads of the module, switches, accesses"
	@echo "make fuzz         the tool's parsers, FUZZ_SECONDS=600 each"
	@echo "make mutants      breaks the module on purpose: do the tests notice?"
	@echo "make bench-boot   what the simulated PMU costs a boot"
	@echo "make bench-sim    how many instructions a second it runs"
	@echo "make clean        remove built modules and tests; build/ has the machine too"
