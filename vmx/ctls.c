// SPDX-License-Identifier: GPL-2.0
#include "vmx/ctls.h"
#include "vmx/hw.h"
#include "vmx/vmx_arch.h"

/* ON_DEMAND: clear, and set for as long as a guest waits for something. */
enum ctl_demand { MUST_SET, WANT_SET, MUST_CLEAR, ON_DEMAND };

struct ctl {
	u32			bit;
	enum ctl_demand		demand;
	const char		*name;
};

static const struct ctl pin_ctls[] = {
	{ PIN_EXTERNAL_INTERRUPT_EXITING, MUST_SET,  "external-interrupt exiting" },
	{ PIN_NMI_EXITING,		MUST_SET,   "NMI exiting" },
	{ PIN_VIRTUAL_NMIS,		MUST_SET,   "virtual NMIs" },
	/* Bounds the time with interrupts off, whatever the guest does. */
	{ PIN_PREEMPTION_TIMER,		MUST_SET,   "activate VMX-preemption timer" },
	{ PIN_POSTED_INTERRUPTS,	MUST_CLEAR, "process posted interrupts" },
	{}
};

/* What reaches beyond the guest's own registers and memory exits. */
static const struct ctl cpu_ctls[] = {
	{ CPU_HLT_EXITING,		MUST_SET,   "HLT exiting" },
	{ CPU_INVLPG_EXITING,		MUST_SET,   "INVLPG exiting" },
	{ CPU_MWAIT_EXITING,		MUST_SET,   "MWAIT exiting" },
	{ CPU_CR3_LOAD_EXITING,		MUST_SET,   "CR3-load exiting" },
	{ CPU_CR3_STORE_EXITING,	MUST_SET,   "CR3-store exiting" },
	{ CPU_CR8_LOAD_EXITING,		MUST_SET,   "CR8-load exiting" },
	{ CPU_CR8_STORE_EXITING,	MUST_SET,   "CR8-store exiting" },
	{ CPU_MOV_DR_EXITING,		MUST_SET,   "MOV-DR exiting" },
	{ CPU_UNCONDITIONAL_IO_EXITING,	MUST_SET,   "unconditional I/O exiting" },
	{ CPU_USE_MSR_BITMAPS,		MUST_SET,   "use MSR bitmaps" },
	{ CPU_MONITOR_EXITING,		MUST_SET,   "MONITOR exiting" },
	{ CPU_SECONDARY_CONTROLS,	MUST_SET,   "activate secondary controls" },
	{ CPU_INTERRUPT_WINDOW_EXITING,	ON_DEMAND,  "interrupt-window exiting" },
	{ CPU_NMI_WINDOW_EXITING,	ON_DEMAND,  "NMI-window exiting" },
	{ CPU_USE_TPR_SHADOW,		MUST_CLEAR, "use TPR shadow" },
	{ CPU_USE_IO_BITMAPS,		MUST_CLEAR, "use I/O bitmaps" },
	{ CPU_TERTIARY_CONTROLS,	MUST_CLEAR, "activate tertiary controls" },
	{}
};

/* Cleared, an "enable" makes its instruction #UD in the guest. */
static const struct ctl cpu2_ctls[] = {
	{ CPU2_ENABLE_EPT,		MUST_SET,   "enable EPT" },
	{ CPU2_WBINVD_EXITING,		MUST_SET,   "WBINVD exiting" },
	{ CPU2_ENCLS_EXITING,		WANT_SET,   "enable ENCLS exiting" },
	{ CPU2_ENABLE_RDTSCP,		MUST_CLEAR, "enable RDTSCP" },
	{ CPU2_ENABLE_VPID,		MUST_CLEAR, "enable VPID" },
	{ CPU2_ENABLE_INVPCID,		MUST_CLEAR, "enable INVPCID" },
	{ CPU2_ENABLE_VM_FUNCTIONS,	MUST_CLEAR, "enable VM functions" },
	{ CPU2_ENABLE_XSAVES,		MUST_CLEAR, "enable XSAVES/XRSTORS" },
	{ CPU2_ENABLE_USER_WAIT,	MUST_CLEAR, "enable user wait and pause" },
	{ CPU2_ENABLE_PCONFIG,		MUST_CLEAR, "enable PCONFIG" },
	{}
};

