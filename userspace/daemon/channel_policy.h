/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a data channel may lead to.  Who may have one is whoever has a certificate of the mesh; it is
 * the node that dials that decides where to, by its own settings, whoever has passed the call on.
 * Owner thread.
 */
#ifndef WGMESH_DAEMON_CHANNEL_POLICY_H
#define WGMESH_DAEMON_CHANNEL_POLICY_H

#include <stdint.h>

#include "base/error.h"
#include "rtc/connection.h"

struct daemon;

enum { CHANNEL_SERVICE_MAX = ENDPOINT_TEXT_MAX + 4 };	/* "tcp 127.0.0.1:22", and a NUL */

/*
 * The service that @proto ("": tcp), @dst ("": 127.0.0.1) and @port name.  ERR_INVALID with the
 * field: names are not looked up, and nobody dials a group or all addresses.
 */
int channel_service_parse(const char *proto, const char *dst, uint32_t port, struct channel_service *ret,
			  struct error *err);
/* Returns @out. */
char *channel_service_format(const struct channel_service *service, char out[CHANNEL_SERVICE_MAX]);

/* ERR_UNSUPPORTED: this node has nothing to do with data channels. */
int channel_policy_check_on(const struct daemon *d, struct error *err);
/* Besides, ERR_DENIED: it leads nobody there. */
int channel_policy_check(struct daemon *d, const struct channel_service *service, struct error *err);

#endif
