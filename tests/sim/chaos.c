// SPDX-License-Identifier: Apache-2.0
#include "chaos.h"

#include <string.h>

#include "cluster.h"

typedef unsigned long long ull;

enum {
	/* Until a healed cluster must work: 30 of the longest timeouts … */
	CALM_MAX = 6000,
	/* … and what it takes a new server to get the log one by one. */
	CALM_PER_ENTRY = 40,
	WRITE_AGAIN = 200,
	MAX_STOP = 400,
};

/* All per thousand and unit of time. */
struct faults {
	unsigned int crash, restart;
	unsigned int partition, heal;
	unsigned int churn, transfer;
	unsigned int write, read, retry;
	unsigned int compact;
	unsigned int stop, drift;
};

/* Most runs have only some of the faults: all at once would hide what a few can do. */
static unsigned int some(struct rng *rng, unsigned int low, unsigned int high)
{
	return rng_chance(rng, 500) ? 0 : (unsigned int)rng_range(rng, low, high);
}

static unsigned int either(struct rng *rng, unsigned int a, unsigned int b)
{
	return rng_chance(rng, 500) ? a : b;
}

static struct faults draw_faults(struct rng *rng)
{
	return (struct faults){
		.crash = some(rng, 1, 8),
		.restart = (unsigned int)rng_range(rng, 2, 20),
		.partition = some(rng, 2, 15),
		.heal = (unsigned int)rng_range(rng, 2, 15),
		.churn = some(rng, 5, either(rng, 40, 300)),
		.transfer = some(rng, 1, 10),
		.write = (unsigned int)rng_range(rng, 10, 200),
		.read = (unsigned int)rng_range(rng, 5, 100),
		.retry = some(rng, 5, 100),
		.compact = some(rng, 2, either(rng, 10, 100)),
		.stop = some(rng, 1, 8),
		.drift = some(rng, 1, 20),
	};
}

static void draw_network(struct network *net, struct rng *rng)
{
	net->delay_max = (unsigned int)rng_range(rng, 1, 8);
	net->loss = some(rng, 5, 200);
	net->doubling = some(rng, 5, 200);
	net->lateness = some(rng, 5, 100);
	net->late_max = (unsigned int)rng_range(rng, 20, 600);
}

/* Small limits, or flow control, reading back and backtracking would never be met. */
static void draw_config(struct raft_config *config, struct rng *rng)
{
	config->message_entries_max = either(rng, (unsigned int)rng_range(rng, 1, 4), 64);
	config->message_bytes_max = either(rng, 40, 4096);
	config->inflight_messages_max = (unsigned int)rng_range(rng, 1, 6);
	config->inflight_bytes_max = either(rng, 100, 4096);
	config->uncommitted_bytes_max = either(rng, 200, 65536);
	config->tail_bytes_max = either(rng, 200, 65536);
	config->apply_bytes_max = either(rng, 40, 4096);
	config->promote_lag_max = rng_range(rng, 0, 8);
}

static void draw_cluster(struct cluster *c, uint64_t seed)
{
	struct rng rng = { seed };
	unsigned int count = (unsigned int)rng_range(&rng, 3, SERVERS_MAX);
	unsigned int voters = (unsigned int)rng_range(&rng, 0, count < 5 ? count : 5);

	cluster_init(c, rng_next(&rng), count, voters);
	c->observer_count = (unsigned int)rng_range(&rng, 0, OBSERVERS_MAX);
	for (unsigned int i = 0; i < c->observer_count; i++)
		observer_init(&c->observers[i], c, i);
	draw_network(&c->network, &rng);
	draw_config(&c->config, &rng);
	c->store_delay_max = some(&rng, 1, either(&rng, 20, 250));
	c->store_failure = some(&rng, 1, 50);
	c->apply_delay_max = some(&rng, 1, 30);
	c->snapshot_delay_max = some(&rng, 1, 300);
	for (unsigned int id = 1; id <= count; id++)
		c->servers[id].tick_period = (unsigned int)rng_range(&rng, TICK - 2, TICK + 2);
}

static struct server *any_server(struct cluster *c)
{
	return &c->servers[rng_range(&c->rng, 1, c->count)];
}

static void heal(struct cluster *c)
{
	memset(c->network.cut, 0, sizeof(c->network.cut));
	trace(c, "network heals");
}

static void cut(struct cluster *c, uint64_t from, uint64_t to)
{
	c->network.cut[from][to] = true;
	trace(c, "cut from S%llu to S%llu", (ull)from, (ull)to);
}

/* In two sides that do not hear each other, or only one the other. */
static void split(struct cluster *c)
{
	uint64_t side = rng_next(&c->rng);
	bool one_way = rng_chance(&c->rng, 400);

	for (unsigned int from = 1; from <= c->count; from++)
		for (unsigned int to = 1; to <= c->count; to++)
			if ((side >> from & 1) > (side >> to & 1) ||
			    (!one_way && (side >> from & 1) < (side >> to & 1)))
				cut(c, from, to);
}

