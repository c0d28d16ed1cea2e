#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine, with --vmx-fail: VMX instructions fail, one an
# insmod.
# shellcheck disable=SC1091	# a path in the machine
. /failures_host.sh

# The MSR of --vmx-fail, and the upper half of what is written to it: docs/sim.md
vmx_fail=0x40000010
any=0
vmclear=0x13
vmlaunch=0x14
vmresume=0x18
vmxon=0x1b
vmxon_faults=0x8000001b

# fail HALF K
fail() {
	wrmsr -p 0 $vmx_fail "$(printf '0x%x' $(($1 << 32 | $2)))"
	insmod_it
	say "$1 $2 $(rdmsr -p 0 -0 $vmx_fail)"
}

# All of run_begin(), and of the first slice to some exits of its guest.
k=1
while [ $k -le 150 ]; do
	fail $any $k
	[ $((k % 50)) != 0 ] || works "after $k"
	k=$((k + 1))
done
# Further on in it, and in later ones.
while [ $k -le 3000 ]; do
	fail $any $k
	k=$((k + 211))
done
for k in 1 2 3 4; do
	fail $vmclear $k
done
fail $vmlaunch 2
fail $vmresume 1000
fail $vmxon 3
fail $vmxon_faults 1
fail $vmxon_faults 2
works "at the end"
complaints
