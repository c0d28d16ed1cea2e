/* SPDX-License-Identifier: GPL-2.0 */
/* The folder tmavisor/ in debugfs: what came of the last run, and the next. */
#ifndef KMOD_DEBUGFS_H
#define KMOD_DEBUGFS_H

/* After a run that has published results. Without debugfs: a line, no more. */
void debugfs_add(void);
/* The module is on its way out, so nobody has a file open. */
void debugfs_remove_all(void);

#endif
