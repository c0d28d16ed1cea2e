/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mediated PMU: the guest owns the hardware's counters while it runs, and
 * load and put switch their contents.
 *
 * An NMI can strike between any two instructions of a switch, VMX or not, and
 * Linux's perf handler then reads counters into its events and turns them back
 * on. So each NMI is bracketed: vpmu_nmi_enter() gives the host its PMU back
 * whole, vpmu_nmi_leave() takes it again, and the switch that was interrupted
 * starts over. enum vpmu_phase says how far it was.
 */
#ifndef VMX_VPMU_H
#define VMX_VPMU_H

#include "vmx/caps.h"
#include "vmx/filter.h"
#include "vmx/hw.h"

#include "tmavisor/pmu_arch.h"

struct vmcs;

/*
 * What a guest may put in a selector: AnyThread would count the host's other
 * threads, TSX and PEBS are not shown.
 */
#define VPMU_EVENTSEL_VALID						\
	(PERFEVTSEL_EVENT | PERFEVTSEL_UMASK | PERFEVTSEL_USR |		\
	 PERFEVTSEL_OS | PERFEVTSEL_EDGE | PERFEVTSEL_PC |		\
	 PERFEVTSEL_INT | PERFEVTSEL_EN | PERFEVTSEL_INV |		\
	 PERFEVTSEL_CMASK)

/*
 * Who owns what the hardware holds, and which copy in memory is whole. The
 * _AGAIN phases are set by vpmu_nmi_leave() alone: what the switch has done
 * since the phase began is void.
 */
enum vpmu_phase {
	VPMU_HOST,		/* hardware: the host's, running */
	VPMU_SAVE,		/* hardware: the host's, stopped; being saved */
	VPMU_SAVE_AGAIN,
	VPMU_LOAD,		/* hardware: a mix; both copies whole */
	VPMU_LOAD_AGAIN,
	VPMU_GUEST,		/* hardware: the guest's; host copy whole */
	VPMU_PUT,		/* hardware: a mix; both copies whole */
	VPMU_PUT_AGAIN,
};

/* Registers that MSRs and RDPMC show, of one owner. */
struct pmu_state {
	u64	gp[PMU_MAX_GP_COUNTERS];
	u64	eventsel[PMU_MAX_GP_COUNTERS];
	u64	fixed[PMU_MAX_FIXED_COUNTERS];
	u64	perf_metrics;
	u64	fixed_ctr_ctrl;
	u64	global_status;
	u64	global_ctrl;
};

/* The host has more that acts on counting; the guest has 0 in all of it. */
enum { VPMU_NR_EXTRA_MSRS = 7 };

/*
 * The guest's PMI. While its LVT entry takes one, the hardware's LVTPC delivers
 * it as an NMI: a VM exit if the guest runs, else an NMI in root mode. Either way
 * the local APIC sets the mask bit of LVTPC, which is how it is told from NMIs
 * that have another cause; and a vector, which NMIs ignore, tells the guest's
 * LVTPC from the host's. Changed by NMIs, so one word and atomic.
 */
enum {
	VPMU_PMI_ARMED	= 1,	/* the guest's LVT entry takes one */
	VPMU_PMI_OPEN	= 2,	/* LVTPC is about to be, or was, opened for it */
	VPMU_PMI_RAISED	= 4,	/* one came; the guest's local APIC is to be told */
	VPMU_PMI_OWED	= 8,	/* its NMI is to be claimed when Linux handles it */
	VPMU_PMI_AGAIN	= 16,	/* one was; see vpmu_claim_nmi() */
};

struct vpmu {
	const struct pmu_caps	*hw;
	u32			extra_msrs;
	struct pmu_caps		shown;		/* the guest's PMU */
	struct pmu_caps		switched;	/* what of hw load and put write */
	struct event_filter	filter;		/* what it may not count */
	struct pmu_state	guest;
	struct pmu_state	host;
	u64			host_extra[VPMU_NR_EXTRA_MSRS];
	u32			host_lvtpc;
	u32			phase;		/* enum vpmu_phase, changed by NMIs */
	u32			pmi;		/* VPMU_PMI_*, likewise */
	u64			loads;
	u64			puts;
	u64			nmis;		/* that interrupted a switch */
	u64			all_nmis;	/* on this CPU; the handler counts them */
	u64			unrestored;	/* registers that a checked put left wrong */
	/* Overflows of the host's that no PMI has come for; not waited for again. */
	u64			given_up;
	u64			waited_for;	/* those that the last load has found */
};

enum vpmu_policy { VPMU_TRAP, VPMU_PASS };

