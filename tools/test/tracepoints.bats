#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The tracepoints in the simulated machine, read by Debian's trace-cmd and perf.

load machine

setup_file() {
	begin_suite
	tools/sim/run --timeout 300 --init tools/test/init/tracepoints.sh \
		--add "$KO:/tmavisor.ko" \
		--add /usr/bin/trace-cmd --add /usr/bin/perf > "$T/out" 2>&1
	# From the beginning of a load on, without time and task.
	sed -n '/^begin report$/,/^end$/s/.*\]  *[0-9.]*: //p' "$T/out" |
		sed -n '/^pmu_load: *begin/,$p' > "$T/report"
}

says() {
	grep -qE -- "$1" "$T/out" || { sed '/^begin/,/^end/d' "$T/out"; return 1; }
}

# judge 'AWK PROGRAM': over the report; it exits 0 if its claim holds
judge() {
	awk "$1" "$T/report" || { head -n 200 "$T/report"; return 1; }
}

@test "there are the five tracepoints, and trace-cmd records them" {
	says "^insmod: 0$"
	says "^events: pmu_load pmu_msr pmu_put vmentry vmexit$"
	says "^record: 0$"
	says "^overruns: 0$"
	[ "$(wc -l < "$T/report")" -gt 1000 ]
}

@test "the function tracer has none of the module's functions" {
	says "^traceable functions: [1-9][0-9]{3,} 0$"
}

@test "each vmentry has its vmexit, with a reason that has a name" {
	judge '/^vmentry:/ { if (open++) bad = 1; n++ }
		/^vmexit:/ { if (open-- != 1 || $0 !~ /reason=0x[0-9a-f]+ \([^)]+\) rip=0x[1-9a-f]/) bad = 1 }
		END { exit bad || open || n < 5 }'
	grep -q "^vmexit: .*(VMX-preemption timer expired)" "$T/report"
}

# Expect: it is the very next access of all, each time.
@test "FIXED_CTR3 is directly followed by PERF_METRICS" {
	judge '/^pmu_msr:/ { if (pair && $2 " " $3 != "wrmsr 0x329") bad = 1
			if (!pair && $2 " " $3 == "wrmsr 0x329") bad = 1
			pair = $2 " " $3 == "wrmsr 0x30c"; n += pair }
		END { exit bad || pair || n < 10 }'
}

@test "a slice is load, VM entry and exit, put" {
	judge '/^pmu_load: *begin/ { if (at) bad = 1; at = 1 }
		/^pmu_load: *end/ { if (at != 1) bad = 1; at = 2 }
		/^pmu_load: *postponed/ { if (at != 1) bad = 1; at = 0 }
		/^vm(entry|exit):/ { if (at != 2) bad = 1 }
		/^pmu_put: *begin/ { if (at != 2) bad = 1; at = 3 }
		/^pmu_put: *end/ { if (at != 3) bad = 1; at = 0; n++ }
		END { exit bad || at || n < 5 }'
}

@test "events are in the order in which they happened" {
	judge '{ sub(".*tsc=", ""); if (last && $0 + 0 <= last) bad = 1; last = $0 + 0; n++ }
		END { exit bad || n < 1000 }'
}

@test "GLOBAL_CTRL is 0 while counters are written" {
	judge '/wrmsr 0x38f/ { on = $4 != "val=0x0" }
		/pmu_msr: *wrmsr 0x(309|30a|30b|30c|329|4c[1-8]|18[6-9a-d]|38d)/ { if (on) bad = 1; n++ }
		END { exit bad || n < 100 }'
}

# Expect: what a shell needs to write a line. The guest's counters would be in it
# with hundreds of thousands, or with what is between the two.
@test "a group of perf's, read in a tracepoint, counts the host alone" {
	says "^in a group: [0-9]+ [0-9]+$"
	local hits sum
	read -r hits sum < <(sed -n 's/^in a group: //p' "$T/out")
	[ "$hits" -gt 1000 ]
	[ "$sum" -gt 10000 ]
	[ "$sum" -lt 200000 ]
}

@test "rmmod with a tracepoint on breaks nothing" {
	says "^run with one on$"
	says "^rmmod with one on: 0$"
	says "^insmod again: 0$"
	says "^no complaint$"
}
