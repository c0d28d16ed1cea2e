/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtual-machine control structure: its fields, and what is put in them
 * for this guest. All but vmcs_alloc() and vmcs_free() act on the current
 * VMCS of this CPU.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "vmx/ctls.h"
#include "vmx/host.h"

enum vmcs_field {
#define VMCS_FIELD(name, encoding, width) name = encoding,
#include "vmx/vmcs_fields.def"
#undef VMCS_FIELD
};

/* Bits 14:13 of an encoding: the width of the field. */
#define VMCS_WIDTH(field)	((field) >> 13 & 3)
enum { VMCS_WIDTH_16, VMCS_WIDTH_64, VMCS_WIDTH_32, VMCS_WIDTH_NAT };

enum vmcs_access { VMCS_NO_ACCESS, VMCS_READ, VMCS_WRITE };

struct vmcs {
	void			*region;
	u64			pa;
	bool			launched;
	/* The first access that failed since vmcs_check(). */
	enum vmcs_access	failed;
	u32			failed_field;
	bool			was_current;	/* then; else no field could be had */
};

int vmcs_alloc(struct vmcs *vmcs, const struct cpu_caps *caps);
void vmcs_free(struct vmcs *vmcs);

/*
 * For loops and tables; else the accessors below, which check the width. What
 * cannot be read is 0, until vmcs_check() ends the run for it.
 */
u64 vmcs_read_any(struct vmcs *vmcs, u32 field);
void vmcs_write_any(struct vmcs *vmcs, u32 field, u64 val);

/* An access of the wrong width does not compile. */
#define VMCS_ASSERT_WIDTH(field, width) \
	_Static_assert(VMCS_WIDTH(field) == (width), "width of " #field)

#define vmcs_read16(v, f)	({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_16); (u16)vmcs_read_any(v, f); })
#define vmcs_read32(v, f)	({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_32); (u32)vmcs_read_any(v, f); })
#define vmcs_read64(v, f)	({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_64); vmcs_read_any(v, f); })
#define vmcs_readnat(v, f)	({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_NAT); vmcs_read_any(v, f); })

#define vmcs_write16(v, f, val)	({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_16); vmcs_write_any(v, f, (u16)(val)); })
#define vmcs_write32(v, f, val)	({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_32); vmcs_write_any(v, f, (u32)(val)); })
#define vmcs_write64(v, f, val)	({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_64); vmcs_write_any(v, f, val); })
#define vmcs_writenat(v, f, val) ({ VMCS_ASSERT_WIDTH(f, VMCS_WIDTH_NAT); vmcs_write_any(v, f, val); })

/* -EIO, after a line with the field's name, if an access has failed. */
int vmcs_check(struct vmcs *vmcs);

/* Where the guest starts, and with what. */
struct vmcs_guest {
	u64	rip;
	u64	rsp;
	u64	cr3;
};

void vmcs_write_controls(struct vmcs *vmcs, const struct ctls *ctls,
			 u64 msr_bitmap_pa, u64 ept_pointer);
void vmcs_write_guest(struct vmcs *vmcs, const struct cpu_caps *caps,
		      const struct vmcs_guest *guest);
/* Once a slice: what the host has changes with the task and the CPU. */
void vmcs_write_host(struct vmcs *vmcs, const struct cpu_caps *caps,
		     const struct host_state *host);

/*
 * From an NMI that has come too late for hw_enter()'s look at the phase: the
 * VM entry that is about to be tried fails, for its host state.
 * vmcs_write_host() mends it.
 */
void vmcs_spoil_entry(void);

#endif
