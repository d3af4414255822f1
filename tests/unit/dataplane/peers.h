/* SPDX-License-Identifier: Apache-2.0 */
/* Peer sets written as text, for the tests of the data plane. */
#ifndef WGMESH_TESTS_DATAPLANE_PEERS_H
#define WGMESH_TESTS_DATAPLANE_PEERS_H

#include "dataplane/dataplane.h"

/*
 * One line per peer: a letter that stands for its key, then "@192.0.2.1:1" for an
 * endpoint, "~25" for a keepalive, and prefixes with "/metric 1" written as "10.0.0.1/32*1".
 * The set is sealed; the caller owns it.
 */
struct peer_set *peers_of(const char *text);

/* The public key that the letter stands for; it is one that curve25519 can have. */
struct key key_of(char letter);

/* What the data plane has, in the same form: peers by letter, prefixes in order. */
char *peers_text(struct dataplane *dp);	/* the caller frees it */

#endif
