// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs that nobody sent, one at each place of a PMU switch. A switch begins
 * when the host sets GLOBAL_CTRL to 0 outside an NMI handler; the NMI comes
 * after a number of instructions that is one more at each switch. So a run with
 * as many switches as a switch has instructions has had one everywhere.
 */
#include "machine.h"

static Bit64u first;	/* instructions after the beginning of a switch */
static Bit64u last;
static Bit64u next;

/* "FIRST-LAST" */
void nmi_sweep(const char *range)
{
	unsigned long long from, to;

	if (sscanf(range, "%llu-%llu", &from, &to) != 2 || !from || from > to) {
		fprintf(stderr, "SIM_NMI_SWEEP: %s is no FIRST-LAST\n", range);
		exit(1);
	}
	first = next = from;
	last = to;
}

void nmi_switch_begins(struct vcpu *vcpu)
{
	if (!first || next > last || in_guest(vcpu) || vcpu->nmi[false] ||
	    vcpu->nmi_countdown)
		return;
	vcpu->nmi_countdown = next++;
	count_update(vcpu);
}

/* Signalled before an instruction, an NMI is taken after it. */
void nmi_step(struct vcpu *vcpu)
{
	if (--vcpu->nmi_countdown)
		return;
	BX_CPU(vcpu->id)->deliver_NMI();
	count_update(vcpu);
}
