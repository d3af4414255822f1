/* SPDX-License-Identifier: Apache-2.0 */
/* Private to transport/: what its parts share. */
#ifndef WGMESH_TRANSPORT_STATE_H
#define WGMESH_TRANSPORT_STATE_H

#include "crypto/tls.h"
#include "transport/anchor.h"
#include "transport/link.h"
#include "transport/transport.h"

enum { INBOUNDS_MAX = TRANSPORT_STRANGERS_MAX + TRANSPORT_PEERS_MAX * TRANSPORT_PER_NODE_MAX };

struct peer;
struct inbound;
struct listener;

struct transport {
	uv_loop_t *loop;
	struct anchor anchor;	/* holds this memory */
	uv_timer_t keeper;	/* never runs: so that the end always comes from the loop */
	struct tls_context *tls;
	uint64_t self;
	const struct transport_callbacks *callbacks;
	void *data;
	struct transport_timing timing;
	bool closing;
	void (*closed)(void *data);
	void *closed_data;
	struct peer *peers[TRANSPORT_PEERS_MAX];		/* NULL: free places */
	struct inbound *inbounds[INBOUNDS_MAX];
	struct listener *listeners[TRANSPORT_LISTEN_MAX];
	uint64_t accepted, refused, malformed;
};

struct peer *transport_peer(const struct transport *t, uint64_t server_id);
struct peer *transport_peer_of_node(const struct transport *t, const char *node_id);
void transport_tell(struct transport *t, enum transport_event event, uint64_t server_id,
		    const struct endpoint *remote, const char *reason);

#endif
