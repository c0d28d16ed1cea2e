// SPDX-License-Identifier: GPL-2.0
/*
 * Inside the simulated machine: owns what a sweep injects. It claims each NMI
 * once, and counts instructions on CPU 0 with a PMI every period= of them. When
 * it is unloaded it says what came of both, beside what the machine knows.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include <linux/perf_event.h>
#include <asm/msr.h>
#include <asm/nmi.h>
#include "tools/sim/bochs/sim_msr.h"

static unsigned long period = 1UL << 40;
module_param(period, ulong, 0);
MODULE_PARM_DESC(period, "instructions from one overflow to the next");

static bool claim = true;
module_param(claim, bool, 0);
MODULE_PARM_DESC(claim, "claim the NMIs of a sweep");

static struct perf_event *event;
static unsigned int claimed;
static unsigned int overflows;
static u64 count_before, overflows_before;

/* One at a time, so that one that is lost stays behind. */
static int claim_one(unsigned int type, struct pt_regs *regs)
{
	u64 injected;

	rdmsrl(SIM_MSR_CLAIM_NMI, injected);
	claimed += injected;
	return injected ? NMI_HANDLED : NMI_DONE;
}

static void count_overflow(struct perf_event *of, struct perf_sample_data *data,
			   struct pt_regs *regs)
{
	overflows++;
}

static int create_event(void)
{
	struct perf_event_attr attr = {
		.size		= sizeof(attr),
		.type		= PERF_TYPE_HARDWARE,
		.config		= PERF_COUNT_HW_INSTRUCTIONS,
		.sample_period	= period,
		.pinned		= 1,
	};

	event = perf_event_create_kernel_counter(&attr, 0, NULL,
						 count_overflow, NULL);
	return PTR_ERR_OR_ZERO(event);
}

static int __init nmi_owner_init(void)
{
	int err;

	if (rdmsrl_safe(SIM_MSR_HOST_COUNT, &count_before)) {
		pr_err("no sweep: boot the simulated machine with --sweep\n");
		return -ENODEV;
	}
	rdmsrl(SIM_MSR_HOST_OVERFLOWS, overflows_before);
	if (claim) {
		err = register_nmi_handler(NMI_LOCAL, claim_one, 0, "nmi_owner");
		if (err)
			return err;
	}
	err = create_event();
	if (err && claim)
		unregister_nmi_handler(NMI_LOCAL, "nmi_owner");
	return err;
}

static u64 machines(u32 msr, u64 before)
{
	u64 now;

	rdmsrl(msr, now);
	return now - before;
}

static void __exit nmi_owner_exit(void)
{
	u64 enabled, running, total;

	perf_event_disable(event);
	total = perf_event_read_value(event, &enabled, &running);
	pr_info("%u NMIs claimed\n", claimed);
	pr_info("%u overflows handled of %llu\n", overflows,
		machines(SIM_MSR_HOST_OVERFLOWS, overflows_before));
	pr_info("%llu instructions counted of %llu\n", total,
		machines(SIM_MSR_HOST_COUNT, count_before));
	perf_event_release_kernel(event);
	if (claim)
		unregister_nmi_handler(NMI_LOCAL, "nmi_owner");
}

module_init(nmi_owner_init);
module_exit(nmi_owner_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Claims the NMIs that a sweep of the simulated machine injects");
