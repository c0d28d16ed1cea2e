#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: every profile, on a host that has left values of
# its own in every counter.
modprobe msr

for msr in 4c1 4c2 4c3 4c4 4c5 4c6 4c7 4c8 309 30a 30b; do
	wrmsr -p 0 "0x$msr" 0xcafe00000000
done
wrmsr -p 0 0x30c 0x40000000
wrmsr -p 0 0x329 0x10203040303f4050

# What the kernel has said since the last insmod.
log() {
	dmesg | sed "1,/begin $profile\$/d"
}

for profile in full nometrics fixed3 gp4 narrow nofw l1only none \
	custom:gp=2,fixed=0xb,l2=0,fw=0 custom:gp=0,fixed=1,metrics=0,l2=0 \
	custom:gp=4,fixed=0,metrics=0,l2=0; do
	echo "begin $profile" > /dev/kmsg
	/bin/insmod /tmavisor.ko "profile=$profile" switches=30 strict=1
	echo "status $profile: $?"
	log | sed -n "s/.*tmavisor: guest's PMU/policy $profile/p"
	log | sed -n "s/.*# retiring *[0-9]* *[0-9]* *\([0-9]*\) .*/instructions $profile: \1/p"
	log | grep "not ok"
	rmmod tmavisor
done
echo "metrics after: $(rdmsr -p 0 0x329)"
