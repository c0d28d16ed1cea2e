/* SPDX-License-Identifier: GPL-2.0 */
/* Differences between kernel versions, all of them. Built on 6.1. */
#ifndef KMOD_COMPAT_H
#define KMOD_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "tmavisor needs Linux 6.1 or later"
#endif

#endif
