/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch of changes to a mesh table: all or nothing, one generation.
 *
 * Peers are collected into one message; when they outgrow
 * MESH_APPLY_MESSAGE_MAX the batch turns into a transaction (begin, messages,
 * commit) by itself, so a batch of any size takes constant memory here.
 * Blocking and threads as in netlink/mesh.h; nothing else may use the client
 * between begin and commit or abort.
 */
#ifndef WGMESH_NETLINK_MESH_APPLY_H
#define WGMESH_NETLINK_MESH_APPLY_H

#include <stdbool.h>

#include "netlink/mesh.h"

/* Bytes; below the 208 KiB that a socket may send by default. */
enum { MESH_APPLY_MESSAGE_MAX = 128 * 1024 };

struct mesh_apply;

struct mesh_apply_options {
	bool replace;			/* the batch is the whole new table */
	bool expect;			/* refuse with ERR_PRECONDITION ... */
	uint64_t expected_generation;	/* ... when the table has another one */
};

struct mesh_apply_result {
	uint64_t generation;
	uint32_t upserted;
	uint32_t removed;
};

/* Starts a batch; nothing is sent yet.  @options may be NULL.  @c must outlive the batch. */
int mesh_apply_begin(struct mesh_client *c, const char *ifname,
		     const struct mesh_apply_options *options, struct mesh_apply **ret,
		     struct error *err);

/*
 * Adds one change: flags, fields and prefixes of @peer as the family's
 * peers-apply takes them (the answer-only fields are ignored).  May send.
 * After a failure the batch can only be aborted.
 */
int mesh_apply_peer(struct mesh_apply *a, const struct wg_peer *peer, struct error *err);

/* Frees @a in any case; on failure the table is as it was. */
int mesh_apply_commit(struct mesh_apply *a, struct mesh_apply_result *ret, struct error *err);

/* Forgets the batch; the table is as it was.  @a may be NULL. */
void mesh_apply_abort(struct mesh_apply *a);

#endif
