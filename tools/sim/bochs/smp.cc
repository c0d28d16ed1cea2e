// SPDX-License-Identifier: GPL-2.0
/*
 * More than one CPU, in turns.  Bochs's own loop lets each execute one trace and
 * takes the mean of their instructions for the time that went by, so that a CPU
 * with long traces gets more than one instruction a tick.  Here the next turn is
 * of the CPU that is furthest behind, and the time is that CPU's: a tick is an
 * instruction of each, as it is with one.
 *
 * How far a CPU is ahead of Bochs's ticks is icount - icount_last_sync, which is
 * less than 0 while another lets time pass within a string instruction.
 */
#include "machine.h"

/* Whose turn it is.  A fault ends it by longjmp(): this may be in no register. */
static unsigned int running;

static Bit64u accounted;	/* ticks */

static Bit64s lead(unsigned int cpu)
{
	return BX_CPU(cpu)->icount - BX_CPU(cpu)->icount_last_sync;
}

static unsigned int furthest_behind(void)
{
	unsigned int last = 0;

	for (unsigned int i = 1; i < BX_SMP_PROCESSORS; i++)
		if (lead(i) < lead(last))
			last = i;
	return last;
}

static void fall_behind(unsigned int cpu, Bit64u ticks)
{
	BX_CPU(cpu)->icount_last_sync += ticks;
}

/* The iterations of some string instructions, which are ticks and no icount. */
static void account(void)
{
	Bit64u ticks = bx_pc_system.time_ticks();

	for (unsigned int i = 0; i < BX_SMP_PROCESSORS; i++)
		if (i != running)
			fall_behind(i, ticks - accounted);
	accounted = ticks;
}

static void pass_time(Bit64s ticks)
{
	if (ticks <= 0)
		return;
	for (unsigned int i = 0; i < BX_SMP_PROCESSORS; i++)
		fall_behind(i, ticks);
	accounted += ticks;
	BX_TICKN(ticks);
}

/* False if it sleeps. */
static bool execute_trace(BX_CPU_C *cpu)
{
	Bit64u before = cpu->icount;

	cpu->cpu_run_trace();
	count_check(&vcpus[running]);
	return cpu->icount != before;
}

/* Who sleeps does so for the rest of the turn. */
static void take_turn(BX_CPU_C *cpu)
{
	while (lead(running) < SIM_TURN)
		if (!execute_trace(cpu))
			cpu->icount_last_sync = cpu->icount - SIM_TURN;
}

/* As Bochs's loop for one CPU does; the one for many leaves it out. */
static void commit_fault(BX_CPU_C *cpu)
{
	cpu->icount++;
	cpu->prev_rip = cpu->gen_reg[BX_64BIT_REG_RIP].rrx;
	cpu->speculative_rsp = false;
	count_check(&vcpus[running]);
}

bool sim_run_cpus(void)
{
	if (setjmp(BX_CPU_C::jmp_buf_env))
		commit_fault(BX_CPU(running));
	while (!bx_pc_system.kill_bochs_request) {
		account();
		running = furthest_behind();
		pass_time(lead(running));
		take_turn(BX_CPU(running));
	}
	return true;
}
