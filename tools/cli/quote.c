// SPDX-License-Identifier: GPL-2.0
#include "tools/cli/quote.h"

static char printable(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

void quote_json(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(printable(*text), out);
	}
	fputc('"', out);
}

void quote_xml(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':	fputs("&lt;", out);	break;
		case '>':	fputs("&gt;", out);	break;
		case '&':	fputs("&amp;", out);	break;
		case '"':	fputs("&quot;", out);	break;
		default:	fputc(printable(*text), out);
		}
	}
}
