/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two NMI handlers around Linux's: the first of the list gives the host
 * its PMU back, the last one takes it again and makes an interrupted VM entry
 * start over.
 */
#ifndef KMOD_NMI_H
#define KMOD_NMI_H

#include "vmx/vpmu.h"

/* Of @vpmu, from now until nmi_unregister(). */
int nmi_register(struct vpmu *vpmu);
void nmi_unregister(void);

/*
 * Around each slice, on its CPU, interrupts off. NMIs on all others, and on this
 * one at other times, are counted and left alone.
 */
void nmi_enter_slice(void);
void nmi_leave_slice(void);

#endif
