// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include "tools/cli/scan.h"

bool scan_literal(const char **at, const char *literal)
{
	size_t len = strlen(literal);

	if (strncmp(*at, literal, len))
		return false;
	*at += len;
	return true;
}

bool scan_u64(const char **at, u64 *value)
{
	const char *p = *at;
	u64 sum = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (u64)(*p - '0'), &sum))
			return false;
	if (p == *at)
		return false;
	*at = p;
	*value = sum;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool scan_hex(const char **at, u64 *value)
{
	const int max_digits = 16;
	const char *p = *at;
	u64 sum = 0;
	int digits;

	if (!scan_literal(&p, "0x"))
		return false;
	for (digits = 0; hex_digit(*p) >= 0; digits++, p++)
		sum = sum << 4 | hex_digit(*p);
	if (!digits || digits > max_digits)
		return false;
	*at = p;
	*value = sum;
	return true;
}

bool scan_whole_number(const char *text, u64 *value)
{
	return (scan_hex(&text, value) || scan_u64(&text, value)) && !*text;
}

bool scan_word(const char **at, char *word, size_t size)
{
	size_t len = 0;

	while (isalnum((unsigned char)(*at)[len]) || (*at)[len] == '_')
		len++;
	if (!len || len >= size)
		return false;
	memcpy(word, *at, len);
	word[len] = 0;
	*at += len;
	return true;
}

bool scan_percent(const char **at, unsigned int *thousandths)
{
	const char *p = *at;
	unsigned int unit = 1000;
	u64 value;

	if (!scan_u64(&p, &value) || value > 100)
		return false;
	*thousandths = value * unit;
	if (*p == '.' && isdigit((unsigned char)p[1]))
		for (p++; isdigit((unsigned char)*p); p++) {
			unit /= 10;
			*thousandths += (*p - '0') * unit;
		}
	if (*thousandths > 100000)
		return false;
	*at = p;
	return true;
}

void scan_clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

bool complain(struct complaint *c, unsigned long line, const char *format, ...)
{
	va_list args;

	if (c->text[0])
		return false;
	c->line = line;
	va_start(args, format);
	vsnprintf(c->text, sizeof(c->text), format, args);
	va_end(args);
	scan_clean(c->text);
	return false;
}
