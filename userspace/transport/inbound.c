// SPDX-License-Identifier: Apache-2.0
#include "transport/inbound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "transport/frame.h"
#include "transport/peer.h"

/* A frame in parts must grow by as much within each stall time. */
enum { PROGRESS_BYTES = 64 * 1024 };

struct inbound {
	struct transport *t;
	struct link *link;
	uint64_t age;			/* order of acceptance */
	char node_id[SUBJECT_NAME_MAX];	/* "": a stranger */
	bool closed;
	struct buf partial;		/* from a head on */
	size_t expected;		/* length of partial that moves the deadline; 0: none */
};

static bool is_stranger(const struct inbound *in)
{
	return !in->node_id[0];
}

/* Leave the table; the link is closed or closing. */
static void leave(struct inbound *in)
{
	in->closed = true;
	for (size_t i = 0; i < INBOUNDS_MAX; i++)
		if (in->t->inbounds[i] == in)
			in->t->inbounds[i] = NULL;
}

void inbound_close(struct inbound *in)
{
	leave(in);
	link_close(in->link);
}

static void report(struct inbound *in, uint64_t server_id, const char *reason)
{
	in->t->refused++;
	transport_tell(in->t, TRANSPORT_REFUSED, server_id, link_remote(in->link), reason);
}

static void refuse(struct inbound *in, uint64_t server_id, const char *reason)
{
	inbound_close(in);
	report(in, server_id, reason);
}

static void refuse_frame(struct inbound *in, uint64_t server_id, const char *reason)
{
	in->t->malformed++;
	refuse(in, server_id, reason);
}

static bool belongs(const struct inbound *in, const char *node_id)
{
	return in && strcmp(in->node_id, node_id) == 0;
}

/* The longest-standing connection of @node_id ("": of a stranger) beyond @max of them. */
static struct inbound *surplus(const struct transport *t, const char *node_id, size_t max)
{
	struct inbound *oldest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < INBOUNDS_MAX; i++) {
		struct inbound *in = t->inbounds[i];

		if (!belongs(in, node_id))
			continue;
		count++;
		if (!oldest || in->age < oldest->age)
			oldest = in;
	}
	return count > max ? oldest : NULL;
}

static void on_established(void *data, struct link *l, const struct cert_info *who)
{
	const struct subject *subject = &who->subject;
	struct inbound *in = data, *old;
	char text[SUBJECT_TEXT_MAX + 32], uri[SUBJECT_TEXT_MAX];

	if (subject->kind != SUBJECT_NODE || !transport_peer_of_node(in->t, subject->name)) {
		snprintf(text, sizeof(text), "%s is no member here", subject_format(subject, uri));
		refuse(in, 0, text);
		return;
	}
	memcpy(in->node_id, subject->name, sizeof(in->node_id));
	old = surplus(in->t, in->node_id, TRANSPORT_PER_NODE_MAX);
	if (old)
		inbound_close(old);
}

/* False when the connection was closed for it, by us or in the callback. */
static bool take_frame(struct inbound *in, const uint8_t *body, size_t len)
{
	struct peer *peer = transport_peer_of_node(in->t, in->node_id);
	struct raft_message m;
	struct error err;
	int r = frame_parse(body, len, &m, &err);

	if (!r && (m.from != peer_id(peer) || m.to != in->t->self)) {
		r = error_set(&err, ERR_INVALID, "a message from server %llu to %llu by node %s",
			      (unsigned long long)m.from, (unsigned long long)m.to, in->node_id);
		frame_message_fini(&m);
	}
	if (r) {
		refuse_frame(in, peer_id(peer), err.text);
		return false;
	}
	peer_count_received(peer);
	in->t->callbacks->message(in->t->data, m.from, &m);
	frame_message_fini(&m);
	return !in->closed;
}

/* Whole frames of @bytes, as far as they are whole; returns what was used. */
static size_t take_frames(struct inbound *in, const uint8_t *bytes, size_t len)
{
	size_t used = 0;

	while (len - used >= FRAME_HEAD) {
		size_t body = load_u32(bytes + used);

		if (body == 0 || body > TRANSPORT_FRAME_MAX) {
			char text[64];

			snprintf(text, sizeof(text), "a frame of %zu bytes", body);
			refuse_frame(in, peer_id(transport_peer_of_node(in->t, in->node_id)), text);
			return used;
		}
		if (len - used - FRAME_HEAD < body)
			break;
		if (!take_frame(in, bytes + used + FRAME_HEAD, body))
			return used;
		used += FRAME_HEAD + body;
	}
	return used;
}

