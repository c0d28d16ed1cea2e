// SPDX-License-Identifier: GPL-2.0
/*
 * The trace: one JSON object a line, in the order in which things happened.
 * Nothing of the world outside gets in, so that two runs give the same bytes.
 */
#include "machine.h"

#include <errno.h>
#include <inttypes.h>

enum { TRACE_BUFFER = 1 << 20 };

static FILE *trace;

void trace_open(const char *path)
{
	trace = fopen(path, "w");
	if (!trace) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	setvbuf(trace, NULL, _IOFBF, TRACE_BUFFER);
}

void trace_close(void)
{
	if (trace)
		fclose(trace);
	trace = NULL;
}

/*
 * The ticks that Bochs has yet to catch up with are counted in. A CPU that is
 * behind another one that was ahead is as late as that.
 */
Bit64u trace_time(const struct vcpu *vcpu)
{
	static Bit64u latest;
	BX_CPU_C *cpu = BX_CPU(vcpu->id);
	Bit64u t = bx_pc_system.time_ticks() + cpu->icount - cpu->icount_last_sync;

	latest = t > latest ? t : latest;
	return latest;
}

static void begin(const struct vcpu *vcpu, const char *mode, const char *op)
{
	fprintf(trace, "{\"t\":%" PRIu64 ",\"retired\":%" PRIu64
		",\"cpu\":%u,\"mode\":\"%s\",\"op\":\"%s\"",
		(uint64_t)trace_time(vcpu), (uint64_t)count_retired(vcpu),
		vcpu->id, mode, op);
}

static const char *current_mode(const struct vcpu *vcpu)
{
	return in_guest(vcpu) ? "guest" : "host";
}

static void put_bool(const char *key, bool val)
{
	fprintf(trace, ",\"%s\":%s", key, val ? "true" : "false");
}

static void put_hex(const char *key, Bit64u val)
{
	fprintf(trace, ",\"%s\":\"0x%" PRIx64 "\"", key, (uint64_t)val);
}

static void put_text(const char *key, const char *text)
{
	fprintf(trace, ",\"%s\":\"%s\"", key, text);
}

static void end_access(const struct vcpu *vcpu, Bit64u val, bool ok)
{
	put_hex("val", val);
	put_bool("fault", !ok);
	put_bool("nmi", vcpu->nmi[in_guest(vcpu)]);
	fputs("}\n", trace);
}

static const char *msr_name(Bit32u msr)
{
	return msr == IA32_X2APIC_LVT_PMI ? "IA32_X2APIC_LVT_PMI" : pmu_msr_name(msr);
}

void trace_msr(struct vcpu *vcpu, bool write, Bit32u msr, Bit64u val, bool ok)
{
	if (!trace)
		return;
	begin(vcpu, current_mode(vcpu), write ? "wrmsr" : "rdmsr");
	put_hex("msr", msr);
	put_text("name", msr_name(msr));
	end_access(vcpu, val, ok);
}

void trace_rdpmc(struct vcpu *vcpu, Bit32u ecx, Bit64u val, bool ok)
{
	if (!trace)
		return;
	begin(vcpu, current_mode(vcpu), "rdpmc");
	put_hex("msr", ecx);
	end_access(vcpu, val, ok);
}

static bool x2apic_mode(const struct vcpu *vcpu)
{
	return BX_CPU(vcpu->id)->msr.apicbase & (1 << 10);
}

void trace_lvtpc(struct vcpu *vcpu, bool write, Bit32u val)
{
	if (!trace)
		return;
	if (x2apic_mode(vcpu)) {
		trace_msr(vcpu, write, IA32_X2APIC_LVT_PMI, val, true);
		return;
	}
	begin(vcpu, current_mode(vcpu), write ? "apicw" : "apicr");
	put_text("name", "LVTPC");
	end_access(vcpu, val, true);
}

void trace_vmentry(struct vcpu *vcpu)
{
	if (!trace)
		return;
	begin(vcpu, "host", "vmentry");
	put_bool("fault", false);
	fputs("}\n", trace);
}

/* VMLAUNCH or VMRESUME ended in VMfailValid. */
void trace_vmentry_fail(struct vcpu *vcpu, unsigned int error)
{
	if (!trace)
		return;
	begin(vcpu, "host", "vmentry");
	put_bool("fault", true);
	fprintf(trace, ",\"error\":%u}\n", error);
}

void trace_vmexit(struct vcpu *vcpu, unsigned int reason, bool failed_entry)
{
	if (!trace)
		return;
	begin(vcpu, failed_entry ? "host" : "guest", "vmexit");
	fprintf(trace, ",\"reason\":%u", reason);
	put_bool("fault", failed_entry);
	fputs("}\n", trace);
}

/*
 * What a guest has left undone shows when its VM exit loads the host's DEBUGCTL:
 * that is the guest's doing, in the host though the CPU is by then.
 */
void trace_strict(struct vcpu *vcpu, const char *what)
{
	if (!trace)
		return;
	begin(vcpu, vcpu->written_by_guest ? "guest" : "host", "strict");
	put_text("msg", what);
	fputs("}\n", trace);
}

void trace_reset(struct vcpu *vcpu, bool in_vmx)
{
	if (!trace)
		return;
	begin(vcpu, current_mode(vcpu), "reset");
	put_bool("vmx", in_vmx);
	fputs("}\n", trace);
}
