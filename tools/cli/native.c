// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <jansson.h>
#include "tools/cli/native.h"
#include "tools/cli/node.h"
#include "tools/cli/quote.h"
#include "tools/cli/write.h"

/*
 * Writing
 */

static void write_count(FILE *out, const char *name, const struct result_count *c)
{
	fprintf(out, "  \"%s\": {\"slots\": %llu, \"cycles\": %llu, \"instructions\": %llu, \"switches\": %llu, \"forced\": %llu},\n",
		name, c->slots, c->cycles, c->instructions, c->switches, c->forced);
}

/* For who reads it; native_read() goes by the registers. */
static void write_shares(FILE *out, const struct result_workload *w)
{
	const char *comma = "";
	int i;

	fprintf(out, "  \"shares\": {");
	for (i = 0; i < NR_NODES; i++) {
		u64 weight = node_weight(&nodes[i], &w->total);
		unsigned int share = tma_perf_permille(&w->total, weight);

		if (node_is_part(&nodes[i]) && !w->has_level2)
			continue;
		fprintf(out, "%s\"%s\": %u.%u", comma, nodes[i].perf_name,
			share / 10, share % 10);
		comma = ", ";
	}
	fprintf(out, "},\n  \"weights\": [");
	for (i = 0; i < TMA_NR_METRICS; i++)
		fprintf(out, "%s%llu", i ? ", " : "", w->total.weight[i]);
	fprintf(out, "],\n");
}

static void write_workload(FILE *out, const struct result_workload *w)
{
	size_t i;

	fprintf(out, " {\"name\": \"%s\", \"metrics\": %s, \"level2\": %s,\n", w->name,
		w->has_metrics ? "true" : "false", w->has_level2 ? "true" : "false");
	write_count(out, "plain", &w->plain);
	if (w->has_switched)
		write_count(out, "switched", &w->switched);
	if (w->has_metrics)
		write_shares(out, w);
	fprintf(out, "  \"slices\": [");
	for (i = 0; i < w->nr_slices; i++)
		fprintf(out, "%s\n   {\"slots\": %llu, \"perf_metrics\": \"0x%016llx\"}",
			i ? "," : "", w->slices[i].slots, w->slices[i].perf_metrics);
	fprintf(out, "]}");
}

static void write_failures(FILE *out, const struct result *r)
{
	size_t i;

	fprintf(out, "\"failures\": [");
	for (i = 0; i < r->nr_failures; i++) {
		fprintf(out, "%s\n {\"suite\": ", i ? "," : "");
		quote_json(out, r->failures[i].suite);
		fprintf(out, ", \"claim\": ");
		quote_json(out, r->failures[i].claim);
		fprintf(out, ", \"detail\": ");
		quote_json(out, r->failures[i].detail);
		fprintf(out, "}");
	}
	fprintf(out, "],\n");
}

void native_write(FILE *out, const struct result *r)
{
	unsigned int i;

	fprintf(out, "{\"schema\": \"" NATIVE_SCHEMA "\", \"schema_version\": %d,\n",
		NATIVE_SCHEMA_VERSION);
	fprintf(out, "\"version\": ");
	quote_json(out, r->version);
	fprintf(out, ", \"cpu\": %llu, \"release\": ", r->cpu);
	quote_json(out, r->release);
	fprintf(out, ", \"profile\": ");
	quote_json(out, r->profile);
	fprintf(out, ",\n\"signature\": \"0x%llx\", \"microcode\": \"0x%llx\", \"hypervisor\": %s, \"simulated\": %s,\n",
		r->signature, r->microcode, r->hypervisor ? "true" : "false",
		r->simulated ? "true" : "false");
	fprintf(out, "\"checks\": %llu, \"skipped\": %llu,\n", r->checks, r->skipped);
	write_failures(out, r);
	fprintf(out, "\"workloads\": [");
	for (i = 0; i < r->nr_workloads; i++) {
		fprintf(out, "%s\n", i ? "," : "");
		write_workload(out, &r->workloads[i]);
	}
	fprintf(out, "]}\n");
}

/*
 * Reading. jansson gives no line of what is well-formed, so that complaints name
 * the place by its path.
 */

struct reader {
	struct complaint	*c;
	char			path[96];
};

