// SPDX-License-Identifier: GPL-2.0
/*
 * Setup, registers, MSRs, pages and the log.  VMX is in soft_vmx.c, the guest
 * in soft_guest.c, NMIs and perf in soft_perf.c.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/vmx_arch.h"

#include <stdio.h>
#include <stdlib.h>

struct soft_cpu *soft_cpu;

/* Where pages lie in physical memory; any place but 0 will do. */
#define FIRST_PAGE_PA	0x100000000ULL

/*
 * Trace and complaints
 */

void soft_trace(enum soft_op_kind kind, u32 index, u64 val)
{
	struct soft_cpu *cpu = soft_cpu;

	assert_true(cpu->nr_ops < SOFT_MAX_OPS);
	cpu->ops[cpu->nr_ops++] = (struct soft_op) {
		.kind		= kind,
		.index		= index,
		.val		= val,
		.global_ctrl	= cpu->pmu.global_ctrl,
		.nmi		= cpu->in_nmi,
	};
}

void soft_forget_trace(struct soft_cpu *cpu)
{
	cpu->nr_ops = 0;
}

/* The first one counts most. */
void soft_complain(struct soft_cpu *cpu, const char *fmt, ...)
{
	va_list args;

	if (cpu->complaints++)
		return;
	va_start(args, fmt);
	vsnprintf(cpu->complaint, sizeof(cpu->complaint), fmt, args);
	va_end(args);
}

static void on_pmi(void *ctx)
{
	struct soft_cpu *cpu = ctx;

	cpu->pmis++;
	cpu->pmi_in = cpu->pmi_skid + 1;
	if (!cpu->pmi_skid)
		soft_pmi_skid_step(cpu);
}

static void on_strict(void *ctx, const char *what)
{
	struct soft_cpu *cpu = ctx;

	if (cpu->guest_writes && cpu->careless_guest)
		return;
	if (!strncmp(what, "counter written", strlen("counter written"))) {
		cpu->written_while_counting++;
		soft_complain(cpu, "strict: %s", what);
		return;
	}
	cpu->order_complaints++;
	if (!cpu->any_order)
		soft_complain(cpu, "strict: %s", what);
}

static const struct pmu_ops pmu_ops = {
	.pmi	= on_pmi,
	.strict	= on_strict,
};

/*
 * Steps
 */

static void count_host_insn(struct soft_cpu *cpu)
{
	static const struct insn nop = { .rip = 0x1000, .length = 1 };

	if (cpu->pmu.counting[0] & GLOBAL_FIXED(FIXED_INSTRUCTIONS))
		cpu->host_insns++;
	if (pmu_needs_insns(&cpu->pmu))
		pmu_count_insn(&cpu->pmu, &nop, 0);
	else
		pmu_count_plain(&cpu->pmu, 1, 1, 0);
}

static bool nmi_is_due(const struct soft_cpu *cpu)
{
	if (cpu->in_nmi)
		return false;
	for (unsigned int i = 0; i < SOFT_MAX_NMIS; i++)
		if (cpu->nmi_at[i] == cpu->steps)
			return true;
	return false;
}

/* One hardware operation begins; whatever is pending strikes before it. */
void soft_step(void)
{
	struct soft_cpu *cpu = soft_cpu;

	if (!cpu->in_nmi)
		cpu->steps++;
	cpu->tsc += 10;
	soft_pmi_skid_step(cpu);
	if (nmi_is_due(cpu)) {
		cpu->injected++;
		cpu->nmi_pending = true;
		cpu->nmi_has_cause = true;
	}
	if (cpu->nmi_pending && !cpu->nmi_blocked)
		soft_take_nmi(cpu);
	if (cpu->ticks)
		count_host_insn(cpu);
}

/*
 * MSRs
 */

static struct soft_msr *find_msr(struct soft_cpu *cpu, u32 msr)
{
	for (unsigned int i = 0; i < SOFT_MAX_MSRS; i++)
		if (cpu->msrs[i].msr == msr)
			return &cpu->msrs[i];
	return NULL;
}

static bool is_absent(struct soft_cpu *cpu, u32 msr)
{
	struct soft_msr *m = find_msr(cpu, msr);

	return m && m->absent;
}

