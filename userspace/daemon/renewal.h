/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of this node ends, and so it gets another one in time: it asks the mesh when two
 * thirds of the time are over, and again until it has one.  With it goes a new key.  Connections that
 * stand go on; those that come see the new one.  Owner thread.
 */
#ifndef WGMESH_DAEMON_RENEWAL_H
#define WGMESH_DAEMON_RENEWAL_H

#include <stdint.h>

#include "crypto/cert.h"

struct daemon;

/*
 * When the certificate is to be renewed, in seconds since 1970: a third of its time before its end,
 * or up to a twelfth of it earlier, by its serial, lest all that were enrolled at once come at once.
 */
int64_t renewal_due(const struct cert_info *info);

/* Now and then: asks for a certificate when it is time; one call at once. */
void renewal_advance(struct daemon *d);

/* The files may hold another identity by now, that somebody has put there: takes it over. */
void renewal_reread(struct daemon *d);

/* Gives up a call under way, before the pump stops. */
void renewal_stop(struct daemon *d);

#endif
