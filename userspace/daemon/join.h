/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This node's own place in the mesh: calls v1.Node.Join at the cluster's
 * members until the state says of this node what its settings say.  A server that
 * has no leader for long calls it too: it may have been taken out while it was down, and
 * its own state would never say so.  Owner thread.
 */
#ifndef WGMESH_DAEMON_JOIN_H
#define WGMESH_DAEMON_JOIN_H

#include "daemon/daemon.h"
#include "store/records.h"

struct joining;

int join_new(struct daemon *d, struct joining **ret, struct error *err);
/* A call under way is given up; @closed comes from the loop. */
void join_free(struct joining *j, void (*closed)(void *data), void *data);

/* The state changed: there may be nothing to do any more, or something again. */
void join_consider(struct joining *j);

/*
 * Whether this node was taken out of the mesh: its certificate, this very one, is revoked.  The
 * removal of a former node of that name, read in the log, is another matter.
 */
bool join_revoked(const struct daemon *d);

/* Why the leader does not want us; "": it does, or nobody has asked it. */
const char *join_trouble(const struct joining *j);

/* What the settings say of this node: id, role, key, ports and endpoints. */
void join_describe_self(const struct daemon *d, struct node *ret);

/* Where Raft speaks to @node: its mesh address, IPv4 if it has one and does not prefer IPv6. */
void join_describe_member(const struct node *node, bool prefer_ipv6, struct member *ret);

#endif
