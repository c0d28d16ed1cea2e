// SPDX-License-Identifier: GPL-2.0
#include "vmx/profile.h"
#include "vmx/hw.h"
#include "tmavisor/pmu_arch.h"

/* What a profile asks for. */
struct wish {
	u32	gp;
	u32	fixed;
	u32	width;
	u32	metrics;
	u32	level2;
	u32	full_width;
};

enum { NARROW_WIDTH = 40, MIN_WIDTH = 32 };

/* Each counter as wide as the hardware's: general and fixed ones may differ. */
#define WIDTH_OF_HARDWARE	(~0u)

static void wish_for_all(const struct pmu_caps *hw, struct wish *wish)
{
	wish->gp = hw->nr_gp;
	wish->fixed = hw->fixed_mask;
	wish->width = WIDTH_OF_HARDWARE;
	wish->metrics = hw->metrics;
	wish->level2 = hw->level2;
	wish->full_width = pmu_has_full_width(hw);
}

static void drop_metrics(struct wish *wish)
{
	wish->metrics = 0;
	wish->level2 = 0;
}

/* False if there is no such name. @wish is all that the hardware has. */
static bool wish_by_name(const char *name, struct wish *wish)
{
	if (!strcmp(name, "full"))
		return true;
	if (!strcmp(name, "nometrics")) {
		drop_metrics(wish);
	} else if (!strcmp(name, "fixed3")) {
		/* As KVM 7.3 shows it. */
		wish->fixed &= TMAV_BIT(FIXED_SLOTS) - 1;
		drop_metrics(wish);
	} else if (!strcmp(name, "gp4")) {
		wish->gp = wish->gp < 4 ? wish->gp : 4;
	} else if (!strcmp(name, "narrow")) {
		wish->width = NARROW_WIDTH;
		drop_metrics(wish);
	} else if (!strcmp(name, "nofw")) {
		wish->full_width = 0;
	} else if (!strcmp(name, "l1only")) {
		wish->metrics = 1;
		wish->level2 = 0;
	} else if (!strcmp(name, "none")) {
		memset(wish, 0, sizeof(*wish));
	} else {
		return false;
	}
	return true;
}

static u32 *wish_field(struct wish *wish, const char *key, size_t len)
{
	const struct { const char *key; u32 *field; } keys[] = {
		{ "gp",		&wish->gp },
		{ "fixed",	&wish->fixed },
		{ "width",	&wish->width },
		{ "metrics",	&wish->metrics },
		{ "l2",		&wish->level2 },
		{ "fw",		&wish->full_width },
	};
	unsigned int i;

	for (i = 0; i < TMAV_ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].key) == len && !memcmp(keys[i].key, key, len))
			return keys[i].field;
	return NULL;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A number, decimal or with 0x; *text moves behind it. False if there is none. */
static bool parse_number(const char **text, u32 *val)
{
	const char *p = *text;
	int base = 10, digits = 0;
	u64 sum = 0;

	if (p[0] == '0' && p[1] == 'x') {
		base = 16;
		p += 2;
	}
	for (; digit_of(*p) >= 0 && digit_of(*p) < base && sum <= ~0u; p++) {
		sum = sum * base + digit_of(*p);
		digits++;
	}
	*text = p;
	*val = sum;
	return digits && sum <= ~0u;
}

/* "gp=4,fixed=0xf,...": what is not named stays as the hardware has it. */
static bool wish_by_numbers(const char *text, struct wish *wish)
{
	while (*text) {
		const char *equals = text;
		u32 *field;

		while (*equals && *equals != '=')
			equals++;
		field = wish_field(wish, text, equals - text);
		if (!field || !*equals)
			return false;
		text = equals + 1;
		if (!parse_number(&text, field))
			return false;
		if (*text == ',' && text[1])
			text++;
		else if (*text)
			return false;
	}
	return true;
}

/* Why @wish cannot be had, or NULL if it can. */
static const char *objection(const struct wish *wish, const struct pmu_caps *hw)
{
	if (wish->gp > hw->nr_gp)
		return "the hardware has fewer general counters";
	if (wish->fixed & ~hw->fixed_mask)
		return "the hardware lacks one of those fixed counters";
	if (wish->metrics > 1 || wish->level2 > 1 || wish->full_width > 1)
		return "metrics, l2 and fw are 0 or 1";
	if (wish->metrics && !hw->metrics)
		return "the hardware has no PERF_METRICS";
	if (wish->metrics && !(wish->fixed & TMAV_BIT(FIXED_SLOTS)))
		return "PERF_METRICS needs fixed counter 3: the metrics are shares of its slots";
	if (wish->level2 && (!wish->metrics || !hw->level2))
		return "level 2 needs PERF_METRICS, and hardware that has it";
	if (wish->width == WIDTH_OF_HARDWARE || (!wish->gp && !wish->fixed))
		return NULL;
	if (wish->width > hw->gp_width || wish->width > hw->fixed_width ||
	    wish->width < MIN_WIDTH)
		return "the width must be from 32 to the hardware's";
	/* A counter of the hardware's that is loaded to wrap early isn't the slots. */
	if (wish->metrics && wish->width != hw->fixed_width)
		return "PERF_METRICS needs counters of the hardware's width";
	return NULL;
}

static void grant(const struct wish *wish, const struct pmu_caps *hw,
		  struct pmu_caps *shown)
{
	memset(shown, 0, sizeof(*shown));
	if (!wish->gp && !wish->fixed)
		return;
	shown->version = hw->version;
	shown->nr_gp = wish->gp;
	shown->gp_width = hw->gp_width;
	shown->fixed_mask = wish->fixed;
	shown->fixed_width = hw->fixed_width;
	if (wish->width != WIDTH_OF_HARDWARE)
		shown->gp_width = shown->fixed_width = wish->width;
	shown->events_missing = hw->events_missing;
	shown->nr_events = hw->nr_events;
	shown->metrics = wish->metrics;
	shown->level2 = wish->level2;
	/* PEBS, LBR and PT are never shown. */
	if (wish->full_width)
		shown->perf_capabilities |= PERFCAP_FULL_WIDTH_WRITE;
	if (wish->metrics)
		shown->perf_capabilities |= PERFCAP_PERF_METRICS;
}

int profile_parse(const char *text, const struct pmu_caps *hw,
		  struct pmu_caps *shown)
{
	static const char custom[] = "custom:";
	const char *why = NULL;
	struct wish wish;
	bool known;

	wish_for_all(hw, &wish);
	if (!strncmp(text, custom, sizeof(custom) - 1))
		known = wish_by_numbers(text + sizeof(custom) - 1, &wish);
	else
		known = wish_by_name(text, &wish);
	if (known)
		why = objection(&wish, hw);
	if (!known) {
		log_err("profile=%s is unknown; use %s\n", text, PROFILE_NAMES);
		return -EINVAL;
	}
	if (why) {
		log_err("profile=%s cannot be had: %s\n", text, why);
		return -EINVAL;
	}
	grant(&wish, hw, shown);
	return 0;
}
