/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A list of accesses that a user wants of the guest, a line each, and what came of
 * them, likewise.
 */
#ifndef KMOD_SCRIPT_H
#define KMOD_SCRIPT_H

#include "tmavisor/guest_abi.h"

struct seq_file;

/* Its last is GUEST_OP_END. */
struct script {
	u32		nr;
	struct guest_op	ops[GUEST_MAX_OPS];
};

/*
 * "rdmsr MSR", "wrmsr MSR VALUE", "rdpmc SELECTOR", "switch". @text is taken to
 * pieces. Or an ERR_PTR: -EINVAL after a line that says why, -ENOMEM.
 */
struct script *script_parse(char *text);
void script_free(struct script *script);
/* As it was written, with what each has read, or the vector of its fault. */
void script_show(struct seq_file *seq, const struct script *script);

#endif
