// SPDX-License-Identifier: GPL-2.0
/* Power-on, RESET, and the few things that belong to no other file. */
#include "machine.h"

struct vcpu vcpus[SIM_MAX_CPUS];

static bool debug_exit;		/* port 0xf4 ends the run, as QEMU's isa-debug-exit */

enum {
	PORT_DEBUG_EXIT		= 0xf4,
	PORT_SHUTDOWN		= 0x8900,

	IA32_FEATURE_CONTROL	= 0x3a,
	IA32_PRED_CMD		= 0x49,
	PRED_CMD_IBPB		= 1 << 0,

	UART_DRAIN_TICKS	= 20000,	/* two characters at 115200 baud */
};

static const char *setting(const char *name, const char *otherwise)
{
	const char *val = getenv(name);

	return val ? val : otherwise;
}

static void find_variants(const char *name)
{
	for (unsigned int i = 0; i < SIM_MAX_CPUS; i++) {
		vcpus[i].variant = variant_find(name, i);
		if (vcpus[i].variant)
			continue;
		fprintf(stderr, "SIM_CPU: no CPU variant %s\n", name);
		exit(1);
	}
}

/* The environment says what the machine is: tools/sim/run sets it. */
void sim_init(void)
{
	const char *trace = setting("SIM_TRACE", "");

	find_variants(setting("SIM_CPU", "spr"));
	if (*trace)
		trace_open(trace);
	sweep_init(setting("SIM_SWEEP", ""));
	if (*setting("SIM_VMCS", ""))
		entry_spoil(setting("SIM_VMCS", ""));
	if (*setting("SIM_STATE", ""))
		state_open(setting("SIM_STATE", ""));
	if (*setting("SIM_PAYLOAD", ""))
		payload_parse(setting("SIM_PAYLOAD", ""));
	if (*setting("SIM_VMX_FAIL", ""))
		fail_enable();
	debug_exit = *setting("SIM_DEBUG_EXIT", "");
	describe_init();
}

static void report(const char *path)
{
	FILE *to = *path ? fopen(path, "w") : NULL;

	if (!to)
		return;
	irqs_report(to);
	fclose(to);
}

void sim_exit(void)
{
	trace_close();
	report(setting("SIM_STATS", ""));
	sweep_report();
}

static void share_llc(struct vcpu *vcpu)
{
	if (vcpu != vcpus)
		memory_share_llc(&vcpu->pmu.pipe.mem, &vcpus[0].pmu.pipe.mem);
}

void sim_cpu_init(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];
	const struct variant *variant = vcpu->variant;
	VMX_CAP *cap = &BX_CPU(cpu)->vmx_cap;

	/* Bochs leaves them out where the CPU has no MONITOR; hypervisors insist. */
	cap->vmx_proc_vmexec_ctrl_supported_bits |= VMX_VM_EXEC_CTRL1_MWAIT_VMEXIT |
						    VMX_VM_EXEC_CTRL1_MONITOR_VMEXIT;
	cap->vmx_vmentry_ctrl_supported_bits &= ~variant->no_entry_ctls;
	cap->vmx_vmexit_ctrl1_supported_bits &= ~variant->no_exit_ctls;
	vcpu->id = cpu;
	pmu_init(&vcpu->pmu, &variant->pmu, &pmi_ops, vcpu);
	share_llc(vcpu);
	count_init(vcpu);
}

/* Bochs seeds RDRAND with the time of day, which would make each run another one. */
void sim_cpu_reset(unsigned cpu, unsigned type)
{
	struct vcpu *vcpu = &vcpus[cpu];

	if (type == BX_RESET_HARDWARE) {
		srand(1);
		pmu_reset(&vcpu->pmu);
		share_llc(vcpu);
	} else {
		count_settle(vcpu);
	}
	memset(vcpu->nmi, 0, sizeof(vcpu->nmi));
	memset(vcpu->nmi_depth, 0, sizeof(vcpu->nmi_depth));
	count_reset(vcpu);
}

/* Of MSRs that Bochs knows, before it looks at the value. */
void sim_any_wrmsr(unsigned cpu, Bit32u msr, Bit64u val)
{
	struct vcpu *vcpu = &vcpus[cpu];

	if (msr == IA32_PRED_CMD && val == PRED_CMD_IBPB)
		predictor_forget(&vcpu->pmu.pipe.pred);
	if (msr == IA32_FEATURE_CONTROL) {
		vcpu->lock_firmware = true;
		count_resolve_later(vcpu);
	}
}

/* Bochs's BIOS enables VMX and locks; what it wrote is replaced a moment later. */
void machine_lock_firmware(struct vcpu *vcpu)
{
	if (vcpu->lock_firmware)
		BX_CPU(vcpu->id)->msr.ia32_feature_ctrl = vcpu->variant->feature_control;
	vcpu->lock_firmware = false;
}

void machine_drain_uart(void)
{
	BX_TICKN(UART_DRAIN_TICKS);
}

void sim_port_write(unsigned port, unsigned val)
{
	if (port != PORT_SHUTDOWN && port != PORT_DEBUG_EXIT)
		return;
	if (!debug_exit)
		return;
	machine_drain_uart();
	if (port == PORT_DEBUG_EXIT) {
		trace_close();
		fprintf(stderr, "\nsim: debug exit %u\n", val & 0x7f);
		exit((val << 1 | 1) & 0xff);
	}
}
