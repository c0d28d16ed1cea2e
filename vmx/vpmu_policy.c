// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest may touch without a VM exit. Default deny: an MSR that is not
 * named here traps, and so does RDPMC unless the guest's PMU is the hardware's.
 */
#include "vmx/vpmu.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

/*
 * One bit or index of these reaches every counter, and RDPMC the metrics too:
 * a guest that is shown less than there is would reach the rest.
 */
static bool same_pmu(const struct pmu_caps *a, const struct pmu_caps *b)
{
	return a->nr_gp == b->nr_gp && a->gp_width == b->gp_width &&
	       a->fixed_mask == b->fixed_mask &&
	       a->fixed_width == b->fixed_width && a->metrics == b->metrics &&
	       a->level2 == b->level2;
}

enum vpmu_policy vpmu_policy_rdpmc(const struct pmu_caps *hw,
				   const struct pmu_caps *shown)
{
	return same_pmu(hw, shown) ? VPMU_PASS : VPMU_TRAP;
}

/* A counter of another width would wrap elsewhere than the guest's. */
static bool passes_gp(const struct pmu_caps *hw, const struct pmu_caps *shown,
		      u32 counter)
{
	return counter < shown->nr_gp && counter < hw->nr_gp &&
	       shown->gp_width == hw->gp_width;
}

static bool passes_fixed(const struct pmu_caps *hw,
			 const struct pmu_caps *shown, u32 counter)
{
	return counter < PMU_MAX_FIXED_COUNTERS &&
	       pmu_has_fixed(shown, counter) && pmu_has_fixed(hw, counter) &&
	       shown->fixed_width == hw->fixed_width;
}

enum vpmu_policy vpmu_policy_msr(const struct pmu_caps *hw,
				 const struct pmu_caps *shown, u32 msr)
{
	bool pass = false;

	switch (msr) {
	case IA32_PMC0 ... IA32_PMC0 + PMU_MAX_GP_COUNTERS - 1:
		/* Load and put switch the counter. */
		pass = passes_gp(hw, shown, msr - IA32_PMC0);
		break;
	case IA32_A_PMC0 ... IA32_A_PMC0 + PMU_MAX_GP_COUNTERS - 1:
		/* The same counter by its other name. */
		pass = passes_gp(hw, shown, msr - IA32_A_PMC0) &&
		       pmu_has_full_width(shown);
		break;
	case IA32_FIXED_CTR0 ... IA32_FIXED_CTR3:
		/* Load and put switch the counter. */
		pass = passes_fixed(hw, shown, msr - IA32_FIXED_CTR0);
		break;
	case IA32_PERF_METRICS:
		/* Load and put switch it, right after fixed counter 3. */
		pass = shown->metrics && hw->metrics &&
		       shown->level2 == hw->level2;
		break;
	case IA32_PERF_GLOBAL_CTRL:
		/* VM entry and exit switch it; each bit is the guest's own. */
	case IA32_PERF_GLOBAL_STATUS:
	case IA32_PERF_GLOBAL_STATUS_RESET:
		/* Load and put switch it; each bit is the guest's own. */
		pass = same_pmu(hw, shown);
		break;
	}
	return pass ? VPMU_PASS : VPMU_TRAP;
}
