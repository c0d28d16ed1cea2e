/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The performance monitoring unit of a simulated Sapphire Rapids, one struct
 * a logical CPU: plain C11, no Bochs and no Linux, so that the simulated
 * machine and the unit tests link the very same code.
 *
 * What it owns: every PMU MSR's value, the counters, the hidden accumulators
 * behind PERF_METRICS.  What it does not own: time, CPL, VMX and the local
 * APIC.  Whoever embeds it says which instructions retired (pmu_count_plain()
 * in bulk, pmu_count_insn() one by one) and delivers the PMI that the
 * callback asks for.
 *
 * Return values: PMU_OK, PMU_GP (the access raises #GP(0) and changes
 * nothing), PMU_NOT_MINE (no MSR of this PMU: the embedder decides).
 */
#ifndef TOOLS_SIM_PMU_PMU_H
#define TOOLS_SIM_PMU_PMU_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sim/pmu/pipeline.h"

enum pmu_result { PMU_OK, PMU_GP, PMU_NOT_MINE };

enum {
	PMU_MAX_GP	= 8,
	PMU_MAX_FIXED	= 4,
	PMU_METRICS	= 8,	/* fields of PERF_METRICS: 4 of level 1, 4 of level 2 */
};

/* What distinguishes one CPU variant from another; constant after pmu_init(). */
struct pmu_model {
	unsigned int	version;		/* CPUID.0AH:EAX[7:0] */
	unsigned int	nr_gp;			/* 0 to PMU_MAX_GP */
	unsigned int	gp_width;		/* bits, 32 to 48 */
	unsigned int	fixed_mask;		/* bitmap, CPUID.0AH:ECX */
	unsigned int	fixed_width;		/* bits */
	uint64_t	perf_capabilities;	/* IA32_PERF_CAPABILITIES */
	bool		level2;			/* PERF_METRICS[63:32] exist */
};

extern const struct pmu_model pmu_model_spr;

struct pmu_ops {
	/* A counter with its interrupt enabled overflowed: raise a PMI. */
	void (*pmi)(void *ctx);
	/*
	 * Strict mode: the pair FIXED_CTR3, PERF_METRICS was written in the
	 * wrong order, or a counter was written while it was counting.
	 */
	void (*strict)(void *ctx, const char *what);
};

struct pmu {
	const struct pmu_model	*model;
	const struct pmu_ops	*ops;
	void			*ctx;

	uint64_t	gp[PMU_MAX_GP];
	uint64_t	fixed[PMU_MAX_FIXED];
	uint64_t	eventsel[PMU_MAX_GP];
	uint64_t	fixed_ctr_ctrl;
	uint64_t	global_ctrl;
	uint64_t	global_status;
	uint64_t	pebs_enable;
	uint64_t	pebs_data_cfg;
	uint64_t	pebs_ld_lat;
	uint64_t	frontend;
	uint64_t	offcore_rsp[2];
	uint64_t	ds_area;
	uint64_t	debugctl;
	uint64_t	misc_enable;

	/*
	 * PERF_METRICS is no register but a ratio: metric_acc[k] holds the
	 * slots of metric k in units of 1/255 slot, so that a byte written is
	 * a byte read back for any value of FIXED_CTR3 but 0.
	 */
	uint64_t	metric_acc[PMU_METRICS];
	bool		pair_fresh;	/* FIXED_CTR3 was the last MSR written */
	bool		pair_owed;	/* and the metrics it belongs to are not yet */

	/* Of counters that count by CMASK or EDGE. */
	uint64_t	gp_in_cycle[PMU_MAX_GP];	/* events in the cycle under way */
	bool		gp_level[PMU_MAX_GP];		/* condition in the last cycle */

	unsigned int	spare_slots;	/* of the cycle under way */
	bool		pmi_due;
	struct pipeline	pipe;

	/* Derived from the above by pmu_update(); read-only elsewhere. */
	uint64_t	counting[2];	/* as GLOBAL_CTRL has them; CPL 0, CPL > 0 */
	bool		counts_slots;	/* so cycles are slots, not instructions */
	bool		needs_insns;
};

void pmu_init(struct pmu *pmu, const struct pmu_model *model,
	      const struct pmu_ops *ops, void *ctx);
void pmu_free(struct pmu *pmu);
/* RESET: every register at its value after power-up. */
void pmu_reset(struct pmu *pmu);

enum pmu_result pmu_rdmsr(struct pmu *pmu, uint32_t msr, uint64_t *val);
enum pmu_result pmu_wrmsr(struct pmu *pmu, uint32_t msr, uint64_t val);
/*
 * RDPMC after the privilege check and the VM-exit check, which are the CPU's.
 * Only PMU_OK and PMU_GP.
 */
enum pmu_result pmu_rdpmc(const struct pmu *pmu, uint32_t ecx, uint64_t *val);
/* CPUID.0AH as the model has it: EAX, EBX, ECX, EDX. */
void pmu_cpuid_0xa(const struct pmu_model *model, uint32_t regs[4]);
/* "IA32_FIXED_CTR3" and the like, or NULL if @msr is not this PMU's. */
const char *pmu_msr_name(uint32_t msr);

/* Bits that GLOBAL_CTRL has; the others fault, and fail a VM entry. */
uint64_t pmu_global_ctrl_valid(const struct pmu_model *model);

/*
 * @insns instructions retired at privilege level @cpl that need no look of
 * their own (pmu_needs_insns() is false); @ref reference cycles went by, as
 * many as instructions unless the embedder knows better.
 */
void pmu_count_plain(struct pmu *pmu, uint64_t insns, uint64_t ref,
		     unsigned int cpl);
/*
 * One instruction retired, in one reference cycle; to be used while
 * pmu_needs_insns() is true.
 */
void pmu_count_insn(struct pmu *pmu, const struct insn *insn, unsigned int cpl);

/*
 * A VM exit: what is under way ends first, in the time of whom it belongs to.
 * Takes slots and cycles, retires nothing.
 */
void pmu_drain(struct pmu *pmu, unsigned int cpl);

/* An enabled counter or the metrics need every instruction described. */
static inline bool pmu_needs_insns(const struct pmu *pmu)
{
	return pmu->needs_insns;
}

/*
 * How many plain instructions at @cpl until the first counter overflows;
 * UINT64_MAX if none will.
 */
uint64_t pmu_plain_until_overflow(const struct pmu *pmu, unsigned int cpl);

/*
 * LVT Performance Counter register: what a PMI does now.  Delivery sets the
 * mask bit of @lvt, as the local APIC does.
 */
enum pmi_delivery { PMI_MASKED, PMI_FIXED, PMI_NMI };
enum pmi_delivery pmi_deliver(uint32_t *lvt, uint8_t *vector);

#endif