static bool wrong(struct reader *r, const char *key, const char *what)
{
	return complain(r->c, 0, "%s%s is %s", r->path, key, what);
}

static bool get_number(struct reader *r, const json_t *object, const char *key, u64 *value)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_integer(member))
		return wrong(r, key, member ? "no whole number" : "missing");
	if (json_integer_value(member) < 0)
		return wrong(r, key, "negative");
	*value = json_integer_value(member);
	return true;
}

/* Below 2^RESULT_SLOTS_BITS, so that sums do not overflow. */
static bool get_count(struct reader *r, const json_t *object, const char *key, u64 *value)
{
	return get_number(r, object, key, value) &&
	       (!(*value >> RESULT_SLOTS_BITS) ||
		wrong(r, key, "more than a run can take"));
}

static bool get_bool(struct reader *r, const json_t *object, const char *key, bool *value)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_boolean(member))
		return wrong(r, key, member ? "neither true nor false" : "missing");
	*value = json_is_true(member);
	return true;
}

static bool get_text(struct reader *r, const json_t *object, const char *key,
		     char *text, size_t size)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_string(member))
		return wrong(r, key, member ? "no string" : "missing");
	if (json_string_length(member) >= size)
		return wrong(r, key, "too long");
	snprintf(text, size, "%s", json_string_value(member));
	scan_clean(text);
	return true;
}

static bool get_hex(struct reader *r, const json_t *object, const char *key, u64 *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		return wrong(r, key, "missing, or no string");
	if (!scan_hex(&text, value) || *text)
		return wrong(r, key, "no hexadecimal number of 64 bits");
	return true;
}

static const json_t *get_array(struct reader *r, const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);

	if (json_is_array(member))
		return member;
	wrong(r, key, member ? "no array" : "missing");
	return NULL;
}

static bool read_counts(struct reader *r, const json_t *object, struct result_count *count)
{
	return get_count(r, object, "slots", &count->slots) &&
	       get_count(r, object, "cycles", &count->cycles) &&
	       get_count(r, object, "instructions", &count->instructions) &&
	       get_count(r, object, "switches", &count->switches) &&
	       get_count(r, object, "forced", &count->forced);
}

static bool read_slices(struct reader *r, const json_t *array, struct result_workload *w)
{
	const json_t *item;
	u64 slots, metrics;
	size_t i;

	json_array_foreach((json_t *)array, i, item) {
		snprintf(r->path, sizeof(r->path), "%s: slices[%zu].", w->name, i);
		if (!get_count(r, item, "slots", &slots) ||
		    !get_hex(r, item, "perf_metrics", &metrics) ||
		    !result_add_slice(w, slots, metrics, r->c, 0))
			return false;
	}
	return true;
}

static bool read_weights(struct reader *r, const json_t *array, struct result_workload *w)
{
	json_int_t weight;
	u64 sum = 0;
	size_t i;

	if (json_array_size(array) != TMA_NR_METRICS)
		return wrong(r, "weights", "not an array of eight");
	w->total.readings = 1;
	w->total.slots = w->plain.slots;
	for (i = 0; i < TMA_NR_METRICS; i++) {
		weight = json_integer_value(json_array_get(array, i));
		if (weight < 0 || (u64)weight / TMA_METRIC_MAX > w->plain.slots)
			return wrong(r, "weights", "not what the slots allow");
		w->total.weight[i] = weight;
		sum += i < TMA_NR_LEVEL1 ? (u64)weight : 0;
	}
	return (sum > 0) == (w->plain.slots > 0) ||
	       wrong(r, "weights", "not what the slots allow");
}

/* Of one slice only the total is kept, as in the log. */
static bool read_measurement(struct reader *r, const json_t *object, struct result_workload *w)
{
	const json_t *slices = get_array(r, object, "slices");
	const json_t *weights;

	if (!slices)
		return false;
	if (json_array_size(slices))
		return w->has_metrics ? read_slices(r, slices, w) :
					wrong(r, "slices", "there without metrics");
	if (!w->has_metrics)
		return true;
	weights = get_array(r, object, "weights");
	return weights && read_weights(r, weights, w);
}

