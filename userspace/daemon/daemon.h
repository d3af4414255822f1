/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running daemon: its parts, in the order in which they start.  Everything
 * belongs to the owner thread, the one that runs the loop.
 */
#ifndef WGMESH_DAEMON_DAEMON_H
#define WGMESH_DAEMON_DAEMON_H

#include <uv.h>

#include "crypto/ca.h"
#include "crypto/identity.h"
#include "daemon/converge.h"
#include "daemon/guests.h"
#include "daemon/replica.h"
#include "daemon/revoked_admins.h"
#include "daemon/rounds.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "model/ipam.h"
#include "rpc/pump.h"
#include "rpc/server.h"
#include "store/local_store.h"
#include "store/log_store.h"
#include "store/state_store.h"

struct board;
struct channels;
struct turn;
struct following;
struct negotiation;
struct watching;
struct descriptors;
struct dns;
struct rpc_channel;
struct rpc_client_call;
struct joining;
struct metrics;
struct reading;
struct web;

struct renewal {
	struct rpc_channel *channel;	/* while it is asked for */
	struct rpc_client_call *call;
	char *key_pem;			/* the next one, until it is certified */
	int64_t again_at;		/* seconds since 1970 */
	size_t turn;
};

struct rotation {
	bool made;			/* local.db has the next key */
	bool announced;			/* by a Join of this run */
	bool device_behind;		/* local.db has another key than the device */
	int64_t expires_at;		/* of the key, ns since 1970; 0: never */
	struct key next;		/* public */
	uint64_t seen_at;		/* in the state, uv_now(); 0: not, or that is not fresh */
};

struct daemon {
	struct settings settings;
	int argc;			/* the command line, for when it is read again */
	char **argv;
	uv_loop_t loop;
	struct local_store *local;
	struct identity identity;
	struct ca *ca;			/* NULL on nodes that do not vote */
	struct key wireguard_public;
	struct rotation rotation;	/* of that key */
	struct log_store *log;
	struct state_store *state;
	struct converge *converge;
	struct rpc_pump *pump;
	struct rpc_server *server;
	struct replica *replica;
	struct ipam_reservations *reservations;	/* of joins that are proposed and not applied */
	bool founder;			/* made by init: the cluster begins with this node */
	bool founding;			/* the first entry is proposed */
	bool raising_schema;		/* an entry that does is proposed */
	char schema_waits[NODE_ID_MAX + 1];	/* for this node's upgrade, as the log was told */
	struct revoked_admins revoked;	/* as the state has them */
	struct guests guests;		/* while this node leads */
	struct joining *joining;
	struct watching *watchers;	/* of our health, a list of streams */
	struct descriptors *descriptors; /* what the API is */
	struct following *followers;	/* streams that we serve, a list */
	/* the next one of the round under way; NULL: there is none */
	struct following *serving;
	struct rounds rounds;		/* in which they are served */
	struct channels *channels;	/* NULL: nobody has asked for a data channel yet */
	struct turn *turn;		/* of them; NULL: there is none */
	struct negotiation *negotiations;	/* streams that ask for one, a list */
	struct rpc_channel *leader;	/* for calls that are passed on; NULL: none was yet */
	char leader_id[NODE_ID_MAX + 1];
	struct rpc_channel *authority;	/* while the authority's key is fetched */
	struct rpc_client_call *authority_call;
	size_t authority_turn;
	struct renewal renewal;		/* of this node's certificate */
	/* membership, heartbeats to followers, the authority's key, certificates */
	uv_timer_t upkeep;
	uv_signal_t signals[3];		/* SIGTERM, SIGINT, SIGHUP */
	struct service service;
	struct board *board;		/* the status page */
	struct metrics *metrics;
	struct web *web;
	struct dns *dns;
	struct reading *reading;	/* of this node's metrics, for who asks; NULL: none */
	int64_t started_at;		/* ns since 1970 */
	bool stopping;
	int exit_code;
};

/* Runs until a signal or a failure, with the settings in @d; returns the process's exit code. */
int daemon_run(struct daemon *d);

/* Ends daemon_run() in order, with @exit_code; at once more is fine. */
void daemon_stop(struct daemon *d, int exit_code);

#endif
