/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the replica share.  Internal to replica*.c; owner thread. */
#ifndef WGMESH_DAEMON_REPLICA_INTERNAL_H
#define WGMESH_DAEMON_REPLICA_INTERNAL_H

#include <uv.h>

#include "daemon/agreement.h"
#include "daemon/consensus.h"
#include "daemon/follower.h"
#include "daemon/raft_peers.h"
#include "daemon/replica.h"
#include "daemon/snapshots.h"

/*
 * Exactly one of consensus and follower is not NULL, but while changing over:
 * the old one goes, and when its last handle is closed the new one comes.
 */
struct replica {
	struct replica_config config;
	struct log_writer *writer;
	struct consensus *consensus;
	struct raft_peers *peers;	/* with consensus */
	struct follower *follower;
	struct snapshots *snapshots;
	struct agreement *agreement;
	char state_path[PATH_MAX];
	uint64_t synced;		/* the state is on disk up to here */
	size_t synced_pages;		/* of its journal were when that began */
	/* a server whose place in the leader's log is gone: it follows first */
	bool behind;
	unsigned int histories;		/* log and state were replaced so often */
	struct raft_configuration configuration;	/* newest known; consensus has its own */
	char trouble[ERROR_TEXT_MAX];	/* of the follower */
	uv_timer_t change_over;		/* 0 ms: from the loop, never from inside a callback */
	unsigned int closing;		/* parts that have still to say that they are gone */
	bool freeing;
	void (*closed)(void *data);
	void *closed_data;
};

static inline const char *replica_self(const struct replica *r)
{
	return r->config.settings->id;
}

/* Callback of the parts: this node cannot go on. */
void replica_fail(void *data, const struct error *err);
/* Both kinds of part tell what they apply to this. */
struct applier_listener replica_listener(struct replica *r);

/* The part that there is goes, and the one that is due comes when it is gone. */
void replica_close_parts(struct replica *r);
/* From the loop, if the part that there is, is not the one that is due. */
void replica_consider_change_over(struct replica *r);

/* replica_server.c; @found: the first of a new cluster. */
int replica_start_server(struct replica *r, uint64_t server_id, bool found, struct error *err);
/* replica_follower.c */
int replica_start_follower(struct replica *r, struct error *err);

#endif
