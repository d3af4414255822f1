// SPDX-License-Identifier: Apache-2.0
#include "transport/link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	IN_BYTES = 32 * 1024,
	OUT_BYTES = 64 * 1024,
	PLAIN_BYTES = 16 * 1024,	/* one TLS record */
	/* A host that is gone without a word is noticed within these, idle or sending. */
	KEEPALIVE_IDLE_S = 3,
	KEEPALIVE_EVERY_S = 1,
	KEEPALIVE_COUNT = 3,
	USER_TIMEOUT_MS = 6000,
};

/* One timer, several clocks: a deadline is a time of the loop, 0 for none. */
enum deadline { DEADLINE_ESTABLISH, DEADLINE_STALL, DEADLINE_OWNER, DEADLINES };

struct link {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	struct tls_stream *tls;
	const struct link_callbacks *callbacks;
	void *data;
	struct anchor *anchor;
	struct endpoint remote;
	uint64_t deadlines[DEADLINES];
	const char *owner_expects;
	uint32_t stall_ms;
	int handles;		/* open, of tcp and timer */
	bool connected;
	bool established;
	bool writing;
	bool closing;
	struct error failure;	/* found inside a call of the owner's: told by the timer */
	uint8_t in[IN_BYTES];
	uint8_t out[OUT_BYTES];
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct link *l = handle->data;
	struct anchor *anchor = l->anchor;

	if (--l->handles)
		return;
	tls_stream_free(l->tls);
	if (l->callbacks->released)
		l->callbacks->released(l->data);
	free(l);
	anchor_release(anchor);
}

/* An alert tells the other side why; one try, as nobody waits for it any more. */
static void say_goodbye(struct link *l)
{
	uv_buf_t buf = { .base = (char *)l->out };

	if (!l->connected || l->writing)
		return;
	tls_close(l->tls);
	buf.len = tls_take(l->tls, l->out, sizeof(l->out));
	if (buf.len)
		uv_try_write((uv_stream_t *)&l->tcp, &buf, 1);
}

void link_close(struct link *l)
{
	if (!l || l->closing)
		return;
	say_goodbye(l);
	l->closing = true;
	uv_close((uv_handle_t *)&l->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&l->timer, on_handle_closed);
}

static void fail(struct link *l, const char *reason)
{
	if (l->closing)
		return;
	link_close(l);
	l->callbacks->closed(l->data, l, reason);
}

static void on_timer(uv_timer_t *timer);

static void arm(struct link *l)
{
	uint64_t now = uv_now(l->timer.loop), first = UINT64_MAX;

	for (int i = 0; i < DEADLINES; i++)
		if (l->deadlines[i] && l->deadlines[i] < first)
			first = l->deadlines[i];
	if (l->failure.kind)
		first = now;
	if (first == UINT64_MAX)
		uv_timer_stop(&l->timer);
	else
		uv_timer_start(&l->timer, on_timer, first > now ? first - now : 0, 0);
}

static void set_deadline(struct link *l, enum deadline which, uint32_t ms)
{
	if (l->closing)
		return;
	l->deadlines[which] = ms ? uv_now(l->timer.loop) + ms : 0;
	arm(l);
}

static void on_timer(uv_timer_t *timer)
{
	struct link *l = timer->data;
	uint64_t now = uv_now(timer->loop);

	if (l->failure.kind)
		fail(l, l->failure.text);
	else if (l->deadlines[DEADLINE_ESTABLISH] && l->deadlines[DEADLINE_ESTABLISH] <= now)
		fail(l, l->connected ? "no TLS handshake in time" : "no connection in time");
	else if (l->deadlines[DEADLINE_STALL] && l->deadlines[DEADLINE_STALL] <= now)
		fail(l, "the other side takes no data");
	else if (l->deadlines[DEADLINE_OWNER] && l->deadlines[DEADLINE_OWNER] <= now)
		fail(l, l->owner_expects);
	else
		arm(l);
}

