// SPDX-License-Identifier: Apache-2.0
#include "rtc/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "base/buf.h"
#include "rtc/path.h"
#include "rtc/sctp.h"
#include "rtc/watch.h"

enum {
	CHANNELS = 0,		/* the stream that says the numbers */
	PORT = 5000,
	REAP_MS = 500,
	EARLY_MAX = SCTP_BUFFER + SESSION_MESSAGE_MAX,	/* bytes that wait for a number, of a session */
};

/* A stream of SCTP, and the connection that it is. */
struct channel {
	struct connection *connection;
	bool announced;
	size_t early;		/* bytes that came before */
	int waiting;		/* a socket whose number SCTP has not taken yet; -1: none */
	bool ours_closing;	/* asked for */
	bool ours_closed;
	bool theirs_closed;
	int64_t deadline;	/* ms, INT64_MAX: none */
};

struct session {
	struct session_config config;
	const struct session_ops *ops;
	void *ctx;
	struct path *path;
	struct dtls *dtls;
	struct sctp *sctp;
	struct timer *setup, *flight, *reaper;
	struct channel *channels[SCTP_STREAMS];
	size_t count;			/* of channels */
	size_t unnumbered;		/* bytes that came early, of all channels */
	unsigned int full;		/* connections that are */
	unsigned int turn;		/* whose is the next room in SCTP */
	size_t message_max;		/* bytes that the peer takes at once */
	uint16_t sctp_port;
	uint8_t peer[SHA256_BYTES];	/* its fingerprint */
	unsigned int version;		/* of our description */
	bool reaches;			/* it is the client: numbers go out */
	uint16_t last_number;		/* of its own */
	bool answered, found, blocked, connected, over;
	bool homeless;			/* the path begins at an address that is gone */
	bool unheard;			/* by the peer, which we may hear well */
	bool doubted;			/* `stale` was told, and nothing better since */
	int64_t heard;			/* ms */
	int64_t stale;			/* ms: when it was told last */
	uint8_t plain[DTLS_PLAIN_MAX];
};

static int64_t now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

static void end(struct session *s, const struct error *why)
{
	if (s->over)
		return;
	s->over = true;
	s->ops->ended(why, s->ctx);
}

static void end_with(struct session *s, enum error_kind kind, const char *text)
{
	struct error err = { 0 };

	error_set(&err, kind, "%s", text);
	end(s, &err);
}

/* ---- channels ---- */

static int on_service_data(uint16_t number, const void *data, size_t len, void *ctx)
{
	struct session *s = ctx;
	int r;

	if (!s->sctp || s->over || !s->channels[number] || s->channels[number]->ours_closing)
		return -ERR_UNAVAILABLE;
	r = sctp_send(s->sctp, number, data, len, NULL);
	s->blocked |= r == -ERR_EXHAUSTED;
	return r;
}

static void close_ours(struct session *s, uint16_t number)
{
	struct channel *ch = s->channels[number];

	if (ch->ours_closing)
		return;
	ch->ours_closing = true;
	sctp_close_stream(s->sctp, number);
}

static void on_service_ended(uint16_t number, void *ctx)
{
	struct session *s = ctx;

	/* Told from inside a new connection, too, before it has its place. */
	if (s->channels[number] && !s->over)
		close_ours(s, number);
}

/* One that is full has all wait: SCTP has one window for all streams. */
static void on_full(bool full, void *ctx)
{
	struct session *s = ctx;

	s->full = full ? s->full + 1 : s->full - 1;
	if (s->sctp)
		sctp_pause(s->sctp, s->full > 0);
}

static const struct connection_ops connection_ops = {
	.send = on_service_data,
	.ended = on_service_ended,
	.full = on_full,
};

static struct channel *add_channel(struct session *s, uint16_t number)
{
	struct channel *ch;

	if (s->count >= s->config.connections_max)
		return NULL;
	ch = calloc(1, sizeof(*ch));
	if (!ch)
		return NULL;
	ch->waiting = -1;
	ch->deadline = now_ms() + SESSION_EARLY_MS;
	if (connection_new(s->config.ice.context, number, s->message_max, &s->config.service,
			   &connection_ops, s, &ch->connection, NULL) < 0) {
		free(ch);
		return NULL;
	}
	s->channels[number] = ch;
	s->count++;
	return ch;
}

