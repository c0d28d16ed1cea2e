// SPDX-License-Identifier: GPL-2.0
/*
 * The machine: the only inline assembly of the core, and with entry.S the
 * only part of it that knows Linux. Each function is one instruction, or one
 * thing that the kernel keeps about the hardware.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <asm/apic.h>
#include <asm/asm.h>
#include <asm/desc.h>
#include <asm/special_insns.h>
#include <asm/tsc.h>
#include "vmx/notes.h"
#include "vmx/vmcs.h"
#include "tmavisor/pmu_arch.h"

/* For kmod/trace.c: on while a tracepoint is, and what it makes of it. */
DEFINE_STATIC_KEY_FALSE(hw_noting);
struct notes hw_notes;

/* A VMCS is current around VM entry. */
static noinline u64 note(enum hw_note kind, u32 index, u64 val)
{
	if (kind == HW_NOTE_ENTRY || kind == HW_NOTE_EXIT)
		hw_vmread(GUEST_RIP, &val);
	notes_add(&hw_notes, kind, index, val);
	return val;
}

/* @val. Last in each access: one NOP, and no register to save, while nobody watches. */
static __always_inline u64 note_if_watched(enum hw_note kind, u32 index, u64 val)
{
	if (static_branch_unlikely(&hw_noting))
		return note(kind, index, val);
	return val;
}

void hw_note(enum hw_note kind, u32 index, u64 val)
{
	note_if_watched(kind, index, val);
}

u64 hw_rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("1: rdmsr\n2:\n"
		     _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_RDMSR)
		     : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return note_if_watched(HW_NOTE_RDMSR, msr, low | (u64)high << 32);
}

void hw_wrmsr(u32 msr, u64 val)
{
	asm volatile("1: wrmsr\n2:\n"
		     _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_WRMSR)
		     : : "c"(msr), "a"((u32)val), "d"((u32)(val >> 32))
		     : "memory");
	note_if_watched(HW_NOTE_WRMSR, msr, val);
}

bool hw_rdmsr_safe(u32 msr, u64 *val)
{
	u32 low, high;
	int err;

	asm volatile("1: rdmsr\n\t"
		     "xor %[err], %[err]\n"
		     "2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_RDMSR_SAFE, %[err])
		     : "=a"(low), "=d"(high), [err] "=r"(err) : "c"(msr));
	if (err)
		return false;
	*val = low | (u64)high << 32;
	return true;
}

u64 hw_rdpmc(u32 ecx)
{
	u32 low, high;

	asm volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(ecx) : "memory");
	return note_if_watched(HW_NOTE_RDPMC, ecx, low | (u64)high << 32);
}

u64 hw_rdtsc(void)
{
	return rdtsc_ordered();
}

void hw_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs4 *r)
{
	asm volatile("cpuid"
		     : "=a"(r->eax), "=b"(r->ebx), "=c"(r->ecx), "=d"(r->edx)
		     : "a"(leaf), "c"(subleaf));
}

/* apic_read() and apic_write() cannot be linked by modules on newer kernels. */
u32 hw_lvtpc_read(void)
{
	u32 val;

	if (x2apic_mode)
		return hw_rdmsr(IA32_X2APIC_LVT_PMI);
	val = native_apic_mem_read(APIC_LVTPC);
	/* By the name that the same register has in the other mode. */
	return note_if_watched(HW_NOTE_RDMSR, IA32_X2APIC_LVT_PMI, val);
}

void hw_lvtpc_write(u32 val)
{
	if (x2apic_mode) {
		hw_wrmsr(IA32_X2APIC_LVT_PMI, val);
		return;
	}
	native_apic_mem_write(APIC_LVTPC, val);
	note_if_watched(HW_NOTE_WRMSR, IA32_X2APIC_LVT_PMI, val);
}

u64 hw_read_cr0(void)
{
	u64 val;

	asm volatile("mov %%cr0, %0" : "=r"(val) : : "memory");
	return val;
}

u64 hw_read_cr2(void)
{
	u64 val;

	asm volatile("mov %%cr2, %0" : "=r"(val) : : "memory");
	return val;
}

void hw_write_cr2(u64 val)
{
	asm volatile("mov %0, %%cr2" : : "r"(val) : "memory");
}

u64 hw_read_cr3(void)
{
	u64 val;

	asm volatile("mov %%cr3, %0" : "=r"(val) : : "memory");
	return val;
}

u64 hw_read_cr4(void)
{
	u64 val;

	asm volatile("mov %%cr4, %0" : "=r"(val) : : "memory");
	return val;
}

void hw_write_cr4(u64 val)
{
	asm volatile("mov %0, %%cr4" : : "r"(val) : "memory");
}

u64 hw_read_dr7(void)
{
	u64 val;

	asm volatile("mov %%db7, %0" : "=r"(val) : : "memory");
	return val;
}

void hw_write_dr7(u64 val)
{
	asm volatile("mov %0, %%db7" : : "r"(val) : "memory");
}

void hw_read_gdt(struct hw_table *table)
{
	struct desc_ptr ptr;

	asm volatile("sgdt %0" : "=m"(ptr));
	table->base = ptr.address;
	table->limit = ptr.size;
}

void hw_write_gdt(const struct hw_table *table)
{
	struct desc_ptr ptr = { .size = table->limit, .address = table->base };

	asm volatile("lgdt %0" : : "m"(ptr));
}

