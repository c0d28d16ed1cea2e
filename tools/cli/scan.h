/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading a text from left to right: each function moves *@at past what it took,
 * or leaves it and returns false. Strict, because the text may be anything.
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "tmavisor/types.h"

bool scan_literal(const char **at, const char *literal);
/* Decimal digits; false if there is none, or if it is more than 64 bits. */
bool scan_u64(const char **at, u64 *value);
/* 0x and 1 to 16 hexadecimal digits. */
bool scan_hex(const char **at, u64 *value);
/* Either of the two, and nothing after it. */
bool scan_whole_number(const char *text, u64 *value);
/* Letters, digits, _; false if there is none, or more than @size - 1. */
bool scan_word(const char **at, char *word, size_t size);
/* "12" or "12.3", in thousandths of a percent; false above 100. */
bool scan_percent(const char **at, unsigned int *thousandths);

/* What is not printable ASCII becomes ?: no text of others gives a terminal orders. */
void scan_clean(char *text);

/* What is wrong with an input, and where; line 0: nowhere in particular. */
struct complaint {
	unsigned long	line;
	char		text[320];
};

/* Sets @c unless it has something to say already; always returns false. */
bool complain(struct complaint *c, unsigned long line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
