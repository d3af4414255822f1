/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Raft message on the wire: four bytes of length, big-endian, then a packed
 * webmesh.ext.v1.RaftMessage of as many bytes, 1 … TRANSPORT_FRAME_MAX.
 */
#ifndef WGMESH_TRANSPORT_FRAME_H
#define WGMESH_TRANSPORT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "raft/message.h"

enum { FRAME_HEAD = 4 };

struct frame {
	struct frame *next;	/* the queue's */
	bool bulk;		/* one of many alike, which Raft sends again by itself */
	size_t len;		/* with its head */
	uint8_t data[];
};

/* ERR_EXHAUSTED: larger than a frame may be.  free() it. */
int frame_new(const struct raft_message *m, struct frame **ret, struct error *err);

/*
 * Unpack the @len bytes behind a head.  ERR_INVALID for what no server sends:
 * broken protobuf, an unknown type, entries out of order, too many or too
 * large.  The caller ends with frame_message_fini().
 */
int frame_parse(const uint8_t *data, size_t len, struct raft_message *ret, struct error *err);
void frame_message_fini(struct raft_message *m);

#endif
