// SPDX-License-Identifier: GPL-2.0
#include <linux/ptrace.h>
#include <linux/smp.h>
#include <asm/nmi.h>
#include "kmod/nmi.h"
#include "vmx/vmcs.h"

/* Labels in vmx/entry.S */
extern const char hw_enter_commit[], hw_enter_commit_end[];

static struct vpmu *nmi_vpmu;
static unsigned int nmi_cpu;

static bool ours(void)
{
	return raw_smp_processor_id() == nmi_cpu;
}

/*
 * Only a PMI of the guest's is claimed, and an NMI that was latched right behind
 * it: to claim anything else would hide an NMI that nobody knows.
 */
static int nmi_first(unsigned int type, struct pt_regs *regs)
{
	if (!ours())
		return NMI_DONE;
	vpmu_nmi_enter(nmi_vpmu);
	return vpmu_claim_nmi(nmi_vpmu) ? NMI_HANDLED : NMI_DONE;
}

static int nmi_last(unsigned int type, struct pt_regs *regs)
{
	if (!ours())
		return NMI_DONE;
	vpmu_nmi_leave(nmi_vpmu);
	/* The entry's last look at the phase was before this NMI. */
	if (regs->ip >= (unsigned long)hw_enter_commit &&
	    regs->ip < (unsigned long)hw_enter_commit_end)
		vmcs_spoil_entry();
	return NMI_DONE;
}

int nmi_register(struct vpmu *vpmu, unsigned int cpu)
{
	int err;

	nmi_vpmu = vpmu;
	nmi_cpu = cpu;
	/*
	 * Linux calls every handler of the list for each NMI, and adds to its
	 * end: perf registered at boot, so it comes between these two.
	 */
	err = register_nmi_handler(NMI_LOCAL, nmi_first, NMI_FLAG_FIRST,
				   "tmavisor_first");
	if (err)
		return err;
	err = register_nmi_handler(NMI_LOCAL, nmi_last, 0, "tmavisor_last");
	if (err)
		unregister_nmi_handler(NMI_LOCAL, "tmavisor_first");
	return err;
}

void nmi_unregister(void)
{
	/* Each waits until no CPU is in the handler. */
	unregister_nmi_handler(NMI_LOCAL, "tmavisor_last");
	unregister_nmi_handler(NMI_LOCAL, "tmavisor_first");
}
