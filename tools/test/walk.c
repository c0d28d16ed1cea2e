// SPDX-License-Identifier: GPL-2.0
#include "tools/test/walk.h"
#include "vmx/vmx_arch.h"

#include <stdio.h>

#define EVENTSEL_TSX	(PERFEVTSEL_IN_TX | PERFEVTSEL_IN_TXCP)
#define STATUS_NOT_SHOWN (GLOBAL_STATUS_TOPA_PMI | GLOBAL_STATUS_ASCI | \
			 GLOBAL_STATUS_OVF_UNCORE | GLOBAL_STATUS_CONDCHGD | \
			 GLOBAL_STATUS_LBR_FRZ | GLOBAL_STATUS_OVF_DS_BUFFER)
#define GLOBAL_CYCLES	(GLOBAL_FIXED(FIXED_CORE_CYCLES) | \
			 GLOBAL_FIXED(FIXED_REF_CYCLES))

static bool is_eventsel(u32 msr)
{
	return msr >= IA32_PERFEVTSEL0 &&
	       msr < IA32_PERFEVTSEL0 + PMU_MAX_GP_COUNTERS;
}

/* Counters by cycles are left out while they can count. */
static u64 tame_eventsel(u64 val)
{
	val &= ~EVENTSEL_TSX;
	if (!(val & PERFEVTSEL_EN))
		return val;
	val &= ~(PERFEVTSEL_CMASK | PERFEVTSEL_EDGE);
	if ((val & PERFEVTSEL_EVENT) == (EVENT_CORE_CYCLES & PERFEVTSEL_EVENT))
		val = walk_plain_event(IA32_PERFEVTSEL0, val);
	return val;
}

u64 walk_plain_event(u32 msr, u64 val)
{
	if (!is_eventsel(msr) || !(val & PERFEVTSEL_EN))
		return val;
	return (val & ~(PERFEVTSEL_EVENT | PERFEVTSEL_UMASK)) | EVENT_INSTRUCTIONS;
}

u64 walk_tame(u32 msr, u64 val)
{
	if (is_eventsel(msr))
		return tame_eventsel(val);
	switch (msr) {
	case IA32_PERF_GLOBAL_CTRL:
		return val & ~GLOBAL_CYCLES;
	case IA32_PERF_GLOBAL_STATUS_RESET:
	case IA32_PERF_GLOBAL_STATUS_SET:
		return val & ~STATUS_NOT_SHOWN;
	}
	return val;
}

/*
 * The same on the bare PMU
 */

/* What is #GP in any profile, though a bare PMU has it. */
static bool never_shown(const struct walk *w, const struct guest_step *step)
{
	if (step->what != GUEST_RDMSR && step->what != GUEST_WRMSR)
		return false;
	switch (step->index) {
	case IA32_PEBS_ENABLE:
	case IA32_PEBS_DATA_CFG:
	case PEBS_LD_LAT:
	case PEBS_FRONTEND:
	case OFFCORE_RSP_0:
	case OFFCORE_RSP_1:
	case IA32_DS_AREA:
	case IA32_DEBUGCTL:
		return true;
	case IA32_MISC_ENABLE:
		return step->what == GUEST_WRMSR;
	case IA32_PERF_CAPABILITIES:
		return !w->model.version;
	}
	return false;
}

static enum pmu_result bare_read(struct walk *w, const struct guest_step *step,
				 uint64_t *val)
{
	enum pmu_result res = step->what == GUEST_RDMSR ?
			      pmu_rdmsr(&w->bare, step->index, val) :
			      pmu_rdpmc(&w->bare, step->index, val);

	if (res == PMU_OK)
		pmu_count_plain(&w->bare, 1, 1, w->cpl);
	return res;
}

static enum pmu_result bare_write(struct walk *w, const struct guest_step *step)
{
	struct pmu before = w->bare;
	enum pmu_result res;

	pmu_count_plain(&w->bare, 1, 1, w->cpl);
	res = pmu_wrmsr(&w->bare, step->index, step->val);
	if (res != PMU_OK)
		w->bare = before;
	return res;
}

