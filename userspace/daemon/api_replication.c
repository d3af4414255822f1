// SPDX-License-Identifier: Apache-2.0
/*
 * webmesh.ext.v1.Replication: serves the committed log to those who follow, and the state
 * to those whose place in it is compacted away, or was never in it.  Only what this node has applied
 * is sent: that is committed for sure.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/api.h"
#include "daemon/history.h"
#include "daemon/snapshots.h"
#include "ext/v1/replication.pb-c.h"
#include "store/state_query.h"

enum {
	BATCH_BYTES = 256 * 1024,
	BATCH_ENTRIES = 512,
};

typedef Webmesh__Ext__V1__LogEntry log_message;

/* Whether this node leads for sure, asked for a follower that may be gone when the answer comes. */
struct question {
	struct following *f;	/* NULL: it is */
};

/* One follower's stream. */
struct following {
	struct following *next;
	struct daemon *daemon;
	struct rpc_call *call;
	uint64_t next_index;
	uint64_t previous_term;	/* of the entry before it, as the follower told */
	unsigned int histories;	/* replica_histories() when it was placed */
	struct question *question;	/* NULL: none is open */
	bool confirmed;		/* its answer was yes */
	bool placed;		/* what it has, goes on here; or is to be replaced: */
	bool forked;
	struct snapshot_file *snapshot;	/* NULL: none on its way */
	uint64_t offset;	/* of the next piece of it */
	bool full;	/* its queue: `writable` goes on */
	bool ended;	/* by us: only `gone` is still to come */
};

struct event {
	Webmesh__Ext__V1__FollowEvent message;
	log_message entries[BATCH_ENTRIES];
	log_message *list[BATCH_ENTRIES];
};

static void fill_head(struct daemon *d, Webmesh__Ext__V1__FollowEvent *m,
		      struct replica_status *status)
{
	replica_status(d->replica, status);
	webmesh__ext__v1__follow_event__init(m);
	m->commit_index = status->commit_index;
	m->leader_id = (char *)status->leader;
	m->state_age_ms = status->state_age_ms;
}

static int add_entry(const struct log_entry *entry, void *data)
{
	struct event *event = data;
	size_t at = event->message.n_entries;
	log_message *m = &event->entries[at];
	void *copy = malloc(entry->len + 1);	/* the store's bytes live during this call only */

	if (!copy)
		return -ERR_MEMORY;
	if (entry->len)
		memcpy(copy, entry->data, entry->len);
	webmesh__ext__v1__log_entry__init(m);
	m->index = entry->index;
	m->term = entry->term;
	m->kind = entry->kind;
	m->data.data = copy;
	m->data.len = entry->len;
	event->list[at] = m;
	return ++event->message.n_entries == BATCH_ENTRIES;
}

static int send_batch(struct following *f, uint64_t applied, struct event *event,
		      struct error *err)
{
	struct replica_status status;
	int r;

	fill_head(f->daemon, &event->message, &status);
	event->message.entries = event->list;
	r = replica_read_log(f->daemon->replica, f->next_index, applied, BATCH_BYTES, add_entry,
			     event, err);
	if (r >= 0)
		r = rpc_send(f->call, &event->message.base, err);
	if (r == 0)
		f->next_index += event->message.n_entries;
	for (size_t i = 0; i < event->message.n_entries; i++)
		free(event->entries[i].data.data);
	return r;
}

/* 1: a piece is sent; 0: there is none yet. */
static int send_piece(struct following *f, struct error *err)
{
	Webmesh__Ext__V1__SnapshotPiece piece = WEBMESH__EXT__V1__SNAPSHOT_PIECE__INIT;
	struct replica_status status;
	Webmesh__Ext__V1__FollowEvent m;
	uint8_t *data = malloc(BATCH_BYTES);
	ssize_t n;
	int r;

	if (!data)
		return error_set(err, ERR_MEMORY, "no memory for a snapshot");
	n = pread(f->snapshot->fd, data, BATCH_BYTES, (off_t)f->offset);
	if (n <= 0) {
		free(data);
		return error_set(err, ERR_IO, "the snapshot cannot be read");
	}
	fill_head(f->daemon, &m, &status);
	m.snapshot = &piece;
	piece.index = f->snapshot->info.index;
	piece.term = f->snapshot->info.term;
	piece.size = f->snapshot->info.size;
	piece.offset = f->offset;
	piece.other_history = f->forked;
	piece.data.data = data;
	piece.data.len = (size_t)n;
	r = rpc_send(f->call, &m.base, err);
	free(data);
	if (r == 0)
		f->offset += (uint64_t)n;
	return r < 0 ? r : 1;
}

static void end_snapshot(struct following *f)
{
	f->next_index = f->snapshot->info.index + 1;
	snapshot_file_put(f->snapshot);
	f->snapshot = NULL;
	f->forked = false;
}

