# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Inside the simulated machine, for other scripts: the host's PMU MSRs, with
# something in them, and "read_msrs [CPU]" to look at them.
modprobe msr

# PERFEVTSEL0-7, PMC0-7, FIXED_CTR0-3, FIXED_CTR_CTRL, GLOBAL_STATUS,
# GLOBAL_CTRL, PERF_METRICS, PEBS_ENABLE, OFFCORE_RSP_0-1, FRONTEND, DEBUGCTL
msrs="186 187 188 189 18a 18b 18c 18d 4c1 4c2 4c3 4c4 4c5 4c6 4c7 4c8
309 30a 30b 30c 38d 38e 38f 329 3f1 1a6 1a7 3f7 1d9"

read_msrs() {
	for msr in $msrs; do
		value=$(rdmsr -p "${1:-0}" "0x$msr") || exit 1
		echo "$msr $value"
	done
}

# What a host that had used them might have left behind; nothing of it counts.
for msr in 4c1 4c2 4c8 309 30b; do
	wrmsr -p 0 "0x$msr" 0x123456789
done
wrmsr -p 0 0x30c 0x40000000
wrmsr -p 0 0x329 0x10203040303f4050
wrmsr -p 0 0x187 0x1300c4
wrmsr -p 0 0x1a6 0x10003
