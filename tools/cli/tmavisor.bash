# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of tmavisor's command line.

_tmavisor_workloads="all retiring light_operations heavy_operations
	branch_mispredicts machine_clears fetch_latency fetch_bandwidth
	memory_bound core_bound mix"
_tmavisor_profiles="full nometrics fixed3 gp4 narrow nofw l1only none"
_tmavisor_fields="retiring= bad_speculation= frontend_bound= backend_bound=
	heavy_operations= branch_mispredicts= fetch_latency= memory_bound="

# What may follow @1, the word before.
_tmavisor_run_words() {
	case $1 in
	workload)	echo "$_tmavisor_workloads" ;;
	profile)	echo "$_tmavisor_profiles" ;;
	migrate | strict)	echo "0 1" ;;
	*)		echo "--simulated --log= cpu= switches= slices= workload=" \
				"profile= deny= migrate= strict=" ;;
	esac
}

_tmavisor() {
	local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local words="" general="--help --usage --version" files=()
	COMPREPLY=()

	if [ "$COMP_CWORD" = 1 ]; then
		words="decode delta doctor encode report run trace"
	else
		# Readline breaks words at "=": NAME = VALUE are three.
		[ "$cur" != = ] || cur=""
		[ "$previous" != = ] || previous=${COMP_WORDS[COMP_CWORD - 2]}
		case ${COMP_WORDS[1]} in
		report)	words="--ascii --csv --json --native --svg=" ;;
		doctor)	words="--json --root=" ;;
		trace)	words="--brief" ;;
		encode)	words=$_tmavisor_fields ;;
		run)	words=$(_tmavisor_run_words "$previous") ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words $general" -- "$cur")
	case ${COMP_WORDS[1]} in
	report | trace)
		mapfile -t files < <(compgen -f -- "$cur")
		COMPREPLY+=("${files[@]}") ;;
	esac
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null || true
}

complete -o filenames -F _tmavisor tmavisor
