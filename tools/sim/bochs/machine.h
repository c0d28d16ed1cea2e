/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The simulated machine: what stands between Bochs, which executes, and the
 * PMU model, which counts.  One struct vcpu a logical CPU.
 */
#ifndef TOOLS_SIM_BOCHS_MACHINE_H
#define TOOLS_SIM_BOCHS_MACHINE_H

#include "bochs.h"
#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/decoder/ia_opcodes.h"
#include "pc_system.h"

extern "C" {
#include "include/tmavisor/pmu_arch.h"
#include "tools/sim/pmu/pmu.h"
#include "tools/sim/bochs/sim_msr.h"
}

enum {
	SIM_MAX_CPUS	= 8,
	/*
	 * Instructions of a CPU until it is another's turn, at the end of the
	 * trace: a trace has at most as many.
	 */
	SIM_TURN	= 32,
};

/* A CPU variant: how it differs from Sapphire Rapids as it is sold. */
struct variant {
	const char		*name;
	struct pmu_model	pmu;
	const char		*vendor;	/* CPUID.0, twelve characters */
	Bit32u			feature_control;/* what the firmware left in it */
	bool			has_vmx;
	Bit32u			no_vmx_extensions;	/* BX_VMX_* */
	Bit32u			no_entry_ctls;	/* bits of the VM-entry controls */
	Bit32u			no_exit_ctls;
};

/* A span of the host's with interrupts off, in terms of count_retired(). */
struct irqs_off {
	bool	off;
	bool	vmx;		/* VMX root was entered in it */
	Bit64u	begin;
	Bit64u	since;		/* the last VM entry or exit */
	Bit64u	guest;		/* instructions of guests */
	Bit64u	stretch;	/* the longest without one, but for the last */
};

struct vcpu {
	unsigned int	id;
	const struct variant *variant;
	struct pmu	pmu;
	bool		written_by_guest; /* the last WRMSR to it was in guest mode */

	/*
	 * Bochs's icount up to which instructions are accounted for.  It runs
	 * ahead of icount where icount will advance without an instruction
	 * retiring: by one for each fault and VM exit, and for each iteration
	 * of a REP instruction but the last.
	 */
	Bit64u		counted;
	Bit64u		ref_counted;	/* the same for reference cycles */
	Bit64u		retired;	/* since power-on, as far as accounted for */
	unsigned int	cpl;		/* of instructions not yet accounted for */
	bool		resolve;	/* something to see to before the next one */
	bool		lock_firmware;	/* IA32_FEATURE_CONTROL was just written */

	struct insn	insn;		/* the current one, while described */
	bool		describing;

	int		timer;		/* for the next overflow in bulk counting */
	bool		armed;
	Bit64u		deadline;	/* in terms of counted */

	/* Index: in a guest.  Depth counts interrupts nested in the NMI handler. */
	bool		nmi[2];
	unsigned int	nmi_depth[2];

	/* sweep.cc: what FIXED_CTR0 counted of the host's; NMIs without an owner */
	Bit64u		host_count;
	Bit64u		host_overflows;
	unsigned int	unclaimed_nmis;
	unsigned int	place;		/* enum sweep_place, the last one */

	struct irqs_off	irqs_off;
};

extern struct vcpu vcpus[SIM_MAX_CPUS];

static inline bool in_guest(const struct vcpu *vcpu)
{
	return BX_CPU(vcpu->id)->in_vmx_guest;
}

/* count.cc: who has retired so far, and with which PMU state it is counted */

/* Brings the PMU up to date: all instructions before the current one. */
void count_settle(struct vcpu *vcpu);
/* The current instruction too; its effects on the PMU come after. */
void count_retire(struct vcpu *vcpu);
/* How many have retired, in host and guest, before the current one. */
Bit64u count_retired(const struct vcpu *vcpu);
/* The current instruction will not retire: a fault or a VM exit. */
void count_abandon(struct vcpu *vcpu);
/* The privilege level, or more, will have changed by the next instruction. */
void count_resolve_later(struct vcpu *vcpu);
/* To be called whenever what the PMU counts may have changed. */
void count_update(struct vcpu *vcpu);
/* With more than one CPU, after each trace: is a counter about to overflow? */
void count_check(struct vcpu *vcpu);
void count_init(struct vcpu *vcpu);
void count_reset(struct vcpu *vcpu);

