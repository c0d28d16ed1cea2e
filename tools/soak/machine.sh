# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the executables here: the simulated machine with the module in it.
set -eu

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kernel=$("$top/tools/sim/kernel" 6.1)
KVER=$(<"$kernel/release")

# in_machine SCRIPT "SETTINGS" OPTIONS...: runs init/SCRIPT with these variables set,
# whose output is in $work/said
in_machine() {
	local script=$1 settings=$2
	shift 2
	make -s -C "$top" KVER="$KVER" module >/dev/null 2>&1
	{ echo "$settings"; cat "$top/tools/soak/init/$script"; } >"$work/job"
	"$top/tools/sim/run" --timeout 7200 --init "$work/job" \
		--add "$top/build/kmod/$KVER/tmavisor.ko:/tmavisor.ko" "$@" \
		>"$work/said" 2>&1 && return
	sed 's/^/# /' "$work/said"
	return 1
}
