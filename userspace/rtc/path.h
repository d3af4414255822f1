/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the peer of one session, which may be found anew (RFC 8445, 2.4) while what is spoken goes
 * on: the way that works is kept until another does.  Each is an agent of ICE of its own, with
 * sockets, candidates and credentials of its own: libnice's agent gathers once, and what it
 * gathered may be addresses that this host has no more.  One GLib context and its thread only;
 * callbacks come from that context or from inside, and path_free() may not be called in them.
 */
#ifndef WGMESH_RTC_PATH_H
#define WGMESH_RTC_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "rtc/ice.h"
#include "rtc/sdp.h"

enum {
	PATH_EARLY_MAX = 32,		/* candidates of the peer's that come before its description */
	PATH_FIND_MS = 30 * 1000,	/* after which a new way is given up */
	PATH_LINGER_MS = 2 * 1000,	/* of the old way: the peer may be slower to leave it */
};

struct path_ops {
	void (*candidate)(const struct candidate *c, void *ctx);	/* one of ours */
	void (*found)(void *ctx);	/* there is a way, or a new one; once each */
	void (*failed)(void *ctx);	/* there was none yet, and there will be none */
	void (*datagram)(const void *data, size_t len, void *ctx);
};

struct path;

/* @config's context is needed as long as the path; its servers are not kept. @ops outlive it. */
int path_new(const struct ice_config *config, const struct path_ops *ops, void *ctx,
	     struct path **ret, struct error *err);
void path_free(struct path *p);

/*
 * Begins to look for a new way, in the place of one that is still looked for.  From here on
 * credentials, candidates and the peer's description are those of the new one.  ERR_UNAVAILABLE:
 * this host has no address now.
 */
int path_renew(struct path *p, const struct ice_servers *servers, struct error *err);

/* For the description; valid until path_renew(). */
const char *path_ufrag(const struct path *p);
const char *path_pwd(const struct path *p);
int path_gather(struct path *p, struct error *err);

/* Whether the peer's description of the newest way is missing. */
bool path_is_open(const struct path *p);
int path_set_remote(struct path *p, const struct sdp *remote, struct error *err);
void path_add_candidate(struct path *p, const struct candidate *c);

/* A new way is looked for, beside one that there is. */
bool path_is_renewing(const struct path *p);
/* The way that there is begins at an address that this host has no more. */
bool path_is_homeless(const struct path *p);

void path_send(struct path *p, const void *data, size_t len);
/* As ice_path(). */
char *path_format(const struct path *p, char out[ICE_PATH_MAX]);

#endif