/* machine.cc: what was written to IA32_FEATURE_CONTROL, as the variant has it */
void machine_lock_firmware(struct vcpu *vcpu);
/* Before the end: what the UART still holds would be lost with the machine. */
void machine_drain_uart(void);

/* describe.cc */
void describe_init(void);
void describe_start(struct vcpu *vcpu, const bxInstruction_c *i);

/* variants.cc: what that CPU of the machine is; NULL if no machine has that name */
const struct variant *variant_find(const char *name, unsigned int cpu);

/* pmi.cc: callbacks of the PMU model, and a PMI as LVTPC has it at this moment */
extern const struct pmu_ops pmi_ops;
void pmi_send(struct vcpu *vcpu);

/* sweep.cc: interrupts on demand, on each CPU.  Nothing happens without sweep_init(). */
enum sweep_place {
	PLACE_LOAD,	/* in VMX operation the host has set GLOBAL_CTRL to 0 */
	PLACE_ENTRY,
	PLACE_EXIT,	/* the host's state is loaded, after a VM exit */
	PLACE_READ,	/* likewise, but of an RDPMC or RDMSR */
	PLACE_WRITE,	/* likewise, but of a WRMSR */
	PLACE_PUT,	/* in VMX operation the host has set GLOBAL_CTRL to its own */
	NR_PLACES
};
/* "KIND:PLACE:RANGE", and more behind a space */
void sweep_init(const char *list);
void sweep_report(void);
void sweep_reached(struct vcpu *vcpu, enum sweep_place place);
bool sweep_watches(const struct vcpu *vcpu);
/* Before each instruction while it does. */
void sweep_step(struct vcpu *vcpu);
/* Something was counted; @before is what FIXED_CTR0 was. */
void sweep_counted(struct vcpu *vcpu, Bit64u before);
/* True if this PMI is to come later, by pmi_send(). */
bool sweep_delays_pmi(struct vcpu *vcpu);
void sweep_interrupted(const struct vcpu *vcpu, unsigned int vector);
/* False if there is no such MSR. */
bool sweep_rdmsr(struct vcpu *vcpu, Bit32u msr, Bit64u *val);

/* entry.cc: a VM entry that finds what the host has not written.  "FIELD=VALUE@N" */
void entry_spoil(const char *what);

/* payload.cc: guests that begin with other instructions.  "HEX,HEX,..." */
void payload_parse(const char *list);
void payload_vmentry(struct vcpu *vcpu);

/* state.cc: what the guest leaves of the host's state.  Nothing happens without a file. */
void state_open(const char *path);
void state_vmentry(struct vcpu *vcpu);
void state_vmexit(struct vcpu *vcpu, unsigned int reason);
void state_exited(struct vcpu *vcpu);
void state_interrupted(struct vcpu *vcpu);
void state_branch(struct vcpu *vcpu);
/* state_branch() is to be told of the next one. */
bool state_awaits_branch(const struct vcpu *vcpu);

/* irqs.cc: the longest time with interrupts off. A guest begins, and ends. */
void irqs_guest_begins(struct vcpu *vcpu);
void irqs_guest_ends(struct vcpu *vcpu);
/* A line of JSON. */
void irqs_report(FILE *to);

/*
 * fail.cc: VMX instructions that fail when the host asks for it by an MSR of the
 * range that "all existing and future processors will not implement".
 */
enum { SIM_VMX_FAIL = 0x40000010 };
void fail_enable(void);
int fail_rdmsr(Bit64u *val);
int fail_wrmsr(Bit64u val);

/* trace.cc: JSON lines.  Nothing happens without a trace file. */
void trace_open(const char *path);
void trace_close(void);
/* Ticks since power-on. */
Bit64u trace_time(const struct vcpu *vcpu);
void trace_msr(struct vcpu *vcpu, bool write, Bit32u msr, Bit64u val, bool ok);
void trace_rdpmc(struct vcpu *vcpu, Bit32u ecx, Bit64u val, bool ok);
void trace_lvtpc(struct vcpu *vcpu, bool write, Bit32u val);
void trace_vmentry(struct vcpu *vcpu);
void trace_vmentry_fail(struct vcpu *vcpu, unsigned int error);
void trace_vmexit(struct vcpu *vcpu, unsigned int reason, bool failed_entry);
void trace_strict(struct vcpu *vcpu, const char *what);
void trace_reset(struct vcpu *vcpu, bool in_vmx);

#endif
