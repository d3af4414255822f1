/* SPDX-License-Identifier: Apache-2.0 */
/* Small files that are whole or absent, whenever the power fails.  Blocking; any thread. */
#ifndef WGMESH_BASE_FILE_H
#define WGMESH_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Put @len bytes at @path with permission @mode (the umask does not apply): a
 * temporary file in the same folder, fsync, rename, fsync of the folder.  A
 * crash leaves the old content or the new, never a mixture; on failure the
 * old content stands.  Two writers of one path may not run at once.
 */
int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		      struct error *err);

/*
 * Append the whole of @path to @ret.  More than what @ret has left of its
 * maximum is ERR_EXHAUSTED, an absent file is ERR_NOT_FOUND; @ret is then as
 * it was.  The caller frees it, with buf_fini_secret() where that matters.
 */
int file_read(const char *path, struct buf *ret, struct error *err);

#endif
