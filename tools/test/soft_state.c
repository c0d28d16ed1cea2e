// SPDX-License-Identifier: GPL-2.0
/*
 * The host's PMU as a whole: looked at before and after, or filled with
 * values that must come back.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/vmx_arch.h"

static const u32 single_msrs[] = {
	IA32_PERF_METRICS, IA32_FIXED_CTR_CTRL, IA32_PERF_GLOBAL_STATUS,
	IA32_PERF_GLOBAL_CTRL, IA32_PEBS_ENABLE, IA32_PEBS_DATA_CFG,
	PEBS_LD_LAT, PEBS_FRONTEND, OFFCORE_RSP_0, OFFCORE_RSP_1,
	IA32_DS_AREA, IA32_DEBUGCTL, IA32_MISC_ENABLE, IA32_LBR_CTL,
	IA32_RTIT_CTL,
};

static u32 snapshot_msr(unsigned int i)
{
	if (i < PMU_MAX_GP)
		return IA32_A_PMC0 + i;
	i -= PMU_MAX_GP;
	if (i < PMU_MAX_GP)
		return IA32_PERFEVTSEL0 + i;
	i -= PMU_MAX_GP;
	if (i < PMU_MAX_FIXED)
		return IA32_FIXED_CTR0 + i;
	i -= PMU_MAX_FIXED;
	return i < TMAV_ARRAY_SIZE(single_msrs) ? single_msrs[i] : 0;
}

/* What this model lacks reads as 0. */
static u64 msr_or_0(struct soft_cpu *cpu, u32 msr)
{
	uint64_t val = 0;

	if (msr == IA32_LBR_CTL || msr == IA32_RTIT_CTL)
		return soft_msr(cpu, msr);
	pmu_rdmsr(&cpu->pmu, msr, &val);
	return val;
}

void soft_snapshot(struct soft_cpu *cpu, struct soft_snapshot *snap)
{
	memset(snap, 0, sizeof(*snap));
	for (unsigned int i = 0; i < SNAPSHOT_MSRS && snapshot_msr(i); i++)
		snap->msr[i] = msr_or_0(cpu, snapshot_msr(i));
	snap->lvtpc = cpu->lvtpc;
}

void soft_assert_as_before(struct soft_cpu *cpu, const struct soft_snapshot *before)
{
	struct soft_snapshot now;

	soft_snapshot(cpu, &now);
	for (unsigned int i = 0; i < SNAPSHOT_MSRS; i++)
		if (now.msr[i] != before->msr[i])
			fail_msg("%s was %#llx and is %#llx",
				 pmu_msr_name(snapshot_msr(i)) ?: "an MSR",
				 before->msr[i], now.msr[i]);
	assert_int_equal(now.lvtpc, before->lvtpc);
}

/* The generator of Marsaglia, "Xorshift RNGs". */
u64 soft_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static u64 random_counter(u64 *seed, unsigned int width)
{
	u64 val = soft_random(seed);

	/* Often 0, as counters are that nobody uses. */
	return val >> 60 < 5 ? 0 : val & (TMAV_BIT(width) - 1);
}

/* What a guest may have; the shares of no slots at all are 0. */
void soft_random_state(const struct soft_cpu *cpu, struct pmu_state *state, u64 *seed)
{
	const u64 sel = PERFEVTSEL_EVENT | PERFEVTSEL_UMASK | PERFEVTSEL_OS |
			PERFEVTSEL_USR | PERFEVTSEL_INT | PERFEVTSEL_EN;
	const u64 valid = pmu_global_ctrl_valid(&cpu->model);

	for (unsigned int i = 0; i < cpu->model.nr_gp; i++) {
		state->gp[i] = random_counter(seed, cpu->model.gp_width);
		state->eventsel[i] = soft_random(seed) & sel;
	}
	state->fixed_ctr_ctrl = 0;
	for (unsigned int i = 0; i < PMU_MAX_FIXED; i++) {
		if (!(cpu->model.fixed_mask & TMAV_BIT(i)))
			continue;
		state->fixed[i] = random_counter(seed, cpu->model.fixed_width);
		state->fixed_ctr_ctrl |= soft_random(seed) &
			(FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i) |
			 FIXED_CTR_CTRL_PMI(i));
	}
	if (valid & GLOBAL_CTRL_METRICS && state->fixed[FIXED_SLOTS])
		state->perf_metrics = soft_random(seed);
	state->global_status = soft_random(seed) &
		(valid | GLOBAL_STATUS_OVF_DS_BUFFER | GLOBAL_STATUS_LBR_FRZ);
	state->global_ctrl = soft_random(seed) & valid;
}

static void write_random_extra(struct soft_cpu *cpu, u64 *seed)
{
	soft_set_msr(cpu, IA32_PEBS_ENABLE,
		     soft_random(seed) & (TMAV_BIT(cpu->model.nr_gp) - 1));
	soft_set_msr(cpu, OFFCORE_RSP_0, soft_random(seed) & 0xffff);
	soft_set_msr(cpu, OFFCORE_RSP_1, soft_random(seed) & 0xffff);
	soft_set_msr(cpu, PEBS_FRONTEND, soft_random(seed) & 0x1f);
	soft_set_msr(cpu, IA32_LBR_CTL, soft_random(seed) & 0x7);
	soft_set_msr(cpu, IA32_RTIT_CTL, soft_random(seed) & 0x6);
	soft_set_msr(cpu, IA32_DEBUGCTL, soft_random(seed) & DEBUGCTL_BTF);
	soft_set_msr(cpu, PEBS_LD_LAT, soft_random(seed) & 0xff);
	soft_set_msr(cpu, IA32_DS_AREA, soft_random(seed) & 0xffffff000);
}

/* The model moves nothing without instructions, so this stands still. */
void soft_random_host(struct soft_cpu *cpu, u64 *seed)
{
	struct pmu_state state = { 0 };

	soft_random_state(cpu, &state, seed);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, 0);
	for (unsigned int i = 0; i < cpu->model.nr_gp; i++) {
		soft_set_msr(cpu, IA32_A_PMC0 + i, state.gp[i]);
		soft_set_msr(cpu, IA32_PERFEVTSEL0 + i, state.eventsel[i]);
	}
	for (unsigned int i = 0; i < PMU_MAX_FIXED; i++)
		if (cpu->model.fixed_mask & TMAV_BIT(i))
			soft_set_msr(cpu, IA32_FIXED_CTR0 + i, state.fixed[i]);
	if (cpu->model.perf_capabilities & PERFCAP_PERF_METRICS)
		soft_set_msr(cpu, IA32_PERF_METRICS, state.perf_metrics);
	soft_set_msr(cpu, IA32_FIXED_CTR_CTRL, state.fixed_ctr_ctrl);
	soft_set_status(cpu, state.global_status);
	write_random_extra(cpu, seed);
	soft_set_msr(cpu, IA32_PERF_GLOBAL_CTRL, state.global_ctrl);
	cpu->perf.enabled = state.global_ctrl;
}
