#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Process 1 of the simulated machine: runs /job with its output on the second
# serial port, and says on the first how it ended.

/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin:/ HOME=/root TERM=dumb
mkdir -p /sbin /usr/bin /usr/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
# By its path: the name alone is the shell's own command.
for tool in insmod rmmod modprobe; do
	ln -sf "$(find /usr /bin /sbin -name kmod -type f)" "/bin/$tool"
done
ln -s ../bin/modprobe /sbin/modprobe

output=/dev/ttyS1
stty -F "$output" 115200 raw -echo
echo "sim: up" >/dev/ttyS0

sh /job </dev/null >"$output" 2>&1
status=$?

if [ -e /etc/keep-dmesg ]; then
	stty -F /dev/ttyS2 115200 raw -echo
	dmesg >/dev/ttyS2
fi
echo "sim: status $status" >/dev/ttyS0
# Setting a port waits until it has sent everything.
stty -F "$output" raw
stty -F /dev/ttyS0 -echo
poweroff -f
