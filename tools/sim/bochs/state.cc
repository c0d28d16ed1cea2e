// SPDX-License-Identifier: GPL-2.0
/*
 * Judges the state around the guest. All of the host's that a program could tell
 * is taken at VMXON and compared at VMXOFF; what the guest would find in its
 * registers is compared at each VM entry with what it had left there, and what C
 * would find in them after a VM exit, with 0.
 *
 * Equal values prove nothing where the host's are 0, or as a VM exit leaves them.
 * So before they are taken, registers that Linux makes no use of inside a slice
 * get a value as a user task could have had there; each gets its own back if it
 * is found unchanged. How often a value was lost in between is counted, too.
 */
#include "machine.h"
#include "cpu/apic.h"

#include <errno.h>
#include <inttypes.h>

typedef BX_CPU_C cpu_t;

enum {
	SELECTOR_USER_DATA	= 0x2b,		/* Linux's __USER_DS */
	DATA_WRITABLE_ACCESSED	= 3,
	TR_LIMIT_AFTER_EXIT	= 0x67,
	LVT_STATUS		= 1 << 12,
	CR4_BIT_TSD		= 1 << 2,
	CR4_BIT_PCE		= 1 << 8,
	CR4_BIT_VMXE		= 1 << 13,
	DR7_BITS_OF_3		= 0xc0,		/* L3, G3 */
	DR6_BIT_B3		= 1 << 3,
	MAX_LINES		= 20,		/* of each thing that is wrong */
};

/* RW3 and LEN3: four bytes that are written, not enabled. */
static const Bit64u DR7_CONDITION_3 = 0xd0000000;
/* Addresses as a user task has them: any may stand in any of these registers. */
static const Bit64u PLANTED_ADDRESS = 0x5a17c0de0000;

static FILE *out;
static Bit64u slices;

/* One line of the summary. */
struct tally {
	Bit64u	seen;
	Bit64u	changed;	/* not as in the slice before */
	Bit64u	telling;	/* it would have been seen if nobody had cared */
	Bit64u	wrong;
};

static const struct pmu *pmu_of(const cpu_t *cpu)
{
	return &vcpus[cpu->bx_cpuid].pmu;
}

/*
 * Hidden parts. Of a register that is unusable they mean nothing, but for the base
 * of FS and GS, which each_segment() asks for by itself.
 */
static bool usable(const bx_segment_reg_t *seg)
{
	return seg->cache.valid & SegValidCache;
}

static Bit64u base_of(const bx_segment_reg_t *seg)
{
	return usable(seg) ? seg->cache.u.segment.base : 0;
}

static Bit64u limit_of(const bx_segment_reg_t *seg)
{
	return usable(seg) ? seg->cache.u.segment.limit_scaled : 0;
}

/* As in the access rights of a VMCS. */
static Bit64u rights_of(const bx_segment_reg_t *seg)
{
	const bx_descriptor_t *d = &seg->cache;

	if (!usable(seg))
		return 1 << 16;
	return d->type | d->segment << 4 | d->dpl << 5 | d->p << 7 |
	       d->u.segment.avl << 12 | d->u.segment.l << 13 |
	       d->u.segment.d_b << 14 | d->u.segment.g << 15;
}

static Bit64u mix(Bit64u hash, Bit64u val)
{
	return (hash ^ val) * 0x100000001b3;	/* FNV-1a, by the quadword */
}

static Bit64u hash_vectors(const cpu_t *cpu)
{
	Bit64u hash = 0;

	for (unsigned int i = 0; i < BX_XMM_REGISTERS; i++)
		for (unsigned int j = 0; j < 8; j++)
			hash = mix(hash, cpu->vmm[i].zmm_u64[j]);
	return hash;
}

static Bit64u hash_opmasks(const cpu_t *cpu)
{
	Bit64u hash = 0;

	for (unsigned int i = 0; i < 8; i++)
		hash = mix(hash, cpu->opmask[i].rrx);
	return hash;
}

