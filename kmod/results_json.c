// SPDX-License-Identifier: GPL-2.0
/*
 * JSON lines. Each says by itself what it is of, so that lines can be sorted,
 * joined and kept. Registers are strings in hexadecimal, as a reader that keeps
 * numbers as floating point would round them; no count reaches 2^53. No string
 * needs escapes: each is a name of ours, or was checked letter by letter.
 */
#include <linux/dmi.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>
#include "kmod/results.h"
#include "kmod/workload.h"
#include "vmx/dump.h"

enum { SCHEMA_VERSION = 1 };

static const char *const run_names[] = { "plain", "switched" };

static void number(struct seq_file *seq, const char *name, u64 val)
{
	seq_printf(seq, ",\"%s\":%llu", name, val);
}

static void hex(struct seq_file *seq, const char *name, u64 val)
{
	seq_printf(seq, ",\"%s\":\"%#llx\"", name, val);
}

static void string(struct seq_file *seq, const char *name, const char *val)
{
	seq_printf(seq, ",\"%s\":\"%s\"", name, val);
}

static void truth(struct seq_file *seq, const char *name, bool val)
{
	seq_printf(seq, ",\"%s\":%s", name, val ? "true" : "false");
}

static void show_begin(struct seq_file *seq, const char *schema,
		       const struct results *results, enum guest_workload w,
		       enum results_run run)
{
	seq_printf(seq, "{\"schema\":\"tmavisor.%s\"", schema);
	number(seq, "schema_version", SCHEMA_VERSION);
	number(seq, "session", results->session);
	string(seq, "workload", workloads[w].name);
	string(seq, "run", run_names[run]);
}

static void show_machine(struct seq_file *seq, const struct results *results)
{
	const struct cpu_caps *caps = &results->caps;

	string(seq, "version", THIS_MODULE->version);
	string(seq, "kernel", utsname()->release);
	number(seq, "cpu", results->options.cpu);
	truth(seq, "migrate", results->options.migrate);
	hex(seq, "cpu_signature", caps->signature);
	hex(seq, "microcode", caps->microcode);
	truth(seq, "hypervisor", caps->hypervisor);
	/* Whose cycles are a model's: Bochs says so in its BIOS. */
	truth(seq, "simulated", dmi_match(DMI_BIOS_VENDOR, "The Bochs Project"));
}

/* The guest's PMU. */
static void show_pmu(struct seq_file *seq, const struct results *results)
{
	const struct pmu_caps *shown = &results->shown;

	string(seq, "profile", results->options.profile);
	string(seq, "deny", results->options.deny);
	number(seq, "pmu_version", shown->version);
	number(seq, "general_counters", shown->nr_gp);
	number(seq, "general_width", shown->gp_width);
	hex(seq, "fixed_counters", shown->fixed_mask);
	number(seq, "fixed_width", shown->fixed_width);
	hex(seq, "perf_capabilities", shown->perf_capabilities);
	truth(seq, "metrics", shown->metrics);
	truth(seq, "level2", shown->level2);
}

static void show_slices(struct seq_file *seq, const struct results *results,
			const struct session_measure *m)
{
	u32 i;

	seq_puts(seq, ",\"slices\":[");
	for (i = 0; i < results->options.slices; i++) {
		const struct guest_slice *s = &m->slices[i];

		seq_printf(seq, "%s{\"slots\":%llu", i ? "," : "", s->slots);
		hex(seq, "perf_metrics", s->perf_metrics);
		number(seq, "instructions", s->instructions);
		number(seq, "cycles", s->cycles);
		number(seq, "ref_cycles", s->ref_cycles);
		seq_putc(seq, '}');
	}
	seq_putc(seq, ']');
}

/* Sums of slots x byte, in the order of the register's bytes. */
static void show_weights(struct seq_file *seq, const struct tma_total *total)
{
	int i;

	seq_puts(seq, ",\"weights\":[");
	for (i = 0; i < TMA_NR_METRICS; i++)
		seq_printf(seq, "%s%llu", i ? "," : "", total->weight[i]);
	seq_putc(seq, ']');
}

void results_show(struct seq_file *seq, const struct results *results,
		  enum guest_workload w, enum results_run run)
{
	const struct session_measure *m = results_measure(results, w, run);

	show_begin(seq, "results", results, w, run);
	show_machine(seq, results);
	show_pmu(seq, results);
	number(seq, "instructions", m->instructions);
	number(seq, "cycles", m->cycles);
	number(seq, "slots", m->tma.slots);
	show_weights(seq, &m->tma);
	number(seq, "switches", m->switches);
	number(seq, "forced", m->forced);
	show_slices(seq, results, m);
	seq_puts(seq, "}\n");
}

void results_show_exits(struct seq_file *seq, const struct results *results,
			enum guest_workload w, enum results_run run)
{
	const struct session_measure *m = results_measure(results, w, run);
	const char *between = "";
	int i;

	show_begin(seq, "exits", results, w, run);
	seq_puts(seq, ",\"exits\":[");
	for (i = 0; i < RUN_NR_EXIT_REASONS; i++) {
		if (!m->exits[i])
			continue;
		seq_printf(seq, "%s{\"reason\":%d,\"name\":\"%s\",\"count\":%llu}",
			   between, i, dump_exit_reason_name(i), m->exits[i]);
		between = ",";
	}
	seq_puts(seq, "]}\n");
}

void results_show_switches(struct seq_file *seq, const struct results *results,
			   enum guest_workload w, enum results_run run)
{
	const struct session_measure *m = results_measure(results, w, run);

	show_begin(seq, "switches", results, w, run);
	number(seq, "loads", m->loads);
	number(seq, "puts", m->puts);
	number(seq, "switches", m->switches);
	number(seq, "forced", m->forced);
	number(seq, "nmis", m->nmis);
	number(seq, "moves", m->moves);
	number(seq, "unrestored", m->unrestored);
	/* From VM entry to VM exit; TSC ticks, of the simulator none of silicon's. */
	number(seq, "guest_tsc", m->guest_tsc);
	seq_puts(seq, "}\n");
}
