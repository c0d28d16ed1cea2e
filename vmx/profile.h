/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Profiles: the PMU that a guest is shown, as a part of what the hardware has.
 * From the one struct follow CPUID, IA32_PERF_CAPABILITIES, what passes and
 * what traps, and every reserved bit.
 */
#ifndef VMX_PROFILE_H
#define VMX_PROFILE_H

#include "vmx/caps.h"

/* For messages and help: the names, and the form of the one with numbers. */
#define PROFILE_NAMES \
	"full, nometrics, fixed3, gp4, narrow, nofw, l1only, none or " \
	"custom:gp=N,fixed=MASK,width=W,metrics=0|1,l2=0|1,fw=0|1"

/*
 * @text to a PMU within @hw. -EINVAL, after a line that says what is wrong
 * with it, for an unknown profile, or for one that the hardware cannot give or
 * that cannot be: metrics are shares of what fixed counter 3 counts.
 */
int profile_parse(const char *text, const struct pmu_caps *hw,
		  struct pmu_caps *shown);

#endif
