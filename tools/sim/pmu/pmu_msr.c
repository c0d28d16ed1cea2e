// SPDX-License-Identifier: GPL-2.0
/*
 * RDMSR, WRMSR and RDPMC: which registers a model has, which bits they have,
 * and what reading and writing does.  A write that faults changes nothing.
 */
#include "tools/sim/pmu/pmu_internal.h"

#include <stddef.h>

/* The architecture has a place for eight; the MSRs are this PMU's even if absent. */
#define EIGHT(name) \
	{ name##0 + 0, #name "0" }, { name##0 + 1, #name "1" }, \
	{ name##0 + 2, #name "2" }, { name##0 + 3, #name "3" }, \
	{ name##0 + 4, #name "4" }, { name##0 + 5, #name "5" }, \
	{ name##0 + 6, #name "6" }, { name##0 + 7, #name "7" }
#define ONE(name) { name, #name }

static const struct {
	uint32_t	msr;
	const char	*name;
} msr_names[] = {
	EIGHT(IA32_PMC),
	EIGHT(IA32_PERFEVTSEL),
	EIGHT(IA32_A_PMC),
	ONE(IA32_FIXED_CTR0),
	ONE(IA32_FIXED_CTR1),
	ONE(IA32_FIXED_CTR2),
	ONE(IA32_FIXED_CTR3),
	ONE(IA32_MISC_ENABLE),
	ONE(OFFCORE_RSP_0),
	ONE(OFFCORE_RSP_1),
	ONE(IA32_DEBUGCTL),
	ONE(IA32_PERF_METRICS),
	ONE(IA32_PERF_CAPABILITIES),
	ONE(IA32_FIXED_CTR_CTRL),
	ONE(IA32_PERF_GLOBAL_STATUS),
	ONE(IA32_PERF_GLOBAL_CTRL),
	ONE(IA32_PERF_GLOBAL_STATUS_RESET),
	ONE(IA32_PERF_GLOBAL_STATUS_SET),
	ONE(IA32_PERF_GLOBAL_INUSE),
	ONE(IA32_PEBS_ENABLE),
	ONE(IA32_PEBS_DATA_CFG),
	ONE(PEBS_LD_LAT),
	ONE(PEBS_FRONTEND),
	ONE(IA32_DS_AREA),
};

const char *pmu_msr_name(uint32_t msr)
{
	for (size_t i = 0; i < sizeof(msr_names) / sizeof(msr_names[0]); i++) {
		if (msr_names[i].msr == msr)
			return msr_names[i].name;
	}
	return NULL;
}

/*
 * Valid bits
 */

#define OFFCORE_RSP_VALID	0x3fffffffffULL
/* The union over the events that use it; which one is selected is not checked. */
#define FRONTEND_VALID		0x7fff1fULL
#define LD_LAT_VALID		0xffffULL
/* Groups of a record: memory, registers, XMM, LBR; then LBR entries. */
#define PEBS_DATA_CFG_VALID	0xff00000fULL

#define DEBUGCTL_VALID \
	(DEBUGCTL_LBR | DEBUGCTL_BTF | DEBUGCTL_BLD | DEBUGCTL_TR | DEBUGCTL_BTS | \
	 DEBUGCTL_BTINT | DEBUGCTL_BTS_OFF_OS | DEBUGCTL_BTS_OFF_USR | \
	 DEBUGCTL_FREEZE_LBRS_ON_PMI | DEBUGCTL_FREEZE_PERFMON_ON_PMI | \
	 DEBUGCTL_UNCORE_PMI | DEBUGCTL_FREEZE_WHILE_SMM | DEBUGCTL_RTM_DEBUG)

#define MISC_ENABLE_WRITABLE \
	(MISC_ENABLE_FAST_STRING | MISC_ENABLE_THERMAL | MISC_ENABLE_EIST | \
	 MISC_ENABLE_MWAIT | MISC_ENABLE_LIMIT_CPUID | MISC_ENABLE_XTPR_DISABLE | \
	 MISC_ENABLE_XD_DISABLE | MISC_ENABLE_TURBO_DISABLE)
#define MISC_ENABLE_READ_ONLY \
	(MISC_ENABLE_PERFMON | MISC_ENABLE_BTS_UNAVAIL | MISC_ENABLE_PEBS_UNAVAIL)

/* With 5-level paging in the CPU, whether or not it is switched on. */
enum { LINEAR_ADDRESS_BITS = 48 };

static bool is_canonical(uint64_t addr)
{
	uint64_t high = addr >> (LINEAR_ADDRESS_BITS - 1);

	return !high || high == UINT64_MAX >> (LINEAR_ADDRESS_BITS - 1);
}

static bool has_anythread(const struct pmu_model *model)
{
	return model->version >= PERFMON_V3 && model->version < PERFMON_V5;
}

static uint64_t eventsel_valid(const struct pmu_model *model, unsigned int i)
{
	uint64_t valid = PERFEVTSEL_EVENT | PERFEVTSEL_UMASK | PERFEVTSEL_USR |
			 PERFEVTSEL_OS | PERFEVTSEL_EDGE | PERFEVTSEL_PC |
			 PERFEVTSEL_INT | PERFEVTSEL_EN | PERFEVTSEL_INV |
			 PERFEVTSEL_CMASK | PERFEVTSEL_IN_TX;

	if (i == PERFEVTSEL_IN_TXCP_COUNTER)
		valid |= PERFEVTSEL_IN_TXCP;
	if (pmu_has_cap(model, PERFCAP_PEBS_BASELINE))
		valid |= PERFEVTSEL_ADAPTIVE;
	if (has_anythread(model))
		valid |= PERFEVTSEL_ANY;
	return valid;
}

static uint64_t fixed_ctr_ctrl_valid(const struct pmu_model *model)
{
	uint64_t valid = 0;

	for (unsigned int i = 0; i < PMU_MAX_FIXED; i++) {
		if (!pmu_has_fixed(model, i))
			continue;
		valid |= FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i) |
			 FIXED_CTR_CTRL_PMI(i);
		if (pmu_has_cap(model, PERFCAP_PEBS_BASELINE))
			valid |= FIXED_CTR_CTRL_ADAPTIVE(i);
		if (has_anythread(model))
			valid |= FIXED_CTR_CTRL_ANY(i);
	}
	return valid;
}

static uint64_t pebs_enable_valid(const struct pmu_model *model)
{
	/* Only with the baseline do fixed counters take part. */
	if (pmu_has_cap(model, PERFCAP_PEBS_BASELINE))
		return pmu_counter_bits(model);
	return width_mask(model->nr_gp);
}

/*
 * Registers that hold what is written, as long as the bits exist
 */

struct storage {
	uint64_t	*value;		/* NULL: no such register */
	uint64_t	valid;
};

static struct storage storage_of(struct pmu *pmu, uint32_t msr)
{
	const struct pmu_model *model = pmu->model;

	switch (msr) {
	case OFFCORE_RSP_0:
		return (struct storage) { &pmu->offcore_rsp[0], OFFCORE_RSP_VALID };
	case OFFCORE_RSP_1:
		return (struct storage) { &pmu->offcore_rsp[1], OFFCORE_RSP_VALID };
	case IA32_DEBUGCTL:
		return (struct storage) { &pmu->debugctl, DEBUGCTL_VALID };
	case PEBS_LD_LAT:
		return (struct storage) { &pmu->pebs_ld_lat, LD_LAT_VALID };
	case PEBS_FRONTEND:
		return (struct storage) { &pmu->frontend, FRONTEND_VALID };
	case IA32_PEBS_ENABLE:
		return (struct storage) { &pmu->pebs_enable, pebs_enable_valid(model) };
	case IA32_PEBS_DATA_CFG:
		if (!pmu_has_cap(model, PERFCAP_PEBS_BASELINE))
			break;
		return (struct storage) { &pmu->pebs_data_cfg, PEBS_DATA_CFG_VALID };
	case IA32_FIXED_CTR_CTRL:
		if (model->version < PERFMON_V2)
			break;
		return (struct storage) { &pmu->fixed_ctr_ctrl,
					  fixed_ctr_ctrl_valid(model) };
	case IA32_PERF_GLOBAL_CTRL:
		if (model->version < PERFMON_V2)
			break;
		return (struct storage) { &pmu->global_ctrl,
					  pmu_global_ctrl_valid(model) };
	}
	return (struct storage) { NULL, 0 };
}

/*
 * Banks of numbered registers
 */

static bool in_bank(uint32_t msr, uint32_t first, unsigned int nr, unsigned int *i)
{
	*i = msr - first;
	return msr >= first && *i < nr;
}

/* The counter behind either of its addresses, or NULL. */
static uint64_t *gp_counter(struct pmu *pmu, uint32_t msr)
{
	bool full_width = pmu_has_cap(pmu->model, PERFCAP_FULL_WIDTH_WRITE);
	unsigned int i;

	if (in_bank(msr, IA32_PMC0, pmu->model->nr_gp, &i))
		return &pmu->gp[i];
	if (full_width && in_bank(msr, IA32_A_PMC0, pmu->model->nr_gp, &i))
		return &pmu->gp[i];
	return NULL;
}

static bool is_fixed_counter(const struct pmu *pmu, uint32_t msr, unsigned int *i)
{
	return in_bank(msr, IA32_FIXED_CTR0, PMU_MAX_FIXED, i) &&
	       pmu_has_fixed(pmu->model, *i);
}

/*
 * RDMSR
 */

static uint64_t global_inuse(const struct pmu *pmu)
{
	uint64_t inuse = 0;

	for (unsigned int i = 0; i < pmu->model->nr_gp; i++) {
		if (pmu->eventsel[i] & PERFEVTSEL_EVENT)
			inuse |= GLOBAL_GP(i);
		if (pmu->eventsel[i] & PERFEVTSEL_INT)
			inuse |= GLOBAL_INUSE_PMI;
	}
	for (unsigned int i = 0; i < PMU_MAX_FIXED; i++) {
		if (pmu->fixed_ctr_ctrl & (FIXED_CTR_CTRL_OS(i) | FIXED_CTR_CTRL_USR(i)))
			inuse |= GLOBAL_FIXED(i);
		if (pmu->fixed_ctr_ctrl & FIXED_CTR_CTRL_PMI(i))
			inuse |= GLOBAL_INUSE_PMI;
	}
	return inuse;
}

static enum pmu_result give(uint64_t *val, uint64_t what)
{
	*val = what;
	return PMU_OK;
}

static enum pmu_result read_special(const struct pmu *pmu, uint32_t msr, uint64_t *val)
{
	unsigned int version = pmu->model->version;

	switch (msr) {
	case IA32_MISC_ENABLE:
		return give(val, pmu->misc_enable);
	case IA32_DS_AREA:
		return give(val, pmu->ds_area);
	case IA32_PERF_CAPABILITIES:
		return give(val, pmu->model->perf_capabilities);
	case IA32_PERF_METRICS:
		if (!pmu_has_cap(pmu->model, PERFCAP_PERF_METRICS))
			return PMU_GP;
		return give(val, metrics_read(pmu));
	case IA32_PERF_GLOBAL_STATUS:
		if (version < PERFMON_V2)
			return PMU_GP;
		return give(val, pmu->global_status);
	case IA32_PERF_GLOBAL_STATUS_RESET:
		return version < PERFMON_V2 ? PMU_GP : give(val, 0);
	case IA32_PERF_GLOBAL_STATUS_SET:
		return version < PERFMON_V4 ? PMU_GP : give(val, 0);
	case IA32_PERF_GLOBAL_INUSE:
		return version < PERFMON_V4 ? PMU_GP : give(val, global_inuse(pmu));
	}
	return PMU_GP;
}

enum pmu_result pmu_rdmsr(struct pmu *pmu, uint32_t msr, uint64_t *val)
{
	struct storage storage = storage_of(pmu, msr);
	uint64_t *counter = gp_counter(pmu, msr);
	unsigned int i;

	if (!pmu_msr_name(msr))
		return PMU_NOT_MINE;
	if (storage.value)
		return give(val, *storage.value);
	if (counter)
		return give(val, *counter);
	if (in_bank(msr, IA32_PERFEVTSEL0, pmu->model->nr_gp, &i))
		return give(val, pmu->eventsel[i]);
	if (is_fixed_counter(pmu, msr, &i))
		return give(val, pmu->fixed[i]);
	return read_special(pmu, msr, val);
}

/*
 * WRMSR
 */

static enum pmu_result write_gp_counter(struct pmu *pmu, uint32_t msr, uint64_t val)
{
	uint64_t mask = width_mask(pmu->model->gp_width);

	/* The legacy address takes EAX alone and extends its sign. */
	if (msr < IA32_A_PMC0)
		val = (uint64_t)(int32_t)val & mask;
	if (val & ~mask)
		return PMU_GP;

	*gp_counter(pmu, msr) = val;
	return PMU_OK;
}

static enum pmu_result write_fixed_counter(struct pmu *pmu, unsigned int i, uint64_t val)
{
	if (val & ~width_mask(pmu->model->fixed_width))
		return PMU_GP;

	pmu->fixed[i] = val;
	return PMU_OK;
}

static enum pmu_result write_eventsel(struct pmu *pmu, unsigned int i, uint64_t val)
{
	if (val & ~eventsel_valid(pmu->model, i))
		return PMU_GP;

	pmu->eventsel[i] = val;
	pmu->gp_in_cycle[i] = 0;
	pmu->gp_level[i] = false;
	return PMU_OK;
}

static enum pmu_result write_metrics(struct pmu *pmu, uint64_t val)
{
	if (!pmu_has_cap(pmu->model, PERFCAP_PERF_METRICS))
		return PMU_GP;

	metrics_write(pmu, val);
	return PMU_OK;
}

static enum pmu_result write_misc_enable(struct pmu *pmu, uint64_t val)
{
	if (val & ~(MISC_ENABLE_WRITABLE | MISC_ENABLE_READ_ONLY))
		return PMU_GP;

	pmu->misc_enable = (pmu->misc_enable & MISC_ENABLE_READ_ONLY) |
			   (val & MISC_ENABLE_WRITABLE);
	return PMU_OK;
}

static enum pmu_result write_ds_area(struct pmu *pmu, uint64_t val)
{
	if (!is_canonical(val))
		return PMU_GP;

	pmu->ds_area = val;
	return PMU_OK;
}

static enum pmu_result change_status(struct pmu *pmu, uint64_t clear, uint64_t set)
{
	if ((clear | set) & ~pmu_global_status_valid(pmu->model))
		return PMU_GP;

	pmu->global_status = (pmu->global_status & ~clear) | set;
	return PMU_OK;
}

static enum pmu_result write_special(struct pmu *pmu, uint32_t msr, uint64_t val)
{
	unsigned int version = pmu->model->version;

	switch (msr) {
	case IA32_MISC_ENABLE:
		return write_misc_enable(pmu, val);
	case IA32_DS_AREA:
		return write_ds_area(pmu, val);
	case IA32_PERF_METRICS:
		return write_metrics(pmu, val);
	case IA32_PERF_GLOBAL_STATUS_RESET:
		return version < PERFMON_V2 ? PMU_GP : change_status(pmu, val, 0);
	case IA32_PERF_GLOBAL_STATUS_SET:
		return version < PERFMON_V4 ? PMU_GP : change_status(pmu, 0, val);
	}
	/* STATUS, INUSE and PERF_CAPABILITIES are read-only; the rest is absent. */
	return PMU_GP;
}

static enum pmu_result write_msr(struct pmu *pmu, uint32_t msr, uint64_t val)
{
	struct storage storage = storage_of(pmu, msr);
	unsigned int i;

	if (storage.value) {
		if (val & ~storage.valid)
			return PMU_GP;
		*storage.value = val;
		return PMU_OK;
	}
	if (gp_counter(pmu, msr))
		return write_gp_counter(pmu, msr, val);
	if (in_bank(msr, IA32_PERFEVTSEL0, pmu->model->nr_gp, &i))
		return write_eventsel(pmu, i, val);
	if (is_fixed_counter(pmu, msr, &i))
		return write_fixed_counter(pmu, i, val);
	return write_special(pmu, msr, val);
}

/*
 * Strict mode.  All of it is legal, and none of it is what software means.
 */

static void complain(struct pmu *pmu, const char *what)
{
	if (pmu->ops->strict)
		pmu->ops->strict(pmu->ctx, what);
}

/* The GLOBAL_CTRL bit of what @msr holds; 0 for registers that don't count. */
static uint64_t counter_bit(uint32_t msr)
{
	unsigned int i;

	if (in_bank(msr, IA32_PMC0, PMU_MAX_GP, &i) ||
	    in_bank(msr, IA32_A_PMC0, PMU_MAX_GP, &i))
		return GLOBAL_GP(i);
	if (in_bank(msr, IA32_FIXED_CTR0, PMU_MAX_FIXED, &i))
		return GLOBAL_FIXED(i);
	return msr == IA32_PERF_METRICS ? GLOBAL_CTRL_METRICS : 0;
}

/* What is wrong with a write of @msr after all those before it? */
static void check_order(struct pmu *pmu, uint32_t msr, uint64_t val)
{
	if (pmu_is_counting(pmu, counter_bit(msr)))
		complain(pmu, "counter written while it counts");
	if (msr == IA32_PERF_METRICS && val && !pmu->pair_fresh)
		complain(pmu, "PERF_METRICS written without FIXED_CTR3 right before it");
	if (msr != IA32_PERF_METRICS && pmu->pair_owed)
		complain(pmu, "FIXED_CTR3 written without PERF_METRICS right after it");
}

static void note_order(struct pmu *pmu, uint32_t msr)
{
	pmu->pair_fresh = msr == IA32_FIXED_CTR3;
	pmu->pair_owed = pmu->pair_fresh && !metrics_are_zero(pmu);
}

enum pmu_result pmu_wrmsr(struct pmu *pmu, uint32_t msr, uint64_t val)
{
	enum pmu_result result;

	if (!pmu_msr_name(msr))
		return PMU_NOT_MINE;
	result = write_msr(pmu, msr, val);
	if (result != PMU_OK)
		return result;

	/* Still by what counted before the write. */
	check_order(pmu, msr, val);
	note_order(pmu, msr);
	pmu_update(pmu);
	return PMU_OK;
}

/*
 * RDPMC
 */

/*
 * The SDM leaves the index of the metrics type to the implementation; this one
 * has one register, so anything but 0 is out of range.
 */
enum pmu_result pmu_rdpmc(const struct pmu *pmu, uint32_t ecx, uint64_t *val)
{
	uint32_t index = ecx & RDPMC_INDEX;

	switch (ecx >> RDPMC_TYPE_SHIFT) {
	case RDPMC_TYPE_GP:
		if (index >= pmu->model->nr_gp)
			return PMU_GP;
		return give(val, pmu->gp[index]);
	case RDPMC_TYPE_FIXED:
		if (!pmu_has_fixed(pmu->model, index))
			return PMU_GP;
		return give(val, pmu->fixed[index]);
	case RDPMC_TYPE_METRICS:
		if (index || !pmu_has_cap(pmu->model, PERFCAP_PERF_METRICS))
			return PMU_GP;
		return give(val, metrics_read(pmu));
	}
	return PMU_GP;
}
