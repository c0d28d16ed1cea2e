// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID and the MSRs of the simulated CPU.  Bochs's own Sapphire Rapids is the
 * base; it asks this class first for every MSR that it does not know.
 */
#include "machine.h"
#include "cpu/cpudb/intel/sapphire_rapids.h"

/*
 * MSRs of no interest, which Linux looks at all the same.  What is not listed
 * faults.
 */
struct plain_msr {
	Bit32u	msr;
	Bit64u	reset;
	Bit64u	writable;	/* a write of any other bit faults */
};

static const struct plain_msr plain_msrs[] = {
	{ 0x04e, 1, 0 },		/* PPIN_CTL: locked, off */
	{ 0x08b, 0x2b000390ULL << 32, ~0ULL },	/* BIOS_SIGN_ID: microcode revision */
	{ 0x0ce, 22 << 8, 0 },		/* PLATFORM_INFO: 2.2 GHz, no CPUID faulting */
	{ 0x0cf, 0, 0 },		/* CORE_CAPABILITIES: no split-lock detection */
	{ 0x140, 0, 0 },		/* MISC_FEATURES_ENABLES */
	{ 0x19b, 0, 0x0180001fULL },	/* THERM_INTERRUPT */
	{ 0x19c, 0, 0 },		/* THERM_STATUS */
	{ 0x1b2, 0, 0x01ffff17ULL },	/* PACKAGE_THERM_INTERRUPT */
};

enum { NR_PLAIN_MSRS = sizeof(plain_msrs) / sizeof(plain_msrs[0]) };

static const Bit32u IA32_BIOS_SIGN_ID = 0x8b;

class sim_cpuid_t : public sapphire_rapids_t {
public:
	sim_cpuid_t(BX_CPU_C *cpu);

	Bit32u get_vmx_extensions_bitmask(void) const;
	void get_cpuid_leaf(Bit32u leaf, Bit32u subleaf, cpuid_function_t *regs) const;
	int rdmsr(Bit32u msr, Bit64u *val);
	int wrmsr(Bit32u msr, Bit64u val);

private:
	Bit64u plain[NR_PLAIN_MSRS];

	struct vcpu *vcpu(void) const { return &vcpus[cpu->bx_cpuid]; }
	int read_other(Bit32u msr, Bit64u *val) const;
	int read_plain(Bit32u msr, Bit64u *val) const;
	int write_plain(Bit32u msr, Bit64u val);
};

/*
 * LA57: a SMM save area of Bochs forgets it, and Linux dies of that. MONITOR: it
 * wakes who else waits so, and another CPU's store may wake nobody.
 */
sim_cpuid_t::sim_cpuid_t(BX_CPU_C *cpu) : sapphire_rapids_t(cpu)
{
	disable_cpu_extension(BX_ISA_LA57);
	if (BX_SMP_PROCESSORS > 1)
		disable_cpu_extension(BX_ISA_MONITOR_MWAIT);
	if (!vcpu()->variant->has_vmx)
		disable_cpu_extension(BX_ISA_VMX);
	for (unsigned int i = 0; i < NR_PLAIN_MSRS; i++)
		plain[i] = plain_msrs[i].reset;
}

Bit32u sim_cpuid_t::get_vmx_extensions_bitmask(void) const
{
	return sapphire_rapids_t::get_vmx_extensions_bitmask() &
	       ~vcpu()->variant->no_vmx_extensions;
}

static void set_vendor(cpuid_function_t *regs, const char *vendor)
{
	memcpy(&regs->ebx, vendor, 4);
	memcpy(&regs->edx, vendor + 4, 4);
	memcpy(&regs->ecx, vendor + 8, 4);
}

static void set_perfmon(cpuid_function_t *regs, const struct pmu_model *model)
{
	uint32_t val[4];

	pmu_cpuid_0xa(model, val);
	regs->eax = val[0];
	regs->ebx = val[1];
	regs->ecx = val[2];
	regs->edx = val[3];
}

