#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the simulated machine: tmavisor/ in debugfs, by right and wrong use.
mount -t debugfs none /sys/kernel/debug
folder=/sys/kernel/debug/tmavisor
dmesg -c > /kept

show() {
	echo "begin $1"
	cat "$2"
	echo "end"
}

last_line() {
	dmesg | sed -n 's/.*tmavisor: /tmavisor: /p' | tail -n 1
	dmesg -c >> /kept
}

# to FILE NAME: what comes of writing standard input there, in one go
to() {
	# A pipe's reader may get less.
	cat > /input
	dd if=/input of="$folder/$1" bs=65536 conv=notrunc 2> /error
	status=$?
	[ $status = 0 ] || sed -n 's/.*: //p' /error | head -n 1
	echo "$2: $status, $(last_line)"
}

run() {
	printf '%s\n' "$1" > /line
	to run "run $1" < /line
}

sessions() {
	sed -n 's/.*"session":\([0-9]*\),.*/\1/p' "$folder/results" | sort -u | paste -sd' '
}

/bin/insmod /tmavisor.ko workload=mix switches=10
echo "insmod: $?"
(cd $folder && stat -c "mode %n %a %u" -- *)
show results $folder/results
show exits $folder/exits
show switches $folder/switches

# A reader keeps what it has begun with.
exec 3< $folder/results
exec 4< $folder/state
dd bs=64 count=1 <&4 > /piece 2> /dev/null
cat $folder/state > /whole
run "workload=retiring slices=2"
echo "a new reader: $(sessions)"
show kept /proc/self/fd/3 > /dev/null
echo "the old reader: $(sed -n 's/.*"session":\([0-9]*\),.*/\1/p' <&3 | sort -u | paste -sd' ')"
rmmod tmavisor 2> /error
echo "rmmod with results open: $?, $(cat /error)"
dd bs=64 <&4 >> /piece 2> /dev/null
cmp -s /piece /whole && echo "the old state is whole"
cmp -s $folder/state /whole || echo "the new state is another"
exec 3<&- 4<&-
run ""
echo "as on the insmod line: $(sed -n 's/.*"workload":"\([a-z]*\)".*"forced":\([0-9]*\),.*/\1 \2/p' \
	$folder/results | paste -sd' ')"

# Wrong use of run.
before=$(sessions)
for bad in nonsense workload cpu=9 switches=many switches=1000001 slices=0 \
	   slices=99999999999999999999 workload=bogus profile=bogus deny=bogus \
	   strict=perhaps "workload=mix nonsense=1" =; do
	run "$bad"
done
printf 'workload=mix\0switches=1' | to run "run NUL"
printf 'workload=\200\377' | to run "run bytes"
head -c 400 /dev/urandom | to run "run random"
yes x | head -c 1001 | to run "run long"
echo "refused runs: $before then $(sessions)"

# The guest's PMU: counter 0 of an image goes through the next run, and no other.
dd if=$folder/state of=/image bs=4096 2> /dev/null
counter() {
	dd if=$folder/state bs=1 skip=48 count=4 2> /dev/null | hexdump -v -e '1/4 "%x"'
}
# put OFFSET BYTES: an image with these in it
put() {
	cp /image /changed
	printf %b "$2" | dd of=/changed bs=1 seek="$1" conv=notrunc 2> /dev/null
}
echo "image: $(stat -c %s /image) bytes, counter $(counter)"
put 48 '\064\022'
to state "state good" < /changed
run "workload=retiring"
echo "counter after import: $(counter)"
run "workload=retiring"
echo "counter after that: $(counter)"

put 0 'X'
to state "state magic" < /changed
put 8 '\002'
to state "state version" < /changed
put 54 '\001'
to state "state wide" < /changed
head -c 100 /image | to state "state short"
cat /image /image | to state "state long"
head -c 320 /dev/urandom | to state "state random"
run "workload=retiring profile=gp4"
dd if=$folder/state of=/gp4 bs=4096 2> /dev/null
run "workload=retiring"
to state "state gp4" < /gp4
to state "state good again" < /image
run "workload=retiring profile=gp4"
run "workload=retiring profile=gp4 strict=1"
run ""

# A guest that does what it is told, access by access.
before=$(sessions)
to script "script good" <<-EOF
	rdmsr 0x38f
	wrmsr 0x4c1 0x1234

	  switch
	rdpmc	0
	wrmsr 0x38f 0x1000000000000000
	rdmsr 0x38f
	EOF
show script $folder/script
for bad in rdmsr "rdmsr 1 2" "wrmsr 1" "wrmsr 1 x" "rdpmc 0x100000000" hlt; do
	echo "$bad" | to script "script $bad"
done
printf 'switch\nrdmsr\0 1' | to script "script NUL"
yes switch | head -n 1023 | to script "script 1023"
yes switch | head -n 1024 | to script "script 1024"
yes | head -c 40961 | to script "script long"
echo "script kept: $(sort $folder/script | uniq -c | paste -sd' ')"
echo "sessions and scripts: $before then $(sessions)"
last_line > /dev/null
before=$(sessions)
/write_nothing > $folder/script
status=$?
/write_nothing > $folder/run
echo "nothing: $status $?, $(last_line)"
echo "script after nothing: $(sort $folder/script | uniq -c | paste -sd' ')"
echo "sessions before and after nothing: $before $(sessions)"

# A run that takes long: who comes second, and how it ends.
begin_long() {
	echo "switches=1000000 workload=memory_bound" > /long
	dd if=/long of=$folder/run 2> /dev/null &
	writer=$!
	sleep 1
}
ended() {
	wait $writer
	echo "$1: $?"
	last_line
	cat /proc/[0-9]*/comm | grep tmavisor || echo "no thread after $1"
}
before=$(sessions)
begin_long
run "workload=mix"
to state "state meanwhile" < /image
rmmod tmavisor 2> /error
echo "rmmod meanwhile: $?, $(cat /error)"
echo "read meanwhile: $(sessions)"
kill -9 $writer
ended "killed writer"
begin_long
kill -TERM $writer
ended "terminated writer"
echo "ended runs: $before then $(sessions)"
run "workload=retiring strict=1"

# As under Secure Boot; it cannot be undone.
mount -t securityfs none /sys/kernel/security
echo integrity > /sys/kernel/security/lockdown
echo "read under lockdown: $(sessions)"
for file in run state script; do
	dd if=/dev/null of=$folder/$file conv=notrunc 2> /error
	echo "$file under lockdown: $?, $(cat /error)"
done

rmmod tmavisor
echo "rmmod: $?"
[ -e $folder ] || echo "no folder left"
dmesg -c >> /kept
show dmesg /kept
