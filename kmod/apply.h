/* SPDX-License-Identifier: GPL-2.0 */
/* Applies a batch to a table, all or nothing. */
#ifndef _WGM_APPLY_H
#define _WGM_APPLY_H

#include <linux/types.h>

struct netlink_ext_ack;
struct wgm_batch;
struct wgm_table;

struct wgm_apply_result {
	u64 generation;		/* of the table with the batch in it */
	u32 upserted;		/* peers that it added or really changed */
	u32 removed;
};

/* Checks the batch against the table as it will be, so that the order within a
 * batch does not matter; then commits, which cannot fail.  On an error the table
 * is as before, and the extack tells which peer of the batch and why:
 * -ESTALE (generation), -ENOENT, -EEXIST, -EINVAL, -ENOSPC and -E2BIG (limits), -ENOMEM.
 * Takes the table's lock.
 */
int wgm_apply(struct wgm_table *table, struct wgm_batch *batch, struct wgm_apply_result *ret,
	      struct netlink_ext_ack *extack);

/* -ESTALE when the batch expects another generation. Table's lock held. */
int wgm_apply_check_generation(const struct wgm_table *table, const struct wgm_batch *batch,
			       struct netlink_ext_ack *extack);

#endif /* _WGM_APPLY_H */
