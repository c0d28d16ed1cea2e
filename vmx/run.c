// SPDX-License-Identifier: GPL-2.0
#include "vmx/run.h"
#include "vmx/dump.h"
#include "vmx/exits.h"
#include "vmx/inject.h"
#include "vmx/profile.h"
#include "vmx/vmx_arch.h"

/*
 * How often a load waits for a PMI of the host's before it goes ahead. A bit
 * in GLOBAL_STATUS need not have a PMI to come: its counter may not ask for
 * one.
 */
enum { MAX_POSTPONED = 8 };

/* What depends on the CPU and on what the guest is to be shown of it. */
static int choose(struct run *run, const char *profile, const char *deny)
{
	struct pmu_caps shown;
	bool trap_rdpmc;
	int err;

	err = caps_read(&run->caps);
	if (!err)
		err = profile_parse(profile, &run->caps.pmu, &shown);
	if (err)
		return err;
	vpmu_init(&run->vpmu, &run->caps, &shown);
	err = filter_parse(deny, &run->vpmu.filter);
	if (err)
		return err;
	trap_rdpmc = vpmu_policy_rdpmc(run->vpmu.hw, &run->vpmu.shown) == VPMU_TRAP;
	return ctls_choose(&run->caps, trap_rdpmc, &run->ctls);
}

int run_alloc(struct run *run, const char *profile, const char *deny)
{
	int err;

	memset(run, 0, sizeof(*run));
	err = choose(run, profile, deny);
	if (err)
		return err;
	err = root_alloc(&run->root, &run->caps);
	if (err)
		return err;
	err = vmcs_alloc(&run->vmcs, &run->caps);
	if (err)
		goto free_root;
	err = msr_bitmap_alloc(&run->bitmap);
	if (err)
		goto free_vmcs;
	err = ept_alloc(&run->ept);
	if (err)
		goto free_bitmap;
	msr_bitmap_open(&run->bitmap, run->vpmu.hw, &run->vpmu.shown);
	return 0;

free_bitmap:
	msr_bitmap_free(&run->bitmap);
free_vmcs:
	vmcs_free(&run->vmcs);
free_root:
	root_free(&run->root);
	return err;
}

void run_free(struct run *run)
{
	ept_free(&run->ept);
	msr_bitmap_free(&run->bitmap);
	vmcs_free(&run->vmcs);
	root_free(&run->root);
}

/* What was chosen for the one CPU must be what would be chosen for this one. */
static int compare_cpu(const struct run *run, const char **differs)
{
	bool trap_rdpmc = run->ctls.word[VMX_CTL_CPU] & CPU_RDPMC_EXITING;
	struct cpu_caps here;
	struct ctls ctls;
	int err = caps_read(&here);

	if (err)
		return err;
	*differs = caps_differ(&run->caps, &here);
	if (*differs)
		return -EOPNOTSUPP;
	err = ctls_choose(&here, trap_rdpmc, &ctls);
	if (err)
		return err;
	if (!memcmp(&ctls, &run->ctls, sizeof(ctls)))
		return 0;
	*differs = "VMX controls";
	return -EOPNOTSUPP;
}

int run_begin(struct run *run, const char **differs)
{
	int err = compare_cpu(run, differs);
	enum hw_vmx res;

	if (!err)
		err = root_enter(&run->root, run->vmcs.pa);
	if (err)
		return err;
	res = hw_invept_all();
	err = root_leave(&run->root);
	if (res == HW_VMX_OK)
		return err;
	log_err("INVEPT failed\n");
	return -EIO;
}

void run_move(struct run *run)
{
	run->postponed = 0;
	vpmu_forget_host(&run->vpmu);
}

void run_start(struct run *run, const struct vmcs_guest *start)
{
	memset(&run->regs, 0, sizeof(run->regs));
	memset(run->exits, 0, sizeof(run->exits));
	vpmu_reset(&run->vpmu);
	apic_reset(&run->apic, run->vpmu.shown.version);
	run->halted = false;
	run->host.guest_kernel_gs_base = 0;
	run->start = *start;
	run->guest_tsc = 0;
	run->fresh = true;
}

u32 run_timer_ticks(const struct run *run, u64 tsc)
{
	u64 ticks = tsc >> (run->caps.vmx_misc & VMX_MISC_PREEMPTION_TIMER_RATE);

	if (!ticks)
		return 1;
	return ticks > ~0u ? ~0u : ticks;
}

static int write_vmcs(struct run *run, u32 timer)
{
	if (run->fresh) {
		vmcs_write_controls(&run->vmcs, &run->ctls, run->bitmap.pa,
				    ept_pointer(&run->ept));
		run->cpu_controls = run->ctls.word[VMX_CTL_CPU];
		vmcs_write_guest(&run->vmcs, &run->caps, &run->start);
		run->fresh = false;
	}
	vmcs_write_host(&run->vmcs, &run->caps, &run->host);
	/* The exit has saved what was left of it. */
	if (timer != RUN_TIMER_GOES_ON)
		vmcs_write32(&run->vmcs, GUEST_PREEMPTION_TIMER, timer);
	return vmcs_check(&run->vmcs);
}

static int fail(struct run *run, enum run_failure failure, u32 number)
{
	run->failure = failure;
	run->failure_number = number;
	return -EIO;
}

