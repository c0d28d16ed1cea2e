// SPDX-License-Identifier: GPL-2.0
/*
 * How many instructions retired.  Counting them one by one would cost the
 * machine its speed, so it is done in bulk, from Bochs's icount, wherever
 * something looks: at an access to the PMU, a change of privilege level, a VM
 * entry or exit, and when a counter is about to overflow.  Only while a counter
 * needs to know what an instruction did (pmu_needs_insns()) is each one looked
 * at.
 */
#include "machine.h"

bool sim_watch;

static Bit64u icount(const struct vcpu *vcpu)
{
	return BX_CPU(vcpu->id)->icount;
}

static void count_bulk(struct vcpu *vcpu, Bit64u insns)
{
	Bit64u before = vcpu->pmu.fixed[FIXED_INSTRUCTIONS];
	Bit64u now = icount(vcpu);

	pmu_count_plain(&vcpu->pmu, insns, now - vcpu->ref_counted, vcpu->cpl);
	sweep_counted(vcpu, before);
	vcpu->ref_counted = now;
	vcpu->retired += insns;
}

/* Without bringing the PMU up to date: to look must change nothing. */
Bit64u count_retired(const struct vcpu *vcpu)
{
	Bit64u now = icount(vcpu);

	return vcpu->retired + (now > vcpu->counted ? now - vcpu->counted : 0);
}

void count_settle(struct vcpu *vcpu)
{
	Bit64u now = icount(vcpu);

	if (now <= vcpu->counted)
		return;
	count_bulk(vcpu, now - vcpu->counted);
	vcpu->counted = now;
}

static void count_described(struct vcpu *vcpu)
{
	Bit64u before;

	count_settle(vcpu);
	vcpu->describing = false;
	vcpu->ref_counted = icount(vcpu);
	vcpu->retired++;
	before = vcpu->pmu.fixed[FIXED_INSTRUCTIONS];
	pmu_count_insn(&vcpu->pmu, &vcpu->insn, vcpu->cpl);
	sweep_counted(vcpu, before);
}

void count_retire(struct vcpu *vcpu)
{
	Bit64u next = icount(vcpu) + 1;

	if (next <= vcpu->counted)
		return;
	if (vcpu->describing)
		count_described(vcpu);
	else
		count_bulk(vcpu, next - vcpu->counted);
	vcpu->counted = next;
}

void count_abandon(struct vcpu *vcpu)
{
	count_settle(vcpu);
	vcpu->describing = false;
	vcpu->counted = icount(vcpu) + 1;
}

static void update_watch(void)
{
	sim_watch = false;
	for (unsigned int i = 0; i < BX_SMP_PROCESSORS; i++)
		sim_watch |= pmu_needs_insns(&vcpus[i].pmu) || vcpus[i].resolve ||
			     sweep_watches(&vcpus[i]) ||
			     state_awaits_branch(&vcpus[i]);
}

/*
 * The timer counts ticks.  At least one goes by for each instruction, so that it
 * is early at worst, by what REP iterations and faults took, and is armed again.
 */
static void arm(struct vcpu *vcpu)
{
	Bit64u left = pmu_plain_until_overflow(&vcpu->pmu, vcpu->cpl);
	Bit64u deadline = vcpu->counted + left;

	if (left == UINT64_MAX || pmu_needs_insns(&vcpu->pmu))
		return;
	if (vcpu->armed && vcpu->deadline <= deadline)
		return;
	vcpu->armed = true;
	vcpu->deadline = deadline;
	if (BX_SMP_PROCESSORS > 1)
		return;
	bx_pc_system.activate_timer_ticks(vcpu->timer,
		deadline - BX_CPU(vcpu->id)->icount_last_sync, false);
}

void count_update(struct vcpu *vcpu)
{
	update_watch();
	arm(vcpu);
}

static void on_timer(void *ctx)
{
	struct vcpu *vcpu = (struct vcpu *)ctx;

	vcpu->armed = false;
	count_settle(vcpu);
	count_update(vcpu);
}

void count_check(struct vcpu *vcpu)
{
	if (vcpu->armed && icount(vcpu) >= vcpu->deadline)
		on_timer(vcpu);
}

void count_init(struct vcpu *vcpu)
{
	vcpu->timer = bx_pc_system.register_timer_ticks(vcpu, on_timer, 1, false,
							false, "pmu");
}

