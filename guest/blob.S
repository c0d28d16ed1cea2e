/* SPDX-License-Identifier: GPL-2.0 */
/* The guest as data: neither objtool nor the linker looks into it. */
#include <linux/linkage.h>

	.section .rodata, "a"
	.balign 16
SYM_DATA_START(guest_blob)
	.incbin "guest.bin"
SYM_DATA_END_LABEL(guest_blob, SYM_L_GLOBAL, guest_blob_end)
