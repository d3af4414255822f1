/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway for browsers (web/gateway.h) on a thread of the daemon's: TLS handshakes and pages
 * hold up nobody.  It asks this node's own API, as its node's certificate, for everything.
 * Owner thread.
 */
#ifndef WGMESH_DAEMON_WEB_THREAD_H
#define WGMESH_DAEMON_WEB_THREAD_H

#include <stddef.h>

#include "base/addr.h"
#include "crypto/identity.h"
#include "http/site.h"

struct web_thread;

struct web_thread_config {
	struct endpoint address;
	const struct identity *identity;	/* the node's, copied */
	uint16_t grpc_port;			/* where its API is */
	struct http_site sites[HTTP_SITES_MAX];	/* outlive it */
	size_t site_count;
};

/* It listens when this returns.  ERR_UNAVAILABLE: it cannot there. */
int web_thread_start(const struct web_thread_config *config, struct web_thread **ret,
		     struct error *err);

/* For who comes from now on.  After a failure the one before is shown on. */
int web_thread_show(struct web_thread *t, const struct identity *identity, struct error *err);

/* All who are there are hung up on.  Waits for a page that is being made; NULL is fine. */
void web_thread_stop(struct web_thread *t);

#endif
