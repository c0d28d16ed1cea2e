// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "tools/cli/file.h"

/* The trace of a long run has hundreds of megabytes; more is a mistake. */
enum { FIRST_SIZE = 1 << 16 };
static const size_t max_size = 1UL << 30;

static bool is_stdin(const char *path)
{
	return !path || !strcmp(path, "-");
}

const char *file_name(const char *path)
{
	return is_stdin(path) ? "standard input" : path;
}

char *file_read_stream(FILE *in, size_t *len, struct complaint *c)
{
	size_t size = FIRST_SIZE;
	char *text = malloc(size);

	*len = 0;
	while (text) {
		*len += fread(text + *len, 1, size - *len - 1, in);
		if (*len < size - 1)
			break;
		if (size >= max_size) {
			complain(c, 0, "more than a gigabyte");
			break;
		}
		size *= 2;
		text = realloc(text, size);
	}
	if (!text)
		err(1, "no memory");
	if (ferror(in))
		complain(c, 0, "cannot be read: %s", strerror(errno));
	text[*len] = 0;
	if (!c->text[0])
		return text;
	free(text);
	return NULL;
}

char *file_read(const char *path, size_t *len, struct complaint *c)
{
	FILE *in = is_stdin(path) ? stdin : fopen(path, "r");
	char *text;

	if (!in) {
		complain(c, 0, "cannot be opened: %s", strerror(errno));
		return NULL;
	}
	text = file_read_stream(in, len, c);
	if (in != stdin)
		fclose(in);
	return text;
}
