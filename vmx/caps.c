// SPDX-License-Identifier: GPL-2.0
#include "vmx/caps.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"
#include "vmx/vpmu.h"
#include "tmavisor/pmu_arch.h"

/* GLOBAL_STATUS_SET, and the streamlined PMI freeze, came with version 4. */
#define PERFMON_VERSION_NEEDED	4
/* CPUID.0AH:ECX lists the fixed counters from version 5 on. */
#define PERFMON_VERSION_FIXED_MASK 5

bool pmu_has_fixed(const struct pmu_caps *pmu, unsigned int counter)
{
	return pmu->fixed_mask & TMAV_BIT(counter);
}

bool pmu_has_full_width(const struct pmu_caps *pmu)
{
	return pmu->perf_capabilities & PERFCAP_FULL_WIDTH_WRITE;
}

u64 pmu_global_ctrl_mask(const struct pmu_caps *pmu)
{
	u64 mask = TMAV_BIT(pmu->nr_gp) - 1;

	mask |= (u64)pmu->fixed_mask << GLOBAL_FIXED_SHIFT;
	if (pmu->metrics)
		mask |= GLOBAL_CTRL_METRICS;
	return mask;
}

u64 pmu_global_status_mask(const struct pmu_caps *pmu)
{
	/* Bit 48 means the metrics in both registers. */
	u64 mask = pmu_global_ctrl_mask(pmu);

	if (pmu->version)
		mask |= GLOBAL_STATUS_CTR_FRZ;
	if (pmu->perf_capabilities & PERFCAP_LBR_FORMAT)
		mask |= GLOBAL_STATUS_LBR_FRZ;
	if (pmu->perf_capabilities & PERFCAP_PEBS_FORMAT)
		mask |= GLOBAL_STATUS_OVF_DS_BUFFER;
	return mask;
}

u64 pmu_fixed_ctr_ctrl_mask(const struct pmu_caps *pmu)
{
	u64 mask = 0;
	int i;

	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (pmu_has_fixed(pmu, i))
			mask |= FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i) |
				FIXED_CTR_CTRL_PMI(i);
	return mask;
}

u64 pmu_counter_mask(u32 width)
{
	/* CPUID can say anything in a virtual machine. */
	return width < 64 ? TMAV_BIT(width) - 1 : ~0ULL;
}

u64 pmu_metrics_mask(const struct pmu_caps *pmu)
{
	if (!pmu->metrics)
		return 0;
	return pmu->level2 ? ~0ULL : PERF_METRICS_LEVEL1;
}

/* Family and model, extended model included, of CPUID.1:EAX. */
#define CPUID_1_EAX_FAMILY_MODEL	0x0fff0ff0u

/*
 * CPUs whose PERF_METRICS ends at level 1; no bit says so. From Linux's
 * intel_pmu_init(): Ice Lake, Tiger Lake and Rocket Lake, client and server.
 */
static const u32 level1_only[] = {
	0x606a0, 0x606c0, 0x706d0, 0x706e0, 0x806c0, 0x806d0, 0xa0670,
};

static bool has_level2(u32 signature)
{
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(level1_only); i++)
		if ((signature & CPUID_1_EAX_FAMILY_MODEL) == level1_only[i])
			return false;
	return true;
}

static bool is_intel(void)
{
	struct cpuid_regs4 r;

	hw_cpuid(CPUID_VENDOR, 0, &r);
	return !memcmp(&r.ebx, "Genu", 4) && !memcmp(&r.edx, "ineI", 4) &&
	       !memcmp(&r.ecx, "ntel", 4);
}

/*
 * Linux clears its own VMX feature flag when firmware locked VMX off, so look
 * at raw CPUID to tell that from a CPU without VMX.
 */
static int check_vmx_usable(const struct cpuid_regs4 *features)
{
	u64 control;

	if (!(features->ecx & CPUID_1_ECX_VMX)) {
		log_err("this CPU has no VMX (CPUID.1:ECX[5] is 0); in a virtual machine, have nested VMX enabled\n");
		return -ENODEV;
	}
	if (!hw_rdmsr_safe(IA32_FEATURE_CONTROL, &control))
		control = 0;
	if (!(control & FEATURE_CONTROL_LOCKED)) {
		log_err("IA32_FEATURE_CONTROL is not locked, so VMX cannot be entered; enable VT-x in the firmware setup\n");
		return -EPERM;
	}
	if (!(control & FEATURE_CONTROL_VMX_OUTSIDE_SMX)) {
		log_err("firmware has locked VMX off (IA32_FEATURE_CONTROL %#llx); enable VT-x in the firmware setup\n",
			control);
		return -EPERM;
	}
	return 0;
}

