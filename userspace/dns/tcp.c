// SPDX-License-Identifier: Apache-2.0
#include "dns/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "dns/answer.h"

enum {
	LENGTH = 2,		/* bytes before a message: how many it has (RFC 1035, 4.2.2) */
	TRANSFERS_MAX = 4,	/* at once */
	TRANSFER_MS_MAX = 600000,
	MESSAGES_MAX = 16,	/* of one connection, until the others have their turn */
};

struct tcp_connection {
	struct source source;	/* first: it is what epoll knows */
	struct tcp_connection *next;
	struct ip from;
	uint64_t since;		/* ms: the end of the last message, of theirs or ours */
	bool writing;		/* epoll tells when there is room, and nothing else */
	struct buf in, out;
	struct transfer *transfer;	/* under way; NULL: none is */
	uint64_t transfer_since;
	uint8_t *answer;	/* DNS_MESSAGE_MAX bytes; NULL: none was needed yet */
};

/* ---- who is there ---- */

static void end_transfer(struct tcp *tcp, struct tcp_connection *c)
{
	tcp->transfers -= c->transfer != NULL;
	transfer_free(c->transfer);
	c->transfer = NULL;
}

static void hang_up(struct tcp *tcp, struct tcp_connection *c)
{
	struct tcp_connection **at = &tcp->connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	tcp->count--;
	end_transfer(tcp, c);
	close(c->source.fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c->answer);
	free(c);
}

static struct tcp_connection *longest_idle(struct tcp *tcp)
{
	struct tcp_connection *oldest = tcp->connections;

	for (struct tcp_connection *c = oldest; c; c = c->next)
		if (c->since < oldest->since)
			oldest = c;
	return oldest;
}

static unsigned int count_of(const struct tcp *tcp, const struct ip *from)
{
	unsigned int count = 0;

	for (const struct tcp_connection *c = tcp->connections; c; c = c->next)
		count += ip_equal(&c->from, from);
	return count;
}

static bool watch(struct tcp *tcp, struct tcp_connection *c, int how)
{
	struct epoll_event event = { .events = c->writing ? EPOLLOUT : EPOLLIN,
				     .data.ptr = &c->source };

	return epoll_ctl(tcp->epoll, how, c->source.fd, &event) == 0;
}

static void add(struct tcp *tcp, int fd, const struct ip *from, uint64_t now)
{
	struct tcp_connection *c;

	if (count_of(tcp, from) >= DNS_PER_SOURCE_MAX) {
		close(fd);
		return;
	}
	if (tcp->count >= DNS_CONNECTIONS_MAX)
		hang_up(tcp, longest_idle(tcp));
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	*c = (struct tcp_connection){
		.source = { SOURCE_CONNECTION, fd }, .next = tcp->connections, .from = *from,
		.since = now, .in = BUF_INIT(LENGTH + DNS_MESSAGE_MAX),
		.out = BUF_INIT(LENGTH + DNS_MESSAGE_MAX),
	};
	tcp->connections = c;
	tcp->count++;
	if (!watch(tcp, c, EPOLL_CTL_ADD))
		hang_up(tcp, c);
}

