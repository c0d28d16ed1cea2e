// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/member.h"
#include "tools/cli/records.h"

#define RECORDS_SCHEMA		"tmavisor.results"
enum { RECORDS_SCHEMA_VERSION = 1 };

static bool read_machine(struct member_reader *r, const json_t *line, struct result *result)
{
	return member_text(r, line, "version", result->version, sizeof(result->version)) &&
	       member_text(r, line, "kernel", result->release, sizeof(result->release)) &&
	       member_text(r, line, "profile", result->profile, sizeof(result->profile)) &&
	       member_count(r, line, "cpu", &result->cpu) &&
	       member_hex(r, line, "cpu_signature", &result->signature) &&
	       member_hex(r, line, "microcode", &result->microcode) &&
	       member_bool(r, line, "hypervisor", &result->hypervisor) &&
	       member_bool(r, line, "simulated", &result->simulated);
}

/* The sums are told too; a damaged slice shows. */
static bool weights_agree(struct member_reader *r, const json_t *line,
			  const struct result_workload *w)
{
	const json_t *weights = member_array(r, line, "weights");
	int i;

	if (!weights)
		return false;
	if (w->total.slots != w->plain.slots)
		return member_wrong(r, "slots", "not the sum of the slices'");
	for (i = 0; i < TMA_NR_METRICS; i++)
		if ((u64)json_integer_value(json_array_get(weights, i)) != w->total.weight[i])
			return member_wrong(r, "weights", "not the sum of the slices'");
	return true;
}

static bool read_plain(struct member_reader *r, const json_t *line,
		       struct result *result, const char *name)
{
	struct result_workload *w = result_add_workload(result, name, r->c, r->line);
	const json_t *slices;
	bool metrics;

	if (!w || !member_bool(r, line, "metrics", &metrics) ||
	    !member_bool(r, line, "level2", &w->has_level2) ||
	    !member_counts(r, line, &w->plain))
		return false;
	if (!metrics)
		return true;
	slices = member_array(r, line, "slices");
	if (!slices || !member_slices(r, slices, w))
		return false;
	r->path[0] = 0;
	return w->nr_slices ? weights_agree(r, line, w) :
			      member_wrong(r, "slices", "empty");
}

static bool read_switched(struct member_reader *r, const json_t *line,
			  struct result *result, const char *name)
{
	struct result_workload *w = result_find_workload(result, name);

	if (!w || w->has_switched)
		return complain(r->c, r->line, "%s is switched %s", name,
				w ? "twice" : "before it is plain");
	w->has_switched = true;
	return member_counts(r, line, &w->switched);
}

static bool read_session(struct member_reader *r, const json_t *line,
			 struct result *result, u64 *session)
{
	u64 number;

	if (!member_count(r, line, "session", &number))
		return false;
	if (number != *session && result->nr_workloads) {
		result_forget_run(result);
		result->earlier_runs++;
	}
	*session = number;
	return true;
}

static bool is_ours(struct member_reader *r, const json_t *line)
{
	char schema[RESULT_NAME];
	u64 version;

	if (!member_text(r, line, "schema", schema, sizeof(schema)) ||
	    !member_number(r, line, "schema_version", &version))
		return false;
	if (strcmp(schema, RECORDS_SCHEMA))
		return complain(r->c, r->line, "schema is %s, not " RECORDS_SCHEMA, schema);
	return version == RECORDS_SCHEMA_VERSION ||
	       complain(r->c, r->line, "schema_version is %llu: this tmavisor reads %d",
			version, RECORDS_SCHEMA_VERSION);
}

static bool read_record(struct member_reader *r, const json_t *line,
			struct result *result, u64 *session)
{
	char name[RESULT_NAME], run[RESULT_NAME];

	if (!is_ours(r, line) || !read_session(r, line, result, session) ||
	    !read_machine(r, line, result) ||
	    !member_word(r, line, "workload", name, sizeof(name)) ||
	    !member_word(r, line, "run", run, sizeof(run)))
		return false;
	if (!strcmp(run, "plain"))
		return read_plain(r, line, result, name);
	if (!strcmp(run, "switched"))
		return read_switched(r, line, result, name);
	return member_wrong(r, "run", "neither plain nor switched");
}

static json_t *parse(const char *line, size_t len, struct complaint *c, unsigned long number)
{
	json_error_t error;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	if (!object)
		complain(c, number, "JSON: %s", error.text);
	return object;
}

bool records_begin(const char *text, size_t len)
{
	json_error_t error;
	json_t *first = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, &error);
	const char *schema = json_string_value(json_object_get(first, "schema"));
	bool ours = schema && !strcmp(schema, RECORDS_SCHEMA);

	json_decref(first);
	return ours;
}

bool records_read(const char *text, size_t len, struct result *result,
		  struct complaint *c)
{
	const char *at, *end = text + len, *newline;
	struct member_reader r = { .c = c };
	u64 session = 0;
	bool ok = true;

	for (at = text; at < end && ok; at = newline + 1) {
		json_t *line;

		r.line++;
		newline = memchr(at, '\n', end - at);
		if (!newline)
			newline = end;
		line = parse(at, newline - at, c, r.line);
		ok = line && read_record(&r, line, result, &session);
		json_decref(line);
	}
	return ok;
}
