// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/jump_label.h>
#include <linux/printk.h>
#include "vmx/dump.h"
#include "vmx/notes.h"

#define CREATE_TRACE_POINTS
#include "kmod/trace.h"

/* Of vmx/hw_x86.c */
extern struct notes hw_notes;
DECLARE_STATIC_KEY_FALSE(hw_noting);

static u64 lost;

int trace_noting_on(void)
{
	static_branch_inc(&hw_noting);
	return 0;
}

void trace_noting_off(void)
{
	static_branch_dec(&hw_noting);
}

static const char *exit_name(u32 reason)
{
	return reason == HW_NOTE_NO_ENTRY ? "not entered" : dump_exit_reason_name(reason);
}

static void emit(const struct note *note)
{
	switch ((enum hw_note)note->kind) {
	case HW_NOTE_ENTRY:
		trace_vmentry(note->val, note->tsc);
		break;
	case HW_NOTE_EXIT:
		trace_vmexit(note->index, exit_name(note->index), note->val, note->tsc);
		break;
	case HW_NOTE_LOAD:
	case HW_NOTE_LOADED:
	case HW_NOTE_POSTPONED:
		trace_pmu_load(note->kind, note->tsc);
		break;
	case HW_NOTE_PUT:
	case HW_NOTE_PUT_DONE:
		trace_pmu_put(note->kind, note->tsc);
		break;
	case HW_NOTE_RDMSR:
	case HW_NOTE_WRMSR:
	case HW_NOTE_RDPMC:
		trace_pmu_msr(note->kind, note->index, note->val, note->tsc);
		break;
	}
}

void trace_slice(void)
{
	lost += notes_empty(&hw_notes, emit);
}

void trace_report(void)
{
	/* What was noted after the last slice is not the next run's. */
	trace_slice();
	if (lost)
		pr_info("tracepoints: %llu events are missing, of slices with more than %u\n",
			lost, NOTES_MAX);
	lost = 0;
}
