// SPDX-License-Identifier: GPL-2.0
/*
 * The PMU across VM entry and VM exit: IA32_PERF_GLOBAL_CTRL in host and guest
 * state, bit by bit, IA32_DEBUGCTL, exact counts in a guest, PMIs there.
 */
#include "bare.h"

enum {
	IA32_APIC_BASE		= 0x1b,
	IA32_SYSENTER_CS	= 0x174,
	IA32_VMX_BASIC		= 0x480,
	IA32_VMX_TRUE_PINBASED	= 0x48d,	/* then procbased, exit, entry */
	IA32_EFER		= 0xc0000080,
	IA32_FS_BASE		= 0xc0000100,
	IA32_GS_BASE		= 0xc0000101,

	PIN_EXTERNAL_INTERRUPT	= 1 << 0,
	PIN_NMI			= 1 << 3,
	PROC_RDPMC		= 1 << 11,
	PROC_MSR_BITMAPS	= 1 << 28,
	EXIT_SAVE_DEBUG		= 1 << 2,
	EXIT_HOST_64		= 1 << 9,
	EXIT_LOAD_PGC		= 1 << 12,
	EXIT_SAVE_PGC		= 1 << 30,
	ENTRY_LOAD_DEBUG	= 1 << 2,
	ENTRY_GUEST_64		= 1 << 9,
	ENTRY_LOAD_PGC		= 1 << 13,

	REASON_NMI		= 0,
	REASON_INTERRUPT	= 1,
	REASON_RDPMC		= 15,
	REASON_VMCALL		= 18,
	REASON_GUEST_STATE	= 33,
	ERROR_HOST_STATE	= 8,

	MAX_SKID		= 64,	/* instructions until a PMI is noticed */
};

#define FAILED_ENTRY		(1U << 31)

enum field {
	GUEST_CS_SELECTOR	= 0x0802,
	GUEST_ES_SELECTOR	= 0x0800,
	GUEST_SS_SELECTOR	= 0x0804,
	GUEST_TR_SELECTOR	= 0x080e,
	HOST_ES_SELECTOR	= 0x0c00,
	HOST_CS_SELECTOR	= 0x0c02,
	HOST_SS_SELECTOR	= 0x0c04,
	HOST_TR_SELECTOR	= 0x0c0c,
	MSR_BITMAP		= 0x2004,
	EXIT_MSR_STORE		= 0x2006,
	VMCS_LINK_POINTER	= 0x2800,
	GUEST_DEBUGCTL		= 0x2802,
	GUEST_PGC		= 0x2808,
	HOST_PGC		= 0x2c04,
	PIN_CONTROLS		= 0x4000,
	PROC_CONTROLS		= 0x4002,
	EXCEPTION_BITMAP	= 0x4004,
	EXIT_CONTROLS		= 0x400c,
	EXIT_MSR_STORE_COUNT	= 0x400e,
	ENTRY_CONTROLS		= 0x4012,
	INSTRUCTION_ERROR	= 0x4400,
	EXIT_REASON		= 0x4402,
	GUEST_ES_LIMIT		= 0x4800,
	GUEST_TR_LIMIT		= 0x480e,
	GUEST_GDTR_LIMIT	= 0x4810,
	GUEST_IDTR_LIMIT	= 0x4812,
	GUEST_ES_RIGHTS		= 0x4814,
	GUEST_CS_RIGHTS		= 0x4816,
	GUEST_SS_RIGHTS		= 0x4818,
	GUEST_LDTR_RIGHTS	= 0x4820,
	GUEST_TR_RIGHTS		= 0x4822,
	GUEST_CR0		= 0x6800,
	GUEST_CR3		= 0x6802,
	GUEST_CR4		= 0x6804,
	GUEST_TR_BASE		= 0x6814,
	GUEST_GDTR_BASE		= 0x6816,
	GUEST_IDTR_BASE		= 0x6818,
	GUEST_DR7		= 0x681a,
	GUEST_RSP		= 0x681c,
	GUEST_RIP		= 0x681e,
	GUEST_RFLAGS		= 0x6820,
	HOST_CR0		= 0x6c00,
	HOST_CR3		= 0x6c02,
	HOST_CR4		= 0x6c04,
	HOST_TR_BASE		= 0x6c0a,
	HOST_GDTR_BASE		= 0x6c0c,
	HOST_IDTR_BASE		= 0x6c0e,
	HOST_RIP		= 0x6c16,
};

