/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to netlink/: messages of the family "wgmesh", encoded and decoded.  Pure. */
#ifndef WGMESH_NETLINK_MESH_CODEC_H
#define WGMESH_NETLINK_MESH_CODEC_H

#include <stdbool.h>

#include "netlink/genl.h"
#include "netlink/mesh_monitor.h"
#include "netlink/mesh_peers.h"

extern const struct attr_set mesh_attrs;	/* names, for error texts */

/* A request that names the mesh @ifname (NULL: none), with room for @max bytes. */
struct message mesh_message(size_t max, uint8_t command, uint16_t flags, const char *ifname);

/* A peer as peers-apply takes it, in as many parts as it needs. */
void mesh_put_peer(struct message *m, const struct wg_peer *peer);

/*
 * One attribute holds 64 KiB: a peer with more prefixes than this comes in parts, which may
 * be in different messages of a transaction.  Puts the part that begins with prefix @from;
 * returns where the next one begins, or peer->prefix_count.
 */
enum { MESH_PART_PREFIXES = 1200 };	/* each takes 48 bytes at most */
size_t mesh_put_peer_part(struct message *m, const struct wg_peer *peer, size_t from);

/*
 * Decoders: 0, or ERR_IO for what the kernel should not have sent.  Unknown
 * attributes are passed over, so a newer module may tell more.
 */
int mesh_decode_info(const struct nlmsghdr *answer, struct mesh_info *ret, struct error *err);
int mesh_decode_prefix(const struct nlmsghdr *answer, struct mesh_prefix *ret, struct error *err);

/* The decoded prefixes of one peer; grows to WGMESH_PREFIXES_MAX. */
struct mesh_peer_parts {
	struct wg_peer peer;		/* its prefixes point into @prefixes */
	struct wg_prefix *prefixes;	/* WGMESH_PREFIXES_MAX of them */
	bool more;			/* the peer's prefixes go on in the next message */
};

/*
 * Decodes a peer into @parts, or its continuation when @parts->more is set from
 * before.  @ret_generation: the table's.  *ret_present is false when @answer has no peer.
 */
int mesh_decode_peer(const struct nlmsghdr *answer, struct mesh_peer_parts *parts,
		     uint64_t *ret_generation, bool *ret_present, struct error *err);

/*
 * Calls @fn with what a message of a multicast group tells: as many events as it has peers.
 * @parts gives an event's peer its place.  Passes over what a newer module may send.
 * Returns what @fn does when that is not 0.
 */
int mesh_decode_event(const struct nlmsghdr *message, struct mesh_peer_parts *parts,
		      mesh_event_fn *fn, void *data, struct error *err);

#endif