void hw_read_idt(struct hw_table *table)
{
	struct desc_ptr ptr;

	asm volatile("sidt %0" : "=m"(ptr));
	table->base = ptr.address;
	table->limit = ptr.size;
}

void hw_write_idt(const struct hw_table *table)
{
	struct desc_ptr ptr = { .size = table->limit, .address = table->base };

	asm volatile("lidt %0" : : "m"(ptr));
}

void hw_read_selectors(struct hw_selectors *sel)
{
	asm volatile("mov %%es, %0" : "=rm"(sel->es));
	asm volatile("mov %%cs, %0" : "=rm"(sel->cs));
	asm volatile("mov %%ss, %0" : "=rm"(sel->ss));
	asm volatile("mov %%ds, %0" : "=rm"(sel->ds));
	asm volatile("mov %%fs, %0" : "=rm"(sel->fs));
	asm volatile("mov %%gs, %0" : "=rm"(sel->gs));
	asm volatile("str %0" : "=rm"(sel->tr));
	asm volatile("sldt %0" : "=rm"(sel->ldt));
}

u64 hw_tr_base(const struct hw_table *gdt, u16 tr)
{
	const struct ldttss_desc *desc = (void *)(gdt->base + tr);

	return desc->base0 | (u64)desc->base1 << 16 | (u64)desc->base2 << 24 |
	       (u64)desc->base3 << 32;
}

void hw_write_ldt(u16 sel)
{
	asm volatile("lldt %0" : : "rm"(sel));
}

void hw_write_ds_es_fs(u16 ds, u16 es, u16 fs)
{
	loadsegment(ds, ds);
	loadsegment(es, es);
	loadsegment(fs, fs);
}

void hw_write_gs(u16 gs)
{
	native_load_gs_index(gs);
}

void hw_tss_limit_lost(void)
{
	this_cpu_write(__tss_limit_invalid, true);
}

/* CF and ZF of a VMX instruction; see "Conventions" in the SDM. */
static enum hw_vmx outcome(bool cf, bool zf)
{
	if (cf)
		return HW_VMX_FAIL_INVALID;
	return zf ? HW_VMX_FAIL_VALID : HW_VMX_OK;
}

enum hw_vmx hw_vmxon(u64 pa)
{
	asm goto("1: vmxon %[pa]\n\t"
		 "jbe %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fault])
		 : : [pa] "m"(pa) : "cc", "memory" : fail, fault);
	return HW_VMX_OK;
fail:
	/* There is no current VMCS to hold an error number. */
	return HW_VMX_FAIL_INVALID;
fault:
	return HW_VMX_FAULT;
}

void hw_vmxoff(void)
{
	asm volatile("vmxoff" : : : "cc", "memory");
}

void hw_vmxoff_safe(void)
{
	asm volatile("1: vmxoff\n2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : : : "cc", "memory");
}

enum hw_vmx hw_vmclear(u64 pa)
{
	bool cf, zf;

	asm volatile("vmclear %2"
		     : "=@ccc"(cf), "=@ccz"(zf) : "m"(pa) : "memory");
	return outcome(cf, zf);
}

enum hw_vmx hw_vmptrld(u64 pa)
{
	bool cf, zf;

	asm volatile("vmptrld %2"
		     : "=@ccc"(cf), "=@ccz"(zf) : "m"(pa) : "memory");
	return outcome(cf, zf);
}

enum hw_vmx hw_vmread(u64 field, u64 *val)
{
	bool cf, zf;

	asm volatile("vmread %3, %2"
		     : "=@ccc"(cf), "=@ccz"(zf), "=rm"(*val) : "r"(field));
	return outcome(cf, zf);
}

enum hw_vmx hw_vmwrite(u64 field, u64 val)
{
	bool cf, zf;

	asm volatile("vmwrite %2, %3"
		     : "=@ccc"(cf), "=@ccz"(zf) : "rm"(val), "r"(field)
		     : "memory");
	return outcome(cf, zf);
}

/* "INVEPT Descriptor": unused by this type, and 0. */
struct invept_descriptor {
	u64	eptp;
	u64	reserved;
};

enum hw_vmx hw_invept_all(void)
{
	const struct invept_descriptor none = {};
	const u64 all_context = 2;
	bool cf, zf;

	asm volatile("invept %2, %3"
		     : "=@ccc"(cf), "=@ccz"(zf) : "m"(none), "r"(all_context)
		     : "memory");
	return outcome(cf, zf);
}

/* Labels in entry.S */
extern const char hw_exit[];

u64 hw_exit_address(void)
{
	return (u64)hw_exit;
}

void hw_nmi(void)
{
	asm volatile("int $2" : : : "memory");
}

void hw_machine_check(void)
{
	asm volatile("int $18" : : : "memory");
}

void *hw_page_alloc(u64 *pa)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL);

	if (page)
		*pa = virt_to_phys(page);
	return page;
}

void hw_page_free(void *page)
{
	free_page((unsigned long)page);
}

void *hw_page_of(u64 pa)
{
	return phys_to_virt(pa);
}

void hw_log(enum hw_log_level level, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	switch (level) {
	case HW_LOG_ERR:
		pr_err("%pV", &vaf);
		break;
	case HW_LOG_INFO:
		pr_info("%pV", &vaf);
		break;
	case HW_LOG_DEBUG:
		pr_debug("%pV", &vaf);
		break;
	}
	va_end(args);
}
