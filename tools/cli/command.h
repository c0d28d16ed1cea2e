/* SPDX-License-Identifier: GPL-2.0 */
/* What main.c dispatches to: a function a sub-command, with argv[0] its name. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* NO: a check failed, an input is wrong, the host cannot. */
enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2 };

int command_decode(int argc, char **argv);
int command_encode(int argc, char **argv);
int command_delta(int argc, char **argv);
int command_report(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_run(int argc, char **argv);

#endif
