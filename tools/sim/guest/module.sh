# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# insmod with the parameters in $@, what the module had to say, rmmod.
before=$(dmesg | wc -l)
/bin/insmod /tmavisor.ko "$@"
status=$?
if grep -q '^tmavisor ' /proc/modules; then
	rmmod tmavisor
fi
dmesg | tail -n "+$((before + 1))"
exit "$status"
