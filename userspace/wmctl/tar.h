/* SPDX-License-Identifier: Apache-2.0 */
/* An archive of regular files that tar(1) reads (POSIX.1-1988 "ustar").  Pure. */
#ifndef WGMESH_WMCTL_TAR_H
#define WGMESH_WMCTL_TAR_H

#include <stdint.h>

#include "base/buf.h"

enum { TAR_NAME_MAX = 99 };	/* characters */

/*
 * One file behind what is there, for its owner alone; false as buf_append(), and for a name that
 * is too long.  @mtime: seconds since 1970.
 */
bool tar_add(struct buf *archive, const char *name, const void *data, size_t len, int64_t mtime);

/* The end of the archive. */
bool tar_finish(struct buf *archive);

#endif
