// SPDX-License-Identifier: GPL-2.0
#include "vmx/inject.h"
#include "vmx/vmx_arch.h"

static void inject(struct run *run, u32 info)
{
	vmcs_write32(&run->vmcs, ENTRY_INTERRUPTION_INFO, info | INTR_INFO_VALID);
}

static void inject_fault(struct run *run, u32 info)
{
	/* As a fault does: RF in the image on the stack. */
	vmcs_writenat(&run->vmcs, GUEST_RFLAGS,
		      vmcs_readnat(&run->vmcs, GUEST_RFLAGS) | RFLAGS_RF);
	inject(run, info | INTR_INFO_TYPE_EXCEPTION);
}

void inject_gp(struct run *run)
{
	inject_fault(run, VECTOR_GP | INTR_INFO_ERROR_CODE);
	vmcs_write32(&run->vmcs, ENTRY_EXCEPTION_ERROR_CODE, 0);
}

void inject_ud(struct run *run)
{
	inject_fault(run, VECTOR_UD);
}

void inject_pass_on_pmi(struct run *run)
{
	if (!vpmu_take_pmi(&run->vpmu))
		return;
	apic_raise_pmi(&run->apic);
	/* It has masked the entry: no second one before the guest unmasks it. */
	vpmu_arm_pmi(&run->vpmu, false);
}

/* What the local APIC has, and whether something holds it up. */
struct delivery {
	bool	nmi;
	bool	nmi_now;
	u32	nmi_window;	/* the control that tells of the end of that */
	u32	vector;
	bool	vector_now;
};

static struct delivery look_at_delivery(struct run *run)
{
	u32 blocking = vmcs_read32(&run->vmcs, GUEST_INTERRUPTIBILITY);
	bool shadow = blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
	bool enabled = vmcs_readnat(&run->vmcs, GUEST_RFLAGS) & RFLAGS_IF;
	struct delivery d = {
		.nmi = run->apic.nmi,
		.vector = apic_pending_vector(&run->apic),
	};

	d.nmi_now = d.nmi && !shadow && !(blocking & BLOCKING_BY_NMI);
	/*
	 * A processor need not take the shadow of an STI for one of the NMI
	 * window's: it would exit again and again, at the same instruction.
	 */
	d.nmi_window = blocking & BLOCKING_BY_STI ? CPU_INTERRUPT_WINDOW_EXITING :
						    CPU_NMI_WINDOW_EXITING;
	d.vector_now = d.vector && !shadow && enabled;
	return d;
}

static void write_controls(struct run *run, u32 controls)
{
	if (controls != run->cpu_controls)
		vmcs_write32(&run->vmcs, CPU_BASED_CONTROLS, controls);
	run->cpu_controls = controls;
}

/*
 * One event an entry: a fault that an exit handler has left there goes first,
 * an NMI before an interrupt. What has to wait is told of by a VM exit as soon
 * as the guest can take it. An entry that fails keeps its event.
 */
static void inject_one(struct run *run, const struct delivery *d)
{
	bool taken = vmcs_read32(&run->vmcs, ENTRY_INTERRUPTION_INFO) & INTR_INFO_VALID;
	u32 controls = run->ctls.word[VMX_CTL_CPU];

	if (d->nmi_now && !taken) {
		inject(run, INTR_INFO_TYPE_NMI | VECTOR_NMI);
		run->apic.nmi = false;
		taken = true;
	} else if (d->nmi) {
		controls |= d->nmi_window;
	}
	if (d->vector_now && !taken) {
		inject(run, INTR_INFO_TYPE_EXTERNAL | d->vector);
		apic_accept(&run->apic, d->vector);
	} else if (d->vector) {
		controls |= CPU_INTERRUPT_WINDOW_EXITING;
	}
	write_controls(run, controls);
}

bool inject_events(struct run *run)
{
	struct delivery d;

	inject_pass_on_pmi(run);
	/* Most often there is nothing, and nothing was waited for either. */
	if (!run->halted && !run->apic.nmi && !apic_pending_vector(&run->apic) &&
	    run->cpu_controls == run->ctls.word[VMX_CTL_CPU])
		return true;
	d = look_at_delivery(run);
	if (run->halted && !d.nmi_now && !d.vector_now)
		return false;
	run->halted = false;
	inject_one(run, &d);
	return true;
}
