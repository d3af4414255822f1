// SPDX-License-Identifier: Apache-2.0
#include "observer.h"

#include "cluster.h"

typedef unsigned long long ull;

enum {
	PERIOD_MAX = 15,	/* between two questions */
	ENTRIES_MAX = 8,	/* of an answer */
	CHANGE = 50,		/* per thousand: asks another one without a reason, … */
	CHANGE_IDLE = 300,	/* … and because there is nothing new */
	SYNC = 200,
};

/* What one who is asked has. */
struct offer {
	const struct log_model *log;
	const struct machine *state;
};

void observer_init(struct observer *o, struct cluster *c, unsigned int id)
{
	*o = (struct observer){ .cluster = c, .id = id };
}

void observer_fini(struct observer *o)
{
	log_model_fini(&o->log);
	machine_fini(&o->state);
	machine_fini(&o->synced);
}

void observer_crash(struct observer *o)
{
	if (o->down)
		return;
	trace(o->cluster, "O%u crashes", o->id);
	o->down = true;
}

/* What the log has and the state has lost is applied again, as entries that come. */
void observer_start(struct observer *o)
{
	if (!o->down)
		return;
	o->down = false;
	o->source = 0;
	machine_copy(&o->state, &o->synced);
	trace(o->cluster, "O%u starts with entry %llu applied", o->id, (ull)o->state.applied);
}

static void apply(struct observer *o)
{
	machine_apply(&o->state, log_model_at(&o->log, o->state.applied + 1)->entry);
	trace(o->cluster, "O%u applies entry %llu", o->id, (ull)o->state.applied);
	oracle_check_machine(o->cluster, &o->state, "O", o->id);
}

static void apply_own(struct observer *o)
{
	while (o->state.applied < o->log.last && !cluster_failed(o->cluster))
		apply(o);
	if (!rng_chance(&o->cluster->rng, SYNC))
		return;
	while (o->synced.applied < o->state.applied)
		machine_apply(&o->synced, log_model_at(&o->log, o->synced.applied + 1)->entry);
}

void observer_compact(struct observer *o)
{
	o->log.base = o->synced.applied;
}

static void choose_source(struct observer *o)
{
	struct cluster *c = o->cluster;
	unsigned int who = (unsigned int)rng_range(&c->rng, 1, c->count + c->observer_count);

	o->source = who == c->count + 1 + o->id ? 0 : who;
}

/* False: nobody answers there. */
static bool look(const struct observer *o, struct offer *ret)
{
	const struct cluster *c = o->cluster;
	const struct observer *other;
	const struct server *s;

	if (!o->source)
		return false;
	if (o->source <= c->count) {
		s = &c->servers[o->source];
		*ret = (struct offer){ &s->disk.log, &s->state };
		return s->raft && s->stopped_until <= c->now;
	}
	other = &c->observers[o->source - c->count - 1];
	*ret = (struct offer){ &other->log, &other->state };
	return !other->down;
}

/* The state as it is there, and the log as if it had been followed. */
static void install(struct observer *o, const struct offer *from)
{
	trace(o->cluster, "O%u installs the state of entry %llu", o->id, (ull)from->state->applied);
	log_model_truncate(&o->log, 1);
	for (uint64_t i = 1; i <= from->state->applied; i++)
		log_model_append(&o->log, log_model_at(from->log, i)->entry);
	o->log.base = from->state->applied;
	machine_copy(&o->state, from->state);
	machine_copy(&o->synced, from->state);
	oracle_check_machine(o->cluster, &o->state, "O", o->id);
}

/* Only what is applied there: no more is known to be committed. */
static void follow(struct observer *o, const struct offer *from)
{
	for (int i = 0; i < ENTRIES_MAX && o->log.last < from->state->applied; i++)
		log_model_append(&o->log, log_model_at(from->log, o->log.last + 1)->entry);
}

void observer_advance(struct observer *o)
{
	struct cluster *c = o->cluster;
	struct offer from;

	if (o->down || o->due > c->now)
		return;
	o->due = c->now + rng_range(&c->rng, 1, PERIOD_MAX);
	apply_own(o);
	if (!look(o, &from) || rng_chance(&c->rng, CHANGE))
		choose_source(o);
	else if (from.state->applied <= o->log.last && rng_chance(&c->rng, CHANGE_IDLE))
		choose_source(o);
	else if (from.log->base > o->log.last)
		install(o, &from);
	else
		follow(o, &from);
}
