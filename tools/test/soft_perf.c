// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs: how they strike, and what Linux's perf does in one, which is to stop
 * the PMU, take care of counters that overflowed, unmask LVTPC and turn on what
 * it believes to be its own.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/vmcs.h"

/* No event runs this far between two looks: a guest's value would. */
#define PERF_SANE_DELTA		(1ULL << 32)
#define COUNTER_MASK		((1ULL << 48) - 1)

static void deliver_pmi(struct soft_cpu *cpu)
{
	uint8_t vector;

	switch (pmi_deliver(&cpu->lvtpc, &vector)) {
	case PMI_NMI:
		cpu->nmi_pending = true;
		break;
	case PMI_MASKED:
		cpu->pmis_dropped++;
		break;
	case PMI_FIXED:
		soft_complain(cpu, "a PMI came as vector %#x", vector);
		break;
	}
}

/* An overflow takes a few instructions to get to the local APIC. */
void soft_pmi_skid_step(struct soft_cpu *cpu)
{
	if (cpu->pmi_in && !--cpu->pmi_in)
		deliver_pmi(cpu);
}

/*
 * The handlers as Linux calls them, and any NMI that was held up meanwhile
 * right after the IRET.
 */
void soft_take_nmi(struct soft_cpu *cpu)
{
	do {
		unsigned int handled = cpu->perf.handled;
		bool known = cpu->nmi_has_cause;

		cpu->nmi_has_cause = false;
		cpu->nmi_pending = false;
		cpu->nmi_blocked = true;
		cpu->in_nmi = true;
		cpu->nmis++;
		soft_trace(OP_NMI, 0, 0);
		if (cpu->vpmu) {
			cpu->vpmu->all_nmis++;
			vpmu_nmi_enter(cpu->vpmu);
			known |= vpmu_claim_nmi(cpu->vpmu);
		}
		soft_perf_nmi(cpu);
		cpu->unknown_nmis += !known && cpu->perf.handled == handled;
		if (cpu->nmi_in_handler) {
			cpu->nmi_in_handler = false;
			cpu->nmi_pending = true;
			cpu->nmi_has_cause = true;
		}
		if (cpu->vpmu)
			vpmu_nmi_leave(cpu->vpmu);
		/* As the module's handler does, by RIP. */
		if (cpu->in_window)
			vmcs_spoil_entry();
		soft_trace(OP_NMI_END, 0, 0);
		cpu->in_nmi = false;
		cpu->nmi_blocked = false;
	} while (cpu->nmi_pending);
}

static u64 status_bit(unsigned int counter)
{
	return counter < PERF_FIXED ? GLOBAL_GP(counter) :
				      GLOBAL_FIXED(counter - PERF_FIXED);
}

static u32 counter_msr(unsigned int counter)
{
	return counter < PERF_FIXED ? IA32_A_PMC0 + counter :
				      IA32_FIXED_CTR0 + counter - PERF_FIXED;
}

static u32 counter_index(unsigned int counter)
{
	return counter < PERF_FIXED ? RDPMC_GP(counter) :
				      RDPMC_FIXED(counter - PERF_FIXED);
}

static bool perf_has(const struct soft_cpu *cpu, unsigned int counter)
{
	if (counter < PERF_FIXED)
		return counter < cpu->model.nr_gp;
	return cpu->model.fixed_mask & TMAV_BIT(counter - PERF_FIXED);
}

/* x86_perf_event_update(): events since the last look. */
static void update(struct soft_cpu *cpu, unsigned int counter)
{
	struct soft_perf *perf = &cpu->perf;
	u64 raw = hw_rdpmc(counter_index(counter));
	u64 delta = (raw - perf->prev[counter]) & COUNTER_MASK;

	if (delta > PERF_SANE_DELTA)
		soft_complain(cpu, "perf found %#llx in counter %u, after %#llx",
			      raw, counter, perf->prev[counter]);
	perf->total[counter] += delta;
	perf->prev[counter] = raw;
}

static void throttle(unsigned int counter)
{
	u64 ctrl;

	if (counter < PERF_FIXED) {
		hw_wrmsr(IA32_PERFEVTSEL0 + counter, 0);
		return;
	}
	ctrl = hw_rdmsr(IA32_FIXED_CTR_CTRL);
	hw_wrmsr(IA32_FIXED_CTR_CTRL,
		 ctrl & ~FIXED_CTR_CTRL_FIELD(counter - PERF_FIXED));
}

static void handle_overflow(struct soft_cpu *cpu, unsigned int counter)
{
	struct soft_perf *perf = &cpu->perf;

	perf->handled++;
	update(cpu, counter);
	if (perf->period[counter]) {
		perf->prev[counter] = -perf->period[counter] & COUNTER_MASK;
		hw_wrmsr(counter_msr(counter), perf->prev[counter]);
	}
	if (perf->throttle)
		throttle(counter);
}

static void handle_status(struct soft_cpu *cpu, u64 status)
{
	for (unsigned int i = 0; i < PERF_COUNTERS; i++) {
		/* The pair is written together; no test makes it overflow. */
		if (i == PERF_FIXED + FIXED_SLOTS)
			continue;
		if (status & status_bit(i))
			handle_overflow(cpu, i);
	}
}

void soft_perf_nmi(struct soft_cpu *cpu)
{
	struct soft_perf *perf = &cpu->perf;
	unsigned int handled = perf->handled;
	u64 status;

	perf->nmis++;
	hw_wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
	if (perf->pebs_enabled)
		hw_wrmsr(IA32_PEBS_ENABLE, 0);
	status = hw_rdmsr(IA32_PERF_GLOBAL_STATUS);
	if (status)
		hw_wrmsr(IA32_PERF_GLOBAL_STATUS_RESET, status);
	handle_status(cpu, status);
	for (unsigned int i = 0; i < PERF_COUNTERS; i++)
		if (perf_has(cpu, i))
			update(cpu, i);
	perf->idle_nmis += perf->handled == handled;
	if (perf->pebs_enabled)
		hw_wrmsr(IA32_PEBS_ENABLE, perf->pebs_enabled);
	hw_wrmsr(IA32_PERF_GLOBAL_CTRL, perf->enabled);
	/* "late ack": LVTPC is unmasked when all is done. */
	hw_lvtpc_write(LVT_DELIVERY_NMI);
}

void hw_machine_check(void)
{
	soft_cpu->machine_checks++;
}

void hw_nmi(void)
{
	struct soft_cpu *cpu = soft_cpu;

	if (!cpu->nmi_blocked)
		soft_complain(cpu, "INT 2, but no NMI has come");
	soft_take_nmi(cpu);
}
