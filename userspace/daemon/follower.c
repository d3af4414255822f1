// SPDX-License-Identifier: Apache-2.0
#include "daemon/follower.h"

#include <stdlib.h>
#include <string.h>

#include "ext/v1/replication.pb-c.h"
#include "raft/entry.h"
#include "rpc/client.h"

enum {
	RETRY_MS = 300,		/* between two sources */
	RETRIES_QUICK = 8,	/* sources in vain after which the pause doubles, and doubles again */
	DOUBLINGS_MAX = 5,
	SILENCE_MS = 5000,	/* a source that lives sends something every second */
};

typedef Webmesh__Ext__V1__FollowEvent follow_event;

struct follower {
	struct follower_config config;
	struct rpc_channel *channel;
	struct rpc_client_call *call;	/* NULL: no stream */
	uv_timer_t timer;	/* the next try while there is no stream, else the end of patience */
	size_t turn;		/* which source is next */
	unsigned int failures;	/* sources in a row that have brought nothing */
	char source[NODE_ID_MAX + 1];
	char leader[NODE_ID_MAX + 1];
	uint64_t commit_index;
	uint64_t fresh_at;	/* uv_now() at which the state was current; 0: never */
	/* The batch on its way to the disk. */
	struct log_entry *entries;
	size_t n_entries;
	struct log_batch batch;
	struct hard_state hard_state;
	bool closing;
	void (*closed)(void *data);
	void *closed_data;
};

static void connect_next(struct follower *f);

static void on_timer(uv_timer_t *timer)
{
	struct follower *f = timer->data;

	if (f->call)
		rpc_client_cancel(f->call);	/* `done` tries the next source */
	else
		connect_next(f);
}

static void arm(struct follower *f, uint64_t ms)
{
	uv_timer_start(&f->timer, on_timer, ms, 0);
}

static void arm_retry(struct follower *f)
{
	unsigned int doublings = f->failures++ / RETRIES_QUICK;

	arm(f, (uint64_t)RETRY_MS << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX));
}

static void forget_entries(struct follower *f)
{
	for (size_t i = 0; i < f->n_entries; i++)
		free((void *)f->entries[i].data);
	free(f->entries);
	f->entries = NULL;
	f->n_entries = 0;
}

/* ---- storing and applying what came ---- */

static void tell_configuration(void *data, const struct log_entry *entry,
			       const struct apply_result *result)
{
	struct follower *f = data;

	if (entry->kind == RAFT_ENTRY_CONFIGURATION)
		f->config.configuration(f->config.data, entry);
}

static void written(void *data, const struct error *write_error)
{
	struct follower *f = data;
	struct error err = *write_error;

	if (err.kind == ERR_NONE)
		applier_apply(f->config.state, f->entries, f->n_entries, &f->config.listener,
			      tell_configuration, f, &err);
	forget_entries(f);
	if (err.kind != ERR_NONE)
		f->config.failed(f->config.data, &err);
	else if (f->call && !f->closing)
		rpc_client_read(f->call);
}

/* Entries must go on where ours end: a source that skips is no source. */
static int copy_entries(struct follower *f, const follow_event *event, struct error *err)
{
	uint64_t next = state_store_applied(f->config.state) + 1;

	f->entries = calloc(event->n_entries, sizeof(*f->entries));
	if (!f->entries)
		return error_set(err, ERR_MEMORY, "no memory for %zu log entries", event->n_entries);
	for (size_t i = 0; i < event->n_entries; i++) {
		const Webmesh__Ext__V1__LogEntry *e = event->entries[i];
		void *copy = malloc(e->data.len + 1);

		if (!copy)
			return error_set(err, ERR_MEMORY, "no memory for a log entry");
		if (e->data.len)
			memcpy(copy, e->data.data, e->data.len);
		f->entries[f->n_entries++] = (struct log_entry){ .index = e->index, .term = e->term,
								 .kind = e->kind,
								 .len = (uint32_t)e->data.len,
								 .data = copy };
		if (e->index != next + i)
			return error_set(err, ERR_CORRUPT, "%s sent entry %lu where %lu was due",
					 f->source, (unsigned long)e->index,
					 (unsigned long)(next + i));
	}
	return 0;
}

/*
 * What lies behind the applied index was never committed for us: it is from a
 * time when this node was a server, and the committed entries replace it.
 */
static int store(struct follower *f, struct error *err)
{
	struct log_writer_bounds bounds = log_writer_bounds(f->config.writer);
	uint64_t first = f->entries[0].index, term = f->entries[f->n_entries - 1].term;

	f->hard_state = bounds.hard_state;
	f->hard_state.commit = first - 1;
	if (term > f->hard_state.term) {
		f->hard_state.term = term;
		f->hard_state.vote = 0;
	}
	f->batch = (struct log_batch){ .truncate_from = bounds.last >= first ? first : 0,
				       .entries = f->entries, .n_entries = f->n_entries,
				       .hard_state = &f->hard_state };
	return log_writer_append(f->config.writer, &f->batch, written, f, err);
}

