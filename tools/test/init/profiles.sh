#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: every profile, on a host that has left a value of
# its own in each register of the PMU. FIXED_CTR3 and PERF_METRICS in this order.
modprobe msr

planted="186=0xc000de10 187=0xc000de11 188=0xc000de12 189=0xc000de13
18a=0xc000de14 18b=0xc000de15 18c=0xc000de16 18d=0xc000de17
4c1=0xc0dec0de0020 4c2=0xc0dec0de0021 4c3=0xc0dec0de0022 4c4=0xc0dec0de0023
4c5=0xc0dec0de0024 4c6=0xc0dec0de0025 4c7=0xc0dec0de0026 4c8=0xc0dec0de0027
309=0xc0dec0de0030 30a=0xc0dec0de0031 30b=0xc0dec0de0032
30c=0x40c0de33 329=0x10203040303f4050
1a6=0x1ec0de01a6 1a7=0x2ec0de01a7 3f6=0xc0de 3f7=0x7cde1f
3f2=0xca00000e 600=0xffffc0dec0de0600"

for pair in $planted; do
	wrmsr -p 0 "0x${pair%=*}" "${pair#*=}"
	echo "planted ${pair%=*} ${pair#*=}"
done

# All of those, and the ones that decide what counts.
set -- 38d 38e 38f 3f1 1d9
for pair in $planted; do
	set -- "$@" "${pair%=*}"
done

# What the kernel has said since the last insmod.
log() {
	dmesg | sed "1,/begin $profile\$/d"
}

/rdmsrs "$@" > /before
for profile in full nometrics fixed3 gp4 narrow nofw l1only none \
	custom:gp=2,fixed=0xb,l2=0,fw=0 custom:gp=0,fixed=1,metrics=0,l2=0 \
	custom:gp=4,fixed=0,metrics=0,l2=0; do
	echo "begin $profile" > /dev/kmsg
	/bin/insmod /tmavisor.ko "profile=$profile" workload=retiring switches=10 strict=1
	echo "status $profile: $?"
	log | sed -n "s/.*tmavisor: guest's PMU/policy $profile/p"
	log | sed -n "s/.*# plain: .* \([0-9]*\) instructions.*/instructions $profile: \1/p"
	log | grep "not ok"
	rmmod tmavisor
	/rdmsrs "$@" > /after
	diff /before /after && echo "msrs equal after $profile"
	grep 6a57ca /after && echo "the guest's canary after $profile"
done

# A guest that may not count some events.
profile=deny
echo "begin $profile" > /dev/kmsg
/bin/insmod /tmavisor.ko deny=branches,r01c2,ref-cycles workload=retiring switches=0
echo "status deny: $?"
log | grep -E "F1 |not ok"
