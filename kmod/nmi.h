/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two NMI handlers around Linux's: the first of the list gives the host
 * its PMU back, the last one takes it again and makes an interrupted VM entry
 * start over.
 */
#ifndef KMOD_NMI_H
#define KMOD_NMI_H

#include "vmx/vpmu.h"

/* @vpmu is switched on @cpu only, from now until nmi_unregister(). */
int nmi_register(struct vpmu *vpmu, unsigned int cpu);
void nmi_unregister(void);

#endif