static void on_message(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const follow_event *event = (const follow_event *)msg;
	struct follower *f = ctx;
	struct error err = { 0 };
	uint64_t now = uv_now(f->config.loop);

	if (f->closing)
		return;	/* it was under way when the call was cancelled; the log is another's now */
	arm(f, SILENCE_MS);
	f->failures = 0;
	f->commit_index = event->commit_index;
	strncpy(f->leader, event->leader_id, sizeof(f->leader) - 1);
	if (event->state_age_ms < now)
		f->fresh_at = now - event->state_age_ms;
	if (event->n_entries == 0) {
		rpc_client_read(call);
	} else if (copy_entries(f, event, &err) < 0 || store(f, &err) < 0) {
		forget_entries(f);
		f->config.source_changed(f->config.data, NULL, err.text);
		rpc_client_cancel(call);
	}
}

/* ---- sources ---- */

static void drop_channel(struct follower *f)
{
	rpc_channel_free(f->channel);
	f->channel = NULL;
}

static void finish_close(struct follower *f)
{
	if (f->closed)
		f->closed(f->closed_data);
	free(f);
}

static void timer_closed(uv_handle_t *handle)
{
	struct follower *f = handle->data;

	handle->data = NULL;
	if (!f->call)
		finish_close(f);
}

static void on_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct follower *f = ctx;

	f->call = NULL;
	drop_channel(f);
	if (!f->closing) {
		f->config.source_changed(f->config.data, NULL,
					 err->kind == ERR_NONE ? "the source ended the stream" : err->text);
		arm_retry(f);
	} else if (!f->timer.data) {
		finish_close(f);
	}
}

static int follow(struct follower *f, const struct directory_entry *source, struct error *err)
{
	static const struct rpc_client_ops ops = { .message = on_message, .done = on_done };
	const struct rpc_target target = { .service = &webmesh__ext__v1__replication__descriptor,
					   .method = "Follow" };
	const struct rpc_channel_config config = {
		.address = source->address,
		.ca_pem = f->config.identity->ca_pem,
		.cert_pem = f->config.identity->cert_pem,
		.key_pem = f->config.identity->key_pem,
	};
	Webmesh__Ext__V1__FollowRequest request = WEBMESH__EXT__V1__FOLLOW_REQUEST__INIT;
	int r = rpc_channel_new(&config, &f->channel, err);

	if (r < 0)
		return r;
	request.from_index = state_store_applied(f->config.state) + 1;
	r = rpc_client_stream(f->config.pump, f->channel, &target, &request.base, &ops, f, &f->call,
			      err);
	if (r < 0)
		drop_channel(f);
	return r;
}

/* A batch may still be on its way to the disk: the next stream must begin behind it. */
static void connect_next(struct follower *f)
{
	struct directory dir;
	struct error err = { 0 };
	const struct directory_entry *source;

	arm(f, RETRY_MS);
	if (log_writer_busy(f->config.writer) || f->config.sources(f->config.data, &dir, &err) < 0 ||
	    dir.count == 0)
		return;
	source = &dir.entries[f->turn++ % dir.count];
	memcpy(f->source, source->node_id, sizeof(f->source));
	if (follow(f, source, &err) < 0) {
		f->config.source_changed(f->config.data, NULL, err.text);
		return;
	}
	arm(f, SILENCE_MS);
	f->config.source_changed(f->config.data, f->source, source->address);
	rpc_client_read(f->call);
}

/* ---- start and end ---- */

int follower_new(const struct follower_config *config, struct follower **ret, struct error *err)
{
	struct follower *f = calloc(1, sizeof(*f));

	if (!f)
		return error_set(err, ERR_MEMORY, "no memory for a follower");
	f->config = *config;
	uv_timer_init(config->loop, &f->timer);
	f->timer.data = f;
	arm(f, 0);
	*ret = f;
	return 0;
}

void follower_free(struct follower *f, void (*closed)(void *data), void *data)
{
	log_writer_forget(f->config.writer);
	forget_entries(f);
	f->closing = true;
	f->closed = closed;
	f->closed_data = data;
	if (f->call)
		rpc_client_cancel(f->call);
	uv_close((uv_handle_t *)&f->timer, timer_closed);
}

const char *follower_leader(const struct follower *f)
{
	return f->leader;
}

uint64_t follower_commit_index(const struct follower *f)
{
	return f->commit_index;
}

uint64_t follower_state_age(const struct follower *f)
{
	return f->fresh_at ? uv_now(f->config.loop) - f->fresh_at : UINT64_MAX;
}