static void isolate(struct cluster *c)
{
	struct server *leader = cluster_leader(c);
	uint64_t id = leader && rng_chance(&c->rng, 500) ? leader->id : any_server(c)->id;
	bool in = rng_chance(&c->rng, 700), out = !in || rng_chance(&c->rng, 600);

	for (unsigned int other = 1; other <= c->count; other++) {
		if (in)
			cut(c, other, id);
		if (out)
			cut(c, id, other);
	}
}

static void break_network(struct cluster *c)
{
	switch (rng_range(&c->rng, 0, 2)) {
	case 0:
		split(c);
		break;
	case 1:
		isolate(c);
		break;
	default:
		cut(c, any_server(c)->id, any_server(c)->id);
	}
}

/* Mostly the leader: whoever else says to lead must refuse or be found out. */
static struct server *pick_leader(struct cluster *c)
{
	struct server *leader = cluster_leader(c), *s = any_server(c);

	if (leader && rng_chance(&c->rng, 800))
		return leader;
	return s->raft ? s : leader;
}

static enum raft_change_kind pick_change(struct cluster *c, const struct raft_server *target)
{
	if (!target)
		return RAFT_ADD_LEARNER;
	if (target->role == RAFT_LEARNER && rng_chance(&c->rng, 800))
		return RAFT_PROMOTE;
	return RAFT_REMOVE;
}

static void change_membership(struct cluster *c)
{
	struct server *s = pick_leader(c);
	struct raft_change change = { .id = any_server(c)->id };
	struct raft_position position;
	struct error error;
	const struct raft_server *target;
	char name[8];

	if (!s)
		return;
	snprintf(name, sizeof(name), "s%llu", (ull)change.id);
	target = raft_configuration_lookup(raft_configuration(s->raft), change.id);
	change.name = name;
	change.kind = pick_change(c, target);
	if (raft_change_membership(s->raft, &change, &position, &error))
		trace(c, "S%llu refuses change %d of S%llu: %s", (ull)s->id, (int)change.kind,
		      (ull)change.id, error.text);
	else
		trace(c, "S%llu takes change %d of S%llu as entry %llu", (ull)s->id,
		      (int)change.kind, (ull)change.id, (ull)position.index);
	server_pump(s);
}

static void transfer(struct cluster *c)
{
	struct server *s = pick_leader(c);
	uint64_t to = rng_chance(&c->rng, 300) ? 0 : any_server(c)->id;
	struct error error;

	if (!s)
		return;
	if (raft_transfer(s->raft, to, &error))
		trace(c, "S%llu refuses transfer to S%llu: %s", (ull)s->id, (ull)to, error.text);
	else
		trace(c, "S%llu hands over to S%llu", (ull)s->id, (ull)to);
	server_pump(s);
}

static void use(struct cluster *c, const struct faults *f)
{
	struct server *s = pick_leader(c);

	if (s && rng_chance(&c->rng, f->write))
		client_write(c, s, rng_range(&c->rng, 8, 60));
	if (s && rng_chance(&c->rng, f->read))
		client_read(c, s);
	if (s && rng_chance(&c->rng, f->retry))
		client_retry(c, s, rng_range(&c->rng, 8, 60));
}

/* All that may go, or somewhat less. */
static void compact(struct cluster *c)
{
	struct server *s = any_server(c);
	uint64_t keep = rng_chance(&c->rng, 500) ? 0 : rng_range(&c->rng, 0, 30);

	if (s->raft && s->disk.state.applied > keep)
		server_compact(s, s->disk.state.applied - keep);
}

static struct observer *any_observer(struct cluster *c)
{
	return &c->observers[rng_range(&c->rng, 1, c->observer_count) - 1];
}

static void compact_any(struct cluster *c)
{
	if (c->observer_count && rng_chance(&c->rng, 200))
		observer_compact(any_observer(c));
	else
		compact(c);
}

static void restart(struct cluster *c)
{
	if (c->observer_count && rng_chance(&c->rng, 300))
		observer_start(any_observer(c));
	else
		server_start(any_server(c));
}

/* As if by SIGSTOP: what arrives meanwhile waits, and time has passed when it goes on. */
static void stop_for_a_while(struct cluster *c)
{
	struct server *leader = cluster_leader(c);
	struct server *s = leader && rng_chance(&c->rng, 500) ? leader : any_server(c);

	if (!s->raft)
		return;
	s->stopped_until = c->now + rng_range(&c->rng, TICK, MAX_STOP);
	trace(c, "S%llu stands until %llu", (ull)s->id, (ull)s->stopped_until);
}

