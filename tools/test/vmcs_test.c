// SPDX-License-Identifier: GPL-2.0
/*
 * The VMCS: what stands in the fields, and what happens if one cannot be
 * written.
 */
#include "tools/test/core_fixture.h"
#include "vmx/dump.h"
#include "vmx/vmx_arch.h"

#include <stdio.h>

static const struct vmcs_guest start = { .rip = 0x1000, .rsp = 0x2000, .cr3 = 0x3000 };

/* Any bits but those of the address. */
enum { BITMAP_PA = 0x7000, EPTP = 0x801e };

static u64 field(struct core *core, u32 encoding)
{
	u64 *val = soft_field(core->cpu, encoding);

	assert_non_null(val);
	return *val;
}

static void write_all(struct core *core)
{
	host_save(&core->run.host);
	vmcs_write_controls(&core->run.vmcs, &core->run.ctls, BITMAP_PA, EPTP);
	vmcs_write_guest(&core->run.vmcs, &core->run.caps, &start);
	vmcs_write_host(&core->run.vmcs, &core->run.caps, &core->run.host);
}

static int setup(void **state)
{
	int err = core_setup(state);
	struct core *core = *state;

	core_enter_root(core);
	return err;
}

static int teardown(void **state)
{
	core_leave_root(*state);
	return core_teardown(state);
}

/* Expect: the host's GLOBAL_CTRL is 0, whatever the host has in it. */
static void nothing_counts_after_the_exit(void **state)
{
	struct core *core = *state;

	*soft_field(core->cpu, HOST_IA32_PERF_GLOBAL_CTRL) = ~0ULL;
	write_all(core);
	assert_int_equal(field(core, HOST_IA32_PERF_GLOBAL_CTRL), 0);
}

/* A user task's selectors are live. Expect: 0 in the fields, which RPL 3 would fail. */
static void data_selectors_of_the_host_are_0(void **state)
{
	struct core *core = *state;
	struct hw_selectors *sel = &core->cpu->regs.sel;

	sel->ds = sel->es = 0x2b;
	sel->fs = sel->gs = 0x53;
	write_all(core);
	assert_int_equal(field(core, HOST_DS_SELECTOR), 0);
	assert_int_equal(field(core, HOST_ES_SELECTOR), 0);
	assert_int_equal(field(core, HOST_FS_SELECTOR), 0);
	assert_int_equal(field(core, HOST_GS_SELECTOR), 0);
	assert_int_equal(field(core, HOST_CS_SELECTOR), sel->cs);
	assert_int_equal(field(core, HOST_SS_SELECTOR), sel->ss);
	assert_int_equal(field(core, HOST_TR_SELECTOR), sel->tr);
	assert_int_equal(vmcs_check(&core->run.vmcs), 0);
}

/* Expect: the rest of the host's fields is what the registers hold. */
static void host_fields_are_the_hosts_registers(void **state)
{
	struct core *core = *state;
	const struct soft_regs *regs = &core->cpu->regs;

	write_all(core);
	assert_int_equal(field(core, HOST_CR0), regs->cr0);
	assert_int_equal(field(core, HOST_CR3), regs->cr3);
	assert_int_equal(field(core, HOST_CR4), regs->cr4);
	assert_true(field(core, HOST_CR4) & CR4_VMXE);
	assert_int_equal(field(core, HOST_IA32_EFER), soft_msr(core->cpu, IA32_EFER));
	assert_int_equal(field(core, HOST_FS_BASE), soft_msr(core->cpu, IA32_FS_BASE));
	assert_int_equal(field(core, HOST_GS_BASE), soft_msr(core->cpu, IA32_GS_BASE));
	assert_int_equal(field(core, HOST_TR_BASE), hw_tr_base(&regs->gdt, regs->sel.tr));
	assert_int_equal(field(core, HOST_GDTR_BASE), regs->gdt.base);
	assert_int_equal(field(core, HOST_IDTR_BASE), regs->idt.base);
	assert_int_equal(field(core, HOST_IA32_SYSENTER_CS),
			 soft_msr(core->cpu, IA32_SYSENTER_CS));
	assert_int_equal(field(core, HOST_SYSENTER_ESP),
			 soft_msr(core->cpu, IA32_SYSENTER_ESP));
	assert_int_equal(field(core, HOST_SYSENTER_EIP),
			 soft_msr(core->cpu, IA32_SYSENTER_EIP));
	assert_int_equal(field(core, HOST_RIP), hw_exit_address());
}

