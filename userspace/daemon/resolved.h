/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd-resolved is told of one link (org.freedesktop.resolve1(5)): which servers know which
 * domains.  Nothing else of the host's resolving is touched, no file and no other link.  Blocks for up to
 * RESOLVED_SECONDS: not for the owner.
 */
#ifndef WGMESH_DAEMON_RESOLVED_H
#define WGMESH_DAEMON_RESOLVED_H

#include "base/addr.h"
#include "base/error.h"
#include "model/mesh.h"

enum { RESOLVED_SERVERS_MAX = 4, RESOLVED_SECONDS = 5 };

struct resolved_link {
	int ifindex;
	struct endpoint servers[RESOLVED_SERVERS_MAX];
	unsigned int server_count;
	struct mesh mesh;	/* its domain and its networks are asked there, and no other */
};

struct sd_bus;

/* The system's bus; the caller closes it with resolved_close(). */
int resolved_open(struct sd_bus **ret, struct error *err);
void resolved_close(struct sd_bus *bus);	/* NULL is fine */

/*
 * ERR_NOT_FOUND: it does not run, and is not started for this; ERR_PRECONDITION: somebody else, such as
 * systemd-networkd, says what the link has.
 */
int resolved_set(struct sd_bus *bus, const struct resolved_link *link, struct error *err);
/* The link as it was before.  One that is gone is no error. */
int resolved_revert(struct sd_bus *bus, int ifindex, struct error *err);

#endif