struct guest_regs {
	uint64_t	rax, rbx, rcx, rdx;
};

/* What vm_enter() and the exit reason say together. */
struct outcome {
	bool		failed;		/* VMfailValid: error tells why */
	unsigned int	error;
	unsigned int	reason;
};

struct msr_entry {
	uint32_t	index, reserved;
	uint64_t	val;
};

#define PAGE __attribute__((aligned(4096)))

static uint32_t vmxon_region[1024] PAGE, vmcs_region[1024] PAGE;
static uint8_t msr_bitmap[4096] PAGE;
static char guest_stack[4096] PAGE;
static struct msr_entry store_list __attribute__((aligned(16)));
static struct guest_regs regs;
static bool launched;

extern uint64_t gdt[];
unsigned int vm_enter(struct guest_regs *regs, bool resume);
void payload_resume(void);
extern const char vm_exit[], guest_call[], guest_read_global_ctrl[],
	guest_write_global_ctrl[], guest_read_debugctl[], guest_write_debugctl[],
	guest_rdpmc[], guest_step[], guest_spin[];

static uint64_t vmread(enum field field)
{
	uint64_t val;

	asm volatile("vmread %1, %0" : "=r"(val) : "r"((uint64_t)field) : "cc");
	return val;
}

static void vmwrite(enum field field, uint64_t val)
{
	asm volatile("vmwrite %1, %0" : : "r"((uint64_t)field), "r"(val) : "cc");
}

static uint64_t read_cr(unsigned int which)
{
	uint64_t val;

	if (which == 0)
		asm volatile("mov %%cr0, %0" : "=r"(val));
	else if (which == 3)
		asm volatile("mov %%cr3, %0" : "=r"(val));
	else
		asm volatile("mov %%cr4, %0" : "=r"(val));
	return val;
}

static uint64_t idt_base(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer;

	asm volatile("sidt %0" : "=m"(pointer));
	return pointer.base;
}

/* Controls of one kind: 0 pin-based, 1 processor-based, 2 exit, 3 entry. */
static uint32_t allowed(unsigned int kind)
{
	return rdmsr(IA32_VMX_TRUE_PINBASED + kind) >> 32;
}

static void set_controls(enum field field, unsigned int kind, uint32_t wanted)
{
	vmwrite(field, (wanted | (uint32_t)rdmsr(IA32_VMX_TRUE_PINBASED + kind)) &
		       allowed(kind));
}

static void enable_vmx(void)
{
	uint64_t region = (uintptr_t)vmxon_region, vmcs = (uintptr_t)vmcs_region;

	vmxon_region[0] = rdmsr(IA32_VMX_BASIC);
	vmcs_region[0] = rdmsr(IA32_VMX_BASIC);
	asm volatile("mov %0, %%cr4" : : "r"(read_cr(4) | 1 << 13));
	asm volatile("vmxon %0" : : "m"(region) : "cc");
	asm volatile("vmclear %0" : : "m"(vmcs) : "cc");
	asm volatile("vmptrld %0" : : "m"(vmcs) : "cc");
}

static void set_host_state(void)
{
	for (unsigned int i = 0; i < 6; i++)
		vmwrite(HOST_ES_SELECTOR + 2 * i, 0);
	vmwrite(HOST_CS_SELECTOR, SEL_CODE);
	vmwrite(HOST_SS_SELECTOR, SEL_DATA);
	vmwrite(HOST_TR_SELECTOR, SEL_TSS);
	vmwrite(HOST_CR0, read_cr(0));
	vmwrite(HOST_CR3, read_cr(3));
	vmwrite(HOST_CR4, read_cr(4));
	vmwrite(HOST_TR_BASE, vmread(GUEST_TR_BASE));
	vmwrite(HOST_GDTR_BASE, (uintptr_t)gdt);
	vmwrite(HOST_IDTR_BASE, idt_base());
	vmwrite(HOST_RIP, (uintptr_t)vm_exit);
}