/* Expect: 64-bit paging, and no way to x87, SSE, XSAVE or protection keys. */
static void the_guest_is_kept_from_unswitched_state(void **state)
{
	struct core *core = *state;
	const u64 cr4_open = TMAV_BIT(9) | TMAV_BIT(10) | TMAV_BIT(18) | TMAV_BIT(22);
	u64 cr0, cr4;

	write_all(core);
	cr0 = field(core, GUEST_CR0);
	cr4 = field(core, GUEST_CR4);
	assert_int_equal(cr0 & (CR0_PE | CR0_PG | CR0_EM | CR0_TS),
			 CR0_PE | CR0_PG | CR0_EM | CR0_TS);
	/* A machine check with CR4.MCE clear would reset the host. */
	assert_int_equal(cr4, CR4_PAE | CR4_VMXE | CR4_MCE);
	assert_int_equal(cr4 & cr4_open, 0);
	assert_int_equal(field(core, CR0_GUEST_HOST_MASK), ~0ULL);
	assert_int_equal(field(core, CR4_GUEST_HOST_MASK), ~CR4_PCE);
	assert_int_equal(field(core, CR4_READ_SHADOW), CR4_PAE);
	assert_int_equal(field(core, GUEST_IA32_EFER), IA32_EFER_LME | IA32_EFER_LMA);
}

/* Expect: the guest's CR4.PCE survives the host's next slice, and no restart. */
static void the_guest_keeps_its_pce(void **state)
{
	struct core *core = *state;

	write_all(core);
	assert_false(field(core, GUEST_CR4) & CR4_PCE);
	vmcs_writenat(&core->run.vmcs, GUEST_CR4, field(core, GUEST_CR4) | CR4_PCE);
	vmcs_write_host(&core->run.vmcs, &core->run.caps, &core->run.host);
	assert_true(field(core, GUEST_CR4) & CR4_PCE);
	write_all(core);
	assert_false(field(core, GUEST_CR4) & CR4_PCE);
}

/* A host that doesn't take machine checks. Expect: its guest doesn't either. */
static void mce_follows_the_host(void **state)
{
	struct core *core = *state;

	core->cpu->regs.cr4 &= ~CR4_MCE;
	write_all(core);
	assert_int_equal(field(core, GUEST_CR4), CR4_PAE | CR4_VMXE);
}

/* Expect: RIP, RSP and CR3 as asked, everything else of no effect. */
static void the_guest_starts_where_it_is_told(void **state)
{
	struct core *core = *state;

	write_all(core);
	assert_int_equal(field(core, GUEST_RIP), start.rip);
	assert_int_equal(field(core, GUEST_RSP), start.rsp);
	assert_int_equal(field(core, GUEST_CR3), start.cr3);
	assert_int_equal(field(core, GUEST_RFLAGS), RFLAGS_FIXED);
	assert_int_equal(field(core, GUEST_DR7), DR7_FIXED);
	assert_int_equal(field(core, GUEST_IA32_DEBUGCTL), 0);
	assert_int_equal(field(core, GUEST_GDTR_LIMIT), 0);
	assert_int_equal(field(core, GUEST_IDTR_LIMIT), 0);
	assert_int_equal(field(core, GUEST_CS_ACCESS_RIGHTS), SEGMENT_CODE64);
	assert_int_equal(field(core, GUEST_SS_ACCESS_RIGHTS), SEGMENT_DATA);
	assert_int_equal(field(core, GUEST_TR_ACCESS_RIGHTS), SEGMENT_TSS_BUSY);
	assert_int_equal(field(core, GUEST_DS_ACCESS_RIGHTS), SEGMENT_UNUSABLE);
	assert_int_equal(field(core, GUEST_LDTR_ACCESS_RIGHTS), SEGMENT_UNUSABLE);
}

