// SPDX-License-Identifier: GPL-2.0
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "tools/cli/terminal.h"

enum { MIN_WIDTH = 40, USUAL_WIDTH = 80, MAX_WIDTH = 200 };

static int width_of(int fd)
{
	const char *columns = getenv("COLUMNS");
	int width = columns ? atoi(columns) : 0;
	struct winsize size;

	if (width <= 0 && !ioctl(fd, TIOCGWINSZ, &size))
		width = size.ws_col;
	if (width <= 0)
		width = USUAL_WIDTH;
	if (width < MIN_WIDTH)
		return MIN_WIDTH;
	return width < MAX_WIDTH ? width : MAX_WIDTH;
}

/* "NO_COLOR ... when present and not an empty string", no-color.org */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb");
}

struct terminal terminal_of(FILE *out)
{
	int fd = fileno(out);

	return (struct terminal){
		.width	= width_of(fd),
		.utf8	= !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.colour	= isatty(fd) && wants_colour(),
	};
}