void count_reset(struct vcpu *vcpu)
{
	vcpu->counted = icount(vcpu);
	vcpu->ref_counted = icount(vcpu);
	vcpu->describing = false;
	vcpu->resolve = true;
	count_update(vcpu);
}

void count_resolve_later(struct vcpu *vcpu)
{
	vcpu->resolve = true;
	sim_watch = true;
}

static void resolve(struct vcpu *vcpu)
{
	vcpu->resolve = false;
	machine_lock_firmware(vcpu);
	state_exited(vcpu);
	vcpu->cpl = BX_CPU(vcpu->id)->sregs[BX_SEG_REG_CS].selector.rpl;
	count_update(vcpu);
}

void sim_before(unsigned cpu, const bxInstruction_c *i)
{
	struct vcpu *vcpu = &vcpus[cpu];

	if (vcpu->resolve)
		resolve(vcpu);
	if (sweep_watches(vcpu))
		sweep_step(vcpu);
	if (pmu_needs_insns(&vcpu->pmu))
		describe_start(vcpu, i);
}

void sim_after(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];

	if (!vcpu->describing)
		return;
	count_retire(vcpu);
	vcpu->describing = false;
	update_watch();
}

static Bit64u rep_counter(unsigned cpu, const bxInstruction_c *i)
{
	Bit64u rcx = BX_CPU(cpu)->gen_reg[BX_64BIT_REG_RCX].rrx;

	if (i->as64L())
		return rcx;
	return i->as32L() ? (Bit32u)rcx : (Bit16u)rcx;
}

/* REP CMPS and REP SCAS end on a flag as well. */
static bool rep_ends_on_zf(unsigned cpu, const bxInstruction_c *i)
{
	switch (i->getIaOpcode()) {
	case BX_IA_REP_CMPSB_XbYb:
	case BX_IA_REP_CMPSW_XwYw:
	case BX_IA_REP_CMPSD_XdYd:
	case BX_IA_REP_CMPSQ_XqYq:
	case BX_IA_REP_SCASB_ALYb:
	case BX_IA_REP_SCASW_AXYw:
	case BX_IA_REP_SCASD_EAXYd:
	case BX_IA_REP_SCASQ_RAXYq:
		return !!BX_CPU(cpu)->get_ZF() != (i->lockRepUsedValue() == 3);
	default:
		return false;
	}
}

/* Nothing else ends a long REP when the turn is over. */
static void end_turn(BX_CPU_C *cpu)
{
	if (BX_SMP_PROCESSORS > 1 && (Bit64s)(cpu->icount - cpu->icount_last_sync) >= SIM_TURN)
		cpu->async_event |= BX_ASYNC_EVENT_STOP_TRACE;
}

/* After an iteration and before its decrement of RCX. */
void sim_repeat(unsigned cpu, const bxInstruction_c *i)
{
	if (rep_counter(cpu, i) != 1 && !rep_ends_on_zf(cpu, i))
		vcpus[cpu].counted++;
	end_turn(BX_CPU(cpu));
}

static void nmi_enter(struct vcpu *vcpu, unsigned int vector)
{
	bool guest = in_guest(vcpu);

	if (vcpu->nmi[guest])
		vcpu->nmi_depth[guest]++;
	else if (vector == 2)
		vcpu->nmi[guest] = true;
}

static void nmi_leave(struct vcpu *vcpu)
{
	bool guest = in_guest(vcpu);

	if (vcpu->nmi_depth[guest])
		vcpu->nmi_depth[guest]--;
	else
		vcpu->nmi[guest] = false;
}

/* Delivery of an interrupt or exception, before the privilege level changes. */
void sim_interrupt(unsigned cpu, unsigned vector)
{
	struct vcpu *vcpu = &vcpus[cpu];

	count_settle(vcpu);
	nmi_enter(vcpu, vector);
	state_interrupted(vcpu);
	sweep_interrupted(vcpu, vector);
	count_resolve_later(vcpu);
}

void sim_exception(unsigned cpu)
{
	count_abandon(&vcpus[cpu]);
}

/* The last thing that a far branch does: it counts with the level it left. */
void sim_far_branch(unsigned cpu, unsigned what, bx_address target)
{
	struct vcpu *vcpu = &vcpus[cpu];

	vcpu->insn.branch = BRANCH_FAR;
	vcpu->insn.taken = true;
	vcpu->insn.target = target;
	count_retire(vcpu);
	if (what == BX_INSTR_IS_IRET)
		nmi_leave(vcpu);
	count_resolve_later(vcpu);
}
