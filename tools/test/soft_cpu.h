/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A logical CPU in software beneath the core: every function of vmx/hw.h, with
 * the PMU model inside.  By default a Sapphire Rapids under Linux; a test
 * changes what it wants to be different before it calls the core.
 *
 * Each hardware operation is a step and leaves a line in the trace.  Between
 * any two steps an NMI can be made to strike, and the k-th of several things
 * can be made to fail.
 */
#ifndef TOOLS_TEST_SOFT_CPU_H
#define TOOLS_TEST_SOFT_CPU_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tmavisor/pmu_arch.h"
#include "tools/sim/pmu/pmu.h"
#include "vmx/hw.h"
#include "vmx/notes.h"
#include "vmx/vpmu.h"

enum soft_op_kind {
	OP_RDMSR,
	OP_WRMSR,
	OP_RDPMC,
	OP_LVTPC_READ,
	OP_LVTPC_WRITE,
	OP_VMXON,
	OP_VMXOFF,
	OP_VMCLEAR,
	OP_VMPTRLD,
	OP_VMREAD,
	OP_VMWRITE,
	OP_INVEPT,
	OP_ENTRY,
	OP_EXIT,
	OP_NMI,			/* the handler begins */
	OP_NMI_END,
	OP_OTHER,		/* control registers, tables, selectors */
};

struct soft_op {
	enum soft_op_kind	kind;
	u32			index;		/* MSR, RDPMC selector, VMCS field, exit reason */
	u64			val;
	u64			global_ctrl;	/* of the hardware, before the operation */
	bool			nmi;		/* inside an NMI handler */
	bool			guest;
};

/* What a guest does, one line a VM-visible action; soft_guest.c runs it. */
enum guest_do {
	GUEST_RDMSR,		/* index */
	GUEST_WRMSR,		/* index, val */
	GUEST_RDPMC,		/* index */
	GUEST_CPUID,		/* index, val: subleaf */
	GUEST_COUNT,		/* val plain instructions */
	GUEST_SLOTS,		/* val instructions, each described to the model */
	GUEST_SWAPGS,
	GUEST_WRITE_CR2,	/* val */
	GUEST_VMCALL,		/* val: RAX */
	GUEST_TIMER,		/* the preemption timer expires */
	GUEST_INTERRUPT,	/* one of the host's comes */
	GUEST_NMI,		/* likewise */
	GUEST_EXCEPTION,	/* index: vector */
	GUEST_STI,
	GUEST_CLI,
	GUEST_IRET,		/* of the NMI handler */
	GUEST_EXIT,		/* index: basic exit reason, val: qualification */
};

struct guest_step {
	enum guest_do	what;
	u32		index;
	u64		val;
};

struct soft_result {
	bool			trapped;
	bool			fault;
	u64			val;
	struct cpuid_regs4	cpuid;
};

enum { SOFT_MAX_STEPS = 1024, SOFT_GUEST_INSN_LENGTH = 2 };
#define SOFT_GUEST_RIP	0x10000ULL

struct soft_guest {
	const struct guest_step	*steps;
	unsigned int		nr;
	struct soft_result	result[SOFT_MAX_STEPS];
	int			trapped;	/* step that waits for the host, or -1 */
	struct guest_regs	first_regs;	/* at the first entry */
	unsigned int		entries;
	unsigned int		vectors;	/* interrupts that it took */
	unsigned int		nmis;
	u32			last_vector;
	u64			insns;		/* executed in GUEST_COUNT and _SLOTS */
};

/*
 * Linux's perf as far as an NMI shows it.  Counters are numbered as in
 * GLOBAL_CTRL with the fixed ones from PERF_FIXED on.
 */
enum { PERF_FIXED = PMU_MAX_GP, PERF_COUNTERS = PMU_MAX_GP + PMU_MAX_FIXED };

