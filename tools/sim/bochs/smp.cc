// SPDX-License-Identifier: GPL-2.0
/*
 * More than one CPU, in turns.  Bochs's own loop lets each execute one trace and
 * takes the mean of their instructions for the time that went by, so that a CPU
 * with long traces gets more than one instruction a tick.  Here the CPU that is
 * furthest behind executes the next trace, and time is where the last one is: a
 * tick is an instruction of each CPU, as it is with one, and no CPU is ahead of
 * another by more than a trace.
 *
 * How far a CPU is ahead of Bochs's ticks is icount - icount_last_sync.
 */
#include "machine.h"

/* A CPU that halts looks again after so many, as Bochs's does that is alone. */
enum { SLEEP_TICKS = 10 };

/* A fault ends its trace by longjmp(): nothing of this may be in a register. */
static unsigned int running;

static Bit64u lead(unsigned int cpu)
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

static void pass_time(Bit64u ticks)
{
	for (unsigned int i = 0; i < BX_SMP_PROCESSORS; i++)
		BX_CPU(i)->icount_last_sync += ticks;
	BX_TICKN(ticks);
}

static void execute(BX_CPU_C *cpu)
{
	Bit64u before = cpu->icount;

	cpu->cpu_run_trace();
	if (cpu->icount == before)
		cpu->icount_last_sync -= SLEEP_TICKS;
}

/* What Bochs's loop for one CPU does after a fault or VM exit, and that for many forgets. */
static void commit_fault(BX_CPU_C *cpu)
{
	cpu->icount++;
	cpu->prev_rip = cpu->gen_reg[BX_64BIT_REG_RIP].rrx;
	cpu->speculative_rsp = false;
}

bool sim_run_cpus(void)
{
	if (setjmp(BX_CPU_C::jmp_buf_env)) {
		commit_fault(BX_CPU(running));
		count_check(&vcpus[running]);
	}
	while (!bx_pc_system.kill_bochs_request) {
		running = furthest_behind();
		pass_time(lead(running));
		execute(BX_CPU(running));
		count_check(&vcpus[running]);
	}
	return true;
}
