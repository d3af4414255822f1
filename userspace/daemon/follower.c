// SPDX-License-Identifier: Apache-2.0
#include "daemon/follower.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "daemon/installer.h"
#include "daemon/node_channel.h"
#include "ext/v1/replication.pb-c.h"
#include "raft/entry.h"
#include "rpc/client.h"

enum {
	RETRY_MS = 300,		/* between two sources */
	/* sources in vain after which the pause doubles, and doubles again */
	RETRIES_QUICK = 8,
	DOUBLINGS_MAX = 5,
	SILENCE_MS = 5000,	/* a source that lives sends something every second */
	/* whose own state is older, for as long, is left: others may do better */
	STALE_MS = 10000,
	COMPACT_STEP = 1024,	/* entries that go with one batch */
};

typedef Webmesh__Ext__V1__FollowEvent follow_event;

struct follower {
	struct follower_config config;
	struct rpc_channel *channel;
	struct rpc_client_call *call;	/* NULL: no stream */
	/* the next try while there is no stream, else the end of patience */
	uv_timer_t timer;
	size_t first, turn;	/* servers are tried from a random one on, then observers */
	unsigned int failures;	/* sources in a row that have brought nothing */
	char source[NODE_ID_MAX + 1];
	char leader[NODE_ID_MAX + 1];
	uint64_t commit_index;
	uint64_t connected_at;	/* uv_now() */
	uint64_t fresh_at;	/* uv_now() at which the state was current; 0: never */
	/* The batch on its way to the disk. */
	struct log_entry *entries;
	size_t n_entries;
	struct log_batch batch;
	struct hard_state hard_state;
	uint64_t compact_to;
	struct installer *installer;
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

static void go_on(struct follower *f, const struct error *err)
{
	if (err->kind != ERR_NONE) {
		f->config.failed(f->config.data, err);
		return;
	}
	if (state_store_applied(f->config.state) >= f->commit_index)
		f->config.caught_up(f->config.data);
	if (f->call && !f->closing)
		rpc_client_read(f->call);
}

static void leave_source(struct follower *f, const struct error *why)
{
	f->config.source_changed(f->config.data, NULL, why->text);
	if (f->call)
		rpc_client_cancel(f->call);
}

static void written(void *data, const struct error *write_error)
{
	struct follower *f = data;
	struct error err = *write_error;

	if (err.kind == ERR_NONE)
		applier_apply(f->config.state, f->entries, f->n_entries, &f->config.listener,
			      tell_configuration, f, &err);
	forget_entries(f);
	if (err.kind == ERR_EXHAUSTED || err.kind == ERR_IO)
		leave_source(f, &err);	/* a full disk, perhaps: what is not applied comes again */
	else
		go_on(f, &err);
}

/* Entries must go on where ours end: a source that skips is no source. */
static int copy_entries(struct follower *f, const follow_event *event, struct error *err)
{
	uint64_t next = state_store_applied(f->config.state) + 1;

	f->entries = calloc(event->n_entries, sizeof(*f->entries));
	if (!f->entries)
		return error_set(err, ERR_MEMORY, "no memory for %zu log entries",
				 event->n_entries);
	for (size_t i = 0; i < event->n_entries; i++) {
		const Webmesh__Ext__V1__LogEntry *e = event->entries[i];
		void *copy = malloc(e->data.len + 1);

		if (!copy)
			return error_set(err, ERR_MEMORY, "no memory for a log entry");
		if (e->data.len)
			memcpy(copy, e->data.data, e->data.len);
		f->entries[f->n_entries++] = (struct log_entry){
			.index = e->index, .term = e->term, .kind = e->kind,
			.len = (uint32_t)e->data.len, .data = copy };
		if (e->index != next + i)
			return error_set(err, ERR_CORRUPT, "%s sent entry %lu where %lu was due",
					 f->source, (unsigned long)e->index,
					 (unsigned long)(next + i));
	}
	return 0;
}

/*
 * How many of the entries that came are in the log already.  The state may be older than
 * the log, which has compacted them then: when it is lost, or the power was.
 */
static int count_known(struct follower *f, const struct log_writer_bounds *bounds, size_t *ret,
		       struct error *err)
{
	uint64_t term;
	size_t n = 0;
	int r = 0;

