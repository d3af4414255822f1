// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "cluster.h"

typedef unsigned long long ull;

enum { PAYLOAD_MAX = 512 };

/* Free as far as this server knows: its state, and what it has given away since it leads. */
static uint64_t choose_address(const struct server *s)
{
	return machine_free_address(&s->state, s->reserved_term == s->seen.term ? s->reserved + 1 :
				    1);
}

static bool propose(struct cluster *c, struct server *s, size_t size, uint64_t value,
		    size_t operation)
{
	struct client *client = &c->client;
	uint64_t address = choose_address(s);
	uint8_t payload[PAYLOAD_MAX] = { 0 };
	struct raft_position position;
	struct error error;

	store_u64(payload, value);
	store_u64(payload + 8, address);
	if (size < MACHINE_DATA)
		size = MACHINE_DATA;
	if (raft_propose(s->raft, payload, size < PAYLOAD_MAX ? size : PAYLOAD_MAX, &position,
			 &error)) {
		trace(c, "S%llu refuses write %llu: %s", (ull)s->id, (ull)value, error.text);
		return false;
	}
	trace(c, "S%llu takes write %llu as entry %llu of term %llu", (ull)s->id, (ull)value,
	      (ull)position.index, (ull)position.term);
	s->reserved = address;
	s->reserved_term = position.term;
	client->writes[client->write_count++] = (struct pending_write){
		.server = s->id,
		.incarnation = s->incarnation,
		.position = position,
		.value = value,
		.operation = operation,
	};
	server_pump(s);
	return true;
}

/* A write that is refused was asked for all the same: it stays without an answer for ever. */
bool client_write(struct cluster *c, struct server *s, size_t size)
{
	struct client *client = &c->client;
	uint64_t value = ++client->next_value;

	if (!s->raft || client->write_count == PENDING_MAX)
		return false;
	return propose(c, s, size, value, history_invoke(&client->history, true, value));
}

bool client_retry(struct cluster *c, struct server *s, size_t size)
{
	struct client *client = &c->client;
	struct unknown_write w;

	if (!client->unknown_count || !s->raft || client->write_count == PENDING_MAX)
		return false;
	w = client->unknown[--client->unknown_count];
	return propose(c, s, size, w.value, w.operation);
}

static void note_unknown(struct client *client, const struct pending_write *w)
{
	if (client->unknown_count == UNKNOWN_MAX)
		client->unknown_count--;
	client->unknown[client->unknown_count++] = (struct unknown_write){ w->value, w->operation };
}

bool client_read(struct cluster *c, struct server *s)
{
	struct client *client = &c->client;
	struct pending_read read = {
		.server = s->id,
		.incarnation = s->incarnation,
		.id = ++client->next_value,
		.floor = c->oracle.acknowledged,
	};
	struct error error;

	if (!s->raft || client->read_count == PENDING_MAX)
		return false;
	if (raft_read_index(s->raft, read.id, &error)) {
		trace(c, "S%llu refuses read %llu: %s", (ull)s->id, (ull)read.id, error.text);
		return false;
	}
	trace(c, "S%llu takes read %llu", (ull)s->id, (ull)read.id);
	read.operation = history_invoke(&client->history, false, 0);
	client->reads[client->read_count++] = read;
	server_pump(s);
	return true;
}

static void acknowledge(struct server *s, const struct pending_write *w,
			const struct raft_entry *entry)
{
	struct cluster *c = s->cluster;
	uint64_t lease;

	if (w->position.term != entry->term) {	/* another leader's entry is in its place */
		note_unknown(&c->client, w);
		return;
	}
	if (entry->len < 8 || load_u64(entry->data) != w->value)
		violate(c, "S%llu applies entry %llu of term %llu, which is not the write it took "
			"there", (ull)s->id, (ull)entry->index, (ull)entry->term);
	trace(c, "S%llu acknowledges write %llu", (ull)s->id, (ull)w->value);
	lease = machine_lease(&s->state, w->value);
	c->client.refused += !lease;
	if (lease)
		oracle_check_lease(c, w->value, lease);
	c->client.acknowledged++;
	history_return(&c->client.history, w->operation, w->value);
	if (entry->index > c->oracle.acknowledged)
		c->oracle.acknowledged = entry->index;
}

void client_on_applied(struct server *s, const struct raft_entry *entry)
{
	struct client *client = &s->cluster->client;
	size_t kept = 0;

	for (size_t i = 0; i < client->write_count; i++) {
		const struct pending_write *w = &client->writes[i];

		if (w->server == s->id && w->position.index == entry->index)
			acknowledge(s, w, entry);
		else
			client->writes[kept++] = *w;
	}
	client->write_count = kept;
}

void client_on_read(struct server *s, const struct raft_read *read)
{
	struct cluster *c = s->cluster;
	struct client *client = &c->client;

	trace(c, "S%llu answers read %llu: %s", (ull)s->id, (ull)read->id,
	      read->ok ? "ok" : "lost");
	for (size_t i = 0; i < client->read_count; i++) {
		const struct pending_read *p = &client->reads[i];

		if (p->id != read->id)
			continue;
		if (read->ok && s->state.applied < p->floor)
			violate(c, "stale read: S%llu answers read %llu with entry %llu applied; "
				"entry %llu was acknowledged before it was asked", (ull)s->id,
				(ull)read->id, (ull)s->state.applied, (ull)p->floor);
		if (read->ok)
			history_return(&client->history, p->operation,
				       oracle_value_at(&c->oracle, s->state.applied));
		client->answered += read->ok;
		client->reads[i] = client->reads[--client->read_count];
		return;
	}
	violate(c, "S%llu answers read %llu, which nobody waits for", (ull)s->id, (ull)read->id);
}

/* Nobody waits for what the crashed server had taken; the writes may still be committed. */
void client_on_crash(struct server *s)
{
	struct client *client = &s->cluster->client;
	size_t writes = 0, reads = 0;

	for (size_t i = 0; i < client->write_count; i++) {
		if (client->writes[i].server != s->id)
			client->writes[writes++] = client->writes[i];
		else
			note_unknown(client, &client->writes[i]);
	}
	for (size_t i = 0; i < client->read_count; i++)
		if (client->reads[i].server != s->id)
			client->reads[reads++] = client->reads[i];
	client->write_count = writes;
	client->read_count = reads;
}