static Bit64u hash_x87(const cpu_t *cpu)
{
	const i387_t *fpu = &cpu->the_i387;
	Bit64u hash = mix(mix(mix(fpu->cwd, fpu->swd), fpu->twd), fpu->foo);

	hash = mix(mix(mix(hash, fpu->fip), fpu->fdp), fpu->tos);
	for (unsigned int i = 0; i < 8; i++)
		hash = mix(mix(hash, fpu->st_space[i].signif),
			   fpu->st_space[i].signExp);
	return hash;
}

static Bit64u flags_of(const cpu_t *cpu)
{
	return cpu->eflags & ~EFlagsOSZAPCMask;
}

/* The local APIC changes these two by itself when it delivers a PMI. */
static Bit64u lvtpc_of(const cpu_t *cpu)
{
	return *cpu->lapic->lvt_perfmon() & ~LVT_STATUS;
}

/*
 * The host's state. Of what has a plant(), that makes the value that goes in, of
 * the one that is there.
 */
struct host_item {
	const char	*name;
	Bit64u		(*get)(cpu_t *);
	void		(*put)(cpu_t *, Bit64u);
	Bit64u		(*plant)(Bit64u);
};

#define ITEM(name, expr) \
	{ name, [](cpu_t *cpu) -> Bit64u { return expr; }, NULL, NULL }
#define PLANTED(name, lvalue, expr) \
	{ name, [](cpu_t *cpu) -> Bit64u { return lvalue; }, \
	  [](cpu_t *cpu, Bit64u val) { lvalue = val; }, \
	  [](Bit64u val) -> Bit64u { return expr; } }
#define PLANTED32(name, member, expr) \
	{ name, [](cpu_t *cpu) -> Bit64u { return cpu->member.get32(); }, \
	  [](cpu_t *cpu, Bit64u val) { cpu->member.set32(val); }, \
	  [](Bit64u val) -> Bit64u { return expr; } }
#define SEGMENT(name, seg) \
	ITEM(name " selector", (seg)->selector.value), \
	ITEM(name " base", base_of(seg)), \
	ITEM(name " limit", limit_of(seg)), \
	ITEM(name " access rights", rights_of(seg))
#define SEGMENT_WITH_BASE(name, seg) \
	ITEM(name " selector", (seg)->selector.value), \
	ITEM(name " base", (seg)->cache.u.segment.base), \
	ITEM(name " limit", limit_of(seg)), \
	ITEM(name " access rights", rights_of(seg))

