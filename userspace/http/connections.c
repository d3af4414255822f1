// SPDX-License-Identifier: Apache-2.0
#include "http/connections.h"

#include <sys/socket.h>

/*
 * The library takes no more than HTTP_CONNECTIONS_MAX.  From here on the oldest goes, so that there
 * is always room: who asks and reads is done within milliseconds, and is never the oldest for long.
 */
enum { CROWDED = HTTP_CONNECTIONS_MAX * 3 / 4 };

/* The library sees the end of the stream, closes it and tells. */
static void hang_up(struct connection *c)
{
	if (!c->hung_up)
		shutdown(c->fd, SHUT_RDWR);
	c->hung_up = true;
}

/* They are in the order in which they came. */
static void make_room(struct connections *c)
{
	unsigned int left = c->count;

	for (unsigned int i = 0; i < c->count; i++)
		left -= c->items[i].hung_up;
	for (unsigned int i = 0; left > CROWDED && i < c->count; i++) {
		left -= !c->items[i].hung_up;
		hang_up(&c->items[i]);
	}
}

void connections_add(struct connections *c, int fd, uint64_t now)
{
	if (c->count == HTTP_CONNECTIONS_MAX) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	c->items[c->count++] = (struct connection){ .fd = fd, .since = now };
	make_room(c);
}

void connections_remove(struct connections *c, int fd)
{
	unsigned int at = 0;

	while (at < c->count && c->items[at].fd != fd)
		at++;
	if (at == c->count)
		return;
	for (c->count--; at < c->count; at++)
		c->items[at] = c->items[at + 1];
}

int connections_sweep(struct connections *c, uint64_t now, unsigned int max_ms)
{
	for (unsigned int i = 0; i < c->count; i++) {
		struct connection *item = &c->items[i];

		if (item->hung_up)
			continue;
		if (now - item->since < max_ms)
			return (int)(max_ms - (now - item->since));
		hang_up(item);
	}
	return -1;
}
