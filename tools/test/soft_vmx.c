// SPDX-License-Identifier: GPL-2.0
/*
 * VMX: root operation, a VMCS that behaves, the entry checks that this
 * hypervisor can get wrong, and what an entry and an exit switch.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_arch.h"

/* "VM-Instruction Error Numbers" */
enum {
	ERROR_VMCLEAR_BAD_ADDRESS	= 2,
	ERROR_VMLAUNCH_NOT_CLEAR	= 4,
	ERROR_VMRESUME_NOT_LAUNCHED	= 5,
	ERROR_VMPTRLD_BAD_ADDRESS	= 9,
	ERROR_VMPTRLD_BAD_REVISION	= 11,
	ERROR_UNSUPPORTED_FIELD		= 12,
	ERROR_READ_ONLY_FIELD		= 13,
	ERROR_VMXON_IN_ROOT		= 15,
};

/* Bits 11:10 of an encoding: 1 is VM-exit information, read-only here. */
#define FIELD_TYPE(field)	((field) >> 10 & 3)
#define FIELD_TYPE_EXIT_INFO	1

enum {
#define VMCS_FIELD(name, encoding, width) INDEX_##name,
#include "vmx/vmcs_fields.def"
#undef VMCS_FIELD
	NR_FIELDS,
};
_Static_assert((int)NR_FIELDS <= (int)SOFT_MAX_FIELDS, "SOFT_MAX_FIELDS");

/* By encoding: one more than the place in struct soft_vmcs, 0 for no field. */
static const u8 places[] = {
#define VMCS_FIELD(name, encoding, width) [encoding] = INDEX_##name + 1,
#include "vmx/vmcs_fields.def"
#undef VMCS_FIELD
};

static u64 *place_in(struct soft_vmcs *vmcs, u32 encoding)
{
	if (encoding >= sizeof(places) || !places[encoding])
		return NULL;
	return &vmcs->field[places[encoding] - 1];
}

u64 *soft_field(struct soft_cpu *cpu, u32 encoding)
{
	if (!cpu->current || encoding == cpu->faults.missing_field)
		return NULL;
	return place_in(cpu->current, encoding);
}

void soft_set_vmcs_field(struct soft_cpu *cpu, u64 pa, u32 encoding, u64 val)
{
	for (unsigned int i = 0; i < SOFT_MAX_VMCS; i++) {
		u64 *place = place_in(&cpu->vmcs[i], encoding);

		if (cpu->vmcs[i].pa != pa || !place)
			continue;
		*place = val;
		return;
	}
	fail_msg("no VMCS at %#llx with field %#x", pa, encoding);
}

static u64 field(u32 encoding)
{
	u64 *val = soft_field(soft_cpu, encoding);

	assert_non_null(val);
	return *val;
}

static void set_field(u32 encoding, u64 val)
{
	u64 *place = soft_field(soft_cpu, encoding);

	/* A field that a test took away can't be reported in. */
	if (place)
		*place = val;
}

/* VMfail: valid, with a reason, if there is a VMCS to put it in. */
static enum hw_vmx vmfail(u32 error)
{
	if (!soft_cpu->current)
		return HW_VMX_FAIL_INVALID;
	set_field(VM_INSTRUCTION_ERROR, error);
	return HW_VMX_FAIL_VALID;
}

/* True if this VMX instruction, on @field or 0, is the one that is to fail. */
static bool must_fail(enum soft_op_kind kind, u32 field)
{
	struct soft_faults *f = &soft_cpu->faults;

	if (++f->vmxs != f->vmx_at)
		return false;
	f->last_vmx = kind;
	f->last_field = field;
	return true;
}

static bool in_vmx(const char *insn)
{
	if (!soft_cpu->vmx_on)
		soft_complain(soft_cpu, "%s outside VMX operation", insn);
	return soft_cpu->vmx_on;
}

static bool has_revision_id(u64 pa)
{
	struct soft_page *page = soft_page_at(soft_cpu, pa);
	u32 id = soft_msr(soft_cpu, IA32_VMX_BASIC) & VMX_BASIC_REVISION_ID;

	return page && *(u32 *)page->mem == id;
}

enum hw_vmx hw_vmxon(u64 pa)
{
	struct soft_cpu *cpu = soft_cpu;
	const u64 control = FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX_OUTSIDE_SMX;

