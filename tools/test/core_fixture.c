// SPDX-License-Identifier: GPL-2.0
#include "tools/test/core_fixture.h"
#include "vmx/profile.h"
#include "tmavisor/guest_abi.h"

#include <stdlib.h>

/* More than any guest of a test needs. */
enum { MAX_SLICES = 1000 };

int core_setup(void **state)
{
	struct core *core = calloc(1, sizeof(*core));
	void *cpu;

	assert_non_null(core);
	assert_int_equal(soft_cpu_setup(&cpu), 0);
	core->cpu = cpu;
	assert_int_equal(run_alloc(&core->run, "full", ""), 0);
	core->cpu->vpmu = &core->run.vpmu;
	soft_forget_trace(core->cpu);
	*state = core;
	return 0;
}

int core_teardown(void **state)
{
	struct core *core = *state;
	void *cpu = core->cpu;

	run_free(&core->run);
	free(core);
	return soft_cpu_teardown(&cpu);
}

void core_rebuild(struct core *core)
{
	run_free(&core->run);
	soft_rebuild_pmu(core->cpu);
	soft_set_msr(core->cpu, IA32_PERF_GLOBAL_CTRL, core->cpu->perf.enabled &
		     pmu_global_ctrl_valid(&core->cpu->model));
	assert_int_equal(run_alloc(&core->run, "full", ""), 0);
	soft_forget_trace(core->cpu);
}

void core_show(struct core *core)
{
	struct run *run = &core->run;
	bool trap = vpmu_policy_rdpmc(run->vpmu.hw, &run->vpmu.shown) == VPMU_TRAP;

	memset(run->bitmap.bits, 0xff, TMAV_PAGE_SIZE);
	msr_bitmap_open(&run->bitmap, run->vpmu.hw, &run->vpmu.shown);
	assert_int_equal(ctls_choose(&run->caps, trap, &run->ctls), 0);
}

void core_profile(struct core *core, const char *profile)
{
	core_init_vpmu(&core->run.vpmu, &core->run.caps, profile);
	core_show(core);
}

void core_program(struct core *core, const struct guest_step *steps,
		  unsigned int nr)
{
	static const struct vmcs_guest start = {
		.rip = SOFT_GUEST_RIP, .rsp = GUEST_STACK_TOP_GPA,
		.cr3 = GUEST_TABLES_GPA,
	};

	assert_true(nr <= SOFT_MAX_STEPS);
	core->cpu->guest = (struct soft_guest) {
		.steps = steps, .nr = nr, .trapped = -1,
	};
	run_start(&core->run, &start);
}

void core_go_on(struct core *core, const struct guest_step *steps,
		unsigned int nr)
{
	assert_true(nr <= SOFT_MAX_STEPS);
	core->cpu->guest = (struct soft_guest) {
		.steps = steps, .nr = nr, .trapped = -1,
	};
	soft_set_vmcs_field(core->cpu, core->run.vmcs.pa, GUEST_RIP, SOFT_GUEST_RIP);
}

int core_run(struct core *core)
{
	int slices, res = -ETIMEDOUT;

	for (slices = 0; slices < MAX_SLICES; slices++) {
		res = run_slice(&core->run, CORE_TIMER);
		assert_false(core->cpu->vmx_on);
		assert_int_equal(core->run.vpmu.phase, VPMU_HOST);
		/* Interrupts are on between slices: an NMI gets through. */
		soft_step();
		if (res == RUN_DONE || (res < 0 && res != -EAGAIN))
			return res;
	}
	return res;
}

void core_remember(struct core *core)
{
	soft_snapshot(core->cpu, &core->before);
	core->regs_before = core->cpu->regs;
}

static void assert_table_equal(const struct hw_table *a, const struct hw_table *b)
{
	assert_int_equal(a->base, b->base);
	assert_int_equal(a->limit, b->limit);
}

void core_assert_untouched(struct core *core)
{
	const struct soft_regs *was = &core->regs_before;
	const struct soft_regs *now = &core->cpu->regs;

	soft_assert_as_before(core->cpu, &core->before);
	assert_int_equal(now->cr0, was->cr0);
	assert_int_equal(now->cr2, was->cr2);
	assert_int_equal(now->cr3, was->cr3);
	assert_int_equal(now->cr4, was->cr4);
	assert_int_equal(now->dr7, was->dr7);
	assert_table_equal(&now->gdt, &was->gdt);
	assert_table_equal(&now->idt, &was->idt);
	assert_memory_equal(&now->sel, &was->sel, sizeof(now->sel));
	assert_true(!now->tss_limit_wrong || now->tss_limit_lost);
	assert_false(core->cpu->vmx_on);
}

void core_enter_root(struct core *core)
{
	assert_int_equal(root_enter(&core->run.root, core->run.vmcs.pa), 0);
}

void core_leave_root(struct core *core)
{
	root_leave(&core->run.root);
}

void core_init_vpmu(struct vpmu *vpmu, const struct cpu_caps *caps,
		    const char *profile)
{
	struct pmu_caps shown;

	assert_int_equal(profile_parse(profile, &caps->pmu, &shown), 0);
	vpmu_init(vpmu, caps, &shown);
}
