/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves a zone over UDP and TCP (RFC 7766), on a thread of its own, so that a slow owner holds up no
 * name and a flood of questions no owner.  Whatever somebody sends, it has bounded memory, descriptors
 * and time: over UDP so many answers a second for each source; over TCP DNS_CONNECTIONS_MAX
 * connections, DNS_PER_SOURCE_MAX of one source, of which the one that has done nothing for longest
 * makes room for another; DNS_IDLE_MS from one message to the end of the next one.
 *
 * All but dns_server_set_zone() and dns_server_counts(), which take any, are for one thread, not the
 * server's.
 */
#ifndef WGMESH_DNS_SERVER_H
#define WGMESH_DNS_SERVER_H

#include "base/addr.h"
#include "dns/keys.h"
#include "dns/zone.h"

enum {
	DNS_PORT = 53,
	DNS_ADDRESSES_MAX = 8,
	DNS_CONNECTIONS_MAX = 64,
	DNS_PER_SOURCE_MAX = 8,
	DNS_IDLE_MS = 10000,
};

struct dns_config {
	/* they need not be this host's yet; port 0: any, the same for both protocols */
	struct endpoint addresses[DNS_ADDRESSES_MAX];
	unsigned int address_count;
	uint32_t rate;		/* answers a second over UDP for one source; 0: no limit */
	unsigned int idle_ms;	/* 0: DNS_IDLE_MS */
	const struct dns_keys *keys;	/* of those who may have whole zones; outlive the server */
};

struct dns_counts {
	uint64_t udp, tcp;	/* messages that came */
	uint64_t answered;
	uint64_t limited;	/* dropped, or sent to TCP */
	uint64_t connections;	/* right now */
};

struct dns_server;

/* Until it has a zone it answers SERVFAIL.  ERR_EXISTS: somebody listens there already. */
int dns_server_start(const struct dns_config *config, struct dns_server **ret, struct error *err);
uint16_t dns_server_port(const struct dns_server *server);	/* of the first address */

/* From the next message on; the server holds it for itself. */
void dns_server_set_zone(struct dns_server *server, struct zone *zone);
struct dns_counts dns_server_counts(struct dns_server *server);

void dns_server_stop(struct dns_server *server);	/* NULL is fine */

#endif
