// SPDX-License-Identifier: Apache-2.0
#include "daemon/message_list.h"

#include <stdlib.h>

enum { ROOM_FIRST = 16 };

static int grow(struct message_list *list)
{
	size_t room = list->room ? list->room * 2 : ROOM_FIRST;
	void **items = reallocarray(list->items, room, sizeof(*items));

	if (!items)
		return -1;
	list->items = items;
	list->room = room;
	return 0;
}

void *message_list_add(struct message_list *list, size_t size)
{
	void *item;

	if (list->count == list->room && grow(list) < 0)
		return NULL;
	item = calloc(1, size);
	if (item)
		list->items[list->count++] = item;
	return item;
}

void message_list_fini(struct message_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct message_list){ 0 };
}