/* What soft_guest.c does for GUEST_SLOTS. */
static void bare_slots(struct walk *w, u64 insns)
{
	static const struct insn nop = { .rip = 0x400000, .length = 1 };

	while (insns--)
		pmu_count_insn(&w->bare, &nop, 0);
}

/* Of a CPU without BTS and PEBS; the model's has both. */
static struct soft_result bare_misc_enable(const struct walk *w)
{
	u64 perfmon = w->model.version ? MISC_ENABLE_PERFMON : 0;

	return (struct soft_result) {
		.val = MISC_ENABLE_FAST_STRING | MISC_ENABLE_BTS_UNAVAIL |
		       MISC_ENABLE_PEBS_UNAVAIL | perfmon,
	};
}

static struct soft_result on_bare_apic(struct walk *w, const struct guest_step *step)
{
	struct soft_result r = { 0 };

	if (step->what == GUEST_RDMSR)
		r.fault = !apic_rdmsr(&w->bare_apic, step->index, &r.val);
	else
		r.fault = !apic_wrmsr_valid(&w->bare_apic, step->index, step->val);
	if (r.fault)
		return (struct soft_result) { .fault = true };
	pmu_count_plain(&w->bare, 1, 1, w->cpl);
	if (step->what == GUEST_WRMSR)
		apic_wrmsr(&w->bare_apic, step->index, step->val);
	return r;
}

static bool is_for_apic(const struct guest_step *step)
{
	return (step->what == GUEST_RDMSR || step->what == GUEST_WRMSR) &&
	       apic_owns_msr(step->index);
}

struct soft_result walk_bare_step(struct walk *w, const struct guest_step *step)
{
	enum pmu_result res = PMU_OK;
	uint64_t val = 0;

	if (is_for_apic(step))
		return on_bare_apic(w, step);
	if (never_shown(w, step))
		return (struct soft_result) { .fault = true };
	if (step->what == GUEST_RDMSR && step->index == IA32_MISC_ENABLE)
		return bare_misc_enable(w);
	switch (step->what) {
	case GUEST_COUNT:
		pmu_count_plain(&w->bare, step->val, step->val, w->cpl);
		break;
	case GUEST_SLOTS:
		bare_slots(w, step->val);
		break;
	case GUEST_CPUID:
		pmu_count_plain(&w->bare, 1, 1, w->cpl);
		break;
	case GUEST_WRMSR:
		res = bare_write(w, step);
		break;
	default:
		res = bare_read(w, step, &val);
	}
	/* No other unit has such an MSR either. */
	return (struct soft_result) { .fault = res != PMU_OK, .val = val };
}

/*
 * Comparison
 */

