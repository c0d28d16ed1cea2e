/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Bochs calls.  Included by every file of Bochs's CPU, before its own
 * types are complete: forward declarations only.
 */
#ifndef TOOLS_SIM_BOCHS_HOOKS_H
#define TOOLS_SIM_BOCHS_HOOKS_H

class BX_CPU_C;
class bx_cpuid_t;
class bxInstruction_c;

/* Somebody needs to see each instruction: see update_watch(). */
extern bool sim_watch;

void sim_init(void);
void sim_exit(void);
void sim_cpu_init(unsigned cpu);
void sim_cpu_reset(unsigned cpu, unsigned type);
void sim_machine_reset(void);
void sim_triple_fault(unsigned cpu);

void sim_before(unsigned cpu, const bxInstruction_c *i);
void sim_after(unsigned cpu);
void sim_repeat(unsigned cpu, const bxInstruction_c *i);
void sim_cond_branch(unsigned cpu, bool taken, bx_address target);
void sim_near_branch(unsigned cpu, unsigned what, bx_address target);
void sim_far_branch(unsigned cpu, unsigned what, bx_address target);
void sim_exception(unsigned cpu);
void sim_interrupt(unsigned cpu, unsigned vector);
void sim_memory(unsigned cpu, bx_phy_address paddr, unsigned rw);
void sim_clflush(unsigned cpu, bx_phy_address paddr);
void sim_port_write(unsigned port, unsigned val);
void sim_any_wrmsr(unsigned cpu, Bit32u msr, Bit64u val);

bx_cpuid_t *sim_new_cpuid(BX_CPU_C *cpu);
bool sim_run_cpus(void);
bool sim_rdpmc(unsigned cpu, Bit32u ecx, Bit64u *val);
void sim_lvtpc_access(unsigned cpu, unsigned rw, Bit32u val);

void sim_vmx_root(unsigned cpu, bool entered);
void sim_interrupt_mask(unsigned cpu);
void sim_vmxon(unsigned cpu);
bool sim_vmx_fails(unsigned cpu, unsigned reason);
void sim_vmentry_tried(unsigned cpu);
bool sim_host_state_valid(unsigned cpu);
bool sim_guest_state_valid(unsigned cpu);
void sim_vmentry_fail(unsigned cpu, unsigned error);
void sim_vmentry(unsigned cpu);
void sim_vmexit(unsigned cpu, Bit32u reason);
void sim_save_guest_state(unsigned cpu);
void sim_load_host_state(unsigned cpu);

#endif
