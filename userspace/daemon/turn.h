/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TURN server (RFC 8656) that data channels pass when there is no way without: one of this
 * node's, coturn, which runs as long as the daemon, or an external one.  Who negotiates is given
 * credentials of his own that hold for a time.  Owner thread.
 */
#ifndef WGMESH_DAEMON_TURN_H
#define WGMESH_DAEMON_TURN_H

#include <stdbool.h>

#include "base/error.h"
#include "model/turn_server.h"

struct daemon;
struct settings;
struct turn;

/* For the negotiation, and for clocks that differ; what was begun goes on beyond it. */
enum { TURN_LOGIN_SECONDS = 600 };

/* ERR_INVALID: what the mode needs is not told; the text names the setting. */
int turn_check(const struct settings *s, struct error *err);

/* NULL with mode off.  Besides turn_check(), ERR_PRECONDITION: others may read the secret's file. */
int turn_new(struct daemon *d, struct turn **ret, struct error *err);
void turn_free(struct turn *t);

/* Again and again: the server starts once this node knows the mesh, which it leads nobody into. */
void turn_advance(struct daemon *d);

/* Whether a server of this node's runs.  @t may be NULL. */
bool turn_serves(const struct turn *t);

/* The server, and fresh credentials, which the caller wipes; there is none: AF_UNSPEC. */
int turn_login(const struct turn *t, struct turn_server *ret, struct error *err);

#endif