/* Expect: each exception but three exits, and no MSR lists, during which counters run. */
static void controls_are_the_ones_chosen(void **state)
{
	struct core *core = *state;
	const u32 *word = core->run.ctls.word;

	write_all(core);
	assert_int_equal(field(core, PIN_BASED_CONTROLS), word[VMX_CTL_PIN]);
	assert_int_equal(field(core, CPU_BASED_CONTROLS), word[VMX_CTL_CPU]);
	assert_int_equal(field(core, CPU_BASED_CONTROLS2), word[VMX_CTL_CPU2]);
	assert_int_equal(field(core, EXIT_CONTROLS), word[VMX_CTL_EXIT]);
	assert_int_equal(field(core, ENTRY_CONTROLS), word[VMX_CTL_ENTRY]);
	assert_int_equal(field(core, MSR_BITMAP), BITMAP_PA);
	assert_int_equal(field(core, EPT_POINTER), EPTP);
	assert_int_equal(field(core, EXCEPTION_BITMAP),
			 (u32)~(1u << VECTOR_UD | 1u << VECTOR_NM | 1u << VECTOR_GP));
	assert_int_equal(field(core, PAGE_FAULT_MASK), 0);
	assert_int_equal(field(core, PAGE_FAULT_MATCH), 0);
	assert_int_equal(field(core, EXIT_MSR_STORE_COUNT), 0);
	assert_int_equal(field(core, EXIT_MSR_LOAD_COUNT), 0);
	assert_int_equal(field(core, ENTRY_MSR_LOAD_COUNT), 0);
	assert_int_equal(field(core, VMCS_LINK_POINTER), ~0ULL);
}

/* Expect: the bitmap of ENCLS is written where the control is on, and only there. */
static void encls_bitmap_goes_with_its_control(void **state)
{
	struct core *core = *state;

	*soft_field(core->cpu, ENCLS_EXITING_BITMAP) = 1;
	core->run.ctls.word[VMX_CTL_CPU2] &= ~CPU2_ENCLS_EXITING;
	write_all(core);
	assert_int_equal(field(core, ENCLS_EXITING_BITMAP), 1);
	core->run.ctls.word[VMX_CTL_CPU2] |= CPU2_ENCLS_EXITING;
	write_all(core);
	assert_int_equal(field(core, ENCLS_EXITING_BITMAP), ~0ULL);
}

static const struct {
	u32		encoding;
	const char	*name;
} all_fields[] = {
#define VMCS_FIELD(name, encoding, width) { encoding, #name },
#include "vmx/vmcs_fields.def"
#undef VMCS_FIELD
};

/* Each field missing in turn. Expect: one that is written is named, with -EIO. */
static void each_missing_field_is_named(void **state)
{
	struct core *core = *state;
	unsigned int i, named = 0;

	for (i = 0; i < TMAV_ARRAY_SIZE(all_fields); i++) {
		char line[80];
		int err;

		core->cpu->faults.missing_field = all_fields[i].encoding;
		write_all(core);
		err = vmcs_check(&core->run.vmcs);
		if (!err)
			continue;
		assert_int_equal(err, -EIO);
		snprintf(line, sizeof(line), "VMWRITE of %s (%#x) failed",
			 all_fields[i].name, all_fields[i].encoding);
		assert_true(soft_logged(core->cpu, line));
		named++;
	}
	core->cpu->faults.missing_field = 0;
	assert_true(named > 70);
}

/* Two failures. Expect: the first is reported, once. */
static void the_first_failed_write_is_reported_once(void **state)
{
	struct core *core = *state;
	const u32 unknown1 = 0x6bfe, unknown2 = 0x6bfc;

	vmcs_write_any(&core->run.vmcs, unknown1, 0);
	vmcs_write_any(&core->run.vmcs, unknown2, 0);
	assert_int_equal(vmcs_check(&core->run.vmcs), -EIO);
	assert_true(soft_logged(core->cpu, "unnamed field (0x6bfe)"));
	assert_false(soft_logged(core->cpu, "0x6bfc"));
	assert_int_equal(vmcs_check(&core->run.vmcs), 0);
}

