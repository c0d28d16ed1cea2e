// SPDX-License-Identifier: GPL-2.0
#include "vmx/dump.h"
#include "vmx/ctls.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_arch.h"

static const struct {
	u32		encoding;
	const char	*name;
} fields[] = {
#define VMCS_FIELD(name, encoding, width) { encoding, #name },
#include "vmx/vmcs_fields.def"
#undef VMCS_FIELD
};

/* "VMX Basic Exit Reasons", the ones that this guest could cause. */
static const char *const reason_names[] = {
	[0]  = "exception or NMI",
	[1]  = "external interrupt",
	[2]  = "triple fault",
	[7]  = "interrupt window",
	[8]  = "NMI window",
	[10] = "CPUID",
	[11] = "GETSEC",
	[12] = "HLT",
	[13] = "INVD",
	[14] = "INVLPG",
	[15] = "RDPMC",
	[16] = "RDTSC",
	[18] = "VMCALL",
	[19] = "VMCLEAR",
	[20] = "VMLAUNCH",
	[21] = "VMPTRLD",
	[22] = "VMPTRST",
	[23] = "VMREAD",
	[24] = "VMRESUME",
	[25] = "VMWRITE",
	[26] = "VMXOFF",
	[27] = "VMXON",
	[28] = "control-register access",
	[29] = "MOV DR",
	[30] = "I/O instruction",
	[31] = "RDMSR",
	[32] = "WRMSR",
	[33] = "VM-entry failure due to invalid guest state",
	[34] = "VM-entry failure due to MSR loading",
	[36] = "MWAIT",
	[37] = "monitor trap flag",
	[39] = "MONITOR",
	[40] = "PAUSE",
	[41] = "VM-entry failure due to machine-check event",
	[46] = "access to GDTR or IDTR",
	[47] = "access to LDTR or TR",
	[48] = "EPT violation",
	[49] = "EPT misconfiguration",
	[50] = "INVEPT",
	[51] = "RDTSCP",
	[52] = "VMX-preemption timer expired",
	[53] = "INVVPID",
	[54] = "WBINVD",
	[55] = "XSETBV",
	[60] = "ENCLS",
};

const char *dump_field_name(u32 field)
{
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(fields); i++)
		if (fields[i].encoding == field)
			return fields[i].name;
	return "unnamed field";
}

const char *dump_exit_reason_name(u32 reason)
{
	reason &= EXIT_REASON_BASIC;
	if (reason < TMAV_ARRAY_SIZE(reason_names) && reason_names[reason])
		return reason_names[reason];
	return "unknown";
}

/* A report goes on without the value. */
static u64 read_field(u32 field)
{
	u64 val = 0;

	if (hw_vmread(field, &val) != HW_VMX_OK)
		log_err("VMREAD of %s failed\n", dump_field_name(field));
	return val;
}

void dump_vmcs(void)
{
	unsigned int i;
	u64 val;

	for (i = 0; i < TMAV_ARRAY_SIZE(fields); i++)
		if (hw_vmread(fields[i].encoding, &val) == HW_VMX_OK)
			log_debug("  %-28s %#018llx\n", fields[i].name, val);
}

void dump_exit(u32 reason, const struct guest_regs *regs)
{
	log_err("unexpected VM exit %u (%s), qualification %#llx, interruption info %#x, error code %#x, while delivering %#x\n",
		(u32)(reason & EXIT_REASON_BASIC), dump_exit_reason_name(reason),
		read_field(EXIT_QUALIFICATION),
		(u32)read_field(EXIT_INTERRUPTION_INFO),
		(u32)read_field(EXIT_INTERRUPTION_ERROR_CODE),
		(u32)read_field(IDT_VECTORING_INFO));
	log_err("guest RIP %#llx RSP %#llx RAX %#llx RCX %#llx RDX %#llx CR2 %#llx GPA %#llx\n",
		read_field(GUEST_RIP), read_field(GUEST_RSP), regs->rax,
		regs->rcx, regs->rdx, regs->cr2,
		read_field(GUEST_PHYSICAL_ADDRESS));
	dump_vmcs();
}

/*
 * The rules of VM entry. Each function is true, and has logged a line with the
 * field, its value and the rule, if the field breaks it.
 */

static bool wrong_bits(u32 field, u64 ones, u64 zeros)
{
	u64 val = read_field(field);

	if (ones & ~val)
		log_err("%s is %#llx: bits %#llx must be 1\n",
			dump_field_name(field), val, ones & ~val);
	else if (zeros & val)
		log_err("%s is %#llx: bits %#llx must be 0\n",
			dump_field_name(field), val, zeros & val);
	return ones & ~val || zeros & val;
}

