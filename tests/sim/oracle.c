// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"

typedef unsigned long long ull;

void violate(struct cluster *c, const char *fmt, ...)
{
	struct oracle *o = &c->oracle;
	va_list args;

	if (o->violation[0])
		return;
	va_start(args, fmt);
	vsnprintf(o->violation, sizeof(o->violation), fmt, args);
	va_end(args);
	trace(c, "VIOLATION: %s", o->violation);
}

void oracle_fini(struct oracle *o)
{
	free(o->committed);
	free(o->granted);
	machine_fini(&o->state);
	free(o->prefixes);
	free(o->leaders);
}

static struct known_prefix *prefix_slot(struct oracle *o, uint64_t index, uint64_t term)
{
	size_t mask = o->prefix_capacity - 1;
	size_t at = (index * 0x9e3779b97f4a7c15u ^ term * 0xbf58476d1ce4e5b9u) >> 20 & mask;

	while (o->prefixes[at].index &&
	       (o->prefixes[at].index != index || o->prefixes[at].term != term))
		at = (at + 1) & mask;
	return &o->prefixes[at];
}

static void grow_prefixes(struct oracle *o)
{
	struct known_prefix *old = o->prefixes;
	size_t old_capacity = o->prefix_capacity;

	if (o->prefix_count * 2 < o->prefix_capacity)
		return;
	o->prefix_capacity = old_capacity ? old_capacity * 2 : 256;
	o->prefixes = calloc(o->prefix_capacity, sizeof(o->prefixes[0]));
	if (!o->prefixes)
		err(2, "oracle");
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].index)
			*prefix_slot(o, old[i].index, old[i].term) = old[i];
	free(old);
}

void oracle_check_log(struct server *s, uint64_t from)
{
	struct oracle *o = &s->cluster->oracle;

	for (uint64_t i = from; i <= s->view.last; i++) {
		const struct log_item *item = log_model_at(&s->view, i);
		struct known_prefix *known;

		grow_prefixes(o);
		known = prefix_slot(o, i, item->entry->term);
		if (!known->index) {
			*known = (struct known_prefix){ i, item->entry->term, item->prefix };
			o->prefix_count++;
		} else if (known->prefix != item->prefix) {
			violate(s->cluster, "log matching: two logs have entry %llu of term %llu, "
				"and S%llu differs at or before it", (ull)i, (ull)item->entry->term,
				(ull)s->id);
		}
	}
}

static void check_vote(struct server *s, const struct raft_message *m, uint64_t candidate)
{
	if (s->disk.term < m->term || (s->disk.term == m->term && s->disk.vote != candidate))
		violate(s->cluster, "stored votes: S%llu speaks for S%llu in term %llu, its disk "
			"has term %llu vote %llu", (ull)s->id, (ull)candidate, (ull)m->term,
			(ull)s->disk.term, (ull)s->disk.vote);
}

void oracle_check_message(struct server *s, const struct raft_message *m)
{
	if (m->type == RAFT_VOTE)
		check_vote(s, m, s->id);
	else if (m->type == RAFT_VOTE_REPLY && !m->reject)
		check_vote(s, m, m->to);
	else if (m->type == RAFT_APPEND_REPLY && !m->reject &&
		 (s->disk.log.last < m->log_index || s->disk.term < m->term))
		violate(s->cluster, "stored entries: S%llu acknowledges entry %llu of term %llu, "
			"its disk has %llu of %llu", (ull)s->id, (ull)m->log_index, (ull)m->term,
			(ull)s->disk.log.last, (ull)s->disk.term);
}

static uint64_t *leader_of(struct oracle *o, uint64_t term)
{
	if (term >= o->leaders_capacity) {
		size_t capacity = term * 2 + 64;

		o->leaders = realloc(o->leaders, capacity * sizeof(o->leaders[0]));
		if (!o->leaders)
			err(2, "oracle");
		memset(o->leaders + o->leaders_capacity, 0,
		       (capacity - o->leaders_capacity) * sizeof(o->leaders[0]));
		o->leaders_capacity = capacity;
	}
	return &o->leaders[term];
}

/*
 * Of one who stood still while others were elected is asked only what was committed before his
 * term.
 */
static void check_completeness(struct server *s, uint64_t term)
{
	struct oracle *o = &s->cluster->oracle;

	for (uint64_t i = 1; i <= o->commit; i++)
		if (o->committed[i - 1].by_term < term &&
		    log_model_term(&s->view, i) != o->committed[i - 1].term) {
			violate(s->cluster, "leader completeness: S%llu leads term %llu and has "
				"not entry %llu of term %llu, which was committed", (ull)s->id,
				(ull)term, (ull)i, (ull)o->committed[i - 1].term);
			return;
		}
}

static void check_leadership(struct server *s, const struct raft_status *now)
{
	struct oracle *o = &s->cluster->oracle;
	uint64_t *leader = leader_of(o, now->term);

	if (now->role != RAFT_LEADER || *leader == s->id)
		return;
	if (*leader) {
		violate(s->cluster, "election safety: S%llu and S%llu both lead term %llu",
			(ull)*leader, (ull)s->id, (ull)now->term);
		return;
	}
	*leader = s->id;
	o->elections++;
	check_completeness(s, now->term);
}

static unsigned int count_disks(struct server *s, uint64_t index, uint64_t term)
{
	const struct raft_configuration *conf = raft_configuration(s->raft);
	unsigned int n = 0;

	for (unsigned int i = 0; i < conf->count; i++) {
		const struct server *other = &s->cluster->servers[conf->servers[i].id];

		n += conf->servers[i].role == RAFT_VOTER &&
		     log_model_term(&other->disk.log, index) == term;
	}
	return n;
}

