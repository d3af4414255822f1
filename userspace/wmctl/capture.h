/* SPDX-License-Identifier: Apache-2.0 */
/* What other programs print, and ends of files.  Blocking; one thread. */
#ifndef WGMESH_WMCTL_CAPTURE_H
#define WGMESH_WMCTL_CAPTURE_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Runs @argv (NULL-terminated, found in $PATH) without input, and appends what it prints to @out.
 * What it says of errors is the error's text.  ERR_EXHAUSTED: it prints more than @out takes.
 */
int capture_command(const char *const *argv, struct buf *out, struct error *err);

/* The last lines of a file, of at most @max bytes. */
int capture_tail(const char *path, long max, struct buf *out, struct error *err);

#endif
