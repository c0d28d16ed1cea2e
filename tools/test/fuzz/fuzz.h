/* SPDX-License-Identifier: GPL-2.0 */
/* What libFuzzer calls, and what the targets share. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy with a 0 after it, which the parsers want; the caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

/* Swallows what is printed. */
static inline FILE *fuzz_output(void)
{
	static FILE *out;

	if (!out)
		out = fopen("/dev/null", "w");
	if (!out)
		abort();
	return out;
}

/* A property that must hold of any input. */
static inline void fuzz_require(int holds)
{
	if (!holds)
		abort();
}

#endif
