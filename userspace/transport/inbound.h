/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that another server dialled: who it is, and its frames.  At
 * most TRANSPORT_STRANGERS_MAX have proven nothing yet: the next one ends the
 * oldest, so that a flood cannot lock out a member, whose handshake is short.
 */
#ifndef WGMESH_TRANSPORT_INBOUND_H
#define WGMESH_TRANSPORT_INBOUND_H

#include "transport/state.h"

/* In uv_listen()'s callback; on failure the connection may still wait to be accepted. */
int inbound_accept(struct transport *t, uv_stream_t *server, struct error *err);
/* Silent; the memory follows through the loop. */
void inbound_close(struct inbound *in);
/* All of one node, because it is no member any more. */
void inbound_close_node(struct transport *t, const char *node_id);
/* The connections of @node_id; "": of strangers. */
size_t inbound_count(const struct transport *t, const char *node_id);

#endif
