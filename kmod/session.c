// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/bitops.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <asm/tsc.h>
#include "kmod/emergency.h"
#include "kmod/guest_memory.h"
#include "kmod/ktap.h"
#include "kmod/nmi.h"
#include "kmod/place.h"
#include "kmod/report.h"
#include "kmod/results.h"
#include "kmod/script.h"
#include "kmod/session.h"
#include "kmod/trace.h"
#include "kmod/workload.h"
#include "tmavisor/pmu_arch.h"

/*
 * A slice without forced switches: far longer than Linux lets go by without
 * an interrupt, so that only a guest that hangs ever sees the end of it.
 */
enum { SLICE_MSEC = 500 };

/*
 * Seconds of one run before its guest is given up, for each of its usual number
 * of rounds: what a healthy one needs in the simulated machine, many times over.
 */
enum { GUEST_SECONDS = 60 };

/* Forced switches that a workload's usual number of rounds has room for. */
enum { SWITCHES_PER_ROUNDS = 200 };

/* Only one module of this name can be loaded, so there is only one. */
static struct session *hotplug_session;

/* How many times its usual number of rounds a workload does. */
static u64 rounds_factor(const struct session *session)
{
	return 1 + session->options.switches / SWITCHES_PER_ROUNDS;
}

static int slice(struct session *session, u32 timer)
{
	int res;

	/* Else a CPU that goes offline could have its events told as another one's. */
	migrate_disable();
	local_irq_disable();
	res = place_arrive(session);
	if (!res) {
		nmi_enter_slice();
		res = run_slice(&session->run, timer);
		nmi_leave_slice();
	}
	local_irq_enable();
	/* Not before: perf could read the guest's counters in a tracepoint. */
	trace_slice();
	migrate_enable();
	/* Nothing else in a run lets go of a trampoline of ftrace's or kprobes'. */
	cond_resched_tasks_rcu_qs();
	return res;
}

/*
 * What the timer is to be set to after a slice that ended with @res: @quantum
 * TSC ticks while the guest counts and switches are still to be forced.
 */
static u32 next_timer(struct session *session, int res, u64 forced, u64 quantum,
		      struct session_measure *m)
{
	u64 idle = (u64)tsc_khz * SLICE_MSEC;

	/* A slice that an interrupt has ended goes on where it was. */
	if (res == RUN_MORE)
		return RUN_TIMER_GOES_ON;
	if (res == RUN_COUNTING)
		m->forced = 0;
	/* Behind the last one, the end of an idle slice is none. */
	else if (m->forced < forced)
		m->forced++;
	return run_timer_ticks(&session->run, m->forced < forced ? quantum : idle);
}

/*
 * Run the guest to its end, for @limit seconds at most, with @forced switches
 * while it counts, one every @quantum TSC ticks.
 */
static int run_guest(struct session *session, u64 limit, u64 forced,
		     u64 quantum, struct session_measure *m)
{
	unsigned long end = jiffies + limit * HZ;
	u32 timer = run_timer_ticks(&session->run, (u64)tsc_khz * SLICE_MSEC);

	while (time_before(jiffies, end)) {
		int res = slice(session, timer);

		if (res == -EAGAIN)
			continue;
		if (res < 0)
			return res;
		m->switches++;
		if (res == RUN_DONE)
			return 0;
		place_move(session);
		timer = next_timer(session, res, forced, quantum, m);
	}
	pr_err("the guest did not finish in %llu s; given up\n", limit);
	return -ETIMEDOUT;
}

/* One at least: with many slices a workload takes longer than it usually does. */
static u64 rounds_of_slice(const struct session *session, enum guest_workload w)
{
	u64 rounds = workloads[w].rounds * rounds_factor(session);

	return max(rounds / session->options.slices, 1ULL);
}

static u64 seconds_for(const struct session *session, enum guest_workload w)
{
	u64 rounds;

	if (w >= NR_WORKLOADS)
		return GUEST_SECONDS;
	rounds = rounds_of_slice(session, w) * session->options.slices;
	return GUEST_SECONDS * (1 + rounds / workloads[w].rounds);
}