static void remove_channel(struct session *s, uint16_t number)
{
	struct channel *ch = s->channels[number];

	s->channels[number] = NULL;
	s->count--;
	s->unnumbered -= ch->early;
	connection_free(ch->connection);
	if (ch->waiting >= 0)
		close(ch->waiting);
	free(ch);
}

/* A peer whose channel we have closed knows it as closed, and may use its number again. */
static bool is_used(const struct channel *ch)
{
	return ch && ch->announced && !ch->ours_closed;
}

static void announce(struct session *s, uint32_t number)
{
	struct channel *ch;

	/* SCTP has no stream of that number: the peer's own channel cannot be there either. */
	if (number >= SCTP_STREAMS || is_used(s->channels[number]))
		return;
	ch = s->channels[number];
	/* What was closed, or sent more than could wait, has no part in the new one. */
	if (ch && (ch->announced || ch->ours_closing)) {
		remove_channel(s, (uint16_t)number);
		ch = NULL;
	}
	if (!ch)
		ch = add_channel(s, (uint16_t)number);
	if (!ch) {
		sctp_close_stream(s->sctp, (uint16_t)number);
		return;
	}
	ch->announced = true;
	s->unnumbered -= ch->early;
	ch->early = 0;
	ch->deadline = INT64_MAX;
	connection_dial(ch->connection);
	if (ch->theirs_closed)
		connection_finish(ch->connection);
}

static void on_number(struct session *s, const void *data, size_t len, bool whole)
{
	uint32_t number = whole && len == sizeof(uint32_t) ? load_u32(data) : 0;

	if (number == 0)
		end_with(s, ERR_INVALID, "the peer wrote what is no number of a connection");
	else
		announce(s, number);
}

/* ---- connections of our own ---- */

/* The number first, and only then the bytes: of streams nobody keeps the order. */
static void say_number(struct session *s, uint16_t number)
{
	struct channel *ch = s->channels[number];
	uint8_t text[sizeof(uint32_t)];
	int fd = ch->waiting;

	store_u32(text, number);
	if (sctp_send(s->sctp, CHANNELS, text, sizeof(text), NULL) < 0) {
		s->blocked = true;
		return;
	}
	ch->waiting = -1;
	connection_adopt(ch->connection, fd);
}

/* 0: none is free. */
static uint16_t free_number(struct session *s)
{
	for (unsigned int i = 1; i < SCTP_STREAMS; i++) {
		s->last_number = (uint16_t)(s->last_number % (SCTP_STREAMS - 1) + 1);
		if (!s->channels[s->last_number])
			return s->last_number;
	}
	return 0;
}

void session_connect(struct session *s, int fd)
{
	uint16_t number = s->reaches && s->connected && !s->over ? free_number(s) : 0;
	struct channel *ch = number ? add_channel(s, number) : NULL;

	if (!ch) {
		close(fd);
		return;
	}
	ch->announced = true;
	ch->waiting = fd;
	ch->deadline = INT64_MAX;
	say_number(s, number);
}

/* Whoever sends without end on numbers that he never says has the channel closed. */
static bool may_deliver(struct session *s, uint16_t number, size_t len)
{
	struct channel *ch = s->channels[number];

	if (!ch || ch->theirs_closed)
		return false;
	if (ch->announced)
		return true;
	if (!ch->ours_closing && s->unnumbered + len > EARLY_MAX)
		close_ours(s, number);
	if (ch->ours_closing)
		return false;
	ch->early += len;
	s->unnumbered += len;
	return true;
}

static void on_message(uint16_t stream, uint32_t payload, const void *data, size_t len, bool last,
		       void *ctx)
{
	struct session *s = ctx;
	struct channel *ch = s->channels[stream];

	/* RFC 8832: nobody opens a channel here; all are agreed on. */
	if (payload == SCTP_CONTROL || s->over)
		return;
	if (s->reaches && (stream == CHANNELS || !ch))
		return;
	if (stream == CHANNELS) {
		on_number(s, data, len, last);
		return;
	}
	/* Bytes may come before the number of their connection: streams have no order. */
	if (!ch)
		ch = add_channel(s, stream);
	if (may_deliver(s, stream, len))
		connection_deliver(ch->connection, data, len, last);
}

static void on_closed(uint16_t stream, void *ctx)
{
	struct session *s = ctx;
	struct channel *ch = s->channels[stream];

	if (stream == CHANNELS) {
		end(s, &(struct error){ 0 });
		return;
	}
	if (!ch || ch->theirs_closed)
		return;
	ch->theirs_closed = true;
	if (!ch->announced)
		return;
	connection_finish(ch->connection);
	/* The peer's channel is closed as a whole: what the service still says has no reader. */
	close_ours(s, stream);
	ch->deadline = now_ms() + SESSION_LINGER_MS;
}