	while (n < f->n_entries && f->entries[n].index < bounds->first)
		n++;
	while (n < f->n_entries && f->entries[n].index <= bounds->last) {
		r = log_writer_term_at(f->config.writer, f->entries[n].index, &term, err);
		if (r < 0 || term != f->entries[n].term)
			break;
		n++;
	}
	*ret = n;
	return r;
}

static uint64_t next_compaction(const struct follower *f, uint64_t first)
{
	if (f->compact_to < first)
		return 0;
	return f->compact_to - first < COMPACT_STEP ? f->compact_to : first + COMPACT_STEP - 1;
}

/*
 * Behind the applied index lies what this node has stored as a server.  Others may count on it,
 * and so it goes only from where the committed entries, which came now, are others.
 */
static int store(struct follower *f, struct error *err)
{
	struct log_writer_bounds bounds = log_writer_bounds(f->config.writer);
	uint64_t first = f->entries[0].index, term = f->entries[f->n_entries - 1].term;
	size_t known;
	int r = count_known(f, &bounds, &known, err);

	if (r < 0)
		return r;
	f->hard_state = bounds.hard_state;
	if (f->hard_state.commit < first - 1)
		f->hard_state.commit = first - 1;
	if (term > f->hard_state.term) {
		f->hard_state.term = term;
		f->hard_state.vote = 0;
	}
	f->batch = (struct log_batch){
		.truncate_from = known < f->n_entries && bounds.last >= first + known ? first + known : 0,
		.entries = f->entries + known,
		.n_entries = f->n_entries - known,
		.hard_state = &f->hard_state,
		.compact_to = next_compaction(f, bounds.first),
	};
	log_writer_append(f->config.writer, &f->batch, written, f);
	return 0;
}

/* ---- a snapshot instead of entries ---- */

static void installed(void *data, const struct error *err, bool intact)
{
	const struct state_changes everything = { .mesh = true, .members = true };
	struct follower *f = data;

	if (err->kind != ERR_NONE && intact) {
		leave_source(f, err);
		return;
	}
	if (err->kind == ERR_NONE) {
		f->compact_to = 0;	/* it may have been of a longer history */
		f->config.installed(f->config.data);
		f->config.listener.changed(f->config.listener.data, &everything);
	}
	arm(f, SILENCE_MS);
	go_on(f, err);
}

/* 1: it was the last piece, and the stream waits until it is installed. */
static int take_piece(struct follower *f, const Webmesh__Ext__V1__SnapshotPiece *p,
		      struct error *err)
{
	const struct installer_piece piece = {
		.whole = { .index = p->index, .term = p->term, .size = p->size },
		.offset = p->offset, .data = p->data.data, .len = p->data.len,
		.other_history = p->other_history,
	};
	int r = installer_add(f->installer, &piece, err);