static void watch_progress(struct inbound *in, bool completed)
{
	size_t len = in->partial.len;

	if (!len && in->expected) {
		in->expected = 0;
		link_expect(in->link, 0, NULL);
	} else if (len && (completed || !in->expected || len >= in->expected)) {
		in->expected = len + PROGRESS_BYTES;
		link_expect(in->link, in->t->timing.stall, "a frame was not completed in time");
	}
}

static void on_received(void *data, struct link *l, const uint8_t *bytes, size_t len)
{
	struct inbound *in = data;
	size_t direct = 0, used;

	if (in->closed)
		return;
	if (!in->partial.len)		/* the usual case: nothing is copied */
		direct = take_frames(in, bytes, len);
	if (in->closed)
		return;
	bytes += direct;
	len -= direct;
	if (len && !buf_append(&in->partial, bytes, len)) {
		refuse(in, 0, "no memory for a frame");
		return;
	}
	used = take_frames(in, in->partial.data, in->partial.len);
	if (in->closed)
		return;
	if (used == in->partial.len && used)
		buf_fini(&in->partial);	/* megabytes are not kept for the next heartbeat */
	else if (used)
		buf_consume(&in->partial, used);
	watch_progress(in, direct || used);
}

/* An end of a member's connection is its own affair; a stranger's was refused. */
static void on_closed(void *data, struct link *l, const char *reason)
{
	struct inbound *in = data;
	bool unfinished = is_stranger(in) || in->partial.len;

	if (unfinished)
		refuse(in, 0, reason);
	else
		leave(in);
}

static void on_released(void *data)
{
	struct inbound *in = data;

	buf_fini(&in->partial);
	free(in);
}

static const struct link_callbacks callbacks = {
	.established = on_established,
	.received = on_received,
	.closed = on_closed,
	.released = on_released,
};

/* There is one: the table holds the most strangers beside the most members. */
static struct inbound **free_place(struct transport *t)
{
	size_t i = 0;

	while (t->inbounds[i])
		i++;
	return &t->inbounds[i];
}

static int accept_one(struct transport *t, uv_stream_t *server, struct inbound **ret,
		      struct error *err)
{
	struct inbound *in = calloc(1, sizeof(*in));
	const struct link_config config = {
		.loop = t->loop,
		.anchor = &t->anchor,
		.tls = t->tls,
		.callbacks = &callbacks,
		.data = in,
		.establish_ms = t->timing.handshake,
		.stall_ms = t->timing.stall,
	};
	int r;

	if (!in)
		return error_set(err, ERR_MEMORY, "no memory for a connection");
	in->t = t;
	in->partial = BUF_INIT(FRAME_HEAD + TRANSPORT_FRAME_MAX + 16 * 1024);
	r = link_accept(&config, server, &in->link, err);
	if (r)
		free(in);
	else
		*ret = in;
	return r;
}

int inbound_accept(struct transport *t, uv_stream_t *server, struct error *err)
{
	struct inbound *in, *old;
	int r = accept_one(t, server, &in, err);

	if (r)
		return r;
	old = surplus(t, "", TRANSPORT_STRANGERS_MAX - 1);
	if (old)
		inbound_close(old);
	in->age = ++t->accepted;
	*free_place(t) = in;
	if (old)
		report(old, 0, "too many connections that prove nothing");
	return 0;
}

void inbound_close_node(struct transport *t, const char *node_id)
{
	for (size_t i = 0; i < INBOUNDS_MAX; i++)
		if (belongs(t->inbounds[i], node_id))
			inbound_close(t->inbounds[i]);
}

size_t inbound_count(const struct transport *t, const char *node_id)
{
	size_t count = 0;

	for (size_t i = 0; i < INBOUNDS_MAX; i++)
		count += belongs(t->inbounds[i], node_id);
	return count;
}
