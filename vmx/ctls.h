/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The five control words of a VMCS: which bits this hypervisor insists on,
 * would like and must not have, as a table; and what this CPU makes of them.
 */
#ifndef VMX_CTLS_H
#define VMX_CTLS_H

#include "vmx/caps.h"

enum ctl_word {
	VMX_CTL_PIN,
	VMX_CTL_CPU,
	VMX_CTL_CPU2,
	VMX_CTL_EXIT,
	VMX_CTL_ENTRY,
	NR_VMX_CTL_WORDS,
};

struct ctls {
	u32	word[NR_VMX_CTL_WORDS];
};

/*
 * Adjust the controls to this CPU. @rdpmc_exiting as the guest's PMU needs it;
 * see vpmu_policy_rdpmc(). -EOPNOTSUPP, after a line with the control's name
 * and the MSR that denies it, if one cannot be had.
 */
int ctls_choose(const struct cpu_caps *caps, bool rdpmc_exiting,
		struct ctls *ctls);

/*
 * What this CPU allows in a control word, from @msr: the lower half are the bits
 * that must be 1, the upper half those that may be.
 */
u64 ctls_capability(const struct cpu_caps *caps, enum ctl_word w, u32 *msr);

/* One line a control word, with the names of the bits that are set. */
void ctls_log(const struct ctls *ctls);

/*
 * One control word: the bits of @must_set and @must_clear end up so, those of
 * @want_set if @may_be_1 has them; @must_be_1 is always set. Returns the bits
 * that could not be as demanded, 0 if all could.
 */
u32 ctls_adjust(u32 must_be_1, u32 may_be_1, u32 must_set, u32 want_set,
		u32 must_clear, u32 *word);

#endif
