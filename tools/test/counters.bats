#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The host's counters while guests run, as Debian's perf and the NMI watchdog use
# them: what they count leaves the guest's time out, and nothing else.

load machine

setup_file() {
	begin_suite
	build_probe probe
}

# boot NAME OPTIONS...: what init/NAME.sh says is $T/NAME. Each boot serves several
# tests, and is done when the first of them needs it.
boot() {
	local name=$1
	shift
	[ ! -e "$T/$name" ] || return 0
	tools/sim/run --timeout 600 --perf --init "tools/test/init/$name.sh" \
		--add "$KO:/tmavisor.ko" "$@" > "$T/$name" 2>&1 || true
}

boot_perf() {
	boot perf --out "$T/perf.out"
}

boot_counts() {
	boot counts --trace "$T/counts.jsonl"
}

boot_counts_cpus() {
	boot counts_cpus --cpus 2 --trace "$T/counts_cpus.jsonl"
}

boot_counts_nmi() {
	boot counts_nmi --cmdline nowatchdog --sweep nmi:load:1-2200 \
		--trace "$T/counts_nmi.jsonl"
}

boot_topdown() {
	boot topdown --add "$T/probe:/probe"
}

@test "perf counts a program beside the guest as it does alone" {
	boot_perf
	says perf "^alone: [0-9]+ [0-9]+$"
	says perf "guest still there"
	[ "$(value_of perf beside)" = "$(value_of perf alone)" ]
	[ "$(value_of perf after)" = "$(value_of perf alone)" ]
}

@test "the guest was switched thousands of times from its first measurement to the last" {
	boot_perf
	[ "$(value_of perf "loads beside")" -gt 2000 ]
}

# Perf's own are in these, a dozen more where a number that it writes has one more
# digit. To the last one they are compared below, by the judge.
@test "perf counts all programs of all CPUs beside the guest as it does alone" {
	boot_perf
	local when off
	says perf "^alone of all: [0-9]{7}$"
	for when in beside after; do
		off=$(($(value_of perf "$when of all") - $(value_of perf "alone of all")))
		echo "$when: $off"
		[ "${off#-}" -lt 50 ]
	done
}

@test "perf record takes as many samples beside the guest as alone" {
	boot_perf
	says perf "^alone samples: [1-9][0-9]*$"
	[ "$(value_of perf "beside samples")" = "$(value_of perf "alone samples")" ]
}

# watchdog NAME: it goes off once in a second's cycles. "Detected 50.000 MHz"
watchdog() {
	value_of perf "watchdog $1" | awk '{ off = $1 - $2 / 50000000
		bad = $1 < 2 || off > 1 || off < -1 }
		END { exit bad || NR != 1 }'
}

@test "the NMI watchdog goes off by the host's cycles, beside the guest as alone" {
	boot_perf
	says perf "guest there to the end"
	value_of perf "watchdog alone"
	value_of perf "watchdog beside"
	watchdog alone
	watchdog beside
}

@test "Linux has nothing to complain about with perf, its PMIs and the guest" {
	boot_perf
	run -1 grep -E "Uhhuh|Dazed|BUG:|WARNING:|unchecked MSR|LOCKUP|lockup" "$T/perf.out/dmesg"
}

# counts COUNTER SPANS OVERFLOWS RUN
counts() {
	tools/test/count_check --counter "$1" --spans "$2" --overflows "$3" "$T/$4.jsonl"
}

sum() {
	awk '{ n += $1 } END { printf "%d\n", n }'
}

@test "each guest of that run ended well" {
	boot_counts
	[ "$(grep -c "^status [0-9a-z]*: 0$" "$T/counts")" = 5 ]
}

@test "instructions count in the host's time, all of it and no other" {
	boot_counts
	counts 0 8000 10000 counts
}

@test "perf's totals are what the judge of the trace has counted" {
	boot_counts
	local totals
	totals=$(sed -n 's/^total .*: //p' "$T/counts" | paste -sd' ')
	echo "$totals"
	[ "${totals%% *}" -gt 10000000 ]
	tools/test/count_check "$T/counts.jsonl" | grep "^# totals $totals "
}

@test "so do the cycles of the NMI watchdog, while it goes off" {
	boot_counts
	counts 1 8000 5 counts
}

@test "overflows were pending as a load began, and perf has a sample of each" {
	boot_counts
	local pending samples overflows missing lost
	read -r overflows pending lost < <(tools/test/count_check "$T/counts.jsonl" |
		sed -n 's/.* retired [0-9]*; \([0-9]*\) overflows, \([0-9]*\) of.*, \([0-9]*\) lost.*/\1 \2 \3/p')
	samples=$(sed -n 's/^samples [0-9]*: //p' "$T/counts" | paste -sd+)
	echo "$pending pending, $overflows overflows, $lost lost, $((samples)) samples"
	[ "$pending" -ge 5 ]
	# By the handler of eighty PMIs of the watchdog's, in 29 instructions of 2500.
	[ "$lost" -le 8 ]
	# One in flight as perf turns the counter off is handled, and no sample.
	missing=$((overflows - samples))
	[ "$missing" -ge 0 ]
	[ "$missing" -le 3 ]
}