struct soft_perf {
	u64		enabled;		/* GLOBAL_CTRL as perf wants it */
	u64		pebs_enabled;
	u64		period[PERF_COUNTERS];	/* 0: goes on counting */
	u64		prev[PERF_COUNTERS];
	u64		total[PERF_COUNTERS];	/* events up to prev[] */
	bool		throttle;		/* an overflow turns its counter off */
	unsigned int	handled;		/* overflows */
	unsigned int	nmis;
	unsigned int	idle_nmis;		/* without an overflow */
};

struct soft_cpuid {
	u32			leaf, subleaf;
	struct cpuid_regs4	regs;
};

struct soft_msr {
	u32	msr;
	u64	val;
	bool	absent;
};

/* The state that a VM exit touches, or that the host would miss. */
struct soft_regs {
	u64			cr0, cr2, cr3, cr4;
	u64			dr7;
	struct hw_table		gdt, idt;
	struct hw_selectors	sel;
	bool			tss_limit_lost;	/* true: the kernel was told */
	bool			tss_limit_wrong;
};

enum {
	SOFT_MAX_PAGES		= 64,
	SOFT_MAX_CPUID		= 8,
	SOFT_MAX_MSRS		= 40,
	SOFT_MAX_FIELDS		= 128,
	SOFT_MAX_VMCS		= 4,
	SOFT_MAX_OPS		= 1 << 16,
	SOFT_LOG_SIZE		= 1 << 18,
	SOFT_MAX_NMIS		= 2,
};

struct soft_page {
	void	*mem;
	u64	pa;
};

struct soft_vmcs {
	u64	pa;			/* 0: slot is free */
	bool	launched;
	u64	field[SOFT_MAX_FIELDS];	/* in the order of vmcs_fields.def */
};

/* Which occurrence fails, counted from 1 since soft_cpu_setup(); 0: none. */
struct soft_faults {
	unsigned int	page_at, vmx_at;
	enum hw_vmx	vmx_how;
	unsigned int	pages, vmxs;		/* so far */
	u32		last_vmx;		/* enum soft_op_kind of the one that failed */
	u32		last_field;		/* of it, if it was VMREAD or VMWRITE */
	unsigned int	entries_after;		/* VM entries tried since it failed */
	u32		missing_field;		/* VMWRITE and VMREAD fail; 0: none */
	u32		spoilt_field;		/* holds spoilt_val at VM entry; 0: none */
	u64		spoilt_val;
};

struct soft_cpu {
	struct pmu		pmu;
	struct pmu_model	model;
	struct soft_cpuid	cpuid[SOFT_MAX_CPUID];
	struct soft_msr		msrs[SOFT_MAX_MSRS];
	struct soft_regs	regs;
	u32			stuck_msr;	/* WRMSR has no effect; 0: none */
	u32			lvtpc;
	u64			tsc;

	bool			vmx_on;
	bool			machine_check_on_entry;
	unsigned int		machine_checks;	/* delivered to the host */
	struct soft_vmcs	*current;
	struct soft_vmcs	vmcs[SOFT_MAX_VMCS];
	struct soft_guest	guest;

	struct soft_page	pages[SOFT_MAX_PAGES];
	unsigned int		pages_in_use;
	struct soft_faults	faults;

	struct notes		*notes;		/* NULL: nobody watches */

	struct vpmu		*vpmu;		/* whose NMI brackets are called */
	struct soft_perf	perf;
	unsigned int		steps;		/* outside NMI handlers */
	unsigned int		nmi_at[SOFT_MAX_NMIS];	/* before this step; 0: none */
	bool			nmi_in_handler;	/* one more while the first is handled */
	unsigned int		injected;
	bool			nmi_pending, nmi_blocked, in_nmi;
	bool			in_window;	/* of entry.S, where NMIs come too late */
	unsigned int		nmis;		/* taken */
	bool			nmi_has_cause;	/* the one that is pending or handled */
	unsigned int		unknown_nmis;	/* that neither perf nor the module wants */

