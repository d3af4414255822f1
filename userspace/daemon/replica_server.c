// SPDX-License-Identifier: Apache-2.0
/* The replica as a server of the Raft group. */
#include "daemon/replica_internal.h"

#include <stdio.h>

#include "base/log.h"

static void send_message(void *data, const struct raft_message *message)
{
	raft_peers_send(((struct replica *)data)->peers, message);
}

static void receive_message(void *data, const struct raft_message *message)
{
	struct replica *r = data;

	if (r->consensus)
		consensus_receive(r->consensus, message);
}

/* What the leader has no entries for any more, any member has as a snapshot. */
static void fall_behind(struct replica *r)
{
	struct raft_status status;

	consensus_status(r->consensus, &status);
	if (status.behind)
		replica_follow_first(r);
}

static void consensus_changed(void *data, unsigned int changes)
{
	struct replica *r = data;

	if (r->freeing || !r->consensus)
		return;
	if (changes & RAFT_CHANGED_CONFIGURATION)
		raft_peers_refresh(r->peers, consensus_configuration(r->consensus));
	/* Only a committed removal ends it: one that is rolled back was none. */
	if (changes & RAFT_CHANGED_REMOVED)
		replica_consider_change_over(r);
	if (changes & RAFT_CHANGED_BEHIND)
		fall_behind(r);
	r->config.callbacks.role_changed(r->config.data);
}

/* A server without its log must not start: the daemon looks for this when it opens the log. */
static int remember_server(struct replica *r, uint64_t server_id, struct error *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", (unsigned long)server_id);
	return local_store_set_text(r->config.local, LOCAL_SERVER_ID, text, err);
}

int replica_show_identity(struct replica *r, struct error *err)
{
	return r->peers ? raft_peers_show_identity(r->peers, err) : 0;
}

int replica_start_server(struct replica *r, uint64_t server_id, bool found, struct error *err)
{
	const struct raft_peers_config peers = {
		.loop = r->config.loop, .server_id = server_id, .identity = r->config.identity,
		.settings = r->config.settings, .state = r->config.state,
		.message = receive_message, .data = r,
	};
	const struct consensus_config config = {
		.loop = r->config.loop, .writer = r->writer, .state = r->config.state,
		.server_id = server_id, .tick_ms = r->config.settings->tick_ms,
		.listener = replica_listener(r),
		.send = send_message, .changed = consensus_changed, .failed = replica_fail, .data = r,
	};
	int rc = consensus_new(&config, found ? replica_self(r) : NULL, &r->consensus, err);

	if (rc < 0)
		return rc;
	rc = raft_peers_new(&peers, &r->peers, err);
	if (rc == 0)
		rc = remember_server(r, server_id, err);
	if (rc < 0) {
		replica_close_parts(r);
		return rc;
	}
	raft_peers_refresh(r->peers, consensus_configuration(r->consensus));
	log_info("raft-server-started", "server=%lu", (unsigned long)server_id);
	return 0;
}
