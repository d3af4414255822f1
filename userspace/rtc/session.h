/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session: a peer that reaches one service of this node by data channels, or
 * this side reaches one of the peer's.  Channel 0 ("CHANNELS") says the number of
 * each connection that the client opens; the channel of that number
 * ("CONNECTIONS") is its bytes.  The side of the service makes the offer.  One GLib
 * context and its thread only; session_free() may not be called in callbacks.
 */
#ifndef WGMESH_RTC_SESSION_H
#define WGMESH_RTC_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/dtls.h"
#include "rtc/connection.h"
#include "rtc/ice.h"
#include "rtc/sdp.h"

enum {
	SESSION_SETUP_MS = 30 * 1000,	/* from the answer until it works */
	SESSION_MESSAGE_MAX = 256 * 1024, /* bytes of one message that we take, as we tell */
	SESSION_EARLY_MS = 10 * 1000, /* bytes of a connection whose number has not come yet */
	SESSION_LINGER_MS = 5 * 1000,	/* a connection of which one side has not closed */
	SESSION_ASK_MS = 3 * 1000,	/* from one `stale` to the next */
	SESSION_FIND_MS = 8 * 1000,	/* the same while a new path is looked for */
};

struct session_config {
	struct ice_config ice;
	const struct dtls_identity *identity;	/* outlives the session */
	struct channel_service service;	/* with an offer: whether it is UDP */
	const struct sdp *offer;	/* the peer's, for who reaches; need not outlive session_new() */
	unsigned int connections_max;	/* at once */
	unsigned int answer_ms;		/* how long the answer is waited for */
	unsigned int silence_ms;	/* a peer of which nothing is heard is gone */
};

struct session_ops {
	/* Our offer or answer, for free(); before the candidates, once and with each restart. */
	void (*described)(char *json, void *ctx);
	void (*candidate)(const struct candidate *c, void *ctx);
	/* And again with each new path. */
	void (*connected)(const char *path, void *ctx);
	/*
	 * The path does not work any more as it seems, for such a reason: the side that makes the offer
	 * should session_restart(), the other have it do so.  Again while nothing has come of it.
	 */
	void (*stale)(const char *why, void *ctx);
	/* It is over, and why; once. ERR_NONE: the peer closed it. */
	void (*ended)(const struct error *why, void *ctx);
};

struct session;

/* Description and candidates are told from inside. @ops outlives it. */
int session_new(const struct session_config *config, const struct session_ops *ops, void *ctx,
		struct session **ret, struct error *err);
/* In the order connections, SCTP, DTLS, ICE; the peer is told.  Tells nothing to @ops. */
void session_free(struct session *s);

/* To our newest offer; a second one is ignored. What is wrong with it ends the session. */
void session_answer(struct session *s, const struct sdp *answer);

/*
 * ICE anew, by a new offer or the answer to one (RFC 8445, 2.4): all that is spoken goes on.
 * Nothing happens before the session is connected, or while this host has no address.  A peer
 * that is another all at once, by its fingerprint, ends the session.
 */
void session_restart(struct session *s, const struct ice_servers *servers);
void session_reoffer(struct session *s, const struct sdp *offer,
		     const struct ice_servers *servers);
/* This host's addresses have changed: `stale` is told at once if it is the path's that is gone. */
void session_check_path(struct session *s);

void session_candidate(struct session *s, const struct candidate *c);

/*
 * Opens a connection to the peer's service for @fd, a socket that is connected, and taken; it is
 * closed if there is no room, or this is not the side that reaches.
 */
void session_connect(struct session *s, int fd);

size_t session_connections(const struct session *s);

#endif
