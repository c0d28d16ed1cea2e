/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Members of a JSON object that must be there and of their kind. jansson gives no
 * line of what is well-formed, so that complaints name the place by its path.
 */
#ifndef CLI_MEMBER_H
#define CLI_MEMBER_H

#include <jansson.h>
#include "tools/cli/result.h"

struct member_reader {
	struct complaint	*c;
	unsigned long		line;		/* of the object, where each has its own */
	char			path[96];	/* of the object, before a member's key */
};

/* Complains of r->path and @key; false. */
bool member_wrong(struct member_reader *r, const char *key, const char *what);

bool member_number(struct member_reader *r, const json_t *object, const char *key, u64 *value);
/* Below 2^RESULT_SLOTS_BITS, so that sums do not overflow. */
bool member_count(struct member_reader *r, const json_t *object, const char *key, u64 *value);
bool member_bool(struct member_reader *r, const json_t *object, const char *key, bool *value);
/* Without what a terminal could take for orders. */
bool member_text(struct member_reader *r, const json_t *object, const char *key,
		 char *text, size_t size);
/* A string: "0x" and 64 bits at most. */
bool member_hex(struct member_reader *r, const json_t *object, const char *key, u64 *value);
/* A name that is one word, as names of workloads are. */
bool member_word(struct member_reader *r, const json_t *object, const char *key,
		 char *word, size_t size);
/* NULL if it is none. */
const json_t *member_array(struct member_reader *r, const json_t *object, const char *key);
/* "slots", "cycles", "instructions", "switches", "forced" */
bool member_counts(struct member_reader *r, const json_t *object, struct result_count *count);
/* Each with "slots" and "perf_metrics"; r->path tells of the last. */
bool member_slices(struct member_reader *r, const json_t *array, struct result_workload *w);

#endif
