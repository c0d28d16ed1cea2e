// SPDX-License-Identifier: GPL-2.0
/*
 * Each file that is open holds the module, so that rmmod is told that it is in
 * use. Under lockdown the kernel refuses to open those that can be written, and
 * says so.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "kmod/debugfs.h"
#include "kmod/params.h"
#include "kmod/results.h"
#include "kmod/script.h"

/* Far more than all parameters take. */
enum { MAX_LINE = 1000 };
/* The longest lines of a script, and as many as there can be. */
enum { MAX_SCRIPT = 40 * GUEST_MAX_OPS };

static struct dentry *folder;

/* Held for as long as a run takes; whoever comes second is told so at once. */
static DEFINE_MUTEX(run_lock);
static struct pmu_image next_image;	/* run_lock */
static bool has_next_image;

static int try_run_lock(void)
{
	if (mutex_trylock(&run_lock))
		return 0;
	pr_err("a run is under way; try again when it has ended\n");
	return -EBUSY;
}

/*
 * results, exits, switches
 */

enum { NR_RECORDS = NR_WORKLOADS * RESULTS_NR_RUNS };

/* What a file that is open reads, though a run has ended meanwhile. */
struct reader {
	struct results	*results;
	results_shower	*show;
};

static enum guest_workload record_workload(loff_t record)
{
	return record / RESULTS_NR_RUNS;
}

static enum results_run record_run(loff_t record)
{
	return record % RESULTS_NR_RUNS;
}

/* The record at *pos or, if that was not run, the first behind. */
static void *records_start(struct seq_file *seq, loff_t *pos)
{
	const struct reader *reader = seq->private;

	for (; *pos < NR_RECORDS; ++*pos)
		if (results_measure(reader->results, record_workload(*pos),
				    record_run(*pos)))
			return pos;
	return NULL;
}

static void *records_next(struct seq_file *seq, void *record, loff_t *pos)
{
	++*pos;
	return records_start(seq, pos);
}

static void records_stop(struct seq_file *seq, void *record)
{
}

static int records_show(struct seq_file *seq, void *record)
{
	const struct reader *reader = seq->private;
	loff_t at = *(loff_t *)record;

	reader->show(seq, reader->results, record_workload(at), record_run(at));
	return 0;
}

static const struct seq_operations records = {
	.start = records_start, .next = records_next, .stop = records_stop,
	.show = records_show,
};

