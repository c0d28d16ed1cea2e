// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs that nobody sent, one at each place of a PMU switch: it comes a number
 * of instructions after the host has set GLOBAL_CTRL to 0 for a load, or after
 * a VM exit, and that number is one more each time. So a run with as many
 * switches as a load or a put has instructions has had one everywhere. Each CPU
 * has a sweep of its own.
 */
#include "machine.h"

static enum nmi_place place;
static Bit64u last;	/* instructions after the place; 0 is never */

/* "load:FIRST-LAST" or "exit:FIRST-LAST" */
void nmi_sweep(const char *range)
{
	unsigned long long from, to;
	char name[5];

	if (sscanf(range, "%4[a-z]:%llu-%llu", name, &from, &to) != 3 || !from ||
	    from > to || (strcmp(name, "load") && strcmp(name, "exit"))) {
		fprintf(stderr, "SIM_NMI_SWEEP: %s is not load:FIRST-LAST or exit:FIRST-LAST\n",
			range);
		exit(1);
	}
	place = strcmp(name, "load") ? NMI_AFTER_EXIT : NMI_AFTER_LOAD_BEGINS;
	last = to;
	for (unsigned int i = 0; i < SIM_MAX_CPUS; i++)
		vcpus[i].nmi_next = from;
}

void nmi_place_reached(struct vcpu *vcpu, enum nmi_place reached)
{
	if (reached != place || vcpu->nmi_next > last || in_guest(vcpu) ||
	    vcpu->nmi[false] || vcpu->nmi_countdown)
		return;
	vcpu->nmi_countdown = vcpu->nmi_next++;
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
