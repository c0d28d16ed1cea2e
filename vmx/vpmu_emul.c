// SPDX-License-Identifier: GPL-2.0
/*
 * What a trapped access to the guest's PMU does: the same that the hardware
 * would do on a CPU with the PMU that the guest is shown, #GP(0) included.
 */
#include "vmx/vpmu.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

/*
 * What a guest may put in a selector: AnyThread would count the host's other
 * threads, TSX and PEBS are not shown.
 */
#define EVENTSEL_VALID	(PERFEVTSEL_EVENT | PERFEVTSEL_UMASK |		\
			 PERFEVTSEL_USR | PERFEVTSEL_OS |		\
			 PERFEVTSEL_EDGE | PERFEVTSEL_PC |		\
			 PERFEVTSEL_INT | PERFEVTSEL_EN |		\
			 PERFEVTSEL_INV | PERFEVTSEL_CMASK)

static bool is_eventsel(const struct vpmu *vpmu, u32 msr)
{
	return msr >= IA32_PERFEVTSEL0 &&
	       msr < IA32_PERFEVTSEL0 + vpmu->shown.nr_gp;
}

/* "IA32_PERF_GLOBAL_INUSE": which counters are programmed. */
static u64 global_inuse(const struct vpmu *vpmu)
{
	u64 inuse = 0;
	u32 i;

	for (i = 0; i < vpmu->shown.nr_gp; i++) {
		if (vpmu->guest.eventsel[i] & PERFEVTSEL_EVENT)
			inuse |= GLOBAL_GP(i);
		if (vpmu->guest.eventsel[i] & PERFEVTSEL_INT)
			inuse |= GLOBAL_INUSE_PMI;
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
		u64 field = vpmu->guest.fixed_ctr_ctrl & FIXED_CTR_CTRL_FIELD(i);

		if (field & (FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i)))
			inuse |= GLOBAL_FIXED(i);
		if (field & FIXED_CTR_CTRL_PMI(i))
			inuse |= GLOBAL_INUSE_PMI;
	}
	return inuse;
}

bool vpmu_rdmsr(struct vpmu *vpmu, u32 msr, u64 *val)
{
	if (is_eventsel(vpmu, msr)) {
		*val = vpmu->guest.eventsel[msr - IA32_PERFEVTSEL0];
		return true;
	}
	switch (msr) {
	case IA32_FIXED_CTR_CTRL:
		*val = vpmu->guest.fixed_ctr_ctrl;
		return true;
	case IA32_PERF_GLOBAL_STATUS_SET:
		*val = 0;
		return true;
	case IA32_PERF_GLOBAL_INUSE:
		*val = global_inuse(vpmu);
		return true;
	case IA32_PERF_CAPABILITIES:
		*val = vpmu->shown.perf_capabilities;
		return true;
	case IA32_MISC_ENABLE:
		*val = MISC_ENABLE_FAST_STRING | MISC_ENABLE_PERFMON |
		       MISC_ENABLE_BTS_UNAVAIL | MISC_ENABLE_PEBS_UNAVAIL;
		return true;
	}
	return false;
}

bool vpmu_wrmsr(struct vpmu *vpmu, u32 msr, u64 val)
{
	u64 valid = 0;

	if (is_eventsel(vpmu, msr))
		valid = EVENTSEL_VALID;
	else if (msr == IA32_FIXED_CTR_CTRL)
		valid = pmu_fixed_ctr_ctrl_mask(&vpmu->shown);
	else if (msr == IA32_PERF_GLOBAL_STATUS_SET)
		valid = pmu_global_status_mask(&vpmu->shown);
	if (!valid || val & ~valid)
		return false;

	/* Out of the hardware first: what is changed here must go back in. */
	vpmu_fetch(vpmu);
	if (is_eventsel(vpmu, msr))
		vpmu->guest.eventsel[msr - IA32_PERFEVTSEL0] = val;
	else if (msr == IA32_FIXED_CTR_CTRL)
		vpmu->guest.fixed_ctr_ctrl = val;
	else
		vpmu->guest.global_status |= val;
	return true;
}

/* The type is a value, not a flag; see "RDPMC-Read Performance-Monitoring Counters". */
bool vpmu_rdpmc(struct vpmu *vpmu, u64 rcx, u64 *val)
{
	const struct pmu_caps *shown = &vpmu->shown;
	u32 type = (u32)rcx >> RDPMC_TYPE_SHIFT;
	u32 index = rcx & RDPMC_INDEX;

	vpmu_fetch(vpmu);
	if (type == RDPMC_TYPE_GP && index < shown->nr_gp)
		*val = vpmu->guest.gp[index] & pmu_counter_mask(shown->gp_width);
	else if (type == RDPMC_TYPE_FIXED && index < PMU_MAX_FIXED_COUNTERS &&
		 pmu_has_fixed(shown, index))
		*val = vpmu->guest.fixed[index] &
		       pmu_counter_mask(shown->fixed_width);
	else if (type == RDPMC_TYPE_METRICS && !index && shown->metrics)
		*val = vpmu->guest.perf_metrics;
	else
		return false;
	return true;
}

static void show_perfmon(const struct pmu_caps *shown, u32 *eax, u32 *ebx,
			 u32 *ecx, u32 *edx)
{
	u32 contiguous = 0;

	while (shown->fixed_mask & TMAV_BIT(contiguous))
		contiguous++;
	*eax = shown->version | shown->nr_gp << CPUID_0A_EAX_NR_GP_SHIFT |
	       shown->gp_width << CPUID_0A_EAX_GP_WIDTH_SHIFT |
	       shown->nr_events << CPUID_0A_EAX_NR_EVENTS_SHIFT;
	*ebx = shown->events_missing;
	*ecx = shown->fixed_mask;
	*edx = contiguous | shown->fixed_width << CPUID_0A_EDX_FIXED_WIDTH_SHIFT |
	       CPUID_0A_EDX_ANYTHREAD_DEPRECATED;
}

void vpmu_cpuid(const struct vpmu *vpmu, u32 leaf, u32 subleaf,
		u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	switch (leaf) {
	case CPUID_FEATURES:
		*ecx &= ~(CPUID_1_ECX_DTES64 | CPUID_1_ECX_DS_CPL |
			  CPUID_1_ECX_VMX | CPUID_1_ECX_MONITOR);
		*ecx |= CPUID_1_ECX_HYPERVISOR;
		*edx &= ~CPUID_1_EDX_DS;
		break;
	case CPUID_STRUCTURED:
		if (!subleaf) {
			*ebx &= ~CPUID_7_EBX_PT;
			*edx &= ~CPUID_7_EDX_ARCH_LBR;
		} else if (subleaf == 1) {
			*eax &= ~CPUID_7_1_EAX_PERFMON_EXT;
		}
		break;
	case CPUID_PERFMON:
		show_perfmon(&vpmu->shown, eax, ebx, ecx, edx);
		break;
	case CPUID_PT:
	case CPUID_LBR:
	case CPUID_PERFMON_EXT:
		*eax = *ebx = *ecx = *edx = 0;
		break;
	}
}