static void set_guest_segments(void)
{
	for (unsigned int i = 0; i < 6; i++) {
		vmwrite(GUEST_ES_SELECTOR + 2 * i, SEL_DATA);
		vmwrite(GUEST_ES_LIMIT + 2 * i, 0xffffffff);
		vmwrite(GUEST_ES_RIGHTS + 2 * i, 0xc093);
	}
	vmwrite(GUEST_CS_SELECTOR, SEL_CODE);
	vmwrite(GUEST_CS_RIGHTS, 0xa09b);
	vmwrite(GUEST_LDTR_RIGHTS, 1 << 16);
	vmwrite(GUEST_TR_SELECTOR, SEL_TSS);
	vmwrite(GUEST_TR_LIMIT, 0x67);
	vmwrite(GUEST_TR_RIGHTS, 0x8b);
	vmwrite(GUEST_TR_BASE, (gdt[SEL_TSS / 8] >> 16 & 0xffffff) |
			       (gdt[SEL_TSS / 8] >> 56 & 0xff) << 24);
	vmwrite(GUEST_GDTR_BASE, (uintptr_t)gdt);
	vmwrite(GUEST_GDTR_LIMIT, 0x37);
	vmwrite(GUEST_IDTR_BASE, idt_base());
	vmwrite(GUEST_IDTR_LIMIT, 0xfff);
}

static void set_guest_state(void)
{
	set_guest_segments();
	vmwrite(GUEST_CR0, read_cr(0));
	vmwrite(GUEST_CR3, read_cr(3));
	vmwrite(GUEST_CR4, read_cr(4));
	vmwrite(GUEST_DR7, 0x400);
	vmwrite(GUEST_RFLAGS, 2);
	vmwrite(GUEST_RSP, (uintptr_t)(guest_stack + sizeof(guest_stack)));
	vmwrite(VMCS_LINK_POINTER, ~0ULL);
}

static void use(uint32_t exit_controls, uint32_t entry_controls)
{
	set_controls(EXIT_CONTROLS, 2, exit_controls | EXIT_HOST_64);
	set_controls(ENTRY_CONTROLS, 3, entry_controls | ENTRY_GUEST_64);
}

static void setup(void)
{
	enable_vmx();
	set_guest_state();
	set_host_state();
	set_controls(PIN_CONTROLS, 0, 0);
	set_controls(PROC_CONTROLS, 1, PROC_MSR_BITMAPS);
	vmwrite(MSR_BITMAP, (uintptr_t)msr_bitmap);
	vmwrite(EXCEPTION_BITMAP, 0);
	use(0, 0);
}

static struct outcome enter(const char *code)
{
	struct outcome out = { 0 };

	vmwrite(GUEST_RIP, (uintptr_t)code);
	out.failed = vm_enter(&regs, launched);
	if (out.failed)
		out.error = vmread(INSTRUCTION_ERROR);
	else
		out.reason = vmread(EXIT_REASON);
	if (!out.failed && !(out.reason & FAILED_ENTRY))
		launched = true;
	return out;
}

static bool calls(const char *code)
{
	struct outcome out = enter(code);

	return !out.failed && out.reason == REASON_VMCALL;
}

static bool fails_by_guest_state(const char *code)
{
	struct outcome out = enter(code);

	return !out.failed && out.reason == (FAILED_ENTRY | REASON_GUEST_STATE);
}

static uint64_t guest_value(void)
{
	return regs.rdx << 32 | (uint32_t)regs.rax;
}

static void give_value(uint64_t val)
{
	regs.rax = (uint32_t)val;
	regs.rdx = val >> 32;
}

/* Bits of the guest's field with which entry succeeds and the guest reads them. */
static uint64_t guest_field_bits(void)
{
	uint64_t good = 0;

	for (unsigned int bit = 0; bit < 64; bit++) {
		vmwrite(GUEST_PGC, 1ULL << bit);
		if (calls(guest_read_global_ctrl) && guest_value() == 1ULL << bit)
			good |= 1ULL << bit;
	}
	return good;
}

static uint64_t guest_field_refused(void)
{
	uint64_t bad = 0;

	for (unsigned int bit = 0; bit < 64; bit++) {
		vmwrite(GUEST_PGC, 1ULL << bit);
		if (fails_by_guest_state(guest_call))
			bad |= 1ULL << bit;
	}
	return bad;
}