/* Bitmap of the extra MSRs that this CPU has; @structured is CPUID leaf 7. */
u32 vpmu_extra_msrs(const struct cpuid_regs4 *structured);

/* Show the guest the PMU @shown, a part of the CPU's; see profile_parse(). */
void vpmu_init(struct vpmu *vpmu, const struct cpu_caps *caps,
	       const struct pmu_caps *shown);
/* False: load and put leave fixed counter 3 and PERF_METRICS to the host. */
bool vpmu_uses_pair(const struct pmu_caps *shown);
/* The guest's registers as after RESET. */
void vpmu_reset(struct vpmu *vpmu);

/* Default deny; see vpmu_policy.c for why each that passes is safe. */
enum vpmu_policy vpmu_policy_msr(const struct pmu_caps *hw,
				 const struct pmu_caps *shown, u32 msr);
enum vpmu_policy vpmu_policy_rdpmc(const struct pmu_caps *hw,
				   const struct pmu_caps *shown);

/*
 * Host PMU out, guest PMU in. Interrupts off, a VMCS current. -EAGAIN, with
 * the host's PMU running as before, while an overflow of the host's waits for
 * its PMI: let that come first. @give_up_waiting: no PMI will come for those that
 * the load before has found as well.
 */
int vpmu_load(struct vpmu *vpmu, struct vmcs *vmcs, bool give_up_waiting);
/* Before each VM entry: make sure that the hardware holds the guest's PMU. */
void vpmu_settle(struct vpmu *vpmu);
/*
 * Guest PMU out, host PMU in, running as it was. @check: read all of it back
 * and count in vpmu->unrestored what is not as the load has saved it.
 */
void vpmu_put(struct vpmu *vpmu, struct vmcs *vmcs, bool check);

/* First and last thing of each NMI on this CPU. */
void vpmu_nmi_enter(struct vpmu *vpmu);
void vpmu_nmi_leave(struct vpmu *vpmu);
/*
 * True if that NMI was a PMI of the guest's, for which the host has no handler.
 * It may have been another NMI, while whose handler ran the PMI came: then its
 * own NMI was latched, and comes right behind. So one that does is claimed too.
 */
bool vpmu_claim_nmi(struct vpmu *vpmu);
/* After a slice, with NMIs not blocked: none is behind another any more. */
void vpmu_forget_claim(struct vpmu *vpmu);

/*
 * The next load is on another CPU: what is known of the last one's is not of this
 * one's. An overflow that was given up there may be waited for here, and an NMI
 * that is owed there doesn't come here.
 */
void vpmu_forget_host(struct vpmu *vpmu);

/* Before the guest's LVT entry is written: has a PMI come for it as it is? */
void vpmu_look_for_pmi(struct vpmu *vpmu);
/* The guest's LVT entry was written: it takes a PMI, or not. */
void vpmu_arm_pmi(struct vpmu *vpmu, bool armed);
/* True, once, if a PMI came for the guest. It is not armed then any more. */
bool vpmu_take_pmi(struct vpmu *vpmu);

/* Trapped accesses by the guest; false: the guest gets #GP(0). */
bool vpmu_rdmsr(struct vpmu *vpmu, u32 msr, u64 *val);
bool vpmu_wrmsr_valid(const struct vpmu *vpmu, u32 msr, u64 val);
/* Only what vpmu_wrmsr_valid() has allowed. */
void vpmu_wrmsr(struct vpmu *vpmu, u32 msr, u64 val);
bool vpmu_rdpmc(struct vpmu *vpmu, u64 rcx, u64 *val);
/*
 * An instruction was executed for the guest at privilege level @cpl: it counts
 * as retired, as it would have without a hypervisor.
 */
void vpmu_count_instruction(struct vpmu *vpmu, u32 cpl);
/* The selector that reaches the hardware: one that is denied does not count. */
u64 vpmu_eventsel_hw(const struct vpmu *vpmu, u32 counter);
u64 vpmu_fixed_ctr_ctrl_hw(const struct vpmu *vpmu);
/* What CPUID shows of the guest's PMU; @regs hold the host's. */
void vpmu_cpuid(const struct vpmu *vpmu, u32 leaf, u32 subleaf,
		u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);

/* The guest's counters and STATUS to vpmu->guest, for emulation that reads. */
void vpmu_peek(struct vpmu *vpmu);
/*
 * The guest's state from hardware to vpmu->guest, for emulation that
 * changes it; vpmu_settle() writes it back.
 */
void vpmu_fetch(struct vpmu *vpmu);
/* A counter of the guest's overflowed in emulation, and asks for a PMI. */
void vpmu_raise_pmi(struct vpmu *vpmu);

#endif