/* As wide as addresses can be, so that what some CPU allows is not accused. */
static bool not_canonical(u32 field)
{
	const u64 half = TMAV_BIT(MAX_LINEAR_ADDRESS_BITS - 1);
	u64 val = read_field(field);

	if (val + half < 2 * half)
		return false;
	log_err("%s is %#llx: the address must be canonical\n",
		dump_field_name(field), val);
	return true;
}

static bool bad_selector(u32 field)
{
	u64 val = read_field(field);

	if (!(val & SELECTOR_RPL_TI))
		return false;
	log_err("%s is %#llx: RPL and TI must be 0\n", dump_field_name(field), val);
	return true;
}

static bool no_selector(u32 field)
{
	if (read_field(field))
		return false;
	log_err("%s is 0: it must not be 0\n", dump_field_name(field));
	return true;
}

/* "Reserved bits in the ... controls must be set properly." */
static bool bad_controls(u32 field, enum ctl_word w, const struct cpu_caps *caps)
{
	u32 msr;
	u64 cap = ctls_capability(caps, w, &msr);

	if (!wrong_bits(field, (u32)cap, (u32)~(cap >> 32)))
		return false;
	log_err("MSR %#x is %#llx: what must be 1, and above bit 31 what may be\n",
		msr, cap);
	return true;
}

static bool explain_control_words(const struct cpu_caps *caps)
{
	return bad_controls(PIN_BASED_CONTROLS, VMX_CTL_PIN, caps) ||
	       bad_controls(CPU_BASED_CONTROLS, VMX_CTL_CPU, caps) ||
	       ((u32)read_field(CPU_BASED_CONTROLS) & CPU_SECONDARY_CONTROLS &&
		bad_controls(CPU_BASED_CONTROLS2, VMX_CTL_CPU2, caps)) ||
	       bad_controls(EXIT_CONTROLS, VMX_CTL_EXIT, caps) ||
	       bad_controls(ENTRY_CONTROLS, VMX_CTL_ENTRY, caps);
}

/* Controls that one MSR each allows, and that need each other. */
static bool explain_control_pairs(void)
{
	u32 pin = (u32)read_field(PIN_BASED_CONTROLS);

	if (pin & PIN_VIRTUAL_NMIS &&
	    wrong_bits(PIN_BASED_CONTROLS, PIN_NMI_EXITING, 0)) {
		log_err("\"virtual NMIs\" needs \"NMI exiting\"\n");
		return true;
	}
	if (!(pin & PIN_PREEMPTION_TIMER) &&
	    wrong_bits(EXIT_CONTROLS, 0, EXIT_SAVE_PREEMPTION_TIMER)) {
		log_err("\"save VMX-preemption timer value\" needs \"activate VMX-preemption timer\"\n");
		return true;
	}
	return false;
}

/* "Checks on VMX Controls" */
static bool explain_controls(const struct cpu_caps *caps)
{
	return explain_control_words(caps) || explain_control_pairs() ||
	       wrong_bits(MSR_BITMAP, 0, TMAV_PAGE_SIZE - 1) ||
	       wrong_bits(EPT_POINTER, EPTP_MEMTYPE_WB | EPTP_WALK_LENGTH_4,
			  EPTP_RESERVED) ||
	       ((u32)read_field(ENTRY_INTERRUPTION_INFO) & INTR_INFO_VALID &&
		wrong_bits(ENTRY_INTERRUPTION_INFO, 0, INTR_INFO_RESERVED));
}

static bool explain_host_selectors(void)
{
	static const u32 selectors[] = {
		HOST_ES_SELECTOR, HOST_CS_SELECTOR, HOST_SS_SELECTOR,
		HOST_DS_SELECTOR, HOST_FS_SELECTOR, HOST_GS_SELECTOR,
		HOST_TR_SELECTOR,
	};
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(selectors); i++)
		if (bad_selector(selectors[i]))
			return true;
	return no_selector(HOST_CS_SELECTOR) || no_selector(HOST_TR_SELECTOR);
}

static bool explain_host_addresses(void)
{
	static const u32 addresses[] = {
		HOST_FS_BASE, HOST_GS_BASE, HOST_TR_BASE, HOST_GDTR_BASE,
		HOST_IDTR_BASE, HOST_SYSENTER_ESP, HOST_SYSENTER_EIP, HOST_RIP,
	};
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(addresses); i++)
		if (not_canonical(addresses[i]))
			return true;
	return false;
}

/*
 * "Checks on Host Control Registers, MSRs, and SSP" and "Checks on Host Segment
 * and Descriptor-Table Registers"
 */
