/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes this node's data plane what the state asks for: device, addresses,
 * routes and peers.  Changes that come close together are one batch.  Owner thread.
 */
#ifndef WGMESH_DAEMON_CONVERGE_H
#define WGMESH_DAEMON_CONVERGE_H

#include <uv.h>

#include "base/key.h"
#include "daemon/settings.h"
#include "store/local_store.h"
#include "store/state_store.h"

struct converge;

/* Opens the backend.  @settings and the stores are borrowed, @private_key is copied. */
int converge_new(uv_loop_t *loop, const struct settings *settings, struct state_store *state,
		 struct local_store *local, const struct key *private_key, struct converge **ret, struct error *err);
/* The first attempt, now: whether it went well or not, nobody has to wait for the loop. */
void converge_begin(struct converge *c);
/* Tunnels, addresses and routes stay.  @closed comes from the loop. */
void converge_free(struct converge *c, void (*closed)(void *data), void *data);

/* The state changed: look again, soon; later while a large mesh changes on and on. */
void converge_kick(struct converge *c);

/*
 * The device's key is @private_key from now on; peers to whom there is a session are called.
 * See dataplane_set_key() for what waits meanwhile.
 */
int converge_change_key(struct converge *c, const struct key *private_key, struct error *err);

/*
 * For every few seconds: puts back a device that somebody deleted, and keeps the replay
 * floors once in a while.  One round trip when there is nothing to do.
 */
void converge_check(struct converge *c);

/* As dataplane_backend() has it. */
const char *converge_backend(const struct converge *c);
/* Whether the last attempt went well, and what it failed with ("": it did); asks nobody. */
bool converge_is_well(const struct converge *c);
const char *converge_trouble(const struct converge *c);

struct converge_status {
	const char *backend;		/* mesh, kernel, userspace, none */
	const char *reason;		/* why this one */
	uint64_t peers_known, peers_active;
	const char *routes, *routes_not_taken;	/* until the loop's next turn */
	char trouble[ERROR_TEXT_MAX];	/* what the last attempt failed with; "": nothing */
};

/*
 * Peers are counted anew for who asks, but from some milliseconds on that this takes no more than a
 * twentieth of the time.
 */
void converge_status(struct converge *c, struct converge_status *ret);

#endif
