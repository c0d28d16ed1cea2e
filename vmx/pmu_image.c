// SPDX-License-Identifier: GPL-2.0
#include "vmx/pmu_image.h"
#include "tmavisor/pmu_arch.h"

_Static_assert(sizeof(struct pmu_image) == 320, "a change is a new version");

static void export_shown(const struct pmu_caps *shown, struct pmu_image *image)
{
	image->perfmon_version = shown->version;
	image->nr_gp = shown->nr_gp;
	image->gp_width = shown->gp_width;
	image->fixed_mask = shown->fixed_mask;
	image->fixed_width = shown->fixed_width;
	image->level2 = shown->level2;
	image->perf_capabilities = shown->perf_capabilities;
}

static void export_apic(const struct run *run, struct pmu_image *image)
{
	struct apic apic = run->apic;

	/* One that came with the last put, which no VM entry has passed on. */
	if (run->vpmu.pmi & VPMU_PMI_RAISED)
		apic_raise_pmi(&apic);
	memcpy(image->apic_irr, apic.irr, sizeof(image->apic_irr));
	memcpy(image->apic_isr, apic.isr, sizeof(image->apic_isr));
	image->apic_svr = apic.svr;
	image->apic_lvt_pmi = apic.lvt_pmi;
	image->apic_nmi = apic.nmi;
}

void pmu_image_export(const struct run *run, struct pmu_image *image)
{
	const struct pmu_state *guest = &run->vpmu.guest;

	memset(image, 0, sizeof(*image));
	image->magic = PMU_IMAGE_MAGIC;
	image->version = PMU_IMAGE_VERSION;
	image->size = sizeof(*image);
	export_shown(&run->vpmu.shown, image);
	memcpy(image->gp, guest->gp, sizeof(image->gp));
	memcpy(image->eventsel, guest->eventsel, sizeof(image->eventsel));
	memcpy(image->fixed, guest->fixed, sizeof(image->fixed));
	image->perf_metrics = guest->perf_metrics;
	image->fixed_ctr_ctrl = guest->fixed_ctr_ctrl;
	image->global_status = guest->global_status;
	image->global_ctrl = guest->global_ctrl;
	export_apic(run, image);
}

static int refuse(const char *why)
{
	log_err("the PMU image is refused: %s\n", why);
	return -EINVAL;
}

static int check_frame(const struct pmu_image *image, size_t size)
{
	if (size < sizeof(*image))
		return refuse("it is truncated");
	if (image->magic != PMU_IMAGE_MAGIC)
		return refuse("it is none");
	if (image->version != PMU_IMAGE_VERSION)
		return refuse("its version is another one");
	if (size != sizeof(*image) || image->size != sizeof(*image))
		return refuse("its size is not that of its version");
	return 0;
}

static int check_shown(const struct pmu_caps *shown, const struct pmu_image *image)
{
	struct pmu_image here = {};

	export_shown(shown, &here);
	if (image->perfmon_version != here.perfmon_version ||
	    image->nr_gp != here.nr_gp || image->gp_width != here.gp_width ||
	    image->fixed_mask != here.fixed_mask ||
	    image->fixed_width != here.fixed_width ||
	    image->level2 != here.level2 ||
	    image->perf_capabilities != here.perf_capabilities)
		return refuse("its guest was shown another PMU; use the same profile");
	return 0;
}

static int check_reg(const char *name, u64 val, u64 valid)
{
	if (!(val & ~valid))
		return 0;
	log_err("the PMU image is refused: %s is %#llx, and bits %#llx must be 0\n",
		name, val, val & ~valid);
	return -EINVAL;
}

/* A counter that is not shown has no bits at all. */
static int check_counters(const struct pmu_caps *shown, const struct pmu_image *image)
{
	u64 gp = pmu_counter_mask(shown->gp_width);
	u64 fixed = pmu_counter_mask(shown->fixed_width);
	int err = 0;
	u32 i;

	for (i = 0; i < PMU_MAX_GP_COUNTERS && !err; i++) {
		bool there = i < shown->nr_gp;

		err = check_reg("IA32_PMCx", image->gp[i], there ? gp : 0);
		if (!err)
			err = check_reg("IA32_PERFEVTSELx", image->eventsel[i],
					there ? VPMU_EVENTSEL_VALID : 0);
	}
	for (i = 0; i < PMU_MAX_FIXED_COUNTERS && !err; i++)
		err = check_reg("IA32_FIXED_CTRx", image->fixed[i],
				pmu_has_fixed(shown, i) ? fixed : 0);
	return err;
}

static int check_controls(const struct pmu_caps *shown, const struct pmu_image *image)
{
	int err = check_reg("IA32_FIXED_CTR_CTRL", image->fixed_ctr_ctrl,
			    pmu_fixed_ctr_ctrl_mask(shown));

	if (!err)
		err = check_reg("IA32_PERF_GLOBAL_STATUS", image->global_status,
				pmu_global_status_mask(shown));
	if (!err)
		err = check_reg("IA32_PERF_GLOBAL_CTRL", image->global_ctrl,
				pmu_global_ctrl_mask(shown));
	return err;
}

static void import_apic(struct apic *apic, const struct pmu_image *image)
{
	memcpy(apic->irr, image->apic_irr, sizeof(apic->irr));
	memcpy(apic->isr, image->apic_isr, sizeof(apic->isr));
	apic->svr = image->apic_svr;
	apic->lvt_pmi = image->apic_lvt_pmi;
	apic->nmi = image->apic_nmi;
}

static int check_apic(const struct pmu_image *image, bool has_pmi)
{
	struct apic apic;

	apic_reset(&apic, has_pmi);
	import_apic(&apic, image);
	if (!apic_is_possible(&apic) || image->apic_nmi > 1 || image->reserved)
		return refuse("no local APIC of a guest's is in such a state");
	return 0;
}

int pmu_image_check(const struct pmu_caps *shown, const void *data, size_t size)
{
	const struct pmu_image *image = data;
	int err = check_frame(image, size);

	if (!err)
		err = check_shown(shown, image);
	if (!err)
		err = check_counters(shown, image);
	if (!err)
		err = check_controls(shown, image);
	if (!err)
		err = check_apic(image, shown->version);
	return err;
}

int pmu_image_import(struct run *run, const void *data, size_t size)
{
	struct vpmu *vpmu = &run->vpmu;
	struct pmu_image copy = {};
	const struct pmu_image *image = &copy;
	int err;

	/* @data may lie anywhere, and belong to somebody who changes it. */
	memcpy(&copy, data, size < sizeof(copy) ? size : sizeof(copy));
	err = pmu_image_check(&vpmu->shown, image, size);
	if (err)
		return err;
	memcpy(vpmu->guest.gp, image->gp, sizeof(image->gp));
	memcpy(vpmu->guest.eventsel, image->eventsel, sizeof(image->eventsel));
	memcpy(vpmu->guest.fixed, image->fixed, sizeof(image->fixed));
	vpmu->guest.perf_metrics = image->perf_metrics;
	vpmu->guest.fixed_ctr_ctrl = image->fixed_ctr_ctrl;
	vpmu->guest.global_status = image->global_status;
	vpmu->guest.global_ctrl = image->global_ctrl;
	import_apic(&run->apic, image);
	vpmu->pmi = apic_takes_pmi(&run->apic) ? VPMU_PMI_ARMED : 0;
	return 0;
}
