// SPDX-License-Identifier: Apache-2.0
/* Messages on their way out, some of them waiting for the disk (thesis 3.8). */
#include <stdlib.h>

#include "raft/core.h"

enum { OUTBOX_START = 16 };

const char *raft_message_name(enum raft_message_type type)
{
	static const char *const names[] = {
		[RAFT_MESSAGE_NONE] = "none",
		[RAFT_PRE_VOTE] = "pre-vote",
		[RAFT_PRE_VOTE_REPLY] = "pre-vote-reply",
		[RAFT_VOTE] = "vote",
		[RAFT_VOTE_REPLY] = "vote-reply",
		[RAFT_APPEND] = "append",
		[RAFT_APPEND_REPLY] = "append-reply",
		[RAFT_HEARTBEAT] = "heartbeat",
		[RAFT_HEARTBEAT_REPLY] = "heartbeat-reply",
		[RAFT_TIMEOUT_NOW] = "timeout-now",
	};

	if ((unsigned int)type >= RAFT_MESSAGE_TYPES)
		return "unknown";
	return names[type];
}

void raft_message_release(struct raft_message *m)
{
	for (size_t i = 0; i < m->entry_count; i++)
		raft_entry_unref(m->entries[i]);
	free(m->entries);
	m->entries = NULL;
	m->entry_count = 0;
}

void raft_outbox_fini(struct outbox *o)
{
	for (size_t i = 0; i < o->count; i++)
		raft_message_release(&o->items[i].message);
	free(o->items);
	*o = (struct outbox){ 0 };
}

static bool make_room(struct raft *r)
{
	struct outbox *o = &r->outbox;
	size_t capacity = o->capacity ? o->capacity * 2 : OUTBOX_START;
	struct outgoing *items;

	if (o->count < o->capacity)
		return true;
	if (o->count >= OUTBOX_MAX)
		return false;
	items = realloc(o->items, capacity * sizeof(*items));
	if (!items) {
		raft_fail_memory(r, "messages to send");
		return false;
	}
	o->items = items;
	o->capacity = capacity;
	return true;
}

static void put(struct raft *r, struct raft_message *m, uint64_t needs)
{
	if (!make_room(r)) {
		raft_message_release(m);
		return;
	}
	m->from = r->config.id;
	if (!m->term)
		m->term = r->term;
	r->outbox.items[r->outbox.count++] = (struct outgoing){ .message = *m, .needs = needs };
}

void raft_send(struct raft *r, struct raft_message m)
{
	put(r, &m, 0);
}

void raft_send_stored(struct raft *r, struct raft_message m)
{
	put(r, &m, raft_store_needed(r));
}

/* A promise of an older term that waited for the disk is of no use to anybody now. */
static bool is_outdated(const struct raft *r, const struct outgoing *o)
{
	return o->needs && o->message.term < r->term;
}

static bool is_ready(const struct raft *r, const struct outgoing *o)
{
	return o->needs <= r->storing.done && !is_outdated(r, o);
}

static size_t count_ready(const struct raft *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->outbox.count; i++)
		n += is_ready(r, &r->outbox.items[i]);
	return n;
}

size_t raft_outbox_take(struct raft *r, struct raft_message **ret)
{
	struct outbox *o = &r->outbox;
	size_t ready = count_ready(r), taken = 0, kept = 0;
	struct raft_message *messages;

	if (!ready)
		return 0;
	messages = calloc(ready, sizeof(*messages));
	if (!messages) {
		raft_fail_memory(r, "messages to send");
		return 0;
	}
	for (size_t i = 0; i < o->count; i++) {
		struct outgoing *item = &o->items[i];

		if (is_outdated(r, item))
			raft_message_release(&item->message);
		else if (is_ready(r, item))
			messages[taken++] = item->message;
		else
			o->items[kept++] = *item;
	}
	o->count = kept;
	*ret = messages;
	return taken;
}