	/*
	 * Accesses of the guest's that don't trap count as instructions, which
	 * those that trap leave to the hypervisor.
	 */
	bool			counts_accesses;
	/* The guest writes counters that count, and half of a pair. */
	bool			careless_guest;
	bool			guest_writes;	/* just now */
	/* With @ticks the host retires an instruction at each step. */
	bool			ticks;
	u64			host_insns;	/* while fixed counter 0 counted them */
	unsigned int		pmi_skid;	/* steps from overflow to LVTPC */
	unsigned int		pmi_in;
	unsigned int		pmis, pmis_dropped;

	struct soft_op		*ops;
	unsigned int		nr_ops;
	char			*log;
	size_t			log_len;

	/* What software must never do; teardown wants none of the first two. */
	unsigned int		complaints;
	char			complaint[256];
	unsigned int		written_while_counting;
	unsigned int		order_complaints;	/* of the pair */
	bool			any_order;		/* NMIs tear pairs apart */
};

/* For cmocka: a Sapphire Rapids at rest in Linux, perf with nothing to do. */
int soft_cpu_setup(void **state);
/* Wants no complaint and no page left. */
int soft_cpu_teardown(void **state);

/* Registers without trace or step; tests look and arrange with these. */
u64 soft_msr(struct soft_cpu *cpu, u32 msr);
void soft_set_msr(struct soft_cpu *cpu, u32 msr, u64 val);
void soft_set_status(struct soft_cpu *cpu, u64 status);
void soft_remove_msr(struct soft_cpu *cpu, u32 msr);
struct cpuid_regs4 *soft_cpuid(struct soft_cpu *cpu, u32 leaf);
/* After a change of cpu->model. */
void soft_rebuild_pmu(struct soft_cpu *cpu);

bool soft_logged(const struct soft_cpu *cpu, const char *what);
/* Lines of errors since soft_forget_log(). */
unsigned int soft_errors(const struct soft_cpu *cpu);
void soft_forget_log(struct soft_cpu *cpu);
void soft_forget_trace(struct soft_cpu *cpu);

/* All that a host owns of counting, to be compared before and after. */
enum { SNAPSHOT_MSRS = 48 };
struct soft_snapshot {
	u64	msr[SNAPSHOT_MSRS];
	u32	lvtpc;
};
void soft_snapshot(struct soft_cpu *cpu, struct soft_snapshot *snap);
void soft_assert_as_before(struct soft_cpu *cpu, const struct soft_snapshot *before);

/* Valid values in every register of the host's PMU, extra MSRs included. */
void soft_random_host(struct soft_cpu *cpu, u64 *seed);
void soft_random_state(const struct soft_cpu *cpu, struct pmu_state *state, u64 *seed);
/* Numbers that look random and are the same in every run. */
u64 soft_random(u64 *seed);

/* In the VMCS at @pa, current or not, without VMWRITE. */
void soft_set_vmcs_field(struct soft_cpu *cpu, u64 pa, u32 encoding, u64 val);

/* For the files of the software CPU only. */
extern struct soft_cpu *soft_cpu;
void soft_step(void);
void soft_trace(enum soft_op_kind kind, u32 index, u64 val);
void soft_complain(struct soft_cpu *cpu, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct soft_page *soft_page_at(struct soft_cpu *cpu, u64 pa);
void soft_take_nmi(struct soft_cpu *cpu);
void soft_perf_nmi(struct soft_cpu *cpu);
void soft_pmi_skid_step(struct soft_cpu *cpu);
void soft_cpu_defaults(struct soft_cpu *cpu);
u64 *soft_field(struct soft_cpu *cpu, u32 encoding);
/* Until the next VM exit; its basic reason. The VMCS has the rest. */
u32 soft_guest_run(struct soft_cpu *cpu, struct guest_regs *regs);

#endif
