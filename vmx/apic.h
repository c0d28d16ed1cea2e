/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's local APIC, as little of it as a performance monitoring interrupt
 * needs: x2APIC mode, reached by MSR alone, with one LVT entry. What else an
 * x2APIC has is #GP.
 */
#ifndef VMX_APIC_H
#define VMX_APIC_H

#include "tmavisor/types.h"

enum { APIC_NR_VECTORS = 256 };

struct apic {
	u32	svr;
	u32	lvt_pmi;
	u64	irr[APIC_NR_VECTORS / 64];	/* requested */
	u64	isr[APIC_NR_VECTORS / 64];	/* in service: no EOI yet */
	bool	nmi;				/* to be injected */
	bool	has_pmi;			/* there is a PMU, and so the LVT entry */
};

/* As after RESET. */
void apic_reset(struct apic *apic, bool has_pmi);

/* IA32_X2APIC_*, or the range that Intel reserves for it. */
bool apic_owns_msr(u32 msr);
/* Trapped accesses by the guest; false: #GP(0). */
bool apic_rdmsr(const struct apic *apic, u32 msr, u64 *val);
bool apic_wrmsr_valid(const struct apic *apic, u32 msr, u64 val);
/* Only what apic_wrmsr_valid() has allowed. */
void apic_wrmsr(struct apic *apic, u32 msr, u64 val);

/* False for a state that neither RESET nor a guest's accesses lead to. */
bool apic_is_possible(const struct apic *apic);

/* Whether a PMI that is raised now would be delivered, and mask the entry. */
bool apic_takes_pmi(const struct apic *apic);
/* A PMI that the entry took: "the local APIC sets the mask flag". */
void apic_raise_pmi(struct apic *apic);

/*
 * The vector that the guest would take now, if its RFLAGS.IF lets it; 0 if
 * there is none, or one of the same class is still in service.
 */
u32 apic_pending_vector(const struct apic *apic);
/* @vector, which is pending, is being delivered. */
void apic_accept(struct apic *apic, u32 vector);

#endif
