/* SPDX-License-Identifier: Apache-2.0 */
/* One run of wmctl: which node it talks to, as whom, and how it prints.  Single-threaded. */
#ifndef WGMESH_WMCTL_SESSION_H
#define WGMESH_WMCTL_SESSION_H

#include <limits.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/error.h"
#include "crypto/identity.h"
#include "wmctl/output.h"

struct contexts;
struct rpc_channel;

enum { SESSION_TIMEOUT_MS = 10000 };

struct session {
	const char *context;		/* its name; NULL: the current one, if there is */
	struct contexts *contexts;	/* what the texts below may be in */
	const char *state_dir;
	const char *identity_dir;	/* NULL: STATE_DIR/admin, then STATE_DIR/identity */
	const char *address;		/* gRPC, host:port */
	enum output_format format;
	unsigned int timeout_ms;	/* of each call; 0: not told yet */
	bool watch;			/* ask again and again, every interval_ms */
	unsigned int interval_ms;	/* 0: not told */
	/* names a change, so that a retry makes it once; NULL: none */
	const char *request_id;
	struct identity identity;
	char identity_path[PATH_MAX];	/* the folder that it is from */
	struct rpc_channel *channel;
};

/* 1 to 3600. */
bool session_parse_seconds(const char *text, unsigned int *ret_ms);

/*
 * What no option has told, and is NULL or 0, is what the environment tells, or the context, or the
 * default.  ERR_NOT_FOUND: there is no such context.  session_forget() is the caller's.
 */
int session_choose(struct session *s, struct error *err);
void session_forget(struct session *s);

/* Loads the identity and opens the channel; nothing is sent yet. */
int session_open(struct session *s, struct error *err);
void session_close(struct session *s);
/* Another channel, by a connection of its own, in the place of this one; calls go on. */
int session_reconnect(struct session *s, struct error *err);

/* One unary call; *@ret_reply: protobuf_c_message_free_unpacked(reply, NULL). */
int session_call(struct session *s, const ProtobufCServiceDescriptor *service, const char *method,
		 const ProtobufCMessage *request, ProtobufCMessage **ret_reply, struct error *err);

/*
 * The same for what only the leader answers: when the node asked says that it
 * does not lead, asks it who does and calls there.
 */
int session_call_leader(struct session *s, const ProtobufCServiceDescriptor *service,
			const char *method, const ProtobufCMessage *request,
			ProtobufCMessage **ret_reply, struct error *err);

/* The same for what any node answers, and the leader best. */
int session_ask_leader(struct session *s, const ProtobufCServiceDescriptor *service,
		       const char *method, const ProtobufCMessage *request,
		       ProtobufCMessage **ret_reply, struct error *err);

#endif