static bool read_msr(struct soft_cpu *cpu, u32 msr, u64 *val)
{
	struct soft_msr *m = find_msr(cpu, msr);
	uint64_t from_pmu = 0;

	if (is_absent(cpu, msr))
		return false;
	if (m) {
		*val = m->val;
		return true;
	}
	if (pmu_rdmsr(&cpu->pmu, msr, &from_pmu) != PMU_OK)
		return false;
	*val = from_pmu;
	return true;
}

static bool write_msr(struct soft_cpu *cpu, u32 msr, u64 val)
{
	struct soft_msr *m = find_msr(cpu, msr);

	if (is_absent(cpu, msr))
		return false;
	if (cpu->stuck_msr == msr)
		return true;
	if (m) {
		m->val = val;
		return true;
	}
	return pmu_wrmsr(&cpu->pmu, msr, val) == PMU_OK;
}

u64 soft_msr(struct soft_cpu *cpu, u32 msr)
{
	u64 val = 0;

	assert_true(read_msr(cpu, msr, &val));
	return val;
}

void soft_set_msr(struct soft_cpu *cpu, u32 msr, u64 val)
{
	assert_true(write_msr(cpu, msr, val));
}

void soft_set_status(struct soft_cpu *cpu, u64 status)
{
	u64 now = soft_msr(cpu, IA32_PERF_GLOBAL_STATUS);

	soft_set_msr(cpu, IA32_PERF_GLOBAL_STATUS_RESET, now & ~status);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_STATUS_SET, status & ~now);
}

void soft_remove_msr(struct soft_cpu *cpu, u32 msr)
{
	struct soft_msr *m = find_msr(cpu, msr);

	if (!m)
		m = find_msr(cpu, 0);
	assert_non_null(m);
	m->msr = msr;
	m->absent = true;
}

void hw_note(enum hw_note kind, u32 index, u64 val)
{
	if (soft_cpu->notes)
		notes_add(soft_cpu->notes, kind, index, val);
}

u64 hw_rdmsr(u32 msr)
{
	u64 val = 0;

	soft_step();
	if (!read_msr(soft_cpu, msr, &val))
		soft_complain(soft_cpu, "unchecked RDMSR of %#x faulted", msr);
	soft_trace(OP_RDMSR, msr, val);
	hw_note(HW_NOTE_RDMSR, msr, val);
	return val;
}

void hw_wrmsr(u32 msr, u64 val)
{
	soft_step();
	soft_trace(OP_WRMSR, msr, val);
	hw_note(HW_NOTE_WRMSR, msr, val);
	if (!write_msr(soft_cpu, msr, val))
		soft_complain(soft_cpu, "unchecked WRMSR of %#x, %#llx faulted",
			      msr, val);
}

bool hw_rdmsr_safe(u32 msr, u64 *val)
{
	soft_step();
	return read_msr(soft_cpu, msr, val);
}

u64 hw_rdpmc(u32 ecx)
{
	uint64_t val = 0;

	soft_step();
	if (pmu_rdpmc(&soft_cpu->pmu, ecx, &val) != PMU_OK)
		soft_complain(soft_cpu, "RDPMC of %#x faulted", ecx);
	soft_trace(OP_RDPMC, ecx, val);
	hw_note(HW_NOTE_RDPMC, ecx, val);
	return val;
}

u64 hw_rdtsc(void)
{
	return ++soft_cpu->tsc;
}

struct cpuid_regs4 *soft_cpuid(struct soft_cpu *cpu, u32 leaf)
{
	for (unsigned int i = 0; i < SOFT_MAX_CPUID; i++)
		if (cpu->cpuid[i].leaf == leaf)
			return &cpu->cpuid[i].regs;
	fail_msg("no CPUID leaf %#x in the software CPU", leaf);
	return NULL;
}

void hw_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs4 *regs)
{
	memset(regs, 0, sizeof(*regs));
	for (unsigned int i = 0; i < SOFT_MAX_CPUID; i++) {
		const struct soft_cpuid *c = &soft_cpu->cpuid[i];

		if (c->leaf != leaf || c->subleaf != subleaf)
			continue;
		*regs = c->regs;
		return;
	}
}