static void on_reset(uint16_t stream, void *ctx)
{
	struct session *s = ctx;
	struct channel *ch = s->channels[stream];

	if (!ch || !ch->ours_closing)
		return;
	ch->ours_closed = true;
	/* Who never sent on it need not close its half; what is on its way has time to come. */
	if (ch->deadline == INT64_MAX)
		ch->deadline = now_ms() + SESSION_LINGER_MS;
}

static void on_writable(void *ctx)
{
	struct session *s = ctx;
	unsigned int from = s->turn;

	s->blocked = false;
	for (unsigned int i = 0; i < SCTP_STREAMS && !s->blocked && s->count; i++) {
		struct channel *ch;

		s->turn = (from + i) % SCTP_STREAMS;
		ch = s->channels[s->turn];
		if (ch && ch->waiting >= 0)
			say_number(s, (uint16_t)s->turn);
		if (ch)
			connection_resume(ch->connection);
	}
}

/* What is over, or has been about to be for too long. */
static bool is_dead(const struct channel *ch, int64_t now)
{
	if (now >= ch->deadline)
		return true;
	return ch->theirs_closed && ch->ours_closed && connection_done(ch->connection);
}

static void tell_stale(struct session *s, const char *why)
{
	if (s->over)
		return;
	s->stale = now_ms();
	s->doubted = true;
	s->ops->stale(why, s->ctx);
}

/* A new path has a while more to be found in: RFC 7675 lets us speak for 30 s. */
static void check_silence(struct session *s, int64_t now)
{
	int64_t silence = now - s->heard, limit = s->config.silence_ms;

	if (silence > (path_is_renewing(s->path) ? limit * 3 / 2 : limit))
		end_with(s, ERR_UNAVAILABLE, "nothing is heard of the peer any more");
	else if (now - s->stale < (path_is_renewing(s->path) ? SESSION_FIND_MS : SESSION_ASK_MS))
		return;
	else if (silence > limit / 2)
		tell_stale(s, "nothing is heard of the peer");
	else if (s->unheard)
		tell_stale(s, "the peer does not hear us");
	else if (s->homeless)
		session_check_path(s);
}

static void on_reap(void *ctx)
{
	struct session *s = ctx;
	int64_t now = now_ms();

	for (unsigned int i = 0; i < SCTP_STREAMS && s->count; i++) {
		if (!s->channels[i] || !is_dead(s->channels[i], now))
			continue;
		close_ours(s, (uint16_t)i);
		remove_channel(s, (uint16_t)i);
	}
	check_silence(s, now);
	if (!s->over)
		timer_set(s->reaper, REAP_MS);
}

/* ---- SCTP ---- */

static void on_packet(const void *data, size_t len, void *ctx)
{
	struct session *s = ctx;
	struct error err = { 0 };

	if (s->dtls && dtls_established(s->dtls) && dtls_write(s->dtls, data, len, &err) < 0)
		end(s, &err);
}

/* A new path, or the old one that works again.  That it has been heard by it the peer has shown. */
static void use_path(struct session *s)
{
	char path[ICE_PATH_MAX];

	s->homeless = s->unheard = s->doubted = false;
	s->heard = now_ms();
	s->ops->connected(path_format(s->path, path), s->ctx);
}

static void on_associated(void *ctx)
{
	struct session *s = ctx;
	s->connected = true;
	timer_set(s->setup, -1);
	timer_set(s->reaper, REAP_MS);
	use_path(s);
}

/* A peer whose address has changed is heard, but by its old address it does not hear. */
static void on_reachable(bool reachable, void *ctx)
{
	struct session *s = ctx;

	s->unheard = !reachable && s->connected;
}

static void on_lost(void *ctx)
{
	struct session *s = ctx;

	if (s->connected)
		end(s, &(struct error){ 0 });
	else
		end_with(s, ERR_UNAVAILABLE, "the peer refuses SCTP");
}

static const struct sctp_ops sctp_ops = {
	.packet = on_packet,
	.connected = on_associated,
	.message = on_message,
	.closed = on_closed,
	.reset = on_reset,
	.writable = on_writable,
	.reachable = on_reachable,
	.lost = on_lost,
};

