// SPDX-License-Identifier: GPL-2.0
/* Counts are exact: in bulk, one by one, and for each privilege level. */
#include "bare.h"

enum {
	/* measure() counts these too: CALL, three to prepare, WRMSR. */
	MEASURE_INSNS		= 5,
	MEASURE_BRANCHES	= 1,

	EVERY_LEVEL		= PERFEVTSEL_EN | PERFEVTSEL_OS | PERFEVTSEL_USR,
	INSTRUCTIONS		= EVERY_LEVEL | EVENT_INSTRUCTIONS,
	BRANCHES		= EVERY_LEVEL | EVENT_BRANCHES,
};

struct payload {
	const char	*name;
	void		(*run)(void);
	unsigned int	insns, branches;	/* RET included */
};

#define PAYLOAD(n, i, b) { #n, payload_##n, i, b }
#define DECLARE(n) void payload_##n(void)

DECLARE(nothing);
DECLARE(loop);
DECLARE(not_taken);
DECLARE(calls);
DECLARE(rep_movsb);
DECLARE(rep_movsb_down);
DECLARE(rep_stosq);
DECLARE(rep_nothing);
DECLARE(repe_cmpsb);
DECLARE(repne_scasb);
DECLARE(repe_to_the_end);
DECLARE(software_interrupt);
DECLARE(fault);
DECLARE(halt);
DECLARE(microcode);

/* A REP instruction is one; one that faults is none; INT and IRET are branches. */
static const struct payload payloads[] = {
	PAYLOAD(nothing, 1, 1),
	PAYLOAD(loop, 1 + 2 * 1000 + 1, 1000 + 1),
	PAYLOAD(not_taken, 1 + 10 + 1, 10 + 1),
	PAYLOAD(calls, 2 * 5 + 1, 2 * 5 + 1),
	PAYLOAD(rep_movsb, 5, 1),
	PAYLOAD(rep_movsb_down, 7, 1),
	PAYLOAD(rep_stosq, 5, 1),
	PAYLOAD(rep_nothing, 3, 1),
	PAYLOAD(repe_cmpsb, 5, 1),
	PAYLOAD(repne_scasb, 5, 1),
	PAYLOAD(repe_to_the_end, 5, 1),
	PAYLOAD(software_interrupt, 3, 3),
	PAYLOAD(fault, 3, 2),
	PAYLOAD(halt, 6 + 3, 2),
	PAYLOAD(microcode, 11, 1),
};

static void count_in_bulk(const struct payload *payload)
{
	pmu_clear();
	wrmsr(IA32_PERFEVTSEL0, INSTRUCTIONS);
	wrmsr(IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_INSTRUCTIONS));
	measure(payload->run, GLOBAL_GP(0) | GLOBAL_FIXED(FIXED_INSTRUCTIONS));
	check_equal(rdpmc(0), payload->insns + MEASURE_INSNS, payload->name);
	check_equal(rdmsr(IA32_FIXED_CTR0), rdpmc(0), "  the fixed counter agrees");
}

/* Other events make the machine look at each instruction. */
static void count_one_by_one(const struct payload *payload)
{
	pmu_clear();
	wrmsr(IA32_PERFEVTSEL0, INSTRUCTIONS);
	wrmsr(IA32_PERFEVTSEL0 + 1, BRANCHES);
	wrmsr(IA32_FIXED_CTR_CTRL, FIXED_CTR_CTRL_OS(FIXED_SLOTS));
	measure(payload->run, GLOBAL_GP(0) | GLOBAL_GP(1) | GLOBAL_FIXED(FIXED_SLOTS));
	check_equal(rdpmc(0), payload->insns + MEASURE_INSNS, "  so does a look at each");
	check_equal(rdpmc(1), payload->branches + MEASURE_BRANCHES, "  and branches");
}

static void test_payloads(void)
{
	set_gate(VECTOR_UD, skip_ud_gate, 0);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		count_in_bulk(&payloads[i]);
		count_one_by_one(&payloads[i]);
	}
	reset_gate(VECTOR_UD);
}

extern volatile uint32_t seen_by_rdmsr, seen_by_rdpmc;
void payload_read_running(void);

