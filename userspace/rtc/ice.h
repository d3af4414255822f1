/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICE (RFC 8445, with trickle) of one session: one stream, one component.  Whether the peer still wants what it is sent (RFC 7675) is
 * for the caller to see, who hears it (session.c): with libnice's own check a
 * path that is full of data is a path that is lost, for its few datagrams drown.
 * A face of libnice's agent, on one GLib context and its thread only.  Callbacks come from that context or from inside
 * ice_gather() and ice_add_candidate(); ice_free() may not be called in them.
 */
#ifndef WGMESH_RTC_ICE_H
#define WGMESH_RTC_ICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/turn_server.h"
#include "rtc/candidate.h"

typedef struct _GMainContext GMainContext;

enum { ICE_PATH_MAX = 2 * ENDPOINT_TEXT_MAX + 32, ICE_EXCLUDES_MAX = 4, ICE_NAME_MAX = 16 };

/* That tell addresses outside; AF_UNSPEC: none. */
struct ice_servers {
	struct endpoint stun;
	struct turn_server relay;	/* has its user and password */
};

struct ice_config {
	GMainContext *context;
	/* Interfaces whose addresses are no candidates: the mesh's own; "" ends the list. */
	char exclude[ICE_EXCLUDES_MAX][ICE_NAME_MAX];
	bool controlled;		/* by the other side, which has made the offer */
	bool loopback;			/* 127.0.0.1 and ::1 are candidates, too */
	bool relay_only;		/* no other candidate is told: what is spoken passes the relay */
	struct ice_servers servers;
};

struct ice_ops {
	void (*candidate)(const struct candidate *c, void *ctx);	/* one of ours */
	void (*connected)(void *ctx);		/* a pair works; once */
	void (*failed)(void *ctx);		/* no pair works */
	void (*datagram)(const void *data, size_t len, void *ctx);
};

struct ice;

/* @ops outlives it. ERR_UNAVAILABLE: no address of this host is to be told. */
int ice_new(const struct ice_config *config, const struct ice_ops *ops, void *ctx,
	    struct ice **ret, struct error *err);
/* Relays are given back afterwards, in the context. */
void ice_free(struct ice *ice);
/* Whether the context has such work left, of any agent. */
bool ice_is_leaving(void);

/* For the description; valid as long as the agent. */
const char *ice_ufrag(const struct ice *ice);
const char *ice_pwd(const struct ice *ice);

int ice_gather(struct ice *ice, struct error *err);
/* The other side's; checks begin with the first candidate or the first check that comes. */
int ice_set_remote(struct ice *ice, const char *ufrag, const char *pwd, struct error *err);
void ice_add_candidate(struct ice *ice, const struct candidate *c);

/* What the path does not take now is lost, as datagrams are. */
void ice_send(struct ice *ice, const void *data, size_t len);

/* "host 192.0.2.1:4000 - srflx 198.51.100.7:5000"; "" without a pair. Returns @out. */
char *ice_path(const struct ice *ice, char out[ICE_PATH_MAX]);
/* This host has not the address any more that the pair begins at. */
bool ice_is_homeless(const struct ice *ice);

#endif