static const struct ctl exit_ctls[] = {
	{ EXIT_SAVE_DEBUG_CONTROLS,	MUST_SET,   "save debug controls" },
	{ EXIT_HOST_ADDRESS_SPACE_SIZE,	MUST_SET,   "host address-space size" },
	{ EXIT_LOAD_PERF_GLOBAL_CTRL,	MUST_SET,   "load IA32_PERF_GLOBAL_CTRL" },
	{ EXIT_LOAD_EFER,		MUST_SET,   "load IA32_EFER" },
	{ EXIT_SAVE_PREEMPTION_TIMER,	MUST_SET,   "save VMX-preemption timer value" },
	{ EXIT_SAVE_PERF_GLOBAL_CTRL,	MUST_SET,   "save IA32_PERF_GLOBAL_CTRL" },
	/* The STI after put delivers the interrupt, through the host's IDT. */
	{ EXIT_ACK_INTERRUPT,		MUST_CLEAR, "acknowledge interrupt on exit" },
	{}
};

static const struct ctl entry_ctls[] = {
	{ ENTRY_LOAD_DEBUG_CONTROLS,	MUST_SET,   "load debug controls" },
	{ ENTRY_IA32E_MODE_GUEST,	MUST_SET,   "IA-32e mode guest" },
	{ ENTRY_LOAD_PERF_GLOBAL_CTRL,	MUST_SET,   "load IA32_PERF_GLOBAL_CTRL" },
	{ ENTRY_LOAD_EFER,		MUST_SET,   "load IA32_EFER" },
	{}
};

static const struct ctl rdpmc_exiting = {
	CPU_RDPMC_EXITING, MUST_SET, "RDPMC exiting"
};

static const struct ctl_word_def {
	const char		*name;
	const char		*short_name;
	u32			msr;
	u32			true_msr;	/* lets more default-1 bits be 0 */
	u32			default1;
	const struct ctl	*ctls;
} words[NR_VMX_CTL_WORDS] = {
	[VMX_CTL_PIN]   = { "pin-based control", "pin",
			IA32_VMX_PINBASED_CTLS, IA32_VMX_TRUE_PINBASED_CTLS,
			PIN_DEFAULT1, pin_ctls },
	[VMX_CTL_CPU]   = { "processor-based control", "cpu",
			IA32_VMX_PROCBASED_CTLS, IA32_VMX_TRUE_PROCBASED_CTLS,
			CPU_DEFAULT1 | CPU_RDPMC_EXITING, cpu_ctls },
	[VMX_CTL_CPU2]  = { "secondary processor-based control", "cpu2",
			IA32_VMX_PROCBASED_CTLS2, IA32_VMX_PROCBASED_CTLS2,
			0, cpu2_ctls },
	[VMX_CTL_EXIT]  = { "VM-exit control", "exit",
			IA32_VMX_EXIT_CTLS, IA32_VMX_TRUE_EXIT_CTLS,
			EXIT_DEFAULT1, exit_ctls },
	[VMX_CTL_ENTRY] = { "VM-entry control", "entry",
			IA32_VMX_ENTRY_CTLS, IA32_VMX_TRUE_ENTRY_CTLS,
			ENTRY_DEFAULT1, entry_ctls },
};

/*
 * A value that VM entry loads and VM exit does not give back, or the other way
 * round, is a leak: these go together or not at all.
 */
static const struct {
	u32		entry;
	u32		exit;
	const char	*name;
} pairs[] = {
	{ ENTRY_LOAD_PERF_GLOBAL_CTRL, EXIT_LOAD_PERF_GLOBAL_CTRL, "IA32_PERF_GLOBAL_CTRL" },
	{ ENTRY_LOAD_PERF_GLOBAL_CTRL, EXIT_SAVE_PERF_GLOBAL_CTRL, "IA32_PERF_GLOBAL_CTRL" },
	{ ENTRY_LOAD_EFER, EXIT_LOAD_EFER, "IA32_EFER" },
	{ ENTRY_LOAD_DEBUG_CONTROLS, EXIT_SAVE_DEBUG_CONTROLS, "debug controls" },
};

u32 ctls_adjust(u32 must_be_1, u32 may_be_1, u32 must_set, u32 want_set,
		u32 must_clear, u32 *word)
{
	*word = ((must_set | want_set) & may_be_1) | must_be_1;
	return (must_set & ~*word) | (must_clear & *word);
}