static void write_request(struct session *session, enum guest_workload w)
{
	const struct pmu_caps *shown = &session->run.vpmu.shown;
	struct guest_request *req = &guest_memory_page(session->memory)->request;
	int i;

	memset(req, 0, sizeof(*req));
	req->workload = w;
	if (w < NR_WORKLOADS) {
		req->slices = session->options.slices;
		req->rounds = rounds_of_slice(session, w);
		req->warm_up_rounds = req->rounds * req->slices;
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS; i++) {
		if (!pmu_has_fixed(shown, i))
			continue;
		req->fixed_ctr_ctrl |= FIXED_CTR_CTRL_OS(i) |
				       FIXED_CTR_CTRL_USR(i);
		req->global_ctrl |= GLOBAL_FIXED(i);
	}
	req->pmu = shown->version;
	req->fixed_mask = shown->fixed_mask;
	req->metrics = shown->metrics;
	if (shown->metrics)
		req->global_ctrl |= GLOBAL_CTRL_METRICS;
}

/* After run_start(). The probes that measure nothing say what RESET leaves. */
static int import_image(struct session *session, enum guest_workload w)
{
	const struct pmu_image *image = session->options.image;

	if (!image || w >= NR_WORKLOADS)
		return 0;
	return pmu_image_import(&session->run, image, sizeof(*image));
}

/* The guest from its beginning to its end, with @w to do. */
static int run_once(struct session *session, enum guest_workload w, u64 forced,
		    u64 quantum, struct session_measure *m)
{
	static const struct vmcs_guest start = {
		.rip = GUEST_BLOB_GPA,
		.rsp = GUEST_STACK_TOP_GPA,
		.cr3 = GUEST_TABLES_GPA,
	};
	struct guest_page *page = guest_memory_page(session->memory);
	int err;

	memset(page, 0, sizeof(*page));
	memset(guest_memory_slices(session->memory), 0,
	       session->options.slices * sizeof(struct guest_slice));
	write_request(session, w);
	run_start(&session->run, &start);
	err = import_image(session, w);
	if (err)
		return err;
	return run_guest(session, seconds_for(session, w), forced, quantum, m);
}

static void add_slice(struct session_measure *m, const struct pmu_caps *shown,
		      const struct guest_slice *s)
{
	m->odd_sums += !tma_adds_up(s->perf_metrics);
	m->odd_parts += !tma_parts_fit(s->perf_metrics) ||
			s->perf_metrics & ~pmu_metrics_mask(shown);
	m->instructions += s->instructions;
	m->cycles += s->cycles;
	tma_add(&m->tma, s->slots, s->perf_metrics);
}

/* What @m has of the run's counters is the difference from here to count_off(). */
static void count_from(const struct session *session, struct session_measure *m)
{
	const struct vpmu *vpmu = &session->run.vpmu;

	m->moves = -session->moves;
	m->loads = -vpmu->loads;
	m->puts = -vpmu->puts;
	m->nmis = -vpmu->nmis;
	m->unrestored = -vpmu->unrestored;
}

static void count_off(const struct session *session, struct session_measure *m)
{
	const struct vpmu *vpmu = &session->run.vpmu;

	m->moves += session->moves;
	m->loads += vpmu->loads;
	m->puts += vpmu->puts;
	m->nmis += vpmu->nmis;
	m->unrestored += vpmu->unrestored;
}

static int measure(struct session *session, enum guest_workload w, u64 forced,
		   u64 quantum, struct session_measure *m)
{
	size_t size = session->options.slices * sizeof(struct guest_slice);
	u32 i;
	int err;

	m->slices = kvmalloc(size, GFP_KERNEL);
	if (!m->slices)
		return -ENOMEM;
	count_from(session, m);
	err = run_once(session, w, forced, quantum, m);
	count_off(session, m);
	memcpy(m->slices, guest_memory_slices(session->memory), size);
	for (i = 0; i < session->options.slices; i++)
		add_slice(m, &session->run.vpmu.shown, &m->slices[i]);
	m->guest_tsc = session->run.guest_tsc;
	memcpy(m->exits, session->run.exits, sizeof(m->exits));
	return err;
}

