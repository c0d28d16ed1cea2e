/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory: extended page tables over the guest's own pages, and nothing
 * else. Four levels, 4-KByte pages, write-back.
 */
#ifndef VMX_EPT_H
#define VMX_EPT_H

#include "tmavisor/types.h"

struct ept {
	u64	*root;
	u64	root_pa;
};

int ept_alloc(struct ept *ept);
/* Frees the tables, not the pages that they map. */
void ept_free(struct ept *ept);
/* Maps the page at @hpa to @gpa; both multiples of the page size. -ENOMEM */
int ept_map(struct ept *ept, u64 gpa, u64 hpa);
/* What the VMCS's EPT pointer must be. */
u64 ept_pointer(const struct ept *ept);

#endif
