/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the replicated state.  Answers include what an open batch has applied.
 * Same thread rule as the store.  Nothing found is ERR_NOT_FOUND with a text that names it.
 */
#ifndef WGMESH_STORE_STATE_QUERY_H
#define WGMESH_STORE_STATE_QUERY_H

#include "model/acl.h"
#include "model/ipam.h"
#include "model/mesh.h"
#include "model/route.h"
#include "store/records.h"
#include "store/state_store.h"

int state_get_node(struct state_store *s, const char *id, struct node *ret, struct error *err);
int state_get_node_by_key(struct state_store *s, const struct key *public_key, struct node *ret,
			  struct error *err);

/*
 * @node is the store's until the function returns; non-zero stops and is passed on.  No writing
 * inside.
 */
typedef int (*state_node_fn)(const struct node *node, void *data);
/* Nodes by id, those after @after (NULL or "": from the start). */
int state_each_node(struct state_store *s, const char *after, state_node_fn fn, void *data,
		    struct error *err);
/*
 * Up to @max observers that serve the API, by public key from @from on: a random key gives random
 * ones.
 */
int state_some_observers(struct state_store *s, const struct key *from, unsigned int max,
			 state_node_fn fn, void *data, struct error *err);
int state_count_nodes(struct state_store *s, uint64_t *ret, struct error *err);

/* ERR_NOT_FOUND before the mesh was made. */
int state_get_mesh(struct state_store *s, struct mesh *ret, struct error *err);

int state_get_token(struct state_store *s, const char *id, struct token_record *ret,
		    struct error *err);
/* Tokens by id, those after @after (NULL or "": from the start); as state_each_node(). */
typedef int (*state_token_fn)(const struct token_record *token, void *data);
int state_each_token(struct state_store *s, const char *after, state_token_fn fn, void *data,
		     struct error *err);
int state_get_certificate(struct state_store *s, const char *serial, struct certificate *ret,
			  struct error *err);
/* The one of @node_id that lives longest and is not revoked. */
int state_get_certificate_of(struct state_store *s, const char *node_id, struct certificate *ret,
			     struct error *err);

/* The newest schema version that @node_id can apply.  ERR_NOT_FOUND: it does not apply the log. */
int state_get_ability(struct state_store *s, const char *node_id, uint32_t *ret, struct error *err);
/* The lowest of all, and whose it is. */
int state_lowest_ability(struct state_store *s, uint32_t *ret, char ret_node_id[NODE_ID_MAX + 1],
			 struct error *err);

/* Whether the tables have a place for administrators' certificates yet. */
bool state_has_admins(const struct state_store *s);
/* All that are known or revoked, by name and serial; as state_each_node(). */
typedef int (*state_admin_fn)(const struct admin_record *admin, void *data);
int state_each_admin(struct state_store *s, state_admin_fn fn, void *data, struct error *err);

/* Whether the tables have a place for routes yet: see daemon/schema_gate.h. */
bool state_has_routes(const struct state_store *s);
/* What @node_id announces; nothing is an empty list. */
int state_get_routes(struct state_store *s, const char *node_id, struct route_list *ret,
		     struct error *err);
/* All, in the order that route_judge() wants; as state_each_node(). */
typedef int (*state_route_fn)(const struct route *route, void *data);
int state_each_route(struct state_store *s, state_route_fn fn, void *data, struct error *err);

/* Whether the tables have a place for keys that change yet: see daemon/schema_gate.h. */
bool state_has_rotations(const struct state_store *s);
/* ERR_NOT_FOUND: nobody wishes that @node_id changes its key. */
int state_get_rotation(struct state_store *s, const char *node_id, struct rotation_record *ret,
		       struct error *err);
/* Those that are announced, in the order in which they were; as state_each_node(). */
typedef int (*state_rotation_fn)(const struct rotation_record *rotation, void *data);
int state_each_rotation(struct state_store *s, state_rotation_fn fn, void *data,
			struct error *err);

/* Whether the tables have a place for guests yet: see daemon/schema_gate.h. */
bool state_has_guests(const struct state_store *s);
/* 0: @node_id stays until it leaves. */
int state_get_guest(struct state_store *s, const char *node_id, uint32_t *ret_seconds,
		    struct error *err);
/* By id; as state_each_node().  One that was made a voter is none any more. */
typedef int (*state_guest_fn)(const struct guest_record *guest, void *data);
int state_each_guest(struct state_store *s, state_guest_fn fn, void *data, struct error *err);

int state_get_member(struct state_store *s, uint64_t server_id, struct member *ret,
		     struct error *err);
typedef int (*state_member_fn)(const struct member *member, void *data);
int state_each_member(struct state_store *s, state_member_fn fn, void *data, struct error *err);

/* All ACLs by name; the caller frees with state_acls_free(). */
int state_list_acls(struct state_store *s, struct acl **ret, size_t *ret_n, struct error *err);
void state_acls_free(struct acl *acls, size_t n);
/* How many there are besides the one of @name, if it is there. */
int state_count_other_acls(struct state_store *s, const char *name, uint64_t *ret,
			   struct error *err);

/*
 * A number that is neither leased nor in @reserved (may be NULL): the lowest of @range that is not
 * below @start, or else the lowest.  By an index over the gaps: logarithmic in
 * the leases, linear only in reservations.  ERR_EXHAUSTED: all taken.
 */
int state_find_free(struct state_store *s, enum ipam_pool pool, const struct ipam_range *range,
		    uint64_t start, const struct ipam_reservations *reserved, uint64_t *ret,
		    struct error *err);

/*
 * For a join: the lowest free address of the mesh's IPv4 prefix, and a /64 of its ULA near a
 * random place.  ERR_EXHAUSTED names the prefix and the remedy.
 */
int state_next_ipv4(struct state_store *s, const struct ipam_reservations *reserved,
		    struct prefix *ret, struct error *err);
int state_next_ipv6(struct state_store *s, const struct ipam_reservations *reserved,
		    const uint8_t random[8], struct prefix *ret, struct error *err);

#endif
