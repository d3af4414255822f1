/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends without entries: they tell how far the log is committed, which the next append with
 * entries does as well.  Under load that one is never far, and a message and its answer are saved
 * for each write and server.  To Raft they are messages that come late, or are lost.
 */
#ifndef WGMESH_DAEMON_NOTICES_H
#define WGMESH_DAEMON_NOTICES_H

#include "raft/configuration.h"
#include "raft/message.h"

enum { NOTICES_MS = 2 };	/* that they wait for entries at most */

/* At most one for each server; zeroed is empty, and nothing is to be freed. */
struct notices {
	struct raft_message items[RAFT_SERVERS_MAX];
	unsigned int count;
};

/*
 * True: kept, to be sent later.  False: send it now.  Either way an older one for its addressee
 * is gone.
 */
bool notices_keep(struct notices *n, const struct raft_message *message);

/* Gives all that are kept to @send, and has none then. */
void notices_send(struct notices *n, void (*send)(void *data, const struct raft_message *message),
		  void *data);

#endif
