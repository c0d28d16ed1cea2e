// SPDX-License-Identifier: GPL-2.0
#include "vmx/run.h"
#include "vmx/dump.h"
#include "vmx/exits.h"
#include "vmx/vmx_arch.h"

/*
 * How often a load waits for a PMI of the host's before it goes ahead. A bit
 * in GLOBAL_STATUS need not have a PMI to come: its counter may not ask for
 * one.
 */
enum { MAX_POSTPONED = 8 };

int run_alloc(struct run *run)
{
	bool trap_rdpmc;
	int err;

	memset(run, 0, sizeof(*run));
	err = caps_read(&run->caps);
	if (err)
		return err;
	vpmu_init(&run->vpmu, &run->caps);
	trap_rdpmc = vpmu_policy_rdpmc(run->vpmu.hw, &run->vpmu.shown) == VPMU_TRAP;
	err = ctls_choose(&run->caps, trap_rdpmc, &run->ctls);
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
	vpmu_open_msrs(&run->vpmu, &run->bitmap);
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

int run_try_root(struct run *run)
{
	int err = root_enter(&run->root, run->vmcs.pa);

	if (!err)
		root_leave(&run->root);
	return err;
}

void run_start(struct run *run, const struct vmcs_guest *start)
{
	memset(&run->regs, 0, sizeof(run->regs));
	memset(run->exits, 0, sizeof(run->exits));
	vpmu_reset(&run->vpmu);
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
		vmcs_write_guest(&run->vmcs, &run->caps, &run->start);
		run->fresh = false;
	}
	vmcs_write_host(&run->vmcs, &run->host);
	/* The exit has saved what was left of it. */
	if (timer != RUN_TIMER_GOES_ON)
		vmcs_write32(&run->vmcs, GUEST_PREEMPTION_TIMER, timer);
	return vmcs_check(&run->vmcs);
}

static int report_entry(struct run *run, enum hw_entry entry)
{
	u32 error = entry == HW_ENTRY_FAIL_VALID ?
		    vmcs_read32(VM_INSTRUCTION_ERROR) : 0;

	if (entry == HW_ENTRY_FAIL_INVALID)
		log_err("VM entry failed: no current VMCS\n");
	else
		dump_entry_failure(error, pmu_global_ctrl_mask(&run->caps.pmu));
	return -EIO;
}

/* 0 after a VM exit, -EIO if the guest could not be entered. */
static int enter_once(struct run *run)
{
	enum hw_entry entry;
	u64 start;
	int err;

	/* What load and the exit handlers have written. */
	err = vmcs_check(&run->vmcs);
	if (err)
		return err;
	do {
		vpmu_settle(&run->vpmu);
		start = hw_rdtsc();
		entry = hw_enter(&run->regs, &run->vpmu.phase,
				 run->vmcs.launched);
		host_after_exit(&run->host);
	} while (entry == HW_ENTRY_RESTART);
	if (entry != HW_ENTRY_EXITED)
		return report_entry(run, entry);

	run->guest_tsc += hw_rdtsc() - start;
	run->vmcs.launched = true;
	return 0;
}

static int run_guest(struct run *run)
{
	for (;;) {
		int err = enter_once(run);

		if (err)
			return err;
		switch (exits_handle(run, vmcs_read32(EXIT_REASON))) {
		case ACTION_RESUME:
			continue;
		case ACTION_YIELD:
			return RUN_MORE;
		case ACTION_PREEMPTED:
			return RUN_PREEMPTED;
		case ACTION_DONE:
			return RUN_DONE;
		case ACTION_FAIL:
			return -EIO;
		}
	}
}

static int load_and_run(struct run *run)
{
	int res = vpmu_load(&run->vpmu, &run->vmcs,
			    run->postponed >= MAX_POSTPONED);

	if (res) {
		run->postponed++;
		return res;
	}
	run->postponed = 0;
	res = run_guest(run);
	vpmu_put(&run->vpmu);
	return res;
}

int run_slice(struct run *run, u32 timer)
{
	int res = root_enter(&run->root, run->vmcs.pa);

	if (res)
		return res;
	run->vmcs.launched = false;
	host_save(&run->host);
	res = write_vmcs(run, timer);
	if (!res)
		res = load_and_run(run);
	host_restore(&run->host);
	root_leave(&run->root);
	if (run->nmi) {
		run->nmi = false;
		hw_nmi();
	}
	return res;
}
