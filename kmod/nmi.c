// SPDX-License-Identifier: GPL-2.0
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/smp.h>
#include <asm/nmi.h>
#include "kmod/nmi.h"
#include "vmx/vmcs.h"

/* Labels in vmx/entry.S */
extern const char hw_enter_commit[], hw_enter_commit_end[];

static struct vpmu *nmi_vpmu;

/*
 * Set and cleared by the CPU itself: an NMI there finds it as it is from its first
 * handler to its last, and one anywhere else is never in between.
 */
enum { NO_CPU = -1 };
static int nmi_cpu = NO_CPU;

/* While the handlers are registered, outside of slices as well. */
static DEFINE_PER_CPU(u64, all_nmis);

static bool ours(void)
{
	return READ_ONCE(nmi_cpu) == raw_smp_processor_id();
}

/*
 * A load that has waited for a PMI of the host's left the slice to do so, and
 * must hear of NMIs that came since: it would give up though each PMI has come.
 */
void nmi_enter_slice(void)
{
	u64 nmis;

	WRITE_ONCE(nmi_cpu, smp_processor_id());
	/* The handler writes it, too, from here on, and not again what is older. */
	do {
		nmis = this_cpu_read(all_nmis);
		WRITE_ONCE(nmi_vpmu->all_nmis, nmis);
	} while (nmis != this_cpu_read(all_nmis));
}

void nmi_leave_slice(void)
{
	barrier();
	WRITE_ONCE(nmi_cpu, NO_CPU);
}

/*
 * Only a PMI of the guest's is claimed, and an NMI that was latched right behind
 * it: to claim anything else would hide an NMI that nobody knows.
 */
static int nmi_first(unsigned int type, struct pt_regs *regs)
{
	this_cpu_inc(all_nmis);
	if (!ours())
		return NMI_DONE;
	WRITE_ONCE(nmi_vpmu->all_nmis, this_cpu_read(all_nmis));
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

int nmi_register(struct vpmu *vpmu)
{
	int err;

	nmi_vpmu = vpmu;
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
