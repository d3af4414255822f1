/* SPDX-License-Identifier: GPL-2.0 */
/* Writes objects into answers and events.  All return 0 or -EMSGSIZE. */
#ifndef _WGM_ANSWER_H
#define _WGM_ANSWER_H

#include <net/netlink.h>

struct wgm_apply_result;
struct wgm_mesh;
struct wgm_peer;
struct wgm_prefix;
struct wgm_table;

static inline int wgm_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put(skb, attr, sizeof(value), &value);
}

int wgm_put_names(struct sk_buff *skb, struct wgm_mesh *mesh);
int wgm_put_mesh(struct sk_buff *skb, struct wgm_mesh *mesh);
int wgm_put_stats(struct sk_buff *skb, struct wgm_mesh *mesh);
int wgm_put_result(struct sk_buff *skb, const struct wgm_apply_result *result);

/* The generation of the table, and how old the counters of peers are. */
int wgm_put_moment(struct sk_buff *skb, struct wgm_mesh *mesh);

/* Where the peer was seen last, or where it should be.  Table's lock. */
int wgm_put_endpoint(struct sk_buff *skb, const struct wgm_peer *peer);

/* The peer with its prefixes from the *@skip-th on; as many as fit, but at least one.
 * When some are left, *@skip counts those put so far, else it is 0.  Table's lock.
 */
int wgm_put_peer(struct sk_buff *skb, struct wgm_table *table, const struct wgm_peer *peer,
		 unsigned int *skip);

/* A prefix and its visible hops.  Under RCU or the table's lock. */
int wgm_put_prefix(struct sk_buff *skb, struct wgm_table *table, const struct wgm_prefix *prefix);

/* Bytes that the largest prefix of wgm_put_peer() takes, and the rest of a peer. */
#define WGM_PEER_PREFIX_SIZE	56
#define WGM_PEER_SIZE		256

#endif /* _WGM_ANSWER_H */
