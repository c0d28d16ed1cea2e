// SPDX-License-Identifier: GPL-2.0
/*
 * A reset is the end of a run: whatever came then would be another one. INIT is
 * blocked in VMX root operation, so a machine whose chipset resets by it hangs
 * if a CPU is still there. Each CPU is asked, and tools/sim/run tells.
 */
#include "machine.h"

static bool powered_on;

static void judge(unsigned cpu)
{
	bool in_vmx = BX_CPU(cpu)->in_vmx;

	trace_reset(&vcpus[cpu], in_vmx);
	if (in_vmx)
		fprintf(stderr, "\nsim: reset in VMX operation on CPU %u\n", cpu);
}

/* Also called at power-on. */
void sim_machine_reset(void)
{
	if (!powered_on) {
		powered_on = true;
		return;
	}
	for (unsigned int i = 0; i < BX_SMP_PROCESSORS; i++)
		judge(i);
	machine_drain_uart();
	sim_exit();
	fprintf(stderr, "\nsim: reset\n");
	exit(1);
}

/* The machine goes on to die of it. */
void sim_triple_fault(unsigned cpu)
{
	judge(cpu);
}