/* Exit information can't be written. Expect: that is a failure too. */
static void read_only_fields_fail(void **state)
{
	struct core *core = *state;

	vmcs_write_any(&core->run.vmcs, EXIT_REASON, 0);
	assert_int_equal(vmcs_check(&core->run.vmcs), -EIO);
	assert_true(soft_logged(core->cpu, "VMWRITE of EXIT_REASON"));
}

/* Expect: a read that fails gives 0, and is reported as a write is. */
static void a_failed_read_is_reported(void **state)
{
	struct core *core = *state;

	core->cpu->faults.missing_field = GUEST_RIP;
	assert_int_equal(vmcs_readnat(&core->run.vmcs, GUEST_RIP), 0);
	assert_int_equal(vmcs_check(&core->run.vmcs), -EIO);
	assert_true(soft_logged(core->cpu,
				"VMREAD of GUEST_RIP (0x681e) failed: this CPU's VMCS lacks the field"));
	core->cpu->faults.missing_field = 0;
}

/* Expect: without a current VMCS the field is not to blame. */
static void an_access_without_a_vmcs_says_so(void **state)
{
	struct core *core = *state;

	hw_vmclear(core->run.vmcs.pa);
	vmcs_writenat(&core->run.vmcs, GUEST_RIP, 0);
	assert_int_equal(vmcs_check(&core->run.vmcs), -EIO);
	assert_true(soft_logged(core->cpu,
				"VMWRITE of GUEST_RIP (0x681e) failed: no VMCS is current"));
}

/* Expect: each encoding stands once, in ascending order. */
static void encodings_are_in_order(void **state)
{
	(void)state;
	for (size_t i = 1; i < TMAV_ARRAY_SIZE(all_fields); i++)
		assert_true(all_fields[i - 1].encoding < all_fields[i].encoding);
}

/* Expect: the accessors keep to the width of the field. */
static void accessors_cut_to_the_width(void **state)
{
	struct core *core = *state;

	vmcs_write16(&core->run.vmcs, HOST_TR_SELECTOR, 0x12345678);
	assert_int_equal(field(core, HOST_TR_SELECTOR), 0x5678);
	vmcs_write32(&core->run.vmcs, EXCEPTION_BITMAP, 0x123456789abcdef0);
	assert_int_equal(field(core, EXCEPTION_BITMAP), 0x9abcdef0);
	vmcs_write64(&core->run.vmcs, EPT_POINTER, 0x123456789abcdef0);
	assert_int_equal(vmcs_read64(&core->run.vmcs, EPT_POINTER), 0x123456789abcdef0);
	*soft_field(core->cpu, HOST_TR_SELECTOR) = 0x12345678;
	assert_int_equal(vmcs_read16(&core->run.vmcs, HOST_TR_SELECTOR), 0x5678);
}

/* Expect: names for what is known, and a word for what isn't. */
static void names_are_found(void **state)
{
	(void)state;
	assert_string_equal(dump_field_name(HOST_RIP), "HOST_RIP");
	assert_string_equal(dump_field_name(1), "unnamed field");
	assert_string_equal(dump_exit_reason_name(EXIT_RDPMC), "RDPMC");
	assert_string_equal(dump_exit_reason_name(EXIT_INVALID_GUEST_STATE |
						  (u32)EXIT_REASON_ENTRY_FAILURE),
			    "VM-entry failure due to invalid guest state");
	assert_string_equal(dump_exit_reason_name(3), "unknown");
	assert_string_equal(dump_exit_reason_name(0xffff), "unknown");
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_counts_after_the_exit),
		test(data_selectors_of_the_host_are_0),
		test(host_fields_are_the_hosts_registers),
		test(the_guest_is_kept_from_unswitched_state),
		test(the_guest_keeps_its_pce),
		test(mce_follows_the_host),
		test(the_guest_starts_where_it_is_told),
		test(controls_are_the_ones_chosen),
		test(encls_bitmap_goes_with_its_control),
		test(each_missing_field_is_named),
		test(the_first_failed_write_is_reported_once),
		test(read_only_fields_fail),
		test(a_failed_read_is_reported),
		test(an_access_without_a_vmcs_says_so),
		test(encodings_are_in_order),
		test(accessors_cut_to_the_width),
		test(names_are_found),
	};

	return cmocka_run_group_tests_name("vmcs", tests, NULL, NULL);
}