static u32 demanded(const struct ctl *ctls, enum ctl_demand demand)
{
	u32 bits = 0;

	for (; ctls->name; ctls++)
		if (ctls->demand == demand)
			bits |= ctls->bit;
	return bits;
}

static void log_lost(const struct ctl_word_def *def, u32 lost, u32 msr, u64 cap)
{
	const struct ctl *c;

	for (c = def->ctls; c->name && !(c->bit & lost); c++)
		;
	if (!c->name)
		c = &rdpmc_exiting;
	log_err("%s \"%s\" cannot be %s on this CPU (MSR %#x is %#llx); a Sapphire Rapids or later has it\n",
		def->name, c->name, cap & c->bit ? "0" : "1", msr, cap);
}

/*
 * Bits that this CPU, or a hypervisor beneath, forces to 1 though no table
 * knows them: what they do, and which fields they read, is anybody's guess.
 */
static u32 unknown_bits(const struct ctl_word_def *def, u32 must_be_1)
{
	return must_be_1 & ~(def->default1 | demanded(def->ctls, MUST_SET) |
			     demanded(def->ctls, WANT_SET) |
			     demanded(def->ctls, MUST_CLEAR) |
			     demanded(def->ctls, ON_DEMAND));
}

u64 ctls_capability(const struct cpu_caps *caps, enum ctl_word w, u32 *msr)
{
	u64 cap;

	*msr = caps->vmx_basic & VMX_BASIC_HAS_TRUE_CTLS ? words[w].true_msr :
							   words[w].msr;
	/* The MSR of the secondary controls is there only if they are. */
	return hw_rdmsr_safe(*msr, &cap) ? cap : 0;
}

static int choose_word(const struct cpu_caps *caps, enum ctl_word w,
		       u32 must_set, u32 *word)
{
	const struct ctl_word_def *def = &words[w];
	u32 on_demand = demanded(def->ctls, ON_DEMAND);
	u32 lost, msr;
	u64 cap = ctls_capability(caps, w, &msr);

	lost = ctls_adjust(cap, cap >> 32,
			   must_set | demanded(def->ctls, MUST_SET),
			   demanded(def->ctls, WANT_SET),
			   demanded(def->ctls, MUST_CLEAR) | on_demand, word);
	lost |= on_demand & ~(cap >> 32);
	if (lost) {
		log_lost(def, lost, msr, cap);
		return -EOPNOTSUPP;
	}
	if (unknown_bits(def, cap)) {
		log_err("%s bits %#x are forced to 1 on this CPU (MSR %#x is %#llx) and not known here; have the hypervisor beneath make them optional\n",
			def->name, unknown_bits(def, cap), msr, cap);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int check_pairs(const struct ctls *ctls)
{
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(pairs); i++) {
		bool entry = ctls->word[VMX_CTL_ENTRY] & pairs[i].entry;
		bool exit = ctls->word[VMX_CTL_EXIT] & pairs[i].exit;

		if (entry == exit)
			continue;
		log_err("VM entry and VM exit don't agree on %s; the tables in ctls.c are wrong\n",
			pairs[i].name);
		return -EOPNOTSUPP;
	}
	return 0;
}

int ctls_choose(const struct cpu_caps *caps, bool rdpmc, struct ctls *ctls)
{
	int err, w;

	for (w = 0; w < NR_VMX_CTL_WORDS; w++) {
		u32 must_set = w == VMX_CTL_CPU && rdpmc ? CPU_RDPMC_EXITING : 0;

		err = choose_word(caps, w, must_set, &ctls->word[w]);
		if (err)
			return err;
	}
	return check_pairs(ctls);
}

/* The next control of @c on that is set, or the end of the table. */
static const struct ctl *next_set(const struct ctl *c, u32 word)
{
	while (c->name && !(c->bit & word))
		c++;
	return c;
}

void ctls_log(const struct ctls *ctls)
{
	int w;

	for (w = 0; w < NR_VMX_CTL_WORDS; w++) {
		u32 word = ctls->word[w];
		const struct ctl *a = next_set(words[w].ctls, word);

		log_info("%s controls %#010x\n", words[w].short_name, word);
		while (a->name) {
			const struct ctl *b = next_set(a + 1, word);

			log_info("  %s%s%s\n", a->name, b->name ? ", " : "",
				 b->name ? b->name : "");
			a = b->name ? next_set(b + 1, word) : b;
		}
	}
}
