// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/cpumask.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include "kmod/params.h"
#include "kmod/workload.h"
#include "vmx/filter.h"
#include "vmx/profile.h"

enum { MAX_SWITCHES = 1000000 };

struct params insmod_params = {
	.switches = 100,
	.slices = 4,
	.workload = "all",
	.profile = "full",
	.deny = "",
};

module_param_named(cpu, insmod_params.cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU to run the guest on, any online one (default 0)");

module_param_named(switches, insmod_params.switches, int, 0444);
MODULE_PARM_DESC(switches, "full PMU switches to force per workload, 0 to 1000000 (default 100)");

module_param_named(slices, insmod_params.slices, int, 0444);
MODULE_PARM_DESC(slices, "slices to measure each workload in, 1 to 10000 (default 4)");

module_param_named(workload, insmod_params.workload, charp, 0444);
MODULE_PARM_DESC(workload, WORKLOAD_NAMES " (default all)");

module_param_named(profile, insmod_params.profile, charp, 0444);
MODULE_PARM_DESC(profile, "PMU that the guest is shown: " PROFILE_NAMES " (default full)");

module_param_named(deny, insmod_params.deny, charp, 0444);
MODULE_PARM_DESC(deny, "events that the guest may not count: " FILTER_FORM " (default none)");

module_param_named(migrate, insmod_params.migrate, bool, 0444);
MODULE_PARM_DESC(migrate, "move the guest to the next online CPU with each slice (default N)");

module_param_named(strict, insmod_params.strict, bool, 0444);
MODULE_PARM_DESC(strict, "fail to load if a check fails (default N: the results stay readable)");

static int set_param(struct params *params, const char *name, char *val)
{
	if (!strcmp(name, "cpu"))
		return kstrtoint(val, 0, &params->cpu);
	if (!strcmp(name, "switches"))
		return kstrtoint(val, 0, &params->switches);
	if (!strcmp(name, "slices"))
		return kstrtoint(val, 0, &params->slices);
	if (!strcmp(name, "migrate"))
		return kstrtobool(val, &params->migrate);
	if (!strcmp(name, "strict"))
		return kstrtobool(val, &params->strict);
	if (!strcmp(name, "workload"))
		params->workload = val;
	else if (!strcmp(name, "profile"))
		params->profile = val;
	else if (!strcmp(name, "deny"))
		params->deny = val;
	else
		return -ENOENT;
	return 0;
}

int params_parse(char *line, struct params *params)
{
	char *name;

	while ((name = strsep(&line, " \t\n"))) {
		char *val = name;

		if (!*name)
			continue;
		strsep(&val, "=");
		switch (val ? set_param(params, name, val) : -ENOENT) {
		case 0:
			continue;
		case -ENOENT:
			pr_err("run: %s is no parameter; use cpu=, switches=, slices=, workload=, profile=, deny=, migrate= or strict=\n",
			       name);
			return -EINVAL;
		default:
			pr_err("run: %s=%s cannot be read\n", name, val);
			return -EINVAL;
		}
	}
	return 0;
}

static int parse_workload(const char *name, unsigned long *chosen)
{
	int w;

	*chosen = BIT(NR_WORKLOADS) - 1;
	if (!strcmp(name, "all"))
		return 0;
	for (w = 0; w < NR_WORKLOADS; w++) {
		*chosen = BIT(w);
		if (!strcmp(name, workloads[w].name))
			return 0;
	}
	pr_err("workload=%s is unknown; use %s\n", name, WORKLOAD_NAMES);
	return -EINVAL;
}

int params_check(const struct params *params, struct session_options *options)
{
	int cpu = params->cpu;

	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		pr_err("cpu=%d is not online; use one of %*pbl\n", cpu,
		       cpumask_pr_args(cpu_online_mask));
		return -EINVAL;
	}
	if (params->switches < 0 || params->switches > MAX_SWITCHES) {
		pr_err("switches=%d is out of range; use 0 to %d\n",
		       params->switches, MAX_SWITCHES);
		return -EINVAL;
	}
	if (params->slices < 1 || params->slices > GUEST_MAX_SLICES) {
		pr_err("slices=%d is out of range; use 1 to %d\n",
		       params->slices, GUEST_MAX_SLICES);
		return -EINVAL;
	}
	if (params->migrate && num_online_cpus() < 2) {
		pr_err("migrate=1 needs a second CPU, and only %*pbl is online\n",
		       cpumask_pr_args(cpu_online_mask));
		return -EINVAL;
	}
	*options = (struct session_options) {
		.cpu = cpu, .slices = params->slices, .switches = params->switches,
		.profile = params->profile, .deny = params->deny,
		.migrate = params->migrate, .strict = params->strict,
	};
	return parse_workload(params->workload, &options->workloads);
}
