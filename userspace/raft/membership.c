// SPDX-License-Identifier: Apache-2.0
/* Changing who belongs to the cluster, one server at a time: thesis chapter 4. */
#include <string.h>

#include "raft/core.h"

typedef unsigned long long ull;

/* Thesis 4.2.1. */
bool raft_is_voter(const struct raft *r)
{
	return raft_configuration_is_voter(&r->current.configuration, r->config.id);
}

/*
 * Thesis 4.2.2: until its removal is committed a voter may be the only one
 * whose log can win.  Of two, one that has removed itself and the other does
 * not know: the other needs its vote and cannot get it.
 */
bool raft_may_campaign(const struct raft *r)
{
	if (raft_is_voter(r))
		return true;
	return r->current.index > r->commit &&
	       raft_configuration_is_voter(&r->previous.configuration, r->config.id);
}

static bool is_member(const struct raft_membership *m, uint64_t id)
{
	return raft_configuration_lookup(&m->configuration, id) != NULL;
}

/*
 * A removed server still gets the log for a while, so that it learns that it
 * is removed and stays quiet (thesis 4.2.3), unless the next change comes.
 */
static bool has_left(const struct raft *r, const struct raft_progress *p)
{
	if (is_member(&r->current, p->id))
		return false;
	return !is_member(&r->previous, p->id) || p->leaving_ticks >= r->config.election_ticks;
}

/* Thesis 4.2.3. */
static void drop_peers(struct raft *r)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < r->peer_count; i++) {
		if (has_left(r, &r->peers[i]))
			continue;
		if (kept != i)
			r->peers[kept] = r->peers[i];
		kept++;
	}
	r->peer_count = kept;
}

/* Thesis 4.1, 4.2.1: a new server gets the log from now on. */
static void add_peers(struct raft *r)
{
	const struct raft_configuration *c = &r->current.configuration;

	for (unsigned int i = 0; i < c->count; i++) {
		uint64_t id = c->servers[i].id;
		struct raft_progress *p = raft_peer(r, id);

		if (p)
			p->leaving_ticks = 0;
		else if (id != r->config.id)
			raft_progress_init(&r->peers[r->peer_count++], id, r->log.last);
	}
}

/* Thesis 4.2.3: those who were removed are told for an election timeout. */
void raft_membership_tick(struct raft *r)
{
	if (r->current.index > r->commit)
		return;
	for (unsigned int i = 0; i < r->peer_count; i++)
		r->peers[i].leaving_ticks += !is_member(&r->current, r->peers[i].id);
	drop_peers(r);
}

/* Thesis 4.1: a configuration is in effect from the moment it is in the log. */
void raft_membership_appended(struct raft *r, const struct raft_entry *entry)
{
	struct raft_configuration c;
	struct error err;

	if (raft_configuration_decode(entry->data, entry->len, &c, &err)) {
		raft_fail(r, &err);
		return;
	}
	r->previous = r->current;
	r->current.index = entry->index;
	r->current.configuration = c;
	r->changes |= RAFT_CHANGED_CONFIGURATION;
	if (r->role == RAFT_LEADER) {
		drop_peers(r);
		add_peers(r);
	}
}

/*
 * Thesis 4.1: and out of effect when the log loses it.  One step back always
 * suffices, because a leader changes only what is committed.
 */
void raft_membership_truncated(struct raft *r, uint64_t from)
{
	if (r->current.index < from)
		return;
	r->current = r->previous;
	r->changes |= RAFT_CHANGED_CONFIGURATION;
}

/* Thesis 4.2.2: a leader that is no voter any more manages the change, then hands over. */
static void leave_office(struct raft *r)
{
	raft_replicate(r);
	raft_transfer_away(r);
	raft_become_follower(r, r->term, 0);
}

/* Thesis 4.1, 4.2.2. */
void raft_membership_committed(struct raft *r, uint64_t old_commit)
{
	if (r->current.index <= old_commit || r->current.index > r->commit)
		return;
	r->changes |= RAFT_CHANGED_COMMITTED_CONFIGURATION;
	if (is_member(&r->previous, r->config.id) && !is_member(&r->current, r->config.id))
		r->changes |= RAFT_CHANGED_REMOVED;
	if (r->role == RAFT_LEADER && !raft_is_voter(r))
		leave_office(r);
}

