/* SPDX-License-Identifier: GPL-2.0 */
/* A batch: the changes that one or more peers-apply messages ask for, parsed and
 * checked for all that can be checked without the table.  apply.h does the rest.
 */
#ifndef _WGM_BATCH_H
#define _WGM_BATCH_H

#include <linux/types.h>
#include <uapi/linux/wgmesh.h>

#include "peer.h"

struct genl_info;
struct netlink_ext_ack;
struct nlattr;

/* Flags of a peer that are kept with it; the others say what a batch does. */
#define WGM_PEER_STORED_FLAGS	(WGMESH_PEER_FLAGS_PINNED | WGMESH_PEER_FLAGS_RELAY)

struct wgm_prefix_change {
	const struct nlattr *attr;	/* as in struct wgm_change */
	u32 metric;
	u8 addr[16];
	u8 bits;			/* 32 or 128 */
	u8 len;
	bool remove;
};

enum wgm_change_has {
	WGM_HAS_FLAGS = BIT(0),
	WGM_HAS_PSK = BIT(1),
	WGM_HAS_ENDPOINT = BIT(2),
	WGM_HAS_KEEPALIVE = BIT(3),
	WGM_HAS_FLOOR = BIT(4),
};

/* What a batch says of one peer. */
struct wgm_change {
	struct wgm_change *next;
	const struct nlattr *attr;	/* for the extack; NULL once its message is gone */
	u32 nr;				/* its place in the batch, from 1 */
	u8 key[WGMESH_KEY_LEN];
	u8 psk[WGMESH_KEY_LEN];
	u8 floor[WGMESH_FLOOR_LEN];
	struct wgm_endpoint endpoint;
	u32 flags;			/* enum wgmesh_peer_flags */
	u16 keepalive;
	u8 has;				/* enum wgm_change_has */
	bool more;			/* its prefixes go on in the next change */
	bool part;			/* more prefixes of the change before */

	/* Of apply.c. */
	bool created;			/* the peer was made for this change */
	bool fresh;			/* the peer was not in the table before */
	struct wgm_peer *peer;

	u16 n_prefixes;
	struct wgm_prefix_change prefixes[];
};

struct wgm_batch {
	struct wgm_change *head;
	struct wgm_change **tail;
	struct wgm_change **message;	/* where the last message's changes begin */
	struct wgm_change *last;	/* may be NULL */
	u32 n;				/* of peers */
	u32 n_prefixes;			/* of the last one, in all its parts */
	bool replace;			/* this is the whole new table */
	bool expects;
	u64 expected;			/* generation */
};

void wgm_batch_init(struct wgm_batch *batch);

/* Frees the changes, and wipes their keys. */
void wgm_batch_fini(struct wgm_batch *batch);

/* Appends the peers of a peers-apply message.  Errors name the attribute:
 * -EINVAL, -E2BIG, -ENOMEM; then the batch is as before.  At most @max peers.
 */
int wgm_batch_parse(struct wgm_batch *batch, struct genl_info *info, u32 max);

/* Whether the batch ends in the middle of a peer. */
static inline bool wgm_batch_is_open(const struct wgm_batch *batch)
{
	return batch->last && batch->last->more;
}

/* Forgets the attributes of the last message, which end with it. */
void wgm_batch_forget_attrs(struct wgm_batch *batch);

#endif /* _WGM_BATCH_H */
