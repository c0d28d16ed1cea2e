/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few types and functions that the core takes from its surroundings.
 * The only place that knows whether it is compiled for the kernel or, for the
 * unit tests, for user space.
 */
#ifndef TMAVISOR_TYPES_H
#define TMAVISOR_TYPES_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define fallthrough	__attribute__((__fallthrough__))

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
#endif

#define TMAV_PAGE_SIZE		4096
#define TMAV_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define TMAV_BIT(n)		(1ULL << (n))

#endif