static void explain_failure(struct run *run)
{
	switch (run->failure) {
	case RUN_NO_FAILURE:
		break;
	case RUN_FAILED_NO_VMCS:
		log_err("VM entry failed: no current VMCS\n");
		break;
	case RUN_FAILED_VMFAIL:
		dump_vmfail(run->failure_number, &run->caps);
		break;
	case RUN_FAILED_HALT:
		log_err("the guest has halted and nothing can wake it: no interrupt is pending that it would take\n");
		break;
	case RUN_FAILED_EXIT:
		if (run->failure_number & EXIT_REASON_ENTRY_FAILURE)
			dump_failed_entry(run->failure_number, &run->caps);
		else
			dump_exit(run->failure_number, &run->regs);
		break;
	}
}

/*
 * After put, with the VMCS still current: a console can take its time, and
 * what it does is counted by the host's PMU, not by the guest's. A field that
 * could not be read or written explains whatever came of it.
 */
static int report_failure(struct run *run, int res)
{
	int err = vmcs_check(&run->vmcs);

	if (!err)
		explain_failure(run);
	run->failure = RUN_NO_FAILURE;
	return err ? err : res;
}

static enum hw_entry try_entry(struct run *run)
{
	enum hw_entry entry;
	u64 start;

	vpmu_settle(&run->vpmu);
	hw_note(HW_NOTE_ENTRY, 0, 0);
	host_before_entry(&run->host);
	start = hw_rdtsc();
	entry = hw_enter(&run->regs, &run->vpmu.phase, run->vmcs.launched);
	if (entry == HW_ENTRY_EXITED) {
		run->guest_tsc += hw_rdtsc() - start;
		host_after_exit(&run->host);
	} else {
		host_after_failed_entry(&run->host);
		hw_note(HW_NOTE_EXIT, HW_NOTE_NO_ENTRY, 0);
	}
	return entry;
}

/*
 * True if NMIs are why the guest was not entered; then it can be tried again.
 * One that came before hw_enter()'s look makes it restart, one after it spoils
 * the entry, see vmcs_spoil_entry(); with both, the entry is spoilt though it
 * was not tried, so mend it each time.
 */
static bool mend_entry(struct run *run, enum hw_entry entry)
{
	if (entry != HW_ENTRY_RESTART &&
	    (entry != HW_ENTRY_FAIL_VALID || run->vpmu.phase == VPMU_GUEST))
		return false;
	vmcs_write_host(&run->vmcs, &run->caps, &run->host);
	return true;
}

/* 0 after a VM exit, -EIO if the guest could not be entered. */
static int enter_once(struct run *run)
{
	enum hw_entry entry;

	do {
		/* Each time: an NMI may have brought a PMI of the guest's. */
		if (!inject_events(run))
			return fail(run, RUN_FAILED_HALT, 0);
		/* What load and the exit handlers have read and written. */
		if (run->vmcs.failed)
			return -EIO;
		entry = try_entry(run);
	} while (mend_entry(run, entry));

	if (entry == HW_ENTRY_FAIL_INVALID)
		return fail(run, RUN_FAILED_NO_VMCS, 0);
	if (entry == HW_ENTRY_FAIL_VALID)
		return fail(run, RUN_FAILED_VMFAIL,
			    vmcs_read32(&run->vmcs, VM_INSTRUCTION_ERROR));
	run->vmcs.launched = true;
	return 0;
}

static int run_guest(struct run *run)
{
	for (;;) {
		int err = enter_once(run);
		u32 reason;

		if (err)
			return err;
		/* If it can't be read, 0: an NMI of the host's, if there is one. */
		reason = vmcs_read32(&run->vmcs, EXIT_REASON);
		hw_note(HW_NOTE_EXIT, reason, 0);
		switch (exits_handle(run, reason)) {
		case ACTION_RESUME:
			continue;
		case ACTION_YIELD:
			return RUN_MORE;
		case ACTION_PREEMPTED:
			return RUN_PREEMPTED;
		case ACTION_COUNTING:
			run->guest_tsc = 0;
			return RUN_COUNTING;
		case ACTION_DONE:
			return RUN_DONE;
		case ACTION_FAIL:
			return fail(run, RUN_FAILED_EXIT, reason);
		}
	}
}

/*
 * With an NMI in between it is another overflow that is waited for: a host that
 * samples often enough has one at each load.
 */
static bool waited_in_vain(struct run *run)
{
	u64 nmis = run->vpmu.all_nmis;

	if (nmis != run->nmis_seen)
		run->postponed = 0;
	run->nmis_seen = nmis;
	return run->postponed >= MAX_POSTPONED;
}

static int load_and_run(struct run *run)
{
	int res = vpmu_load(&run->vpmu, &run->vmcs, waited_in_vain(run));

	if (res) {
		run->postponed++;
		return res;
	}
	run->postponed = 0;
	res = run_guest(run);
	/* Reading all of it back costs as much as a put: once a run will do. */
	vpmu_put(&run->vpmu, &run->vmcs, res == RUN_DONE);
	return report_failure(run, res);
}

/* What ended guest mode was meant for the host. */
static void deliver_to_host(struct run *run)
{
	if (run->nmi)
		hw_nmi();
	if (run->machine_check)
		hw_machine_check();
	run->nmi = false;
	run->machine_check = false;
	vpmu_forget_claim(&run->vpmu);
}

int run_slice(struct run *run, u32 timer)
{
	int res = caps_check_pt(&run->caps);

	if (!res)
		res = root_enter(&run->root, run->vmcs.pa);
	if (res)
		return res;
	run->vmcs.launched = false;
	host_save(&run->host);
	res = write_vmcs(run, timer);
	if (!res)
		res = load_and_run(run);
	host_restore(&run->host);
	if (root_leave(&run->root))
		res = -EIO;
	deliver_to_host(run);
	return res;
}
