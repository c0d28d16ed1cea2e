/* SPDX-License-Identifier: GPL-2.0 */
/* The forms in which a result is printed: a function a form. */
#ifndef CLI_WRITE_H
#define CLI_WRITE_H

#include "tools/cli/result.h"
#include "tools/cli/terminal.h"

/* For people: where and what, each workload's tree, each slice's bar. */
void tree_write_machine(FILE *out, const struct result *r, const struct terminal *t);
void tree_write_workload(FILE *out, const struct result_workload *w,
			 const struct terminal *t);
void tree_write_checks(FILE *out, const struct result *r, const struct terminal *t);
void bars_write_legend(FILE *out, const struct terminal *t);
void bars_write(FILE *out, const struct result_workload *w, const struct terminal *t);

/* toplev's, one line a node and slice. */
void csv_write(FILE *out, const struct result *r);
/* perf stat's JSON lines, one a node and slice. */
void json_write(FILE *out, const struct result *r);
/* All that was found, for native_read(). */
void native_write(FILE *out, const struct result *r);
/* Stacked areas over the slices. */
void svg_write(FILE *out, const struct result *r);

#endif
