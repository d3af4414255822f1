/* SPDX-License-Identifier: Apache-2.0 */
/* One address that others can dial. */
#ifndef WGMESH_TRANSPORT_LISTENER_H
#define WGMESH_TRANSPORT_LISTENER_H

#include "transport/state.h"

int listener_new(struct transport *t, const struct endpoint *address, struct listener **ret,
		 struct error *err);
void listener_free(struct listener *l);	/* the port is free at once, the memory follows */

/* With the real port. */
bool listener_address(const struct listener *l, struct endpoint *ret);
/* @address is what was asked for, or what came of it. */
bool listener_serves(const struct listener *l, const struct endpoint *address);

#endif