/*
 * Thesis 4.2.1: its log should not be so short that it cannot help to commit.
 * In a short log nobody lags, but one that has never answered is not caught up for that.
 */
static int check_caught_up(struct raft *r, uint64_t id, struct error *err)
{
	const struct raft_progress *p = raft_peer(r, id);

	if (p && p->match && p->match + r->config.promote_lag_max >= r->log.last &&
	    p->silent_ticks < r->config.election_ticks)
		return 0;
	return error_set(err, ERR_UNAVAILABLE,
			 "server %llu has the log up to %llu of %llu; try again when it has "
			 "caught up", (ull)id, p ? (ull)p->match : 0, (ull)r->log.last);
}

/* Thesis 4.2.1. */
static int promote(struct raft *r, uint64_t id, struct raft_configuration *c, struct error *err)
{
	struct raft_server *s = (struct raft_server *)raft_configuration_lookup(c, id);
	int rc;

	if (!s)
		return error_set(err, ERR_NOT_FOUND, "server %llu is not in the cluster", (ull)id);
	if (s->role == RAFT_VOTER)
		return error_set(err, ERR_EXISTS, "server %llu (%s) is a voter already", (ull)id,
				 s->name);
	rc = check_caught_up(r, id, err);
	if (!rc)
		s->role = RAFT_VOTER;
	return rc;
}

/* Thesis 4.2.2; without a voter nobody could add one. */
static int remove_server(uint64_t id, struct raft_configuration *c, struct error *err)
{
	if (!raft_configuration_lookup(c, id))
		return error_set(err, ERR_NOT_FOUND, "server %llu is not in the cluster", (ull)id);
	if (raft_configuration_is_voter(c, id) && raft_configuration_voters(c) == 1)
		return error_set(err, ERR_PRECONDITION,
				 "server %llu is the only voter; promote another one first",
				 (ull)id);
	raft_configuration_remove(c, id);
	return 0;
}

static int make_change(struct raft *r, const struct raft_change *change,
		       struct raft_configuration *c, struct error *err)
{
	switch (change->kind) {
	case RAFT_ADD_LEARNER:
		return raft_configuration_add(c, change->id, RAFT_LEARNER, change->name, err);
	case RAFT_PROMOTE:
		return promote(r, change->id, c, err);
	case RAFT_REMOVE:
		return remove_server(change->id, c, err);
	}
	return error_set(err, ERR_INVALID, "unknown membership change %d", (int)change->kind);
}

/*
 * Thesis 4.1: one at a time; and not before an entry of the leader's term is
 * committed, or two changes begun by different leaders could have majorities
 * that do not meet (Ongaro, "bug in single-server membership changes",
 * raft-dev, 2015).
 */
static int check_may_change(struct raft *r, struct error *err)
{
	int rc = raft_check_leader(r, err);

	if (rc)
		return rc;
	if (r->transfer_to)
		return error_set(err, ERR_UNAVAILABLE,
				 "leadership is being handed over; try again");
	if (r->current.index > r->commit)
		return error_set(err, ERR_UNAVAILABLE,
				 "the last membership change is not committed yet; try again");
	if (raft_term_at(r, r->commit) != r->term)
		return error_set(err, ERR_UNAVAILABLE,
				 "this leader has not committed anything of its own term yet; try "
				 "again");
	return 0;
}

static int append_configuration(struct raft *r, const struct raft_configuration *c,
				struct raft_position *ret, struct error *err)
{
	struct buf data = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	int rc;

	rc = raft_configuration_encode(c, &data, err);
	if (!rc) {
		raft_append_own(r, RAFT_ENTRY_CONFIGURATION, data.data, data.len);
		rc = raft_verdict(r, err);
	}
	buf_fini(&data);
	if (!rc)
		*ret = (struct raft_position){ .index = r->log.last, .term = r->term };
	return rc;
}

/* Thesis 4.1: AddServer and RemoveServer, without their waiting. */
int raft_change_membership(struct raft *r, const struct raft_change *change,
			   struct raft_position *ret, struct error *err)
{
	struct raft_configuration c = r->current.configuration;
	int rc;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	rc = check_may_change(r, err);
	if (!rc)
		rc = make_change(r, change, &c, err);
	return rc ? rc : append_configuration(r, &c, ret, err);
}