static void start_sctp(struct session *s)
{
	struct error err = { 0 };

	s->heard = now_ms();
	if (sctp_new(s->sctp_port, s->config.silence_ms / 4, &sctp_ops, s, &s->sctp, &err) < 0)
		end(s, &err);
}

/* ---- DTLS ---- */

static void hear(struct session *s, size_t len)
{
	if (s->doubted && !s->homeless && !s->unheard)
		use_path(s);
	s->heard = now_ms();
	sctp_input(s->sctp, s->plain, len);
}

static void dtls_progress(struct session *s)
{
	struct error err = { 0 };
	size_t len = 1;
	int r = 0;

	while (!s->over && len && dtls_pending(s->dtls)) {
		r = dtls_read(s->dtls, s->plain, sizeof(s->plain), &len, &err);
		if (r < 0)
			break;
		if (!s->sctp && dtls_established(s->dtls))
			start_sctp(s);
		if (len && s->sctp)
			hear(s, len);
	}
	if (r == -ERR_UNAVAILABLE && s->connected)
		end(s, &(struct error){ 0 });
	else if (r < 0)
		end(s, &err);
	else
		timer_set(s->flight, dtls_timeout_ms(s->dtls));
}

static void on_flight(void *ctx)
{
	struct session *s = ctx;
	struct error err = { 0 };

	if (s->over)
		return;
	if (dtls_expire(s->dtls, &err) < 0)
		end(s, &err);
	else
		timer_set(s->flight, dtls_timeout_ms(s->dtls));
}

static void send_datagram(const void *datagram, size_t len, void *ctx)
{
	struct session *s = ctx;

	path_send(s->path, datagram, len);
}

static int make_dtls(struct session *s, const struct sdp *answer, struct error *err)
{
	struct dtls_config config = {
		.identity = s->config.identity,
		.side = answer->setup == SDP_ACTIVE ? DTLS_SERVER : DTLS_CLIENT,
		.send = send_datagram,
		.ctx = s,
	};

	memcpy(config.peer, answer->fingerprint, sizeof(config.peer));
	return dtls_new(&config, &s->dtls, err);
}

static void start_dtls(struct session *s)
{
	struct error err = { 0 };

	if (dtls_start(s->dtls, &err) < 0)
		end(s, &err);
	else
		timer_set(s->flight, dtls_timeout_ms(s->dtls));
}

/* ---- ICE ---- */

static void on_candidate(const struct candidate *c, void *ctx)
{
	struct session *s = ctx;

	s->ops->candidate(c, s->ctx);
}

static void on_path(void *ctx)
{
	struct session *s = ctx;

	if (s->over)
		return;
	if (s->connected)
		use_path(s);
	else if (!s->found && s->dtls)
		start_dtls(s);
	s->found = true;
}

static void on_no_path(void *ctx)
{
	end_with(ctx, ERR_UNAVAILABLE, "ICE finds no path to the peer");
}

static void on_datagram(const void *data, size_t len, void *ctx)
{
	struct session *s = ctx;

	if (!s->dtls || s->over || !dtls_is_record(data, len))
		return;
	dtls_feed(s->dtls, data, len);
	dtls_progress(s);
}

static const struct path_ops path_ops = {
	.candidate = on_candidate,
	.found = on_path,
	.failed = on_no_path,
	.datagram = on_datagram,
};

/* ---- the session ---- */

static void on_setup(void *ctx)
{
	struct session *s = ctx;

	end_with(s, ERR_DEADLINE, s->answered ? "the peer could not be connected to in time"
					      : "no answer came in time");
}

static int check_answer(const struct sdp *answer, struct error *err)
{
	return answer->setup == SDP_ACTPASS
		? error_set(err, ERR_INVALID,
			    "session description: an answer has setup active or passive") : 0;
}

/* What the peer says of itself, in offer or answer. */
static int take_remote(struct session *s, const struct sdp *remote, struct error *err)
{
	int r;

	s->answered = true;
	s->message_max = remote->message_max ? remote->message_max : SIZE_MAX;
	s->sctp_port = remote->sctp_port;
	memcpy(s->peer, remote->fingerprint, sizeof(s->peer));
	timer_set(s->setup, SESSION_SETUP_MS);
	r = make_dtls(s, remote, err);
	return r < 0 ? r : path_set_remote(s->path, remote, err);
}

