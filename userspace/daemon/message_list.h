/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a repeated field, as many as there turn out to be.  Zeroed is empty.  An item
 * begins with its message, and behind it has the memory that this points into: it never moves.
 */
#ifndef WGMESH_DAEMON_MESSAGE_LIST_H
#define WGMESH_DAEMON_MESSAGE_LIST_H

#include <stddef.h>

struct message_list {
	void **items;	/* protobuf-c's array of pointers to messages */
	size_t count, room;
};

/* The new last item, of @size bytes, zeroed; the list's own.  NULL: no memory. */
void *message_list_add(struct message_list *list, size_t size);
void message_list_fini(struct message_list *list);

#endif
