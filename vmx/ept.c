// SPDX-License-Identifier: GPL-2.0
#include "vmx/ept.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"

#define EPT_LEVELS		4
#define EPT_INDEX_BITS		9
#define EPT_ENTRIES		(1u << EPT_INDEX_BITS)
#define EPT_PAGE_BITS		12

#define EPT_READ		TMAV_BIT(0)
#define EPT_WRITE		TMAV_BIT(1)
#define EPT_EXECUTE		TMAV_BIT(2)
#define EPT_RWX			(EPT_READ | EPT_WRITE | EPT_EXECUTE)
#define EPT_MEMTYPE_WB		(6ULL << 3)
#define EPT_ADDRESS		0x000ffffffffff000ULL

int ept_alloc(struct ept *ept)
{
	ept->root = hw_page_alloc(&ept->root_pa);
	return ept->root ? 0 : -ENOMEM;
}

static void free_table(u64 *table, int level)
{
	unsigned int i;

	if (level > 1)
		for (i = 0; i < EPT_ENTRIES; i++)
			if (table[i])
				free_table(hw_page_of(table[i] & EPT_ADDRESS),
					   level - 1);
	hw_page_free(table);
}

void ept_free(struct ept *ept)
{
	if (ept->root)
		free_table(ept->root, EPT_LEVELS);
	ept->root = NULL;
}

static u64 *entry_of(u64 *table, u64 gpa, int level)
{
	unsigned int shift = EPT_PAGE_BITS + EPT_INDEX_BITS * (level - 1);

	return &table[(gpa >> shift) & (EPT_ENTRIES - 1)];
}

int ept_map(struct ept *ept, u64 gpa, u64 hpa)
{
	u64 *table = ept->root;
	int level;

	for (level = EPT_LEVELS; level > 1; level--) {
		u64 *entry = entry_of(table, gpa, level);
		u64 pa;

		if (!*entry) {
			if (!hw_page_alloc(&pa))
				return -ENOMEM;
			*entry = pa | EPT_RWX;
		}
		table = hw_page_of(*entry & EPT_ADDRESS);
	}
	*entry_of(table, gpa, 1) = hpa | EPT_RWX | EPT_MEMTYPE_WB;
	return 0;
}

u64 ept_pointer(const struct ept *ept)
{
	return ept->root_pa | EPTP_MEMTYPE_WB | EPTP_WALK_LENGTH_4;
}
