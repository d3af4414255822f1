/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A door for browsers, which speak no gRPC: pages, and WebSockets of which each is one call of
 * v1.WebRTC.StartDataChannel (signalling.h).  On a loop of the caller's, and its thread alone.
 *
 * Two ways to say who comes.  With TLS he shows a certificate of the mesh, and the node is asked
 * for each of his requests, in his name, whether he may: so it is believed, counted, limited and
 * ended as a call of his own by gRPC, revocations included.  Without, on the loopback, everything is
 * in the name of the channel's owner, and a WebSocket needs a token besides.  Either way a page of
 * another site in the same browser is kept out by its origin.
 *
 * Bounded, whatever comes: GATEWAY_VISITORS_MAX connections, of which those who have not shown who
 * they are make room for others; one request a connection; what connection.h says of time and of
 * bytes.  A page is made at most once in GATEWAY_FRESH_MS.
 */
#ifndef WGMESH_WEB_GATEWAY_H
#define WGMESH_WEB_GATEWAY_H

#include <stddef.h>
#include <uv.h>

#include "base/addr.h"
#include "base/error.h"
#include "crypto/tls.h"
#include "http/site.h"

struct gateway;
struct rpc_channel;

enum {
	GATEWAY_VISITORS_MAX = 128,
	GATEWAY_STREAMS_MAX = 16,		/* of events, of them; the oldest ends for another */
	GATEWAY_PAGE_MAX = 4 << 20,		/* bytes */
	GATEWAY_WAITING_MAX = 32 << 20,		/* of pages that are on their way to all */
	GATEWAY_UNREAD_MAX = 1 << 20,		/* that a WebSocket has not taken; then it is closed */
	GATEWAY_FRESH_MS = 1000,
	GATEWAY_TICK_MS = 250,			/* events are looked for, while somebody waits */
	GATEWAY_BEAT_MS = 5000,			/* and whether he may still hear them */
	GATEWAY_STREAM_MS = 60 * 1000,		/* then a stream ends in order */
	GATEWAY_CLOSE_ERROR = 4000,		/* and the kind of the error: the code of a close */
	GATEWAY_HOST_MAX = 64,
};

#define GATEWAY_SIGNAL_PATH "/signal"	/* of WebSockets; behind it "?TOKEN" where there is one */

struct gateway_config {
	uv_loop_t *loop;
	struct endpoint address;	/* port 0: any; without TLS: on the loopback */
	const struct tls_context *tls;	/* NULL: plain */
	struct rpc_channel *channel;	/* to the node; with TLS, this node's own */
	const char *token;		/* plain: what a WebSocket needs */
	const char *files;		/* folder of a page as clients/browser, at "/"; NULL: none */
	struct http_site sites[HTTP_SITES_MAX];	/* called on its thread */
	size_t site_count;
	/* Somebody was hung up on, or went, before he had shown who he is; NULL: nobody listens. */
	void (*refused)(const struct endpoint *who, const struct error *why, void *data);
	void *data;			/* for refused() */
};

/*
 * Copies @config; its texts outlive the gateway.  ERR_UNAVAILABLE: it cannot listen there.  After a
 * failure, too, the loop has to turn until nothing is left in it.
 */
int gateway_start(const struct gateway_config *config, struct gateway **ret, struct error *err);

/* For connections and calls from now on; the others keep what they have, and need it no more. */
void gateway_show(struct gateway *g, const struct tls_context *tls, struct rpc_channel *channel);

/* "127.0.0.1:8446": where it listens. */
const char *gateway_host(const struct gateway *g);

/* All who are there are hung up on; then @stopped(@user), and the gateway is gone. */
void gateway_stop(struct gateway *g, void (*stopped)(void *user), void *user);

#endif
