// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include "tools/cli/member.h"
#include "tools/cli/result.h"

bool member_wrong(struct member_reader *r, const char *key, const char *what)
{
	return complain(r->c, r->line, "%s%s is %s", r->path, key, what);
}

bool member_number(struct member_reader *r, const json_t *object, const char *key, u64 *value)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_integer(member))
		return member_wrong(r, key, member ? "no whole number" : "missing");
	if (json_integer_value(member) < 0)
		return member_wrong(r, key, "negative");
	*value = json_integer_value(member);
	return true;
}

bool member_count(struct member_reader *r, const json_t *object, const char *key, u64 *value)
{
	return member_number(r, object, key, value) &&
	       (!(*value >> RESULT_SLOTS_BITS) ||
		member_wrong(r, key, "more than a run can take"));
}

bool member_bool(struct member_reader *r, const json_t *object, const char *key, bool *value)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_boolean(member))
		return member_wrong(r, key, member ? "neither true nor false" : "missing");
	*value = json_is_true(member);
	return true;
}

bool member_text(struct member_reader *r, const json_t *object, const char *key,
		 char *text, size_t size)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_string(member))
		return member_wrong(r, key, member ? "no string" : "missing");
	if (json_string_length(member) >= size)
		return member_wrong(r, key, "too long");
	snprintf(text, size, "%s", json_string_value(member));
	scan_clean(text);
	return true;
}

bool member_hex(struct member_reader *r, const json_t *object, const char *key, u64 *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		return member_wrong(r, key, "missing, or no string");
	if (!scan_hex(&text, value) || *text)
		return member_wrong(r, key, "no hexadecimal number of 64 bits");
	return true;
}

const json_t *member_array(struct member_reader *r, const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);

	if (json_is_array(member))
		return member;
	member_wrong(r, key, member ? "no array" : "missing");
	return NULL;
}

bool member_word(struct member_reader *r, const json_t *object, const char *key,
		 char *word, size_t size)
{
	char text[RESULT_NAME];
	const char *at = text;

	if (!member_text(r, object, key, text, sizeof(text)))
		return false;
	return (scan_word(&at, word, size) && !*at) || member_wrong(r, key, "no word");
}

bool member_counts(struct member_reader *r, const json_t *object, struct result_count *count)
{
	return member_count(r, object, "slots", &count->slots) &&
	       member_count(r, object, "cycles", &count->cycles) &&
	       member_count(r, object, "instructions", &count->instructions) &&
	       member_count(r, object, "switches", &count->switches) &&
	       member_count(r, object, "forced", &count->forced);
}

bool member_slices(struct member_reader *r, const json_t *array, struct result_workload *w)
{
	const json_t *item;
	u64 slots, metrics;
	size_t i;

	json_array_foreach((json_t *)array, i, item) {
		snprintf(r->path, sizeof(r->path), "%s: slices[%zu].", w->name, i);
		if (!member_count(r, item, "slots", &slots) ||
		    !member_hex(r, item, "perf_metrics", &metrics) ||
		    !result_add_slice(w, slots, metrics, r->c, r->line))
			return false;
	}
	return true;
}
