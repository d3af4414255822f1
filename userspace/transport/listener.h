/* SPDX-License-Identifier: Apache-2.0 */
/* One address that others can dial. */
#ifndef WGMESH_TRANSPORT_LISTENER_H
#define WGMESH_TRANSPORT_LISTENER_H

#include "transport/state.h"

int listener_new(struct transport *t, const struct endpoint *address, struct listener **ret,
		 struct error *err);
void listener_free(struct listener *l);	/* the port is free at once, the memory follows */

/* As asked for, and with the real port. */
const struct endpoint *listener_asked(const struct listener *l);
bool listener_address(const struct listener *l, struct endpoint *ret);

#endif
