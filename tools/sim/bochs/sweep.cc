// SPDX-License-Identifier: GPL-2.0
/*
 * Something at each instruction of a PMU switch, in one of two ways. By number:
 * so many instructions after a place in the switch was reached, and one more
 * each time; one a switch, that is, and at each round of a loop. Or an NMI behind
 * each instruction as soon as it is executed, so that no path is left out, however
 * seldom taken; and once more in another switch, as the first one there. Each
 * CPU has sweeps of its own.
 */
#include "machine.h"
#include "cpu/apic.h"

#include <unordered_map>
#include <unordered_set>

enum sweep_kind {
	SWEEP_NMI,
	SWEEP_IRQ,
	SWEEP_PMI,	/* the host's counter overflowed at the place, its PMI is late */
	SWEEP_OVERFLOW,	/* so many of the host's instructions later it overflows */
	NR_KINDS
};

static const char *const kinds[NR_KINDS] = { "nmi", "irq", "pmi", "overflow" };
static const char *const places[NR_PLACES] = {
	"load", "entry", "exit", "read", "write", "put",
};

enum {
	MAX_SWEEPS	= 6,
	MAX_NAME	= 48,
	/* An overflow's PMI is late by 0 to 63 instructions, in turn. */
	SKIDS		= 64,
	/*
	 * Linux's vectors for "reschedule", "call function" and "call a single
	 * function" do nothing where nothing waits, and it counts them. Several,
	 * so that sweeps do not wait for each other.
	 */
	FIRST_VECTOR	= 0xfb,
	NR_VECTORS	= 3,
};

struct sweep {
	char		name[MAX_NAME];	/* as it was given */
	unsigned int	kind;
	unsigned int	place;
	bool		each;
	Bit64u		next;		/* or instructions after the place */
	Bit64u		last;

	bool		under_way;
	Bit64u		countdown;	/* 0: it waits for the overflow */
	Bit64u		skid;
	Bit64u		came;
	Bit64u		in_time;	/* of them, before the next place */
	bool		first;		/* the next is, since the place was reached */
	/* How many came behind the instruction at an address. */
	std::unordered_map<Bit64u, unsigned int> behind;
};

static struct sweep sweeps[SIM_MAX_CPUS][MAX_SWEEPS];
static unsigned int nr_sweeps;
static bool begun[SIM_MAX_CPUS];	/* the first place was reached */
/* In VMX operation, from a place to the next. */
static std::unordered_set<Bit64u> executed[SIM_MAX_CPUS][NR_PLACES];
static bool pending[SIM_MAX_CPUS][NR_VECTORS];

/*
 * What is asked for
 */

static bool moves_counter(const struct sweep *s)
{
	return s->kind == SWEEP_PMI || s->kind == SWEEP_OVERFLOW;
}

/* The host's counter can be moved only where the hardware holds it, and is one. */
static bool is_valid(const struct sweep *s)
{
	if (s->kind == NR_KINDS || s->place == NR_PLACES)
		return false;
	if (s->each && s->kind != SWEEP_NMI)
		return false;
	if (!moves_counter(s))
		return true;
	for (const struct sweep *other = sweeps[0]; other < s; other++)
		if (moves_counter(other))
			return false;
	return s->place == PLACE_LOAD || s->place == PLACE_PUT;
}

static unsigned int find(const char *const *names, unsigned int n, const char *name)
{
	unsigned int i = 0;

	while (i < n && strcmp(names[i], name))
		i++;
	return i;
}

/* "FIRST-LAST" or "each" */
static bool set_range(struct sweep *s, const char *range)
{
	unsigned long long from, to;

	s->each = !strcmp(range, "each");
	if (s->each)
		return true;
	if (sscanf(range, "%llu-%llu", &from, &to) != 2)
		return false;
	s->next = from;
	s->last = to;
	return from && from <= to;
}

/* "KIND:PLACE:RANGE" */
static bool add(const char *what)
{
	struct sweep *s = &sweeps[0][nr_sweeps];
	char kind[9], place[6], range[MAX_NAME];

	if (nr_sweeps == MAX_SWEEPS || strlen(what) >= MAX_NAME ||
	    sscanf(what, "%8[a-z]:%5[a-z]:%s", kind, place, range) != 3)
		return false;
	strcpy(s->name, what);
	s->kind = find(kinds, NR_KINDS, kind);
	s->place = find(places, NR_PLACES, place);
	nr_sweeps++;
	return set_range(s, range) && is_valid(s);
}

