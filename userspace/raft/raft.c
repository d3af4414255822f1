// SPDX-License-Identifier: Apache-2.0
/* Life, inputs and dispatch of the core. */
#include "raft/raft.h"

#include <stdlib.h>

#include "raft/core.h"

typedef unsigned long long ull;

void raft_config_defaults(struct raft_config *config, uint64_t id, uint64_t seed)
{
	*config = (struct raft_config){
		.id = id,
		.seed = seed,
		.election_ticks = 10,
		.heartbeat_ticks = 2,
		.message_entries_max = 256,
		.message_bytes_max = 512 * 1024,
		.inflight_messages_max = 32,
		.inflight_bytes_max = 4 * 1024 * 1024,
		.uncommitted_bytes_max = 16 * 1024 * 1024,
		.tail_bytes_max = 32 * 1024 * 1024,
		.apply_bytes_max = 1024 * 1024,
		.promote_lag_max = 64,
	};
}

static int check_config(const struct raft_config *c, struct error *err)
{
	const char *bad = NULL;

	if (c->id == 0)
		bad = "id";
	else if (c->heartbeat_ticks == 0 || c->heartbeat_ticks >= c->election_ticks)
		bad = "heartbeat_ticks";
	else if (c->message_entries_max == 0 || c->message_entries_max > RAFT_MESSAGE_ENTRIES_MAX)
		bad = "message_entries_max";
	else if (c->inflight_messages_max == 0 || c->inflight_messages_max > RAFT_INFLIGHT_MAX)
		bad = "inflight_messages_max";
	else if (c->inflight_bytes_max == 0 || c->uncommitted_bytes_max == 0)
		bad = "inflight_bytes_max or uncommitted_bytes_max";
	if (!bad)
		return 0;
	return error_set(err, ERR_INVALID, "raft: %s is out of its range", bad);
}

static int check_start(const struct raft_start *s, struct error *err)
{
	if (s->first_index == 0 || s->last_index + 1 < s->first_index)
		return error_set(err, ERR_CORRUPT, "raft: the log runs from %llu to %llu",
				 (ull)s->first_index, (ull)s->last_index);
	if (s->applied > s->last_index || s->applied + 1 < s->first_index)
		return error_set(err, ERR_CORRUPT,
				 "raft: the state has applied entry %llu, but the log runs from "
				 "%llu to %llu: one of the two is older than the other; restore "
				 "both together",
				 (ull)s->applied, (ull)s->first_index, (ull)s->last_index);
	if (s->last_term > s->term)
		return error_set(err, ERR_CORRUPT,
				 "raft: the log has term %llu, the hard state only %llu",
				 (ull)s->last_term, (ull)s->term);
	if (s->current.index > s->last_index || s->previous.index > s->current.index)
		return error_set(err, ERR_CORRUPT,
				 "raft: configurations at %llu and %llu, the log ends at %llu",
				 (ull)s->previous.index, (ull)s->current.index, (ull)s->last_index);
	return 0;
}

int raft_new(const struct raft_config *config, const struct raft_start *start,
	     const struct raft_log_reader *reader, struct raft **ret, struct error *err)
{
	struct raft *r;
	int rc;

	rc = check_config(config, err);
	if (!rc)
		rc = check_start(start, err);
	if (rc)
		return rc;
	r = calloc(1, sizeof(*r));
	if (!r)
		return error_set(err, ERR_MEMORY, "no memory for the raft core");
	r->config = *config;
	r->random = config->seed;
	r->term = start->term;
	r->vote = start->vote;
	r->commit = r->applying = r->applied = start->applied;
	r->current = start->current;
	r->previous = start->previous;
	r->storing.disk_last = start->last_index;
	raft_log_init(&r->log, start, reader);
	raft_become_follower(r, r->term, 0);
	r->changes = 0;
	*ret = r;
	return 0;
}

void raft_free(struct raft *r)
{
	if (!r)
		return;
	raft_outbox_fini(&r->outbox);
	raft_reads_fini(&r->reads);
	raft_log_fini(&r->log);
	free(r);
}

void raft_fail(struct raft *r, const struct error *why)
{
	if (!raft_has_failed(r))
		r->failure = *why;
}

void raft_fail_memory(struct raft *r, const char *what)
{
	struct error err;

	error_set(&err, ERR_MEMORY, "raft: no memory for %s", what);
	raft_fail(r, &err);
}

bool raft_has_failed(const struct raft *r)
{
	return r->failure.kind != ERR_NONE;
}

const struct error *raft_failure(const struct raft *r)
{
	return raft_has_failed(r) ? &r->failure : NULL;
}

int raft_verdict(const struct raft *r, struct error *err)
{
	if (raft_has_failed(r) && err)
		*err = r->failure;
	return -(int)r->failure.kind;
}

