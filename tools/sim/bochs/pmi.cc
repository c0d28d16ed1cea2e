// SPDX-License-Identifier: GPL-2.0
/* Performance monitoring interrupts, by way of the local APIC. */
#include "machine.h"
#include "cpu/apic.h"

static bool apic_enabled(const struct vcpu *vcpu)
{
	return BX_CPU(vcpu->id)->msr.apicbase & (1 << 11);
}

/* Pending from here on; taken at the next instruction boundary. */
void pmi_send(struct vcpu *vcpu)
{
	bx_local_apic_c *apic = BX_CPU(vcpu->id)->lapic;
	uint8_t vector;

	if (!apic_enabled(vcpu))
		return;
	switch (pmi_deliver(apic->lvt_perfmon(), &vector)) {
	case PMI_MASKED:
		break;
	case PMI_FIXED:
		apic->trigger_irq(vector, 0);
		break;
	case PMI_NMI:
		BX_CPU(vcpu->id)->deliver_NMI();
		break;
	}
}

static void raise_pmi(void *ctx)
{
	struct vcpu *vcpu = (struct vcpu *)ctx;

	if (!sweep_delays_pmi(vcpu))
		pmi_send(vcpu);
}

static void complain(void *ctx, const char *what)
{
	struct vcpu *vcpu = (struct vcpu *)ctx;

	genlog->error("strict: %s", what);
	trace_strict(vcpu, what);
}

const struct pmu_ops pmi_ops = { raise_pmi, complain };

void sim_lvtpc_access(unsigned cpu, unsigned rw, Bit32u val)
{
	trace_lvtpc(&vcpus[cpu], rw == BX_WRITE, val);
}
