// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "tmavisor/pmu_arch.h"
#include "tools/cli/doctor.h"
#include "vmx/caps.h"
#include "vmx/vmx_arch.h"

/* As vmx/caps.c has them. */
enum { PERFMON_NEEDED = 4, PERFMON_FIXED_MASK = 5, MIN_LINUX_MAJOR = 6 };

static __attribute__((format(printf, 2, 3)))
struct finding find(enum verdict verdict, const char *format, ...)
{
	struct finding f = { .verdict = verdict };
	va_list args;

	va_start(args, format);
	vsnprintf(f.seen, sizeof(f.seen), format, args);
	va_end(args);
	return f;
}

static struct finding unless_msr_seen(const char *msr)
{
	return find(UNSEEN, "%s not readable", msr);
}

/*
 * The CPU
 */

static struct finding look_vendor(const struct host *host)
{
	struct cpuid_regs r = host_cpuid(host, CPUID_VENDOR, 0);
	char vendor[13];

	memcpy(vendor, &r.ebx, 4);
	memcpy(vendor + 4, &r.edx, 4);
	memcpy(vendor + 8, &r.ecx, 4);
	vendor[12] = 0;
	return find(strcmp(vendor, "GenuineIntel") ? MISSING : OK, "%.12s", vendor);
}

/* Display family and model, "CPUID - Processor Type, Family, Model, Stepping". */
static u32 model_of(u32 eax)
{
	u32 family = eax >> 8 & 0xf, model = eax >> 4 & 0xf;

	return family == 6 ? model | (eax >> 12 & 0xf0) : 0;
}

/* Those whose PERF_METRICS has level 2. */
static const struct { u32 model; const char *name; } level2_models[] = {
	{ 0x8f, "Sapphire Rapids" }, { 0xcf, "Emerald Rapids" },
	{ 0xad, "Granite Rapids" }, { 0xae, "Granite Rapids D" },
	{ 0x97, "Alder Lake" }, { 0x9a, "Alder Lake" },
	{ 0xb7, "Raptor Lake" }, { 0xba, "Raptor Lake" }, { 0xbf, "Raptor Lake" },
};

static struct finding look_model(const struct host *host)
{
	u32 eax = host_cpuid(host, CPUID_FEATURES, 0).eax, model = model_of(eax);
	size_t i;

	for (i = 0; i < TMAV_ARRAY_SIZE(level2_models); i++)
		if (level2_models[i].model == model)
			return find(OK, "%s (%#x)", level2_models[i].name, eax);
	return find(OPTIONAL, "signature %#x", eax);
}

static struct finding look_hypervisor(const struct host *host)
{
	bool beneath = host_cpuid(host, CPUID_FEATURES, 0).ecx & CPUID_1_ECX_HYPERVISOR;

	return beneath ? find(OPTIONAL, "this is a virtual machine") :
			 find(OK, "none beneath");
}

static struct finding look_vmx(const struct host *host)
{
	bool vmx = host_cpuid(host, CPUID_FEATURES, 0).ecx & CPUID_1_ECX_VMX;

	return find(vmx ? OK : MISSING, "CPUID.1:ECX[5] is %d", vmx);
}

/* Linux shows the flag only where the firmware consents. */
static struct finding look_feature_control(const struct host *host)
{
	const u64 wanted = FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX_OUTSIDE_SMX;
	u64 control;

	if (host_msr(host, IA32_FEATURE_CONTROL, &control))
		return find((control & wanted) == wanted ? OK : MISSING,
			    "FEATURE_CONTROL %#llx", control);
	if (host_cpuinfo_has(host, "flags", "vmx"))
		return find(OK, "Linux shows vmx");
	return unless_msr_seen("FEATURE_CONTROL");
}

/* The upper half says which bits may be 1. */
static bool may_be_1(u64 ctls, u32 bit)
{
	return ctls >> 32 & bit;
}