void link_expect(struct link *l, uint32_t ms, const char *what)
{
	l->owner_expects = what;
	set_deadline(l, DEADLINE_OWNER, ms);
}

static void pump(struct link *l);

static void on_write(uv_write_t *write, int status)
{
	struct link *l = write->data;

	l->writing = false;
	if (l->closing)
		return;
	set_deadline(l, DEADLINE_STALL, 0);
	if (status < 0) {
		fail(l, uv_strerror(status));
		return;
	}
	if (l->established && l->callbacks->writable)
		l->callbacks->writable(l->data, l);
	pump(l);
}

static void fail_later(struct link *l, int code)
{
	error_set(&l->failure, ERR_UNAVAILABLE, "%s", uv_strerror(code));
	arm(l);		/* the owner is on the stack: he learns it from the loop */
}

/* The usual way: the kernel takes all at once, and the loop has nothing to watch for. */
static size_t write_now(struct link *l, const uv_buf_t *buf)
{
	int n = uv_try_write((uv_stream_t *)&l->tcp, buf, 1);

	if (n < 0 && n != UV_EAGAIN)
		fail_later(l, n);
	return n < 0 ? 0 : (size_t)n;
}

static void write_later(struct link *l, uv_buf_t buf)
{
	int r = uv_write(&l->write, (uv_stream_t *)&l->tcp, &buf, 1, on_write);

	if (r < 0) {
		fail_later(l, r);
		return;
	}
	l->writing = true;
	if (l->established)
		set_deadline(l, DEADLINE_STALL, l->stall_ms);
}

/* One write under way at a time: what is behind it stays in TLS's bounded output. */
static void pump(struct link *l)
{
	uv_buf_t buf = { .base = (char *)l->out };
	size_t done;

	while (!l->closing && !l->writing && l->connected && !l->failure.kind) {
		buf.len = tls_take(l->tls, l->out, sizeof(l->out));
		if (!buf.len)
			return;
		done = write_now(l, &buf);
		if (done < buf.len && !l->failure.kind)
			write_later(l,
				    uv_buf_init(buf.base + done, (unsigned int)(buf.len - done)));
	}
}

size_t link_write(struct link *l, const void *data, size_t len)
{
	size_t taken = 0;

	if (l->closing || l->failure.kind || !l->established)
		return 0;
	if (tls_write(l->tls, data, len, &taken, &l->failure)) {
		arm(l);
		return 0;
	}
	pump(l);
	return taken;
}

static void deliver(struct link *l, const uint8_t *bytes, size_t len)
{
	if (l->callbacks->received)
		l->callbacks->received(l->data, l, bytes, len);
	else
		fail(l, "the other side sent what nobody asked for");
}

static void become_established(struct link *l)
{
	l->established = true;
	set_deadline(l, DEADLINE_ESTABLISH, 0);
	l->callbacks->established(l->data, l, tls_peer(l->tls));
}

/* All plaintext that is there; any callback may close the link. */
static void drain(struct link *l)
{
	uint8_t plain[PLAIN_BYTES];
	struct error err;
	size_t len;

	do {
		len = 0;
		if (tls_read(l->tls, plain, sizeof(plain), &len, &err)) {
			fail(l, err.text);
			return;
		}
		if (!l->established && tls_established(l->tls))
			become_established(l);
		if (len && !l->closing)
			deliver(l, plain, len);
	} while (len && !l->closing);
	pump(l);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct link *l = handle->data;

	*ret = uv_buf_init((char *)l->in, sizeof(l->in));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct link *l = stream->data;
	struct error err;

	if (l->closing || n == 0)
		return;
	if (n == UV_EOF)
		fail(l, "the other side closed the connection");
	else if (n < 0)
		fail(l, uv_strerror((int)n));
	else if (tls_feed(l->tls, l->in, (size_t)n, &err))
		fail(l, err.text);
	else
		drain(l);
}