void sweep_init(const char *list)
{
	char *all = strdup(list);

	for (char *what = strtok(all, " "); what; what = strtok(NULL, " ")) {
		if (add(what))
			continue;
		fprintf(stderr, "SIM_SWEEP: %s is no sweep, or one more than %u, or than one of the counter\n",
			what, MAX_SWEEPS);
		exit(1);
	}
	free(all);
	for (unsigned int cpu = 1; cpu < SIM_MAX_CPUS; cpu++)
		std::copy(sweeps[0], sweeps[0] + nr_sweeps, sweeps[cpu]);
}

static void report(unsigned int cpu, const struct sweep *s)
{
	unsigned int twice = 0;

	fprintf(stderr, "\nsim: %s: ", s->name);
	if (cpu)
		fprintf(stderr, "on CPU %u ", cpu);
	fprintf(stderr, "%llu came", (unsigned long long)s->came);
	if (!s->each) {
		fprintf(stderr, ", %llu of them in time\n", (unsigned long long)s->in_time);
		return;
	}
	for (const auto &entry : s->behind)
		twice += entry.second > 1;
	fprintf(stderr, ", behind %zu of %zu instructions, behind %u twice\n",
		s->behind.size(), executed[cpu][s->place].size(), twice);
}

void sweep_report(void)
{
	for (unsigned int cpu = 0; cpu < BX_SMP_PROCESSORS; cpu++)
		for (unsigned int i = 0; i < nr_sweeps; i++)
			report(cpu, &sweeps[cpu][i]);
}

/*
 * The host's counter
 */

static Bit64u counter_end(const struct pmu *pmu)
{
	return 1ULL << pmu->model->fixed_width;
}

/* It counts, will raise a PMI when it overflows, and is at least @left ahead of that. */
static bool counter_is_armed(const struct pmu *pmu, Bit64u left)
{
	Bit64u armed = FIXED_CTR_CTRL_OS(FIXED_INSTRUCTIONS) |
		       FIXED_CTR_CTRL_PMI(FIXED_INSTRUCTIONS);
	Bit64u val = pmu->fixed[FIXED_INSTRUCTIONS];

	return (pmu->fixed_ctr_ctrl & armed) == armed &&
	       !(pmu->global_status & GLOBAL_FIXED(FIXED_INSTRUCTIONS)) &&
	       val >= counter_end(pmu) / 2 && val <= counter_end(pmu) - left;
}

/* As if the host had executed so many more: @left remain until it overflows. */
static bool move_counter(struct vcpu *vcpu, Bit64u left)
{
	Bit64u *counter = &vcpu->pmu.fixed[FIXED_INSTRUCTIONS];
	Bit64u end = counter_end(&vcpu->pmu);

	if (!counter_is_armed(&vcpu->pmu, left))
		return false;
	vcpu->host_count += end - left - *counter;
	*counter = (end - left) % end;
	if (!left) {
		vcpu->pmu.global_status |= GLOBAL_FIXED(FIXED_INSTRUCTIONS);
		vcpu->host_overflows++;
	}
	return true;
}

void sweep_counted(struct vcpu *vcpu, Bit64u before)
{
	Bit64u now = vcpu->pmu.fixed[FIXED_INSTRUCTIONS];

	if (in_guest(vcpu))
		return;
	vcpu->host_count += (now - before) % counter_end(&vcpu->pmu);
	vcpu->host_overflows += now < before;
}

bool sweep_rdmsr(struct vcpu *vcpu, Bit32u msr, Bit64u *val)
{
	if (!nr_sweeps)
		return false;
	switch (msr) {
	case SIM_MSR_CLAIM_NMI:
		*val = vcpu->unclaimed_nmis > 0;
		vcpu->unclaimed_nmis -= *val;
		return true;
	case SIM_MSR_HOST_COUNT:
		*val = vcpu->host_count;
		return true;
	case SIM_MSR_HOST_OVERFLOWS:
		*val = vcpu->host_overflows;
		return true;
	default:
		return false;
	}
}

/*
 * Under way
 */