/* 1: something is sent, go on; 0: nothing to send now. */
static int push_snapshot(struct following *f, uint64_t first, struct error *err)
{
	const char *trouble;
	int r;

	if (!f->snapshot) {
		f->offset = 0;
		f->snapshot = snapshots_get(replica_snapshots(f->daemon->replica), first - 1,
					    &trouble);
	}
	if (!f->snapshot)
		return *trouble ?
			error_set(err, ERR_UNAVAILABLE, "no snapshot: %.300s", trouble) : 0;
	r = send_piece(f, err);
	if (r > 0 && f->offset >= f->snapshot->info.size)
		end_snapshot(f);
	return r;
}

/* Where the disk is slow, reading waits until it is not: whoever leads has better things to do. */
static int push_entries(struct following *f, struct event *event, struct error *err)
{
	uint64_t applied = state_store_applied(f->daemon->state);
	int r;

	if (f->next_index > applied || replica_log_stalls(f->daemon->replica))
		return 0;
	r = send_batch(f, applied, event, err);
	return r < 0 ? r : 1;
}

static int push_one(struct following *f, struct event *event, struct error *err)
{
	uint64_t first = replica_first_index(f->daemon->replica);

	if (f->snapshot || f->forked || f->next_index < first)
		return push_snapshot(f, first, err);
	return push_entries(f, event, err);
}

static void end(struct following *f, const struct error *err)
{
	f->ended = true;
	rpc_fail(f->call, err);
}

static void send_heartbeat(struct following *f)
{
	Webmesh__Ext__V1__FollowEvent m;
	struct replica_status status;
	struct error err;

	fill_head(f->daemon, &m, &status);
	if (rpc_send(f->call, &m.base, &err) == -ERR_EXHAUSTED)
		f->full = true;
}

/* ---- whether what a follower has is the beginning of what is here ---- */

static void push(struct following *f);

static int describe(const struct following *f, struct history_claim *ret, struct error *err)
{
	struct daemon *d = f->daemon;
	uint64_t base = replica_first_index(d->replica) - 1;
	uint64_t applied = state_store_applied(d->state), index = f->next_index - 1;

	*ret = (struct history_claim){ .index = index, .term = f->previous_term,
				       .where = HISTORY_WITHIN, .leads = replica_leads(d->replica),
				       .confirmed = f->confirmed };
	if (index > applied) {
		ret->where = HISTORY_AHEAD;
		index = applied;
	} else if (index < base) {
		ret->where = HISTORY_BEFORE;
		index = base;
	}
	return replica_term_at(d->replica, index, &ret->own_term, err);
}

static void answered(void *data, const struct error *err)
{
	struct question *question = data;
	struct following *f = question->f;

	free(question);
	if (!f)
		return;
	f->question = NULL;
	if (f->ended)
		return;
	f->confirmed = err->kind == ERR_NONE;
	if (f->confirmed)
		push(f);
	else
		end(f, err);
}

static int ask(struct following *f, struct error *err)
{
	struct question *question = malloc(sizeof(*question));
	int r;

	if (!question)
		return error_set(err, ERR_MEMORY, "no memory for a follower");
	question->f = f;
	r = replica_read(f->daemon->replica, answered, question, err);
	if (r < 0)
		free(question);
	else
		f->question = question;
	return r;
}

static int refuse(const struct following *f, const struct history_claim *claim, struct error *err)
{
	if (claim->where == HISTORY_AHEAD)
		return error_set(err, ERR_PRECONDITION,
				 "from_index: %lu is ahead of this node, which has %lu: ask another",
				 (unsigned long)f->next_index,
				 (unsigned long)state_store_applied(f->daemon->state));
	return error_set(err, ERR_PRECONDITION,
			 "previous_term: entry %lu is of term %lu on this node, not %lu: ask another",
			 (unsigned long)claim->index, (unsigned long)claim->own_term,
			 (unsigned long)claim->term);
}

static void begin(struct following *f, bool forked)
{
	f->placed = true;
	f->forked = forked;
	f->histories = replica_histories(f->daemon->replica);
	if (forked)
		log_warn("follower-forked", "node=%s from-index=%lu previous-term=%lu",
			 rpc_call_identity(f->call)->id, (unsigned long)f->next_index,
			 (unsigned long)f->previous_term);
	send_heartbeat(f);
}

static int place(struct following *f, struct error *err)
{
	struct history_claim claim;
	int r = describe(f, &claim, err);

	if (r < 0)
		return r;
	switch (history_judge(&claim)) {
	case HISTORY_GOES_ON:
		begin(f, false);
		return 0;
	case HISTORY_FORKED:
		begin(f, true);
		return 0;
	case HISTORY_UNCLEAR:
		return ask(f, err);
	case HISTORY_UNKNOWN:
		break;
	}
	return refuse(f, &claim, err);
}

