#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: values in the host's MSRs that act on counting, the
# guest beside a task that uses what a VM exit loses, and the MSRs again.
modprobe msr

# DEBUGCTL, PEBS_ENABLE, OFFCORE_RSP_0-1, PEBS_LD_LAT, PEBS_FRONTEND
used="1d9=4800 3f1=80 1a6=10003 1a7=10005 3f6=1234 3f7=11"

for pair in $used; do
	wrmsr -p 0 "0x${pair%=*}" "0x${pair#*=}"
done
/host_state /bin/insmod /tmavisor.ko workload=retiring switches=20 strict=1
for pair in $used; do
	echo "msr ${pair%=*}=$(rdmsr -p 0 "0x${pair%=*}")"
done
dmesg | sed -n 's/.*tmavisor: /tmavisor: /p'
dmesg | grep -E 'BUG:|WARNING:|Oops|unchecked MSR' || echo "no complaint of Linux's"
