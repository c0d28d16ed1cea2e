// SPDX-License-Identifier: GPL-2.0
/* The trace, and the judging of what switches are in it. */
#include "tools/cli/trace.h"
#include "tools/test/fuzz/fuzz.h"

static void visit(const struct trace_switch *s, void *context)
{
	char why[128];
	int i;

	(void)context;
	for (i = 0; i < NR_TRACE_CLAIMS; i++)
		trace_claims[i].holds(s, why, sizeof(why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct complaint c = { 0 };
	bool unfinished;

	if (!trace_read(text, size, visit, NULL, &unfinished, &c))
		fuzz_require(c.text[0]);
	free(text);
	return 0;
}
