// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/member.h"
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
 * Reading
 */

static bool read_weights(struct member_reader *r, const json_t *array, struct result_workload *w)
{
	json_int_t weight;
	u64 sum = 0;
	size_t i;

	if (json_array_size(array) != TMA_NR_METRICS)
		return member_wrong(r, "weights", "not an array of eight");
	w->total.readings = 1;
	w->total.slots = w->plain.slots;
	for (i = 0; i < TMA_NR_METRICS; i++) {
		weight = json_integer_value(json_array_get(array, i));
		if (weight < 0 || (u64)weight / TMA_METRIC_MAX > w->plain.slots)
			return member_wrong(r, "weights", "not what the slots allow");
		w->total.weight[i] = weight;
		sum += i < TMA_NR_LEVEL1 ? (u64)weight : 0;
	}
	return (sum > 0) == (w->plain.slots > 0) ||
	       member_wrong(r, "weights", "not what the slots allow");
}

/* Of one slice only the total is kept, as in the log. */
static bool read_measurement(struct member_reader *r, const json_t *object, struct result_workload *w)
{
	const json_t *slices = member_array(r, object, "slices");
	const json_t *weights;

	if (!slices)
		return false;
	if (json_array_size(slices))
		return w->has_metrics ? member_slices(r, slices, w) :
					member_wrong(r, "slices", "there without metrics");
	if (!w->has_metrics)
		return true;
	weights = member_array(r, object, "weights");
	return weights && read_weights(r, weights, w);
}

static bool read_workload(struct member_reader *r, const json_t *object, struct result *result)
{
	char name[RESULT_NAME];
	struct result_workload *w;
	const json_t *switched = json_object_get(object, "switched");

	if (!member_word(r, object, "name", name, sizeof(name)))
		return false;
	w = result_add_workload(result, name, r->c, 0);
	if (!w)
		return false;
	snprintf(r->path, sizeof(r->path), "%s: ", w->name);
	w->has_switched = switched;
	if (!member_bool(r, object, "metrics", &w->has_metrics) ||
	    !member_bool(r, object, "level2", &w->has_level2) ||
	    !member_counts(r, json_object_get(object, "plain"), &w->plain) ||
	    (switched && !member_counts(r, switched, &w->switched)) ||
	    !read_measurement(r, object, w))
		return false;
	return !w->nr_slices || w->total.slots == w->plain.slots ||
	       member_wrong(r, "plain.slots", "not the sum of the slices'");
}

static bool read_workloads(struct member_reader *r, const json_t *root, struct result *result)
{
	const json_t *array = member_array(r, root, "workloads"), *item;
	size_t i;

	json_array_foreach((json_t *)array, i, item) {
		snprintf(r->path, sizeof(r->path), "workloads[%zu].", i);
		if (!read_workload(r, item, result))
			return false;
	}
	return array;
}

static bool read_failures(struct member_reader *r, const json_t *root, struct result *result)
{
	const json_t *array = member_array(r, root, "failures"), *item;
	char suite[RESULT_NAME], claim[RESULT_TEXT], detail[RESULT_TEXT];
	size_t i;

	json_array_foreach((json_t *)array, i, item) {
		snprintf(r->path, sizeof(r->path), "failures[%zu].", i);
		if (!member_text(r, item, "suite", suite, sizeof(suite)) ||
		    !member_text(r, item, "claim", claim, sizeof(claim)) ||
		    !member_text(r, item, "detail", detail, sizeof(detail)))
			return false;
		result_add_failure(result, suite, claim, detail);
	}
	r->path[0] = 0;
	if (array && result->nr_failures + result->skipped > result->checks)
		return member_wrong(r, "checks", "less than failed and were skipped");
	return array;
}

static bool read_machine(struct member_reader *r, const json_t *root, struct result *result)
{
	return member_text(r, root, "version", result->version, sizeof(result->version)) &&
	       member_count(r, root, "cpu", &result->cpu) &&
	       member_text(r, root, "release", result->release, sizeof(result->release)) &&
	       member_text(r, root, "profile", result->profile, sizeof(result->profile)) &&
	       member_hex(r, root, "signature", &result->signature) &&
	       member_hex(r, root, "microcode", &result->microcode) &&
	       member_bool(r, root, "hypervisor", &result->hypervisor) &&
	       member_bool(r, root, "simulated", &result->simulated) &&
	       member_count(r, root, "checks", &result->checks) &&
	       member_count(r, root, "skipped", &result->skipped);
}

static bool is_ours(struct member_reader *r, const json_t *root)
{
	char schema[RESULT_NAME];
	u64 version;

	if (!json_object_get(root, "schema"))
		return complain(r->c, 0, "JSON without \"schema\": what \"tmavisor report --native\" writes can be read");
	if (!member_text(r, root, "schema", schema, sizeof(schema)) ||
	    !member_number(r, root, "schema_version", &version))
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
	struct member_reader r = { .c = c };
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
