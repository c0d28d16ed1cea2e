#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: it goes down under a run, as end= on the kernel's
# command line says. With two CPUs the run is on the one and this on the other.
# shellcheck disable=SC1091,SC2086,SC2154	# a path in the machine; words; what it sets
. /midrun.sh
taskset -p 2 $$ > /dev/null 2>&1

# Debian's watchdog may be off, but an NMI that nobody knows is now fatal.
echo 1 > /proc/sys/kernel/unknown_nmi_panic
begin /bin/insmod /tmavisor.ko $forever
still "at the end"
# The serial port has sent it by then.
sleep 0.5

case $(sed -n 's/.*end=\([a-z]*\).*/\1/p' /proc/cmdline) in
reboot)	reboot -f ;;
restart) echo b > /proc/sysrq-trigger ;;
panic)	echo c > /proc/sysrq-trigger ;;
esac
sleep 10
