// SPDX-License-Identifier: GPL-2.0
/*
 * VM entry and VM exit, as far as the PMU is concerned: IA32_PERF_GLOBAL_CTRL
 * and IA32_DEBUGCTL.  Bochs knows the controls and the fields, and does nothing
 * with them; patches/ calls what is here at the places where it would.
 */
#include "machine.h"

static VMCS_CACHE *vmcs_of(const struct vcpu *vcpu)
{
	return &BX_CPU(vcpu->id)->vmcs;
}

static Bit64u vmread(const struct vcpu *vcpu, unsigned int field)
{
	return BX_CPU(vcpu->id)->VMread64(field);
}

static void vmwrite(const struct vcpu *vcpu, unsigned int field, Bit64u val)
{
	BX_CPU(vcpu->id)->VMwrite64(field, val);
}

static bool global_ctrl_valid(const struct vcpu *vcpu, unsigned int field)
{
	return !(vmread(vcpu, field) & ~pmu_global_ctrl_valid(&vcpu->variant->pmu));
}

/* "Bits reserved in the IA32_DEBUGCTL MSR must be 0 in the field." */
static bool debugctl_valid(const struct vcpu *vcpu, Bit64u val)
{
	struct pmu trial = vcpu->pmu;

	return pmu_wrmsr(&trial, IA32_DEBUGCTL, val) == PMU_OK;
}

bool sim_host_state_valid(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];

	return !vmcs_of(vcpu)->vmexit_ctrls1.LOAD_PERF_GLOBAL_CTRL_MSR() ||
	       global_ctrl_valid(vcpu, VMCS_64BIT_HOST_IA32_PERF_GLOBAL_CTRL);
}

bool sim_guest_state_valid(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];
	VMCS_CACHE *vmcs = vmcs_of(vcpu);

	if (vmcs->vmentry_ctrls.LOAD_DBG_CTRLS() &&
	    !debugctl_valid(vcpu, vmread(vcpu, VMCS_64BIT_GUEST_IA32_DEBUGCTL)))
		return false;
	return !vmcs->vmentry_ctrls.LOAD_PERF_GLOBAL_CTRL_MSR() ||
	       global_ctrl_valid(vcpu, VMCS_64BIT_GUEST_IA32_PERF_GLOBAL_CTRL);
}

void sim_vmentry_fail(unsigned cpu, unsigned error)
{
	trace_vmentry_fail(&vcpus[cpu], error);
}

/* The guest may be resumed in its NMI handler, or be another one by now. */
static bool nmis_blocked_in_guest(const struct vcpu *vcpu)
{
	return BX_CPU(vcpu->id)->VMread32(VMCS_32BIT_GUEST_INTERRUPTIBILITY_STATE) &
	       BX_VMX_INTERRUPTS_BLOCKED_NMI_BLOCKED;
}

/*
 * All checks are passed.  VMLAUNCH or VMRESUME counts with the host's state;
 * the guest's is in force from here on, before the VM-entry MSR-load list.
 */
void sim_vmentry(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];
	VMCS_CACHE *vmcs = vmcs_of(vcpu);

	count_retire(vcpu);
	irqs_guest_begins(vcpu);
	trace_vmentry(vcpu);
	state_vmentry(vcpu);
	payload_vmentry(vcpu);
	if (vmcs->vmentry_ctrls.LOAD_DBG_CTRLS())
		pmu_wrmsr(&vcpu->pmu, IA32_DEBUGCTL,
			  vmread(vcpu, VMCS_64BIT_GUEST_IA32_DEBUGCTL));
	if (vmcs->vmentry_ctrls.LOAD_PERF_GLOBAL_CTRL_MSR())
		pmu_wrmsr(&vcpu->pmu, IA32_PERF_GLOBAL_CTRL,
			  vmread(vcpu, VMCS_64BIT_GUEST_IA32_PERF_GLOBAL_CTRL));
	if (!nmis_blocked_in_guest(vcpu)) {
		vcpu->nmi[true] = false;
		vcpu->nmi_depth[true] = 0;
	}
	vcpu->resolve = true;
	count_update(vcpu);
	sweep_reached(vcpu, PLACE_ENTRY);
}

/* Nothing of the exit is done yet.  Most exits are like faults, some like traps. */
void sim_vmexit(unsigned cpu, Bit32u reason)
{
	struct vcpu *vcpu = &vcpus[cpu];
	unsigned int basic = reason & 0xffff;

	if (!IS_TRAP_LIKE_VMEXIT(basic))
		count_abandon(vcpu);
	else if (BX_CPU(cpu)->prev_rip != BX_CPU(cpu)->gen_reg[BX_64BIT_REG_RIP].rrx)
		count_retire(vcpu);
	else
		count_settle(vcpu);
	pmu_drain(&vcpu->pmu, vcpu->cpl);
	if (!(reason >> 31))
		irqs_guest_ends(vcpu);
	trace_vmexit(vcpu, basic, reason >> 31);
	state_vmexit(vcpu, basic);
	vcpu->resolve = true;
	count_update(vcpu);
}

/* Not called for a failed entry. */
void sim_save_guest_state(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];
	VMCS_CACHE *vmcs = vmcs_of(vcpu);

	if (vmcs->vmexit_ctrls1.SAVE_DBG_CTRLS())
		vmwrite(vcpu, VMCS_64BIT_GUEST_IA32_DEBUGCTL,
			vcpu->pmu.debugctl);
	if (vmcs->vmexit_ctrls1.SAVE_PERF_GLOBAL_CTRL())
		vmwrite(vcpu, VMCS_64BIT_GUEST_IA32_PERF_GLOBAL_CTRL,
			vcpu->pmu.global_ctrl);
}

static enum sweep_place place_of_exit(const struct vcpu *vcpu)
{
	switch (BX_CPU(vcpu->id)->VMread32(VMCS_32BIT_VMEXIT_REASON)) {
	case VMX_VMEXIT_RDPMC:
	case VMX_VMEXIT_RDMSR:
		return PLACE_READ;
	case VMX_VMEXIT_WRMSR:
		return PLACE_WRITE;
	default:
		return PLACE_EXIT;
	}
}

void sim_load_host_state(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];

	pmu_wrmsr(&vcpu->pmu, IA32_DEBUGCTL, 0);
	if (vmcs_of(vcpu)->vmexit_ctrls1.LOAD_PERF_GLOBAL_CTRL_MSR())
		pmu_wrmsr(&vcpu->pmu, IA32_PERF_GLOBAL_CTRL,
			  vmread(vcpu, VMCS_64BIT_HOST_IA32_PERF_GLOBAL_CTRL));
	count_update(vcpu);
	sweep_reached(vcpu, place_of_exit(vcpu));
}
