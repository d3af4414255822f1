// SPDX-License-Identifier: Apache-2.0
#include "daemon/notices.h"

static void forget(struct notices *n, uint64_t to)
{
	for (unsigned int i = 0; i < n->count; i++)
		if (n->items[i].to == to)
			n->items[i--] = n->items[--n->count];
}

bool notices_keep(struct notices *n, const struct raft_message *message)
{
	if (message->type != RAFT_APPEND)
		return false;
	forget(n, message->to);
	if (message->entry_count || n->count == RAFT_SERVERS_MAX)
		return false;
	n->items[n->count++] = *message;
	return true;
}

void notices_send(struct notices *n, void (*send)(void *data, const struct raft_message *message),
		  void *data)
{
	for (unsigned int i = 0; i < n->count; i++)
		send(data, &n->items[i]);
	n->count = 0;
}