static const struct host_item host_items[] = {
	ITEM("DR0", cpu->dr[0]),
	ITEM("DR1", cpu->dr[1]),
	ITEM("DR2", cpu->dr[2]),
	PLANTED("DR3", cpu->dr[3], PLANTED_ADDRESS + 3),
	PLANTED32("DR6", dr6, val | DR6_BIT_B3),
	PLANTED32("DR7", dr7, val & DR7_BITS_OF_3 ? val : val | DR7_CONDITION_3),
	ITEM("CR0", cpu->cr0.get32()),
	PLANTED("CR2", cpu->cr2, PLANTED_ADDRESS + 0x10),
	ITEM("CR3", cpu->cr3),
	/* Follow the task, so never mind what the last slice had. */
	PLANTED32("CR4", cr4, val ^ (slices & 1 ? CR4_BIT_PCE : CR4_BIT_TSD)),
	ITEM("TPR", cpu->lapic->get_tpr()),
	ITEM("RFLAGS", flags_of(cpu)),
	ITEM("IA32_EFER", cpu->efer.get32()),
	ITEM("XCR0", cpu->xcr0.get32()),
	ITEM("MXCSR", cpu->mxcsr.mxcsr),
	ITEM("vector registers", hash_vectors(cpu)),
	ITEM("opmask registers", hash_opmasks(cpu)),
	ITEM("x87", hash_x87(cpu)),
	SEGMENT("ES", &cpu->sregs[BX_SEG_REG_ES]),
	SEGMENT("CS", &cpu->sregs[BX_SEG_REG_CS]),
	SEGMENT("SS", &cpu->sregs[BX_SEG_REG_SS]),
	SEGMENT("DS", &cpu->sregs[BX_SEG_REG_DS]),
	SEGMENT_WITH_BASE("FS", &cpu->sregs[BX_SEG_REG_FS]),
	SEGMENT_WITH_BASE("GS", &cpu->sregs[BX_SEG_REG_GS]),
	SEGMENT("TR", &cpu->tr),
	SEGMENT("LDTR", &cpu->ldtr),
	ITEM("GDTR base", cpu->gdtr.base),
	ITEM("GDTR limit", cpu->gdtr.limit),
	ITEM("IDTR base", cpu->idtr.base),
	ITEM("IDTR limit", cpu->idtr.limit),
	PLANTED("IA32_KERNEL_GS_BASE", cpu->msr.kernelgsbase, PLANTED_ADDRESS + 0x20),
	ITEM("IA32_SYSENTER_CS", cpu->msr.sysenter_cs_msr),
	ITEM("IA32_SYSENTER_ESP", cpu->msr.sysenter_esp_msr),
	ITEM("IA32_SYSENTER_EIP", cpu->msr.sysenter_eip_msr),
	ITEM("IA32_STAR", cpu->msr.star),
	ITEM("IA32_LSTAR", cpu->msr.lstar),
	ITEM("IA32_CSTAR", cpu->msr.cstar),
	ITEM("IA32_FMASK", cpu->msr.fmask),
	ITEM("IA32_TSC_AUX", cpu->msr.tsc_aux),
	ITEM("IA32_PAT", cpu->msr.pat._u64),
	ITEM("IA32_XSS", cpu->msr.ia32_xss),
	ITEM("IA32_SPEC_CTRL", cpu->msr.ia32_spec_ctrl),
	ITEM("IA32_DEBUGCTL", pmu_of(cpu)->debugctl),
	ITEM("IA32_PEBS_ENABLE", pmu_of(cpu)->pebs_enable),
	ITEM("OFFCORE_RSP_0", pmu_of(cpu)->offcore_rsp[0]),
	ITEM("OFFCORE_RSP_1", pmu_of(cpu)->offcore_rsp[1]),
	ITEM("PEBS_LD_LAT", pmu_of(cpu)->pebs_ld_lat),
	ITEM("PEBS_FRONTEND", pmu_of(cpu)->frontend),
	ITEM("IA32_DS_AREA", pmu_of(cpu)->ds_area),
	ITEM("LVTPC", lvtpc_of(cpu)),
};

enum { NR_HOST_ITEMS = sizeof(host_items) / sizeof(host_items[0]) };

/*
 * What the guest's instructions have to themselves: it is as they have left it, or
 * all of it 0 for a guest that starts. @emulated: the host answers in it.
 */
struct guest_item {
	const char	*name;
	Bit64u		(*get)(cpu_t *);
	bool		emulated;
	bool		cleared;	/* before the first branch after a VM exit */
};

