// SPDX-License-Identifier: Apache-2.0
#include "http/connections.h"

#include <sys/socket.h>

/*
 * The library takes no more than HTTP_CONNECTIONS_MAX.  From here on the oldest goes, so that there
 * is always room: who asks and reads is done within milliseconds, and is never the oldest for long.
 */
enum { CROWDED = (HTTP_CONNECTIONS_MAX - HTTP_STREAMS_MAX) * 3 / 4 };

/* The library sees the end of the stream, closes it and tells. */
static void hang_up(struct connection *c)
{
	if (!c->hung_up)
		shutdown(c->fd, SHUT_RDWR);
	c->hung_up = true;
}

static bool crowds(const struct connection *c)
{
	return !c->hung_up && !c->streams;
}

/* They are in the order in which they came. */
static void make_room(struct connections *c)
{
	unsigned int crowd = 0;

	for (unsigned int i = 0; i < c->count; i++)
		crowd += crowds(&c->items[i]);
	for (unsigned int i = 0; crowd > CROWDED && i < c->count; i++) {
		if (!crowds(&c->items[i]))
			continue;
		hang_up(&c->items[i]);
		crowd--;
	}
}

void connections_add(struct connections *c, int fd, uint64_t now, unsigned int max_ms)
{
	if (c->count == HTTP_CONNECTIONS_MAX) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	c->items[c->count++] = (struct connection){ .fd = fd, .since = now, .max_ms = max_ms };
	make_room(c);
}

static unsigned int find(const struct connections *c, int fd)
{
	unsigned int at = 0;

	while (at < c->count && c->items[at].fd != fd)
		at++;
	return at;
}

void connections_remove(struct connections *c, int fd)
{
	unsigned int at = find(c, fd);

	if (at == c->count)
		return;
	for (c->count--; at < c->count; at++)
		c->items[at] = c->items[at + 1];
}

void connections_keep(struct connections *c, int fd, unsigned int max_ms)
{
	unsigned int at = find(c, fd);

	if (at == c->count)
		return;
	c->items[at].streams = true;
	c->items[at].max_ms = max_ms;
}

int connections_sweep(struct connections *c, uint64_t now)
{
	int next = -1;

	for (unsigned int i = 0; i < c->count; i++) {
		struct connection *item = &c->items[i];
		uint64_t left = item->since + item->max_ms > now
				? item->since + item->max_ms - now : 0;

		if (item->hung_up)
			continue;
		if (!left)
			hang_up(item);
		else if (next < 0 || left < (uint64_t)next)
			next = (int)left;
	}
	return next;
}
