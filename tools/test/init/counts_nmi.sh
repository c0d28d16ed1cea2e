#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: Debian's perf counts all of the host while the
# machine sends an NMI into each switch.
perf stat -a -x, -e instructions -o /total \
	/bin/insmod /tmavisor.ko strict=1 workload=retiring profile=fixed3 switches=2000
echo "status: $?"
echo "total: $(cut -d, -f1 /total | tail -n 1)"
dmesg | sed -n 's/.*tmavisor: # \([0-9]* loads.*\)/\1/p'
