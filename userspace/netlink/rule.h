/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy routing of the calling thread's network namespace: two rules of a family that lead to
 * LINK_TABLE_ANNOUNCED what the main table has no route for but a default one, WireGuard's own
 * packets aside, which carry LINK_ANNOUNCED_MARK:
 *
 *	32700:	from all lookup main suppress_prefixlength 0
 *	32701:	not from all fwmark 0x77000067 lookup 157
 *
 * Threads, deadlines and privileges as in netlink/link.h.
 */
#ifndef WGMESH_NETLINK_RULE_H
#define WGMESH_NETLINK_RULE_H

#include "netlink/link.h"

/* Adding what is there, and deleting what is not, succeeds. */
int rules_add(struct link_client *c, sa_family_t family, struct error *err);
int rules_delete(struct link_client *c, sa_family_t family, struct error *err);

#endif
