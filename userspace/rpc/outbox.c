// SPDX-License-Identifier: Apache-2.0
#include "rpc/outbox.h"

bool outbox_refuses(struct outbox *box)
{
	if (box->count < OUTBOX_COUNT_MAX && box->bytes < OUTBOX_BYTES_MAX)
		return false;
	box->starved = true;
	return true;
}

void outbox_push(struct outbox *box, grpc_byte_buffer *bytes)
{
	box->slots[(box->head + box->count) % OUTBOX_SLOTS] = bytes;
	box->count++;
	box->bytes += grpc_byte_buffer_length(bytes);
}

grpc_byte_buffer *outbox_pop(struct outbox *box)
{
	grpc_byte_buffer *bytes;

	if (!box->count)
		return NULL;
	bytes = box->slots[box->head];
	box->head = (box->head + 1) % OUTBOX_SLOTS;
	box->count--;
	box->bytes -= grpc_byte_buffer_length(bytes);
	return bytes;
}

void outbox_clear(struct outbox *box)
{
	grpc_byte_buffer *bytes;

	while ((bytes = outbox_pop(box)))
		grpc_byte_buffer_destroy(bytes);
	box->starved = false;
}

bool outbox_relieved(struct outbox *box)
{
	if (!box->starved || box->count > OUTBOX_COUNT_MAX / 2 ||
	    box->bytes > OUTBOX_BYTES_MAX / 2)
		return false;
	box->starved = false;
	return true;
}