	soft_step();
	soft_trace(OP_VMXON, 0, pa);
	if (must_fail(OP_VMXON, 0))
		return cpu->faults.vmx_how;
	if (!(cpu->regs.cr4 & CR4_VMXE) ||
	    (soft_msr(cpu, IA32_FEATURE_CONTROL) & control) != control)
		return HW_VMX_FAULT;
	if (cpu->vmx_on)
		return vmfail(ERROR_VMXON_IN_ROOT);
	if (!has_revision_id(pa))
		return HW_VMX_FAIL_INVALID;
	cpu->vmx_on = true;
	return HW_VMX_OK;
}

void hw_vmxoff(void)
{
	soft_step();
	soft_trace(OP_VMXOFF, 0, 0);
	if (!in_vmx("VMXOFF"))
		return;
	soft_cpu->vmx_on = false;
	soft_cpu->current = NULL;
}

void hw_vmxoff_safe(void)
{
	if (soft_cpu->vmx_on)
		hw_vmxoff();
}

static struct soft_vmcs *vmcs_at(u64 pa)
{
	struct soft_vmcs *vmcs = soft_cpu->vmcs;
	int i;

	for (i = 0; i < SOFT_MAX_VMCS; i++)
		if (vmcs[i].pa == pa)
			return &vmcs[i];
	for (i = 0; i < SOFT_MAX_VMCS && vmcs[i].pa; i++)
		;
	assert_true(i < SOFT_MAX_VMCS);
	vmcs[i].pa = pa;
	return &vmcs[i];
}

enum hw_vmx hw_vmclear(u64 pa)
{
	soft_step();
	soft_trace(OP_VMCLEAR, 0, pa);
	if (!in_vmx("VMCLEAR"))
		return HW_VMX_FAULT;
	if (must_fail(OP_VMCLEAR, 0))
		return soft_cpu->faults.vmx_how;
	if (!soft_page_at(soft_cpu, pa))
		return vmfail(ERROR_VMCLEAR_BAD_ADDRESS);
	vmcs_at(pa)->launched = false;
	if (soft_cpu->current && soft_cpu->current->pa == pa)
		soft_cpu->current = NULL;
	return HW_VMX_OK;
}

enum hw_vmx hw_vmptrld(u64 pa)
{
	soft_step();
	soft_trace(OP_VMPTRLD, 0, pa);
	if (!in_vmx("VMPTRLD"))
		return HW_VMX_FAULT;
	if (must_fail(OP_VMPTRLD, 0))
		return soft_cpu->faults.vmx_how;
	if (!soft_page_at(soft_cpu, pa))
		return vmfail(ERROR_VMPTRLD_BAD_ADDRESS);
	if (!has_revision_id(pa))
		return vmfail(ERROR_VMPTRLD_BAD_REVISION);
	soft_cpu->current = vmcs_at(pa);
	return HW_VMX_OK;
}

enum hw_vmx hw_vmread(u64 encoding, u64 *val)
{
	u64 *place;

	soft_step();
	if (!in_vmx("VMREAD"))
		return HW_VMX_FAULT;
	if (must_fail(OP_VMREAD, encoding))
		return soft_cpu->faults.vmx_how;
	place = soft_field(soft_cpu, encoding);
	if (!place)
		return vmfail(ERROR_UNSUPPORTED_FIELD);
	*val = *place;
	soft_trace(OP_VMREAD, encoding, *val);
	return HW_VMX_OK;
}

enum hw_vmx hw_vmwrite(u64 encoding, u64 val)
{
	u64 *place;

	soft_step();
	soft_trace(OP_VMWRITE, encoding, val);
	if (!in_vmx("VMWRITE"))
		return HW_VMX_FAULT;
	if (must_fail(OP_VMWRITE, encoding))
		return soft_cpu->faults.vmx_how;
	place = soft_field(soft_cpu, encoding);
	if (!place)
		return vmfail(ERROR_UNSUPPORTED_FIELD);
	if (FIELD_TYPE(encoding) == FIELD_TYPE_EXIT_INFO)
		return vmfail(ERROR_READ_ONLY_FIELD);
	*place = val;
	return HW_VMX_OK;
}

