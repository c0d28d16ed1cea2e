#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: IA32_FEATURE_CONTROL and IA32_PERF_CAPABILITIES
# of each CPU.

modprobe msr
for cpu in 0 1; do
	echo "CPU $cpu feature control: $(rdmsr -p "$cpu" 0x3a)"
	echo "CPU $cpu capabilities: $(rdmsr -p "$cpu" 0x345)"
done
