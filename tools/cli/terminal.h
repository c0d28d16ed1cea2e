/* SPDX-License-Identifier: GPL-2.0 */
/* What the reader's terminal can show. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdio.h>
#include <stdbool.h>

struct terminal {
	int	width;		/* columns; COLUMNS wins, 80 where nobody says */
	bool	utf8;
	bool	colour;		/* a terminal, and neither NO_COLOR nor TERM=dumb */
};

/* Of @out, in the locale that main() has set. */
struct terminal terminal_of(FILE *out);

#endif
