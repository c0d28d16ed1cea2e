#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: the topdown metrics of a program, as Debian's perf
# has them of all CPUs, alone and with a guest that uses PERF_METRICS switched in
# the middle of one reading; and those of all that the host does, while guests with
# few slots and with many run. Each line is NAME: numbers.
mount -t debugfs none /sys/kernel/debug
mount -t tracefs none /sys/kernel/tracing
echo 0 > /proc/sys/kernel/randomize_va_space
# Perf reads all symbols each time that it starts, which takes longer than the rest.
grep -m 1 ' _text$' /proc/kallsyms > /kallsyms
mount --bind /kallsyms /proc/kallsyms

topdown="{slots,topdown-retiring,topdown-bad-spec,topdown-fe-bound,topdown-be-bound}"

# A program, and every now and then a guest that counts slots and metrics.
cat > /work <<'EOF'
script="wrmsr 0x38d 0x3000
wrmsr 0x38f 0x1000800000000"
for part in 1 2 3 4 5; do
	/probe mix 1
	echo "$script" > /sys/kernel/debug/tmavisor/script
done
EOF

# shares NAME
shares() {
	perf stat -a -x, -e "$topdown:u,tmavisor:pmu_load" -o /counts sh /work > /dev/null
	echo "$1: $(sed '/^#/d;/^$/d' /counts | cut -d, -f1 | paste -sd' ')"
}

# A guest without metrics leaves the host's alone. The first program finds cold caches.
/bin/insmod /tmavisor.ko workload=retiring switches=0 profile=fixed3
shares cold
shares "left alone"
rmmod tmavisor
/bin/insmod /tmavisor.ko workload=retiring switches=0
shares saved

# beside WORKLOAD: the host's slots, and the guest's
beside() {
	perf stat -a -x, -e "$topdown" -o /counts sh -c \
		"echo 'workload=$1 switches=0 slices=1' > /sys/kernel/debug/tmavisor/run"
	echo "beside $1: $(sed '/^#/d;/^$/d' /counts | cut -d, -f1 | head -n 1)" \
		"$(sed -n 's/.*"slots":\([0-9]*\),"weights".*/\1/p' /sys/kernel/debug/tmavisor/results)"
}

# Again, the first ones find cold caches.
beside retiring > /dev/null
beside memory_bound > /dev/null
beside retiring
beside memory_bound
