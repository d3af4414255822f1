/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon's owner thread knows, copied for those who write the status page: plain values, and
 * texts that live as long as the program.
 */
#ifndef WGMESH_STATUS_VIEW_H
#define WGMESH_STATUS_VIEW_H

#include <net/if.h>

#include "model/mesh.h"
#include "model/node.h"

enum { VIEW_SERVERS_MAX = 16 };	/* of the Raft group; RAFT_SERVERS_MAX */

struct view_server {
	char node_id[NODE_ID_MAX + 1];
	bool votes;
	/* Of the others, as the leader sees them. */
	bool is_seen;
	const char *progress;		/* raft_peer_state_name() */
	uint64_t match_index, silent_ms;
	bool is_silent;			/* for longer than elections take */
};

struct status_view {
	char node_id[NODE_ID_MAX + 1];
	char domain[MESH_DOMAIN_MAX + 1];	/* of the mesh; "": not known yet */
	const char *version;
	int64_t now, started_at;	/* ns since 1970 */

	const char *role;		/* leader, voter, learner, observer */
	char leader[NODE_ID_MAX + 1];	/* "": none is known */
	uint64_t term, commit_index, applied_index;
	uint64_t state_age_ms;		/* UINT64_MAX: was never current */
	char raft_trouble[ERROR_TEXT_MAX];
	unsigned int server_count;
	struct view_server servers[VIEW_SERVERS_MAX];
	uint64_t nodes;			/* of the mesh */

	const char *backend;
	char device[IFNAMSIZ];
	char dataplane_trouble[ERROR_TEXT_MAX];
};

#endif
