// SPDX-License-Identifier: GPL-2.0
#include "vmx/apic.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

/* Vectors below are the CPU's own; an APIC delivers none of them. */
enum { FIRST_LEGAL_VECTOR = 16 };

/* "Local APIC Version Register": version, and the highest of its LVT entries. */
#define VERSION		0x15
#define MAX_LVT_ENTRY	6
#define MAX_LVT_SHIFT	16

void apic_reset(struct apic *apic, bool has_pmi)
{
	memset(apic, 0, sizeof(*apic));
	apic->svr = APIC_SVR_VECTOR;
	apic->lvt_pmi = LVT_MASKED;
	apic->has_pmi = has_pmi;
}

bool apic_owns_msr(u32 msr)
{
	return msr >= X2APIC_FIRST_MSR && msr <= X2APIC_LAST_MSR;
}

bool apic_rdmsr(const struct apic *apic, u32 msr, u64 *val)
{
	switch (msr) {
	case IA32_X2APIC_APICID:
		*val = 0;
		return true;
	case IA32_X2APIC_VERSION:
		*val = VERSION | MAX_LVT_ENTRY << MAX_LVT_SHIFT;
		return true;
	case IA32_X2APIC_SIVR:
		*val = apic->svr;
		return true;
	case IA32_X2APIC_LVT_PMI:
		*val = apic->lvt_pmi;
		return apic->has_pmi;
	}
	return false;
}

bool apic_wrmsr_valid(const struct apic *apic, u32 msr, u64 val)
{
	switch (msr) {
	case IA32_X2APIC_EOI:
		return !val;
	case IA32_X2APIC_SIVR:
		return !(val & ~(u64)(APIC_SVR_VECTOR | APIC_SVR_ENABLE));
	case IA32_X2APIC_LVT_PMI:
		/* Delivery status is read-only, which is not reserved. */
		return apic->has_pmi &&
		       !(val & ~(u64)(LVT_VECTOR | LVT_DELIVERY_MODE |
				      LVT_DELIVERY_STATUS | LVT_MASKED));
	}
	return false;
}

/* The highest bit set, or 0: no vector is 0. */
static u32 highest(const u64 *vectors)
{
	int i;

	for (i = APIC_NR_VECTORS / 64 - 1; i >= 0; i--)
		if (vectors[i])
			return i * 64 + 63 - __builtin_clzll(vectors[i]);
	return 0;
}

static void set_vector(u64 *vectors, u32 vector)
{
	vectors[vector / 64] |= TMAV_BIT(vector % 64);
}

static void clear_vector(u64 *vectors, u32 vector)
{
	vectors[vector / 64] &= ~TMAV_BIT(vector % 64);
}

/* "When the local APIC is software disabled ... the mask bits are set." */
static void mask_if_disabled(struct apic *apic)
{
	if (!(apic->svr & APIC_SVR_ENABLE))
		apic->lvt_pmi |= LVT_MASKED;
}

void apic_wrmsr(struct apic *apic, u32 msr, u64 val)
{
	switch (msr) {
	case IA32_X2APIC_EOI:
		clear_vector(apic->isr, highest(apic->isr));
		break;
	case IA32_X2APIC_SIVR:
		apic->svr = val;
		mask_if_disabled(apic);
		break;
	case IA32_X2APIC_LVT_PMI:
		apic->lvt_pmi = val & ~(u64)LVT_DELIVERY_STATUS;
		mask_if_disabled(apic);
		break;
	}
}

bool apic_is_possible(const struct apic *apic)
{
	const u64 illegal = TMAV_BIT(FIRST_LEGAL_VECTOR) - 1;

	return apic_wrmsr_valid(apic, IA32_X2APIC_SIVR, apic->svr) &&
	       !(apic->lvt_pmi & ~(LVT_VECTOR | LVT_DELIVERY_MODE | LVT_MASKED)) &&
	       (apic->lvt_pmi & LVT_MASKED ||
		(apic->has_pmi && apic->svr & APIC_SVR_ENABLE)) &&
	       !((apic->irr[0] | apic->isr[0]) & illegal);
}

/* SMI and INIT have no meaning for this guest: such a PMI goes nowhere. */
bool apic_takes_pmi(const struct apic *apic)
{
	u32 mode = apic->lvt_pmi & LVT_DELIVERY_MODE;

	return !(apic->lvt_pmi & LVT_MASKED) &&
	       (mode == LVT_DELIVERY_FIXED || mode == LVT_DELIVERY_NMI);
}

void apic_raise_pmi(struct apic *apic)
{
	u32 vector = apic->lvt_pmi & LVT_VECTOR;

	if ((apic->lvt_pmi & LVT_DELIVERY_MODE) == LVT_DELIVERY_NMI)
		apic->nmi = true;
	else if (vector >= FIRST_LEGAL_VECTOR)
		set_vector(apic->irr, vector);
	apic->lvt_pmi |= LVT_MASKED;
}

u32 apic_pending_vector(const struct apic *apic)
{
	/* "Interrupt, Task, and Processor Priority": the upper half decides. */
	const u32 class_shift = 4;
	u32 vector = highest(apic->irr);

	if (vector >> class_shift <= highest(apic->isr) >> class_shift)
		return 0;
	return vector;
}

void apic_accept(struct apic *apic, u32 vector)
{
	clear_vector(apic->irr, vector);
	set_vector(apic->isr, vector);
}