/* DTLS and SCTP go on, so it must be the same. */
static int take_remote_again(struct session *s, const struct sdp *remote, struct error *err)
{
	return memcmp(s->peer, remote->fingerprint, sizeof(s->peer)) == 0
		? path_set_remote(s->path, remote, err)
		: error_set(err, ERR_INVALID,
			    "session description: a restart with another fingerprint");
}

void session_answer(struct session *s, const struct sdp *answer)
{
	struct error err = { 0 };
	int r;

	if (s->over || s->reaches || !path_is_open(s->path))
		return;
	r = check_answer(answer, &err);
	if (r == 0)
		r = s->answered ? take_remote_again(s, answer, &err)
				: take_remote(s, answer, &err);
	if (r < 0)
		end(s, &err);
}

void session_candidate(struct session *s, const struct candidate *c)
{
	if (!s->over)
		path_add_candidate(s->path, c);
}

/* Our offer, or the answer to @offer. */
static int describe(struct session *s, const struct sdp *offer, struct error *err)
{
	struct sdp sdp = { .mid = "0", .setup = SDP_ACTPASS, .sctp_port = PORT,
			   .message_max = SESSION_MESSAGE_MAX, .version = s->version++ };
	char *json;

	if (offer) {
		memcpy(sdp.mid, offer->mid, sizeof(sdp.mid));
		sdp.setup = offer->setup == SDP_ACTIVE ? SDP_PASSIVE : SDP_ACTIVE;
	}
	memcpy(sdp.fingerprint, dtls_identity_fingerprint(s->config.identity), SHA256_BYTES);
	g_strlcpy(sdp.ufrag, path_ufrag(s->path), sizeof(sdp.ufrag));
	g_strlcpy(sdp.pwd, path_pwd(s->path), sizeof(sdp.pwd));
	json = sdp_format_json(&sdp, offer ? SDP_ANSWER : SDP_OFFER);
	if (!json)
		return error_set(err, ERR_MEMORY, "no memory for a session description");
	s->ops->described(json, s->ctx);
	return path_gather(s->path, err);
}

void session_restart(struct session *s, const struct ice_servers *servers)
{
	if (s->over || s->reaches || !s->connected || path_renew(s->path, servers, NULL) < 0)
		return;
	describe(s, NULL, NULL);
}

void session_reoffer(struct session *s, const struct sdp *offer, const struct ice_servers *servers)
{
	struct error err = { 0 };
	int r;

	if (s->over || !s->reaches || !s->connected || path_renew(s->path, servers, NULL) < 0)
		return;
	r = describe(s, offer, NULL);
	if (r == 0 && take_remote_again(s, offer, &err) < 0)
		end(s, &err);
}

void session_check_path(struct session *s)
{
	s->homeless = s->connected && path_is_homeless(s->path);
	if (s->homeless)
		tell_stale(s, "an address of this host is gone");
}

int session_new(const struct session_config *config, const struct session_ops *ops, void *ctx,
		struct session **ret, struct error *err)
{
	struct session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, ERR_MEMORY, "no memory for a session");
	s->config = *config;
	s->ops = ops;
	s->ctx = ctx;
	s->turn = 1;
	s->stale = now_ms() - SESSION_FIND_MS;
	s->setup = timer_new(config->ice.context, on_setup, s);
	s->flight = timer_new(config->ice.context, on_flight, s);
	s->reaper = timer_new(config->ice.context, on_reap, s);
	timer_set(s->setup, config->answer_ms);
	s->reaches = config->offer;
	s->config.ice.controlled = s->reaches;
	s->config.offer = NULL;
	r = path_new(&s->config.ice, &path_ops, s, &s->path, err);
	wipe(&s->config.ice.servers, sizeof(s->config.ice.servers));
	if (r == 0)
		r = describe(s, config->offer, err);
	if (r == 0 && config->offer)
		r = take_remote(s, config->offer, err);
	if (r < 0)
		session_free(s);
	else
		*ret = s;
	return r;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	s->over = true;
	for (unsigned int i = 0; i < SCTP_STREAMS; i++) {
		if (s->channels[i])
			remove_channel(s, (uint16_t)i);
	}
	sctp_free(s->sctp);
	s->sctp = NULL;
	if (s->dtls)
		dtls_close(s->dtls);
	dtls_free(s->dtls);
	s->dtls = NULL;
	path_free(s->path);
	timer_free(s->setup);
	timer_free(s->flight);
	timer_free(s->reaper);
	free(s);
}

size_t session_connections(const struct session *s)
{
	return s->count;
}
