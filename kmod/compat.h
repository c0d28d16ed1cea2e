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
 * NULL where there are none: in the first releases of 6.1, where Linux itself turns
 * VMX off wherever CR4 says that it is on; and in later kernels that are built
 * without KVM, where nobody does. Declared like this in asm/reboot.h.
 */
void __weak cpu_emergency_register_virt_callback(void (*callback)(void));
void __weak cpu_emergency_unregister_virt_callback(void (*callback)(void));

/* A string of a tracepoint's: its source was named twice before. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define compat_assign_str(field, source)	__assign_str(field, source)
#else
#define compat_assign_str(field, source)	__assign_str(field)
#endif

#endif