/*
 * Once without forced switches, which also tells how long the guest takes,
 * and once with a switch each time a share of that has gone by. Half of it:
 * the second run may be the faster one, by warm caches or a higher clock.
 */
static int run_workload(struct session *session, enum guest_workload w)
{
	struct session_outcome *o = &session->results->outcome[w];
	u64 switches = session->options.switches;
	int err = measure(session, w, 0, 0, &o->plain);

	if (err)
		return err;
	report_slices(session, w);
	if (!switches)
		return 0;
	return measure(session, w, switches,
		       o->plain.guest_tsc / 2 / (switches + 1), &o->switched);
}

static int run_leaks(struct session *session)
{
	struct session_measure m = {};
	int err = run_once(session, GUEST_PROBE_LEAKS, 0, 0, &m);

	session->leaks = guest_memory_page(session->memory)->result;
	return err;
}

static int run_script(struct conform *conform)
{
	struct session *session = container_of(conform, struct session, conform);
	struct session_measure m = {};

	return run_once(session, GUEST_PROBE_SCRIPT, 0, 0, &m);
}

static int run_conform(struct session *session)
{
	struct conform *conform = &session->conform;
	struct conform_outcome outcome;
	u32 i;
	int err;

	conform->shown = &session->run.vpmu.shown;
	conform->deny = &session->run.vpmu.filter;
	conform->ops = guest_memory_ops(session->memory);
	conform->run = run_script;
	report_conform_begin();
	for (i = 0; i < conform_cases(); i++) {
		err = conform_case(conform, i, &outcome);
		if (err)
			return err;
		report_conform_case(&outcome);
	}
	report_conform_end(session);
	return 0;
}

static int begin(struct session *session)
{
	int err;

	local_irq_disable();
	err = place_arrive(session);
	local_irq_enable();
	return err;
}

static int run_workloads(struct session *session)
{
	unsigned int w;
	int err;

	report_machine(session);
	err = begin(session);
	if (err)
		return err;
	report_begin(session);
	err = run_leaks(session);
	if (err)
		return err;
	report_leaks(session);
	err = run_conform(session);
	if (err)
		return err;
	for_each_set_bit(w, &session->options.workloads, NR_WORKLOADS) {
		err = run_workload(session, w);
		if (err)
			return err;
		report_workload(session, w);
	}
	session->results->caps = session->run.caps;
	session->results->shown = session->run.vpmu.shown;
	pmu_image_export(&session->run, &session->results->image);
	err = place_read_hosts(session);
	if (err)
		return err;
	report_host(session);
	report_summary(session);
	return 0;
}

/* What a user has written, instead of all that, and nothing in the log. */
static int run_users_script(struct session *session)
{
	struct guest_op *ops = guest_memory_ops(session->memory);
	struct script *script = session->script;
	struct session_measure m = {};
	int err = begin(session);
	u32 i;

	if (err)
		return err;
	script->ops[script->nr].code = GUEST_OP_END;
	memcpy(ops, script->ops, sizeof(script->ops));
	err = run_once(session, GUEST_PROBE_SCRIPT, 0, 0, &m);
	/* Nothing but what it is for the guest to say. */
	for (i = 0; i < script->nr; i++) {
		script->ops[i].result = ops[i].result;
		script->ops[i].fault = ops[i].fault;
	}
	return err;
}

static int set_up_and_run(struct session *session)
{
	int err = run_alloc(&session->run, session->options.profile,
			    session->options.deny);

	if (err)
		return err;
	err = place_alloc(session);
	if (err)
		goto free_run;
	err = -ENOMEM;
	session->memory = guest_memory_alloc();
	if (!session->memory)
		goto free_place;
	err = guest_memory_map(session->memory, &session->run.ept);
	if (err)
		goto free_memory;
	err = nmi_register(&session->run.vpmu);
	if (err) {
		pr_err("no NMI handler can be had (error %d)\n", err);
		goto free_memory;
	}
	err = session->script ? run_users_script(session) : run_workloads(session);
	trace_report();
	nmi_unregister();
free_memory:
	guest_memory_free(session->memory);
free_place:
	place_free(session);
free_run:
	run_free(&session->run);
	return err;
}

