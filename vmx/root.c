// SPDX-License-Identifier: GPL-2.0
#include "vmx/root.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"

int root_alloc(struct root *root, const struct cpu_caps *caps)
{
	memset(root, 0, sizeof(*root));
	root->region = hw_page_alloc(&root->pa);
	if (!root->region)
		return -ENOMEM;
	*(u32 *)root->region = caps->vmx_basic & VMX_BASIC_REVISION_ID;
	return 0;
}

void root_free(struct root *root)
{
	hw_page_free(root->region);
	root->region = NULL;
}

static int set_vmxe(struct root *root)
{
	u64 cr4 = hw_read_cr4();

	/* Its owner would not survive our VMXOFF. */
	if (cr4 & CR4_VMXE) {
		log_err("VMX is in use (CR4.VMXE is set), probably by KVM; stop its virtual machines and 'modprobe -r kvm_intel'\n");
		return -EBUSY;
	}
	hw_write_cr4(cr4 | CR4_VMXE);
	root->state = ROOT_VMXE;
	return 0;
}

static int vmxon(struct root *root)
{
	enum hw_vmx res = hw_vmxon(root->pa);

	if (res == HW_VMX_OK) {
		root->state = ROOT_ON;
		return 0;
	}
	log_err("VMXON %s; IA32_FEATURE_CONTROL is %#llx, CR4 %#llx\n",
		res == HW_VMX_FAULT ? "faulted" : "failed",
		hw_rdmsr(IA32_FEATURE_CONTROL), hw_read_cr4());
	return -EIO;
}

static int load_vmcs(struct root *root, u64 vmcs_pa)
{
	/* VMCLEAR puts the VMCS in order, whatever the memory held. */
	if (hw_vmclear(vmcs_pa) != HW_VMX_OK) {
		log_err("VMCLEAR of the VMCS at %#llx failed\n", vmcs_pa);
		return -EIO;
	}
	if (hw_vmptrld(vmcs_pa) != HW_VMX_OK) {
		log_err("VMPTRLD of the VMCS at %#llx failed\n", vmcs_pa);
		return -EIO;
	}
	root->vmcs_pa = vmcs_pa;
	root->state = ROOT_LOADED;
	return 0;
}

int root_enter(struct root *root, u64 vmcs_pa)
{
	int err = set_vmxe(root);

	if (!err)
		err = vmxon(root);
	if (!err)
		err = load_vmcs(root, vmcs_pa);
	if (err)
		root_leave(root);
	return err;
}

int root_leave(struct root *root)
{
	enum hw_vmx cleared = HW_VMX_OK;

	/* The CPU may keep VMCS data in itself: write it back while it can. */
	if (root->state == ROOT_LOADED)
		cleared = hw_vmclear(root->vmcs_pa);
	if (root->state >= ROOT_ON)
		hw_vmxoff();
	if (root->state >= ROOT_VMXE)
		hw_write_cr4(hw_read_cr4() & ~CR4_VMXE);
	root->state = ROOT_OFF;
	if (cleared == HW_VMX_OK)
		return 0;
	log_err("VMCLEAR of the VMCS at %#llx failed on the way out of VMX root\n",
		root->vmcs_pa);
	return -EIO;
}

void root_abandon(void)
{
	u64 cr4 = hw_read_cr4();

	if (!(cr4 & CR4_VMXE))
		return;
	/* It may have been between the two. */
	hw_vmxoff_safe();
	hw_write_cr4(cr4 & ~CR4_VMXE);
}