# Where functions lie in the module: NAME FIRST LAST, decimal, from its .text on.
functions() {
	nm -S --defined-only "$KO" | awk 'NF == 4 && $3 ~ /[tT]/ { print $4, $1, $2 }' |
		while read -r name start size; do
			echo "$name $((0x$start)) $((0x$start + 0x$size))"
		done
}

# An NMI's handler counts, and what overflows in it has its PMI right after.
@test "what the host does between load and put is sampled, no more often than NMIs came there" {
	boot_counts
	local period text nmis
	for period in 2003 2503 3001; do
		text=$(value_of counts "text $period")
		value_of counts "in module $period" | while read -r place; do
			echo $((0x$place - text))
		done
	done | sort -n > "$T/places"
	[ "$(wc -l < "$T/places")" -gt 500 ]
	functions | grep -E "^(hw_enter|inject_events|exits_handle|vpmu_settle|vpmu_fetch) " \
		> "$T/functions"
	[ "$(wc -l < "$T/functions")" = 5 ]
	# The end of the handler reads GLOBAL_CTRL, once for each.
	nmis=$(grep -c '"op":"rdmsr","msr":"0x38f".*"nmi":true' "$T/counts.jsonl")
	awk -v nmis="$nmis" 'NR == FNR { first[$1] = $2; last[$1] = $3; next }
		{ for (n in first) if ($1 >= first[n] && $1 < last[n]) {
			print n, $1; there++ } }
		END { print there + 0 " samples, " nmis " NMIs"; exit !there || there > nmis }' \
		"$T/functions" "$T/places"
}

@test "guests without metrics leave the host's in the hardware, unwritten" {
	boot_counts
	tools/test/trace_check --no-pair --nmis --switches 8000 "$T/counts.jsonl"
}

@test "instructions count likewise on two CPUs, beside guests that move or are shown everything" {
	boot_counts_cpus
	local totals
	[ "$(count counts_cpus "^status .*: 0$")" = 2 ]
	[ "$(sed -n 's/ moves$//p' "$T/counts_cpus")" -gt 1000 ]
	counts 0 2000 0 counts_cpus
	totals=$(sed -n 's/^total .*: //p' "$T/counts_cpus" | sum)
	[ "$totals" -gt 10000000 ]
	[ "$(tools/test/count_check "$T/counts_cpus.jsonl" |
		sed -n 's/^# totals //p' | tr ' ' '\n' | sum)" = "$totals" ]
}

@test "what Linux's NMI handler retires in the middle of a switch counts too" {
	boot_counts_nmi
	says counts_nmi "^status: 0$"
	says counts_nmi "[1-9][0-9]{3} NMIs in the middle of one"
	counts 0 2000 0 counts_nmi
	[ "$(value_of counts_nmi total)" -gt 1000000 ]
	[ "$(tools/test/count_check "$T/counts_nmi.jsonl" |
		sed -n 's/^# totals //p')" = "$(value_of counts_nmi total)" ]
}

# A guest with fifty times as many of them. What one of them leaves in the caches
# moves the host's a little.
@test "slots count in the host's time, and leave all but 2 % of the guest's seventy million out" {
	boot_topdown
	{ value_of topdown "beside retiring"; value_of topdown "beside memory_bound"; } |
		tee /dev/stderr | awk '
		$1 < 1000000 { bad = 1 }
		NR == 1 { host = $1; guest = $2 }
		NR == 2 { host = $1 - host; guest = $2 - guest }
		END { exit bad || NR != 2 || guest < 60000000 ||
			host > guest / 50 || host < -guest / 50 }'
}

# Slots, four shares, loads. drift_test says why not more than ten switches.
@test "some ten switches in one reading move a program's slots by less than 1 %, their shares by less than a point" {
	boot_topdown
	{ value_of topdown "left alone"; value_of topdown saved; } | tee /dev/stderr | awk '
		NR == 1 { for (i = 2; i <= 5; i++) alone[i] = 100 * $i / $1; slots = $1 }
		NR == 2 { for (i = 2; i <= 5; i++) {
				off = 100 * $i / $1 - alone[i]
				bad = bad || off >= 1 || off <= -1 }
			  bad = bad || $1 < slots * 0.99 || $1 > slots * 1.01 }
		$6 < 8 || $6 > 12 || $1 < 10000000 { bad = 1 }
		END { exit bad || NR != 2 }'
}

#
# The judge, judged
#

# at RETIRED OP MSR VALUE [NMI]: an access of the host's
at() {
	echo "{\"t\":$1,\"retired\":$1,\"cpu\":0,\"mode\":\"host\",\"op\":\"$2\"," \
		"\"msr\":\"$3\",\"val\":\"$4\",\"fault\":false,\"nmi\":${5:-false}}"
}

guest() {
	echo "{\"t\":$1,\"retired\":$1,\"cpu\":0,\"mode\":\"host\",\"op\":\"vmentry\",\"fault\":false}"
	echo "{\"t\":$2,\"retired\":$2,\"cpu\":0,\"mode\":\"guest\",\"op\":\"vmexit\",\"reason\":52,\"fault\":false}"
}