static int session_thread(void *data)
{
	struct session *session = data;

	session->result = set_up_and_run(session);
	complete_all(&session->done);
	return 0;
}

/* Called by the hotplug thread of @cpu, which is going offline. */
static int cpu_going_down(unsigned int cpu)
{
	struct session *session = hotplug_session;

	if (place_lose(session, cpu))
		wait_for_completion(&session->done);
	return 0;
}

static int thread_start(struct session *session)
{
	struct task_struct *thread;

	thread = kthread_create(session_thread, session, "tmavisor/%u",
				session->options.cpu);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, session->options.cpu);
	/* kthread_stop() must find it though it ends by itself. */
	session->thread = get_task_struct(thread);
	wake_up_process(thread);
	return 0;
}

/*
 * Any signal ends the run. To be killable would not do: to a shell that writes,
 * ^C is not fatal; and to an insmod that was stopped and continued it is, but Linux
 * does not wake a task for it that has had a signal pending.
 */
static void thread_finish(struct session *session)
{
	if (wait_for_completion_interruptible(&session->done)) {
		WRITE_ONCE(session->stop, true);
		wait_for_completion(&session->done);
	}
	/* The module's text must not go before the thread has left it. */
	kthread_stop(session->thread);
	put_task_struct(session->thread);
}

/* The errors that nobody has told of where they happened. -EINTR has a @session. */
static void explain(const struct session *session, int err)
{
	if (err == -ENOMEM)
		pr_err("not enough memory for a guest of %u KiB\n",
		       GUEST_MEMORY_SIZE / 1024);
	if (err == -EINTR)
		pr_err("interrupted on CPU %d; nothing is left behind\n",
		       session->cpu < 0 ? (int)session->options.cpu : session->cpu);
}

static int run_thread(struct session *session)
{
	int state, err;

	init_completion(&session->done);
	hotplug_session = session;
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tmavisor",
					  NULL, cpu_going_down);
	if (state < 0) {
		if (state != -ENOMEM)
			pr_err("no CPU-hotplug callback can be had (error %d)\n", state);
		return state;
	}
	err = thread_start(session);
	if (!err) {
		thread_finish(session);
		err = session->result;
	} else {
		/* For a hotplug thread that came first. */
		complete_all(&session->done);
	}
	cpuhp_remove_state_nocalls(state);
	return err;
}

/* As long as it may be in VMX root operation, that is. */
static int run_guarded(struct session *session)
{
	int err = emergency_register();

	if (err)
		return err;
	err = run_thread(session);
	emergency_unregister();
	return err;
}

static int run_to_results(struct session *session)
{
	struct results *results = results_new(&session->options);
	int err;

	if (!results)
		return -ENOMEM;
	session->results = results;
	/* Its strings last as long as the results. */
	session->options = results->options;
	err = run_guarded(session);
	if (err) {
		results_put(results);
		return err;
	}
	results_publish(results);
	if (session->options.strict && ktap_failures()) {
		pr_err("an error, because of strict=1\n");
		return -EINVAL;
	}
	return 0;
}

static struct session *session_alloc(const struct session_options *options)
{
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (session) {
		session->options = *options;
		session->cpu = -1;
	}
	return session;
}

int session_run(const struct session_options *options)
{
	struct session *session = session_alloc(options);
	int err = session ? run_to_results(session) : -ENOMEM;

	explain(session, err);
	kfree(session);
	return err;
}

int session_run_script(const struct session_options *options, struct script *script)
{
	struct session *session = session_alloc(options);
	int err = -ENOMEM;

	if (session) {
		session->script = script;
		err = run_guarded(session);
	}
	explain(session, err);
	kfree(session);
	return err;
}
