// SPDX-License-Identifier: GPL-2.0
/*
 * How long the host goes with its interrupts off, in instructions of its own: in
 * spans in which VMX root is entered and, from the first of these to the last, in
 * all others. A span is from where IF is cleared to where it is set again.
 *
 * An interrupt ends a guest at once, whatever RFLAGS.IF is. So one waits for no
 * more than what goes on between two stretches of the guest's, or before the
 * first, and what comes after the last.
 */
#include "machine.h"

#include <inttypes.h>

struct longest {
	Bit64u	spans;
	Bit64u	wait;		/* of an interrupt, in the worst case */
	Bit64u	host;		/* instructions, without the guest's */
	Bit64u	with_guest;
};

static struct longest of_vmx;
static struct longest others;	/* up to the last VMXON */
static struct longest since;	/* that */

static void take_longest(Bit64u *longest, Bit64u length)
{
	if (length > *longest)
		*longest = length;
}

static void span_end(struct irqs_off *span, Bit64u now)
{
	struct longest *longest = span->vmx ? &of_vmx : &since;

	longest->spans++;
	take_longest(&longest->wait, span->stretch + now - span->since);
	take_longest(&longest->host, now - span->begin - span->guest);
	take_longest(&longest->with_guest, now - span->begin);
}

/* IF may have changed; so it does in guests, where it is nothing to the host. */
void sim_interrupt_mask(unsigned cpu)
{
	struct vcpu *vcpu = &vcpus[cpu];
	struct irqs_off *span = &vcpu->irqs_off;
	bool off = !BX_CPU(cpu)->get_IF();
	Bit64u now = count_retired(vcpu);

	if (in_guest(vcpu) || off == span->off)
		return;
	if (off)
		*span = { .off = true, .begin = now, .since = now };
	else
		span_end(span, now);
	span->off = off;
}

void sim_vmxon(unsigned cpu)
{
	if (of_vmx.spans) {
		others.spans += since.spans;
		take_longest(&others.wait, since.wait);
	}
	since = {};
	vcpus[cpu].irqs_off.vmx = true;
}

void irqs_guest_begins(struct vcpu *vcpu)
{
	struct irqs_off *span = &vcpu->irqs_off;
	Bit64u now = count_retired(vcpu);

	take_longest(&span->stretch, now - span->since);
	span->since = now;
}

void irqs_guest_ends(struct vcpu *vcpu)
{
	struct irqs_off *span = &vcpu->irqs_off;
	Bit64u now = count_retired(vcpu);

	span->guest += now - span->since;
	span->since = now;
}

void irqs_report(FILE *to)
{
	fprintf(to, "{\"irqs_off\":{\"vmx\":{\"spans\":%" PRIu64 ",\"wait\":%" PRIu64
		",\"host\":%" PRIu64 ",\"with_guest\":%" PRIu64
		"},\"others\":{\"spans\":%" PRIu64 ",\"wait\":%" PRIu64 "}}}\n",
		(uint64_t)of_vmx.spans, (uint64_t)of_vmx.wait,
		(uint64_t)of_vmx.host, (uint64_t)of_vmx.with_guest,
		(uint64_t)others.spans, (uint64_t)others.wait);
}
