// SPDX-License-Identifier: GPL-2.0
/* Serial port, TAP, and the interrupt table. */
#include "bare.h"

enum {
	COM1			= 0x3f8,
	UART_LSR		= 5,
	UART_LSR_EMPTY		= 1 << 6,
	PORT_DEBUG_EXIT		= 0xf4,
	PORT_PIC1_MASK		= 0x21,
	PORT_PIC2_MASK		= 0xa1,

	NR_VECTORS		= 256,
	GATE_INTERRUPT		= 0x8e00,
	TSS_AVAILABLE		= 0x89,
};

struct gate {
	uint16_t	offset_low;
	uint16_t	selector;
	uint16_t	flags;
	uint16_t	offset_mid;
	uint32_t	offset_high;
	uint32_t	zero;
};

/* As start.S pushes it. */
struct frame {
	uint64_t	saved[9];
	uint64_t	vector, error;
	uint64_t	rip, cs, rflags, rsp, ss;
};

struct tss {
	uint32_t	reserved;
	uint32_t	rsp0_low, rsp0_high;
	uint32_t	rest[23];
} __attribute__((packed));

struct table_pointer {
	uint16_t	limit;
	uint64_t	base;
} __attribute__((packed));

volatile unsigned int nr_pmis, nr_nmis;
volatile uint64_t pmc0_at_pmi;
uint64_t fault_resume, fault_vector;

static struct gate idt[NR_VECTORS];
static struct tss tss;
static char interrupt_stack[16384] __attribute__((aligned(16)));
static unsigned int nr_checks, nr_failed;

extern uint64_t gdt[];
extern const char exception_gates[], pmi_gate[];

static void outb(uint16_t port, uint8_t val)
{
	asm volatile("outb %0, %1" : : "a"(val), "Nd"(port));
}

static void outl(uint16_t port, uint32_t val)
{
	asm volatile("outl %0, %1" : : "a"(val), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t val;

	asm volatile("inb %1, %0" : "=a"(val) : "Nd"(port));
	return val;
}

static void serial_init(void)
{
	outb(COM1 + 3, 0x80);	/* divisor: 115200 baud */
	outb(COM1 + 0, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 0x03);	/* 8 bits, no parity */
}

static void put(char c)
{
	while (!(inb(COM1 + UART_LSR) & UART_LSR_EMPTY))
		;
	outb(COM1, c);
}

void print(const char *text)
{
	while (*text)
		put(*text++);
}

void print_hex(uint64_t val)
{
	int shift = 60;

	print("0x");
	while (shift && !(val >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[val >> shift & 0xf]);
}

static void print_decimal(unsigned int val)
{
	if (val >= 10)
		print_decimal(val / 10);
	put('0' + val % 10);
}

void check(bool ok, const char *claim)
{
	nr_checks++;
	nr_failed += !ok;
	print(ok ? "ok " : "not ok ");
	print_decimal(nr_checks);
	print(" - ");
	print(claim);
	print("\n");
}

void check_equal(uint64_t found, uint64_t expected, const char *claim)
{
	check(found == expected, claim);
	if (found == expected)
		return;
	print("# found ");
	print_hex(found);
	print(", expected ");
	print_hex(expected);
	print("\n");
}

void done(void)
{
	print("1..");
	print_decimal(nr_checks);
	print("\n");
	outl(PORT_DEBUG_EXIT, nr_failed != 0);
	for (;;)
		asm volatile("hlt");
}

/* Called by start.S. */
void handle_interrupt(struct frame *frame);

static void die(const struct frame *frame)
{
	print("Bail out! exception ");
	print_hex(frame->vector);
	print(" at ");
	print_hex(frame->rip);
	print("\n");
	nr_failed++;
	done();
}

void handle_interrupt(struct frame *frame)
{
	switch (frame->vector) {
	case VECTOR_PMI:
		pmc0_at_pmi = rdpmc(0);
		nr_pmis++;
		apic_write(APIC_EOI, 0);
		return;
	case VECTOR_NMI:
		pmc0_at_pmi = rdpmc(0);
		nr_nmis++;
		return;
	}
	if (!fault_resume)
		die(frame);
	fault_vector = frame->vector;
	frame->rip = fault_resume;
}

void set_gate(unsigned int vector, const void *handler, unsigned int dpl)
{
	uint64_t offset = (uintptr_t)handler;

	idt[vector] = (struct gate) {
		.offset_low	= offset,
		.selector	= SEL_CODE,
		.flags		= GATE_INTERRUPT | dpl << 13,
		.offset_mid	= offset >> 16,
		.offset_high	= offset >> 32,
	};
}

void reset_gate(unsigned int vector)
{
	enum { GATE_SIZE = 16 };

	set_gate(vector, exception_gates + GATE_SIZE * vector, 0);
}

static void load_tss(void)
{
	uint64_t base = (uintptr_t)&tss;
	uint64_t stack = (uintptr_t)(interrupt_stack + sizeof(interrupt_stack));

	tss.rsp0_low = stack;
	tss.rsp0_high = stack >> 32;
	gdt[SEL_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 |
			   (uint64_t)TSS_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
	asm volatile("ltr %w0" : : "r"(SEL_TSS));
}

/* The BIOS left its timer on, at the vector of a double fault. */
static void mask_pics(void)
{
	outb(PORT_PIC1_MASK, 0xff);
	outb(PORT_PIC2_MASK, 0xff);
}

void lib_init(void)
{
	struct table_pointer pointer = { sizeof(idt) - 1, (uintptr_t)idt };

	serial_init();
	mask_pics();
	for (unsigned int i = 0; i < 32; i++)
		reset_gate(i);
	set_gate(VECTOR_PMI, pmi_gate, 0);
	set_gate(VECTOR_RETURN, return_gate, 0);
	set_gate(VECTOR_WAKE, wake_gate, 0);
	set_gate(VECTOR_LEAVE, leave_gate, 3);
	asm volatile("lidt %0" : : "m"(pointer));
	load_tss();
	apic_write(APIC_SPURIOUS, 0x1ff);
}
