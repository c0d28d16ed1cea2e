// SPDX-License-Identifier: GPL-2.0
/*
 * What a trapped access to the guest's PMU does: the same that the hardware
 * would do on a CPU with the PMU that the guest is shown, #GP(0) included.
 */
#include "vmx/vpmu.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

/* The registers of a guest's PMU; what several numbers stand for, once. */
enum reg {
	REG_NONE,		/* not there on a CPU with such a PMU */
	REG_EVENTSEL,
	REG_GP_LEGACY,
	REG_GP_FULL,
	REG_FIXED,
	REG_FIXED_CTR_CTRL,
	REG_METRICS,
	REG_GLOBAL_CTRL,
	REG_STATUS,
	REG_STATUS_RESET,
	REG_STATUS_SET,
	REG_INUSE,
	REG_CAPABILITIES,
	REG_MISC_ENABLE,
};

static enum reg numbered(enum reg reg, bool there)
{
	return there ? reg : REG_NONE;
}

/* @index: of the counter, where there are several. */
static enum reg classify(const struct pmu_caps *shown, u32 msr, u32 *index)
{
	switch (msr) {
	case IA32_PERFEVTSEL0 ... IA32_PERFEVTSEL0 + PMU_MAX_GP_COUNTERS - 1:
		*index = msr - IA32_PERFEVTSEL0;
		return numbered(REG_EVENTSEL, *index < shown->nr_gp);
	case IA32_PMC0 ... IA32_PMC0 + PMU_MAX_GP_COUNTERS - 1:
		*index = msr - IA32_PMC0;
		return numbered(REG_GP_LEGACY, *index < shown->nr_gp);
	case IA32_A_PMC0 ... IA32_A_PMC0 + PMU_MAX_GP_COUNTERS - 1:
		*index = msr - IA32_A_PMC0;
		return numbered(REG_GP_FULL, *index < shown->nr_gp &&
				pmu_has_full_width(shown));
	case IA32_FIXED_CTR0 ... IA32_FIXED_CTR3:
		*index = msr - IA32_FIXED_CTR0;
		return numbered(REG_FIXED, pmu_has_fixed(shown, *index));
	case IA32_PERF_METRICS:
		return numbered(REG_METRICS, shown->metrics);
	case IA32_MISC_ENABLE:
		return REG_MISC_ENABLE;
	}
	if (!shown->version)
		return REG_NONE;
	switch (msr) {
	case IA32_FIXED_CTR_CTRL:
		return REG_FIXED_CTR_CTRL;
	case IA32_PERF_GLOBAL_CTRL:
		return REG_GLOBAL_CTRL;
	case IA32_PERF_GLOBAL_STATUS:
		return REG_STATUS;
	case IA32_PERF_GLOBAL_STATUS_RESET:
		return REG_STATUS_RESET;
	case IA32_PERF_GLOBAL_STATUS_SET:
		return REG_STATUS_SET;
	case IA32_PERF_GLOBAL_INUSE:
		return REG_INUSE;
	case IA32_PERF_CAPABILITIES:
		return REG_CAPABILITIES;
	}
	return REG_NONE;
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

static u64 misc_enable(const struct pmu_caps *shown)
{
	u64 val = MISC_ENABLE_FAST_STRING | MISC_ENABLE_BTS_UNAVAIL |
		  MISC_ENABLE_PEBS_UNAVAIL;

	return shown->version ? val | MISC_ENABLE_PERFMON : val;
}

/* What the guest's own instructions change while it runs. */
static bool lives_in_hardware(enum reg reg)
{
	switch (reg) {
	case REG_GP_LEGACY:
	case REG_GP_FULL:
	case REG_FIXED:
	case REG_METRICS:
	case REG_STATUS:
		return true;
	default:
		return false;
	}
}

static u64 read_reg(const struct vpmu *vpmu, enum reg reg, u32 index)
{
	const struct pmu_state *guest = &vpmu->guest;

	switch (reg) {
	case REG_EVENTSEL:
		return guest->eventsel[index];
	case REG_GP_LEGACY:
	case REG_GP_FULL:
		return guest->gp[index];
	case REG_FIXED:
		return guest->fixed[index];
	case REG_FIXED_CTR_CTRL:
		return guest->fixed_ctr_ctrl;
	case REG_METRICS:
		return guest->perf_metrics;
	case REG_GLOBAL_CTRL:
		return guest->global_ctrl;
	case REG_STATUS:
		return guest->global_status;
	case REG_INUSE:
		return global_inuse(vpmu);
	case REG_CAPABILITIES:
		return vpmu->shown.perf_capabilities;
	case REG_MISC_ENABLE:
		return misc_enable(&vpmu->shown);
	default:
		return 0;
	}
}

bool vpmu_rdmsr(struct vpmu *vpmu, u32 msr, u64 *val)
{
	u32 index = 0;
	enum reg reg = classify(&vpmu->shown, msr, &index);

	if (reg == REG_NONE)
		return false;
	if (lives_in_hardware(reg))
		vpmu_peek(vpmu);
	*val = read_reg(vpmu, reg, index);
	return true;
}

static bool is_writable(enum reg reg)
{
	switch (reg) {
	case REG_NONE:
	case REG_STATUS:
	case REG_INUSE:
	case REG_CAPABILITIES:
	case REG_MISC_ENABLE:
		return false;
	default:
		return true;
	}
}

/* Bits of a writable register that may be 1. */
static u64 valid_bits(const struct pmu_caps *shown, enum reg reg)
{
	switch (reg) {
	case REG_EVENTSEL:
		return VPMU_EVENTSEL_VALID;
	case REG_GP_LEGACY:
	case REG_METRICS:
		return ~0ULL;
	case REG_GP_FULL:
		return pmu_counter_mask(shown->gp_width);
	case REG_FIXED:
		return pmu_counter_mask(shown->fixed_width);
	case REG_FIXED_CTR_CTRL:
		return pmu_fixed_ctr_ctrl_mask(shown);
	case REG_GLOBAL_CTRL:
		return pmu_global_ctrl_mask(shown);
	case REG_STATUS_RESET:
	case REG_STATUS_SET:
		return pmu_global_status_mask(shown);
	default:
		return 0;
	}
}

bool vpmu_wrmsr_valid(const struct vpmu *vpmu, u32 msr, u64 val)
{
	u32 index = 0;
	enum reg reg = classify(&vpmu->shown, msr, &index);

	return is_writable(reg) && !(val & ~valid_bits(&vpmu->shown, reg));
}

/* The legacy alias takes 32 bits and extends the sign to the counter's width. */
static u64 sign_extended(u64 val, u32 width)
{
	return (u64)(long long)(int)(u32)val & pmu_counter_mask(width);
}

static void write_reg(struct vpmu *vpmu, enum reg reg, u32 index, u64 val)
{
	const struct pmu_caps *shown = &vpmu->shown;
	struct pmu_state *guest = &vpmu->guest;

	switch (reg) {
	case REG_EVENTSEL:
		guest->eventsel[index] = val;
		break;
	case REG_GP_LEGACY:
		guest->gp[index] = sign_extended(val, shown->gp_width);
		break;
	case REG_GP_FULL:
		guest->gp[index] = val;
		break;
	case REG_FIXED:
		guest->fixed[index] = val;
		break;
	case REG_FIXED_CTR_CTRL:
		guest->fixed_ctr_ctrl = val;
		break;
	case REG_METRICS:
		/* "Reserved, ignored on write" where there is no level 2. */
		guest->perf_metrics = val & pmu_metrics_mask(shown);
		break;
	case REG_GLOBAL_CTRL:
		guest->global_ctrl = val;
		break;
	case REG_STATUS_RESET:
		guest->global_status &= ~val;
		break;
	case REG_STATUS_SET:
		guest->global_status |= val;
		break;
	default:
		break;
	}
}

void vpmu_wrmsr(struct vpmu *vpmu, u32 msr, u64 val)
{
	u32 index = 0;
	enum reg reg = classify(&vpmu->shown, msr, &index);

	/* Out of the hardware first: what is changed here must go back in. */
	vpmu_fetch(vpmu);
	write_reg(vpmu, reg, index, val);
}

/* The type is a value, not a flag; see "RDPMC-Read Performance-Monitoring Counters". */
bool vpmu_rdpmc(struct vpmu *vpmu, u64 rcx, u64 *val)
{
	const struct pmu_caps *shown = &vpmu->shown;
	const struct pmu_state *guest = &vpmu->guest;
	u32 type = (u32)rcx >> RDPMC_TYPE_SHIFT;
	u32 index = rcx & RDPMC_INDEX;
	const u64 *reg;

	if (type == RDPMC_TYPE_GP && index < shown->nr_gp)
		reg = &guest->gp[index];
	else if (type == RDPMC_TYPE_FIXED && index < PMU_MAX_FIXED_COUNTERS &&
		 pmu_has_fixed(shown, index))
		reg = &guest->fixed[index];
	else if (type == RDPMC_TYPE_METRICS && !index && shown->metrics)
		reg = &guest->perf_metrics;
	else
		return false;
	vpmu_peek(vpmu);
	*val = *reg;
	return true;
}

static bool gp_counts_instructions(const struct vpmu *vpmu, u32 i, u32 cpl)
{
	u64 sel = vpmu_eventsel_hw(vpmu, i);

	/*
	 * With an edge or a threshold it is cycles that count. INV inverts the
	 * threshold, and is ignored without one.
	 */
	if (sel & (PERFEVTSEL_CMASK | PERFEVTSEL_EDGE) ||
	    (sel & (PERFEVTSEL_EVENT | PERFEVTSEL_UMASK)) != EVENT_INSTRUCTIONS)
		return false;
	return sel & PERFEVTSEL_EN && vpmu->guest.global_ctrl & GLOBAL_GP(i) &&
	       sel & (cpl ? PERFEVTSEL_USR : PERFEVTSEL_OS);
}

static bool fixed_counts_instructions(const struct vpmu *vpmu, u32 cpl)
{
	u64 enable = cpl ? FIXED_CTR_CTRL_USR(FIXED_INSTRUCTIONS) :
			   FIXED_CTR_CTRL_OS(FIXED_INSTRUCTIONS);

	return vpmu_fixed_ctr_ctrl_hw(vpmu) & enable &&
	       vpmu->guest.global_ctrl & GLOBAL_FIXED(FIXED_INSTRUCTIONS);
}

static bool asks_for_pmi(const struct vpmu *vpmu, u64 counter)
{
	u32 i;

	if (counter == GLOBAL_FIXED(FIXED_INSTRUCTIONS))
		return vpmu->guest.fixed_ctr_ctrl &
		       FIXED_CTR_CTRL_PMI(FIXED_INSTRUCTIONS);
	for (i = 0; i < vpmu->shown.nr_gp; i++)
		if (counter == GLOBAL_GP(i))
			return vpmu->guest.eventsel[i] & PERFEVTSEL_INT;
	return false;
}

/* @bit: of the counter, as GLOBAL_STATUS has it. */
static void count_one(struct vpmu *vpmu, u64 *counter, u32 width, u64 bit)
{
	*counter = (*counter + 1) & pmu_counter_mask(width);
	if (*counter)
		return;
	vpmu->guest.global_status |= bit;
	if (asks_for_pmi(vpmu, bit))
		vpmu_raise_pmi(vpmu);
}

/* Counters that count instructions at @cpl now, as GLOBAL_CTRL numbers them. */
static u64 counting_instructions(const struct vpmu *vpmu, u32 cpl)
{
	u64 counters = 0;
	u32 i;

	for (i = 0; i < vpmu->shown.nr_gp; i++)
		if (gp_counts_instructions(vpmu, i, cpl))
			counters |= GLOBAL_GP(i);
	if (fixed_counts_instructions(vpmu, cpl))
		counters |= GLOBAL_FIXED(FIXED_INSTRUCTIONS);
	return counters;
}

void vpmu_count_instruction(struct vpmu *vpmu, u32 cpl)
{
	u64 counters = counting_instructions(vpmu, cpl);
	struct pmu_state *guest = &vpmu->guest;
	u32 i;

	/* Most often nothing does, and the hardware can keep what it has. */
	if (!counters)
		return;
	vpmu_fetch(vpmu);
	if (guest->global_status & GLOBAL_STATUS_CTR_FRZ)
		return;
	for (i = 0; i < vpmu->shown.nr_gp; i++)
		if (counters & GLOBAL_GP(i))
			count_one(vpmu, &guest->gp[i], vpmu->shown.gp_width,
				  GLOBAL_GP(i));
	if (counters & GLOBAL_FIXED(FIXED_INSTRUCTIONS))
		count_one(vpmu, &guest->fixed[FIXED_INSTRUCTIONS],
			  vpmu->shown.fixed_width,
			  GLOBAL_FIXED(FIXED_INSTRUCTIONS));
}

static void show_perfmon(const struct pmu_caps *shown, u32 *eax, u32 *ebx,
			 u32 *ecx, u32 *edx)
{
	u32 contiguous = 0;

	*eax = *ebx = *ecx = *edx = 0;
	if (!shown->version)
		return;
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
		if (!vpmu->shown.version)
			*ecx &= ~CPUID_1_ECX_PDCM;
		*ecx &= ~(CPUID_1_ECX_DTES64 | CPUID_1_ECX_DS_CPL |
			  CPUID_1_ECX_VMX | CPUID_1_ECX_MONITOR);
		*ecx |= CPUID_1_ECX_HYPERVISOR | CPUID_1_ECX_X2APIC;
		/* No LVT timer; XSAVE is off; the local APIC's ID is 0. */
		*ecx &= ~(CPUID_1_ECX_TSC_DEADLINE | CPUID_1_ECX_OSXSAVE);
		*ebx &= ~CPUID_1_EBX_APIC_ID;
		*edx &= ~CPUID_1_EDX_DS;
		break;
	case CPUID_STRUCTURED:
		if (!subleaf) {
			*ebx &= ~(CPUID_7_EBX_PT | CPUID_7_EBX_HLE |
				  CPUID_7_EBX_RTM);
			*edx &= ~CPUID_7_EDX_ARCH_LBR;
		} else if (subleaf == 1) {
			*eax &= ~CPUID_7_1_EAX_PERFMON_EXT;
		}
		break;
	case CPUID_PERFMON:
		show_perfmon(&vpmu->shown, eax, ebx, ecx, edx);
		break;
	case CPUID_TOPOLOGY:
	case CPUID_TOPOLOGY_V2:
	case CPUID_PT:
	case CPUID_LBR:
	case CPUID_PERFMON_EXT:
		*eax = *ebx = *ecx = *edx = 0;
		break;
	}
}
