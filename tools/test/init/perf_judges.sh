#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: what Debian's perf says of the probes, /probe, and
# of the same without their keys, /keyless. Each line is NAME: counts.

topdown="{slots,topdown-retiring,topdown-bad-spec,topdown-fe-bound,topdown-be-bound,\
topdown-heavy-ops,topdown-br-mispredict,topdown-fetch-lat,topdown-mem-bound}:u"
events="cycles:u,instructions:u,branches:u,branch-misses:u,cache-references:u,cache-misses:u"

probes="retiring light_operations heavy_operations branch_mispredicts
machine_clears fetch_latency fetch_bandwidth memory_bound core_bound mix"

# All in one: starting perf takes longer than what it counts.
count() {
	perf stat -x, -e "$topdown,$events" "$@" 2>&1 > /dev/null |
		cut -d, -f1 | paste -sd' '
}

for probe in $probes; do
	echo "probe $probe: $(count /probe "$probe")"
	echo "keyless $probe: $(count /keyless "$probe")"
done

# A program begins with cold caches, and each switch of Linux's rounds the metrics,
# which together are more than a point of so few slots.
while read -r probe rounds; do
	echo "long $probe: $(count /probe "$probe" "$rounds")"
done << EOF
retiring 30000
light_operations 30000
heavy_operations 30000
branch_mispredicts 30000
machine_clears 30000
fetch_latency 90
fetch_bandwidth 10000
memory_bound 60000
core_bound 50000
mix 52
EOF

# The same loops in the guest, as the module's table has them: slots, frontend,
# bad speculation, backend, retiring.
/bin/insmod /tmavisor.ko switches=0
for probe in $probes; do
	dmesg | sed -n "s/.*tmavisor: # \($probe\) *\([0-9]* *[0-9.]* *[0-9.]* *[0-9.]* *[0-9.]*\) .*/guest \1: \2/p"
done
rmmod tmavisor

perf stat --topdown -a -A /probe memory_bound > /topdown 2>&1
echo "perf stat --topdown: $?"
sed 's/^/stat--topdown /' /topdown
perf stat -e instructions,cycles,branches,branch-misses /probe core_bound > /counts 2>&1
echo "perf stat: $?"
sed 's/^/stat-e /' /counts

perf record -q -N -B -e branch-misses:u -c 1000 -o /samples /probe mix
echo "perf record: $?"
perf report -i /samples --stdio -q 2> /dev/null | sed 's/^/report /'
