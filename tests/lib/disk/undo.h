/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loss of power takes from a file: an undo file per inode has the content, at its last
 * sync, of every block that was written since.  tests/integration/apilib/disk.py puts back all of
 * it or some; the format is known there too:
 *
 *	u64	the file's size at its last sync
 *	then for each block, once:
 *	u64	its number
 *	512	bytes as they were; zeros behind the end
 *
 * in the machine's byte order; empty: nothing is unsynced.  A record is there before the block is
 * overwritten, so that the process may be killed at any time.  Caller's lock.
 */
#ifndef WGMESH_TESTS_DISK_UNDO_H
#define WGMESH_TESTS_DISK_UNDO_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { UNDO_BLOCK = 512 };	/* bytes that a disk writes whole */

struct undo;

/*
 * Of the file behind @fd; goes on where an earlier process has ended.  Ends the process on
 * failure.
 */
struct undo *undo_new(const char *folder, const struct stat *file);
/* The file itself is being removed, and its undo file with it. */
void undo_free(struct undo *u);

/* Bytes from @from to @to of @fd are about to change, or to be cut off. */
void undo_before(struct undo *u, int fd, off_t from, off_t to);
void undo_synced(struct undo *u);

#endif