static void test_guest_field(void)
{
	use(EXIT_LOAD_PGC, ENTRY_LOAD_PGC);
	vmwrite(HOST_PGC, 0);
	check_equal(guest_field_bits(), cpu.global_ctrl,
		    "guest GLOBAL_CTRL: each valid bit is loaded");
	check_equal(guest_field_refused(), ~cpu.global_ctrl,
		    "guest GLOBAL_CTRL: each reserved bit fails the entry, 33");
	vmwrite(GUEST_PGC, 0);
}

static void test_guest_field_unused(void)
{
	use(0, 0);
	wrmsr(IA32_PERF_GLOBAL_CTRL, 3);
	vmwrite(GUEST_PGC, ~0ULL);
	check(calls(guest_read_global_ctrl) && guest_value() == 3,
	      "without the load control the host's value is the guest's");
	give_value(5);
	check(calls(guest_write_global_ctrl) && rdmsr(IA32_PERF_GLOBAL_CTRL) == 5,
	      "and the guest's the host's");
	vmwrite(GUEST_PGC, 0);
	wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
}

static uint64_t host_field_bits(void)
{
	uint64_t good = 0;

	for (unsigned int bit = 0; bit < 64; bit++) {
		vmwrite(HOST_PGC, 1ULL << bit);
		if (calls(guest_call) && rdmsr(IA32_PERF_GLOBAL_CTRL) == 1ULL << bit)
			good |= 1ULL << bit;
	}
	return good;
}

static uint64_t host_field_refused(void)
{
	uint64_t bad = 0;

	for (unsigned int bit = 0; bit < 64; bit++) {
		struct outcome out;

		vmwrite(HOST_PGC, 1ULL << bit);
		out = enter(guest_call);
		if (out.failed && out.error == ERROR_HOST_STATE)
			bad |= 1ULL << bit;
	}
	return bad;
}

static void test_host_field(void)
{
	use(EXIT_LOAD_PGC, ENTRY_LOAD_PGC);
	check_equal(host_field_bits(), cpu.global_ctrl,
		    "host GLOBAL_CTRL: each valid bit is loaded");
	check_equal(host_field_refused(), ~cpu.global_ctrl,
		    "host GLOBAL_CTRL: each reserved bit fails the instruction, 8");
	use(0, 0);
	vmwrite(HOST_PGC, ~0ULL);
	check(calls(guest_call), "without the load control nobody looks at it");
	vmwrite(HOST_PGC, 0);
	wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
}

static void test_save(void)
{
	if (!(allowed(2) & EXIT_SAVE_PGC))
		return;
	use(EXIT_LOAD_PGC | EXIT_SAVE_PGC, ENTRY_LOAD_PGC);
	vmwrite(GUEST_PGC, 1);
	give_value(6);
	check(calls(guest_write_global_ctrl) && vmread(GUEST_PGC) == 6,
	      "the save control saves what the guest wrote");
	use(EXIT_LOAD_PGC, ENTRY_LOAD_PGC);
	give_value(9);
	check(calls(guest_write_global_ctrl) && vmread(GUEST_PGC) == 6,
	      "without it the field stays");
}

/* "The exit MSR-store list" still sees the guest's value. */
static void test_store_list(void)
{
	use(EXIT_LOAD_PGC, ENTRY_LOAD_PGC);
	store_list.index = IA32_PERF_GLOBAL_CTRL;
	vmwrite(EXIT_MSR_STORE, (uintptr_t)&store_list);
	vmwrite(EXIT_MSR_STORE_COUNT, 1);
	vmwrite(HOST_PGC, 2);
	give_value(8);
	check(calls(guest_write_global_ctrl) && store_list.val == 8 &&
	      rdmsr(IA32_PERF_GLOBAL_CTRL) == 2,
	      "the exit MSR-store list stores before the host's value is loaded");
	vmwrite(EXIT_MSR_STORE_COUNT, 0);
	vmwrite(HOST_PGC, 0);
}