enum hw_vmx hw_invept_all(void)
{
	soft_step();
	soft_trace(OP_INVEPT, 0, 0);
	if (!in_vmx("INVEPT"))
		return HW_VMX_FAULT;
	if (must_fail(OP_INVEPT, 0))
		return soft_cpu->faults.vmx_how;
	return HW_VMX_OK;
}

u64 hw_exit_address(void)
{
	return 0xffffffffc0401234;
}

/*
 * Entry checks
 */

static bool word_is_allowed(u32 encoding, u32 msr)
{
	u64 cap = soft_msr(soft_cpu, msr);
	u64 word = field(encoding);

	return !(cap & ~word & ~0u) && !(word & ~(cap >> 32));
}

/* "NMI exiting" for "virtual NMIs"; the timer for "save ... timer value" */
static bool pairs_are_valid(void)
{
	u64 pin = field(PIN_BASED_CONTROLS);

	return (!(pin & PIN_VIRTUAL_NMIS) || pin & PIN_NMI_EXITING) &&
	       (pin & PIN_PREEMPTION_TIMER ||
		!(field(EXIT_CONTROLS) & EXIT_SAVE_PREEMPTION_TIMER));
}

/* Of the bits with a meaning, those that this hypervisor injects. */
static bool injection_is_valid(void)
{
	u64 info = field(ENTRY_INTERRUPTION_INFO);

	return !(info & INTR_INFO_VALID) ||
	       !(info & ~(INTR_INFO_VALID | INTR_INFO_ERROR_CODE |
			  INTR_INFO_TYPE | INTR_INFO_VECTOR));
}

static bool controls_are_valid(void)
{
	return pairs_are_valid() && injection_is_valid() &&
	       word_is_allowed(PIN_BASED_CONTROLS, IA32_VMX_TRUE_PINBASED_CTLS) &&
	       word_is_allowed(CPU_BASED_CONTROLS, IA32_VMX_TRUE_PROCBASED_CTLS) &&
	       word_is_allowed(CPU_BASED_CONTROLS2, IA32_VMX_PROCBASED_CTLS2) &&
	       word_is_allowed(EXIT_CONTROLS, IA32_VMX_TRUE_EXIT_CTLS) &&
	       word_is_allowed(ENTRY_CONTROLS, IA32_VMX_TRUE_ENTRY_CTLS) &&
	       soft_page_at(soft_cpu, field(MSR_BITMAP)) &&
	       !(field(EPT_POINTER) & EPTP_RESERVED) &&
	       !field(EXIT_MSR_STORE_COUNT) && !field(EXIT_MSR_LOAD_COUNT);
}

static bool global_ctrl_is_valid(u32 encoding)
{
	return !(field(encoding) & ~pmu_global_ctrl_valid(&soft_cpu->model));
}

static bool host_selectors_are_valid(void)
{
	static const u32 selectors[] = {
		HOST_ES_SELECTOR, HOST_CS_SELECTOR, HOST_SS_SELECTOR,
		HOST_DS_SELECTOR, HOST_FS_SELECTOR, HOST_GS_SELECTOR,
		HOST_TR_SELECTOR,
	};

	for (unsigned int i = 0; i < TMAV_ARRAY_SIZE(selectors); i++)
		if (field(selectors[i]) & SELECTOR_RPL_TI)
			return false;
	return field(HOST_CS_SELECTOR) && field(HOST_TR_SELECTOR);
}

/* With five levels of paging, as the part can have them. */
static bool is_canonical(u64 address)
{
	return address >> 56 == 0 || address >> 56 == 0xff;
}

static bool host_state_is_valid(void)
{
	return (!(field(EXIT_CONTROLS) & EXIT_LOAD_PERF_GLOBAL_CTRL) ||
		global_ctrl_is_valid(HOST_IA32_PERF_GLOBAL_CTRL)) &&
	       host_selectors_are_valid() && field(HOST_CR0) & CR0_NE &&
	       field(HOST_CR4) & CR4_VMXE && field(HOST_IA32_EFER) & IA32_EFER_LMA &&
	       is_canonical(field(HOST_GS_BASE)) &&
	       field(HOST_RIP) == hw_exit_address();
}

