// SPDX-License-Identifier: GPL-2.0
/*
 * Inside the simulated machine: whatever tmavisor.ko asks of the kernel and has
 * to give back. It can be refused, and what is still held can be seen. Probes on
 * the kernel's functions look at who calls them.
 *
 *	fail	K: the K-th request from here on is refused; 0 is none, and what
 *		is read when one has been
 *	failed	which function that was
 *	held	what has not been given back: a number, and names
 *	host	CR4 and LVTPC, as the hardware has them
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <asm/apic.h>
#include <asm/special_insns.h>

static unsigned int fail;
module_param(fail, uint, 0644);
MODULE_PARM_DESC(fail, "which request from here on is refused");

static char *failed = "";
module_param(failed, charp, 0444);
MODULE_PARM_DESC(failed, "the function that was refused last");

/* tmavisor, from before its init to after its exit. */
static struct module *target;

/* By the value that names it when it is given back. */
enum { MAX_HELD = 64 };
static struct {
	unsigned long	key;
	const char	*name;
} held[MAX_HELD];

/* For what has no such value. */
enum { NMI_KEY = 1, NOTIFIER_KEY, DRIVER_KEY };

struct taker {
	struct kretprobe	ret;
	struct kprobe		entry;
	unsigned long		key;	/* 0: what is returned */
	bool			is_int;	/* what is returned */
	bool			is_part; /* given back with something else */
	long			error;	/* as the function itself has it */
};

struct giver {
	struct kprobe	probe;
	unsigned long	key;		/* 0: the first argument */
};

static void hold(unsigned long key, const char *name)
{
	int i;

	for (i = 0; i < MAX_HELD; i++) {
		if (cmpxchg(&held[i].key, 0, key))
			continue;
		held[i].name = name;
		return;
	}
	pr_err("failures: more than %d things are held\n", MAX_HELD);
}

static void give_back(unsigned long key)
{
	int i;

	for (i = 0; key && i < MAX_HELD; i++)
		if (READ_ONCE(held[i].key) == key &&
		    cmpxchg(&held[i].key, key, 0) == key)
			return;
}

static int get_held(char *buffer, const struct kernel_param *param)
{
	unsigned int n = 0;
	int i, len;

	for (i = 0; i < MAX_HELD; i++)
		n += !!held[i].key;
	len = scnprintf(buffer, PAGE_SIZE, "%u", n);
	for (i = 0; i < MAX_HELD; i++)
		if (held[i].key)
			len += scnprintf(buffer + len, PAGE_SIZE - len, " %s",
					 held[i].name);
	return len + scnprintf(buffer + len, PAGE_SIZE - len, "\n");
}

static const struct kernel_param_ops held_ops = { .get = get_held };
module_param_cb(held, &held_ops, NULL, 0444);
MODULE_PARM_DESC(held, "how much is held, and what");

static int get_host(char *buffer, const struct kernel_param *param)
{
	u64 lvtpc;

	if (x2apic_mode)
		rdmsrl(APIC_BASE_MSR + (APIC_LVTPC >> 4), lvtpc);
	else
		lvtpc = native_apic_mem_read(APIC_LVTPC);
	return scnprintf(buffer, PAGE_SIZE, "CR4 %#lx LVTPC %#llx\n",
			 native_read_cr4(), lvtpc);
}

static const struct kernel_param_ops host_ops = { .get = get_host };
module_param_cb(host, &host_ops, NULL, 0444);
MODULE_PARM_DESC(host, "CR4 and LVTPC");

static bool is_targets(unsigned long address)
{
	return target && within_module(address, target);
}

/* Where a refused function goes on: in its caller. */
void failures_return(void);
asm(".text\n"
    ".type failures_return, @function\n"
    "failures_return:\n\t"
    ASM_RET
    ".size failures_return, . - failures_return\n");

