// SPDX-License-Identifier: GPL-2.0
/*
 * Compiled to assembly only, for entry.S: offsets and constants from the C
 * headers, so that they are never typed twice.
 */
#include <linux/kbuild.h>
#include "vmx/hw.h"
#include "vmx/vmcs.h"
#include "vmx/vpmu.h"

int main(void);

int main(void)
{
	OFFSET(REGS_RAX, guest_regs, rax);
	OFFSET(REGS_RBX, guest_regs, rbx);
	OFFSET(REGS_RCX, guest_regs, rcx);
	OFFSET(REGS_RDX, guest_regs, rdx);
	OFFSET(REGS_RSI, guest_regs, rsi);
	OFFSET(REGS_RDI, guest_regs, rdi);
	OFFSET(REGS_RBP, guest_regs, rbp);
	OFFSET(REGS_R8, guest_regs, r8);
	OFFSET(REGS_R9, guest_regs, r9);
	OFFSET(REGS_R10, guest_regs, r10);
	OFFSET(REGS_R11, guest_regs, r11);
	OFFSET(REGS_R12, guest_regs, r12);
	OFFSET(REGS_R13, guest_regs, r13);
	OFFSET(REGS_R14, guest_regs, r14);
	OFFSET(REGS_R15, guest_regs, r15);
	OFFSET(REGS_CR2, guest_regs, cr2);
	BLANK();
	DEFINE(ASM_HW_ENTRY_EXITED, HW_ENTRY_EXITED);
	DEFINE(ASM_HW_ENTRY_FAIL_INVALID, HW_ENTRY_FAIL_INVALID);
	DEFINE(ASM_HW_ENTRY_FAIL_VALID, HW_ENTRY_FAIL_VALID);
	DEFINE(ASM_HW_ENTRY_RESTART, HW_ENTRY_RESTART);
	DEFINE(ASM_VPMU_GUEST, VPMU_GUEST);
	DEFINE(ASM_HOST_RSP, HOST_RSP);
	return 0;
}