/* As printf(); the first difference stays. */
static void differ(struct walk *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void differ(struct walk *w, const char *fmt, ...)
{
	va_list args;

	if (w->difference[0])
		return;
	va_start(args, fmt);
	vsnprintf(w->difference, sizeof(w->difference), fmt, args);
	va_end(args);
}

static void compare_step(struct walk *w, unsigned int i)
{
	const struct soft_result *guest = &w->core->cpu->guest.result[i];
	const struct guest_step *step = &w->steps[i];
	struct soft_result bare = walk_bare_step(w, step);

	if (guest->fault != bare.fault || guest->val != bare.val)
		differ(w, "step kind %d, %#x, %#llx: guest %#llx #GP %d, bare %#llx #GP %d",
		       step->what, step->index, step->val, guest->val,
		       guest->fault, bare.val, bare.fault);
	w->accesses += step->what == GUEST_RDMSR || step->what == GUEST_WRMSR ||
		       step->what == GUEST_RDPMC;
	w->valid += !bare.fault;
	w->faults += bare.fault;
}

static void compare_register(struct walk *w, const char *name, u64 guest, u64 bare)
{
	if (guest != bare)
		differ(w, "saved %s: guest %#llx, bare %#llx", name, guest, bare);
}

/* Not only what the guest happened to look at. */
static void compare_state(struct walk *w)
{
	const struct pmu_state *guest = &w->core->run.vpmu.guest;
	const struct pmu *bare = &w->bare;
	uint64_t metrics = 0;

	for (u32 i = 0; i < w->model.nr_gp; i++) {
		compare_register(w, "counter", guest->gp[i], bare->gp[i]);
		compare_register(w, "selector", guest->eventsel[i], bare->eventsel[i]);
	}
	for (u32 i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (w->model.fixed_mask & TMAV_BIT(i))
			compare_register(w, "fixed counter", guest->fixed[i],
					 bare->fixed[i]);
	if (!w->owes_metrics) {
		pmu_rdpmc(bare, RDPMC_METRICS, &metrics);
		compare_register(w, "PERF_METRICS", guest->perf_metrics, metrics);
	}
	compare_register(w, "STATUS", guest->global_status, bare->global_status);
	compare_register(w, "GLOBAL_CTRL", guest->global_ctrl, bare->global_ctrl);
	compare_register(w, "FIXED_CTR_CTRL", guest->fixed_ctr_ctrl,
			 bare->fixed_ctr_ctrl);
}

static void compare_host(struct walk *w)
{
	struct soft_cpu *cpu = w->core->cpu;
	struct soft_snapshot now;

	soft_snapshot(cpu, &now);
	if (memcmp(&now, &w->core->before, sizeof(now)))
		differ(w, "the host's PMU is not as it was");
	if (cpu->complaints)
		differ(w, "%s", cpu->complaint);
}

/*
 * A walk
 */

static void no_pmi(void *ctx)
{
	(void)ctx;
}

void walk_begin(struct walk *w, struct core *core, const char *profile)
{
	static const struct pmu_ops ops = { .pmi = no_pmi };
	static const struct guest_step nothing = { GUEST_TIMER };
	const struct pmu_caps *shown = &core->run.vpmu.shown;

	core_profile(core, profile);
	*w = (struct walk) {
		.core = core, .profile = profile, .seed = WALK_SEED,
		.model = {
			.version = shown->version,
			.nr_gp = shown->nr_gp,
			.gp_width = shown->gp_width,
			.fixed_mask = shown->fixed_mask,
			.fixed_width = shown->fixed_width,
			.perf_capabilities = shown->perf_capabilities,
			.level2 = shown->level2,
		},
	};
	pmu_init(&w->bare, &w->model, &ops, NULL);
	apic_reset(&w->bare_apic, shown->version);
	core->cpu->counts_accesses = true;
	core->cpu->careless_guest = true;
	core->cpu->any_order = true;
	core_program(core, &nothing, 1);
	assert_int_equal(run_slice(&core->run, CORE_TIMER), RUN_PREEMPTED);
}

void walk_bare_reset(struct walk *w)
{
	pmu_reset(&w->bare);
	apic_reset(&w->bare_apic, w->model.version);
}

void walk_end(struct walk *w)
{
	pmu_free(&w->bare);
}

/* Then the host's turn, who finds what was there. */
const char *walk_chunk(struct walk *w, unsigned int nr)
{
	struct core *core = w->core;
	int res;

	w->steps[nr] = (struct guest_step) { GUEST_TIMER };
	soft_random_host(core->cpu, &w->seed);
	core_remember(core);
	core_go_on(core, w->steps, nr + 1);
	soft_set_vmcs_field(core->cpu, core->run.vmcs.pa, GUEST_SS_ACCESS_RIGHTS,
			    w->cpl << SEGMENT_DPL_SHIFT);
	do
		res = run_slice(&core->run, CORE_TIMER);
	while (res == -EAGAIN);
	if (res != RUN_PREEMPTED)
		differ(w, "the slice ended with %d", res);
	compare_host(w);
	soft_forget_trace(core->cpu);

	for (unsigned int i = 0; i < nr; i++)
		compare_step(w, i);
	compare_state(w);
	return w->difference[0] ? w->difference : NULL;
}
