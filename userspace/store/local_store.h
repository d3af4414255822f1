/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one node keeps for itself, never replicated: who it is, its WireGuard key, whom to
 * ask first after a restart, and how new a handshake of a peer must be.  A SQLite database with
 * file mode 0600; every change is on disk when the call returns, and overwritten values are wiped
 * in the file.  Locked while open, as the log store.  One thread at a time.
 */
#ifndef WGMESH_STORE_LOCAL_STORE_H
#define WGMESH_STORE_LOCAL_STORE_H

#include <stdbool.h>

#include "base/key.h"
#include "model/node.h"

enum {
	LOCAL_TEXT_MAX = 65535,		/* bytes of one setting */
	LOCAL_MEMBERS_MAX = 1024,
	LOCAL_ADDRESS_MAX = 127,	/* characters */
	LOCAL_FLOOR_BYTES = 12,
};

/* Names of settings that the daemon keeps; others are allowed (a-z 0-9 - .). */
#define LOCAL_NODE_ID		"node.id"
#define LOCAL_SERVER_ID		"node.server-id"
#define LOCAL_ROLE		"node.role"
#define LOCAL_LEADER_ID		"leader.id"

struct local_key {
	struct key private_key;
	int64_t expires_at;	/* ns since the epoch; 0: never */
};

/* A member as last heard of: where to join, follow and vote while the state is not there yet. */
struct local_member {
	uint64_t server_id;	/* 0: not known */
	char node_id[NODE_ID_MAX + 1];
	char raft_address[LOCAL_ADDRESS_MAX + 1];	/* host:port, or "" */
	char grpc_address[LOCAL_ADDRESS_MAX + 1];
	bool voter;
};

/* A peer's newest handshake timestamp that was seen (TAI64N: later ones compare greater). */
struct local_floor {
	struct key public_key;
	uint8_t floor[LOCAL_FLOOR_BYTES];
};

struct local_store;

/* Creates the file if it is missing; takes the rights of others away.  ERR_PRECONDITION: in use. */
int local_store_open(const char *path, struct local_store **ret, struct error *err);
void local_store_close(struct local_store *l);

/* @value NULL removes. */
int local_store_set_text(struct local_store *l, const char *name, const char *value,
			 struct error *err);
/* *ret_value is the caller's to free.  ERR_NOT_FOUND. */
int local_store_get_text(struct local_store *l, const char *name, char **ret_value,
			 struct error *err);

/* The caller wipes its copy with key_wipe().  ERR_NOT_FOUND before the first one was set. */
int local_store_set_key(struct local_store *l, const struct local_key *key, struct error *err);
int local_store_get_key(struct local_store *l, struct local_key *ret, struct error *err);

/*
 * The key pair that is to come: made, and kept, before anybody hears of it.  To take it over makes
 * it the key, with @expires_at, in one change.  ERR_NOT_FOUND: there is none.
 */
int local_store_set_next_key(struct local_store *l, const struct key *private_key,
			     struct error *err);
int local_store_get_next_key(struct local_store *l, struct key *ret, struct error *err);
int local_store_take_next_key(struct local_store *l, int64_t expires_at, struct error *err);

/* Replaces the whole list, or nothing of it. */
int local_store_set_members(struct local_store *l, const struct local_member *members, size_t n,
			    struct error *err);
/* By node id.  *ret is the caller's to free; NULL when there are none. */
int local_store_list_members(struct local_store *l, struct local_member **ret, size_t *ret_n,
			     struct error *err);

/* Only those that are newer than what is known; all of them, or nothing. */
int local_store_raise_floors(struct local_store *l, const struct local_floor *floors, size_t n,
			     struct error *err);
/* ERR_NOT_FOUND: none is known of this peer. */
int local_store_get_floor(struct local_store *l, const struct key *public_key,
			  uint8_t ret[LOCAL_FLOOR_BYTES], struct error *err);
/* Forgets those that @keep does not want; it must not call the store. */
int local_store_keep_floors(struct local_store *l,
			    bool (*keep)(void *data, const struct key *public_key), void *data,
			    struct error *err);

#endif