#define GPR(name, emulated, cleared) \
	{ #name, [](cpu_t *cpu) -> Bit64u \
	  { return cpu->gen_reg[BX_64BIT_REG_##name].rrx; }, emulated, cleared }

static const struct guest_item guest_items[] = {
	GPR(RAX, true, true),
	GPR(RBX, true, true),
	/* The return stack buffer is filled by counting in it. */
	GPR(RCX, true, false),
	GPR(RDX, true, true),
	GPR(RSI, false, true),
	GPR(RDI, false, true),
	GPR(RBP, false, true),
	GPR(R8, false, true),
	GPR(R9, false, true),
	GPR(R10, false, true),
	GPR(R11, false, true),
	GPR(R12, false, true),
	GPR(R13, false, true),
	GPR(R14, false, true),
	GPR(R15, false, true),
	{ "CR2", [](cpu_t *cpu) -> Bit64u { return cpu->cr2; }, false, false },
	{ "IA32_KERNEL_GS_BASE",
	  [](cpu_t *cpu) -> Bit64u { return cpu->msr.kernelgsbase; }, false, false },
};

enum { NR_GUEST_ITEMS = sizeof(guest_items) / sizeof(guest_items[0]) };

/* The host's that act in guest mode: off. */
static const struct host_item off_items[] = {
	ITEM("IA32_PEBS_ENABLE", pmu_of(cpu)->pebs_enable),
	ITEM("OFFCORE_RSP_0", pmu_of(cpu)->offcore_rsp[0]),
	ITEM("OFFCORE_RSP_1", pmu_of(cpu)->offcore_rsp[1]),
	ITEM("PEBS_LD_LAT", pmu_of(cpu)->pebs_ld_lat),
	ITEM("PEBS_FRONTEND", pmu_of(cpu)->frontend),
};

enum { NR_OFF_ITEMS = sizeof(off_items) / sizeof(off_items[0]) };

static struct tally host_tally[NR_HOST_ITEMS];
static struct tally entry_tally[NR_GUEST_ITEMS];
static struct tally exit_tally[NR_GUEST_ITEMS];
static struct tally off_tally[NR_OFF_ITEMS];

/* A user task's, with a base where the register has one of its own. */
static const unsigned int planted_segments[] = {
	BX_SEG_REG_ES, BX_SEG_REG_DS, BX_SEG_REG_FS, BX_SEG_REG_GS,
};

enum { NR_PLANTED_SEGMENTS = sizeof(planted_segments) / sizeof(planted_segments[0]) };

/* Of one logical CPU. */
static struct judge {
	bool			exited;		/* in this slice, for the first time */
	bool			before_branch;	/* and no branch since */
	Bit64u			own[NR_HOST_ITEMS];	/* before plant() */
	Bit64u			host[NR_HOST_ITEMS];
	bx_segment_reg_t	own_segments[NR_PLANTED_SEGMENTS];
	Bit16u			selector;	/* that was planted */
	Bit64u			guest[NR_GUEST_ITEMS];
	Bit64u			off[NR_OFF_ITEMS];
	bool			emulated;	/* the last exit may change some of it */
} judges[SIM_MAX_CPUS];

static void wrong(struct vcpu *vcpu, struct tally *tally, const char *at,
		  const char *name, Bit64u expected, Bit64u found)
{
	if (tally->wrong++ >= MAX_LINES)
		return;
	fprintf(out, "{\"t\":%" PRIu64 ",\"cpu\":%u,\"op\":\"state\",\"at\":\"%s\","
		"\"name\":\"%s\",\"expected\":\"0x%" PRIx64 "\",\"found\":\"0x%" PRIx64 "\"}\n",
		(uint64_t)trace_time(vcpu), vcpu->id, at, name,
		(uint64_t)expected, (uint64_t)found);
}

static void summarize(const struct tally *tally, const char *at, const char *name)
{
	fprintf(out, "{\"op\":\"summary\",\"at\":\"%s\",\"name\":\"%s\",\"seen\":%" PRIu64
		",\"changed\":%" PRIu64 ",\"telling\":%" PRIu64 ",\"wrong\":%" PRIu64 "}\n",
		at, name, (uint64_t)tally->seen, (uint64_t)tally->changed,
		(uint64_t)tally->telling, (uint64_t)tally->wrong);
}

static void close_file(void)
{
	for (unsigned int i = 0; i < NR_HOST_ITEMS; i++)
		summarize(&host_tally[i], "vmxoff", host_items[i].name);
	for (unsigned int i = 0; i < NR_GUEST_ITEMS; i++)
		summarize(&entry_tally[i], "vmentry", guest_items[i].name);
	for (unsigned int i = 0; i < NR_OFF_ITEMS; i++)
		summarize(&off_tally[i], "vmentry", off_items[i].name);
	for (unsigned int i = 0; i < NR_GUEST_ITEMS; i++)
		if (guest_items[i].cleared)
			summarize(&exit_tally[i], "vmexit", guest_items[i].name);
	fclose(out);
}

void state_open(const char *path)
{
	out = fopen(path, "w");
	if (!out) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	atexit(close_file);
}

static void take(cpu_t *cpu, const struct host_item *items, unsigned int n, Bit64u *val)
{
	for (unsigned int i = 0; i < n; i++)
		val[i] = items[i].get(cpu);
}

static void plant_segment(bx_segment_reg_t *seg, Bit16u selector)
{
	bx_descriptor_t *d = &seg->cache;

	parse_selector(selector, &seg->selector);
	if (!selector) {
		d->valid = 0;
		return;
	}
	d->valid = SegValidCache | SegAccessROK | SegAccessWOK;
	d->p = 1;
	d->dpl = 3;
	d->segment = 1;
	d->type = DATA_WRITABLE_ACCESSED;
	d->u.segment.limit_scaled = ~0U;
	d->u.segment.g = 1;
	d->u.segment.d_b = 1;
	d->u.segment.l = 0;
	d->u.segment.avl = 0;
}

/* In some slices a task that has a base in FS and no selector: most are like that. */
static void plant_segments(cpu_t *cpu, struct judge *judge)
{
	judge->selector = slices % 4 ? SELECTOR_USER_DATA : 0;
	for (unsigned int i = 0; i < NR_PLANTED_SEGMENTS; i++) {
		bx_segment_reg_t *seg = &cpu->sregs[planted_segments[i]];

		judge->own_segments[i] = *seg;
		plant_segment(seg, judge->selector);
	}
	cpu->sregs[BX_SEG_REG_ES].cache.u.segment.base = 0;
	cpu->sregs[BX_SEG_REG_DS].cache.u.segment.base = 0;
	cpu->sregs[BX_SEG_REG_FS].cache.u.segment.base = PLANTED_ADDRESS + 0x30;
}

static void plant(cpu_t *cpu, struct judge *judge)
{
	take(cpu, host_items, NR_HOST_ITEMS, judge->own);
	for (unsigned int i = 0; i < NR_HOST_ITEMS; i++)
		if (host_items[i].plant)
			host_items[i].put(cpu, host_items[i].plant(judge->own[i]));
	plant_segments(cpu, judge);
}

/* What the host has, with plants in it. */
static void take_host(cpu_t *cpu, struct judge *judge)
{
	Bit64u before[NR_HOST_ITEMS];

	memcpy(before, judge->host, sizeof(before));
	plant(cpu, judge);
	take(cpu, host_items, NR_HOST_ITEMS, judge->host);
	take(cpu, off_items, NR_OFF_ITEMS, judge->off);
	for (unsigned int i = 0; i < NR_HOST_ITEMS; i++)
		host_tally[i].changed += judge->host[i] != before[i];
}

/* What the host has lost stays lost: its own programs are to see that, too. */
static void unplant(cpu_t *cpu, struct judge *judge)
{
	for (unsigned int i = 0; i < NR_HOST_ITEMS; i++) {
		const struct host_item *item = &host_items[i];

		if (item->plant && item->get(cpu) == judge->host[i])
			item->put(cpu, judge->own[i]);
	}
	for (unsigned int i = 0; i < NR_PLANTED_SEGMENTS; i++) {
		bx_segment_reg_t *seg = &cpu->sregs[planted_segments[i]];

		if (seg->selector.value == judge->selector)
			*seg = judge->own_segments[i];
	}
}

/* The one thing that is the operating system's to mend, when it is told. */
static bool may_differ(const struct host_item *item, Bit64u val)
{
	return !strcmp(item->name, "TR limit") && val == TR_LIMIT_AFTER_EXIT;
}

static void judge_host(struct vcpu *vcpu, struct judge *judge)
{
	Bit64u now[NR_HOST_ITEMS];

	take(BX_CPU(vcpu->id), host_items, NR_HOST_ITEMS, now);
	for (unsigned int i = 0; i < NR_HOST_ITEMS; i++) {
		host_tally[i].seen++;
		if (now[i] != judge->host[i] && !may_differ(&host_items[i], now[i]))
			wrong(vcpu, &host_tally[i], "vmxoff", host_items[i].name,
			      judge->host[i], now[i]);
	}
}

void sim_vmx_root(unsigned cpu, bool entered)
{
	struct judge *judge = &judges[cpu];

	if (!out)
		return;
	judge->exited = false;
	judge->before_branch = false;
	if (entered) {
		slices++;
		take_host(BX_CPU(cpu), judge);
	} else {
		judge_host(&vcpus[cpu], judge);
		unplant(BX_CPU(cpu), judge);
	}
}

static bool all_zero(cpu_t *cpu)
{
	Bit64u all = 0;

	for (unsigned int i = 0; i < NR_GUEST_ITEMS; i++)
		all |= guest_items[i].get(cpu);
	return !all;
}

void state_vmentry(struct vcpu *vcpu)
{
	struct judge *judge = &judges[vcpu->id];
	cpu_t *cpu = BX_CPU(vcpu->id);

	if (!out)
		return;
	for (unsigned int i = 0; i < NR_OFF_ITEMS; i++) {
		Bit64u found = off_items[i].get(cpu);

		off_tally[i].seen++;
		off_tally[i].telling += !!judge->off[i];
		if (found)
			wrong(vcpu, &off_tally[i], "vmentry", off_items[i].name, 0, found);
	}
	if (all_zero(cpu))
		return;
	for (unsigned int i = 0; i < NR_GUEST_ITEMS; i++) {
		const struct guest_item *item = &guest_items[i];
		Bit64u found = item->get(cpu);

		if (judge->emulated && item->emulated)
			continue;
		entry_tally[i].seen++;
		entry_tally[i].telling += !!judge->guest[i];
		if (found != judge->guest[i])
			wrong(vcpu, &entry_tally[i], "vmentry", item->name,
			      judge->guest[i], found);
	}
}

static bool is_emulated(unsigned int reason)
{
	return reason == VMX_VMEXIT_CPUID || reason == VMX_VMEXIT_RDPMC ||
	       reason == VMX_VMEXIT_RDMSR;
}

void state_vmexit(struct vcpu *vcpu, unsigned int reason)
{
	struct judge *judge = &judges[vcpu->id];

	if (!out)
		return;
	for (unsigned int i = 0; i < NR_GUEST_ITEMS; i++)
		judge->guest[i] = guest_items[i].get(BX_CPU(vcpu->id));
	judge->emulated = is_emulated(reason);
	judge->before_branch = true;
}

/* Before the first instruction after a VM exit. */
void state_exited(struct vcpu *vcpu)
{
	struct judge *judge = &judges[vcpu->id];
	Bit64u now[NR_HOST_ITEMS];

	if (!judge->before_branch || judge->exited)
		return;
	judge->exited = true;
	take(BX_CPU(vcpu->id), host_items, NR_HOST_ITEMS, now);
	for (unsigned int i = 0; i < NR_HOST_ITEMS; i++)
		host_tally[i].telling += now[i] != judge->host[i];
}

bool state_awaits_branch(const struct vcpu *vcpu)
{
	return judges[vcpu->id].before_branch;
}

/* An interrupt's handler has registers of its own. */
void state_interrupted(struct vcpu *vcpu)
{
	judges[vcpu->id].before_branch = false;
}

void state_branch(struct vcpu *vcpu)
{
	struct judge *judge = &judges[vcpu->id];

	if (!judge->before_branch || in_guest(vcpu))
		return;
	judge->before_branch = false;
	count_update(vcpu);
	for (unsigned int i = 0; i < NR_GUEST_ITEMS; i++) {
		const struct guest_item *item = &guest_items[i];
		Bit64u found = item->get(BX_CPU(vcpu->id));

		exit_tally[i].seen++;
		exit_tally[i].telling += !!judge->guest[i];
		if (found && item->cleared)
			wrong(vcpu, &exit_tally[i], "vmexit", item->name, 0, found);
	}
}
