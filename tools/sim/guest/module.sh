# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# insmod with the parameters in $@, what the module had to say, rmmod.
before=$(dmesg | wc -l)
insmod=/bin/insmod
# glibc runs on no CPU whose vendor it doesn't know; then the shell's own has to do.
"$insmod" --version >/dev/null 2>&1 || insmod=insmod
"$insmod" /tmavisor.ko "$@"
status=$?
if grep -q '^tmavisor ' /proc/modules; then
	rmmod tmavisor
fi
dmesg | tail -n "+$((before + 1))"
exit "$status"
