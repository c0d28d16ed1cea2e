// SPDX-License-Identifier: GPL-2.0
#include "vmx/filter.h"
#include "vmx/hw.h"
#include "tmavisor/pmu_arch.h"

/* The architectural events, by the names that perf has for them. */
static const struct {
	const char	*name;
	u16		event;
} names[] = {
	{ "cycles",		EVENT_CORE_CYCLES },
	{ "instructions",	EVENT_INSTRUCTIONS },
	{ "ref-cycles",		EVENT_REF_CYCLES },
	{ "cache-references",	EVENT_LLC_REFERENCES },
	{ "cache-misses",	EVENT_LLC_MISSES },
	{ "branches",		EVENT_BRANCHES },
	{ "branch-misses",	EVENT_BRANCH_MISSES },
	{ "slots",		EVENT_SLOTS },
};

static const u16 fixed_events[] = {
	[FIXED_INSTRUCTIONS]	= EVENT_INSTRUCTIONS,
	[FIXED_CORE_CYCLES]	= EVENT_CORE_CYCLES,
	[FIXED_REF_CYCLES]	= EVENT_REF_CYCLES,
	[FIXED_SLOTS]		= EVENT_SLOTS,
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "rUUEE": exactly four digits, lest rc0 be taken for unit mask 0xc0. */
static bool parse_raw(const char *text, size_t len, u16 *event)
{
	enum { DIGITS = 4 };
	size_t i;

	if (len != 1 + DIGITS || text[0] != 'r')
		return false;
	*event = 0;
	for (i = 1; i < len; i++) {
		if (hex_digit(text[i]) < 0)
			return false;
		*event = *event << 4 | hex_digit(text[i]);
	}
	return true;
}

static bool parse_name(const char *text, size_t len, u16 *event)
{
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(names); i++) {
		if (strlen(names[i].name) != len ||
		    memcmp(names[i].name, text, len))
			continue;
		*event = names[i].event;
		return true;
	}
	return false;
}

static size_t length_of_item(const char *text)
{
	size_t len = 0;

	while (text[len] && text[len] != ',')
		len++;
	return len;
}

static int refuse(const char *item, size_t len)
{
	log_err("deny: \"%.*s\" is no event; use %s\n", (int)len, item,
		FILTER_FORM);
	return -EINVAL;
}

int filter_parse(const char *text, struct event_filter *filter)
{
	const char *item = text;

	memset(filter, 0, sizeof(*filter));
	while (*item) {
		size_t len = length_of_item(item);
		u16 event;

		if (!parse_raw(item, len, &event) && !parse_name(item, len, &event))
			return refuse(item, len);
		if (filter->nr == FILTER_MAX_EVENTS) {
			log_err("deny: more than %d events\n", FILTER_MAX_EVENTS);
			return -EINVAL;
		}
		filter->event[filter->nr++] = event;
		item += len;
		/* A comma has something behind it. */
		if (*item == ',' && !*++item)
			return refuse(item, 0);
	}
	return 0;
}

bool filter_denies(const struct event_filter *filter, u64 eventsel)
{
	u32 i;

	for (i = 0; i < filter->nr; i++)
		if (filter->event[i] ==
		    (eventsel & (PERFEVTSEL_EVENT | PERFEVTSEL_UMASK)))
			return true;
	return false;
}

bool filter_denies_fixed(const struct event_filter *filter, u32 counter)
{
	return counter < TMAV_ARRAY_SIZE(fixed_events) &&
	       filter_denies(filter, fixed_events[counter]);
}
