// SPDX-License-Identifier: GPL-2.0
/* The CPUs that the machine can be: a Sapphire Rapids, and what it may lack. */
#include "machine.h"

enum {
	FEATURE_CONTROL_LOCKED		= 1 << 0,
	FEATURE_CONTROL_VMX_OUTSIDE_SMX	= 1 << 2,
};

static const Bit32u ept_family = BX_VMX_EPT | BX_VMX_UNRESTRICTED_GUEST |
	BX_VMX_EPT_ACCESS_DIRTY | BX_VMX_EPTP_SWITCHING | BX_VMX_EPT_EXCEPTION |
	BX_VMX_PML | BX_VMX_MBE_CONTROL | BX_VMX_SPP;

static void spr(struct variant *v)
{
	v->pmu = pmu_model_spr;
	v->vendor = "GenuineIntel";
	v->feature_control = FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX_OUTSIDE_SMX;
	v->has_vmx = true;
}

static void no_metrics(struct variant *v)
{
	v->pmu.perf_capabilities &= ~PERFCAP_PERF_METRICS;
}

static void no_save(struct variant *v)
{
	v->no_exit_ctls = VMX_VMEXIT_CTRL1_SAVE_PERF_GLOBAL_CTRL;
}

static void no_load(struct variant *v)
{
	v->no_entry_ctls = VMX_VMENTRY_CTRL1_LOAD_PERF_GLOBAL_CTRL_MSR;
	v->no_exit_ctls = VMX_VMEXIT_CTRL1_LOAD_PERF_GLOBAL_CTRL_MSR;
}

static void no_vmx(struct variant *v)
{
	v->has_vmx = false;
}

static void vmx_locked(struct variant *v)
{
	v->feature_control = FEATURE_CONTROL_LOCKED;
}

/* It stays unlocked, whatever is written: Linux would lock it while it boots. */
static void vmx_unlocked(struct variant *v)
{
	v->feature_control = 0;
}

static void no_ept(struct variant *v)
{
	v->no_vmx_extensions = ept_family;
}

static void no_preemption_timer(struct variant *v)
{
	v->no_vmx_extensions = BX_VMX_PREEMPTION_TIMER;
}

static void perfmon3(struct variant *v)
{
	v->pmu.version = 3;
}

static void no_full_width(struct variant *v)
{
	v->pmu.perf_capabilities &= ~PERFCAP_FULL_WIDTH_WRITE;
}

static void not_intel(struct variant *v)
{
	v->vendor = "NotFromIntel";
}

/* The second is of all CPUs but the first. tools/sim/run reads the names from here. */
static const struct {
	const char	*name;
	void		(*twist)(struct variant *v);
	void		(*others)(struct variant *v);
} twists[] = {
	{ "spr",		spr },
	{ "spr-nometrics",	no_metrics },
	{ "spr-nosave",		no_save },
	{ "spr-noload",		no_load },
	{ "spr-novmx",		no_vmx },
	{ "spr-vmxlocked",	vmx_locked },
	{ "spr-vmxunlocked",	vmx_unlocked },
	{ "spr-noept",		no_ept },
	{ "spr-nopreempt",	no_preemption_timer },
	{ "spr-perfmon3",	perfmon3 },
	{ "spr-nofw",		no_full_width },
	{ "notintel",		not_intel },
	{ "spr-mixed",		spr,			no_metrics },
};

const struct variant *variant_find(const char *name, unsigned int cpu)
{
	static struct variant found[SIM_MAX_CPUS];
	struct variant *v = &found[cpu];

	for (const auto &t : twists) {
		if (strcmp(t.name, name))
			continue;
		spr(v);
		if (cpu && t.others)
			t.others(v);
		else
			t.twist(v);
		v->name = t.name;
		return v;
	}
	return NULL;
}