static int on_entry(struct kprobe *probe, struct pt_regs *regs)
{
	struct taker *taker = container_of(probe, struct taker, entry);

	if (!is_targets(*(unsigned long *)regs->sp) || !fail || --fail)
		return 0;
	failed = (char *)probe->symbol_name;
	regs_set_return_value(regs, taker->error);
	instruction_pointer_set(regs, (unsigned long)failures_return);
	return 1;
}

static int on_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kretprobe *ret = get_kretprobe(instance);
	struct taker *taker = container_of(ret, struct taker, ret);
	unsigned long val = regs_return_value(regs);

	if (taker->is_int)
		val = (int)val;
	if (taker->is_part || IS_ERR_VALUE(val) ||
	    !is_targets(get_kretprobe_retaddr(instance)))
		return 0;
	if (taker->key || val)
		hold(taker->key ? taker->key : val, ret->kp.symbol_name);
	return 0;
}

/* Whoever calls it: the last one of a module's exit may be a jump. */
static int on_give(struct kprobe *probe, struct pt_regs *regs)
{
	struct giver *giver = container_of(probe, struct giver, probe);

	give_back(giver->key ? giver->key : regs->di);
	return 0;
}

#define TAKER(function, ...) {						\
	.ret	= { .kp.symbol_name = function, .handler = on_return },	\
	.entry	= { .symbol_name = function, .pre_handler = on_entry },	\
	__VA_ARGS__							\
}
#define GIVER(function, ...) {						\
	.probe	= { .symbol_name = function, .pre_handler = on_give },	\
	__VA_ARGS__							\
}

static struct taker takers[] = {
	TAKER("get_zeroed_page"),
	TAKER("__kmalloc"),
	TAKER("kmalloc_large"),
	TAKER("kstrdup"),
	TAKER("kvmalloc_node"),
	TAKER("vzalloc"),
	TAKER("__seq_open_private", .is_part = true),
	TAKER("memdup_user_nul", .error = -ENOMEM),
	TAKER("kthread_create_on_node", .error = -ENOMEM),
	TAKER("debugfs_create_dir", .error = -ENOMEM),
	TAKER("debugfs_create_file", .error = -ENOMEM, .is_part = true),
	TAKER("__cpuhp_setup_state", .is_int = true, .error = -ENOSPC),
	TAKER("__platform_driver_register", .is_int = true, .key = DRIVER_KEY, .error = -ENOMEM),
	TAKER("register_module_notifier", .is_int = true, .key = NOTIFIER_KEY, .error = -EEXIST),
	TAKER("__register_nmi_handler", .is_int = true, .key = NMI_KEY, .error = -EINVAL),
};

static struct giver givers[] = {
	GIVER("free_pages"),
	GIVER("kfree"),
	GIVER("kvfree"),
	GIVER("vfree"),
	GIVER("kthread_stop"),
	GIVER("debugfs_remove"),
	GIVER("__cpuhp_remove_state"),
	GIVER("platform_driver_unregister", .key = DRIVER_KEY),
	GIVER("unregister_module_notifier", .key = NOTIFIER_KEY),
	GIVER("unregister_nmi_handler", .key = NMI_KEY),
};

static int on_module(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *module = data;

	if (strcmp(module->name, "tmavisor"))
		return NOTIFY_DONE;
	if (state == MODULE_STATE_COMING)
		target = module;
	else if (state == MODULE_STATE_GOING)
		target = NULL;
	return NOTIFY_DONE;
}

static struct notifier_block module_block = { .notifier_call = on_module };

/* The return probe first: the entry probe, added later, runs before it. */
static int __init failures_init(void)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(takers) && !err; i++) {
		err = register_kretprobe(&takers[i].ret);
		if (!err)
			err = register_kprobe(&takers[i].entry);
	}
	if (err)
		pr_err("failures: %s: error %d\n", takers[i - 1].entry.symbol_name, err);
	for (i = 0; i < ARRAY_SIZE(givers) && !err; i++)
		err = register_kprobe(&givers[i].probe);
	return err ? err : register_module_notifier(&module_block);
}

/* It stays: the machine ends with the test. */
module_init(failures_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Refuses what tmavisor.ko asks of the kernel, and knows what it holds");