bool tcp_accept(struct tcp *tcp, int listener, uint64_t now)
{
	struct sockaddr_in6 address;
	struct endpoint from;

	for (;;) {
		socklen_t len = sizeof(address);
		int fd = accept4(listener, (struct sockaddr *)&address, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0 && endpoint_from_sockaddr((struct sockaddr *)&address, len, &from))
			add(tcp, fd, &from.ip, now);
		else if (fd >= 0)
			close(fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return errno == EAGAIN;
	}
}

int tcp_sweep(struct tcp *tcp, uint64_t now)
{
	struct tcp_connection *c;

	while ((c = longest_idle(tcp)) && now - c->since >= tcp->idle_ms)
		hang_up(tcp, c);
	return c ? (int)(tcp->idle_ms - (now - c->since)) : -1;
}

void tcp_fini(struct tcp *tcp)
{
	while (tcp->connections)
		hang_up(tcp, tcp->connections);
}

/* ---- what is said; each of these is false when the connection is of no more use ---- */

static size_t message_length(const struct tcp_connection *c)
{
	return c->in.len < LENGTH ? 0 : (size_t)c->in.data[0] << 8 | c->in.data[1];
}

static bool has_message(const struct tcp_connection *c)
{
	return c->in.len >= LENGTH && c->in.len - LENGTH >= message_length(c);
}

static bool queue(struct tcp *tcp, struct tcp_connection *c, size_t len)
{
	buf_reset(&c->out);
	buf_append_u8(&c->out, (uint8_t)(len >> 8));
	buf_append_u8(&c->out, (uint8_t)len);
	tcp->answered++;
	return buf_append(&c->out, c->answer, len);
}

static bool next_of_transfer(struct tcp *tcp, struct tcp_connection *c, uint64_t now)
{
	size_t len = transfer_next(c->transfer, c->answer);

	if (now - c->transfer_since > TRANSFER_MS_MAX)
		return false;
	if (len)
		return queue(tcp, c, len);
	end_transfer(tcp, c);
	return true;
}

static bool begin_transfer(struct tcp *tcp, struct tcp_connection *c, uint64_t now)
{
	c->transfer_since = now;
	return ++tcp->transfers <= TRANSFERS_MAX && next_of_transfer(tcp, c, now);
}

/* Who sends what gets no answer over UDP is hung up on here: he would wait. */
static bool answer(struct tcp *tcp, struct tcp_connection *c, const struct dns_source *told,
		   uint64_t now)
{
	const struct dns_query query = { .data = c->in.data + LENGTH, .len = message_length(c),
					 .tcp = true };
	size_t len;

	tcp->messages++;
	if (!c->answer)
		c->answer = malloc(DNS_MESSAGE_MAX);
	len = c->answer ? dns_answer(told, &query, c->answer, &c->transfer) : 0;
	buf_consume(&c->in, LENGTH + query.len);
	if (c->transfer)
		return begin_transfer(tcp, c, now);
	return len && queue(tcp, c, len);
}

static bool send_some(struct tcp_connection *c)
{
	ssize_t sent = send(c->source.fd, c->out.data, c->out.len, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	buf_consume(&c->out, (size_t)sent);
	return true;
}

/* No more than the message that has begun, or a piece of what comes behind. */
static bool receive(struct tcp_connection *c)
{
	uint8_t piece[4096];
	size_t room = c->in.max - c->in.len;
	ssize_t got = recv(c->source.fd, piece, room < sizeof(piece) ? room : sizeof(piece), 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	return got > 0 && buf_append(&c->in, piece, (size_t)got);
}

static bool say_next(struct tcp *tcp, struct tcp_connection *c, const struct dns_source *told,
		     uint64_t now)
{
	c->since = now;
	return c->transfer ? next_of_transfer(tcp, c, now) : answer(tcp, c, told, now);
}

/* Until a message has to be waited for, or room to answer it, or others have waited long enough. */
static bool go_on(struct tcp *tcp, struct tcp_connection *c, const struct dns_source *told,
		  uint64_t now)
{
	for (int i = 0;; i++) {
		if (c->out.len && !send_some(c))
			return false;
		if (c->out.len || (!c->transfer && !has_message(c)) || i == MESSAGES_MAX)
			return true;
		if (!say_next(tcp, c, told, now))
			return false;
	}
}

void tcp_ready(struct tcp *tcp, struct source *source, const struct dns_source *told, uint64_t now)
{
	struct tcp_connection *c = (struct tcp_connection *)source;
	bool was = c->writing;

	if ((!was && !receive(c)) || !go_on(tcp, c, told, now)) {
		hang_up(tcp, c);
		return;
	}
	c->writing = c->out.len || c->transfer || has_message(c);
	if (c->writing != was && !watch(tcp, c, EPOLL_CTL_MOD))
		hang_up(tcp, c);
}