	if (r > 0)
		uv_timer_stop(&f->timer);	/* a big one takes its time */
	return r;
}

static int take_event(struct follower *f, const follow_event *event, struct error *err)
{
	int r;

	if (event->snapshot) {
		r = take_piece(f, event->snapshot, err);
	} else if (event->n_entries) {
		r = copy_entries(f, event, err);
		if (r == 0)
			r = store(f, err);
		return r < 0 ? r : 1;
	} else {
		r = 0;
	}
	return r;
}

/*
 * It may be cut off, or follow us by way of others.  Not at once: who comes late gets what there is
 * even where nobody leads.
 */
static bool is_stale(const struct follower *f, const follow_event *event)
{
	return event->state_age_ms > STALE_MS && !event->snapshot && !event->n_entries &&
	       uv_now(f->config.loop) - f->connected_at > STALE_MS;
}

static void on_message(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const follow_event *event = (const follow_event *)msg;
	struct follower *f = ctx;
	struct error err = { 0 };
	uint64_t now = uv_now(f->config.loop);
	int r;

	if (f->closing)
		return;	/* it was under way when the call was cancelled; the log is another's now */
	arm(f, SILENCE_MS);
	f->failures = 0;
	f->first += f->turn;
	f->turn = 0;
	f->commit_index = event->commit_index;
	strncpy(f->leader, event->leader_id, sizeof(f->leader) - 1);
	if (event->state_age_ms < now)
		f->fresh_at = now - event->state_age_ms;
	if (is_stale(f, event))
		r = error_set(&err, ERR_UNAVAILABLE, "%s is not current itself", f->source);
	else
		r = take_event(f, event, &err);
	if (r == 0) {
		if (state_store_applied(f->config.state) >= f->commit_index && !event->snapshot)
			f->config.caught_up(f->config.data);
		rpc_client_read(call);
	} else if (r < 0) {
		forget_entries(f);
		leave_source(f, &err);
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

static void consider_close(struct follower *f)
{
	if (!f->call && !f->installer && !f->timer.data)
		finish_close(f);
}

static void timer_closed(uv_handle_t *handle)
{
	struct follower *f = handle->data;

	handle->data = NULL;
	consider_close(f);
}

static void installer_closed(void *data)
{
	struct follower *f = data;

	f->installer = NULL;
	consider_close(f);
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
	} else {
		consider_close(f);
	}
}

static int follow(struct follower *f, const struct directory_entry *source, struct error *err)
{
	static const struct rpc_client_ops ops = { .message = on_message, .done = on_done };
	const struct rpc_target target = { .service = &webmesh__ext__v1__replication__descriptor,
					   .method = "Follow" };
	Webmesh__Ext__V1__FollowRequest request = WEBMESH__EXT__V1__FOLLOW_REQUEST__INIT;
	int r = node_channel_open(f->config.identity, source, 1, &f->channel, err);

	if (r < 0)
		return r;
	request.from_index = state_store_applied(f->config.state) + 1;
	request.previous_term = state_store_applied_term(f->config.state);
	r = rpc_client_stream(f->config.pump, f->channel, &target, &request.base, &ops, f, &f->call,
			      err);
	if (r < 0)
		drop_channel(f);
	return r;
}

static const struct directory_entry *choose(struct follower *f, const struct directory *dir)
{
	size_t turn = f->turn++ % dir->count;

	return &dir->entries[turn < dir->servers ? (f->first + turn) % dir->servers : turn];
}

/* ---- a log that does not end with the state: one of them was lost, or is older ---- */

static void begun_anew(void *data, const struct error *err)
{
	struct follower *f = data;

	if (err->kind != ERR_NONE)
		f->config.source_changed(f->config.data, NULL, err->text);
	arm(f, err->kind == ERR_NONE ? 0 : RETRY_MS);
}

/* True: the log is on its way. */
static bool begin_anew(struct follower *f)
{
	uint64_t applied = state_store_applied(f->config.state);

	if (f->config.server || log_writer_bounds(f->config.writer).last == applied)
		return false;
	log_writer_replace(f->config.writer, applied, state_store_applied_term(f->config.state),
			   begun_anew, f);
	return true;
}

/* A batch may still be on its way to the disk: the next stream must begin behind it. */
static void connect_next(struct follower *f)
{
	struct directory dir;
	struct error err = { 0 };
	const struct directory_entry *source;

	arm(f, RETRY_MS);
	if (log_writer_busy(f->config.writer) || installer_busy(f->installer) || begin_anew(f) ||
	    f->config.sources(f->config.data, &dir, &err) < 0 || dir.count == 0)
		return;
	source = choose(f, &dir);
	memcpy(f->source, source->node_id, sizeof(f->source));
	if (follow(f, source, &err) < 0) {
		f->config.source_changed(f->config.data, NULL, err.text);
		return;
	}
	arm(f, SILENCE_MS);
	f->connected_at = uv_now(f->config.loop);
	f->config.source_changed(f->config.data, f->source, source->address);
	rpc_client_read(f->call);
}

/* ---- start and end ---- */

int follower_new(const struct follower_config *config, struct follower **ret, struct error *err)
{
	const struct installer_config installer = {
		.loop = config->loop, .writer = config->writer, .state = config->state,
		.snapshots = config->snapshots, .agreement = config->agreement,
		.is_read = config->is_read, .is_read_data = config->is_read_data,
		.path = config->state_path, .server = config->server,
	};
	struct follower *f = calloc(1, sizeof(*f));

	if (!f)
		return error_set(err, ERR_MEMORY, "no memory for a follower");
	f->config = *config;
	f->first = random_u64();
	if (installer_new(&installer, installed, f, &f->installer, err) < 0) {
		free(f);
		return -ERR_MEMORY;
	}
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
	installer_free(f->installer, installer_closed, f);
}

void follower_compact(struct follower *f, uint64_t index)
{
	if (index > f->compact_to)
		f->compact_to = index;
}

bool follower_installing(const struct follower *f)
{
	return installer_busy(f->installer);
}

const char *follower_source(const struct follower *f)
{
	return f->call ? f->source : "";
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
