// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include "kmod/script.h"

static const struct verb {
	const char		*name;
	enum guest_op_code	code;
	u32			operands;
	bool			reads;
	u64			val;	/* without an operand for it */
} verbs[] = {
	{ "rdmsr", GUEST_OP_RDMSR, 1, true },
	{ "wrmsr", GUEST_OP_WRMSR, 2 },
	{ "rdpmc", GUEST_OP_RDPMC, 1, true },
	{ "switch", GUEST_OP_SWITCH, .val = GUEST_CALL_SWITCH },
};

static const struct verb *verb_named(const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static const struct verb *verb_of(const struct guest_op *op)
{
	u32 i = 0;

	while (verbs[i].code != op->code)
		i++;
	return &verbs[i];
}

static char *next_word(char **line)
{
	char *word;

	do
		word = strsep(line, " \t\r");
	while (word && !*word);
	return word;
}

/* -EINVAL unless @line is a verb with its operands and nothing else. */
static int parse_op(char *line, struct guest_op *op)
{
	char *name = next_word(&line);
	const struct verb *verb = verb_named(name);
	char *word;

	if (!verb)
		return -EINVAL;
	*op = (struct guest_op) { .code = verb->code, .val = verb->val };
	if (verb->operands > 0) {
		word = next_word(&line);
		if (!word || kstrtou32(word, 0, &op->index))
			return -EINVAL;
	}
	if (verb->operands > 1) {
		word = next_word(&line);
		if (!word || kstrtou64(word, 0, &op->val))
			return -EINVAL;
	}
	return next_word(&line) ? -EINVAL : 0;
}

static int parse_lines(char *text, struct script *script)
{
	u32 number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		number++;
		if (!*skip_spaces(line))
			continue;
		if (script->nr == GUEST_MAX_OPS - 1) {
			pr_err("script: more than %u lines; use several scripts\n",
			       GUEST_MAX_OPS - 1);
			return -EINVAL;
		}
		if (parse_op(line, &script->ops[script->nr])) {
			pr_err("script: line %u is none of: rdmsr MSR, wrmsr MSR VALUE, rdpmc SELECTOR, switch\n",
			       number);
			return -EINVAL;
		}
		script->nr++;
	}
	return 0;
}

struct script *script_parse(char *text)
{
	struct script *script = kvzalloc(sizeof(*script), GFP_KERNEL);
	int err;

	if (!script)
		return ERR_PTR(-ENOMEM);
	err = parse_lines(text, script);
	if (!err)
		return script;
	script_free(script);
	return ERR_PTR(err);
}

void script_free(struct script *script)
{
	kvfree(script);
}

static void show_op(struct seq_file *seq, const struct guest_op *op)
{
	const struct verb *verb = verb_of(op);

	seq_puts(seq, verb->name);
	if (verb->operands > 0)
		seq_printf(seq, " %#x", op->index);
	if (verb->operands > 1)
		seq_printf(seq, " %#llx", op->val);
	if (op->fault)
		seq_printf(seq, " fault %llu", op->fault);
	else if (verb->reads)
		seq_printf(seq, " = %#llx", op->result);
	seq_putc(seq, '\n');
}

void script_show(struct seq_file *seq, const struct script *script)
{
	u32 i;

	for (i = 0; i < script->nr; i++)
		show_op(seq, &script->ops[i]);
}
