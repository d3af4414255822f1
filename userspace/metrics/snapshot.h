/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon's owner thread knows of itself, copied for those who write pages of it: plain
 * values, and texts that live as long as the program.
 */
#ifndef WGMESH_METRICS_SNAPSHOT_H
#define WGMESH_METRICS_SNAPSHOT_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/key.h"
#include "metrics/durations.h"

enum {
	METRICS_CALLS_MAX = 64,		/* methods of the API */
	METRICS_CODES = 17,		/* gRPC's status codes, 0 to 16 */
	METRICS_WORD_MAX = 64,
};

struct metrics_calls {
	const char *method;		/* "v1.Node/Join" */
	uint64_t ended[METRICS_CODES];
};

struct metrics_snapshot {
	uint64_t taken_at;		/* CLOCK_MONOTONIC, ns */
	char node_id[METRICS_WORD_MAX];
	char state_dir[PATH_MAX];
	const char *version, *commit;
	int64_t started_at;		/* ns since 1970, as all times here */
	int64_t certificate_ends_at;
	int64_t key_ends_at;		/* 0: never */
	struct durations turns;		/* of the owner's loop, without its waiting */

	/* The replica; see replica_status(). */
	const char *role;
	bool has_leader;
	uint64_t term, commit_index, applied_index, state_age_ms, leader_changes;
	unsigned int voters, voters_reachable;
	bool is_server;			/* of the Raft group: the next three are filled */
	uint64_t log_first, log_last, log_stored;
	struct durations log_writes;	/* with their fsync */
	unsigned int followers;
	bool replica_well;
	uint64_t nodes;

	/* The data plane. */
	const char *backend;
	char device[IFNAMSIZ];
	bool dataplane_well;		/* the last attempt to bring it in line went well */
	struct key public_key;
	char ipv4[PREFIX_TEXT_MAX], ipv6[PREFIX_TEXT_MAX];

	size_t channels, channel_connections;	/* of WebRTC */
	struct {
		bool served;
		uint32_t serial;		/* of the zone that is told; 0: there is none */
		uint64_t nodes;			/* in it */
		uint64_t udp, tcp, limited;	/* questions, since the start */
		uint64_t connections;
	} names;
	unsigned int calls_alive;
	size_t calls_count;
	struct metrics_calls calls[METRICS_CALLS_MAX];
};

#endif
