// SPDX-License-Identifier: GPL-2.0
/*
 * load(), put() and the NMIs between. The order of the MSR writes is the
 * lesson, so it stands as plain code:
 *
 *  1. GLOBAL_CTRL = 0, before anything else is read or written: what counts
 *     while it is saved is lost or counted twice.
 *  2. Counters before selectors, STATUS and FIXED_CTR_CTRL after both.
 *  3. FIXED_CTR3, and PERF_METRICS as the very next write: the hardware
 *     derives the metrics from the slots counter, so that metrics written
 *     before it, or with something between, are undefined.
 *  4. GLOBAL_CTRL last: for the guest by VM entry, for the host by WRMSR.
 */
#include "vmx/vpmu.h"
#include "vmx/hw.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_arch.h"
#include "tmavisor/pmu_arch.h"

/*
 * Host features that act on counting, or go on, in guest mode though the
 * guest can't reach them: off while the guest runs.
 */
static const u32 extra_msrs[VPMU_NR_EXTRA_MSRS] = {
	IA32_PEBS_ENABLE,
	OFFCORE_RSP_0,
	OFFCORE_RSP_1,
	PEBS_LD_LAT,
	PEBS_FRONTEND,
	IA32_LBR_CTL,
	IA32_RTIT_CTL,
};

/* The model-specific ones have no bit in CPUID: those that can be read exist. */
static bool has_extra_msr(u32 msr, const struct cpuid_regs4 *structured)
{
	u64 val;

	if (msr == IA32_LBR_CTL)
		return structured->edx & CPUID_7_EDX_ARCH_LBR;
	if (msr == IA32_RTIT_CTL)
		return structured->ebx & CPUID_7_EBX_PT;
	return hw_rdmsr_safe(msr, &val);
}

u32 vpmu_extra_msrs(const struct cpuid_regs4 *structured)
{
	u32 present = 0;
	int i;

	for (i = 0; i < VPMU_NR_EXTRA_MSRS; i++)
		if (has_extra_msr(extra_msrs[i], structured))
			present |= TMAV_BIT(i);
	return present;
}

/*
 * The host's pair stays where it is while a guest runs that is shown neither of
 * the two: to write it back would round the host's shares. Nothing else of the
 * host's may stay. The pair may, because such a guest
 *  - can't read or write it: its PMU is another one than the hardware's, so that
 *    RDPMC exits, and so do both MSRs, see vpmu_policy.c;
 *  - can't have it count: FIXED_CTR_CTRL and GLOBAL_CTRL trap too, and in what it
 *    gets of them the field and the bits of the pair are 0.
 */
bool vpmu_uses_pair(const struct pmu_caps *shown)
{
	return shown->metrics || pmu_has_fixed(shown, FIXED_SLOTS);
}

static void leave_pair_alone(struct pmu_caps *switched)
{
	switched->fixed_mask &= ~TMAV_BIT(FIXED_SLOTS);
	switched->metrics = false;
}

void vpmu_init(struct vpmu *vpmu, const struct cpu_caps *caps,
	       const struct pmu_caps *shown)
{
	memset(vpmu, 0, sizeof(*vpmu));
	vpmu->hw = &caps->pmu;
	vpmu->extra_msrs = caps->extra_msrs;
	vpmu->shown = *shown;
	vpmu->switched = caps->pmu;
	if (!vpmu_uses_pair(shown))
		leave_pair_alone(&vpmu->switched);
	vpmu_reset(vpmu);
}

void vpmu_reset(struct vpmu *vpmu)
{
	memset(&vpmu->guest, 0, sizeof(vpmu->guest));
	vpmu->pmi = 0;
	/* "IA32_PERF_GLOBAL_CTRL: sets bits n-1:0" at RESET. */
	vpmu->guest.global_ctrl = TMAV_BIT(vpmu->shown.nr_gp) - 1;
}

static void set_phase(struct vpmu *vpmu, enum vpmu_phase phase)
{
	__atomic_store_n(&vpmu->phase, phase, __ATOMIC_SEQ_CST);
}

static enum vpmu_phase phase_of(const struct vpmu *vpmu)
{
	return __atomic_load_n(&vpmu->phase, __ATOMIC_SEQ_CST);
}

/* False if an NMI came since @from was set: the work since then is void. */
static bool advance(struct vpmu *vpmu, enum vpmu_phase from,
		    enum vpmu_phase to)
{
	u32 expected = from;

