/* SPDX-License-Identifier: GPL-2.0 */
/* Differences between kernel versions, all of them. Built on 6.1. */
#ifndef KMOD_COMPAT_H
#define KMOD_COMPAT_H

#include <linux/compiler.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "tmavisor needs Linux 6.1 or later"
#endif

/*
 * Not in the first releases of 6.1, where Linux itself turns VMX off wherever CR4
 * says that it is on: then they are NULL. Declared like this in asm/reboot.h.
 */
void __weak cpu_emergency_register_virt_callback(void (*callback)(void));
void __weak cpu_emergency_unregister_virt_callback(void (*callback)(void));

#endif
