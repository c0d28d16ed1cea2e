/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's physical memory, its code in it, and the EPT over it. */
#ifndef KMOD_GUEST_MEMORY_H
#define KMOD_GUEST_MEMORY_H

#include "tmavisor/guest_abi.h"
#include "vmx/ept.h"

/* The memory, zeroed but for the guest's code; NULL if there is none. */
void *guest_memory_alloc(void);
void guest_memory_free(void *memory);
/* Map all of it but page 0, so that a null pointer of the guest's is caught. */
int guest_memory_map(void *memory, struct ept *ept);

static inline struct guest_op *guest_memory_ops(void *memory)
{
	return memory + GUEST_OPS_GPA;
}

static inline struct guest_slice *guest_memory_slices(void *memory)
{
	return memory + GUEST_SLICES_GPA;
}

static inline struct guest_page *guest_memory_page(void *memory)
{
	return memory + GUEST_PAGE_GPA;
}

#endif