static int check_vmx_free(void)
{
	u64 cr4 = hw_read_cr4();

	if (cr4 & CR4_FRED) {
		log_err("CR4.FRED is set and not supported here; boot with fred=off\n");
		return -EOPNOTSUPP;
	}
	if (cr4 & CR4_VMXE) {
		log_err("VMX is in use (CR4.VMXE is set), probably by KVM; stop its virtual machines and 'modprobe -r kvm_intel'\n");
		return -EBUSY;
	}
	return 0;
}

static void read_vmx(struct cpu_caps *caps)
{
	caps->vmx_basic = hw_rdmsr(IA32_VMX_BASIC);
	caps->vmx_misc = hw_rdmsr(IA32_VMX_MISC);
	caps->cr0_fixed0 = hw_rdmsr(IA32_VMX_CR0_FIXED0);
	caps->cr0_fixed1 = hw_rdmsr(IA32_VMX_CR0_FIXED1);
	caps->cr4_fixed0 = hw_rdmsr(IA32_VMX_CR4_FIXED0);
	caps->cr4_fixed1 = hw_rdmsr(IA32_VMX_CR4_FIXED1);
	if (!hw_rdmsr_safe(IA32_VMX_EPT_VPID_CAP, &caps->ept_vpid))
		caps->ept_vpid = 0;
}

static int check_ept(const struct cpu_caps *caps)
{
	u64 needed = VMX_EPT_WALK_LENGTH_4 | VMX_EPT_WRITE_BACK |
		     VMX_EPT_INVEPT | VMX_EPT_INVEPT_ALL_CONTEXT;

	if ((caps->ept_vpid & needed) == needed)
		return 0;
	log_err("this CPU has no EPT with 4 levels, write-back memory and INVEPT (IA32_VMX_EPT_VPID_CAP %#llx); a newer CPU is needed\n",
		caps->ept_vpid);
	return -EOPNOTSUPP;
}

static void read_pmu(struct pmu_caps *pmu, const struct cpuid_regs4 *features)
{
	struct cpuid_regs4 r;

	hw_cpuid(CPUID_PERFMON, 0, &r);
	pmu->version = r.eax & CPUID_0A_EAX_VERSION;
	pmu->nr_gp = (r.eax >> CPUID_0A_EAX_NR_GP_SHIFT) & 0xff;
	pmu->gp_width = (r.eax >> CPUID_0A_EAX_GP_WIDTH_SHIFT) & 0xff;
	pmu->nr_events = r.eax >> CPUID_0A_EAX_NR_EVENTS_SHIFT;
	pmu->events_missing = r.ebx;
	/* "FxCtr[i]_is_supported := ECX[i] || (EDX[4:0] > i)" */
	pmu->fixed_mask = TMAV_BIT(r.edx & CPUID_0A_EDX_NR_FIXED) - 1;
	if (pmu->version >= PERFMON_VERSION_FIXED_MASK)
		pmu->fixed_mask |= r.ecx;
	pmu->fixed_width = (r.edx >> CPUID_0A_EDX_FIXED_WIDTH_SHIFT) & 0xff;

	pmu->perf_capabilities = 0;
	if (features->ecx & CPUID_1_ECX_PDCM)
		pmu->perf_capabilities = hw_rdmsr(IA32_PERF_CAPABILITIES);
	/* The metrics are shares of what fixed counter 3 counts. */
	pmu->metrics = pmu->perf_capabilities & PERFCAP_PERF_METRICS &&
		       pmu_has_fixed(pmu, FIXED_SLOTS);
	pmu->level2 = pmu->metrics && has_level2(features->eax);
}

