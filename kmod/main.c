// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "kmod/compat.h"
#include "kmod/debugfs.h"
#include "kmod/params.h"
#include "kmod/results.h"

static int __init tmavisor_init(void)
{
	struct session_options options;
	int err = params_check(&insmod_params, &options);

	if (!err)
		err = session_run(&options);
	if (err) {
		/* strict=1 refuses a run that has left some. */
		results_forget();
		return err;
	}
	debugfs_add();
	return 0;
}

/* All else was undone by the end of tmavisor_init(), and of each run since. */
static void __exit tmavisor_exit(void)
{
	debugfs_remove_all();
	results_forget();
}

module_init(tmavisor_init);
module_exit(tmavisor_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The tmavisor team");
MODULE_DESCRIPTION("Mediated PMU with PERF_METRICS for a tiny VMX guest");
MODULE_VERSION("0.1");
