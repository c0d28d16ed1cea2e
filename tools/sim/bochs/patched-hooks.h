/* SPDX-License-Identifier: GPL-2.0 */
/* The hooks that patches/ adds to Bochs: what is wrong or missing there. */
#ifndef TOOLS_SIM_BOCHS_PATCHED_HOOKS_H
#define TOOLS_SIM_BOCHS_PATCHED_HOOKS_H

#define BX_INSTR_NEW_CPUID(cpu)			sim_new_cpuid(cpu)
#define BX_INSTR_RDPMC(cpu, ecx, val)		sim_rdpmc(cpu, ecx, val)
#define BX_INSTR_LVTPC(cpu, rw, val)		sim_lvtpc_access(cpu, rw, val)
#define BX_INSTR_MACHINE_RESET()		sim_machine_reset()
#define BX_INSTR_TRIPLE_FAULT(cpu)		sim_triple_fault(cpu)

#define BX_INSTR_VMX_FAILS(cpu, reason)		sim_vmx_fails(cpu, reason)

/* With more than one CPU, instead of Bochs's own loop. */
#define BX_INSTR_RUN_CPUS()			sim_run_cpus()

#define BX_INSTR_VMX_ROOT(cpu, entered)		sim_vmx_root(cpu, entered)

/* RFLAGS.IF may have changed; VMX root was entered. */
#define BX_INSTR_INTERRUPT_MASK(cpu)		sim_interrupt_mask(cpu)
#define BX_INSTR_VMXON(cpu)			sim_vmxon(cpu)

/* VM entry and exit, in the order in which Bochs comes by. */
#define BX_INSTR_VMENTRY_TRIED(cpu)		sim_vmentry_tried(cpu)
#define BX_INSTR_HOST_STATE_VALID(cpu)		sim_host_state_valid(cpu)
#define BX_INSTR_GUEST_STATE_VALID(cpu)		sim_guest_state_valid(cpu)
#define BX_INSTR_VMENTRY_FAIL(cpu, error)	sim_vmentry_fail(cpu, error)
#define BX_INSTR_VMENTRY(cpu)			sim_vmentry(cpu)
#define BX_INSTR_SAVE_GUEST_STATE(cpu)		sim_save_guest_state(cpu)
#define BX_INSTR_LOAD_HOST_STATE(cpu)		sim_load_host_state(cpu)

#endif