/* What reads a counter sees all before it, and not itself. */
static void test_running(uint64_t extra)
{
	pmu_clear();
	wrmsr(IA32_PERFEVTSEL0, INSTRUCTIONS);
	wrmsr(IA32_PERFEVTSEL0 + 1, extra);
	measure(payload_read_running, GLOBAL_GP(0) | GLOBAL_GP(1));
	check_equal(seen_by_rdmsr, 2, "RDMSR of a running counter");
	check_equal(seen_by_rdpmc, 5, "RDPMC of a running counter");
}

static void measure_user(uint64_t extra)
{
	pmu_clear();
	wrmsr(IA32_PERFEVTSEL0, PERFEVTSEL_EN | PERFEVTSEL_USR | EVENT_INSTRUCTIONS);
	wrmsr(IA32_PERFEVTSEL0 + 1, PERFEVTSEL_EN | PERFEVTSEL_OS | EVENT_INSTRUCTIONS);
	wrmsr(IA32_PERFEVTSEL0 + 2, INSTRUCTIONS);
	wrmsr(IA32_PERFEVTSEL0 + 3, extra);
	measure(run_user, GLOBAL_GP(0) | GLOBAL_GP(1) | GLOBAL_GP(2) | GLOBAL_GP(3));
}

static void test_privilege(void)
{
	/* MOV, 100 times LOOP, INT; and in the kernel 9 to IRET, 4 from the gate. */
	enum { USER = 102, KERNEL = 9 + 4 + MEASURE_INSNS };
	static const uint64_t extras[] = { 0, BRANCHES };

	for (unsigned int i = 0; i < 2; i++) {
		measure_user(extras[i]);
		check_equal(rdpmc(0), USER, "user mode alone");
		check_equal(rdpmc(1), KERNEL, "kernel mode alone");
		check_equal(rdpmc(2), USER + KERNEL, "both");
	}
}

/*
 * A read each 64 bytes, as a third party's suite counts it: the first line is
 * flushed, for all of them fit the last cache once they are in it.
 */
static void touch_memory(void)
{
	enum { LINES = 100000 };
	const volatile char *line = (const volatile char *)(64UL << 20);

	__asm__ volatile("clflush %0" : : "m"(*line));
	for (unsigned int i = 0; i < LINES; i++, line += 64)
		(void)*line;
}

static void check_between(uint64_t found, uint64_t min, uint64_t max, const char *claim)
{
	bool ok = found >= min && found <= max;

	check(ok, claim);
	if (ok)
		return;
	print("# found ");
	print_hex(found);
	print("\n");
}

static void test_events(void)
{
	enum { N = 100000 };
	static const struct {
		uint64_t	event;
		uint64_t	min, max;
		const char	*claim;
	} events[] = {
		{ EVENT_CORE_CYCLES, N, 100 * N, "core cycles" },
		{ EVENT_INSTRUCTIONS, 3 * N, 10 * N, "instructions" },
		{ EVENT_REF_CYCLES, N, 100 * N, "reference cycles" },
		{ EVENT_LLC_REFERENCES, 1, 2 * N, "LLC references" },
		{ EVENT_LLC_MISSES, 1, N, "LLC misses" },
		{ EVENT_BRANCHES, N, N + N / 10, "branches" },
		{ EVENT_BRANCH_MISSES, 0, N / 10, "branch misses" },
		{ EVENT_SLOTS, 3 * N, 600 * N, "slots" },
	};

	for (unsigned int i = 0; i < cpu.nr_gp && i < 8; i++) {
		pmu_clear();
		wrmsr(IA32_PERFEVTSEL0 + i, EVERY_LEVEL | events[i].event);
		measure(touch_memory, GLOBAL_GP(i));
		check_between(rdpmc(i), events[i].min, events[i].max, events[i].claim);
	}
}

static void test_cmask(void)
{
	pmu_clear();
	wrmsr(IA32_PERFEVTSEL0, INSTRUCTIONS | 2ULL << PERFEVTSEL_CMASK_SHIFT);
	measure(payload_loop, GLOBAL_GP(0));
	check(rdpmc(0) < 2002, "cycles of two instructions are fewer than instructions");
}

void test_count(void)
{
	test_payloads();
	test_running(0);
	test_running(BRANCHES);
	test_privilege();
	test_events();
	test_cmask();
}
