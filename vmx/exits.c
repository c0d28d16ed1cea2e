// SPDX-License-Identifier: GPL-2.0
#include "vmx/exits.h"
#include "vmx/inject.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/guest_abi.h"

static void skip_instruction(struct run *run)
{
	u32 blocking = vmcs_read32(&run->vmcs, GUEST_INTERRUPTIBILITY);

	/* As the instruction itself would have done. */
	blocking &= ~(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
	vmcs_write32(&run->vmcs, GUEST_INTERRUPTIBILITY, blocking);
	vmcs_writenat(&run->vmcs, GUEST_RIP, vmcs_readnat(&run->vmcs, GUEST_RIP) +
		      vmcs_read32(&run->vmcs, EXIT_INSTRUCTION_LENGTH));
}

/*
 * The VMCS has the guest's GLOBAL_CTRL, whether it passes or traps; the vpmu has
 * a copy of it for as long as something is done for the guest.
 */
static void fetch_global_ctrl(struct run *run)
{
	run->vpmu.guest.global_ctrl = vmcs_read64(&run->vmcs, GUEST_IA32_PERF_GLOBAL_CTRL);
}

static void store_global_ctrl(struct run *run)
{
	vmcs_write64(&run->vmcs, GUEST_IA32_PERF_GLOBAL_CTRL,
		     run->vpmu.guest.global_ctrl);
}

static void count_instruction(struct run *run)
{
	u32 rights = vmcs_read32(&run->vmcs, GUEST_SS_ACCESS_RIGHTS);

	fetch_global_ctrl(run);
	vpmu_count_instruction(&run->vpmu, SEGMENT_DPL(rights));
}

static void return_edx_eax(struct run *run, u64 val)
{
	run->regs.rax = (u32)val;
	run->regs.rdx = val >> 32;
}

/* What was read is from before the instruction itself is counted. */
static enum exit_action finish_read(struct run *run, bool valid, u64 val)
{
	if (!valid) {
		inject_gp(run);
		return ACTION_RESUME;
	}
	return_edx_eax(run, val);
	count_instruction(run);
	skip_instruction(run);
	return ACTION_RESUME;
}

static enum exit_action handle_rdmsr(struct run *run)
{
	u32 msr = run->regs.rcx;
	u64 val = 0;
	bool valid;

	/* GLOBAL_CTRL, if it is that, traps for writes as well: the copy is good. */
	if (apic_owns_msr(msr))
		valid = apic_rdmsr(&run->apic, msr, &val);
	else
		valid = vpmu_rdmsr(&run->vpmu, msr, &val);
	return finish_read(run, valid, val);
}

static bool wrmsr_valid(const struct run *run, u32 msr, u64 val)
{
	if (apic_owns_msr(msr))
		return apic_wrmsr_valid(&run->apic, msr, val);
	return vpmu_wrmsr_valid(&run->vpmu, msr, val);
}

/* A PMI that came before this still finds the LVT entry as it was. */
static void write_apic(struct run *run, u32 msr, u64 val)
{
	vpmu_look_for_pmi(&run->vpmu);
	inject_pass_on_pmi(run);
	apic_wrmsr(&run->apic, msr, val);
	vpmu_arm_pmi(&run->vpmu, apic_takes_pmi(&run->apic));
}

static void wrmsr(struct run *run, u32 msr, u64 val)
{
	if (apic_owns_msr(msr)) {
		write_apic(run, msr, val);
		return;
	}
	vpmu_wrmsr(&run->vpmu, msr, val);
	store_global_ctrl(run);
}

/* The instruction counts with the state that it replaces. */
static enum exit_action handle_wrmsr(struct run *run)
{
	u64 val = (u32)run->regs.rax | run->regs.rdx << 32;
	u32 msr = run->regs.rcx;

	if (!wrmsr_valid(run, msr, val)) {
		inject_gp(run);
		return ACTION_RESUME;
	}
	count_instruction(run);
	wrmsr(run, msr, val);
	skip_instruction(run);
	return ACTION_RESUME;
}

/* Privilege was checked before the exit, validity of ECX was not. */
static enum exit_action handle_rdpmc(struct run *run)
{
	u64 val = 0;
	bool valid = vpmu_rdpmc(&run->vpmu, run->regs.rcx, &val);

	return finish_read(run, valid, val);
}

static enum exit_action handle_cpuid(struct run *run)
{
	u32 leaf = run->regs.rax, subleaf = run->regs.rcx;
	struct cpuid_regs4 r;

	hw_cpuid(leaf, subleaf, &r);
	vpmu_cpuid(&run->vpmu, leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
	run->regs.rax = r.eax;
	run->regs.rbx = r.ebx;
	run->regs.rcx = r.ecx;
	run->regs.rdx = r.edx;
	count_instruction(run);
	skip_instruction(run);
	return ACTION_RESUME;
}

/* Put and load are a chance for a PMI that is on its way. */
static enum exit_action handle_hlt(struct run *run)
{
	count_instruction(run);
	skip_instruction(run);
	run->halted = true;
	return ACTION_YIELD;
}

/* DR0 to DR3 and DR6 are the host's; the guest has no debug registers. */
static enum exit_action handle_mov_dr(struct run *run)
{
	inject_ud(run);
	return ACTION_RESUME;
}

static enum exit_action handle_vmcall(struct run *run)
{
	switch (run->regs.rax) {
	case GUEST_CALL_COUNTING:
		skip_instruction(run);
		return ACTION_COUNTING;
	case GUEST_CALL_SWITCH:
		count_instruction(run);
		skip_instruction(run);
		return ACTION_YIELD;
	case GUEST_CALL_DONE:
		return ACTION_DONE;
	}
	return ACTION_FAIL;
}

/*
 * An NMI or a machine check is the host's. NMIs are blocked from here to the
 * IRET of the handler that hw_nmi() runs. A machine check that struck while an
 * event was being delivered has eaten that event: the guest cannot go on.
 */
static enum exit_action handle_exception_or_nmi(struct run *run)
{
	u32 info = vmcs_read32(&run->vmcs, EXIT_INTERRUPTION_INFO);
	bool delivering = vmcs_read32(&run->vmcs, IDT_VECTORING_INFO) & INTR_INFO_VALID;

	if ((info & INTR_INFO_TYPE) == INTR_INFO_TYPE_NMI)
		run->nmi = true;
	else if ((info & INTR_INFO_VECTOR) == VECTOR_MC)
		run->machine_check = true;
	else
		return ACTION_FAIL;
	return delivering ? ACTION_FAIL : ACTION_YIELD;
}

static enum exit_action handle_failed_entry(struct run *run, u32 basic)
{
	run->machine_check = basic == EXIT_MACHINE_CHECK_ON_ENTRY;
	return ACTION_FAIL;
}

enum exit_action exits_handle(struct run *run, u32 reason)
{
	u32 basic = reason & EXIT_REASON_BASIC;

	if (reason & EXIT_REASON_ENTRY_FAILURE)
		return handle_failed_entry(run, basic);
	if (basic < RUN_NR_EXIT_REASONS)
		run->exits[basic]++;
	switch (basic) {
	case EXIT_EXCEPTION_OR_NMI:
		return handle_exception_or_nmi(run);
	case EXIT_EXTERNAL_INTERRUPT:
		/* Still pending: the STI after put takes it. */
		return ACTION_YIELD;
	case EXIT_PREEMPTION_TIMER:
		return ACTION_PREEMPTED;
	case EXIT_INTERRUPT_WINDOW:
	case EXIT_NMI_WINDOW:
		/* The next entry injects what has waited for it. */
		return ACTION_RESUME;
	case EXIT_CPUID:
		return handle_cpuid(run);
	case EXIT_HLT:
		return handle_hlt(run);
	case EXIT_MOV_DR:
		return handle_mov_dr(run);
	case EXIT_RDPMC:
		return handle_rdpmc(run);
	case EXIT_RDMSR:
		return handle_rdmsr(run);
	case EXIT_WRMSR:
		return handle_wrmsr(run);
	case EXIT_VMCALL:
		return handle_vmcall(run);
	}
	return ACTION_FAIL;
}
