/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that wait for the one write in flight of a stream.  Bounded by
 * count and by bytes; one message beyond the bytes is let in, so that any
 * message can be sent at all.  Internal to rpc/.
 */
#ifndef WGMESH_RPC_OUTBOX_H
#define WGMESH_RPC_OUTBOX_H

#include <grpc/byte_buffer.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	OUTBOX_COUNT_MAX = 64,
	OUTBOX_BYTES_MAX = 4 * 1024 * 1024,
	OUTBOX_SLOTS = OUTBOX_COUNT_MAX + 1,	/* the last answer goes in even when full */
};

struct outbox {
	grpc_byte_buffer *slots[OUTBOX_SLOTS];
	unsigned int head, count;
	size_t bytes;
	bool starved;	/* somebody was sent away and waits to hear of room */
};

/* True: full, and remembered as such for outbox_relieved(). */
bool outbox_refuses(struct outbox *box);
void outbox_push(struct outbox *box, grpc_byte_buffer *bytes);	/* takes @bytes */
grpc_byte_buffer *outbox_pop(struct outbox *box);		/* NULL when empty */
void outbox_clear(struct outbox *box);
/* True once after a refusal, when half is free again: not a wake-up per message. */
bool outbox_relieved(struct outbox *box);

#endif