void sim_cpuid_t::get_cpuid_leaf(Bit32u leaf, Bit32u subleaf,
				 cpuid_function_t *regs) const
{
	sapphire_rapids_t::get_cpuid_leaf(leaf, subleaf, regs);
	switch (leaf) {
	case 0x0:
		set_vendor(regs, vcpu()->variant->vendor);
		break;
	case 0x6:	/* no thermal sensor, no HWP, no APERF: nothing but ARAT */
		memset(regs, 0, sizeof(*regs));
		regs->eax = 1 << 2;
		break;
	case 0xa:
		set_perfmon(regs, &vcpu()->variant->pmu);
		break;
	case 0x15:	/* the TSC runs at ips= of bochsrc: let it be calibrated */
	case 0x16:
		memset(regs, 0, sizeof(*regs));
		break;
	}
}

int sim_cpuid_t::read_plain(Bit32u msr, Bit64u *val) const
{
	for (unsigned int i = 0; i < NR_PLAIN_MSRS; i++) {
		if (plain_msrs[i].msr != msr)
			continue;
		*val = plain[i];
		return 1;
	}
	return -1;
}

int sim_cpuid_t::write_plain(Bit32u msr, Bit64u val)
{
	for (unsigned int i = 0; i < NR_PLAIN_MSRS; i++) {
		if (plain_msrs[i].msr != msr)
			continue;
		if (val & ~plain_msrs[i].writable)
			return 0;
		/* A write of the revision asks CPUID to put it there again. */
		if (msr != IA32_BIOS_SIGN_ID)
			plain[i] = val;
		return 1;
	}
	return -1;
}

/* MSRs that are not the PMU's. */
int sim_cpuid_t::read_other(Bit32u msr, Bit64u *val) const
{
	if (msr == SIM_VMX_FAIL)
		return fail_rdmsr(val);
	return sweep_rdmsr(vcpu(), msr, val) ? 1 : read_plain(msr, val);
}

/* Bochs's convention: 1 is done, 0 is #GP, -1 is not mine. */
int sim_cpuid_t::rdmsr(Bit32u msr, Bit64u *val)
{
	uint64_t pmu_val = 0;
	enum pmu_result res;

	count_settle(vcpu());
	res = pmu_rdmsr(&vcpu()->pmu, msr, &pmu_val);
	if (res == PMU_NOT_MINE)
		return read_other(msr, val);
	trace_msr(vcpu(), false, msr, pmu_val, res == PMU_OK);
	*val = pmu_val;
	return res == PMU_OK;
}

/* In VMX operation, and not in Linux's NMI handler. */
static bool host_switches(const struct vcpu *vcpu)
{
	return BX_CPU(vcpu->id)->in_vmx && !in_guest(vcpu) && !vcpu->nmi[false];
}

static void ignore_pmi(void *) {}
static void ignore_strict(void *, const char *) {}
static const struct pmu_ops nobody = { ignore_pmi, ignore_strict };

/*
 * A write counts as an instruction with the state that it replaces, unless it
 * faults: so it is tried on a copy first.
 */
int sim_cpuid_t::wrmsr(Bit32u msr, Bit64u val)
{
	struct pmu trial = vcpu()->pmu;
	enum pmu_result res;

	trial.ops = &nobody;
	res = pmu_wrmsr(&trial, msr, val);
	if (res == PMU_NOT_MINE)
		return msr == SIM_VMX_FAIL ? fail_wrmsr(val) : write_plain(msr, val);
	trace_msr(vcpu(), true, msr, val, res == PMU_OK);
	if (res == PMU_GP)
		return 0;
	count_retire(vcpu());
	vcpu()->written_by_guest = in_guest(vcpu());
	pmu_wrmsr(&vcpu()->pmu, msr, val);
	count_update(vcpu());
	if (msr == IA32_PERF_GLOBAL_CTRL && host_switches(vcpu()))
		sweep_reached(vcpu(), val ? PLACE_PUT : PLACE_LOAD);
	return 1;
}

bx_cpuid_t *sim_new_cpuid(BX_CPU_C *cpu)
{
	return new sim_cpuid_t(cpu);
}

bool sim_rdpmc(unsigned cpu, Bit32u ecx, Bit64u *val)
{
	struct vcpu *vcpu = &vcpus[cpu];
	uint64_t pmu_val = 0;
	bool ok;

	count_settle(vcpu);
	ok = pmu_rdpmc(&vcpu->pmu, ecx, &pmu_val) == PMU_OK;
	trace_rdpmc(vcpu, ecx, pmu_val, ok);
	*val = pmu_val;
	return ok;
}
