#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: what `make run` does on a host.
modprobe kvm_intel enable_apicv=0
PATH=/bin:/sbin

bash /run /tmavisor.ko
echo "run: $?"
grep -q '^tmavisor ' /proc/modules || echo "unloaded"
bash /run /nothing.ko
echo "no module: $?"

/hold_vm > /held &
holder=$!
while ! grep -q held /held; do sleep 0.1; done
bash /run /tmavisor.ko
echo "vm held: $?"
KVM=unload bash /run /tmavisor.ko
echo "vm held, unload: $?"
kill $holder
wait $holder

KVM=unload PARAMS="workload=retiring switches=5" bash /run /tmavisor.ko
echo "unload: $?"
grep -q '^kvm_intel ' /proc/modules && echo "kvm_intel is back"
PARAMS="switches=-1" bash /run /tmavisor.ko
echo "bad parameter: $?"