/* "Checks on Guest RIP, RFLAGS, and SSP" and "... Non-Register State" */
static bool events_are_valid(void)
{
	const u64 shadow = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
	u64 info = field(ENTRY_INTERRUPTION_INFO);
	u64 blocking = field(GUEST_INTERRUPTIBILITY);
	bool enabled = field(GUEST_RFLAGS) & RFLAGS_IF;

	if (blocking & BLOCKING_BY_STI && !enabled)
		return false;
	if (!(info & INTR_INFO_VALID))
		return true;
	if ((info & INTR_INFO_TYPE) == INTR_INFO_TYPE_EXTERNAL)
		return enabled && !(blocking & shadow);
	/* That an STI keeps an NMI out is for some processors only; be one. */
	return (info & INTR_INFO_TYPE) != INTR_INFO_TYPE_NMI ||
	       !(blocking & (shadow | BLOCKING_BY_NMI));
}

static bool guest_state_is_valid(void)
{
	return (!(field(ENTRY_CONTROLS) & ENTRY_LOAD_PERF_GLOBAL_CTRL) ||
		global_ctrl_is_valid(GUEST_IA32_PERF_GLOBAL_CTRL)) &&
	       events_are_valid() && field(VMCS_LINK_POINTER) == ~0ULL &&
	       field(GUEST_RFLAGS) & RFLAGS_FIXED &&
	       !(field(GUEST_RFLAGS) & RFLAGS_RESERVED) &&
	       field(GUEST_IA32_EFER) & IA32_EFER_LMA &&
	       field(GUEST_CR0) & CR0_NE && field(GUEST_CR4) & CR4_VMXE &&
	       field(GUEST_TR_ACCESS_RIGHTS) == SEGMENT_TSS_BUSY &&
	       !(field(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_RESERVED) &&
	       is_canonical(field(GUEST_RIP));
}

/*
 * Entry and exit
 */

/* Not through the MSR path: neither a step nor an instruction. */
static void load_pmu_msr(u32 msr, u64 val)
{
	assert_int_equal(pmu_wrmsr(&soft_cpu->pmu, msr, val), PMU_OK);
}

static void load_guest(const struct guest_regs *regs)
{
	if (field(ENTRY_CONTROLS) & ENTRY_LOAD_DEBUG_CONTROLS)
		load_pmu_msr(IA32_DEBUGCTL, field(GUEST_IA32_DEBUGCTL));
	if (field(ENTRY_CONTROLS) & ENTRY_LOAD_PERF_GLOBAL_CTRL)
		load_pmu_msr(IA32_PERF_GLOBAL_CTRL,
			     field(GUEST_IA32_PERF_GLOBAL_CTRL));
	soft_set_msr(soft_cpu, IA32_GS_BASE, field(GUEST_GS_BASE));
	soft_cpu->regs.cr2 = regs->cr2;
}

static void save_guest(struct guest_regs *regs)
{
	if (field(EXIT_CONTROLS) & EXIT_SAVE_PERF_GLOBAL_CTRL)
		set_field(GUEST_IA32_PERF_GLOBAL_CTRL, soft_cpu->pmu.global_ctrl);
	set_field(GUEST_GS_BASE, soft_msr(soft_cpu, IA32_GS_BASE));
	regs->cr2 = soft_cpu->regs.cr2;
}

/* "Loading Host State", and what it does not give back. */
static void load_host(struct soft_cpu *cpu)
{
	cpu->regs.cr0 = field(HOST_CR0);
	cpu->regs.cr3 = field(HOST_CR3);
	cpu->regs.cr4 = field(HOST_CR4);
	cpu->regs.dr7 = DR7_FIXED;
	load_pmu_msr(IA32_DEBUGCTL, 0);
	if (field(EXIT_CONTROLS) & EXIT_LOAD_PERF_GLOBAL_CTRL)
		load_pmu_msr(IA32_PERF_GLOBAL_CTRL,
			     field(HOST_IA32_PERF_GLOBAL_CTRL));
	soft_set_msr(cpu, IA32_EFER, field(HOST_IA32_EFER));
	soft_set_msr(cpu, IA32_FS_BASE, field(HOST_FS_BASE));
	soft_set_msr(cpu, IA32_GS_BASE, field(HOST_GS_BASE));
	soft_set_msr(cpu, IA32_SYSENTER_CS, field(HOST_IA32_SYSENTER_CS));
	soft_set_msr(cpu, IA32_SYSENTER_ESP, field(HOST_SYSENTER_ESP));
	soft_set_msr(cpu, IA32_SYSENTER_EIP, field(HOST_SYSENTER_EIP));
	cpu->regs.gdt = (struct hw_table) { field(HOST_GDTR_BASE), 0xffff };
	cpu->regs.idt = (struct hw_table) { field(HOST_IDTR_BASE), 0xffff };
	cpu->regs.sel = (struct hw_selectors) {
		.es = field(HOST_ES_SELECTOR), .cs = field(HOST_CS_SELECTOR),
		.ss = field(HOST_SS_SELECTOR), .ds = field(HOST_DS_SELECTOR),
		.fs = field(HOST_FS_SELECTOR), .gs = field(HOST_GS_SELECTOR),
		.tr = field(HOST_TR_SELECTOR), .ldt = 0,
	};
	cpu->regs.tss_limit_wrong = true;
}

static enum hw_entry vm_exit(u32 reason)
{
	set_field(EXIT_REASON, reason);
	load_host(soft_cpu);
	soft_trace(OP_EXIT, reason & EXIT_REASON_BASIC,
		   field(GUEST_IA32_PERF_GLOBAL_CTRL));
	return HW_ENTRY_EXITED;
}

/* Guest state was being loaded; the guest has run no instruction. */
static enum hw_entry entry_exit(u32 reason, u64 qualification)
{
	set_field(EXIT_QUALIFICATION, qualification);
	return vm_exit(reason | (u32)EXIT_REASON_ENTRY_FAILURE);
}

static enum hw_entry entry_fails(u32 error)
{
	return vmfail(error) == HW_VMX_FAIL_VALID ? HW_ENTRY_FAIL_VALID :
						    HW_ENTRY_FAIL_INVALID;
}

static enum hw_entry launch(struct guest_regs *regs, bool launched)
{
	struct soft_cpu *cpu = soft_cpu;
	u32 reason;

	if (!cpu->current)
		return HW_ENTRY_FAIL_INVALID;
	if (cpu->current->launched != launched)
		return entry_fails(launched ? ERROR_VMRESUME_NOT_LAUNCHED :
					      ERROR_VMLAUNCH_NOT_CLEAR);
	if (cpu->faults.spoilt_field)
		set_field(cpu->faults.spoilt_field, cpu->faults.spoilt_val);
	if (!controls_are_valid())
		return entry_fails(VM_ERROR_INVALID_CONTROL);
	if (!host_state_is_valid())
		return entry_fails(VM_ERROR_INVALID_HOST_STATE);
	if (!guest_state_is_valid())
		return entry_exit(EXIT_INVALID_GUEST_STATE, 0);
	/* No memory holds a list: its first entry is nothing that can be loaded. */
	if (field(ENTRY_MSR_LOAD_COUNT))
		return entry_exit(EXIT_MSR_LOADING, 1);
	if (cpu->machine_check_on_entry)
		return entry_exit(EXIT_MACHINE_CHECK_ON_ENTRY, 0);

	cpu->current->launched = true;
	load_guest(regs);
	reason = soft_guest_run(cpu, regs);
	save_guest(regs);
	return vm_exit(reason);
}

/*
 * As entry.S does it: the last look at the phase, then a window in which an NMI
 * can only make the entry fail. The look has its result when the window opens.
 */
enum hw_entry hw_enter(struct guest_regs *regs, const u32 *phase, bool launched)
{
	struct soft_cpu *cpu = soft_cpu;
	bool go;

	soft_step();
	if (!in_vmx("VM entry"))
		return HW_ENTRY_FAIL_INVALID;
	go = *phase == VPMU_GUEST;
	cpu->in_window = true;
	soft_step();
	cpu->in_window = false;
	if (!go)
		return HW_ENTRY_RESTART;
	soft_trace(OP_ENTRY, 0, field(GUEST_IA32_PERF_GLOBAL_CTRL));
	if (cpu->faults.vmx_at && cpu->faults.vmxs >= cpu->faults.vmx_at)
		cpu->faults.entries_after++;
	if (must_fail(OP_ENTRY, 0))
		return cpu->faults.vmx_how == HW_VMX_FAIL_VALID ?
		       HW_ENTRY_FAIL_VALID : HW_ENTRY_FAIL_INVALID;
	return launch(regs, launched);
}
