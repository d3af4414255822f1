/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to netlink/: messages of the family "wireguard", encoded and decoded.  Pure. */
#ifndef WGMESH_NETLINK_WG_CODEC_H
#define WGMESH_NETLINK_WG_CODEC_H

#include <stdbool.h>

#include "base/buf.h"
#include "netlink/genl.h"
#include "netlink/wg.h"

extern const struct attr_set wg_attrs;	/* names, for error texts */

/* A request about the device @ifname, with room for @max bytes. */
struct message wg_message(size_t max, uint8_t command, uint16_t flags, const char *ifname);

void wg_put_device(struct message *m, const struct wg_device *device);

/* @remove: take the peer out; else flags and fields as wg_peers_set() tells. */
void wg_put_peer(struct message *m, const struct wg_peer *peer, bool remove);

/* The device's own attributes. */
int wg_decode_device(const struct nlmsghdr *answer, struct wg_device *ret, struct error *err);

/*
 * Decodes a dump, message by message.  A peer is known to be complete only when
 * the next one begins or the dump ends, so the last one waits in @waiting.
 */
struct wg_peer_decoder {
	wg_peer_fn *fn;
	void *data;
	struct wg_peer waiting;
	bool has_waiting;
	struct buf prefixes;	/* struct wg_prefix[] of the waiting peer */
	struct error *err;
};

void wg_decoder_init(struct wg_peer_decoder *d, wg_peer_fn *fn, void *data, struct error *err);
int wg_decoder_feed(struct wg_peer_decoder *d, const struct nlmsghdr *answer);
int wg_decoder_end(struct wg_peer_decoder *d);	/* tells the last peer */
void wg_decoder_fini(struct wg_peer_decoder *d);	/* wipes */

#endif