static void begin(struct link *l)
{
	int r = uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);

	if (r < 0) {
		fail(l, uv_strerror(r));
		return;
	}
	l->connected = true;
	drain(l);	/* a client speaks first */
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct link *l = connect->data;

	if (l->closing)
		return;
	if (status < 0)
		fail(l, uv_strerror(status));
	else
		begin(l);
}

/* Best effort: without them only the deadlines above notice. */
static void set_options(uv_tcp_t *tcp)
{
	const int options[][2] = {
		{ TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ TCP_KEEPINTVL, KEEPALIVE_EVERY_S },
		{ TCP_KEEPCNT, KEEPALIVE_COUNT },
		{ TCP_USER_TIMEOUT, USER_TIMEOUT_MS },
		{ TCP_NODELAY, 1 },
	};
	const int on = 1;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)tcp, &fd))
		return;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, IPPROTO_TCP, options[i][0], &options[i][1], sizeof(int));
}

/* From here on it is freed by link_close(), through the loop. */
static int open_handles(struct link *l, const struct link_config *config, unsigned int family,
			struct error *err)
{
	int r = uv_tcp_init_ex(config->loop, &l->tcp, family);

	if (r < 0)
		return error_errno(err, -r, "cannot open a socket");
	uv_timer_init(config->loop, &l->timer);
	l->tcp.data = l->timer.data = l->connect.data = l->write.data = l;
	l->handles = 2;
	anchor_hold(l->anchor);
	return 0;
}

static int link_new(const struct link_config *config, enum tls_side side, unsigned int family,
		    struct link **ret, struct error *err)
{
	struct link *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return error_set(err, ERR_MEMORY, "no memory for a connection");
	l->callbacks = config->callbacks;
	l->data = config->data;
	l->anchor = config->anchor;
	l->stall_ms = config->stall_ms;
	r = tls_stream_new(config->tls, side, &l->tls, err);
	if (!r)
		r = open_handles(l, config, family, err);
	if (r) {
		tls_stream_free(l->tls);
		free(l);
		return r;
	}
	set_deadline(l, DEADLINE_ESTABLISH, config->establish_ms);
	*ret = l;
	return 0;
}

/* For a link that its owner never got. */
static void discard(struct link *l)
{
	static const struct link_callbacks silent;

	l->callbacks = &silent;
	link_close(l);
}

int link_dial(const struct link_config *config, const struct endpoint *remote, struct link **ret,
	      struct error *err)
{
	char text[ENDPOINT_TEXT_MAX];
	struct sockaddr_in6 sa;
	struct link *l;
	int r = link_new(config, TLS_CLIENT, remote->ip.family, &l, err);

	if (r)
		return r;
	l->remote = *remote;
	set_options(&l->tcp);
	endpoint_to_sockaddr(remote, &sa);
	r = uv_tcp_connect(&l->connect, &l->tcp, (const struct sockaddr *)&sa, on_connect);
	if (r < 0) {
		discard(l);
		return error_errno(err, -r, "cannot connect to %s", endpoint_format(remote, text));
	}
	*ret = l;
	return 0;
}

int link_accept(const struct link_config *config, uv_stream_t *server, struct link **ret,
		struct error *err)
{
	struct sockaddr_in6 sa;
	int sa_len = sizeof(sa);
	struct link *l;
	int r = link_new(config, TLS_SERVER, AF_UNSPEC, &l, err);

	if (r)
		return r;
	r = uv_accept(server, (uv_stream_t *)&l->tcp);
	if (r >= 0)
		r = uv_tcp_getpeername(&l->tcp, (struct sockaddr *)&sa, &sa_len);
	if (r >= 0)
		r = uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
	if (r < 0) {
		discard(l);
		return error_errno(err, -r, "cannot accept a connection");
	}
	endpoint_from_sockaddr((const struct sockaddr *)&sa, (socklen_t)sa_len, &l->remote);
	set_options(&l->tcp);
	l->connected = true;
	*ret = l;
	return 0;
}

bool link_established(const struct link *l)
{
	return l->established && !l->closing;
}

const struct endpoint *link_remote(const struct link *l)
{
	return &l->remote;
}
