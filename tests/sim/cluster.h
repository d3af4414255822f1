/* SPDX-License-Identifier: Apache-2.0 */
/* Servers with disks, their network, one client and one clock, all of it deterministic. */
#ifndef WGMESH_SIM_CLUSTER_H
#define WGMESH_SIM_CLUSTER_H

#include <stdio.h>

#include "client.h"
#include "log_model.h"
#include "machine.h"
#include "network.h"
#include "observer.h"
#include "oracle.h"
#include "raft/raft.h"

enum { TICK = 10 };	/* units of time between a server's ticks, usually */

/* What a crash leaves. */
struct disk {
	uint64_t term, vote;
	struct machine state;	/* may lag what was applied */
	struct log_model log;
	struct raft_store torn;	/* the power failed while this was written; sequence 0: nothing */
	uint64_t torn_parts;	/* which of its parts are there: a bit for each */
};

struct server {
	struct cluster *cluster;
	uint64_t id;
	struct raft *raft;		/* NULL: down */
	unsigned int incarnation;
	bool bootstraps;		/* makes itself a cluster when its disk is empty */
	struct disk disk;
	struct log_model view;		/* the log as handed out to be stored */
	struct raft_actions storing;	/* its store is under way */
	uint64_t store_due;
	bool disk_held;			/* stores wait until it is let go */
	struct raft_actions applying;
	uint64_t apply_due;
	struct machine state;		/* all that is applied */
	/* addresses up to here it has given away in this term */
	uint64_t reserved, reserved_term;
	uint64_t stopped_until;		/* the process stands, as by SIGSTOP */
	unsigned int tick_period;
	uint64_t next_tick;
	uint64_t snapshot_due;		/* it is behind, and gets one then; 0: not */
	struct raft_status seen;	/* after the last step */
	uint64_t checked_commit;
};

struct cluster {
	struct server servers[SERVERS_MAX + 1];	/* by id, from 1 on */
	unsigned int count;
	struct observer observers[OBSERVERS_MAX];
	unsigned int observer_count;
	struct raft_config config;	/* without id and seed */
	uint64_t now;
	struct rng rng;
	struct network network;
	struct oracle oracle;
	struct client client;
	unsigned int store_delay_max;	/* units */
	unsigned int store_failure;	/* per thousand */
	unsigned int apply_delay_max;
	unsigned int snapshot_delay_max;
	FILE *trace;			/* NULL: silent */
};

/* @voters of @count servers share the first configuration; 0: server 1 bootstraps alone. */
void cluster_init(struct cluster *c, uint64_t seed, unsigned int count, unsigned int voters);
void cluster_start(struct cluster *c);	/* all servers, once configured */
void cluster_fini(struct cluster *c);
/* Let one unit of time pass: ticks, disks, messages. */
void cluster_advance(struct cluster *c);
bool cluster_failed(const struct cluster *c);
void trace(struct cluster *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void trace_message(struct cluster *c, const char *what, const struct raft_message *m);

/* Up, and leader in its own eyes, of the highest such term; NULL: none. */
struct server *cluster_leader(struct cluster *c);

void server_init(struct server *s, struct cluster *c, uint64_t id);
void server_preset(struct server *s, const struct raft_configuration *configuration);
void server_start(struct server *s);
void server_crash(struct server *s);	/* what was not stored is lost, or torn */
void server_fini(struct server *s);
void server_tick(struct server *s);
void server_step(struct server *s, const struct raft_message *m);
void server_finish_store(struct server *s);	/* if one is under way */
void server_finish_apply(struct server *s);
/* All that is applied is on disk. */
void server_sync_state(struct server *s);
/* Forget the log up to @index, at most what the state machine has on disk. */
void server_compact(struct server *s, uint64_t index);
/* Become what @from has applied; if that is news.  A running server starts anew with it. */
void server_install(struct server *s, const struct server *from);
/* Do what the core wants, until it wants nothing; after every input. */
void server_pump(struct server *s);

#endif