int raft_check_leader(const struct raft *r, struct error *err)
{
	const struct raft_server *leader;

	if (r->role == RAFT_LEADER)
		return 0;
	leader = raft_configuration_lookup(&r->current.configuration, r->leader);
	if (leader)
		return error_set(err, ERR_PRECONDITION, "not the leader: that is %s (server %llu)",
				 leader->name, (ull)leader->id);
	return error_set(err, ERR_PRECONDITION, "not the leader: none is known; try again");
}

uint64_t raft_term_at(struct raft *r, uint64_t index)
{
	struct error err;
	uint64_t term = 0;

	if (raft_log_term_at(&r->log, index, &term, &err))
		raft_fail(r, &err);
	return term;
}

/* Thesis 3.5: only a leader makes entries, and of its own term. */
void raft_append_own(struct raft *r, enum raft_entry_kind kind, const void *data, size_t len)
{
	struct raft_entry *entry = raft_entry_new(r->log.last + 1, r->term, kind, data, len);
	struct error err;

	if (!entry) {
		raft_fail_memory(r, "a log entry");
		return;
	}
	if (raft_log_append(&r->log, entry, &err))
		raft_fail(r, &err);
	else if (kind == RAFT_ENTRY_CONFIGURATION)
		raft_membership_appended(r, entry);
	r->uncommitted_bytes += len;
	raft_entry_unref(entry);
}

/*
 * Thesis 3.5, 3.6.2: what is committed stays.  Entries of a restarted server
 * are not in memory, and so were never counted as uncommitted bytes.
 */
void raft_commit_to(struct raft *r, uint64_t index)
{
	uint64_t old = r->commit;

	if (index > r->log.last)
		index = r->log.last;
	if (index <= old)
		return;
	for (uint64_t i = old + 1; i <= index && r->role == RAFT_LEADER; i++) {
		const struct raft_entry *entry = raft_log_in_memory(&r->log, i);

		r->uncommitted_bytes -= entry ? entry->len : 0;
	}
	r->commit = index;
	raft_membership_committed(r, old);
	raft_log_trim(&r->log, r->commit, r->config.tail_bytes_max);
}

/* Thesis 4.4: one server begins, with a configuration as its first entry. */
int raft_bootstrap(struct raft *r, const char *name, struct error *err)
{
	struct raft_configuration c = { 0 };
	struct buf data = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	int rc;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	if (r->term || r->log.last || r->current.index)
		return error_set(err, ERR_PRECONDITION, "raft: this server has a log already");
	rc = raft_configuration_add(&c, r->config.id, RAFT_VOTER, name, err);
	if (!rc)
		rc = raft_configuration_encode(&c, &data, err);
	if (!rc) {
		r->term = 1;
		r->storing.hard_state_dirty = true;
		raft_append_own(r, RAFT_ENTRY_CONFIGURATION, data.data, data.len);
		rc = raft_verdict(r, err);
	}
	buf_fini(&data);
	return rc;
}

/* Thesis 3.4: the two timers, of elections and of heartbeats. */
int raft_tick(struct raft *r, struct error *err)
{
	if (raft_has_failed(r))
		return raft_verdict(r, err);
	r->storing.wait_tick = false;
	if (r->role == RAFT_LEADER)
		raft_leader_tick(r);
	else
		raft_election_tick(r);
	return raft_verdict(r, err);
}

static int check_entry(const struct raft_entry *e, uint64_t index, uint64_t term_min,
		       uint64_t term_max, struct error *err)
{
	struct raft_configuration c;

	if (e->index != index)
		return error_set(err, ERR_INVALID, "append: entry %llu where %llu belongs",
				 (ull)e->index, (ull)index);
	if (e->term == 0 || e->term < term_min || e->term > term_max)
		return error_set(err, ERR_INVALID,
				 "append: entry %llu has term %llu, outside of %llu to %llu",
				 (ull)index, (ull)e->term, (ull)term_min, (ull)term_max);
	if (e->len > RAFT_ENTRY_BYTES_MAX)
		return error_set(err, ERR_INVALID, "append: entry %llu has %zu bytes", (ull)index,
				 e->len);
	switch (e->kind) {
	case RAFT_ENTRY_DATA:
	case RAFT_ENTRY_NOOP:
		return 0;
	case RAFT_ENTRY_CONFIGURATION:
		return raft_configuration_decode(e->data, e->len, &c, err);
	}
	return error_set(err, ERR_INVALID, "append: entry %llu is of unknown kind %d", (ull)index,
			 (int)e->kind);
}

static int check_entries(const struct raft_message *m, struct error *err)
{
	uint64_t term = m->log_term;

	if (m->entry_count && m->type != RAFT_APPEND)
		return error_set(err, ERR_INVALID, "%s: carries entries",
				 raft_message_name(m->type));
	if (m->entry_count > RAFT_MESSAGE_ENTRIES_MAX)
		return error_set(err, ERR_INVALID, "append: %zu entries are too many",
				 m->entry_count);
	for (size_t i = 0; i < m->entry_count; i++) {
		int rc = check_entry(m->entries[i], m->log_index + 1 + i, term, m->term, err);

		if (rc)
			return rc;
		term = m->entries[i]->term;
	}
	return 0;
}