static void test_failed_entry(void)
{
	use(EXIT_LOAD_PGC | EXIT_SAVE_PGC, ENTRY_LOAD_PGC);
	wrmsr(IA32_PERF_GLOBAL_CTRL, 4);
	vmwrite(HOST_PGC, 2);
	vmwrite(GUEST_PGC, 1ULL << 63);
	check(fails_by_guest_state(guest_call) && vmread(GUEST_PGC) == 1ULL << 63,
	      "a failed entry saves nothing");
	check_equal(rdmsr(IA32_PERF_GLOBAL_CTRL), 2, "and loads the host's value");
	vmwrite(GUEST_PGC, 0);
	vmwrite(HOST_PGC, 0);
	wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
}

static void test_debugctl_load(void)
{
	use(EXIT_SAVE_DEBUG, ENTRY_LOAD_DEBUG);
	wrmsr(IA32_DEBUGCTL, DEBUGCTL_FREEZE_PERFMON_ON_PMI);
	vmwrite(GUEST_DEBUGCTL, DEBUGCTL_BTF);
	check(calls(guest_read_debugctl) && guest_value() == DEBUGCTL_BTF,
	      "VM entry loads DEBUGCTL");
	check_equal(rdmsr(IA32_DEBUGCTL), 0, "VM exit clears it");
	vmwrite(GUEST_DEBUGCTL, 1ULL << 63);
	check(fails_by_guest_state(guest_call), "a reserved bit fails the entry");
	vmwrite(GUEST_DEBUGCTL, 0);
}

static void test_debugctl_save(void)
{
	use(EXIT_SAVE_DEBUG, ENTRY_LOAD_DEBUG);
	give_value(DEBUGCTL_BTF);
	check(calls(guest_write_debugctl) && vmread(GUEST_DEBUGCTL) == DEBUGCTL_BTF,
	      "VM exit saves DEBUGCTL");
	vmwrite(GUEST_DEBUGCTL, 0);
	use(0, 0);
	if (vmread(ENTRY_CONTROLS) & ENTRY_LOAD_DEBUG)
		return;
	wrmsr(IA32_DEBUGCTL, DEBUGCTL_BTF);
	check(calls(guest_read_debugctl) && guest_value() == DEBUGCTL_BTF,
	      "without the control the host's value is the guest's");
	check_equal(rdmsr(IA32_DEBUGCTL), 0, "and is cleared by the exit all the same");
}

/* Counting is on in the guest only. */
static void count_in_guest(uint64_t selector1)
{
	pmu_clear();
	use(EXIT_LOAD_PGC | EXIT_SAVE_PGC, ENTRY_LOAD_PGC);
	vmwrite(HOST_PGC, 0);
	vmwrite(GUEST_PGC, GLOBAL_GP(0) | GLOBAL_GP(1));
	wrmsr(IA32_PERFEVTSEL0, PERFEVTSEL_EN | PERFEVTSEL_OS | EVENT_INSTRUCTIONS);
	wrmsr(IA32_PERFEVTSEL0 + 1, selector1);
}

static void test_exact_count(uint64_t selector1)
{
	enum { SLICES = 100, LOOPS = 5000 };

	count_in_guest(selector1);
	regs.rbx = 0;
	for (unsigned int i = 0; i < SLICES; i++)
		enter(guest_step);
	check_equal(regs.rbx, SLICES, "one instruction in each of 100 slices");
	check_equal(rdpmc(0), SLICES, "  counts as many");
	count_in_guest(selector1);
	regs.rcx = LOOPS;
	enter(guest_spin);
	check_equal(rdpmc(0), 2 * LOOPS, "a loop in the guest counts its instructions");
}

/* Host and guest count alike: VMRESUME is an instruction, VMCALL that exits is none. */
static void test_count_across(uint64_t selector1)
{
	enum { PAYLOAD = 7, MEASURE = 5 };

	pmu_clear();
	use(0, 0);
	wrmsr(IA32_PERFEVTSEL0, PERFEVTSEL_EN | PERFEVTSEL_OS | EVENT_INSTRUCTIONS);
	wrmsr(IA32_PERFEVTSEL0 + 1, selector1);
	vmwrite(GUEST_RIP, (uintptr_t)guest_call);
	measure(payload_resume, GLOBAL_GP(0) | GLOBAL_GP(1));
	vmwrite(HOST_RIP, (uintptr_t)vm_exit);
	check_equal(rdpmc(0), PAYLOAD + MEASURE, "counted across entry and exit");
}

