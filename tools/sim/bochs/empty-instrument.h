/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other instrument.h: only what Debian's kernel needs to boot, nothing that
 * counts.  What a boot takes with it is what tools/bench/boot compares with.
 */
#ifndef TOOLS_SIM_BOCHS_INSTRUMENT_H
#define TOOLS_SIM_BOCHS_INSTRUMENT_H

#include "hooks.h"
#include "patched-hooks.h"

#define BX_INSTR_INIT_ENV()		sim_init()
#define BX_INSTR_EXIT_ENV()		sim_exit()
#define BX_INSTR_INITIALIZE(cpu)	sim_cpu_init(cpu)
#define BX_INSTR_EXIT(cpu)
#define BX_INSTR_RESET(cpu, type)	sim_cpu_reset(cpu, type)

#define BX_INSTR_HLT(cpu)
#define BX_INSTR_MWAIT(cpu, addr, len, flags)
#define BX_INSTR_DEBUG_PROMPT()
#define BX_INSTR_DEBUG_CMD(cmd)
#define BX_INSTR_BEFORE_EXECUTION(cpu, i)
#define BX_INSTR_AFTER_EXECUTION(cpu, i)
#define BX_INSTR_REPEAT_ITERATION(cpu, i)
#define BX_INSTR_CNEAR_BRANCH_TAKEN(cpu, from, to)
#define BX_INSTR_CNEAR_BRANCH_NOT_TAKEN(cpu, from)
#define BX_INSTR_UCNEAR_BRANCH(cpu, what, from, to)
#define BX_INSTR_FAR_BRANCH(cpu, what, old_cs, from, new_cs, to)
#define BX_INSTR_OPCODE(cpu, i, opcode, len, is32, is64)
#define BX_INSTR_EXCEPTION(cpu, vector, error_code)
#define BX_INSTR_INTERRUPT(cpu, vector)
#define BX_INSTR_HWINTERRUPT(cpu, vector, cs, eip)
#define BX_INSTR_CLFLUSH(cpu, laddr, paddr)
#define BX_INSTR_CACHE_CNTRL(cpu, what)
#define BX_INSTR_TLB_CNTRL(cpu, what, new_cr3)
#define BX_INSTR_PREFETCH_HINT(cpu, what, seg, offset)
#define BX_INSTR_LIN_ACCESS(cpu, laddr, paddr, len, memtype, rw)
#define BX_INSTR_PHY_ACCESS(cpu, paddr, len, memtype, rw)
#define BX_INSTR_INP(addr, len)
#define BX_INSTR_INP2(addr, len, val)
#define BX_INSTR_OUTP(addr, len, val)	sim_port_write(addr, val)
#define BX_INSTR_WRMSR(cpu, msr, val)
#define BX_INSTR_VMEXIT(cpu, reason, qualification)

#endif
