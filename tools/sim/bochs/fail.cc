// SPDX-License-Identifier: GPL-2.0
/*
 * VMX instructions that fail on demand: the host says which by writing the MSR
 * SIM_VMX_FAIL, and reads there whether that has happened.
 *
 *	31:0	K: the K-th VMX instruction in VMX root from here on fails, or
 *		VMXON; 0 is none, and what is read when one has failed
 *	39:32	those of one kind alone count, by the basic exit reason that they
 *		have; 0 is any kind. Read: the kind of the one that has failed.
 *	63	it does not fail, it faults (#GP)
 */
#include "machine.h"

enum { KIND_SHIFT = 32, KIND_MASK = 0xff, FAULTS_SHIFT = 63 };

static bool has_msr;
static Bit32u left;
static unsigned int kind;
static bool faults;

void fail_enable(void)
{
	has_msr = true;
}

/* As rdmsr() and wrmsr() of cpuid.cc: -1 is not there. */
int fail_rdmsr(Bit64u *val)
{
	*val = (Bit64u)faults << FAULTS_SHIFT | (Bit64u)kind << KIND_SHIFT | left;
	return has_msr ? 1 : -1;
}

int fail_wrmsr(Bit64u val)
{
	left = val;
	kind = val >> KIND_SHIFT & KIND_MASK;
	faults = val >> FAULTS_SHIFT;
	return has_msr ? 1 : -1;
}

/* An instruction that would otherwise be executed. @reason: as its VM exit has it. */
bool sim_vmx_fails(unsigned cpu, unsigned reason)
{
	if (!left || (kind && kind != reason) || in_guest(&vcpus[cpu]) || --left)
		return false;
	kind = reason;
	if (faults)
		BX_CPU(cpu)->exception(BX_GP_EXCEPTION, 0);
	return true;
}