/* The privilege level is the guest's own, from its first instruction on. */
static void test_user_guest(void)
{
	enum { SLICES = 10 };

	vmwrite(GUEST_CS_SELECTOR, SEL_USER_CODE);
	vmwrite(GUEST_CS_RIGHTS, 0xa0fb);
	vmwrite(GUEST_SS_SELECTOR, SEL_USER_DATA);
	vmwrite(GUEST_SS_RIGHTS, 0xc0f3);
	count_in_guest(PERFEVTSEL_EN | PERFEVTSEL_USR | EVENT_INSTRUCTIONS);
	for (unsigned int i = 0; i < SLICES; i++)
		enter(guest_step);
	check_equal(rdpmc(0), 0, "a guest in user mode counts nothing for the kernel");
	check_equal(rdpmc(1), SLICES, "but for the user");
	set_guest_segments();
}

static void test_pmi(uint32_t pin, uint32_t lvt, unsigned int reason, const char *claim)
{
	struct outcome out;

	nr_pmis = nr_nmis = 0;
	count_in_guest(0);
	set_controls(PIN_CONTROLS, 0, pin);
	wrmsr(IA32_PMC0, -1000ULL);
	wrmsr(IA32_PERFEVTSEL0,
	      PERFEVTSEL_EN | PERFEVTSEL_OS | PERFEVTSEL_INT | EVENT_INSTRUCTIONS);
	apic_write(APIC_LVTPC, lvt);
	regs.rcx = 100000;
	out = enter(guest_spin);
	check(out.reason == reason, claim);
	if (reason != REASON_VMCALL)
		check(rdpmc(0) < MAX_SKID, "  at once, but for some skid");
	set_controls(PIN_CONTROLS, 0, 0);
	/* Either is still to be taken: the vector by STI, NMIs are let in by IRET. */
	asm volatile("sti; nop; cli");
	asm volatile("int %0" : : "i"(VECTOR_RETURN));
}

static void test_pmi_in_guest(void)
{
	test_pmi(PIN_NMI, LVT_DELIVERY_NMI, REASON_NMI, "a PMI as NMI leaves the guest, 0");
	test_pmi(PIN_EXTERNAL_INTERRUPT, VECTOR_PMI, REASON_INTERRUPT,
		 "a PMI as an interrupt leaves the guest, 1");
	check_equal(nr_pmis, 1, "and the host takes it");
	test_pmi(0, LVT_DELIVERY_NMI, REASON_VMCALL, "without NMI exiting it does not leave");
	check_equal(nr_nmis, 1, "its handler runs in the guest");
}

static void test_rdpmc(void)
{
	pmu_clear();
	use(0, 0);
	wrmsr(IA32_PMC0, 0x1234);
	regs.rcx = 0xffffffff00000000ULL;
	check(calls(guest_rdpmc) && guest_value() == 0x1234 &&
	      regs.rcx == 0xffffffff00000000ULL, "RDPMC in the guest, RCX kept");
	set_controls(PROC_CONTROLS, 1, PROC_MSR_BITMAPS | PROC_RDPMC);
	regs.rcx = 0x12345678;
	check(enter(guest_rdpmc).reason == REASON_RDPMC && regs.rcx == 0x12345678,
	      "RDPMC exiting comes before a look at the selector, 15");
	set_controls(PROC_CONTROLS, 1, PROC_MSR_BITMAPS);
}

static bool has_load_controls(void)
{
	return allowed(2) & EXIT_LOAD_PGC && allowed(3) & ENTRY_LOAD_PGC;
}

static void test_global_ctrl(void)
{
	test_guest_field();
	test_host_field();
	test_save();
	test_store_list();
	test_failed_entry();
	test_exact_count(0);
	test_exact_count(PERFEVTSEL_EN | PERFEVTSEL_OS | EVENT_BRANCHES);
	test_user_guest();
	test_pmi_in_guest();
}

void test_vmx(void)
{
	setup();
	test_guest_field_unused();
	test_count_across(0);
	test_count_across(PERFEVTSEL_EN | PERFEVTSEL_OS | EVENT_BRANCHES);
	if (has_load_controls())
		test_global_ctrl();
	test_debugctl_load();
	test_debugctl_save();
	test_rdpmc();
	pmu_clear();
	asm volatile("vmxoff" : : : "cc");
}