# A counter of instructions, from 0x1000 on; a switch from 1000 to 2300; the next
# load at 3000, which finds 0x1000 + 880 + 700.
good_trace() {
	at 100 wrmsr 0x38d 0xb
	at 110 wrmsr 0x309 0x1000
	at 120 wrmsr 0x38f 0x1000f000000ff
	at 1000 wrmsr 0x38f 0x0
	at 1010 rdpmc 0x40000000 0x1370
	at 1020 apicr 0x0 0x400
	at 1030 wrmsr 0x309 0x0
	at 1040 wrmsr 0x38d 0x0
	guest 1100 2100
	at 2110 rdpmc 0x40000000 0x3e8
	at 2200 wrmsr 0x309 0x1370
	at 2210 wrmsr 0x38d 0xb
	at 2300 wrmsr 0x38f 0x1000f000000ff
	at 3000 wrmsr 0x38f 0x0
	at 3010 rdpmc 0x40000000 0x162c
	at 3020 apicr 0x0 0x400
	guest 3100 3200
	at 3300 rdpmc 0x40000000 0x162c
	at 3400 wrmsr 0x38f 0x1000f000000ff
}

# judged SED: what the judge says of that trace, changed
judged() {
	good_trace | sed -E "$1" > "$T/judged.jsonl"
	run tools/test/count_check --spans 2 "$T/judged.jsonl"
	echo "$output"
}

# refused CLAIM: that one, and no other
refused() {
	[ "$status" = 1 ]
	[ "$(grep -c "^not ok" <<< "$output")" = 1 ]
	[[ $output == *"not ok $1 "* ]]
}

@test "the judge accepts a counter that leaves the guest out" {
	judged ""
	[ "$status" = 0 ]
}

@test "the judge finds the guest's instructions in the host's counter" {
	judged '/"t":2200/s/0x1370/0x1758/;/"t":3010/s/0x162c/0x1a14/;/"t":3300/s/0x162c/0x1a14/'
	refused 3
}

@test "the judge finds one instruction too many, and one too few" {
	judged '/"t":3[03][01]/s/0x162c/0x162d/'
	refused 2
	judged '/"t":3[03][01]/s/0x162c/0x162b/'
	refused 2
}

@test "the judge finds a counter that is restored after GLOBAL_CTRL" {
	good_trace | awk '/"t":2200/ { late = $0; next } { print }
		/"t":2300/ { gsub("2200", "2310", late); print late }' > "$T/judged.jsonl"
	run tools/test/count_check --spans 2 "$T/judged.jsonl"
	echo "$output"
	[[ $output == *"not ok 3 "* ]]
}

@test "the judge finds a GLOBAL_CTRL that is not restored" {
	judged '/"t":2300/s/0x1000f/0x1000e/'
	[[ $output == *"not ok 3 "* ]]
}

@test "the judge finds a selector that is not restored" {
	judged '/"t":2210/s/0xb"/0x8"/'
	[[ $output == *"not ok 3 "* ]]
}

@test "the judge finds an overflow that is not handled, or after the guest" {
	local overflow='s/0x1000"/0xfffffffffd00"/;s/0x1370/0x70/;s/0x162c/0x32c/'
	judged "$overflow"
	[[ $output == *"not ok 5 "* && $output == *"not ok 6 "* ]]
}

# late_overflow N [SED]: a PMI's handler stops the counter from 401 to 410, unmasks LVTPC
# at 440 and has it overflow N instructions after 410. Its PMI is handled at the end.
late_overflow() {
	good_trace | sed "/\"t\":120/r"<(
		at 400 wrmsr 0x38f 0x0 true
		at 405 wrmsr 0x390 0x200000000 true
		at 410 wrmsr 0x38f 0x1000f000000ff true
		at 440 apicw 0x0 0x400 true
	) | sed "s/0x1000\"/$(printf %#x $(((1 << 48) - 280 - $1)))\"/
		s/0x1370/$(printf %#x $((590 - $1)))/; s/0x162c/$(printf %#x $((1290 - $1)))/" |
		sed "${2:-}" > "$T/judged.jsonl"
	at 3500 wrmsr 0x390 0x100000000 >> "$T/judged.jsonl"
	run tools/test/count_check --spans 2 --overflows 1 "$T/judged.jsonl"
	echo "$output"
}

@test "the judge blames nobody but Linux for an overflow between its GLOBAL_CTRL and LVTPC" {
	late_overflow 29
	[ "$status" = 0 ]
	[[ $output == *"; 1 overflows, 0 of them pending"*", 1 lost by Linux"* ]]
	late_overflow 30
	refused 6
	[[ $output == *", 0 lost by Linux"* ]]
	# The NMI was no PMI's, and nothing had masked LVTPC.
	late_overflow 29 '/"t":405/d'
	refused 6
}

@test "the judge finds an overflow that is handled without having been" {
	judged '/"t":120/{p;s/120/130/g;s/0x38f/0x390/;s/"0x1000f.*ff"/"0x100000000"/}'
	refused 5
}

@test "the judge finds too few switches" {
	judged '/"t":3/d'
	refused 1
}
