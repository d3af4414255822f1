/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of WireGuard peers with their prefixes: what the planner wants, or what a
 * data plane backend found in the kernel.  Built, sealed, then read-only.
 *
 * One prefix may hang on several peers, its next hops: metric 0 is the one to use,
 * 1, 2, … are the fall-backs in order.  A backend that cannot hold alternatives
 * takes the prefixes of metric 0 and leaves the others alone.
 *
 * A peer may be a key that waits: the next one of a node that is to change its key.  WireGuard
 * knows who calls with it, and can tell, but opens no session (netlink/wg_peer.h has how).
 *
 * Not thread-safe while it is built; sealed, any thread may read.
 */
#ifndef WGMESH_MODEL_PEER_SET_H
#define WGMESH_MODEL_PEER_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/key.h"

struct peer_prefix {
	struct prefix prefix;	/* host bits are cleared */
	uint32_t metric;
};

struct peer {
	struct key public_key;
	struct endpoint endpoint;	/* AF_UNSPEC: it calls us */
	uint16_t keepalive;		/* seconds; 0: none */
	bool waiting;			/* has no prefixes then */
	const struct peer_prefix *prefixes;	/* by family, address, length */
	size_t n_prefixes;
};

struct peer_set;

struct peer_set *peer_set_new(void);	/* NULL: no memory */
void peer_set_free(struct peer_set *set);

/* @endpoint may be NULL: none.  Returns in *ret_peer what peer_set_add_prefix() wants. */
int peer_set_add(struct peer_set *set, const struct key *public_key,
		 const struct endpoint *endpoint, uint16_t keepalive, uint32_t *ret_peer,
		 struct error *err);
int peer_set_add_prefix(struct peer_set *set, uint32_t peer, const struct prefix *prefix,
			uint32_t metric, struct error *err);
/* Of a peer without prefixes, that was added before. */
void peer_set_make_wait(struct peer_set *set, uint32_t peer);
/*
 * Sorts, once; nothing can be added any more.  ERR_EXISTS: a key twice, a prefix twice
 * on one peer, or one metric twice for one prefix; then the set is only good for freeing.
 */
int peer_set_seal(struct peer_set *set, struct error *err);

/* Sealed sets only; peers by public key.  The pointers live as long as the set. */
size_t peer_set_count(const struct peer_set *set);
const struct peer *peer_set_at(const struct peer_set *set, size_t i);
const struct peer *peer_set_lookup(const struct peer_set *set, const struct key *public_key);

/* Bits that say in what an upserted peer differs from what was there. */
enum {
	PEER_IS_NEW = 1 << 0,
	PEER_ENDPOINT = 1 << 1,
	PEER_KEEPALIVE = 1 << 2,
	PEER_PREFIXES = 1 << 3,
	/*
	 * With PEER_IS_NEW: what is there goes first.  It waits no more, or waits from now on, and
	 * only a peer that begins anew calls at once, whatever came to the old one.
	 */
	PEER_RENEWED = 1 << 4,
};

struct peer_upsert {
	const struct peer *peer;	/* in the new set */
	const struct peer *old;		/* in the old set; NULL with PEER_IS_NEW */
	unsigned int changes;
};

/* Both lists by public key; valid as long as both sets. */
struct peer_diff {
	struct peer_upsert *upserts;
	size_t n_upserts;
	const struct peer **removals;	/* in the old set */
	size_t n_removals;
};

/*
 * What leads from @old (NULL: nothing there) to @new.  An endpoint that @new does not
 * know is no difference: WireGuard learnt it by itself, and it is not taken away.
 */
int peer_set_diff(const struct peer_set *old, const struct peer_set *new, struct peer_diff *ret,
		  struct error *err);
void peer_diff_fini(struct peer_diff *diff);

#endif
