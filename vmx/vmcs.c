// SPDX-License-Identifier: GPL-2.0
#include "vmx/vmcs.h"
#include "vmx/dump.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"

#define WIDTH_CODE_16	VMCS_WIDTH_16
#define WIDTH_CODE_64	VMCS_WIDTH_64
#define WIDTH_CODE_32	VMCS_WIDTH_32
#define WIDTH_CODE_NAT	VMCS_WIDTH_NAT
#define VMCS_FIELD(name, encoding, width) \
	_Static_assert(VMCS_WIDTH(encoding) == WIDTH_CODE_##width, #name);
#include "vmx/vmcs_fields.def"
#undef VMCS_FIELD

int vmcs_alloc(struct vmcs *vmcs, const struct cpu_caps *caps)
{
	memset(vmcs, 0, sizeof(*vmcs));
	vmcs->region = hw_page_alloc(&vmcs->pa);
	if (!vmcs->region)
		return -ENOMEM;
	*(u32 *)vmcs->region = caps->vmx_basic & VMX_BASIC_REVISION_ID;
	return 0;
}

void vmcs_free(struct vmcs *vmcs)
{
	hw_page_free(vmcs->region);
	vmcs->region = NULL;
}

/*
 * Some eighty writes in a row: an error is kept, so that each need not be
 * tested, and vmcs_check() reports the first, when there is time for it.
 */
static void keep_failure(struct vmcs *vmcs, enum vmcs_access access, u32 field,
			 enum hw_vmx res)
{
	if (res == HW_VMX_OK || vmcs->failed)
		return;
	vmcs->failed = access;
	vmcs->failed_field = field;
	vmcs->was_current = res != HW_VMX_FAIL_INVALID;
}

u64 vmcs_read_any(struct vmcs *vmcs, u32 field)
{
	u64 val = 0;
	enum hw_vmx res = hw_vmread(field, &val);

	keep_failure(vmcs, VMCS_READ, field, res);
	return res == HW_VMX_OK ? val : 0;
}

void vmcs_write_any(struct vmcs *vmcs, u32 field, u64 val)
{
	keep_failure(vmcs, VMCS_WRITE, field, hw_vmwrite(field, val));
}

int vmcs_check(struct vmcs *vmcs)
{
	enum vmcs_access failed = vmcs->failed;

	vmcs->failed = VMCS_NO_ACCESS;
	if (!failed)
		return 0;
	log_err("%s of %s (%#x) failed: %s\n",
		failed == VMCS_READ ? "VMREAD" : "VMWRITE",
		dump_field_name(vmcs->failed_field), vmcs->failed_field,
		vmcs->was_current ? "this CPU's VMCS lacks the field" :
				    "no VMCS is current");
	return -EIO;
}

void vmcs_write_controls(struct vmcs *vmcs, const struct ctls *ctls,
			 u64 msr_bitmap_pa, u64 ept_pointer)
{
	vmcs_write32(vmcs, PIN_BASED_CONTROLS, ctls->word[VMX_CTL_PIN]);
	vmcs_write32(vmcs, CPU_BASED_CONTROLS, ctls->word[VMX_CTL_CPU]);
	vmcs_write32(vmcs, CPU_BASED_CONTROLS2, ctls->word[VMX_CTL_CPU2]);
	vmcs_write32(vmcs, EXIT_CONTROLS, ctls->word[VMX_CTL_EXIT]);
	vmcs_write32(vmcs, ENTRY_CONTROLS, ctls->word[VMX_CTL_ENTRY]);
	if (ctls->word[VMX_CTL_CPU2] & CPU2_ENCLS_EXITING)
		vmcs_write64(vmcs, ENCLS_EXITING_BITMAP, ~0ULL);

	vmcs_write64(vmcs, MSR_BITMAP, msr_bitmap_pa);
	vmcs_write64(vmcs, EPT_POINTER, ept_pointer);

	/*
	 * The guest handles the faults that it probes for; elsewhere one becomes
	 * a #DF. Each other exception is the end of the run, with its address.
	 * #DB and #AC among them cannot recurse in microcode, where no timer
	 * would end them. A page fault exits because error code & 0 == 0.
	 */
	vmcs_write32(vmcs, EXCEPTION_BITMAP,
		     ~(1u << VECTOR_UD | 1u << VECTOR_NM | 1u << VECTOR_GP));
	vmcs_write32(vmcs, PAGE_FAULT_MASK, 0);
	vmcs_write32(vmcs, PAGE_FAULT_MATCH, 0);
	vmcs_write32(vmcs, CR3_TARGET_COUNT, 0);

	/*
	 * No MSR lists: counters run while VM entry works through its list
	 * and VM exit through its own, so nothing of the PMU may be in one.
	 */
	vmcs_write32(vmcs, EXIT_MSR_STORE_COUNT, 0);
	vmcs_write32(vmcs, EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write32(vmcs, ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write32(vmcs, ENTRY_INTERRUPTION_INFO, 0);
	vmcs_write64(vmcs, VMCS_LINK_POINTER, ~0ULL);
}

static void write_guest_segment(struct vmcs *vmcs, unsigned int index,
				u16 selector, u32 limit, u32 rights)
{
	/* ES, CS, SS, DS, FS, GS, LDTR, TR: encodings two apart. */
	vmcs_write_any(vmcs, GUEST_ES_SELECTOR + 2 * index, selector);
	vmcs_write_any(vmcs, GUEST_ES_LIMIT + 2 * index, limit);
	vmcs_write_any(vmcs, GUEST_ES_ACCESS_RIGHTS + 2 * index, rights);
	vmcs_write_any(vmcs, GUEST_ES_BASE + 2 * index, 0);
}

static void write_guest_segments(struct vmcs *vmcs)
{
	enum { ES, CS, SS, DS, FS, GS, LDTR, TR };
	int i;

	for (i = ES; i <= LDTR; i++)
		write_guest_segment(vmcs, i, 0, 0, SEGMENT_UNUSABLE);
	write_guest_segment(vmcs, CS, SEGMENT_SELECTOR_CODE, SEGMENT_LIMIT_FLAT,
			    SEGMENT_CODE64);
	write_guest_segment(vmcs, SS, SEGMENT_SELECTOR_DATA, SEGMENT_LIMIT_FLAT,
			    SEGMENT_DATA);
	write_guest_segment(vmcs, TR, SEGMENT_SELECTOR_TSS, SEGMENT_LIMIT_TSS,
			    SEGMENT_TSS_BUSY);
	vmcs_writenat(vmcs, GUEST_GDTR_BASE, 0);
	vmcs_writenat(vmcs, GUEST_IDTR_BASE, 0);
	vmcs_write32(vmcs, GUEST_GDTR_LIMIT, 0);
	vmcs_write32(vmcs, GUEST_IDTR_LIMIT, 0);
}

/*
 * VM entry switches neither x87, SSE, AVX nor AMX state, so the guest is kept
 * from it: CR0.EM, CR0.TS set and CR4.OSFXSR, CR4.OSXSAVE, CR4.PKE clear make
 * each such instruction fault, and the masks make each attempt to change
 * that exit.
 */
static void write_guest_control_registers(struct vmcs *vmcs,
					  const struct cpu_caps *caps, u64 cr3)
{
	u64 cr0 = CR0_PE | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_PG;

	vmcs_writenat(vmcs, GUEST_CR0, (cr0 | caps->cr0_fixed0) & caps->cr0_fixed1);
	vmcs_writenat(vmcs, GUEST_CR3, cr3);
	/* Completed by write_guest_cr4(). */
	vmcs_writenat(vmcs, GUEST_CR4, 0);
	vmcs_writenat(vmcs, CR0_READ_SHADOW, cr0);
	vmcs_writenat(vmcs, CR4_READ_SHADOW, CR4_PAE);
	vmcs_writenat(vmcs, CR0_GUEST_HOST_MASK, ~0ULL);
	/* Whether its user mode may use RDPMC is for the guest to say. */
	vmcs_writenat(vmcs, CR4_GUEST_HOST_MASK, ~CR4_PCE);
	/* SCE stays 0, or SYSCALL would jump to the host's IA32_LSTAR. */
	vmcs_write64(vmcs, GUEST_IA32_EFER, IA32_EFER_LME | IA32_EFER_LMA);
}

void vmcs_write_guest(struct vmcs *vmcs, const struct cpu_caps *caps,
		      const struct vmcs_guest *guest)
{
	write_guest_control_registers(vmcs, caps, guest->cr3);
	write_guest_segments(vmcs);
	vmcs_writenat(vmcs, GUEST_RIP, guest->rip);
	vmcs_writenat(vmcs, GUEST_RSP, guest->rsp);
	vmcs_writenat(vmcs, GUEST_RFLAGS, RFLAGS_FIXED);
	vmcs_writenat(vmcs, GUEST_DR7, DR7_FIXED);
	vmcs_write64(vmcs, GUEST_IA32_DEBUGCTL, 0);
	vmcs_writenat(vmcs, GUEST_PENDING_DEBUG, 0);
	vmcs_write32(vmcs, GUEST_INTERRUPTIBILITY, 0);
	vmcs_write32(vmcs, GUEST_ACTIVITY_STATE, 0);
	vmcs_write32(vmcs, GUEST_IA32_SYSENTER_CS, 0);
	vmcs_writenat(vmcs, GUEST_SYSENTER_ESP, 0);
	vmcs_writenat(vmcs, GUEST_SYSENTER_EIP, 0);
}

/*
 * The guest's own CR4.PCE, and the host's CR4.MCE behind the guest's back: a
 * machine check while it is 0 resets the machine, and they are broadcast to
 * every CPU.
 */
static void write_guest_cr4(struct vmcs *vmcs, const struct cpu_caps *caps,
			    u64 host_cr4)
{
	u64 cr4 = CR4_PAE | (host_cr4 & CR4_MCE) |
		  (vmcs_readnat(vmcs, GUEST_CR4) & CR4_PCE);

	vmcs_writenat(vmcs, GUEST_CR4, (cr4 | caps->cr4_fixed0) & caps->cr4_fixed1);
}

void vmcs_write_host(struct vmcs *vmcs, const struct cpu_caps *caps,
		     const struct host_state *host)
{
	write_guest_cr4(vmcs, caps, host->cr4);
	vmcs_writenat(vmcs, HOST_CR0, host->cr0);
	vmcs_writenat(vmcs, HOST_CR3, host->cr3);
	vmcs_writenat(vmcs, HOST_CR4, host->cr4);
	vmcs_write64(vmcs, HOST_IA32_EFER, host->efer);

	/*
	 * Selectors with RPL or TI set fail the entry, and a task's DS to GS
	 * may have them: 0 here, host_restore() loads the real ones.
	 */
	vmcs_write16(vmcs, HOST_CS_SELECTOR, host->sel.cs);
	vmcs_write16(vmcs, HOST_SS_SELECTOR, host->sel.ss);
	vmcs_write16(vmcs, HOST_TR_SELECTOR, host->sel.tr);
	vmcs_write16(vmcs, HOST_DS_SELECTOR, 0);
	vmcs_write16(vmcs, HOST_ES_SELECTOR, 0);
	vmcs_write16(vmcs, HOST_FS_SELECTOR, 0);
	vmcs_write16(vmcs, HOST_GS_SELECTOR, 0);

	vmcs_writenat(vmcs, HOST_FS_BASE, host->fs_base);
	vmcs_writenat(vmcs, HOST_GS_BASE, host->gs_base);
	vmcs_writenat(vmcs, HOST_TR_BASE, host->tr_base);
	vmcs_writenat(vmcs, HOST_GDTR_BASE, host->gdt.base);
	vmcs_writenat(vmcs, HOST_IDTR_BASE, host->idt.base);
	vmcs_write32(vmcs, HOST_IA32_SYSENTER_CS, host->sysenter_cs);
	vmcs_writenat(vmcs, HOST_SYSENTER_ESP, host->sysenter_esp);
	vmcs_writenat(vmcs, HOST_SYSENTER_EIP, host->sysenter_eip);

	/*
	 * 0: nothing counts in root mode until put has restored the host's
	 * counters. With any other value the VM exit would start them on the
	 * guest's contents.
	 */
	vmcs_write64(vmcs, HOST_IA32_PERF_GLOBAL_CTRL, 0);
	/* hw_enter() writes HOST_RSP, which is its own stack frame. */
	vmcs_writenat(vmcs, HOST_RIP, hw_exit_address());
}

void vmcs_spoil_entry(void)
{
	/*
	 * "The selector field for CS must not be 0000H." If this VMWRITE failed,
	 * nothing else could keep the entry from being tried.
	 */
	hw_vmwrite(HOST_CS_SELECTOR, 0);
}
