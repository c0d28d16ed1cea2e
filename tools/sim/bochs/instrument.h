/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bochs's instrumentation hooks, as the simulated machine uses them.  Bochs
 * compiles these macros into its execution loop: whatever runs per instruction
 * tests sim_watch first, which is false while every enabled counter can be
 * brought up to date in bulk.
 *
 * The second half are hooks of our own, which patches/ puts into Bochs.
 */
#ifndef TOOLS_SIM_BOCHS_INSTRUMENT_H
#define TOOLS_SIM_BOCHS_INSTRUMENT_H

#include "hooks.h"

#define BX_INSTR_INIT_ENV()		sim_init()
#define BX_INSTR_EXIT_ENV()		sim_exit()
#define BX_INSTR_INITIALIZE(cpu)	sim_cpu_init(cpu)
#define BX_INSTR_EXIT(cpu)
#define BX_INSTR_RESET(cpu, type)	sim_cpu_reset(cpu, type)
#define BX_INSTR_HLT(cpu)
#define BX_INSTR_MWAIT(cpu, addr, len, flags)
#define BX_INSTR_DEBUG_PROMPT()
#define BX_INSTR_DEBUG_CMD(cmd)

#define SIM_IF_WATCHED(call)	do { if (sim_watch) call; } while (0)

#define BX_INSTR_BEFORE_EXECUTION(cpu, i)	SIM_IF_WATCHED(sim_before(cpu, i))
#define BX_INSTR_AFTER_EXECUTION(cpu, i)	SIM_IF_WATCHED(sim_after(cpu))
#define BX_INSTR_REPEAT_ITERATION(cpu, i)	sim_repeat(cpu, i)

#define BX_INSTR_CNEAR_BRANCH_TAKEN(cpu, from, to) \
	SIM_IF_WATCHED(sim_cond_branch(cpu, true, to))
#define BX_INSTR_CNEAR_BRANCH_NOT_TAKEN(cpu, from) \
	SIM_IF_WATCHED(sim_cond_branch(cpu, false, 0))
#define BX_INSTR_UCNEAR_BRANCH(cpu, what, from, to) \
	SIM_IF_WATCHED(sim_near_branch(cpu, what, to))
#define BX_INSTR_FAR_BRANCH(cpu, what, old_cs, from, new_cs, to) \
	sim_far_branch(cpu, what, to)

#define BX_INSTR_OPCODE(cpu, i, opcode, len, is32, is64)
#define BX_INSTR_EXCEPTION(cpu, vector, error_code)	sim_exception(cpu)
#define BX_INSTR_INTERRUPT(cpu, vector)			sim_interrupt(cpu, vector)
#define BX_INSTR_HWINTERRUPT(cpu, vector, cs, eip)

#define BX_INSTR_CLFLUSH(cpu, laddr, paddr)		sim_clflush(cpu, paddr)
#define BX_INSTR_CACHE_CNTRL(cpu, what)
#define BX_INSTR_TLB_CNTRL(cpu, what, new_cr3)
#define BX_INSTR_PREFETCH_HINT(cpu, what, seg, offset)

#define BX_INSTR_LIN_ACCESS(cpu, laddr, paddr, len, memtype, rw) \
	SIM_IF_WATCHED(sim_memory(cpu, paddr, rw))
#define BX_INSTR_PHY_ACCESS(cpu, paddr, len, memtype, rw)

#define BX_INSTR_INP(addr, len)
#define BX_INSTR_INP2(addr, len, val)
#define BX_INSTR_OUTP(addr, len, val)			sim_port_write(addr, val)

#define BX_INSTR_WRMSR(cpu, msr, val)			sim_any_wrmsr(cpu, msr, val)
#define BX_INSTR_VMEXIT(cpu, reason, qualification)	sim_vmexit(cpu, reason)

#include "patched-hooks.h"

#endif
