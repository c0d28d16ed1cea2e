/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMX off when the machine goes down under a run: a panic or a restart that
 * does not wait for a slice to end.
 */
#ifndef KMOD_EMERGENCY_H
#define KMOD_EMERGENCY_H

/* For one run at a time, of all modules that are built of this: -EBUSY. */
int emergency_register(void);
void emergency_unregister(void);

#endif
