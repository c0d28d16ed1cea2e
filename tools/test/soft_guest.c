// SPDX-License-Identifier: GPL-2.0
/*
 * The guest: a list of steps, RIP tells which one is next.  MSR accesses go by
 * the MSR bitmap, RDPMC by its control: to the PMU, or out.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_arch.h"

/* The four parts of the bitmap, in bytes, and what they cover. */
enum { BITMAP_READ_HIGH = 0x400, BITMAP_WRITE = 0x800, MSRS_PER_PART = 0x2000 };
#define HIGH_MSRS	0xc0000000U

/* Upper halves of registers that no instruction here may look at. */
#define GARBAGE		0xdead0000ULL << 32

static u64 get(struct soft_cpu *cpu, u32 encoding)
{
	u64 *val = soft_field(cpu, encoding);

	assert_non_null(val);
	return *val;
}

static void set(struct soft_cpu *cpu, u32 encoding, u64 val)
{
	u64 *place = soft_field(cpu, encoding);

	assert_non_null(place);
	*place = val;
}

static unsigned int next_step(struct soft_cpu *cpu)
{
	return (get(cpu, GUEST_RIP) - SOFT_GUEST_RIP) / SOFT_GUEST_INSN_LENGTH;
}

static void advance(struct soft_cpu *cpu)
{
	set(cpu, GUEST_RIP, get(cpu, GUEST_RIP) + SOFT_GUEST_INSN_LENGTH);
}

static u64 edx_eax(const struct guest_regs *regs)
{
	if ((regs->rax | regs->rdx) >> 32)
		soft_complain(soft_cpu, "RAX or RDX has more than 32 bits");
	return regs->rax | regs->rdx << 32;
}

/*
 * Trapped or not
 */

static bool bitmap_traps(struct soft_cpu *cpu, u32 msr, bool write)
{
	const u8 *bits = hw_page_of(get(cpu, MSR_BITMAP));
	u32 bit = msr;

	if (!(get(cpu, CPU_BASED_CONTROLS) & CPU_USE_MSR_BITMAPS))
		return true;
	if (msr >= HIGH_MSRS) {
		bits += BITMAP_READ_HIGH;
		bit = msr - HIGH_MSRS;
	}
	if (bit >= MSRS_PER_PART)
		return true;
	if (write)
		bits += BITMAP_WRITE;
	return bits[bit / 8] >> bit % 8 & 1;
}

static bool traps(struct soft_cpu *cpu, const struct guest_step *step)
{
	switch (step->what) {
	case GUEST_RDMSR:
		return bitmap_traps(cpu, step->index, false);
	case GUEST_WRMSR:
		return bitmap_traps(cpu, step->index, true);
	case GUEST_RDPMC:
		return get(cpu, CPU_BASED_CONTROLS) & CPU_RDPMC_EXITING;
	case GUEST_CPUID:
	case GUEST_VMCALL:
	case GUEST_EXIT:
		return true;
	default:
		return false;
	}
}

static u32 exit_reason(const struct guest_step *step)
{
	switch (step->what) {
	case GUEST_RDMSR:
		return EXIT_RDMSR;
	case GUEST_WRMSR:
		return EXIT_WRMSR;
	case GUEST_RDPMC:
		return EXIT_RDPMC;
	case GUEST_CPUID:
		return EXIT_CPUID;
	case GUEST_VMCALL:
		return EXIT_VMCALL;
	default:
		return step->index;
	}
}

/* Registers as the instruction wants them, with noise where it must not look. */
static void set_operands(const struct guest_step *step, struct guest_regs *regs)
{
	regs->rcx = step->index | GARBAGE;
	regs->rax = (u32)step->val | GARBAGE;
	regs->rdx = step->val >> 32 | GARBAGE;
	if (step->what == GUEST_CPUID) {
		regs->rax = step->index | GARBAGE;
		regs->rcx = (u32)step->val | GARBAGE;
	}
	if (step->what == GUEST_VMCALL)
		regs->rax = step->val;
}

