// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/test/cli_fixture.h"

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fixture: %s\n", what);
	abort();
}

char *fixture_read(const char *name)
{
	enum { ROOM = 1 << 20 };
	char path[512], *text = malloc(ROOM);
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", CLI_FIXTURES, name);
	in = fopen(path, "r");
	need(in && text, path);
	len = fread(text, 1, ROOM - 1, in);
	fclose(in);
	text[len] = 0;
	return text;
}

static char *join(const char *head, size_t head_len, const char *middle, const char *tail)
{
	char *text = malloc(head_len + strlen(middle) + strlen(tail) + 1);

	need(text, "memory");
	memcpy(text, head, head_len);
	strcpy(text + head_len, middle);
	strcat(text, tail);
	return text;
}

char *fixture_replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	need(at, from);
	return join(text, at - text, to, at + strlen(from));
}

char *fixture_without_line(const char *text, const char *part)
{
	const char *at = strstr(text, part), *end;

	need(at, part);
	end = strchr(at, '\n') + 1;
	while (at > text && at[-1] != '\n')
		at--;
	return join(text, at - text, "", end);
}

unsigned long fixture_line_of(const char *text, const char *part)
{
	const char *at = strstr(text, part);
	unsigned long line = 1;

	need(at, part);
	while (at-- > text)
		line += *at == '\n';
	return line;
}
