// SPDX-License-Identifier: GPL-2.0
#include "vmx/host.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

void host_save(struct host_state *host)
{
	/*
	 * Raw reads: CR3 carries a PCID and CR4.PCE and CR4.TSD follow the
	 * task, so that the kernel's idea of them is not enough.
	 */
	host->cr0 = hw_read_cr0();
	host->cr2 = hw_read_cr2();
	host->cr3 = hw_read_cr3();
	host->cr4 = hw_read_cr4();
	host->dr7 = hw_read_dr7();
	host->efer = hw_rdmsr(IA32_EFER);
	host->fs_base = hw_rdmsr(IA32_FS_BASE);
	host->gs_base = hw_rdmsr(IA32_GS_BASE);
	host->sysenter_cs = hw_rdmsr(IA32_SYSENTER_CS);
	host->sysenter_esp = hw_rdmsr(IA32_SYSENTER_ESP);
	host->sysenter_eip = hw_rdmsr(IA32_SYSENTER_EIP);
	hw_read_gdt(&host->gdt);
	hw_read_idt(&host->idt);
	hw_read_selectors(&host->sel);
	host->tr_base = hw_tr_base(&host->gdt, host->sel.tr);

	/*
	 * SWAPGS cannot be made to exit: the guest would read the task's GS
	 * base with it and leave its own behind.
	 */
	host->kernel_gs_base = hw_rdmsr(IA32_KERNEL_GS_BASE);
	hw_wrmsr(IA32_KERNEL_GS_BASE, host->guest_kernel_gs_base);
}

void host_before_entry(struct host_state *host)
{
	host->debugctl = hw_rdmsr(IA32_DEBUGCTL);
}

void host_after_exit(const struct host_state *host)
{
	/*
	 * The exit left DEBUGCTL at 0. First: an NMI that comes before this sees
	 * that, and what its perf turns on or off there is lost.
	 */
	if (host->debugctl)
		hw_wrmsr(IA32_DEBUGCTL, host->debugctl);
	/*
	 * A VM exit sets the limits of GDTR and IDTR to 0xffff. An IDT that
	 * is too long is a hole; a GDT that is, SGDT shows to user space.
	 */
	hw_write_gdt(&host->gdt);
	hw_write_idt(&host->idt);
	/* The exit left DR7 at its initial value. */
	hw_write_dr7(host->dr7);
	/* hw_enter() loaded the guest's. */
	hw_write_cr2(host->cr2);
}

/*
 * Nothing else: DEBUGCTL may be an NMI's that has come since it was read, and
 * what perf has turned off there must not come back.
 */
void host_after_failed_entry(const struct host_state *host)
{
	hw_write_cr2(host->cr2);
}

void host_restore(struct host_state *host)
{
	const struct hw_selectors *sel = &host->sel;

	host->guest_kernel_gs_base = hw_rdmsr(IA32_KERNEL_GS_BASE);
	if (sel->ldt)
		hw_write_ldt(sel->ldt);
	if (sel->ds | sel->es | sel->fs) {
		hw_write_ds_es_fs(sel->ds, sel->es, sel->fs);
		/* Loading FS has loaded its base from the descriptor. */
		hw_wrmsr(IA32_FS_BASE, host->fs_base);
	}
	if (sel->gs)
		hw_write_gs(sel->gs);
	hw_wrmsr(IA32_KERNEL_GS_BASE, host->kernel_gs_base);
	hw_tss_limit_lost();
}
