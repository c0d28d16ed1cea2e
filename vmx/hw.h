/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seam between the core and the machine.  In the module these are
 * hw_x86.c and entry.S; in the unit tests a software CPU with the PMU model
 * in it.  The choice is made by the linker.
 *
 * Nothing here decides anything. What changes the machine, hw_page_alloc() and
 * hw_page_free() apart, is called with interrupts off.
 */
#ifndef VMX_HW_H
#define VMX_HW_H

#include "tmavisor/types.h"

/* Outcome of a VMX instruction, "Conventions" in the SDM's VMX reference. */
enum hw_vmx {
	HW_VMX_OK,
	HW_VMX_FAIL_INVALID,	/* no current VMCS; CF set */
	HW_VMX_FAIL_VALID,	/* VM-instruction error field says why; ZF set */
	HW_VMX_FAULT,		/* the instruction faulted */
};

/* Outcome of hw_enter(). */
enum hw_entry {
	HW_ENTRY_EXITED,	/* exit reason says why; perhaps a failed entry */
	HW_ENTRY_FAIL_INVALID,
	HW_ENTRY_FAIL_VALID,
	HW_ENTRY_RESTART,	/* not tried: an NMI took the guest's PMU out */
};

enum hw_log_level { HW_LOG_ERR, HW_LOG_INFO, HW_LOG_DEBUG };

struct cpuid_regs4 {
	u32	eax, ebx, ecx, edx;
};

/* What the CPU does not switch for the guest. RSP and RIP are in the VMCS. */
struct guest_regs {
	u64	rax, rbx, rcx, rdx, rsi, rdi, rbp;
	u64	r8, r9, r10, r11, r12, r13, r14, r15;
	u64	cr2;
};

struct hw_table {
	u64	base;
	u16	limit;
};

struct hw_selectors {
	u16	es, cs, ss, ds, fs, gs, tr, ldt;
};

/* What can be noted, and what hw_note()'s @index is then. */
enum hw_note {
	HW_NOTE_LOAD,
	HW_NOTE_LOADED,
	HW_NOTE_POSTPONED,	/* instead of LOADED */
	HW_NOTE_ENTRY,
	HW_NOTE_EXIT,		/* exit reason, or HW_NOTE_NO_ENTRY */
	HW_NOTE_PUT,
	HW_NOTE_PUT_DONE,
	HW_NOTE_RDMSR,		/* MSR */
	HW_NOTE_WRMSR,		/* MSR */
	HW_NOTE_RDPMC,		/* selector */
};
#define HW_NOTE_NO_ENTRY	0xffffffffU

u64 hw_rdmsr(u32 msr);
void hw_wrmsr(u32 msr, u64 val);
/* False, and *val untouched, if the RDMSR faults. */
bool hw_rdmsr_safe(u32 msr, u64 *val);
u64 hw_rdpmc(u32 ecx);
u64 hw_rdtsc(void);
void hw_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs4 *regs);

/*
 * The LVT Performance Counter register of the local APIC, through MMIO or
 * MSR, whichever mode the APIC is in.
 */
u32 hw_lvtpc_read(void);
void hw_lvtpc_write(u32 val);

/* CR4 as the register has it; the kernel's shadow doesn't know VMXE. */
u64 hw_read_cr0(void);
u64 hw_read_cr2(void);
void hw_write_cr2(u64 val);
u64 hw_read_cr3(void);
u64 hw_read_cr4(void);
void hw_write_cr4(u64 val);
u64 hw_read_dr7(void);
void hw_write_dr7(u64 val);

void hw_read_gdt(struct hw_table *table);
void hw_write_gdt(const struct hw_table *table);
void hw_read_idt(struct hw_table *table);
void hw_write_idt(const struct hw_table *table);
void hw_read_selectors(struct hw_selectors *sel);
u64 hw_tr_base(const struct hw_table *gdt, u16 tr);
void hw_write_ldt(u16 sel);
void hw_write_ds_es_fs(u16 ds, u16 es, u16 fs);
/* Loads GS without touching its base; IA32_KERNEL_GS_BASE is lost. */
void hw_write_gs(u16 gs);
/* TR's limit isn't the operating system's any more: have it reloaded. */
void hw_tss_limit_lost(void);

enum hw_vmx hw_vmxon(u64 pa);
/*
 * Cannot fail after hw_vmxon(): it does so under the dual-monitor treatment of
 * SMM alone, which a VMCALL of ours in VMX root would have to turn on.
 */
void hw_vmxoff(void);
/* Outside VMX operation it does nothing. */
void hw_vmxoff_safe(void);
enum hw_vmx hw_vmclear(u64 pa);
enum hw_vmx hw_vmptrld(u64 pa);
enum hw_vmx hw_vmread(u64 field, u64 *val);
enum hw_vmx hw_vmwrite(u64 field, u64 val);
/* Forget what is cached of all EPTs: INVEPT, all-context. */
enum hw_vmx hw_invept_all(void);

/* What HOST_RIP must be for hw_enter() to return. */
u64 hw_exit_address(void);
/*
 * Run the guest until its next VM exit: a call that returns after the exit.
 * HW_ENTRY_RESTART if *phase is not VPMU_GUEST; an NMI after that look makes the
 * entry fail, see vmcs_spoil_entry(). @launched picks VMRESUME.
 */
enum hw_entry hw_enter(struct guest_regs *regs, const u32 *phase, bool launched);
/* Deliver the NMI that ended guest mode to the host, and unblock NMIs. */
void hw_nmi(void);
/* Deliver the machine check that ended guest mode to the host. */
void hw_machine_check(void);

/* A zeroed page and its physical address; NULL if there is none. */
void *hw_page_alloc(u64 *pa);
void hw_page_free(void *page);
/* The mapped page behind @pa, which hw_page_alloc() gave. */
void *hw_page_of(u64 pa);

/*
 * For whoever watches the slice, who is told behind it; nothing if nobody does.
 * The machine adds its own accesses to the PMU, and the guest's RIP. In NMI
 * handlers too.
 */
void hw_note(enum hw_note kind, u32 index, u64 val);

__attribute__((format(printf, 2, 3)))
void hw_log(enum hw_log_level level, const char *fmt, ...);

#define log_err(...)	hw_log(HW_LOG_ERR, __VA_ARGS__)
#define log_info(...)	hw_log(HW_LOG_INFO, __VA_ARGS__)
#define log_debug(...)	hw_log(HW_LOG_DEBUG, __VA_ARGS__)

#endif
