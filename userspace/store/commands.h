/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the replicated state, as statements added to an entry (store/entry.h).  Several
 * commands in one entry are one change: a used-up token and the certificate that
 * it would have bought fail together.
 *
 * The proposer has fixed all that is not deterministic: times, random numbers, addresses, ids.
 * All fail with ERR_INVALID (the value, naming the field), ERR_EXHAUSTED (the entry is full) or
 * ERR_MEMORY.  "Fails" below is the answer of the applied entry: state_store.h's apply_result.
 */
#ifndef WGMESH_STORE_COMMANDS_H
#define WGMESH_STORE_COMMANDS_H

#include "model/acl.h"
#include "model/mesh.h"
#include "model/route.h"
#include "store/entry.h"
#include "store/records.h"

/*
 * A join, the first or another.  New: the row, and leases for ipv4 and ipv6 if set.  Known: key,
 * endpoints, ports, role and updated_at are @node's; addresses, created_at and server_id stay,
 * and only those it had none of are taken from @node.  So read the node back once it is
 * applied.  Fails with ERR_EXISTS: an address, key or server id belongs to another node.
 */
int command_register_node(struct entry *e, const struct node *node, struct error *err);

/*
 * The newest version of the schema that @node_id can apply: state_schema_latest() of its release.
 */
int command_set_ability(struct entry *e, const char *node_id, uint32_t schema, struct error *err);

/*
 * All that @node_id announces from now on, which nothing notes in the change feed: in one entry
 * with command_register_node().  Only where state_has_routes().
 */
int command_set_routes(struct entry *e, const char *node_id, const struct route_list *routes,
		       struct error *err);

/*
 * For how many @seconds @node_id stays in the mesh without a word from it; 0: until it leaves.  Only
 * where state_has_guests(), and in one entry with command_register_node().
 */
int command_set_guest(struct entry *e, const char *node_id, uint32_t seconds, struct error *err);

/*
 * A node that is to change its WireGuard key: it, or an operator, wishes so; and it tells which one
 * will be the next, once more when it was told long ago.  Both end with the node's next key
 * in its row.  Need state_has_rotations().  Unknown id, or a key that a node has: fails with
 * ERR_PRECONDITION; one that another has announced: with ERR_EXISTS.
 */
int command_ask_rotation(struct entry *e, const char *node_id, int64_t now, struct error *err);
int command_announce_key(struct entry *e, const char *node_id, const struct key *next,
			 int64_t now, struct error *err);

/*
 * Row, leases, ability, routes and membership go; certificates stay as they are.  Unknown id: fails with
 * ERR_PRECONDITION.
 */
int command_remove_node(struct entry *e, const char *node_id, struct error *err);

/*
 * An operator's decision, which outlives what the node was let in as: its certificates allow
 * @role from now on.  NODE_VOTER: with @server_id, a new one each time; its row among the members
 * comes with command_put_member().  NODE_OBSERVER: @server_id is not looked at, and the row
 * among the members goes.  Unknown id: fails with ERR_PRECONDITION.
 */
int command_set_role(struct entry *e, const char *node_id, enum node_role role,
		     uint64_t server_id, int64_t now, struct error *err);

/*
 * All voters but @survivor leave the mesh, as by command_remove_node() and with their certificates
 * revoked: they are gone for good, and whoever comes back from them would go on with another
 * history.
 */
int command_remove_other_voters(struct entry *e, const char *survivor, struct error *err);

int command_put_token(struct entry *e, const struct token_record *token, struct error *err);
/*
 * One use of it at time @now (ns).  Unknown, used up, revoked or expired: fails with
 * ERR_PRECONDITION.
 */
int command_use_token(struct entry *e, const char *token_id, int64_t now, struct error *err);
int command_revoke_token(struct entry *e, const char *token_id, struct error *err);

/* A serial that is already there: fails with ERR_EXISTS. */
int command_put_certificate(struct entry *e, const struct certificate *cert, struct error *err);
int command_revoke_certificate(struct entry *e, const char *serial, struct error *err);
/* All of a node's; it may have none. */
/* Those of a node that have expired before @now. */
int command_forget_certificates(struct entry *e, const char *node_id, int64_t now,
				struct error *err);
int command_revoke_certificates_of(struct entry *e, const char *node_id, struct error *err);

/*
 * Administrators' certificates, only where state_has_admins().  What is revoked stays so, by its
 * serial or, with "", all of a name; those that have expired may be forgotten.
 */
int command_put_admin(struct entry *e, const struct admin_record *admin, struct error *err);
int command_revoke_admin(struct entry *e, const char *name, const char *serial, struct error *err);
int command_forget_admins(struct entry *e, int64_t now, struct error *err);

int command_put_acl(struct entry *e, const struct acl *acl, struct error *err);
/* Unknown name: fails with ERR_PRECONDITION. */
int command_delete_acl(struct entry *e, const char *name, struct error *err);

int command_set_mesh(struct entry *e, const struct mesh *mesh, struct error *err);

/* New or moved.  The node id of another server: fails with ERR_EXISTS. */
int command_put_member(struct entry *e, const struct member *member, struct error *err);
int command_remove_member(struct entry *e, uint64_t server_id, struct error *err);

#endif