static bool read_workload(struct reader *r, const json_t *object, struct result *result)
{
	char name[RESULT_NAME];
	const char *rest = name;
	struct result_workload *w;
	const json_t *switched = json_object_get(object, "switched");

	if (!get_text(r, object, "name", name, sizeof(name)))
		return false;
	if (!scan_word(&rest, name, sizeof(name)) || *rest)
		return wrong(r, "name", "no word");
	w = result_add_workload(result, name, r->c, 0);
	if (!w)
		return false;
	snprintf(r->path, sizeof(r->path), "%s: ", w->name);
	w->has_switched = switched;
	if (!get_bool(r, object, "metrics", &w->has_metrics) ||
	    !get_bool(r, object, "level2", &w->has_level2) ||
	    !read_counts(r, json_object_get(object, "plain"), &w->plain) ||
	    (switched && !read_counts(r, switched, &w->switched)) ||
	    !read_measurement(r, object, w))
		return false;
	return !w->nr_slices || w->total.slots == w->plain.slots ||
	       wrong(r, "plain.slots", "not the sum of the slices'");
}

static bool read_workloads(struct reader *r, const json_t *root, struct result *result)
{
	const json_t *array = get_array(r, root, "workloads"), *item;
	size_t i;

	json_array_foreach((json_t *)array, i, item) {
		snprintf(r->path, sizeof(r->path), "workloads[%zu].", i);
		if (!read_workload(r, item, result))
			return false;
	}
	return array;
}

static bool read_failures(struct reader *r, const json_t *root, struct result *result)
{
	const json_t *array = get_array(r, root, "failures"), *item;
	char suite[RESULT_NAME], claim[RESULT_TEXT], detail[RESULT_TEXT];
	size_t i;

	json_array_foreach((json_t *)array, i, item) {
		snprintf(r->path, sizeof(r->path), "failures[%zu].", i);
		if (!get_text(r, item, "suite", suite, sizeof(suite)) ||
		    !get_text(r, item, "claim", claim, sizeof(claim)) ||
		    !get_text(r, item, "detail", detail, sizeof(detail)))
			return false;
		result_add_failure(result, suite, claim, detail);
	}
	r->path[0] = 0;
	if (array && result->nr_failures + result->skipped > result->checks)
		return wrong(r, "checks", "less than failed and were skipped");
	return array;
}

static bool read_machine(struct reader *r, const json_t *root, struct result *result)
{
	return get_text(r, root, "version", result->version, sizeof(result->version)) &&
	       get_count(r, root, "cpu", &result->cpu) &&
	       get_text(r, root, "release", result->release, sizeof(result->release)) &&
	       get_text(r, root, "profile", result->profile, sizeof(result->profile)) &&
	       get_hex(r, root, "signature", &result->signature) &&
	       get_hex(r, root, "microcode", &result->microcode) &&
	       get_bool(r, root, "hypervisor", &result->hypervisor) &&
	       get_bool(r, root, "simulated", &result->simulated) &&
	       get_count(r, root, "checks", &result->checks) &&
	       get_count(r, root, "skipped", &result->skipped);
}

static bool is_ours(struct reader *r, const json_t *root)
{
	char schema[RESULT_NAME];
	u64 version;

	if (!json_object_get(root, "schema"))
		return complain(r->c, 0, "JSON without \"schema\": what \"tmavisor report --native\" writes can be read");
	if (!get_text(r, root, "schema", schema, sizeof(schema)) ||
	    !get_number(r, root, "schema_version", &version))
		return false;
	if (strcmp(schema, NATIVE_SCHEMA))
		return complain(r->c, 0, "schema is %s, not " NATIVE_SCHEMA, schema);
	return version == NATIVE_SCHEMA_VERSION ||
	       complain(r->c, 0, "schema_version is %llu: this tmavisor reads %d",
			version, NATIVE_SCHEMA_VERSION);
}

bool native_read(const char *text, size_t len, struct result *result,
		 struct complaint *c)
{
	struct reader r = { .c = c };
	json_error_t error;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	bool ok;

	if (!root)
		return complain(c, error.line > 0 ? error.line : 0, "JSON: %s", error.text);
	ok = is_ours(&r, root) && read_machine(&r, root, result) &&
	     read_failures(&r, root, result) && read_workloads(&r, root, result);
	json_decref(root);
	return ok;
}
