/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other servers of the Raft group, as far as the network is concerned: who is let in, where
 * they are reached, and how long one who is removed is still heard.  Owner thread.
 */
#ifndef WGMESH_DAEMON_RAFT_PEERS_H
#define WGMESH_DAEMON_RAFT_PEERS_H

#include <uv.h>

#include "crypto/identity.h"
#include "daemon/settings.h"
#include "raft/raft.h"
#include "store/state_store.h"

struct raft_peers_config {
	uv_loop_t *loop;
	uint64_t server_id;
	const struct identity *identity;
	const struct settings *settings;
	struct state_store *state;	/* tells addresses */
	void (*message)(void *data, const struct raft_message *message);
	void *data;
};

struct raft_peers;

int raft_peers_new(const struct raft_peers_config *config, struct raft_peers **ret,
		   struct error *err);
/* @closed comes from the loop when the memory is gone; no message comes any more. */
void raft_peers_free(struct raft_peers *p, void (*closed)(void *data), void *data);

/* May drop @message: Raft sends it again. */
void raft_peers_send(struct raft_peers *p, const struct raft_message *message);

/* The identity is another by now: connections from here on show it. */
int raft_peers_show_identity(struct raft_peers *p, struct error *err);

/* Configuration or state changed: these servers, at the addresses that the state has now. */
void raft_peers_refresh(struct raft_peers *p, const struct raft_configuration *now);
/*
 * Now and then, with the configuration in effect: lets those go that were removed by one that is
 * @committed for long enough.
 */
void raft_peers_tidy(struct raft_peers *p, const struct raft_configuration *now, bool committed);

#endif
