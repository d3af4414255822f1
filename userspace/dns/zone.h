/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mesh as DNS tells it: <id>.<domain> with the addresses of every node, and the names of these
 * addresses under in-addr.arpa and ip6.arpa.
 *
 * It is made of nodes once, by one thread, and from zone_finish() on never changes: any thread may
 * read it, and it goes with the last who holds it.  Of a node it keeps about 140 bytes.  Two zones of
 * one serial and one mesh have the same records, but for the name of the node that answers.
 */
#ifndef WGMESH_DNS_ZONE_H
#define WGMESH_DNS_ZONE_H

#include <stddef.h>

#include "base/error.h"
#include "model/mesh.h"
#include "model/node.h"

enum {
	/* Seconds.  Who joins is found soon though somebody has asked for him just before. */
	ZONE_TTL = 60,
	ZONE_NEGATIVE_TTL = 10,
	ZONE_NAME_MAX = 255,	/* bytes of a name on the wire (RFC 1035, 3.1) */
};

struct zone_config {
	const struct mesh *mesh;	/* as mesh_validate() wants it */
	const char *self;	/* id of the node that answers: the name server that the zone tells */
	uint32_t serial;	/* of the SOA record; grows with the state (RFC 1982) */
};

struct zone;

/* ERR_INVALID: the domain leaves no room for the name of @config->self.  Everything is copied. */
int zone_new(const struct zone_config *config, struct zone **ret, struct error *err);

/*
 * Before zone_finish(), in any order, each id once.  A node whose name would be longer than DNS
 * allows is left out.  ERR_MEMORY.
 */
int zone_add(struct zone *zone, const struct node *node, struct error *err);
int zone_finish(struct zone *zone, struct error *err);

size_t zone_count(const struct zone *zone);	/* nodes */
uint32_t zone_serial(const struct zone *zone);

struct zone *zone_ref(struct zone *zone);
void zone_unref(struct zone *zone);	/* NULL is fine */

#endif
