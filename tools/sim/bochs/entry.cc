// SPDX-License-Identifier: GPL-2.0
/*
 * A VM entry that fails on demand: before the checks of the N-th one that is
 * tried since power-on, a field of the current VMCS takes another value. The
 * checks, the failure and what the host then reads are the machine's own.
 */
#include "machine.h"

static unsigned int field;
static Bit64u value;
static Bit64u entry;	/* 0 is none */
static Bit64u tried;

/* "FIELD=VALUE@N", FIELD being the encoding */
void entry_spoil(const char *what)
{
	char *end;

	field = strtoul(what, &end, 0);
	if (*end == '=')
		value = strtoull(end + 1, &end, 0);
	if (*end == '@')
		entry = strtoull(end + 1, &end, 0);
	if (*end || !entry) {
		fprintf(stderr, "SIM_VMCS: %s is not FIELD=VALUE@N\n", what);
		exit(1);
	}
}

void sim_vmentry_tried(unsigned cpu)
{
	if (++tried != entry)
		return;
	if (!BX_CPU(cpu)->vmcs_map->is_valid(field)) {
		fprintf(stderr, "SIM_VMCS: the VMCS has no field %#x\n", field);
		exit(1);
	}
	BX_CPU(cpu)->vmwrite(field, value);
}
