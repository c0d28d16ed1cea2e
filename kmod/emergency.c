// SPDX-License-Identifier: GPL-2.0
/*
 * A slice has interrupts off, but an NMI may panic in it, and a restart or a
 * crash on another CPU stops this one by an NMI. A CPU that is left in VMX root
 * operation blocks INIT, so that a reset hangs, and the first write of CR4 by a
 * crash kernel faults. Linux calls a callback on each CPU then.
 *
 * It has room for one, and warns of a second. kvm_intel has its own there while
 * it is loaded, which turns VMX off by whomever it was turned on; ours does so,
 * too, and makes room when kvm_intel comes.
 *
 * What this does not cover: a kvm_intel that is between its notifiers and its entry
 * in sysfs as a run begins. If it is coming, both ask for the one callback, Linux
 * warns, and the second goes without; if it is going, the run does. And since 6.12,
 * loaded with kvm.enable_virt_at_load=0, it has its callback only while a machine
 * of its exists.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include "kmod/compat.h"
#include "kmod/emergency.h"
#include "vmx/root.h"

static DEFINE_MUTEX(callback_lock);
static bool has_callback;	/* callback_lock */

static void add_callback(void)
{
	if (!has_callback && cpu_emergency_register_virt_callback) {
		cpu_emergency_register_virt_callback(root_abandon);
		has_callback = true;
	}
}

static void remove_callback(void)
{
	if (has_callback)
		cpu_emergency_unregister_virt_callback(root_abandon);
	has_callback = false;
}

/* Before kvm_intel's own code when it comes, behind it when it goes. */
static int module_changes(struct notifier_block *block, unsigned long state,
			  void *data)
{
	const struct module *module = data;

	if (strcmp(module->name, "kvm_intel"))
		return NOTIFY_DONE;
	mutex_lock(&callback_lock);
	if (state == MODULE_STATE_COMING)
		remove_callback();
	if (state == MODULE_STATE_GOING)
		add_callback();
	mutex_unlock(&callback_lock);
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = { .notifier_call = module_changes };

/* Built into the kernel, it is there, too. */
static bool is_loaded(const char *name)
{
	struct kobject *kobj = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, name);

	kobject_put(kobj);
	return kobj;
}

/*
 * Nothing but a name, for as long as a run takes: a second module, built under
 * another one, would not know that there is no room for its callback.
 */
static struct platform_driver claim = {
	.driver = { .name = "tmavisor", .suppress_bind_attrs = true },
};

static int claim_machine(void)
{
	if (driver_find(claim.driver.name, &platform_bus_type)) {
		pr_err("a run of another module's is under way; try again when it has ended\n");
		return -EBUSY;
	}
	return platform_driver_register(&claim);
}

int emergency_register(void)
{
	int err = claim_machine();

	if (err)
		return err;
	err = register_module_notifier(&module_notifier);
	if (err) {
		pr_err("no module notifier can be had (error %d)\n", err);
		platform_driver_unregister(&claim);
		return err;
	}
	mutex_lock(&callback_lock);
	if (!is_loaded("kvm_intel"))
		add_callback();
	mutex_unlock(&callback_lock);
	return 0;
}

void emergency_unregister(void)
{
	unregister_module_notifier(&module_notifier);
	mutex_lock(&callback_lock);
	remove_callback();
	mutex_unlock(&callback_lock);
	platform_driver_unregister(&claim);
}
