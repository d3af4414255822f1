/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another server, as we send to it: its addresses, what waits for it, and the
 * one connection that we dialled.
 *
 *	idle -> dialling -> connected		a message waits
 *	dialling -> dialling			the next endpoint
 *	dialling -> waiting -> dialling		all have failed: back-off, doubled with jitter
 *	connected -> waiting or idle		broken
 * While connected by a lesser endpoint it dials the better ones now and then,
 * beside the connection in use, and moves over when one answers.
 */
#ifndef WGMESH_TRANSPORT_PEER_H
#define WGMESH_TRANSPORT_PEER_H

#include "transport/frame.h"
#include "transport/state.h"

int peer_new(struct transport *t, uint64_t server_id, struct peer **ret, struct error *err);
void peer_free(struct peer *p);		/* silent; the memory follows through the loop */

/* @node_id is valid, @count at most TRANSPORT_ENDPOINTS_MAX. */
void peer_set(struct peer *p, const char *node_id, const struct endpoint *endpoints, size_t count);

uint64_t peer_id(const struct peer *p);
const char *peer_node_id(const struct peer *p);
void peer_send(struct peer *p, struct frame *f);	/* takes @f over */
void peer_count_received(struct peer *p);
void peer_status(const struct peer *p, struct transport_peer_status *ret);

#endif
