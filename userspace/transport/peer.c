// SPDX-License-Identifier: Apache-2.0
#include "transport/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "transport/queue.h"

/* A connection that breaks sooner was none: the other side let us in only to refuse us. */
enum { STEADY_MS = 1000 };

struct peer {
	struct transport *t;
	uint64_t id;
	bool removed;		/* by a callback, perhaps while its own function runs */
	char node_id[SUBJECT_NAME_MAX];
	struct endpoint endpoints[TRANSPORT_ENDPOINTS_MAX];
	size_t endpoint_count;
	struct queue queue;

	struct link *current;	/* established, and ours to send on */
	uint64_t since;		/* the loop's time when it was */
	struct link *dialling;
	size_t dial_at;		/* the endpoint that is dialled */
	size_t dial_end;	/* and the one before which this round ends */

	uv_timer_t timer;	/* unconnected: the next round; connected: the better endpoints */
	uint64_t not_before;	/* the loop's time: back-off */
	unsigned int failures;	/* in a row */
	uint64_t sent, received, dials, dials_failed;
};

static uint64_t now(const struct peer *p)
{
	return uv_now(p->t->loop);
}

/* How many endpoints are preferred to the one in use; all, when it is not one of them. */
static size_t better_endpoints(const struct peer *p)
{
	size_t i = 0;

	while (p->current && i < p->endpoint_count &&
	       !endpoint_equal(&p->endpoints[i], link_remote(p->current)))
		i++;
	return p->current ? i : p->endpoint_count;
}

/* Doubled per failure, half of it left to chance: servers that start together must not stay so. */
static uint64_t backoff(const struct peer *p)
{
	const struct transport_timing *timing = &p->t->timing;
	uint64_t ms = timing->backoff_min;

	for (unsigned int i = 1; i < p->failures && ms < timing->backoff_max; i++)
		ms *= 2;
	if (ms > timing->backoff_max)
		ms = timing->backoff_max;
	return ms / 2 + random_u64() % (ms / 2 + 1);
}

static void note_failure(struct peer *p)
{
	p->failures++;
	p->not_before = now(p) + backoff(p);
}

static void on_timer(uv_timer_t *timer);

/* Nothing is under way, but something waits, or better endpoints do: set the clock. */
static void reconsider(struct peer *p)
{
	if (p->dialling || p->removed)
		return;
	if (p->current && better_endpoints(p))
		uv_timer_start(&p->timer, on_timer, p->t->timing.prefer, 0);
	else if (!p->current && p->queue.head && p->endpoint_count)
		uv_timer_start(&p->timer, on_timer,
			       p->not_before > now(p) ? p->not_before - now(p) : 0, 0);
	else
		uv_timer_stop(&p->timer);
}

static void flush(struct peer *p)
{
	struct queue *q = &p->queue;

	while (p->current && q->head) {
		size_t taken = link_write(p->current, q->head->data + q->offset,
					  q->head->len - q->offset);

		if (!taken)
			return;
		q->offset += taken;
		if (q->offset < q->head->len)
			continue;
		queue_pop(q);
		p->sent++;
	}
}

static void drop_current(struct peer *p)
{
	link_close(p->current);
	p->current = NULL;
	p->queue.offset = 0;	/* half a frame is none: it goes again, whole */
}

static const struct link_callbacks callbacks;

static int dial(struct peer *p, const struct endpoint *remote, struct error *err)
{
	const struct link_config config = {
		.loop = p->t->loop,
		.anchor = &p->t->anchor,
		.tls = p->t->tls,
		.callbacks = &callbacks,
		.data = p,
		.establish_ms = p->t->timing.connect,
		.stall_ms = p->t->timing.stall,
	};

	p->dials++;
	return link_dial(&config, remote, &p->dialling, err);
}

static void tell_failure(struct peer *p, const struct endpoint *remote, const char *reason)
{
	p->dials_failed++;
	transport_tell(p->t, TRANSPORT_DIAL_FAILED, p->id, remote, reason);
}

/* The next endpoint of this round that can be dialled at all, or the round's end. */
static void dial_next(struct peer *p)
{
	while (!p->removed && !p->dialling && p->dial_at < p->dial_end) {
		struct endpoint remote = p->endpoints[p->dial_at++];
		struct error err;

		if (dial(p, &remote, &err))
			tell_failure(p, &remote, err.text);
	}
	if (p->removed || p->dialling)
		return;
	if (!p->current)
		note_failure(p);
	reconsider(p);
}

static void on_timer(uv_timer_t *timer)
{
	struct peer *p = timer->data;

	p->dial_at = 0;
	p->dial_end = better_endpoints(p);
	dial_next(p);
}