static void begin(struct sweep *s, struct vcpu *vcpu)
{
	s->first = true;
	if (s->each || s->under_way || s->next > s->last)
		return;
	if (s->kind == SWEEP_PMI && !move_counter(vcpu, 0))
		return;
	if (s->kind == SWEEP_OVERFLOW && !move_counter(vcpu, s->next))
		return;
	s->under_way = true;
	s->skid = s->next % SKIDS;
	s->countdown = s->kind == SWEEP_OVERFLOW ? 0 : s->next;
	s->next++;
}

void sweep_reached(struct vcpu *vcpu, enum sweep_place place)
{
	vcpu->place = place;
	begun[vcpu->id] = true;
	for (unsigned int i = 0; i < nr_sweeps; i++)
		if (sweeps[vcpu->id][i].place == place)
			begin(&sweeps[vcpu->id][i], vcpu);
	count_update(vcpu);
}

bool sweep_watches(const struct vcpu *vcpu)
{
	for (unsigned int i = 0; i < nr_sweeps; i++) {
		const struct sweep *s = &sweeps[vcpu->id][i];

		if (s->under_way || (s->each && begun[vcpu->id]))
			return true;
	}
	return false;
}

static bool trigger_irq(const struct vcpu *vcpu, unsigned int number)
{
	if (pending[vcpu->id][number])
		return false;
	pending[vcpu->id][number] = true;
	BX_CPU(vcpu->id)->lapic->trigger_irq(FIRST_VECTOR + number, 0);
	return true;
}

/* False while another one is pending: the two would be one. */
static bool deliver(const struct sweep *s, struct vcpu *vcpu)
{
	switch (s->kind) {
	case SWEEP_NMI:
		if (BX_CPU(vcpu->id)->is_pending(BX_EVENT_NMI))
			return false;
		vcpu->unclaimed_nmis++;
		BX_CPU(vcpu->id)->deliver_NMI();
		break;
	case SWEEP_IRQ:
		return trigger_irq(vcpu, (s - sweeps[vcpu->id]) % NR_VECTORS);
	default:
		pmi_send(vcpu);
		break;
	}
	return true;
}

/* In VMX operation, and not in Linux's NMI handler. */
static bool is_inside(const struct vcpu *vcpu)
{
	return BX_CPU(vcpu->id)->in_vmx && !in_guest(vcpu) && !vcpu->nmi[false];
}

static bool enough_behind(const struct sweep *s, Bit64u rip)
{
	auto entry = s->behind.find(rip);

	return entry != s->behind.end() && (entry->second > 1 || !s->first);
}

/* Is it time, before the instruction at @rip? @inside: on the way from its place. */
static bool is_due(struct sweep *s, bool inside, Bit64u rip)
{
	if (s->each)
		return inside && !enough_behind(s, rip);
	return s->under_way && s->countdown && !--s->countdown;
}

/* What is signalled before an instruction is taken after it. */
static void step(struct sweep *s, struct vcpu *vcpu, bool inside, Bit64u rip)
{
	if (!is_due(s, inside, rip))
		return;
	if (!deliver(s, vcpu)) {
		s->countdown = 1;
		return;
	}
	s->came++;
	s->under_way = false;
	if (!inside)
		return;
	s->in_time++;
	s->first = false;
	s->behind[rip]++;
}

void sweep_step(struct vcpu *vcpu)
{
	Bit64u rip = BX_CPU(vcpu->id)->gen_reg[BX_64BIT_REG_RIP].rrx;
	bool inside = is_inside(vcpu);

	/* An overflow is seen at once, not at the end of a run of instructions. */
	count_settle(vcpu);
	if (inside)
		executed[vcpu->id][vcpu->place].insert(rip);
	for (unsigned int i = 0; i < nr_sweeps; i++) {
		struct sweep *s = &sweeps[vcpu->id][i];

		step(s, vcpu, inside && s->place == vcpu->place, rip);
	}
}

bool sweep_delays_pmi(struct vcpu *vcpu)
{
	for (unsigned int i = 0; i < nr_sweeps; i++) {
		struct sweep *s = &sweeps[vcpu->id][i];

		if (!s->under_way || s->kind != SWEEP_OVERFLOW || s->countdown ||
		    in_guest(vcpu))
			continue;
		s->countdown = s->skid + 1;
		return true;
	}
	return false;
}

void sweep_interrupted(const struct vcpu *vcpu, unsigned int vector)
{
	if (vector >= FIRST_VECTOR && vector < FIRST_VECTOR + NR_VECTORS)
		pending[vcpu->id][vector - FIRST_VECTOR] = false;
}