/* When a leader commits, a majority of the voters must have it on their disks at that moment. */
static void check_durability(struct server *s, const struct raft_status *now)
{
	unsigned int voters = raft_configuration_voters(raft_configuration(s->raft));
	unsigned int disks;

	if (now->role != RAFT_LEADER || s->seen.role != RAFT_LEADER ||
	    now->commit_index == s->seen.commit_index)
		return;
	disks = count_disks(s, now->commit_index, now->term);
	if (disks <= voters / 2)
		violate(s->cluster, "durability: S%llu commits entry %llu of term %llu, which %u "
			"of %u voters have on disk", (ull)s->id, (ull)now->commit_index,
			(ull)now->term, disks, voters);
}

uint64_t oracle_value_at(const struct oracle *o, uint64_t index)
{
	return index ? o->committed[index - 1].value : 0;
}

static void commit_one(struct server *s, uint64_t index, uint64_t by_term)
{
	struct oracle *o = &s->cluster->oracle;
	const struct raft_entry *entry = log_model_at(&s->view, index)->entry;
	struct committed now = { .term = entry->term, .by_term = by_term,
				 .hash = entry_hash(entry) };

	if (index <= o->commit) {
		if (o->committed[index - 1].hash != now.hash)
			violate(s->cluster, "state machine safety: S%llu commits entry %llu of "
				"term %llu, committed before was one of term %llu", (ull)s->id,
				(ull)index, (ull)now.term, (ull)o->committed[index - 1].term);
		return;
	}
	if (o->commit == o->committed_capacity) {
		o->committed_capacity = o->committed_capacity ? o->committed_capacity * 2 : 256;
		o->committed = realloc(o->committed, o->committed_capacity * sizeof(now));
		if (!o->committed)
			err(2, "oracle");
	}
	machine_apply(&o->state, entry);
	now.value = o->state.value;
	now.digest = o->state.digest;
	o->committed[o->commit++] = now;
}

static void check_monotonic(struct server *s, const struct raft_status *now)
{
	if (now->term < s->seen.term)
		violate(s->cluster, "term of S%llu falls from %llu to %llu", (ull)s->id,
			(ull)s->seen.term, (ull)now->term);
	if (now->commit_index < s->seen.commit_index)
		violate(s->cluster, "commit index of S%llu falls from %llu to %llu", (ull)s->id,
			(ull)s->seen.commit_index, (ull)now->commit_index);
	if (now->applied_index > now->stored_index)
		violate(s->cluster, "S%llu has applied %llu and stored only %llu", (ull)s->id,
			(ull)now->applied_index, (ull)now->stored_index);
}

/* What is committed but not stored at @s cannot be seen from outside yet; its turn comes. */
void oracle_check_state(struct server *s)
{
	struct raft_status now;
	uint64_t to;

	raft_status(s->raft, &now);
	check_monotonic(s, &now);
	check_leadership(s, &now);
	check_durability(s, &now);
	to = now.commit_index < now.stored_index ? now.commit_index : now.stored_index;
	while (s->checked_commit < to)
		commit_one(s, ++s->checked_commit, now.term);
	s->seen = now;
}

void oracle_check_applied(struct server *s, const struct raft_entry *entry)
{
	const struct oracle *o = &s->cluster->oracle;

	if (entry->index != s->state.applied + 1)
		violate(s->cluster, "S%llu applies entry %llu after %llu", (ull)s->id,
			(ull)entry->index, (ull)s->state.applied);
	else if (entry->index > o->commit)
		violate(s->cluster, "S%llu applies entry %llu, committed are %llu", (ull)s->id,
			(ull)entry->index, (ull)o->commit);
	else if (o->committed[entry->index - 1].hash != entry_hash(entry))
		violate(s->cluster, "state machine safety: S%llu applies entry %llu of term %llu, "
			"committed is one of term %llu", (ull)s->id, (ull)entry->index,
			(ull)entry->term, (ull)o->committed[entry->index - 1].term);
}

void oracle_check_machine(struct cluster *c, const struct machine *state, const char *kind,
			  uint64_t id)
{
	const struct oracle *o = &c->oracle;

	if (state->applied > o->commit)
		violate(c, "%s%llu has applied entry %llu, committed are %llu", kind, (ull)id,
			(ull)state->applied, (ull)o->commit);
	else if (state->applied && o->committed[state->applied - 1].digest != state->digest)
		violate(c, "equal states: %s%llu is not what the entries up to %llu make", kind,
			(ull)id, (ull)state->applied);
}

void oracle_check_lease(struct cluster *c, uint64_t request, uint64_t address)
{
	struct oracle *o = &c->oracle;

	if (address >= o->granted_capacity) {
		size_t capacity = address * 2 + 64;

		o->granted = realloc(o->granted, capacity * sizeof(o->granted[0]));
		if (!o->granted)
			err(2, "oracle");
		memset(o->granted + o->granted_capacity, 0,
		       (capacity - o->granted_capacity) * sizeof(o->granted[0]));
		o->granted_capacity = capacity;
	}
	if (o->granted[address] && o->granted[address] != request)
		violate(c,
			"two leases of one address: %llu is told to request %llu, and was to %llu",
			(ull)address, (ull)request, (ull)o->granted[address]);
	o->granted[address] = request;
}
