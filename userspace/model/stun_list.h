/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STUN servers, as URLs (RFC 7064) whose host is an address: "stun:192.0.2.1:3478".  Names are for
 * those who may wait for a resolver.  Plain values; any thread.
 */
#ifndef WGMESH_MODEL_STUN_LIST_H
#define WGMESH_MODEL_STUN_LIST_H

#include "base/addr.h"
#include "base/error.h"

enum {
	STUN_SERVERS_MAX = 4,
	STUN_URL_MAX = ENDPOINT_TEXT_MAX + 5,	/* bytes of one with the final NUL */
	STUN_LIST_TEXT_MAX = STUN_SERVERS_MAX * (STUN_URL_MAX + 1),
	STUN_PORT = 3478,			/* of those that name none */
};

struct stun_list {
	struct endpoint items[STUN_SERVERS_MAX];
	unsigned int count;
};

/* "stun:" may be left out.  ERR_INVALID: not as above; ERR_EXHAUSTED. */
int stun_list_add(struct stun_list *list, const char *text, struct error *err);
/* "none", or URLs with commas between; returns @out. */
char *stun_list_format(const struct stun_list *list, char out[STUN_LIST_TEXT_MAX]);
/* Returns @out. */
char *stun_url_format(const struct endpoint *server, char out[STUN_URL_MAX]);

#endif