u32 hw_lvtpc_read(void)
{
	soft_step();
	soft_trace(OP_LVTPC_READ, IA32_X2APIC_LVT_PMI, soft_cpu->lvtpc);
	hw_note(HW_NOTE_RDMSR, IA32_X2APIC_LVT_PMI, soft_cpu->lvtpc);
	return soft_cpu->lvtpc;
}

void hw_lvtpc_write(u32 val)
{
	soft_step();
	soft_trace(OP_LVTPC_WRITE, IA32_X2APIC_LVT_PMI, val);
	hw_note(HW_NOTE_WRMSR, IA32_X2APIC_LVT_PMI, val);
	soft_cpu->lvtpc = val;
}

/*
 * Registers
 */

static u64 read_reg(u64 val)
{
	soft_step();
	soft_trace(OP_OTHER, 0, val);
	return val;
}

static void write_reg(u64 *reg, u64 val)
{
	soft_step();
	soft_trace(OP_OTHER, 0, val);
	*reg = val;
}

u64 hw_read_cr0(void)
{
	return read_reg(soft_cpu->regs.cr0);
}

u64 hw_read_cr2(void)
{
	return read_reg(soft_cpu->regs.cr2);
}

void hw_write_cr2(u64 val)
{
	write_reg(&soft_cpu->regs.cr2, val);
}

u64 hw_read_cr3(void)
{
	return read_reg(soft_cpu->regs.cr3);
}

u64 hw_read_cr4(void)
{
	return read_reg(soft_cpu->regs.cr4);
}

void hw_write_cr4(u64 val)
{
	if (soft_cpu->vmx_on && !(val & CR4_VMXE))
		soft_complain(soft_cpu, "CR4.VMXE cleared in VMX operation");
	write_reg(&soft_cpu->regs.cr4, val);
}

u64 hw_read_dr7(void)
{
	return read_reg(soft_cpu->regs.dr7);
}

void hw_write_dr7(u64 val)
{
	write_reg(&soft_cpu->regs.dr7, val);
}

void hw_read_gdt(struct hw_table *table)
{
	read_reg(0);
	*table = soft_cpu->regs.gdt;
}

void hw_write_gdt(const struct hw_table *table)
{
	read_reg(0);
	soft_cpu->regs.gdt = *table;
}

void hw_read_idt(struct hw_table *table)
{
	read_reg(0);
	*table = soft_cpu->regs.idt;
}

void hw_write_idt(const struct hw_table *table)
{
	read_reg(0);
	soft_cpu->regs.idt = *table;
}

void hw_read_selectors(struct hw_selectors *sel)
{
	read_reg(0);
	*sel = soft_cpu->regs.sel;
}

u64 hw_tr_base(const struct hw_table *gdt, u16 tr)
{
	return gdt->base + 0x2000 + tr;
}

void hw_write_ldt(u16 sel)
{
	read_reg(sel);
	soft_cpu->regs.sel.ldt = sel;
}

void hw_write_ds_es_fs(u16 ds, u16 es, u16 fs)
{
	read_reg(ds);
	soft_cpu->regs.sel.ds = ds;
	soft_cpu->regs.sel.es = es;
	soft_cpu->regs.sel.fs = fs;
	/* From the descriptor, which in a 64-bit task says 0. */
	soft_set_msr(soft_cpu, IA32_FS_BASE, 0);
}

void hw_write_gs(u16 gs)
{
	read_reg(gs);
	soft_cpu->regs.sel.gs = gs;
	soft_set_msr(soft_cpu, IA32_KERNEL_GS_BASE, 0);
}

void hw_tss_limit_lost(void)
{
	soft_cpu->regs.tss_limit_lost = true;
}

/*
 * Pages
 */

static struct soft_page *free_page_slot(struct soft_cpu *cpu)
{
	for (unsigned int i = 0; i < SOFT_MAX_PAGES; i++)
		if (!cpu->pages[i].mem)
			return &cpu->pages[i];
	fail_msg("more than %d pages", SOFT_MAX_PAGES);
	return NULL;
}

struct soft_page *soft_page_at(struct soft_cpu *cpu, u64 pa)
{
	for (unsigned int i = 0; i < SOFT_MAX_PAGES; i++)
		if (cpu->pages[i].mem && cpu->pages[i].pa == pa)
			return &cpu->pages[i];
	return NULL;
}

