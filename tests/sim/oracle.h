/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sees everything that every server does and knows what must never happen:
 * the properties of figure 3.2 of the Raft thesis, and that nothing is promised
 * before it is stored.
 */
#ifndef WGMESH_SIM_ORACLE_H
#define WGMESH_SIM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "raft/raft.h"

struct cluster;
struct server;

struct committed {
	uint64_t term;
	uint64_t by_term;	/* in which it was first seen to be committed */
	uint64_t hash;
	uint64_t value;		/* of the register, once this entry is applied */
	uint64_t digest;	/* of the state then */
};

struct known_prefix {
	uint64_t index;
	uint64_t term;
	uint64_t prefix;
};

struct oracle {
	struct committed *committed;	/* [0] is index 1 */
	uint64_t commit;
	size_t committed_capacity;
	struct known_prefix *prefixes;	/* a hash table, open addressing; index 0: free */
	size_t prefix_count, prefix_capacity;
	struct machine state;		/* with all that is committed applied */
	/* by address: to whom a client was told it is leased; 0: nobody */
	uint64_t *granted;
	size_t granted_capacity;
	uint64_t *leaders;		/* by term; 0: none */
	size_t leaders_capacity;
	uint64_t acknowledged;		/* the highest index told to a client as done */
	unsigned int elections;
	char violation[300];		/* the first one; "": none */
};

void violate(struct cluster *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Log matching (3.6.3): @s has handed out its log anew from @from on. */
void oracle_check_log(struct server *s, uint64_t from);
/* Nothing is promised that is not on the disk (3.8). */
void oracle_check_message(struct server *s, const struct raft_message *m);
/* Election safety, leader completeness, terms and commits that do not fall, durability. */
void oracle_check_state(struct server *s);
/* State machine safety (3.6.3). */
void oracle_check_applied(struct server *s, const struct raft_entry *entry);

/* The state of @kind@id (such as S3) is what its entries make of it. */
void oracle_check_machine(struct cluster *c, const struct machine *state, const char *kind,
			  uint64_t id);
/* A client was told that its request has this address: no two of them the same. */
void oracle_check_lease(struct cluster *c, uint64_t request, uint64_t address);

/* What the state machine's register holds with @index applied: a function of the log alone. */
uint64_t oracle_value_at(const struct oracle *o, uint64_t index);

void oracle_fini(struct oracle *o);

#endif
