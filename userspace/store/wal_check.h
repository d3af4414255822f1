/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at a database's write-ahead log before SQLite's own recovery is believed.
 *
 * SQLite takes the frames up to the first one that does not check and forgets the rest without a
 * word: right for the torn end of an unfinished write, and wrong for a flipped bit in
 * the middle, behind which lie transactions that were synced and acknowledged.  The
 * two are told apart by what follows: the store syncs every transaction before the next one, so
 * behind a torn transaction there can be none.  Damage within the very last transaction
 * cannot be told from a torn write.  Internal to store/.
 */
#ifndef WGMESH_STORE_WAL_CHECK_H
#define WGMESH_STORE_WAL_CHECK_H

#include <stddef.h>

#include "base/error.h"

/*
 * The WAL of the database at @path, which the caller has locked and not yet written to.
 * 0: sound, or none; ERR_CORRUPT; ERR_IO; ERR_MEMORY.
 */
int wal_check(const char *path, struct error *err);

/*
 * Fill an empty WAL that is open, and of which nothing is written yet, with @bytes of zeros:
 * writes that do not make a file longer are synced faster, by a journal's commit of the file
 * system.  ERR_EXHAUSTED, ERR_IO.
 */
int wal_reserve(const char *path, size_t bytes, struct error *err);

#endif
