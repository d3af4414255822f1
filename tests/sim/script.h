/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named schedules: text files of commands ("> elect 1") with the trace that
 * each must give behind it.  README.md lists the commands.
 */
#ifndef WGMESH_SIM_SCRIPT_H
#define WGMESH_SIM_SCRIPT_H

#include <stdbool.h>

/* Does @file give the trace that it expects?  If not, tells the first difference. */
bool script_check(const char *file);

/* Write @file to standard output with its commands' real traces; an exit code. */
int script_print(const char *file);

#endif