	return __atomic_compare_exchange_n(&vpmu->phase, &expected, to, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The guest's LVTPC: the vector is ignored, see enum VPMU_PMI_ARMED. */
#define LVTPC_MARK	0x54U
#define LVTPC_OPEN	(LVT_DELIVERY_NMI | LVTPC_MARK)
#define LVTPC_CLOSED	(LVT_DELIVERY_NMI | LVT_MASKED)

static u32 pmi_of(const struct vpmu *vpmu)
{
	return __atomic_load_n(&vpmu->pmi, __ATOMIC_SEQ_CST);
}

/* Counters by RDPMC, which is cheaper than RDMSR. GLOBAL_CTRL is 0. */
static void save_counters(const struct pmu_caps *pmu, struct pmu_state *state)
{
	u32 i;

	for (i = 0; i < pmu->nr_gp; i++)
		state->gp[i] = hw_rdpmc(RDPMC_GP(i));
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (pmu_has_fixed(pmu, i))
			state->fixed[i] = hw_rdpmc(RDPMC_FIXED(i));
	if (pmu->metrics)
		state->perf_metrics = hw_rdpmc(RDPMC_METRICS);
	state->global_status = hw_rdmsr(IA32_PERF_GLOBAL_STATUS);
}

/*
 * A WRMSR costs far more than the RDPMC that tells that it is not needed, and
 * most counters are 0 on both sides.
 */
static void write_counter(u32 msr, u32 rdpmc_index, u64 val)
{
	if (hw_rdpmc(rdpmc_index) != val)
		hw_wrmsr(msr, val);
}

/*
 * The pair. "The fixed counter 3 has to be written before the PERF_METRICS":
 * WRMSR of PERF_METRICS takes the bytes as shares of the slots counter as it
 * is then. Always both: equal bytes do not mean that what the hardware keeps
 * behind them is equal.
 */
static void write_slots_and_metrics(u64 slots, u64 metrics)
{
	hw_wrmsr(IA32_FIXED_CTR3, slots);
	hw_wrmsr(IA32_PERF_METRICS, metrics);
}

static void write_fixed_counters(const struct pmu_caps *pmu,
				 const struct pmu_state *state)
{
	u32 i;

	for (i = 0; i < FIXED_SLOTS; i++)
		if (pmu_has_fixed(pmu, i))
			write_counter(IA32_FIXED_CTR0 + i, RDPMC_FIXED(i),
				      state->fixed[i]);
	if (pmu->metrics)
		write_slots_and_metrics(state->fixed[FIXED_SLOTS],
					state->perf_metrics);
	else if (pmu_has_fixed(pmu, FIXED_SLOTS))
		write_counter(IA32_FIXED_CTR3, RDPMC_FIXED(FIXED_SLOTS),
			      state->fixed[FIXED_SLOTS]);
}

/*
 * STATUS is read-only: clear what is set and should not be, set what is clear
 * and should be, and neither where nothing differs. STATUS_SET raises no PMI.
 * It has every bit that STATUS has, those of PT and the uncore too, but for
 * CondChgd, which nobody needs back.
 */
static void write_global_status(u64 status)
{
	u64 now = hw_rdmsr(IA32_PERF_GLOBAL_STATUS);
	u64 clear = now & ~status;
	u64 set = status & ~now & ~GLOBAL_STATUS_CONDCHGD;

	if (clear)
		hw_wrmsr(IA32_PERF_GLOBAL_STATUS_RESET, clear);
	if (set)
		hw_wrmsr(IA32_PERF_GLOBAL_STATUS_SET, set);
}

static void write_state(const struct pmu_caps *pmu,
			const struct pmu_state *state)
{
	u32 i;

	for (i = 0; i < pmu->nr_gp; i++) {
		write_counter(IA32_A_PMC0 + i, RDPMC_GP(i), state->gp[i]);
		hw_wrmsr(IA32_PERFEVTSEL0 + i, state->eventsel[i]);
	}
	write_fixed_counters(pmu, state);
	write_global_status(state->global_status);
	hw_wrmsr(IA32_FIXED_CTR_CTRL, state->fixed_ctr_ctrl);
}

/*
 * All of the host's PMU but GLOBAL_CTRL, which was read before it was set to
 * 0. Selectors and FIXED_CTR_CTRL are the host's to change at any time, so
 * unlike the guest's, which always trap, they are read back.
 */
static void save_host(struct vpmu *vpmu)
{
	struct pmu_state *host = &vpmu->host;
	u32 i;

	save_counters(vpmu->hw, host);
	for (i = 0; i < vpmu->hw->nr_gp; i++)
		host->eventsel[i] = hw_rdmsr(IA32_PERFEVTSEL0 + i);
	host->fixed_ctr_ctrl = hw_rdmsr(IA32_FIXED_CTR_CTRL);
	for (i = 0; i < VPMU_NR_EXTRA_MSRS; i++)
		if (vpmu->extra_msrs & TMAV_BIT(i))
			vpmu->host_extra[i] = hw_rdmsr(extra_msrs[i]);
	vpmu->host_lvtpc = hw_lvtpc_read();
}

/* The extra MSRs that the host uses: off, or as they were. */
static void write_extra(const struct vpmu *vpmu, bool on)
{
	u32 i;

	for (i = 0; i < VPMU_NR_EXTRA_MSRS; i++)
		if (vpmu->extra_msrs & TMAV_BIT(i) && vpmu->host_extra[i])
			hw_wrmsr(extra_msrs[i], on ? vpmu->host_extra[i] : 0);
}

/* Clears @bit and says whether it was set. */
static bool test_and_clear_pmi(struct vpmu *vpmu, u32 bit)
{
	return __atomic_fetch_and(&vpmu->pmi, ~bit, __ATOMIC_SEQ_CST) & bit;
}

static void set_pmi(struct vpmu *vpmu, u32 bit)
{
	__atomic_fetch_or(&vpmu->pmi, bit, __ATOMIC_SEQ_CST);
}

/*
 * See whether the guest's PMI has come: "the local APIC sets the LVT mask flag"
 * on delivery, and what is masked otherwise has another vector. Who finds it
 * takes OPEN away, so that an NMI in between does not find it twice. If the guest
 * has masked its entry since, or had a PMI of an instruction that was emulated,
 * this one goes nowhere, but its NMI is to be claimed all the same.
 */
static void note_pmi(struct vpmu *vpmu)
{
	u32 was = pmi_of(vpmu), now;

	if (!(was & VPMU_PMI_OPEN) ||
	    (hw_lvtpc_read() & ~LVT_DELIVERY_STATUS) != (LVTPC_OPEN | LVT_MASKED))
		return;
	do {
		if (!(was & VPMU_PMI_OPEN))
			return;
		now = (was & ~VPMU_PMI_OPEN) | VPMU_PMI_OWED;
		if (was & VPMU_PMI_ARMED)
			now = (now & ~VPMU_PMI_ARMED) | VPMU_PMI_RAISED;
	} while (!__atomic_compare_exchange_n(&vpmu->pmi, &was, now, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	/* Or the next one to open it would find this PMI again. */
	hw_lvtpc_write(LVTPC_CLOSED);
}

void vpmu_look_for_pmi(struct vpmu *vpmu)
{
	note_pmi(vpmu);
}

static void write_host(struct vpmu *vpmu)
{
	write_state(&vpmu->switched, &vpmu->host);
	write_extra(vpmu, true);
	/* Last: a PMI of the guest's that is late is still told from the host's. */
	note_pmi(vpmu);
	hw_lvtpc_write(vpmu->host_lvtpc);
	/* Not before, or an NMI in between would not look for that PMI. */
	test_and_clear_pmi(vpmu, VPMU_PMI_OPEN);
}

/*
 * A counter that is shown narrower than it is: loaded with ones above the
 * guest's bits, the hardware's wraps where the guest's would. Once: a second
 * wrap before the next load is not seen, but by then STATUS has the bit, and its
 * RESET, which traps, loads again.
 */
static void widen(const struct vpmu *vpmu, struct pmu_state *state)
{
	u64 gp = pmu_counter_mask(vpmu->hw->gp_width) &
		 ~pmu_counter_mask(vpmu->shown.gp_width);
	u64 fixed = pmu_counter_mask(vpmu->hw->fixed_width) &
		    ~pmu_counter_mask(vpmu->shown.fixed_width);
	u32 i;

	for (i = 0; i < vpmu->shown.nr_gp; i++)
		state->gp[i] |= gp;
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (pmu_has_fixed(&vpmu->shown, i))
			state->fixed[i] |= fixed;
}

/* What was saved of the guest, as far as its PMU has it. */
static void narrow(const struct vpmu *vpmu, struct pmu_state *state)
{
	u32 i;

	for (i = 0; i < PMU_MAX_GP_COUNTERS; i++)
		state->gp[i] &= pmu_counter_mask(vpmu->shown.gp_width);
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		state->fixed[i] &= pmu_counter_mask(vpmu->shown.fixed_width);
	/* A guest without has what pmu_image_import() put there, for the host. */
	if (vpmu->shown.metrics)
		state->perf_metrics &= pmu_metrics_mask(&vpmu->shown);
	else
		state->perf_metrics = vpmu->guest.perf_metrics;
	/* What else is set is of PEBS, LBR, PT or SGX, and could not be cleared. */
	state->global_status &= pmu_global_status_mask(&vpmu->shown);
}

u64 vpmu_eventsel_hw(const struct vpmu *vpmu, u32 counter)
{
	u64 sel = vpmu->guest.eventsel[counter];

	return filter_denies(&vpmu->filter, sel) ? sel & ~PERFEVTSEL_EN : sel;
}

u64 vpmu_fixed_ctr_ctrl_hw(const struct vpmu *vpmu)
{
	u64 ctrl = vpmu->guest.fixed_ctr_ctrl;
	u32 i;

	/* Without fixed counter 3 the metrics, its shares, stand still too. */
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		if (filter_denies_fixed(&vpmu->filter, i))
			ctrl &= ~FIXED_CTR_CTRL_FIELD(i);
	return ctrl;
}

/* As the guest has it, to as the hardware is to have it. */
static void make_hw(const struct vpmu *vpmu, struct pmu_state *state)
{
	u32 i;

	widen(vpmu, state);
	for (i = 0; i < vpmu->shown.nr_gp; i++)
		state->eventsel[i] = vpmu_eventsel_hw(vpmu, i);
	state->fixed_ctr_ctrl = vpmu_fixed_ctr_ctrl_hw(vpmu);
	state->perf_metrics &= pmu_metrics_mask(&vpmu->shown);
}

/*
 * LVTPC while the guest's PMU is in the hardware. Closed unless the guest's own
 * entry takes a PMI: perf would find no overflow of its own, and Linux an
 * unknown NMI. One that is open stays so until the host gets its own back: a PMI
 * on its way would come for nobody.
 */
static void write_guest_lvtpc(struct vpmu *vpmu)
{
	u32 pmi;

	/* A late one, that the write would hide. */
	note_pmi(vpmu);
	pmi = pmi_of(vpmu);
	if (pmi & VPMU_PMI_OPEN)
		return;
	if (pmi & VPMU_PMI_ARMED) {
		set_pmi(vpmu, VPMU_PMI_OPEN);
		hw_lvtpc_write(LVTPC_OPEN);
	} else {
		hw_lvtpc_write(LVTPC_CLOSED);
	}
}

static void write_guest(struct vpmu *vpmu)
{
	struct pmu_state state = vpmu->guest;

	make_hw(vpmu, &state);
	write_guest_lvtpc(vpmu);
	write_extra(vpmu, false);
	write_state(&vpmu->switched, &state);
}

bool vpmu_claim_nmi(struct vpmu *vpmu)
{
	bool again = test_and_clear_pmi(vpmu, VPMU_PMI_AGAIN);

	if (!test_and_clear_pmi(vpmu, VPMU_PMI_OWED))
		return again;
	set_pmi(vpmu, VPMU_PMI_AGAIN);
	return true;
}

/* From the code that NMIs interrupt: a latched one would have come by now. */
void vpmu_forget_claim(struct vpmu *vpmu)
{
	test_and_clear_pmi(vpmu, VPMU_PMI_AGAIN);
}

void vpmu_forget_host(struct vpmu *vpmu)
{
	vpmu->given_up = 0;
	test_and_clear_pmi(vpmu, VPMU_PMI_OWED | VPMU_PMI_AGAIN);
}

bool vpmu_take_pmi(struct vpmu *vpmu)
{
	return test_and_clear_pmi(vpmu, VPMU_PMI_RAISED);
}

void vpmu_raise_pmi(struct vpmu *vpmu)
{
	if (test_and_clear_pmi(vpmu, VPMU_PMI_ARMED))
		set_pmi(vpmu, VPMU_PMI_RAISED);
}

void vpmu_arm_pmi(struct vpmu *vpmu, bool armed)
{
	bool is_armed = pmi_of(vpmu) & VPMU_PMI_ARMED;

	if (armed == is_armed)
		return;
	if (!armed) {
		test_and_clear_pmi(vpmu, VPMU_PMI_ARMED);
		return;
	}
	set_pmi(vpmu, VPMU_PMI_ARMED);
	/* Else vpmu_settle() does it; and after an NMI again. */
	if (phase_of(vpmu) == VPMU_GUEST)
		write_guest_lvtpc(vpmu);
}

/*
 * Overflows of the host's whose PMI is on its way, unless its LVTPC is masked;
 * those of the DS and the ToPA buffer raise one too. Masking now would lose it.
 */
static u64 host_overflows(struct vpmu *vpmu)
{
	u64 causes = pmu_global_ctrl_mask(vpmu->hw) | GLOBAL_STATUS_TOPA_PMI |
		     GLOBAL_STATUS_OVF_DS_BUFFER;

	vpmu->given_up &= vpmu->host.global_status;
	if (vpmu->host_lvtpc & LVT_MASKED)
		return 0;
	return vpmu->host.global_status & causes & ~vpmu->given_up;
}

static u64 differ(u64 hw, u64 saved)
{
	return hw != saved;
}

/* Registers in hardware that are not as the load has saved them. */
static u64 count_unrestored(const struct vpmu *vpmu)
{
	const struct pmu_state *host = &vpmu->host;
	u64 settable = pmu_global_status_mask(vpmu->hw);
	struct vpmu now = *vpmu;
	u64 wrong = 0;
	u32 i;

	save_host(&now);
	for (i = 0; i < PMU_MAX_GP_COUNTERS; i++)
		wrong += differ(now.host.gp[i], host->gp[i]) +
			 differ(now.host.eventsel[i], host->eventsel[i]);
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++)
		wrong += differ(now.host.fixed[i], host->fixed[i]);
	for (i = 0; i < VPMU_NR_EXTRA_MSRS; i++)
		wrong += differ(now.host_extra[i], vpmu->host_extra[i]);
	return wrong + differ(now.host.perf_metrics, host->perf_metrics) +
	       differ(now.host.global_status & settable,
		      host->global_status & settable) +
	       differ(now.host.fixed_ctr_ctrl, host->fixed_ctr_ctrl) +
	       differ(now.host_lvtpc & ~LVT_DELIVERY_STATUS,
		      vpmu->host_lvtpc & ~LVT_DELIVERY_STATUS);
}

/* From any phase with a whole host copy: the host's PMU, running as it was. */
static void give_back(struct vpmu *vpmu, bool check)
{
	u64 unrestored;

	do {
		vpmu_forget_claim(vpmu);
		set_phase(vpmu, VPMU_PUT);
		write_host(vpmu);
		unrestored = check ? count_unrestored(vpmu) : 0;
	} while (!advance(vpmu, VPMU_PUT, VPMU_HOST));
	vpmu->unrestored += unrestored;
	/*
	 * An NMI here finds the host's PMU whole and stopped; perf turns it
	 * on, to this same value.
	 */
	hw_wrmsr(IA32_PERF_GLOBAL_CTRL, vpmu->host.global_ctrl);
}

int vpmu_load(struct vpmu *vpmu, struct vmcs *vmcs, bool give_up_waiting)
{
	u64 overflows;

	hw_note(HW_NOTE_LOAD, 0, 0);
	/*
	 * Read while the host still owns it: after the phase has changed, an
	 * NMI leaves 0 here.
	 */
	vpmu->host.global_ctrl = hw_rdmsr(IA32_PERF_GLOBAL_CTRL);
	set_phase(vpmu, VPMU_SAVE);
	hw_wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
	do {
		set_phase(vpmu, VPMU_SAVE);
		save_host(vpmu);
	} while (!advance(vpmu, VPMU_SAVE, VPMU_LOAD));

	overflows = host_overflows(vpmu);
	/* What has come since the last load has not been waited for. */
	if (give_up_waiting)
		vpmu->given_up |= overflows & vpmu->waited_for;
	vpmu->waited_for = overflows;
	if (host_overflows(vpmu)) {
		give_back(vpmu, false);
		hw_note(HW_NOTE_POSTPONED, 0, 0);
		return -EAGAIN;
	}
	vpmu_settle(vpmu);
	vmcs_write64(vmcs, GUEST_IA32_PERF_GLOBAL_CTRL, vpmu->guest.global_ctrl);
	vpmu->loads++;
	hw_note(HW_NOTE_LOADED, 0, 0);
	return 0;
}

void vpmu_settle(struct vpmu *vpmu)
{
	while (phase_of(vpmu) != VPMU_GUEST) {
		vpmu_forget_claim(vpmu);
		set_phase(vpmu, VPMU_LOAD);
		write_guest(vpmu);
		advance(vpmu, VPMU_LOAD, VPMU_GUEST);
	}
}

/* The guest's state as the hardware has it, in root mode: GLOBAL_CTRL is 0. */
static struct pmu_state guest_in_hw(const struct vpmu *vpmu)
{
	struct pmu_state state = vpmu->guest;

	save_counters(&vpmu->switched, &state);
	narrow(vpmu, &state);
	return state;
}

/*
 * Into a copy first: an NMI takes the guest's state out itself, and what is
 * read here after it is the host's.
 */
static void save_guest(struct vpmu *vpmu, enum vpmu_phase next)
{
	struct pmu_state saved;

	if (phase_of(vpmu) != VPMU_GUEST)
		return;
	saved = guest_in_hw(vpmu);
	if (advance(vpmu, VPMU_GUEST, next))
		vpmu->guest = saved;
}

void vpmu_fetch(struct vpmu *vpmu)
{
	note_pmi(vpmu);
	save_guest(vpmu, VPMU_LOAD);
}

/*
 * The hardware keeps it: writing the pair back would round the metrics. An NMI
 * behind the last look saves the very same values.
 */
void vpmu_peek(struct vpmu *vpmu)
{
	save_guest(vpmu, VPMU_GUEST);
}

void vpmu_put(struct vpmu *vpmu, struct vmcs *vmcs, bool check)
{
	hw_note(HW_NOTE_PUT, 0, 0);
	vpmu_fetch(vpmu);
	vpmu->guest.global_ctrl = vmcs_read64(vmcs, GUEST_IA32_PERF_GLOBAL_CTRL);
	give_back(vpmu, check);
	vpmu->puts++;
	hw_note(HW_NOTE_PUT_DONE, 0, 0);
}

/*
 * The host's PMU as it was at the matching load, so that perf's handler finds
 * its own counters and turns off and on what it believes to be running.
 */
void vpmu_nmi_enter(struct vpmu *vpmu)
{
	note_pmi(vpmu);
	switch (phase_of(vpmu)) {
	case VPMU_HOST:
		return;
	case VPMU_GUEST:
		vpmu->guest = guest_in_hw(vpmu);
		fallthrough;
	case VPMU_LOAD:
	case VPMU_LOAD_AGAIN:
	case VPMU_PUT:
	case VPMU_PUT_AGAIN:
		write_host(vpmu);
		break;
	case VPMU_SAVE:
	case VPMU_SAVE_AGAIN:
		break;
	}
	hw_wrmsr(IA32_PERF_GLOBAL_CTRL, vpmu->host.global_ctrl);
	vpmu->nmis++;
}

/* Reads of LVTPC, each of more than a hundred cycles: later than any PMI. */
enum { MAX_LVTPC_READS = 64 };

/*
 * The host has counted in the NMI handler. A PMI on its way would be lost, as in
 * a load; but there is no way back to the host from here, so wait. Delivered, it
 * has masked LVTPC, and comes with the end of this NMI.
 */
static void wait_for_host_pmi(struct vpmu *vpmu)
{
	int i;

	for (i = 0; i < MAX_LVTPC_READS && host_overflows(vpmu); i++)
		vpmu->host_lvtpc = hw_lvtpc_read();
}

void vpmu_nmi_leave(struct vpmu *vpmu)
{
	enum vpmu_phase phase = phase_of(vpmu);

	if (phase == VPMU_HOST)
		return;
	vpmu->host.global_ctrl = hw_rdmsr(IA32_PERF_GLOBAL_CTRL);
	hw_wrmsr(IA32_PERF_GLOBAL_CTRL, 0);
	switch (phase) {
	case VPMU_SAVE:
	case VPMU_SAVE_AGAIN:
		set_phase(vpmu, VPMU_SAVE_AGAIN);
		return;
	case VPMU_PUT:
	case VPMU_PUT_AGAIN:
		save_host(vpmu);
		set_phase(vpmu, VPMU_PUT_AGAIN);
		return;
	default:
		save_host(vpmu);
		wait_for_host_pmi(vpmu);
		hw_lvtpc_write(vpmu->host_lvtpc | LVT_MASKED);
		set_phase(vpmu, VPMU_LOAD_AGAIN);
	}
}