static void move_to(struct peer *p, struct link *l)
{
	bool moved = p->current != NULL;

	if (moved)
		drop_current(p);
	p->dialling = NULL;
	p->current = l;
	p->since = now(p);
	reconsider(p);
	flush(p);
	if (!moved)
		transport_tell(p->t, TRANSPORT_PEER_UP, p->id, link_remote(l), "connected");
}

static void on_established(void *data, struct link *l, const struct cert_info *who)
{
	struct peer *p = data;
	char text[2 * SUBJECT_NAME_MAX + 32];

	if (who->subject.kind == SUBJECT_NODE && strcmp(who->subject.name, p->node_id) == 0) {
		move_to(p, l);
		return;
	}
	snprintf(text, sizeof(text), "%s answers there, not node %s", who->subject.name,
		 p->node_id);
	link_close(l);
	p->dialling = NULL;
	tell_failure(p, link_remote(l), text);
	dial_next(p);
}

static void on_writable(void *data, struct link *l)
{
	flush(data);
}

static void on_closed(void *data, struct link *l, const char *reason)
{
	struct peer *p = data;

	if (l == p->dialling) {
		p->dialling = NULL;
		tell_failure(p, link_remote(l), reason);
		dial_next(p);
		return;
	}
	drop_current(p);
	if (now(p) - p->since >= STEADY_MS)
		p->failures = 0;
	note_failure(p);
	reconsider(p);
	transport_tell(p->t, TRANSPORT_PEER_DOWN, p->id, link_remote(l), reason);
}

/* We speak, they listen: received is not ours. */
static const struct link_callbacks callbacks = {
	.established = on_established,
	.writable = on_writable,
	.closed = on_closed,
};

int peer_new(struct transport *t, uint64_t server_id, struct peer **ret, struct error *err)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		return error_set(err, ERR_MEMORY, "no memory for server %llu",
				 (unsigned long long)server_id);
	p->t = t;
	p->id = server_id;
	uv_timer_init(t->loop, &p->timer);
	p->timer.data = p;
	anchor_hold(&t->anchor);
	*ret = p;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct peer *p = handle->data;
	struct anchor *anchor = &p->t->anchor;

	free(p);
	anchor_release(anchor);
}

static void abandon(struct peer *p)
{
	link_close(p->dialling);
	p->dialling = NULL;
	drop_current(p);
	queue_clear(&p->queue);
}

void peer_free(struct peer *p)
{
	if (!p)
		return;
	p->removed = true;
	abandon(p);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

static bool same_endpoints(const struct peer *p, const struct endpoint *endpoints, size_t count)
{
	for (size_t i = 0; i < count && i < p->endpoint_count; i++)
		if (!endpoint_equal(&p->endpoints[i], &endpoints[i]))
			return false;
	return count == p->endpoint_count;
}

void peer_set(struct peer *p, const char *node_id, const struct endpoint *endpoints, size_t count)
{
	if (strcmp(p->node_id, node_id) != 0) {
		abandon(p);	/* what waits was for somebody else */
		snprintf(p->node_id, sizeof(p->node_id), "%s", node_id);
	} else if (same_endpoints(p, endpoints, count)) {
		return;
	}
	if (count)
		memcpy(p->endpoints, endpoints, count * sizeof(*endpoints));
	p->endpoint_count = count;
	link_close(p->dialling);	/* the round's numbers are void */
	p->dialling = NULL;
	p->failures = 0;		/* news: worth a try at once */
	p->not_before = 0;
	reconsider(p);
	if (p->current && better_endpoints(p))
		uv_timer_start(&p->timer, on_timer, 0, 0);
}

uint64_t peer_id(const struct peer *p)
{
	return p->id;
}

const char *peer_node_id(const struct peer *p)
{
	return p->node_id;
}

void peer_send(struct peer *p, struct frame *f)
{
	queue_push(&p->queue, f,
		   p->current ? TRANSPORT_QUEUE_MESSAGES : TRANSPORT_QUEUE_UNCONNECTED,
		   TRANSPORT_QUEUE_BYTES);
	if (p->current)
		flush(p);
	else if (!uv_is_active((uv_handle_t *)&p->timer))
		reconsider(p);
}

void peer_count_received(struct peer *p)
{
	p->received++;
}

void peer_status(const struct peer *p, struct transport_peer_status *ret)
{
	*ret = (struct transport_peer_status){
		.connected = p->current != NULL,
		.queued_messages = p->queue.messages,
		.queued_bytes = p->queue.bytes,
		.sent = p->sent,
		.received = p->received,
		.dropped = p->queue.dropped,
		.dials = p->dials,
		.dials_failed = p->dials_failed,
	};
	if (p->current)
		ret->remote = *link_remote(p->current);
}