static int records_open(struct inode *inode, struct file *file)
{
	struct reader *reader = __seq_open_private(file, &records, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->results = results_last();
	reader->show = inode->i_private;
	return 0;
}

static int records_release(struct inode *inode, struct file *file)
{
	const struct reader *reader = ((struct seq_file *)file->private_data)->private;

	results_put(reader->results);
	return seq_release_private(inode, file);
}

static const struct file_operations records_fops = {
	.owner = THIS_MODULE, .open = records_open, .read = seq_read,
	.llseek = seq_lseek, .release = records_release,
};

/*
 * run
 */

/* With run_lock held. An image is for one run, whatever comes of it. */
static int run_again(char *line)
{
	struct params params = insmod_params;
	struct session_options options;
	int err = params_parse(line, &params);

	if (!err)
		err = params_check(&params, &options);
	if (err)
		return err;
	if (has_next_image)
		options.image = &next_image;
	err = session_run(&options);
	has_next_image = false;
	return err;
}

/* Whatever gets into the log or into JSON was looked at here. */
static int check_text(const char *file, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (isascii(text[i]) && (isprint(text[i]) || isspace(text[i])))
			continue;
		pr_err("%s: byte %zu is %#x, and no text\n", file, i, (u8)text[i]);
		return -EINVAL;
	}
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *from,
			 size_t len, loff_t *pos)
{
	char *line;
	int err;

	if (!len)
		return 0;
	if (len > MAX_LINE) {
		pr_err("run: %zu bytes are too many; use %d at most\n", len, MAX_LINE);
		return -EINVAL;
	}
	line = memdup_user_nul(from, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = check_text("run", line, len);
	if (!err)
		err = try_run_lock();
	if (!err) {
		err = run_again(line);
		mutex_unlock(&run_lock);
	}
	kfree(line);
	return err ? err : len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE, .open = nonseekable_open, .write = run_write,
};

/*
 * state
 */

static int state_open(struct inode *inode, struct file *file)
{
	file->private_data = results_last();
	return 0;
}

static int state_release(struct inode *inode, struct file *file)
{
	results_put(file->private_data);
	return 0;
}

/* Of one run, though it may be read in pieces and another end meanwhile. */
static ssize_t state_read(struct file *file, char __user *to, size_t len,
			  loff_t *pos)
{
	const struct results *results = file->private_data;

	return simple_read_from_buffer(to, len, pos, &results->image,
				       sizeof(results->image));
}

/* @size may be any; no more than an image of it is looked at. */
static int take_image(const struct pmu_image *image, size_t size)
{
	struct results *results = results_last();
	int err = pmu_image_check(&results->shown, image, size);

	results_put(results);
	if (!err) {
		next_image = *image;
		has_next_image = true;
	}
	return err;
}

/* All of it at once. */
static ssize_t state_write(struct file *file, const char __user *from,
			   size_t len, loff_t *pos)
{
	struct pmu_image image = {};
	int err;

	if (copy_from_user(&image, from, min(len, sizeof(image))))
		return -EFAULT;
	err = try_run_lock();
	if (err)
		return err;
	err = take_image(&image, len);
	mutex_unlock(&run_lock);
	return err ? err : len;
}

static const struct file_operations state_fops = {
	.owner = THIS_MODULE, .open = state_open, .read = state_read,
	.write = state_write, .llseek = default_llseek, .release = state_release,
};

/*
 * script
 */

static DEFINE_MUTEX(script_lock);
static struct script *last_script;

static void keep_script(struct script *script)
{
	mutex_lock(&script_lock);
	swap(last_script, script);
	mutex_unlock(&script_lock);
	script_free(script);
}

/* With run_lock held, by a guest as on the insmod line. */
static int run_script(struct script *script)
{
	struct session_options options;
	int err = params_check(&insmod_params, &options);

	return err ? err : session_run_script(&options, script);
}

static int run_and_keep(char *text)
{
	struct script *script = script_parse(text);
	int err;

	if (IS_ERR(script))
		return PTR_ERR(script);
	err = try_run_lock();
	if (!err) {
		err = run_script(script);
		mutex_unlock(&run_lock);
	}
	if (err)
		script_free(script);
	else
		keep_script(script);
	return err;
}

static ssize_t script_write(struct file *file, const char __user *from,
			    size_t len, loff_t *pos)
{
	char *text;
	int err;

	if (!len)
		return 0;
	if (len > MAX_SCRIPT) {
		pr_err("script: %zu bytes are too many; use %d at most\n", len, MAX_SCRIPT);
		return -EINVAL;
	}
	text = memdup_user_nul(from, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = check_text("script", text, len);
	if (!err)
		err = run_and_keep(text);
	kfree(text);
	return err ? err : len;
}

static int show_script(struct seq_file *seq, void *unused)
{
	mutex_lock(&script_lock);
	if (last_script)
		script_show(seq, last_script);
	mutex_unlock(&script_lock);
	return 0;
}

static int script_open(struct inode *inode, struct file *file)
{
	return single_open(file, show_script, NULL);
}

static const struct file_operations script_fops = {
	.owner = THIS_MODULE, .open = script_open, .read = seq_read,
	.write = script_write, .llseek = seq_lseek, .release = single_release,
};

static const struct {
	const char			*name;
	umode_t				mode;
	results_shower			*show;
	const struct file_operations	*fops;
} files[] = {
	{ "results", 0400, results_show, &records_fops },
	{ "exits", 0400, results_show_exits, &records_fops },
	{ "switches", 0400, results_show_switches, &records_fops },
	{ "run", 0200, NULL, &run_fops },
	{ "state", 0600, NULL, &state_fops },
	{ "script", 0600, NULL, &script_fops },
};

static long add_all(void)
{
	struct dentry *file;
	unsigned int i;

	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		file = debugfs_create_file(files[i].name, files[i].mode, folder,
					   files[i].show, files[i].fops);
		if (IS_ERR(file))
			return PTR_ERR(file);
	}
	return 0;
}

/* The run was good all the same: all of the files or none, and the module stays. */
void debugfs_add(void)
{
	long err = add_all();

	if (!err)
		return;
	debugfs_remove(folder);
	folder = NULL;
	pr_info("no debugfs (error %ld): the results are in this log alone\n", err);
}

void debugfs_remove_all(void)
{
	debugfs_remove(folder);
	keep_script(NULL);
}