/* Its clock from now on: as far from the others' as three times faster. */
static void drift(struct cluster *c)
{
	any_server(c)->tick_period = (unsigned int)rng_range(&c->rng, TICK / 2, TICK * 3 / 2);
}

static void crash(struct cluster *c)
{
	struct server *leader = cluster_leader(c);

	if (c->observer_count && rng_chance(&c->rng, 200)) {
		observer_crash(any_observer(c));
		return;
	}
	server_crash(leader && rng_chance(&c->rng, 500) ? leader : any_server(c));
}

static void harm(struct cluster *c, const struct faults *f)
{
	if (rng_chance(&c->rng, f->crash))
		crash(c);
	if (rng_chance(&c->rng, f->restart))
		restart(c);
	if (rng_chance(&c->rng, f->partition))
		break_network(c);
	if (rng_chance(&c->rng, f->heal))
		heal(c);
	if (rng_chance(&c->rng, f->churn))
		change_membership(c);
	if (rng_chance(&c->rng, f->transfer))
		transfer(c);
	if (rng_chance(&c->rng, f->compact))
		compact_any(c);
	if (rng_chance(&c->rng, f->stop))
		stop_for_a_while(c);
	if (rng_chance(&c->rng, f->drift))
		drift(c);
}

static void make_calm(struct cluster *c)
{
	trace(c, "calm at %llu", (ull)c->now);
	heal(c);
	c->network.loss = c->network.doubling = c->network.lateness = 0;
	c->store_delay_max = c->store_failure = c->apply_delay_max = 0;
	c->snapshot_delay_max = 0;
	for (unsigned int id = 1; id <= c->count; id++) {
		c->servers[id].store_due = c->now;
		c->servers[id].apply_due = c->now;
		c->servers[id].stopped_until = 0;
		c->servers[id].tick_period = TICK;
		server_start(&c->servers[id]);
	}
	for (unsigned int i = 0; i < c->observer_count; i++)
		observer_start(&c->observers[i]);
}

/*
 * All servers of the leader's configuration, and all observers, have applied what it has
 * committed.
 */
static bool has_converged(struct cluster *c, uint64_t floor)
{
	const struct server *leader = cluster_leader(c);
	const struct raft_configuration *conf;

	if (!leader || leader->state.applied < floor ||
	    leader->state.applied < leader->seen.last_index)
		return false;
	conf = raft_configuration(leader->raft);
	for (unsigned int i = 0; i < conf->count; i++)
		if (c->servers[conf->servers[i].id].state.applied != leader->state.applied)
			return false;
	for (unsigned int i = 0; i < c->observer_count; i++)
		if (c->observers[i].state.applied != leader->state.applied)
			return false;
	return true;
}

/* Liveness: without faults a leader is elected, writes go through and all servers catch up. */
static void recover(struct cluster *c)
{
	uint64_t before = c->client.acknowledged;
	uint64_t until = c->now + CALM_MAX + CALM_PER_ENTRY * c->oracle.commit;

	make_calm(c);
	while (c->now < until && !cluster_failed(c)) {
		struct server *leader = cluster_leader(c);

		cluster_advance(c);
		if (c->client.acknowledged > before && has_converged(c, c->oracle.acknowledged))
			return;
		if (leader && leader->raft && c->client.acknowledged == before &&
		    c->now % WRITE_AGAIN == 0)
			client_write(c, leader, 8);
	}
	violate(c, "liveness: long after the last fault the cluster does not work (leader S%llu)",
		cluster_leader(c) ? (ull)cluster_leader(c)->id : 0);
}

static void check_history(struct cluster *c)
{
	uint64_t value;

	if (!history_is_linearizable(&c->client.history, &value))
		violate(c, "linearisability: no order of the client's %zu operations explains when "
			"it read and wrote %llu", c->client.history.count, (ull)value);
}

void chaos_run(uint64_t seed, unsigned int steps, FILE *out, struct chaos_result *ret)
{
	static struct cluster cluster;
	struct cluster *c = &cluster;
	struct faults faults;

	draw_cluster(c, seed);
	faults = draw_faults(&c->rng);
	c->trace = out;
	cluster_start(c);
	while (c->now < steps && !cluster_failed(c)) {
		use(c, &faults);
		harm(c, &faults);
		cluster_advance(c);
	}
	if (!cluster_failed(c))
		recover(c);
	if (!cluster_failed(c))
		check_history(c);
	*ret = (struct chaos_result){
		.acknowledged = c->client.acknowledged,
		.reads = c->client.answered,
		.refused = c->client.refused,
		.messages = c->network.sent,
		.elections = c->oracle.elections,
	};
	memcpy(ret->violation, c->oracle.violation, sizeof(ret->violation));
	cluster_fini(c);
}
