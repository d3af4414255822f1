/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a session: the socket to the service, and the bytes that
 * wait for it.  TCP is a stream each way; with UDP a message is a datagram, and
 * what does not fit is lost.  One GLib context and its thread only; callbacks
 * come from there, and connection_free() may not be called in them.
 */
#ifndef WGMESH_RTC_CONNECTION_H
#define WGMESH_RTC_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

typedef struct _GMainContext GMainContext;

enum {
	CONNECTION_READ = 16 * 1024,		/* bytes that are sent at once */
	CONNECTION_FULL = 128 * 1024,		/* bytes waiting, from which on it is full */
	CONNECTION_QUEUE_MAX = 4352 * 1024, /* bytes that wait in any case: SCTP's, and a message */
	CONNECTION_DIAL_MS = 10 * 1000,
	CONNECTION_STALL_MS = 60 * 1000,	/* a service that is full and takes nothing */
	CONNECTION_IDLE_MS = 300 * 1000,	/* UDP that says nothing either way */
};

struct channel_service {
	bool udp;
	struct endpoint at;
};

struct connection_ops {
	/*
	 * What the service says.  -ERR_EXHAUSTED: not taken; connection_resume() when it may be.
	 * -ERR_UNAVAILABLE: nobody listens any more.
	 */
	int (*send)(uint16_t number, const void *data, size_t len, void *ctx);
	/* The service says no more, or cannot be reached; once. */
	void (*ended)(uint16_t number, void *ctx);
	/* More waits for the service than should, or no more does. */
	void (*full)(bool full, void *ctx);
};

struct connection;

/*
 * Takes what connection_deliver() brings before it is dialled, too.  @message_max: bytes of one
 * message to the other side.  @ops and @service outlive it.
 */
int connection_new(GMainContext *context, uint16_t number, size_t message_max,
		   const struct channel_service *service, const struct connection_ops *ops, void *ctx,
		   struct connection **ret, struct error *err);
void connection_free(struct connection *c);

/* Once; that it fails is told by `ended`. */
void connection_dial(struct connection *c);
/* Instead of dialling: a socket that is connected, which is taken. */
void connection_adopt(struct connection *c, int fd);
bool connection_dialled(const struct connection *c);
/* A piece of a message, the last one with @end. */
void connection_deliver(struct connection *c, const void *data, size_t len, bool end);
/* The other side sends no more: the service hears it after all that waits for it. */
void connection_finish(struct connection *c);
void connection_resume(struct connection *c);

/*
 * Both directions are over: the service has all that there was for it, and has said its last.
 * Freed before, what is on its way to the service could be lost with the reset that ends it.
 */
bool connection_done(const struct connection *c);

#endif
