#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine, with real KVM: VMX in use, then free, then
# KVM's turn again.
modprobe kvm_intel enable_apicv=0 || exit 1

/bin/insmod /tmavisor.ko workload=retiring strict=1
echo "kvm loaded, no vm: $?"
rmmod tmavisor

/hold_vm > /held &
holder=$!
while ! grep -q held /held; do sleep 0.1; done
dmesg -c > /dev/null
/bin/insmod /tmavisor.ko workload=retiring
echo "vm held: $?"
dmesg | sed -n 's/.*tmavisor: /tmavisor: /p' | tail -n 1
kill $holder
wait $holder

/bin/insmod /tmavisor.ko workload=retiring strict=1
echo "vm gone: $?"
rmmod tmavisor
/hold_vm > /held2 &
sleep 0.5
grep -q held /held2 && echo "kvm works after us"
