// SPDX-License-Identifier: GPL-2.0
#include "vmx/dump.h"
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
		vmcs_readnat(EXIT_QUALIFICATION),
		vmcs_read32(EXIT_INTERRUPTION_INFO),
		vmcs_read32(EXIT_INTERRUPTION_ERROR_CODE),
		vmcs_read32(IDT_VECTORING_INFO));
	log_err("guest RIP %#llx RSP %#llx RAX %#llx RCX %#llx RDX %#llx CR2 %#llx GPA %#llx\n",
		vmcs_readnat(GUEST_RIP), vmcs_readnat(GUEST_RSP), regs->rax,
		regs->rcx, regs->rdx, regs->cr2,
		vmcs_read64(GUEST_PHYSICAL_ADDRESS));
	dump_vmcs();
}

static bool reserved_bits(u32 field, u64 mask)
{
	u64 val = vmcs_read_any(field);

	if (!(val & ~mask))
		return false;
	log_err("%s is %#llx: reserved bits %#llx must be 0\n",
		dump_field_name(field), val, val & ~mask);
	return true;
}

static bool bad_selector(u32 field)
{
	u64 val = vmcs_read_any(field);

	if (!(val & SELECTOR_RPL_TI))
		return false;
	log_err("%s is %#llx: RPL and TI must be 0\n", dump_field_name(field), val);
	return true;
}

/* "Checks on Host Control Registers, MSRs" and "... Segment and Descriptor-Table Registers" */
static bool explain_host_state(u64 global_ctrl_mask)
{
	static const u32 selectors[] = {
		HOST_ES_SELECTOR, HOST_CS_SELECTOR, HOST_SS_SELECTOR,
		HOST_DS_SELECTOR, HOST_FS_SELECTOR, HOST_GS_SELECTOR,
		HOST_TR_SELECTOR,
	};
	unsigned int i;

	if (reserved_bits(HOST_IA32_PERF_GLOBAL_CTRL, global_ctrl_mask))
		return true;
	for (i = 0; i < TMAV_ARRAY_SIZE(selectors); i++)
		if (bad_selector(selectors[i]))
			return true;
	if (!vmcs_read16(HOST_CS_SELECTOR) || !vmcs_read16(HOST_TR_SELECTOR)) {
		log_err("HOST_CS_SELECTOR and HOST_TR_SELECTOR must not be 0\n");
		return true;
	}
	return false;
}

static void say_unexplained(bool explained)
{
	if (!explained)
		log_err("no rule known here is broken; the whole VMCS is logged at debug level (dyndbg=+p)\n");
	dump_vmcs();
}

void dump_vmfail(u32 error, u64 global_ctrl_mask)
{
	log_err("VM entry failed: VM-instruction error %u%s\n", error,
		error == VM_ERROR_INVALID_CONTROL ? " (control fields)" :
		error == VM_ERROR_INVALID_HOST_STATE ? " (host state)" : "");
	say_unexplained(error == VM_ERROR_INVALID_HOST_STATE &&
			explain_host_state(global_ctrl_mask));
}

void dump_failed_entry(u32 reason, u64 global_ctrl_mask)
{
	log_err("VM entry failed: exit %u (%s), qualification %#llx\n",
		(u32)(reason & EXIT_REASON_BASIC), dump_exit_reason_name(reason),
		vmcs_readnat(EXIT_QUALIFICATION));
	say_unexplained((reason & EXIT_REASON_BASIC) == EXIT_INVALID_GUEST_STATE &&
			reserved_bits(GUEST_IA32_PERF_GLOBAL_CTRL,
				      global_ctrl_mask));
}
