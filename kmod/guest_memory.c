// SPDX-License-Identifier: GPL-2.0
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "kmod/guest_memory.h"

/* guest/blob.S */
extern const char guest_blob[], guest_blob_end[];

void *guest_memory_alloc(void)
{
	void *memory = vzalloc(GUEST_MEMORY_SIZE);

	if (memory)
		memcpy(memory + GUEST_BLOB_GPA, guest_blob,
		       guest_blob_end - guest_blob);
	return memory;
}

void guest_memory_free(void *memory)
{
	vfree(memory);
}

int guest_memory_map(void *memory, struct ept *ept)
{
	u64 gpa;

	for (gpa = PAGE_SIZE; gpa < GUEST_MEMORY_SIZE; gpa += PAGE_SIZE) {
		u64 hpa = PFN_PHYS(vmalloc_to_pfn(memory + gpa));
		int err = ept_map(ept, gpa, hpa);

		if (err)
			return err;
	}
	return 0;
}
