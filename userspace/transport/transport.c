// SPDX-License-Identifier: Apache-2.0
#include "transport/transport.h"

#include <stdlib.h>
#include <string.h>

#include "transport/frame.h"
#include "transport/inbound.h"
#include "transport/listener.h"
#include "transport/peer.h"
#include "transport/state.h"

static const struct transport_timing default_timing = {
	.connect = 2000,
	.handshake = 5000,
	.stall = 10000,
	.backoff_min = 50,
	.backoff_max = 2000,
	.prefer = 30000,
};

static struct transport *transport_of(struct anchor *anchor)
{
	return (struct transport *)((char *)anchor - offsetof(struct transport, anchor));
}

static void on_gone(struct anchor *anchor)
{
	struct transport *t = transport_of(anchor);
	void (*closed)(void *data) = t->closed;
	void *data = t->closed_data;

	tls_context_free(t->tls);
	free(t);
	if (closed)
		closed(data);
}

static int node_context(const struct identity *id, struct tls_context **ret, struct error *err)
{
	if (id->info.subject.kind != SUBJECT_NODE)
		return error_set(err, ERR_INVALID, "%s is not a node's identity",
				 id->info.subject.name);
	return tls_context_new(id, ret, err);
}

int transport_new(uv_loop_t *loop, uint64_t self, const struct identity *id,
		  const struct transport_callbacks *callbacks, void *data,
		  struct transport **ret, struct error *err)
{
	struct transport *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return error_set(err, ERR_MEMORY, "no memory for the transport");
	r = node_context(id, &t->tls, err);
	if (r) {
		free(t);
		return r;
	}
	t->loop = loop;
	t->self = self;
	t->callbacks = callbacks;
	t->data = data;
	t->timing = default_timing;
	t->anchor.gone = on_gone;
	uv_timer_init(loop, &t->keeper);
	t->keeper.data = t;
	anchor_hold(&t->anchor);
	*ret = t;
	return 0;
}

static void on_keeper_closed(uv_handle_t *handle)
{
	struct transport *t = handle->data;

	anchor_release(&t->anchor);
}

void transport_free(struct transport *t, void (*closed)(void *data), void *data)
{
	if (!t || t->closing)
		return;
	t->closing = true;
	t->closed = closed;
	t->closed_data = data;
	for (size_t i = 0; i < TRANSPORT_LISTEN_MAX; i++)
		listener_free(t->listeners[i]);
	for (size_t i = 0; i < INBOUNDS_MAX; i++)
		if (t->inbounds[i])
			inbound_close(t->inbounds[i]);
	for (size_t i = 0; i < TRANSPORT_PEERS_MAX; i++)
		peer_free(t->peers[i]);
	uv_close((uv_handle_t *)&t->keeper, on_keeper_closed);
}

void transport_set_timing(struct transport *t, const struct transport_timing *timing)
{
	t->timing = *timing;
}

int transport_set_identity(struct transport *t, const struct identity *id, struct error *err)
{
	struct tls_context *tls;
	int r = node_context(id, &tls, err);

	if (r)
		return r;
	tls_context_free(t->tls);
	t->tls = tls;
	return 0;
}

/* Take the listener for @address out of the set, if it is there. */
static struct listener *take_listener(struct transport *t, const struct endpoint *address)
{
	for (size_t i = 0; i < TRANSPORT_LISTEN_MAX; i++) {
		struct listener *l = t->listeners[i];

		if (l && listener_serves(l, address)) {
			t->listeners[i] = NULL;
			return l;
		}
	}
	return NULL;
}

static bool is_open(const struct transport *t, const struct endpoint *address)
{
	for (size_t i = 0; i < TRANSPORT_LISTEN_MAX; i++)
		if (t->listeners[i] && listener_serves(t->listeners[i], address))
			return true;
	return false;
}

/* The mesh's address may be a public one as well. */
static size_t without_doubles(const struct endpoint *addresses, size_t count,
			      struct endpoint ret[TRANSPORT_LISTEN_MAX])
{
	size_t kept = 0, j;

	for (size_t i = 0; i < count; i++) {
		for (j = 0; j < kept && !endpoint_equal(&ret[j], &addresses[i]); j++)
			;
		if (j == kept)
			ret[kept++] = addresses[i];
	}
	return kept;
}

/* Open those of @addresses that are not; on failure none of them stays. */
static int open_new(struct transport *t, const struct endpoint *addresses, size_t count,
		    struct listener *ret[TRANSPORT_LISTEN_MAX], struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < count && !r; i++)
		if (!is_open(t, &addresses[i]))
			r = listener_new(t, &addresses[i], &ret[i], err);
	for (size_t i = 0; i < count && r; i++)
		listener_free(ret[i]);
	return r;
}

int transport_listen(struct transport *t, const struct endpoint *addresses, size_t count,
		     struct error *err)
{
	struct listener *next[TRANSPORT_LISTEN_MAX] = { NULL };
	struct endpoint wanted[TRANSPORT_LISTEN_MAX];
	int r;