/* Where the state was replaced meanwhile, it has to ask anew. */
static bool is_placed(struct following *f)
{
	struct error err = { 0 };

	if (f->placed && f->histories != replica_histories(f->daemon->replica))
		error_set(&err, ERR_UNAVAILABLE, "the state here was replaced: ask again");
	else if (!f->placed && !f->question && !replica_log_stalls(f->daemon->replica))
		place(f, &err);
	if (err.kind != ERR_NONE)
		end(f, &err);
	return f->placed && !f->ended;
}

static bool has_something(const struct following *f)
{
	return f->snapshot || f->forked || f->next_index <= state_store_applied(f->daemon->state);
}

static void push(struct following *f)
{
	struct event *event;
	struct error err = { 0 };
	int r = 1;

	if (f->full || f->ended || !is_placed(f) || !has_something(f))
		return;
	event = malloc(sizeof(*event));
	if (!event)
		r = error_set(&err, ERR_MEMORY, "no memory for log entries");
	while (r > 0 && !f->full && !f->ended) {
		r = push_one(f, event, &err);
		f->full = r == -ERR_EXHAUSTED;
		if (f->full)
			r = 0;
	}
	free(event);
	if (r < 0)
		end(f, &err);
}

static void on_writable(struct rpc_call *call, void *ctx)
{
	struct following *f = ctx;

	f->full = false;
	push(f);
}

static void on_gone(struct rpc_call *call, bool cancelled, void *ctx)
{
	struct following *f = ctx, **at = &f->daemon->followers;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	if (f->daemon->serving == f)
		f->daemon->serving = f->next;
	snapshot_file_put(f->snapshot);
	if (f->question)
		f->question->f = NULL;
	free(f);
}

unsigned int api_follow_count(const struct daemon *d)
{
	unsigned int n = 0;

	for (const struct following *f = d->followers; f; f = f->next)
		n++;
	return n;
}

/* Who is to vote does not wait for a place. */
static bool may_vote(struct daemon *d, const char *node_id)
{
	struct certificate cert;

	return state_get_certificate_of(d->state, node_id, &cert,
					NULL) == 0 && cert.role == NODE_VOTER;
}

static int check(struct daemon *d, const char *node_id, uint64_t from, struct error *err)
{
	if (from < 1)
		return error_set(err, ERR_INVALID, "from_index: 0; the first is 1");
	if (strcmp(replica_source(d->replica), node_id) == 0)
		return error_set(err, ERR_PRECONDITION, "%s follows %s itself: ask another",
				 d->settings.id, node_id);
	if (api_follow_count(d) >= d->settings.followers_max && !may_vote(d, node_id))
		return error_set(err, ERR_EXHAUSTED, "%u followers are served here: ask another",
				 d->settings.followers_max);
	return 0;
}

void api_follow(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	static const struct rpc_call_ops ops = { .writable = on_writable, .gone = on_gone };
	const Webmesh__Ext__V1__FollowRequest *q = (const Webmesh__Ext__V1__FollowRequest *)request;
	struct following *f;
	struct daemon *d = user;
	struct error err;

	if (check(d, rpc_call_identity(call)->id, q->from_index, &err) < 0) {
		rpc_fail(call, &err);
		return;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		api_fail(call, ERR_MEMORY, "no memory for a follower");
		return;
	}
	*f = (struct following){ .next = d->followers, .daemon = d, .call = call,
				 .next_index = q->from_index, .previous_term = q->previous_term };
	d->followers = f;
	rpc_call_set_ops(call, &ops, f);
	push(f);
}

static bool begin_round(void *data)
{
	struct daemon *d = data;

	d->serving = d->followers;
	return d->serving;
}

static bool serve_next(void *data)
{
	struct daemon *d = data;
	struct following *f = d->serving;

	if (!f)
		return false;
	d->serving = f->next;
	push(f);
	return d->serving;
}

void api_follow_start(struct daemon *d)
{
	static const struct rounds_ops ops = { .begin = begin_round, .serve = serve_next };

	rounds_init(&d->rounds, &d->loop, &ops, d);
}

void api_follow_changed(struct daemon *d)
{
	rounds_want(&d->rounds, api_follow_count(d));
}

void api_follow_heartbeat(struct daemon *d)
{
	struct following *next;

	for (struct following *f = d->followers; f; f = next) {
		next = f->next;
		if (!f->full && !f->ended && is_placed(f))
			send_heartbeat(f);
	}
}

void api_follow_removed(struct daemon *d, const char *node_id)
{
	for (struct following *f = d->followers; f; f = f->next) {
		if (f->ended || strcmp(rpc_call_identity(f->call)->id, node_id) != 0)
			continue;
		push(f);
		if (f->ended)
			continue;
		f->ended = true;
		rpc_finish(f->call);
	}
}