static int check_pmu(const struct pmu_caps *pmu)
{
	if (pmu->version < PERFMON_VERSION_NEEDED) {
		log_err("performance monitoring is version %u, %u is needed (IA32_PERF_GLOBAL_STATUS_SET); use a Skylake or later CPU, or have the hypervisor beneath show its PMU\n",
			pmu->version, PERFMON_VERSION_NEEDED);
		return -EOPNOTSUPP;
	}
	/* A counter that is not switched would be the host's in the guest. */
	if (pmu->nr_gp > PMU_MAX_GP_COUNTERS ||
	    pmu->fixed_mask >> PMU_MAX_FIXED_COUNTERS) {
		log_err("this CPU has %u general and fixed counters %#x, only %u and %#x can be switched; a Sapphire Rapids has just those\n",
			pmu->nr_gp, pmu->fixed_mask, PMU_MAX_GP_COUNTERS,
			(1u << PMU_MAX_FIXED_COUNTERS) - 1);
		return -EOPNOTSUPP;
	}
	if (!pmu_has_full_width(pmu)) {
		log_err("counters cannot be written in full width (IA32_PERF_CAPABILITIES[13] is 0), so they cannot be switched; use a CPU that has it\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Where PT and VMX operation don't go together, VMXON clears TraceEn, and
 * nobody would set it again.
 */
int caps_check_pt(const struct cpu_caps *caps)
{
	if (!caps->pt || caps->vmx_misc & VMX_MISC_PT_IN_VMX)
		return 0;
	if (!(hw_rdmsr(IA32_RTIT_CTL) & RTIT_CTL_TRACE_EN))
		return 0;
	log_err("Intel PT is tracing and cannot go together with VMX on this CPU; stop 'perf record -e intel_pt' first\n");
	return -EBUSY;
}

int caps_read(struct cpu_caps *caps)
{
	struct cpuid_regs4 features, structured;
	int err;

	memset(caps, 0, sizeof(*caps));
	if (!is_intel()) {
		log_err("this is no Intel CPU; VT-x is needed\n");
		return -ENODEV;
	}
	hw_cpuid(CPUID_FEATURES, 0, &features);
	hw_cpuid(CPUID_STRUCTURED, 0, &structured);
	caps->pt = structured.ebx & CPUID_7_EBX_PT;
	caps->signature = features.eax;
	caps->hypervisor = features.ecx & CPUID_1_ECX_HYPERVISOR;
	caps->microcode = hw_rdmsr(IA32_BIOS_SIGN_ID) >> 32;

	err = check_vmx_usable(&features);
	if (!err)
		err = check_vmx_free();
	if (err)
		return err;
	read_vmx(caps);
	read_pmu(&caps->pmu, &features);
	err = check_ept(caps);
	if (!err)
		err = check_pmu(&caps->pmu);
	if (!err)
		err = caps_check_pt(caps);
	caps->extra_msrs = vpmu_extra_msrs(&structured);
	return err;
}

#define MEMBER(m, name) \
	{ offsetof(struct cpu_caps, m), sizeof(((struct cpu_caps *)0)->m), name }

static const struct {
	size_t		at, size;
	const char	*name;
} compared[] = {
	MEMBER(signature,		"signature (CPUID.1:EAX)"),
	MEMBER(vmx_basic,		"IA32_VMX_BASIC"),
	MEMBER(vmx_misc,		"IA32_VMX_MISC"),
	MEMBER(ept_vpid,		"IA32_VMX_EPT_VPID_CAP"),
	MEMBER(cr0_fixed0,		"IA32_VMX_CR0_FIXED0"),
	MEMBER(cr0_fixed1,		"IA32_VMX_CR0_FIXED1"),
	MEMBER(cr4_fixed0,		"IA32_VMX_CR4_FIXED0"),
	MEMBER(cr4_fixed1,		"IA32_VMX_CR4_FIXED1"),
	MEMBER(pmu.version,		"PMU version"),
	MEMBER(pmu.nr_gp,		"number of general counters"),
	MEMBER(pmu.gp_width,		"width of general counters"),
	MEMBER(pmu.fixed_mask,		"fixed counters"),
	MEMBER(pmu.fixed_width,		"width of fixed counters"),
	MEMBER(pmu.nr_events,		"architectural events (CPUID.0AH:EAX)"),
	MEMBER(pmu.events_missing,	"architectural events (CPUID.0AH:EBX)"),
	MEMBER(pmu.perf_capabilities,	"IA32_PERF_CAPABILITIES"),
	MEMBER(extra_msrs,		"MSRs for PEBS, LBR, PT and OFFCORE"),
};

const char *caps_differ(const struct cpu_caps *a, const struct cpu_caps *b)
{
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(compared); i++)
		if (memcmp((const char *)a + compared[i].at,
			   (const char *)b + compared[i].at, compared[i].size))
			return compared[i].name;
	return NULL;
}