static struct finding look_control(const struct host *host, u32 msr, const char *name,
				   u32 bit, const char *flag)
{
	u64 ctls;

	if (host_msr(host, msr, &ctls))
		return may_be_1(ctls, bit) ?
			find(OK, "%s[%d] may be 1", name, __builtin_ctz(bit)) :
			find(MISSING, "%s[%d] must be 0", name, __builtin_ctz(bit));
	if (flag && host_cpuinfo_has(host, "vmx flags", flag))
		return find(OK, "Linux shows %s", flag);
	return unless_msr_seen(name);
}

static struct finding look_ept(const struct host *host)
{
	const u64 wanted = VMX_EPT_WALK_LENGTH_4 | VMX_EPT_WRITE_BACK |
			   VMX_EPT_INVEPT | VMX_EPT_INVEPT_ALL_CONTEXT;
	struct finding f = look_control(host, IA32_VMX_PROCBASED_CTLS2,
					"PROCBASED_CTLS2", CPU2_ENABLE_EPT, "ept");
	u64 cap;

	if (f.verdict != OK || !host_msr(host, IA32_VMX_EPT_VPID_CAP, &cap))
		return f;
	return find((cap & wanted) == wanted ? OK : MISSING, "EPT_VPID_CAP %#llx", cap);
}

static struct finding look_preemption_timer(const struct host *host)
{
	return look_control(host, IA32_VMX_PINBASED_CTLS, "PINBASED_CTLS",
			    PIN_PREEMPTION_TIMER, "preemption_timer");
}

static struct finding look_virtual_nmis(const struct host *host)
{
	return look_control(host, IA32_VMX_PINBASED_CTLS, "PINBASED_CTLS",
			    PIN_VIRTUAL_NMIS, "vnmi");
}

static struct finding look_msr_bitmaps(const struct host *host)
{
	return look_control(host, IA32_VMX_PROCBASED_CTLS, "PROCBASED_CTLS",
			    CPU_USE_MSR_BITMAPS, NULL);
}

static struct finding look_entry_load(const struct host *host)
{
	return look_control(host, IA32_VMX_ENTRY_CTLS, "ENTRY_CTLS",
			    ENTRY_LOAD_PERF_GLOBAL_CTRL, NULL);
}

static struct finding look_exit_load(const struct host *host)
{
	return look_control(host, IA32_VMX_EXIT_CTLS, "EXIT_CTLS",
			    EXIT_LOAD_PERF_GLOBAL_CTRL, NULL);
}

static struct finding look_exit_save(const struct host *host)
{
	return look_control(host, IA32_VMX_EXIT_CTLS, "EXIT_CTLS",
			    EXIT_SAVE_PERF_GLOBAL_CTRL, NULL);
}

/*
 * The PMU
 */

static struct finding look_perfmon(const struct host *host)
{
	u32 version = host_cpuid(host, CPUID_PERFMON, 0).eax & CPUID_0A_EAX_VERSION;

	return find(version >= PERFMON_NEEDED ? OK : MISSING, "version %u", version);
}

static struct finding look_gp(const struct host *host)
{
	u32 eax = host_cpuid(host, CPUID_PERFMON, 0).eax;
	u32 nr = eax >> CPUID_0A_EAX_NR_GP_SHIFT & 0xff;
	u32 width = eax >> CPUID_0A_EAX_GP_WIDTH_SHIFT & 0xff;

	return find(nr && nr <= PMU_MAX_GP_COUNTERS ? OK : MISSING, "%u of %u bits", nr, width);
}

static u32 fixed_mask(const struct cpuid_regs *r)
{
	u32 mask = TMAV_BIT(r->edx & CPUID_0A_EDX_NR_FIXED) - 1;

	if ((r->eax & CPUID_0A_EAX_VERSION) >= PERFMON_FIXED_MASK)
		mask |= r->ecx;
	return mask;
}

static struct finding look_fixed(const struct host *host)
{
	struct cpuid_regs r = host_cpuid(host, CPUID_PERFMON, 0);
	u32 mask = fixed_mask(&r), width = r.edx >> CPUID_0A_EDX_FIXED_WIDTH_SHIFT & 0xff;