	if (count > TRANSPORT_LISTEN_MAX)
		return error_set(err, ERR_EXHAUSTED, "%zu addresses to listen at; the most is %d",
				 count, TRANSPORT_LISTEN_MAX);
	count = without_doubles(addresses, count, wanted);
	r = open_new(t, wanted, count, next, err);
	if (r)
		return r;
	for (size_t i = 0; i < count; i++)
		if (!next[i])
			next[i] = take_listener(t, &wanted[i]);
	for (size_t i = 0; i < TRANSPORT_LISTEN_MAX; i++)
		listener_free(t->listeners[i]);
	memcpy(t->listeners, next, sizeof(next));
	return 0;
}

bool transport_listening(const struct transport *t, size_t at, struct endpoint *ret)
{
	return at < TRANSPORT_LISTEN_MAX && t->listeners[at] &&
	       listener_address(t->listeners[at], ret);
}

struct peer *transport_peer(const struct transport *t, uint64_t server_id)
{
	for (size_t i = 0; i < TRANSPORT_PEERS_MAX; i++)
		if (t->peers[i] && peer_id(t->peers[i]) == server_id)
			return t->peers[i];
	return NULL;
}

struct peer *transport_peer_of_node(const struct transport *t, const char *node_id)
{
	for (size_t i = 0; i < TRANSPORT_PEERS_MAX; i++)
		if (t->peers[i] && strcmp(peer_node_id(t->peers[i]), node_id) == 0)
			return t->peers[i];
	return NULL;
}

void transport_tell(struct transport *t, enum transport_event event, uint64_t server_id,
		    const struct endpoint *remote, const char *reason)
{
	if (!t->closing)
		t->callbacks->event(t->data, event, server_id, remote, reason);
}

static int check_peer(const struct transport *t, uint64_t server_id, const char *node_id,
		      size_t count, struct error *err)
{
	struct peer *same_node = transport_peer_of_node(t, node_id);

	if (server_id == 0 || server_id == t->self)
		return error_set(err, ERR_INVALID, "server %llu cannot be a peer of this one",
				 (unsigned long long)server_id);
	if (!subject_name_valid(node_id))
		return error_set(err, ERR_INVALID, "\"%.64s\" is not a node id", node_id);
	if (same_node && peer_id(same_node) != server_id)
		return error_set(err, ERR_EXISTS, "node %s is server %llu: remove that first",
				 node_id, (unsigned long long)peer_id(same_node));
	if (count > TRANSPORT_ENDPOINTS_MAX)
		return error_set(err, ERR_EXHAUSTED, "%zu endpoints for node %s; the most is %d",
				 count, node_id, TRANSPORT_ENDPOINTS_MAX);
	return 0;
}

static int add_peer(struct transport *t, uint64_t server_id, struct peer **ret, struct error *err)
{
	for (size_t i = 0; i < TRANSPORT_PEERS_MAX; i++) {
		if (!t->peers[i]) {
			int r = peer_new(t, server_id, &t->peers[i], err);

			*ret = t->peers[i];
			return r;
		}
	}
	return error_set(err, ERR_EXHAUSTED, "no more than %d servers", TRANSPORT_PEERS_MAX);
}

int transport_set_peer(struct transport *t, uint64_t server_id, const char *node_id,
		       const struct endpoint *endpoints, size_t count, struct error *err)
{
	struct peer *p = transport_peer(t, server_id);
	int r = check_peer(t, server_id, node_id, count, err);

	if (!r && !p)
		r = add_peer(t, server_id, &p, err);
	if (r)
		return r;
	if (peer_node_id(p)[0] && strcmp(peer_node_id(p), node_id) != 0)
		inbound_close_node(t, peer_node_id(p));
	peer_set(p, node_id, endpoints, count);
	return 0;
}

void transport_remove_peer(struct transport *t, uint64_t server_id)
{
	for (size_t i = 0; i < TRANSPORT_PEERS_MAX; i++) {
		struct peer *p = t->peers[i];

		if (p && peer_id(p) == server_id) {
			inbound_close_node(t, peer_node_id(p));
			t->peers[i] = NULL;
			peer_free(p);
		}
	}
}

int transport_send(struct transport *t, const struct raft_message *message, struct error *err)
{
	struct peer *p = transport_peer(t, message->to);
	struct frame *f;
	int r;

	if (message->from != t->self)
		return error_set(err, ERR_INVALID, "a message from server %llu is not ours to send",
				 (unsigned long long)message->from);
	if (!p)
		return error_set(err, ERR_NOT_FOUND, "server %llu is no peer",
				 (unsigned long long)message->to);
	r = frame_new(message, &f, err);
	if (!r)
		peer_send(p, f);
	return r;
}

bool transport_peer_status(const struct transport *t, uint64_t server_id,
			   struct transport_peer_status *ret)
{
	struct peer *p = transport_peer(t, server_id);

	if (!p)
		return false;
	peer_status(p, ret);
	ret->heard = inbound_count(t, peer_node_id(p)) > 0;
	return true;
}

void transport_stats(const struct transport *t, struct transport_stats *ret)
{
	*ret = (struct transport_stats){
		.strangers = inbound_count(t, ""),
		.refused = t->refused,
		.malformed = t->malformed,
	};
	for (size_t i = 0; i < TRANSPORT_PEERS_MAX; i++)
		if (t->peers[i])
			ret->members += inbound_count(t, peer_node_id(t->peers[i]));
}
