/* SPDX-License-Identifier: GPL-2.0 */
/* What assembly and C have to agree on. */
#ifndef BARE_LAYOUT_H
#define BARE_LAYOUT_H

#define SEL_CODE	0x08
#define SEL_DATA	0x10
#define SEL_USER_DATA	0x1b
#define SEL_USER_CODE	0x23
#define SEL_TSS		0x28

#define VECTOR_NMI	2
#define VECTOR_UD	6
#define VECTOR_GP	13
#define VECTOR_PMI	0x40
#define VECTOR_RETURN	0x41	/* its handler is one IRET */
#define VECTOR_WAKE	0x42	/* end of interrupt, IRET */
#define VECTOR_LEAVE	0x43	/* from user mode back to run_user() */

#define APIC_BASE	0xfee00000
#define APIC_EOI	0x0b0

#endif
