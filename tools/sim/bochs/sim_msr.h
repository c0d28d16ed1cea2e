/* SPDX-License-Identifier: GPL-2.0 */
/*
 * MSRs of the simulated machine's own, for what a test in it must know of a
 * sweep. They lie where "all existing and future processors will not implement
 * any features", and exist with --sweep alone.
 */
#ifndef TOOLS_SIM_BOCHS_SIM_MSR_H
#define TOOLS_SIM_BOCHS_SIM_MSR_H

/* 1 if an NMI of the sweep's has come that nobody has claimed, which this read does. */
#define SIM_MSR_CLAIM_NMI	0x40000000
/* What FIXED_CTR0 has counted of the host's, and how often it overflowed. */
#define SIM_MSR_HOST_COUNT	0x40000001
#define SIM_MSR_HOST_OVERFLOWS	0x40000002

#endif
