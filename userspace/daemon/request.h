/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change as its caller names it, by the metadata "wgmesh-request-id": made again under the same
 * name, by the same caller, with the same method and for the same object, it is applied once, and
 * answered as the first time.  For those who were not told how it ended.  Names are known for
 * STATE_REQUESTS entries.  Owner thread.
 */
#ifndef WGMESH_DAEMON_REQUEST_H
#define WGMESH_DAEMON_REQUEST_H

#include <stdbool.h>

#include "store/entry.h"

enum { REQUEST_NAME_MAX = 64 };	/* characters */

struct daemon;
struct rpc_call;

struct request {
	bool named;
	bool known;		/* it was applied; its outcome is */
	uint8_t id[ENTRY_REQUEST_ID];
	struct error outcome;
};

/* On the leader.  ERR_INVALID: the name is empty or too long. */
int request_read(struct daemon *d, const struct rpc_call *call, const char *object,
		 struct request *ret, struct error *err);

/* The entry that makes the change; NULL: no memory. */
struct entry *request_entry(const struct request *request);

#endif
