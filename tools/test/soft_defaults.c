// SPDX-License-Identifier: GPL-2.0
/*
 * What the software CPU is unless a test says otherwise: a Sapphire Rapids
 * (family 6, model 0x8f, stepping 8), its CPUID leaves and VMX capability MSRs
 * as public dumps of the part have them, running Linux.
 */
#include "tools/test/soft_cpu.h"
#include "vmx/vmx_arch.h"

static const struct soft_cpuid spr_cpuid[] = {
	/* "GenuineIntel" */
	{ CPUID_VENDOR, 0, { 0x20, 0x756e6547, 0x6c65746e, 0x49656e69 } },
	{ CPUID_FEATURES, 0, { 0x000806f8, 0x00100800, 0x7ffefbff, 0xbfebfbff } },
	{ CPUID_STRUCTURED, 0, { 0x2, 0xf3bfbffb, 0xbb417fee, 0xffdd4430 } },
	{ CPUID_STRUCTURED, 1, { 0x1c30, 0, 0, 0 } },
	{ CPUID_PERFMON, 0, { 0x08300805, 0, 0xf, 0x8604 } },
	{ CPUID_PT, 0, { 0x1, 0x5f, 0x7, 0 } },
	{ CPUID_LBR, 0, { 0x4000000b, 0x7, 0x7, 0 } },
};

static const struct soft_msr spr_msrs[] = {
	{ .msr = IA32_FEATURE_CONTROL,
	  .val = FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX_OUTSIDE_SMX },
	{ .msr = IA32_BIOS_SIGN_ID,		.val = 0x2b00039000000000 },
	{ .msr = IA32_SYSENTER_CS,		.val = 0x10 },
	{ .msr = IA32_SYSENTER_ESP,		.val = 0xfffffe0000002200 },
	{ .msr = IA32_SYSENTER_EIP,		.val = 0xffffffff81801570 },
	{ .msr = IA32_VMX_BASIC,		.val = 0x03da050000000013 },
	{ .msr = IA32_VMX_PINBASED_CTLS,	.val = 0x000000ff00000016 },
	{ .msr = IA32_VMX_PROCBASED_CTLS,	.val = 0xfffbfffe0401e172 },
	{ .msr = IA32_VMX_EXIT_CTLS,		.val = 0xff7fffff00036dff },
	{ .msr = IA32_VMX_ENTRY_CTLS,		.val = 0x007effff000011ff },
	{ .msr = IA32_VMX_MISC,			.val = 0x7004c1e7 },
	{ .msr = IA32_VMX_CR0_FIXED0,		.val = 0x80000021 },
	{ .msr = IA32_VMX_CR0_FIXED1,		.val = 0xffffffff },
	{ .msr = IA32_VMX_CR4_FIXED0,		.val = 0x2000 },
	{ .msr = IA32_VMX_CR4_FIXED1,		.val = 0x03f77fff },
	{ .msr = IA32_VMX_PROCBASED_CTLS2,	.val = 0xcfff3fff00000000 },
	{ .msr = IA32_VMX_EPT_VPID_CAP,		.val = 0x00010f0106f341c1 },
	{ .msr = IA32_VMX_TRUE_PINBASED_CTLS,	.val = 0x000000ff00000016 },
	{ .msr = IA32_VMX_TRUE_PROCBASED_CTLS,	.val = 0xfffbfffe04006172 },
	{ .msr = IA32_VMX_TRUE_EXIT_CTLS,	.val = 0xff7fffff00036dfb },
	{ .msr = IA32_VMX_TRUE_ENTRY_CTLS,	.val = 0x007effff000011fb },
	{ .msr = IA32_RTIT_CTL,			.val = 0 },
	{ .msr = IA32_LBR_CTL,			.val = 0 },
	{ .msr = IA32_EFER,			.val = 0xd01 },
	{ .msr = IA32_FS_BASE,			.val = 0 },
	{ .msr = IA32_GS_BASE,			.val = 0xffff888079c00000 },
	{ .msr = IA32_KERNEL_GS_BASE,		.val = 0x00007f7a5c3b1000 },
};

/* A kernel thread's, under Linux 6.1. */
static const struct soft_regs linux_regs = {
	.cr0	= 0x80050033,
	.cr2	= 0x00007f1200345678,
	.cr3	= 0x0000000102d3e801,
	.cr4	= 0x00370ef0,
	.dr7	= DR7_FIXED,
	.gdt	= { .base = 0xfffffe0000001000, .limit = 0x7f },
	.idt	= { .base = 0xfffffe0000000000, .limit = 0xfff },
	.sel	= { .cs = 0x10, .ss = 0x18, .tr = 0x40 },
};

void soft_cpu_defaults(struct soft_cpu *cpu)
{
	memcpy(cpu->cpuid, spr_cpuid, sizeof(spr_cpuid));
	memcpy(cpu->msrs, spr_msrs, sizeof(spr_msrs));
	cpu->regs = linux_regs;
	cpu->model = pmu_model_spr;
	cpu->lvtpc = LVT_DELIVERY_NMI;
	cpu->tsc = 1000000;
	cpu->guest.trapped = -1;
	/* What perf enables on this part, whatever events there are. */
	cpu->perf.enabled = 0x0001000f000000ff;
}