static int check_message(const struct raft *r, const struct raft_message *m, struct error *err)
{
	if (m->type <= RAFT_MESSAGE_NONE || m->type >= RAFT_MESSAGE_TYPES)
		return error_set(err, ERR_INVALID, "message of unknown type %d", (int)m->type);
	if (m->to != r->config.id || m->from == 0 || m->from == m->to)
		return error_set(err, ERR_INVALID, "%s: from server %llu to %llu, and this is %llu",
				 raft_message_name(m->type), (ull)m->from, (ull)m->to,
				 (ull)r->config.id);
	if (m->term == 0)
		return error_set(err, ERR_INVALID, "%s: term 0", raft_message_name(m->type));
	return check_entries(m, err);
}

/*
 * A sender of an older term learns ours, or it would go on for ever: a leader
 * whose follower has moved ahead (thesis 3.3, 9.6).
 */
static void answer_stale(struct raft *r, const struct raft_message *m)
{
	struct raft_message reply = { .to = m->from, .reject = true };

	switch (m->type) {
	case RAFT_PRE_VOTE:
		reply.type = RAFT_PRE_VOTE_REPLY;
		break;
	case RAFT_VOTE:
		reply.type = RAFT_VOTE_REPLY;
		break;
	case RAFT_APPEND:
		reply.type = RAFT_APPEND_REPLY;
		break;
	case RAFT_HEARTBEAT:
		reply.type = RAFT_HEARTBEAT_REPLY;
		break;
	default:
		return;
	}
	raft_send(r, reply);
}

/* Thesis 3.3: a higher term makes any server a follower; pre-votes only speak of one (9.6). */
static void adopt_term(struct raft *r, const struct raft_message *m)
{
	bool from_leader = m->type == RAFT_APPEND || m->type == RAFT_HEARTBEAT;

	if (m->type == RAFT_PRE_VOTE || (m->type == RAFT_PRE_VOTE_REPLY && !m->reject))
		return;
	raft_become_follower(r, m->term, from_leader ? m->from : 0);
}

static void dispatch(struct raft *r, const struct raft_message *m)
{
	switch (m->type) {
	case RAFT_PRE_VOTE:
	case RAFT_VOTE:
		raft_on_vote_request(r, m);
		break;
	case RAFT_PRE_VOTE_REPLY:
	case RAFT_VOTE_REPLY:
		raft_on_vote_reply(r, m);
		break;
	case RAFT_APPEND:
		raft_on_append(r, m);
		break;
	case RAFT_APPEND_REPLY:
		raft_on_append_reply(r, m);
		break;
	case RAFT_HEARTBEAT:
		raft_on_heartbeat(r, m);
		break;
	case RAFT_HEARTBEAT_REPLY:
		raft_on_heartbeat_reply(r, m);
		break;
	case RAFT_TIMEOUT_NOW:
		raft_on_timeout_now(r, m);
		break;
	case RAFT_MESSAGE_NONE:
	case RAFT_MESSAGE_TYPES:
		break;
	}
}

/* Thesis 3.3: what comes is for the term that it names. */
int raft_step(struct raft *r, const struct raft_message *m, struct error *err)
{
	bool asks_vote = m->type == RAFT_PRE_VOTE || m->type == RAFT_VOTE;
	int rc;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	rc = check_message(r, m, err);
	if (rc)
		return rc;
	/* Thesis 4.2.3: while it hears a leader, a server does not even look at the term. */
	if (asks_vote && m->term > r->term && !m->transfer && raft_sticks_to_leader(r))
		return 0;
	if (m->term > r->term)
		adopt_term(r, m);
	if (m->term < r->term)
		answer_stale(r, m);
	else
		dispatch(r, m);
	return raft_verdict(r, err);
}

/* Thesis 3.5, 6.4; refused during a transfer (3.10). */
int raft_propose(struct raft *r, const void *data, size_t len, struct raft_position *ret,
		 struct error *err)
{
	int rc;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	rc = raft_check_leader(r, err);
	if (rc)
		return rc;
	if (len > RAFT_ENTRY_BYTES_MAX)
		return error_set(err, ERR_INVALID, "a proposal has at most %d bytes, this one %zu",
				 RAFT_ENTRY_BYTES_MAX, len);
	if (r->transfer_to)
		return error_set(err, ERR_UNAVAILABLE,
				 "leadership is being handed over; try again");
	if (r->uncommitted_bytes + len > r->config.uncommitted_bytes_max)
		return error_set(err, ERR_EXHAUSTED,
				 "%zu bytes of proposals wait for a majority to store them; try "
				 "again", r->uncommitted_bytes);
	raft_append_own(r, RAFT_ENTRY_DATA, data, len);
	rc = raft_verdict(r, err);
	if (!rc)
		*ret = (struct raft_position){ .index = r->log.last, .term = r->term };
	return rc;
}
