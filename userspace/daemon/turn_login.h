/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of a TURN server that hold for a time (draft-uberti-behave-turn-rest-00, 2.2): the
 * server makes the password again of the user's name and the secret it shares with us.  Any thread.
 */
#ifndef WGMESH_DAEMON_TURN_LOGIN_H
#define WGMESH_DAEMON_TURN_LOGIN_H

#include <stdint.h>

#include "base/error.h"
#include "model/turn_server.h"

/*
 * Fills in user, "EXPIRY:NAME", and password; the rest of @ret stays.  @expires_at: seconds since
 * 1970, from which on nothing new can be begun with them; what has begun goes on.
 */
int turn_login_make(const char *secret, int64_t expires_at, const char *name,
		    struct turn_server *ret, struct error *err);

#endif