static bool explain_host_state(const struct cpu_caps *caps)
{
	return wrong_bits(HOST_CR0, caps->cr0_fixed0, ~caps->cr0_fixed1) ||
	       wrong_bits(HOST_CR4, caps->cr4_fixed0 | CR4_PAE, ~caps->cr4_fixed1) ||
	       wrong_bits(HOST_IA32_PERF_GLOBAL_CTRL, 0,
			  ~pmu_global_ctrl_mask(&caps->pmu)) ||
	       wrong_bits(HOST_IA32_EFER, IA32_EFER_LME | IA32_EFER_LMA,
			  IA32_EFER_RESERVED) ||
	       explain_host_selectors() || explain_host_addresses();
}

/* "Checks on Guest RIP, RFLAGS, and SSP" and "... Non-Register State" */
static bool explain_events(void)
{
	const u32 shadow = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
	u32 info = (u32)read_field(ENTRY_INTERRUPTION_INFO);
	u32 type = info & INTR_INFO_VALID ? info & INTR_INFO_TYPE : INTR_INFO_TYPE;

	if ((type == INTR_INFO_TYPE_EXTERNAL ||
	     (u32)read_field(GUEST_INTERRUPTIBILITY) & BLOCKING_BY_STI) &&
	    wrong_bits(GUEST_RFLAGS, RFLAGS_IF, 0))
		return true;
	if (type == INTR_INFO_TYPE_EXTERNAL)
		return wrong_bits(GUEST_INTERRUPTIBILITY, 0, shadow);
	return type == INTR_INFO_TYPE_NMI &&
	       wrong_bits(GUEST_INTERRUPTIBILITY, 0,
			  BLOCKING_BY_MOV_SS | BLOCKING_BY_NMI);
}

/* "Checks on the Guest State Area" */
static bool explain_guest_state(const struct cpu_caps *caps)
{
	return wrong_bits(GUEST_CR0, caps->cr0_fixed0, ~caps->cr0_fixed1) ||
	       wrong_bits(GUEST_CR4, caps->cr4_fixed0 | CR4_PAE, ~caps->cr4_fixed1) ||
	       wrong_bits(GUEST_IA32_PERF_GLOBAL_CTRL, 0,
			  ~pmu_global_ctrl_mask(&caps->pmu)) ||
	       wrong_bits(GUEST_IA32_EFER, IA32_EFER_LME | IA32_EFER_LMA,
			  IA32_EFER_RESERVED) ||
	       wrong_bits(GUEST_RFLAGS, RFLAGS_FIXED, RFLAGS_RESERVED) ||
	       wrong_bits(GUEST_TR_ACCESS_RIGHTS, SEGMENT_TSS_BUSY, SEGMENT_UNUSABLE) ||
	       wrong_bits(GUEST_INTERRUPTIBILITY, 0, INTERRUPTIBILITY_RESERVED) ||
	       explain_events() || wrong_bits(VMCS_LINK_POINTER, ~0ULL, 0) ||
	       not_canonical(GUEST_RIP);
}

/* "Loading MSRs": the qualification is the number of the entry, from 1. */
static bool explain_msr_loading(void)
{
	log_err("entry %llu of the VM-entry MSR-load list failed, and ENTRY_MSR_LOAD_COUNT is %#x: it must be 0, there is no list\n",
		read_field(EXIT_QUALIFICATION),
		(u32)read_field(ENTRY_MSR_LOAD_COUNT));
	return true;
}

static void say_unexplained(bool explained)
{
	if (!explained)
		log_err("no rule known here is broken; the whole VMCS is logged at debug level (dyndbg=+p)\n");
	dump_vmcs();
}

void dump_vmfail(u32 error, const struct cpu_caps *caps)
{
	log_err("VM entry failed: VM-instruction error %u%s\n", error,
		error == VM_ERROR_INVALID_CONTROL ? " (control fields)" :
		error == VM_ERROR_INVALID_HOST_STATE ? " (host state)" :
		error == VM_ERROR_UNSUPPORTED_FIELD ? " (VMWRITE of HOST_RSP)" : "");
	say_unexplained(error == VM_ERROR_UNSUPPORTED_FIELD ||
			(error == VM_ERROR_INVALID_CONTROL &&
			 explain_controls(caps)) ||
			(error == VM_ERROR_INVALID_HOST_STATE &&
			 explain_host_state(caps)));
}

void dump_failed_entry(u32 reason, const struct cpu_caps *caps)
{
	u32 basic = reason & EXIT_REASON_BASIC;

	log_err("VM entry failed: exit %u (%s), qualification %#llx\n", basic,
		dump_exit_reason_name(reason), read_field(EXIT_QUALIFICATION));
	say_unexplained((basic == EXIT_INVALID_GUEST_STATE &&
			 explain_guest_state(caps)) ||
			(basic == EXIT_MSR_LOADING && explain_msr_loading()));
}
