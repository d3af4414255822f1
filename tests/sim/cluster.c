// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>

typedef unsigned long long ull;

static struct raft_configuration first_configuration(unsigned int voters)
{
	struct raft_configuration conf = { 0 };

	for (unsigned int id = 1; id <= voters; id++) {
		char name[8];

		snprintf(name, sizeof(name), "s%u", id);
		if (raft_configuration_add(&conf, id, RAFT_VOTER, name, NULL))
			errx(2, "configuration of %u", voters);
	}
	return conf;
}

void cluster_init(struct cluster *c, uint64_t seed, unsigned int count, unsigned int voters)
{
	struct raft_configuration conf = first_configuration(voters);

	*c = (struct cluster){ .count = count, .rng = { seed } };
	raft_config_defaults(&c->config, 1, 0);
	for (unsigned int id = 1; id <= count; id++) {
		server_init(&c->servers[id], c, id);
		c->servers[id].bootstraps = voters == 0 && id == 1;
		if (id <= voters)
			server_preset(&c->servers[id], &conf);
	}
}

void cluster_start(struct cluster *c)
{
	for (unsigned int id = 1; id <= c->count; id++)
		server_start(&c->servers[id]);
}

void cluster_fini(struct cluster *c)
{
	for (unsigned int id = 1; id <= c->count; id++)
		server_fini(&c->servers[id]);
	for (unsigned int i = 0; i < c->observer_count; i++)
		observer_fini(&c->observers[i]);
	network_fini(&c->network);
	history_fini(&c->client.history);
	oracle_fini(&c->oracle);
}

bool cluster_failed(const struct cluster *c)
{
	return c->oracle.violation[0] != 0;
}

/* From anybody who answers: what a server has applied is committed, whoever it is. */
static void fetch_snapshot(struct server *s)
{
	struct cluster *c = s->cluster;
	const struct server *from = &c->servers[rng_range(&c->rng, 1, c->count)];

	if (!s->seen.behind) {
		s->snapshot_due = 0;
	} else if (from->raft && !c->network.cut[from->id][s->id] &&
		   !c->network.cut[s->id][from->id]) {
		s->snapshot_due = c->now + TICK;
		server_install(s, from);
	}
}

static void advance_server(struct server *s)
{
	struct cluster *c = s->cluster;

	if (s->stopped_until > c->now)
		return;
	if (s->raft && s->storing.store.sequence && !s->disk_held && s->store_due <= c->now)
		server_finish_store(s);
	if (s->raft && s->applying.apply_count && s->apply_due <= c->now)
		server_finish_apply(s);
	if (s->raft && s->snapshot_due && s->snapshot_due <= c->now)
		fetch_snapshot(s);
	if (s->raft && s->next_tick <= c->now) {
		s->next_tick = c->now + s->tick_period;
		server_tick(s);
	}
}

static void arrive(struct server *s, const struct raft_message *m)
{
	struct cluster *c = s->cluster;

	if (!s->raft)
		return;
	if (s->stopped_until > c->now) {
		network_hold(&c->network, m, s->stopped_until);
		return;
	}
	trace_message(c, "arrives", m);
	server_step(s, m);
}

void cluster_advance(struct cluster *c)
{
	struct raft_message m;

	c->now++;
	for (unsigned int id = 1; id <= c->count && !cluster_failed(c); id++)
		advance_server(&c->servers[id]);
	for (unsigned int i = 0; i < c->observer_count && !cluster_failed(c); i++)
		observer_advance(&c->observers[i]);
	while (!cluster_failed(c) && network_receive(&c->network, c->now, &m)) {
		arrive(&c->servers[m.to], &m);
		network_release(&m);
	}
}

struct server *cluster_leader(struct cluster *c)
{
	struct server *best = NULL;

	for (unsigned int id = 1; id <= c->count; id++) {
		struct server *s = &c->servers[id];

		if (s->raft && s->seen.role == RAFT_LEADER &&
		    (!best || s->seen.term > best->seen.term))
			best = s;
	}
	return best;
}

void trace(struct cluster *c, const char *fmt, ...)
{
	va_list args;

	if (!c->trace)
		return;
	va_start(args, fmt);
	vfprintf(c->trace, fmt, args);
	va_end(args);
	fputc('\n', c->trace);
}

static void describe(const struct raft_message *m, char *out, size_t size)
{
	const char *verdict = m->reject ? "no" : "yes";

	switch (m->type) {
	case RAFT_PRE_VOTE:
	case RAFT_VOTE:
		snprintf(out, size, "last %llu/%llu%s", (ull)m->log_index, (ull)m->log_term,
			 m->transfer ? " transfer" : "");
		break;
	case RAFT_APPEND:
		snprintf(out, size, "after %llu/%llu +%zu commit %llu", (ull)m->log_index,
			 (ull)m->log_term, m->entry_count, (ull)m->commit_index);
		break;
	case RAFT_APPEND_REPLY:
		snprintf(out, size, "%s %llu hint %llu/%llu", verdict, (ull)m->log_index,
			 (ull)m->hint_index, (ull)m->hint_term);
		break;
	case RAFT_HEARTBEAT:
	case RAFT_HEARTBEAT_REPLY:
		snprintf(out, size, "round %llu commit %llu", (ull)m->round, (ull)m->commit_index);
		break;
	default:
		snprintf(out, size, "%s", verdict);
	}
}

void trace_message(struct cluster *c, const char *what, const struct raft_message *m)
{
	char text[120];

	if (!c->trace)
		return;
	describe(m, text, sizeof(text));
	trace(c, "  S%llu > S%llu %s %s term %llu: %s", (ull)m->from, (ull)m->to, what,
	      raft_message_name(m->type), (ull)m->term, text);
}
