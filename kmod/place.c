// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "kmod/place.h"
#include "tmavisor/pmu_arch.h"

int place_alloc(struct session *session)
{
	session->cpus = kcalloc(nr_cpu_ids, sizeof(*session->cpus), GFP_KERNEL);
	return session->cpus ? 0 : -ENOMEM;
}

void place_free(struct session *session)
{
	kfree(session->cpus);
	session->cpus = NULL;
}

/* On its CPU, interrupts off. */
static void read_host(void *data)
{
	struct session_host *host = data;

	host->cr4 = hw_read_cr4();
	host->global_ctrl = hw_rdmsr(IA32_PERF_GLOBAL_CTRL);
	host->lvtpc = hw_lvtpc_read();
}

static int visit(struct session *session, int cpu)
{
	const char *differs = NULL;
	int err;

	read_host(&session->cpus[cpu].before);
	err = run_begin(&session->run, &differs);
	if (differs)
		pr_err("CPU %d differs from CPU %u in its %s, and a guest can't change its CPU; use migrate=0\n",
		       cpu, session->options.cpu, differs);
	if (!err)
		cpumask_set_cpu(cpu, &session->visited);
	return err;
}

/*
 * The thread of a CPU that goes offline is moved elsewhere. With migrate=1 any
 * CPU will do, otherwise nothing is known of the one that it is on then.
 */
int place_arrive(struct session *session)
{
	int cpu = smp_processor_id();
	bool moved = cpu != session->cpu;
	bool anew = !cpumask_test_cpu(cpu, &session->visited);
	int err;

	if (READ_ONCE(session->stop) ||
	    (!session->options.migrate && cpu != session->options.cpu))
		return -EINTR;
	/*
	 * Anew after it was offline, even if no slice was elsewhere meanwhile: what
	 * was known of its host is over, too.
	 */
	err = anew ? visit(session, cpu) : 0;
	if (err)
		return err;
	if (anew || moved)
		run_move(&session->run);
	session->moves += moved && session->cpu >= 0;
	session->cpu = cpu;
	return 0;
}

void place_move(struct session *session)
{
	unsigned int next;

	if (!session->options.migrate)
		return;
	/*
	 * One that is online and not active comes or goes: perf has yet to begin
	 * there, and what the host has would differ before and after.
	 */
	next = cpumask_next(session->cpu, cpu_active_mask);
	if (next >= nr_cpu_ids)
		next = cpumask_first(cpu_active_mask);
	/* If it has just gone offline, the next slice is here once more. */
	set_cpus_allowed_ptr(current, cpumask_of(next));
}

int place_read_hosts(struct session *session)
{
	unsigned int cpu;

	if (READ_ONCE(session->stop))
		return -EINTR;
	/* One that is gone by now has nothing to compare. */
	for_each_cpu(cpu, &session->visited)
		if (smp_call_function_single(cpu, read_host,
					     &session->cpus[cpu].after, true))
			cpumask_clear_cpu(cpu, &session->visited);
	return 0;
}

bool place_lose(struct session *session, unsigned int cpu)
{
	if (session->options.migrate) {
		/* When it is back, it may be another one. */
		cpumask_clear_cpu(cpu, &session->visited);
		return false;
	}
	if (cpu == session->options.cpu)
		WRITE_ONCE(session->stop, true);
	return cpu == session->options.cpu;
}