/* Then RIP or what is injected may not be what the host wanted it to be. */
static bool something_failed(const struct soft_cpu *cpu)
{
	return cpu->faults.vmx_at && cpu->faults.vmxs >= cpu->faults.vmx_at;
}

/* #GP(0), of MOV DR #UD, at the instruction that made the exit. */
static void check_fault(struct soft_cpu *cpu, const struct guest_step *step, u64 info)
{
	const u64 fault = INTR_INFO_TYPE_EXCEPTION | INTR_INFO_VALID;

	if (something_failed(cpu))
		return;
	if (exit_reason(step) == EXIT_MOV_DR) {
		assert_int_equal(info, VECTOR_UD | fault);
	} else {
		assert_int_equal(info, VECTOR_GP | INTR_INFO_ERROR_CODE | fault);
		assert_int_equal(get(cpu, ENTRY_EXCEPTION_ERROR_CODE), 0);
	}
	assert_int_equal(next_step(cpu), cpu->guest.trapped);
}

static void end_shadow(struct soft_cpu *cpu)
{
	set(cpu, GUEST_INTERRUPTIBILITY, get(cpu, GUEST_INTERRUPTIBILITY) &
	    ~(u64)(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
}

/* VM entry has checked that the guest can take it. */
static void deliver(struct soft_cpu *cpu, u64 info)
{
	struct soft_guest *guest = &cpu->guest;

	if ((info & INTR_INFO_TYPE) == INTR_INFO_TYPE_NMI) {
		set(cpu, GUEST_INTERRUPTIBILITY,
		    get(cpu, GUEST_INTERRUPTIBILITY) | BLOCKING_BY_NMI);
		guest->nmis++;
		return;
	}
	guest->last_vector = info & INTR_INFO_VECTOR;
	guest->vectors++;
}

static bool is_event(u64 info)
{
	return info & INTR_INFO_VALID &&
	       (info & INTR_INFO_TYPE) != INTR_INFO_TYPE_EXCEPTION;
}

/* What the host made of the step that made the last exit. */
static void finish_trapped(struct soft_cpu *cpu, const struct guest_regs *regs)
{
	struct soft_guest *guest = &cpu->guest;
	const struct guest_step *step = &guest->steps[guest->trapped];
	struct soft_result *result = &guest->result[guest->trapped];
	u64 info = get(cpu, ENTRY_INTERRUPTION_INFO);
	u64 shadow = get(cpu, GUEST_INTERRUPTIBILITY) &
		     (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);

	result->trapped = true;
	if (info & INTR_INFO_VALID && !is_event(info)) {
		check_fault(cpu, step, info);
		result->fault = true;
		advance(cpu);
		/* A fault that is delivered ends a shadow, as an instruction does. */
		end_shadow(cpu);
	} else if (step->what == GUEST_RDMSR || step->what == GUEST_RDPMC) {
		result->val = edx_eax(regs);
	}
	result->cpuid = (struct cpuid_regs4) {
		regs->rax, regs->rbx, regs->rcx, regs->rdx
	};
	if (!something_failed(cpu)) {
		assert_int_equal(next_step(cpu), guest->trapped + 1);
		assert_true(result->fault || !shadow);
	}
	guest->trapped = -1;
}

/*
 * Steps that the hardware does
 */

static void count_slots(struct soft_cpu *cpu, u64 insns)
{
	static const struct insn nop = { .rip = 0x400000, .length = 1 };

	while (insns--)
		pmu_count_insn(&cpu->pmu, &nop, 0);
}

static void swapgs(struct soft_cpu *cpu, struct soft_result *result)
{
	u64 kernel = soft_msr(cpu, IA32_KERNEL_GS_BASE);

	result->val = kernel;
	soft_set_msr(cpu, IA32_KERNEL_GS_BASE, soft_msr(cpu, IA32_GS_BASE));
	soft_set_msr(cpu, IA32_GS_BASE, kernel);
}

static u32 guest_cpl(struct soft_cpu *cpu)
{
	return get(cpu, GUEST_SS_ACCESS_RIGHTS) >> SEGMENT_DPL_SHIFT & 3;
}

static enum pmu_result read_pmu(struct soft_cpu *cpu, const struct guest_step *step,
				struct soft_result *result)
{
	enum pmu_result res;
	uint64_t val = 0;

	if (step->what == GUEST_RDMSR)
		res = pmu_rdmsr(&cpu->pmu, step->index, &val);
	else
		res = pmu_rdpmc(&cpu->pmu, step->index, &val);
	result->val = val;
	/* What was read is from before the instruction has retired. */
	if (res == PMU_OK && cpu->counts_accesses)
		pmu_count_plain(&cpu->pmu, 1, 1, guest_cpl(cpu));
	return res;
}

/* By the state that it replaces, an instruction counts that does not fault. */
static enum pmu_result write_pmu(struct soft_cpu *cpu, const struct guest_step *step)
{
	struct pmu before = cpu->pmu;
	enum pmu_result res;

	if (cpu->counts_accesses)
		pmu_count_plain(&cpu->pmu, 1, 1, guest_cpl(cpu));
	cpu->guest_writes = true;
	res = pmu_wrmsr(&cpu->pmu, step->index, step->val);
	cpu->guest_writes = false;
	if (res != PMU_OK)
		cpu->pmu = before;
	return res;
}

/* Passed through: nothing but the PMU should be. */
static void access_pmu(struct soft_cpu *cpu, const struct guest_step *step,
		       struct soft_result *result)
{
	enum pmu_result res = step->what == GUEST_WRMSR ? write_pmu(cpu, step) :
			      read_pmu(cpu, step, result);

	if (res == PMU_NOT_MINE)
		soft_complain(cpu, "guest reached MSR %#x", step->index);
	result->fault = res == PMU_GP;
}

static void execute(struct soft_cpu *cpu, const struct guest_step *step,
		    struct soft_result *result)
{
	switch (step->what) {
	case GUEST_COUNT:
		pmu_count_plain(&cpu->pmu, step->val, step->val, guest_cpl(cpu));
		cpu->guest.insns += step->val;
		break;
	case GUEST_SLOTS:
		count_slots(cpu, step->val);
		cpu->guest.insns += step->val;
		break;
	case GUEST_SWAPGS:
		swapgs(cpu, result);
		break;
	case GUEST_WRITE_CR2:
		cpu->regs.cr2 = step->val;
		break;
	case GUEST_STI:
		set(cpu, GUEST_RFLAGS, get(cpu, GUEST_RFLAGS) | RFLAGS_IF);
		set(cpu, GUEST_INTERRUPTIBILITY,
		    get(cpu, GUEST_INTERRUPTIBILITY) | BLOCKING_BY_STI);
		break;
	case GUEST_CLI:
		set(cpu, GUEST_RFLAGS, get(cpu, GUEST_RFLAGS) & ~RFLAGS_IF);
		break;
	case GUEST_IRET:
		set(cpu, GUEST_INTERRUPTIBILITY, 0);
		break;
	case GUEST_RDMSR:
	case GUEST_WRMSR:
	case GUEST_RDPMC:
		access_pmu(cpu, step, result);
		break;
	default:
		break;
	}
}

/*
 * Exits
 */

static u32 nmi_exit(struct soft_cpu *cpu)
{
	cpu->nmi_pending = false;
	/* "An NMI causes ... a VM exit. ... blocking by NMI" till IRET. */
	cpu->nmi_blocked = true;
	set(cpu, EXIT_INTERRUPTION_INFO,
	    VECTOR_NMI | INTR_INFO_TYPE_NMI | INTR_INFO_VALID);
	return EXIT_EXCEPTION_OR_NMI;
}

static u32 exception_exit(struct soft_cpu *cpu, u32 vector)
{
	set(cpu, EXIT_INTERRUPTION_INFO,
	    vector | INTR_INFO_TYPE_EXCEPTION | INTR_INFO_VALID);
	return EXIT_EXCEPTION_OR_NMI;
}

static u32 trap(struct soft_cpu *cpu, const struct guest_step *step,
		struct guest_regs *regs)
{
	cpu->guest.trapped = step - cpu->guest.steps;
	set_operands(step, regs);
	set(cpu, EXIT_INSTRUCTION_LENGTH, SOFT_GUEST_INSN_LENGTH);
	/* Every second instruction that traps comes right after a MOV SS. */
	if (cpu->guest.trapped % 2)
		set(cpu, GUEST_INTERRUPTIBILITY,
		    get(cpu, GUEST_INTERRUPTIBILITY) | BLOCKING_BY_MOV_SS);
	set(cpu, EXIT_QUALIFICATION, step->what == GUEST_EXIT ? step->val : 0);
	return exit_reason(step);
}

/* True if @step is an event that makes the guest leave, with its reason. */
static bool event(struct soft_cpu *cpu, const struct guest_step *step, u32 *reason)
{
	switch (step->what) {
	case GUEST_TIMER:
		*reason = EXIT_PREEMPTION_TIMER;
		return true;
	case GUEST_INTERRUPT:
		*reason = EXIT_EXTERNAL_INTERRUPT;
		return true;
	case GUEST_NMI:
		cpu->nmi_has_cause = true;
		*reason = nmi_exit(cpu);
		return true;
	case GUEST_EXCEPTION:
		*reason = exception_exit(cpu, step->index);
		return true;
	default:
		return false;
	}
}

/* "Interrupt-Window Exiting" and "NMI-Window Exiting": before an instruction. */
static bool window_is_open(struct soft_cpu *cpu, u32 *reason)
{
	u64 controls = get(cpu, CPU_BASED_CONTROLS);

	if (controls & CPU_NMI_WINDOW_EXITING &&
	    !(get(cpu, GUEST_INTERRUPTIBILITY) & BLOCKING_BY_NMI)) {
		*reason = EXIT_NMI_WINDOW;
		return true;
	}
	*reason = EXIT_INTERRUPT_WINDOW;
	return controls & CPU_INTERRUPT_WINDOW_EXITING &&
	       get(cpu, GUEST_RFLAGS) & RFLAGS_IF &&
	       !(get(cpu, GUEST_INTERRUPTIBILITY) & BLOCKING_BY_STI);
}

u32 soft_guest_run(struct soft_cpu *cpu, struct guest_regs *regs)
{
	struct soft_guest *guest = &cpu->guest;
	u32 reason;

	if (!guest->entries++)
		guest->first_regs = *regs;
	if (guest->trapped >= 0)
		finish_trapped(cpu, regs);
	if (is_event(get(cpu, ENTRY_INTERRUPTION_INFO)))
		deliver(cpu, get(cpu, ENTRY_INTERRUPTION_INFO));
	/* The CPU clears the valid bit of an event that it has injected. */
	set(cpu, ENTRY_INTERRUPTION_INFO, 0);
	set(cpu, EXIT_INTERRUPTION_INFO, 0);

	for (;;) {
		unsigned int i = next_step(cpu);
		const struct guest_step *step = &guest->steps[i];

		if (window_is_open(cpu, &reason))
			return reason;
		if (i >= guest->nr) {
			if (!something_failed(cpu))
				soft_complain(cpu, "the guest ran off its end");
			return EXIT_TRIPLE_FAULT;
		}
		if (traps(cpu, step))
			return trap(cpu, step, regs);
		advance(cpu);
		if (event(cpu, step, &reason))
			return reason;
		end_shadow(cpu);
		execute(cpu, step, &guest->result[i]);
		soft_pmi_skid_step(cpu);
		if (cpu->nmi_pending)
			return nmi_exit(cpu);
	}
}
