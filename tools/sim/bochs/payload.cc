// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that begin with somebody else's instructions: the first one that starts
 * with the first of a list, and so on. A guest starts with all general registers
 * 0, and reads its own code as it finds it, so the bytes are written there: its
 * page tables map one to one, and the EPT is the host's.
 */
#include "machine.h"
#include "memory/memory-bochs.h"

enum {
	MAX_PAYLOADS	= 64,
	MAX_BYTES	= 16,
	EPT_LEVELS	= 4,
	EPT_INDEX_BITS	= 9,
	EPT_PAGE_BITS	= 12,
};

static const Bit64u EPT_ADDRESS = 0x000ffffffffff000;

static struct payload {
	unsigned int	bytes;
	Bit8u		code[MAX_BYTES];
} payloads[MAX_PAYLOADS];
static unsigned int nr_payloads;
static unsigned int started;

static bool parse_one(const char *hex, size_t digits, struct payload *p)
{
	if (!digits || digits % 2 || digits > 2 * MAX_BYTES)
		return false;
	for (; p->bytes < digits / 2; p->bytes++) {
		unsigned int byte;

		if (sscanf(hex + 2 * p->bytes, "%2x", &byte) != 1)
			return false;
		p->code[p->bytes] = byte;
	}
	return true;
}

/* "HEX,HEX,..." */
void payload_parse(const char *list)
{
	while (nr_payloads < MAX_PAYLOADS) {
		size_t digits = strspn(list, "0123456789abcdef");

		if (!parse_one(list, digits, &payloads[nr_payloads++]))
			break;
		list += digits;
		if (!*list)
			return;
		list++;
	}
	fprintf(stderr, "SIM_PAYLOAD: no list of instructions from %s on\n", list);
	exit(1);
}

static bool starts(const BX_CPU_C *cpu)
{
	Bit64u all = 0;

	for (unsigned int i = 0; i < BX_GENERAL_REGISTERS; i++)
		if (i != BX_64BIT_REG_RSP)
			all |= cpu->gen_reg[i].rrx;
	return !all;
}

static Bit64u translate(BX_CPU_C *cpu, Bit64u gpa)
{
	Bit64u entry = cpu->VMread64(VMCS_64BIT_CONTROL_EPTPTR);

	for (unsigned int level = EPT_LEVELS; level; level--) {
		unsigned int shift = EPT_PAGE_BITS + EPT_INDEX_BITS * (level - 1);
		Bit64u index = gpa >> shift & ((1 << EPT_INDEX_BITS) - 1);

		BX_MEM(0)->readPhysicalPage(cpu, (entry & EPT_ADDRESS) + 8 * index,
					 sizeof(entry), &entry);
	}
	return (entry & EPT_ADDRESS) | (gpa & ((1 << EPT_PAGE_BITS) - 1));
}

/* The same guest again: it was interrupted before its first instruction. */
static bool begins_with(BX_CPU_C *cpu, Bit64u address, const struct payload *p)
{
	Bit8u found[MAX_BYTES];

	BX_MEM(0)->readPhysicalPage(cpu, address, p->bytes, found);
	return !memcmp(found, p->code, p->bytes);
}

void payload_vmentry(struct vcpu *vcpu)
{
	BX_CPU_C *cpu = BX_CPU(vcpu->id);
	struct payload *p = &payloads[started];
	Bit64u address;

	if (started == nr_payloads || !starts(cpu))
		return;
	address = translate(cpu, cpu->VMread64(VMCS_GUEST_RIP));
	if (started && begins_with(cpu, address, p - 1))
		return;
	BX_MEM(0)->writePhysicalPage(cpu, address, p->bytes, p->code);
	started++;
}
