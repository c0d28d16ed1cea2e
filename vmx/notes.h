/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a slice did, noted while it does it and looked at behind it: whoever looks
 * may read the PMU, which is the guest's until put is over.
 *
 * Of one CPU, its NMI handlers included: each note has a place of its own before
 * it is written, so that none is torn by another that interrupts it.
 */
#ifndef VMX_NOTES_H
#define VMX_NOTES_H

#include "vmx/hw.h"

/* Some ten switches; a guest that traps without end fills any number. */
enum { NOTES_MAX = 4096 };

struct note {
	u64	tsc;
	u64	val;
	u32	kind;		/* enum hw_note */
	u32	index;
};

struct notes {
	u32		nr;	/* more than NOTES_MAX: those are lost */
	struct note	note[NOTES_MAX];
};

/* Of accesses to MSRs those to the PMU's alone are noted. */
void notes_add(struct notes *notes, enum hw_note kind, u32 index, u64 val);
/*
 * Not from an NMI handler: show each in its order, those too that come meanwhile,
 * and forget them. How many there was no place for.
 */
u32 notes_empty(struct notes *notes, void (*show)(const struct note *note));

#endif