	return find(mask && !(mask >> PMU_MAX_FIXED_COUNTERS) ? OK : MISSING,
		    "mask %#x, %u bits", mask, width);
}

static struct finding look_slots(const struct host *host)
{
	struct cpuid_regs r = host_cpuid(host, CPUID_PERFMON, 0);
	bool slots = fixed_mask(&r) & TMAV_BIT(FIXED_SLOTS);

	return find(slots ? OK : OPTIONAL, slots ? "counts slots" : "not there");
}

/* No such register is as good as a 0 in it, but not to be able to read it is not. */
static struct finding look_capability(const struct host *host, u64 bit, enum verdict without,
				      const char *path)
{
	u64 value;

	if (!(host_cpuid(host, CPUID_FEATURES, 0).ecx & CPUID_1_ECX_PDCM))
		return find(without, "no PERF_CAPABILITIES");
	if (host_msr(host, IA32_PERF_CAPABILITIES, &value))
		return find(value & bit ? OK : without, "PERF_CAPABILITIES %#llx", value);
	if (path && host_exists(host, path))
		return find(OK, "Linux shows its events");
	return unless_msr_seen("PERF_CAPABILITIES");
}

static struct finding look_full_width(const struct host *host)
{
	return look_capability(host, PERFCAP_FULL_WIDTH_WRITE, MISSING, NULL);
}

static struct finding look_metrics(const struct host *host)
{
	return look_capability(host, PERFCAP_PERF_METRICS, OPTIONAL,
			       "/sys/bus/event_source/devices/cpu/events/topdown-retiring");
}

/*
 * Linux
 */

static struct finding look_release(const struct host *host)
{
	char release[64];

	if (!host_file(host, "/proc/sys/kernel/osrelease", release, sizeof(release)))
		return find(UNSEEN, "no /proc/sys/kernel/osrelease");
	release[strcspn(release, "\n")] = 0;
	return find(atoi(release) >= MIN_LINUX_MAJOR ? OK : MISSING, "%s", release);
}

static struct finding look_fred(const struct host *host)
{
	bool fred = host_cpuinfo_has(host, "flags", "fred");

	if (!host_exists(host, "/proc/cpuinfo"))
		return find(UNSEEN, "no /proc/cpuinfo");
	return find(fred ? MISSING : OK, fred ? "Linux uses it" : "off");
}

static struct finding look_kvm(const struct host *host)
{
	char users[16], at_load[4] = "";

	if (!host_exists(host, "/sys/module/kvm_intel"))
		return find(OK, "kvm_intel is not loaded");
	if (!host_file(host, "/sys/module/kvm_intel/refcnt", users, sizeof(users)))
		return find(MISSING, "kvm_intel is built in");
	host_file(host, "/sys/module/kvm/parameters/enable_virt_at_load", at_load,
		  sizeof(at_load));
	if (atoi(users) || *at_load == 'Y')
		return find(MISSING, "kvm_intel has VMX, %d users", atoi(users));
	return find(OPTIONAL, "kvm_intel takes it for the next machine");
}

static struct finding look_watchdog(const struct host *host)
{
	char on[8];

	if (!host_file(host, "/proc/sys/kernel/nmi_watchdog", on, sizeof(on)))
		return find(OK, "none");
	return find(atoi(on) ? OPTIONAL : OK, atoi(on) ? "takes a counter, sends NMIs" : "off");
}

/* The variable's data follow four bytes of attributes. */
static struct finding look_secure_boot(const struct host *host)
{
	static const char path[] = "/sys/firmware/efi/efivars/"
				   "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	char variable[8] = "";

	if (!host_exists(host, "/sys/firmware/efi"))
		return find(OK, "no UEFI");
	if (!host_file(host, path, variable, sizeof(variable)))
		return find(UNSEEN, "its variable is not readable");
	return find(variable[4] == 1 ? OPTIONAL : OK, variable[4] == 1 ? "on" : "off");
}

static struct finding look_lockdown(const struct host *host)
{
	char text[64];

