// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "kmod/compat.h"
#include "kmod/ktap.h"
#include "kmod/session.h"
#include "kmod/workload.h"
#include "vmx/filter.h"
#include "vmx/profile.h"

enum { MAX_SWITCHES = 1000000 };

static int cpu;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU to run the guest on, any online one (default 0)");

static int switches = 100;
module_param(switches, int, 0444);
MODULE_PARM_DESC(switches, "full PMU switches to force per workload, 0 to 1000000 (default 100)");

static int slices = 4;
module_param(slices, int, 0444);
MODULE_PARM_DESC(slices, "slices to measure each workload in, 1 to 10000 (default 4)");

static char *workload = "all";
module_param(workload, charp, 0444);
MODULE_PARM_DESC(workload, WORKLOAD_NAMES " (default all)");

static char *profile = "full";
module_param(profile, charp, 0444);
MODULE_PARM_DESC(profile, "PMU that the guest is shown: " PROFILE_NAMES " (default full)");

static char *deny = "";
module_param(deny, charp, 0444);
MODULE_PARM_DESC(deny, "events that the guest may not count: " FILTER_FORM " (default none)");

static bool strict;
module_param(strict, bool, 0444);
MODULE_PARM_DESC(strict, "fail to load if a check fails (default N: the results stay readable)");

static int parse_workload(unsigned long *chosen)
{
	int w;

	*chosen = BIT(NR_WORKLOADS) - 1;
	if (!strcmp(workload, "all"))
		return 0;
	for (w = 0; w < NR_WORKLOADS; w++) {
		*chosen = BIT(w);
		if (!strcmp(workload, workloads[w].name))
			return 0;
	}
	pr_err("workload=%s is unknown; use %s\n", workload, WORKLOAD_NAMES);
	return -EINVAL;
}

static int parse_options(struct session_options *options)
{
	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		pr_err("cpu=%d is not online; use one of %*pbl\n", cpu,
		       cpumask_pr_args(cpu_online_mask));
		return -EINVAL;
	}
	if (switches < 0 || switches > MAX_SWITCHES) {
		pr_err("switches=%d is out of range; use 0 to %d\n", switches,
		       MAX_SWITCHES);
		return -EINVAL;
	}
	if (slices < 1 || slices > GUEST_MAX_SLICES) {
		pr_err("slices=%d is out of range; use 1 to %d\n", slices,
		       GUEST_MAX_SLICES);
		return -EINVAL;
	}
	options->cpu = cpu;
	options->slices = slices;
	options->switches = switches;
	options->profile = profile;
	options->deny = deny;
	return parse_workload(&options->workloads);
}

static int __init tmavisor_init(void)
{
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);
	int err;

	if (!session)
		return -ENOMEM;
	err = parse_options(&session->options);
	if (!err)
		err = session_run(session);
	kfree(session);
	if (err)
		return err;
	if (strict && ktap_failures()) {
		pr_err("not loaded, because of strict=1\n");
		return -EINVAL;
	}
	return 0;
}

/* All is undone by the end of tmavisor_init(); the results are in the log. */
static void __exit tmavisor_exit(void)
{
}

module_init(tmavisor_init);
module_exit(tmavisor_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The tmavisor team");
MODULE_DESCRIPTION("Mediated PMU with PERF_METRICS for a tiny VMX guest");
MODULE_VERSION("0.1");
