/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints tmavisor:vmentry, vmexit, pmu_load, pmu_put and pmu_msr. They come
 * in a burst behind each slice, as perf may read counters in them; @tsc is when
 * what they tell of happened.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM KMOD_NAME

#if !defined(KMOD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KMOD_TRACE_H

#include <linux/tracepoint.h>
#include "kmod/compat.h"
#include "vmx/hw.h"

#ifndef KMOD_TRACE_ONCE
#define KMOD_TRACE_ONCE
/* Behind a slice, interrupts on: all that was noted in it. */
void trace_slice(void);
/* At the end of a run: a line if some of its events are missing. */
void trace_report(void);
/* While one of the tracepoints is on. */
int trace_noting_on(void);
void trace_noting_off(void);
#endif

TRACE_DEFINE_ENUM(HW_NOTE_LOAD);
TRACE_DEFINE_ENUM(HW_NOTE_LOADED);
TRACE_DEFINE_ENUM(HW_NOTE_POSTPONED);
TRACE_DEFINE_ENUM(HW_NOTE_PUT);
TRACE_DEFINE_ENUM(HW_NOTE_PUT_DONE);
TRACE_DEFINE_ENUM(HW_NOTE_RDMSR);
TRACE_DEFINE_ENUM(HW_NOTE_WRMSR);
TRACE_DEFINE_ENUM(HW_NOTE_RDPMC);

TRACE_EVENT_FN(vmentry,
	TP_PROTO(u64 rip, u64 tsc),
	TP_ARGS(rip, tsc),
	TP_STRUCT__entry(
		__field(u64, rip)
		__field(u64, tsc)
	),
	TP_fast_assign(
		__entry->rip = rip;
		__entry->tsc = tsc;
	),
	TP_printk("rip=0x%llx tsc=%llu", __entry->rip, __entry->tsc),
	trace_noting_on, trace_noting_off
);

/* Without a VM entry before it, as an NMI came first, the reason is none. */
TRACE_EVENT_FN(vmexit,
	TP_PROTO(u32 reason, const char *name, u64 rip, u64 tsc),
	TP_ARGS(reason, name, rip, tsc),
	TP_STRUCT__entry(
		__field(u32, reason)
		__string(name, name)
		__field(u64, rip)
		__field(u64, tsc)
	),
	TP_fast_assign(
		__entry->reason = reason;
		compat_assign_str(name, name);
		__entry->rip = rip;
		__entry->tsc = tsc;
	),
	TP_printk("reason=0x%x (%s) rip=0x%llx tsc=%llu", __entry->reason,
		  __get_str(name), __entry->rip, __entry->tsc),
	trace_noting_on, trace_noting_off
);

/* One end of a load or of a put. */
DECLARE_EVENT_CLASS(pmu_switch,
	TP_PROTO(u32 stage, u64 tsc),
	TP_ARGS(stage, tsc),
	TP_STRUCT__entry(
		__field(u32, stage)
		__field(u64, tsc)
	),
	TP_fast_assign(
		__entry->stage = stage;
		__entry->tsc = tsc;
	),
	TP_printk("%s tsc=%llu",
		  __print_symbolic(__entry->stage, { HW_NOTE_LOAD, "begin" },
				   { HW_NOTE_LOADED, "end" },
				   { HW_NOTE_POSTPONED, "postponed" },
				   { HW_NOTE_PUT, "begin" },
				   { HW_NOTE_PUT_DONE, "end" }),
		  __entry->tsc)
);

DEFINE_EVENT_FN(pmu_switch, pmu_load,
	TP_PROTO(u32 stage, u64 tsc),
	TP_ARGS(stage, tsc),
	trace_noting_on, trace_noting_off
);

DEFINE_EVENT_FN(pmu_switch, pmu_put,
	TP_PROTO(u32 stage, u64 tsc),
	TP_ARGS(stage, tsc),
	trace_noting_on, trace_noting_off
);

TRACE_EVENT_FN(pmu_msr,
	TP_PROTO(u32 op, u32 index, u64 val, u64 tsc),
	TP_ARGS(op, index, val, tsc),
	TP_STRUCT__entry(
		__field(u32, op)
		__field(u32, index)
		__field(u64, val)
		__field(u64, tsc)
	),
	TP_fast_assign(
		__entry->op = op;
		__entry->index = index;
		__entry->val = val;
		__entry->tsc = tsc;
	),
	TP_printk("%s 0x%x val=0x%llx tsc=%llu",
		  __print_symbolic(__entry->op, { HW_NOTE_RDMSR, "rdmsr" },
				   { HW_NOTE_WRMSR, "wrmsr" },
				   { HW_NOTE_RDPMC, "rdpmc" }),
		  __entry->index, __entry->val, __entry->tsc),
	trace_noting_on, trace_noting_off
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kmod
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
