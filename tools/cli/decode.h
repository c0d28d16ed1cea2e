/* SPDX-License-Identifier: GPL-2.0 */
/* IA32_PERF_METRICS by hand: its fields, from shares, between two readings. */
#ifndef CLI_DECODE_H
#define CLI_DECODE_H

#include <stdio.h>
#include "tools/cli/result.h"

/* "SLOTS:PERF_METRICS" */
bool decode_pair(const char *text, struct result_slice *pair, struct complaint *c);
/*
 * What happened between two readings of one long count: the difference of
 * slots x byte, 0 where rounding makes it negative. *clamped: there was one.
 */
bool decode_window(const struct result_slice *a, const struct result_slice *b,
		   struct tma_total *window, bool *clamped, struct complaint *c);
/*
 * How far off a share of the window can be, in thousandths: half a unit of each
 * reading, over the slots between.
 */
unsigned int decode_doubt(const struct result_slice *a, const struct result_slice *b);
/* From NAME=PERCENT each; level 1 must add up to 100. */
bool decode_encode(char *const *args, int nr_args, u64 *perf_metrics, struct complaint *c);
void decode_write(FILE *out, u64 perf_metrics);

#endif