void *hw_page_alloc(u64 *pa)
{
	struct soft_cpu *cpu = soft_cpu;
	struct soft_page *page = free_page_slot(cpu);

	if (++cpu->faults.pages == cpu->faults.page_at)
		return NULL;
	page->mem = calloc(1, TMAV_PAGE_SIZE);
	assert_non_null(page->mem);
	page->pa = FIRST_PAGE_PA + (u64)(page - cpu->pages) * TMAV_PAGE_SIZE;
	cpu->pages_in_use++;
	*pa = page->pa;
	return page->mem;
}

void hw_page_free(void *mem)
{
	struct soft_cpu *cpu = soft_cpu;

	if (!mem)
		return;
	for (unsigned int i = 0; i < SOFT_MAX_PAGES; i++) {
		if (cpu->pages[i].mem != mem)
			continue;
		free(mem);
		cpu->pages[i].mem = NULL;
		cpu->pages_in_use--;
		return;
	}
	soft_complain(cpu, "a page was freed that was not allocated");
}

void *hw_page_of(u64 pa)
{
	struct soft_page *page = soft_page_at(soft_cpu, pa);

	assert_non_null(page);
	return page->mem;
}

/*
 * Log
 */

void hw_log(enum hw_log_level level, const char *fmt, ...)
{
	struct soft_cpu *cpu = soft_cpu;
	size_t left = SOFT_LOG_SIZE - cpu->log_len;
	static const char prefix[] = { 'E', 'I', 'D' };
	va_list args;
	int n;

	n = snprintf(cpu->log + cpu->log_len, left, "%c ", prefix[level]);
	cpu->log_len += n;
	va_start(args, fmt);
	n = vsnprintf(cpu->log + cpu->log_len, left - n, fmt, args);
	va_end(args);
	cpu->log_len += n;
	assert_true(cpu->log_len < SOFT_LOG_SIZE);
}

bool soft_logged(const struct soft_cpu *cpu, const char *what)
{
	return strstr(cpu->log, what);
}

unsigned int soft_errors(const struct soft_cpu *cpu)
{
	unsigned int errors = 0;

	for (const char *line = cpu->log; *line; line = strchr(line, '\n') + 1)
		errors += *line == 'E';
	return errors;
}

void soft_forget_log(struct soft_cpu *cpu)
{
	cpu->log[0] = 0;
	cpu->log_len = 0;
}

/*
 * Setup
 */

void soft_rebuild_pmu(struct soft_cpu *cpu)
{
	uint32_t regs[4];

	pmu_free(&cpu->pmu);
	pmu_init(&cpu->pmu, &cpu->model, &pmu_ops, cpu);
	pmu_cpuid_0xa(&cpu->model, regs);
	*soft_cpuid(cpu, CPUID_PERFMON) = (struct cpuid_regs4) {
		regs[0], regs[1], regs[2], regs[3]
	};
}

int soft_cpu_setup(void **state)
{
	static struct soft_op ops[SOFT_MAX_OPS];
	static char log[SOFT_LOG_SIZE];
	struct soft_cpu *cpu = calloc(1, sizeof(*cpu));

	assert_non_null(cpu);
	/* One CPU at a time, and large: ASan takes its time over each calloc(). */
	cpu->ops = ops;
	cpu->log = log;
	log[0] = 0;
	soft_cpu_defaults(cpu);
	pmu_init(&cpu->pmu, &cpu->model, &pmu_ops, cpu);
	soft_cpu = cpu;
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, cpu->perf.enabled);
	*state = cpu;
	return 0;
}

int soft_cpu_teardown(void **state)
{
	struct soft_cpu *cpu = *state;
	bool clean = !cpu->complaints && !cpu->pages_in_use;

	if (cpu->complaints)
		print_error("%u complaints, the first: %s\n", cpu->complaints,
			    cpu->complaint);
	if (cpu->pages_in_use)
		print_error("%u pages are left\n", cpu->pages_in_use);
	for (unsigned int i = 0; i < SOFT_MAX_PAGES; i++)
		free(cpu->pages[i].mem);
	pmu_free(&cpu->pmu);
	free(cpu);
	soft_cpu = NULL;
	return clean ? 0 : -1;
}