	if (!host_file(host, "/sys/kernel/security/lockdown", text, sizeof(text)))
		return find(OK, "none");
	text[strcspn(text, "\n")] = 0;
	return find(strstr(text, "[none]") ? OK : OPTIONAL, "%s", text);
}

/* Below the folder of the running kernel's modules. */
static bool modules_have(const struct host *host, const char *path)
{
	char release[64], full[160];

	if (!host_file(host, "/proc/sys/kernel/osrelease", release, sizeof(release)))
		return false;
	release[strcspn(release, "\n")] = 0;
	snprintf(full, sizeof(full), "/lib/modules/%s/%s", release, path);
	return host_exists(host, full);
}

/* What is there to build with matters only until it is built. */
static struct finding to_build(const struct host *host, bool there)
{
	if (there)
		return find(OK, "there");
	if (modules_have(host, "updates/tmavisor.ko") ||
	    modules_have(host, "updates/dkms/tmavisor.ko"))
		return find(OPTIONAL, "not there; the module is");
	return find(MISSING, "not there");
}

static struct finding look_headers(const struct host *host)
{
	return to_build(host, modules_have(host, "build/Makefile"));
}

static struct finding look_nasm(const struct host *host)
{
	return to_build(host, host_has_program(host, "nasm"));
}

static struct finding look_gcc(const struct host *host)
{
	return to_build(host, host_has_program(host, "gcc"));
}

static struct finding look_root(const struct host *host)
{
	return host_is_root(host) ? find(OK, "you are") :
				    find(OPTIONAL, "you are not");
}

const struct check doctor_checks[NR_CHECKS] = {
	{ "Intel CPU", "VT-x is Intel's; use the simulated machine", look_vendor },
	{ "model known to have level 2", "Sapphire Rapids or later has it", look_model },
	{ "no hypervisor beneath", "it must pass on VT-x and the PMU", look_hypervisor },
	{ "VMX", "enable VT-x, or nested VMX beneath", look_vmx },
	{ "firmware allows VMX", "enable VT-x in the firmware setup", look_feature_control },
	{ "EPT", "a newer CPU is needed", look_ept },
	{ "VMX-preemption timer", "a newer CPU is needed", look_preemption_timer },
	{ "virtual NMIs", "a newer CPU is needed", look_virtual_nmis },
	{ "MSR bitmaps", "a newer CPU is needed", look_msr_bitmaps },
	{ "entry loads GLOBAL_CTRL", "a newer CPU is needed", look_entry_load },
	{ "exit loads GLOBAL_CTRL", "a newer CPU is needed", look_exit_load },
	{ "exit saves GLOBAL_CTRL", "Sapphire Rapids or later has it", look_exit_save },
	{ "performance monitoring 4", "Skylake or later, or a PMU beneath", look_perfmon },
	{ "general counters, 1 to 8", "Sapphire Rapids has eight", look_gp },
	{ "fixed counters, of 0 to 3", "Sapphire Rapids has four", look_fixed },
	{ "fixed counter 3, slots", "Ice Lake or later has it", look_slots },
	{ "full-width counter writes", "a CPU that has them is needed", look_full_width },
	{ "PERF_METRICS", "Ice Lake or later has it", look_metrics },
	{ "Linux 6 or later", "Linux 6.1 is what it was tried with", look_release },
	{ "FRED off", "boot with fred=off", look_fred },
	{ "VMX is free of KVM", "modprobe -r kvm_intel", look_kvm },
	{ "NMI watchdog off", "sysctl kernel.nmi_watchdog=0", look_watchdog },
	{ "Secure Boot off", "sign the module, or turn it off", look_secure_boot },
	{ "lockdown off", "sign the module; debugfs is not there", look_lockdown },
	{ "kernel headers, to build", "apt-get install linux-headers-$(uname -r)", look_headers, true },
	{ "nasm, to build", "apt-get install nasm", look_nasm, true },
	{ "gcc, to build", "apt-get install gcc", look_gcc, true },
	{ "root", "sudo, to load the module and see MSRs", look_root },
};
