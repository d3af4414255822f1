// SPDX-License-Identifier: Apache-2.0
/*
 * A session, and a peer that has keys and certificate and no manners: what it sends is changed at each layer,
 * as STUN, DTLS and SCTP, and in the midst of restarts.  The session goes on or ends once, with a reason, and
 * holds no more than it may.  SEED=N and ROUNDS=N (12): sessions, of some hundred steps each.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../cmocka.h"
#include "crypto/dtls.h"
#include "rtc/path.h"
#include "rtc/sctp.h"
#include "rtc/session.h"
#include "rtc/watch.h"

enum {
	ROUNDS = 12, STEPS = 300, DEADLINE_S = 60, TICK_MS = 5, CONNECTIONS = 8,
	HEADER = 12, SUM_AT = 8, PAYLOAD_AT = 24, DATAGRAM = 2048, NUMBERS = 12,
};

struct world {
	GMainContext *context;
	struct dtls_identity *identity;
	struct timer *tick;
	uint64_t random;
	int listener;
	struct session *session;
	unsigned int connected, ended;
	unsigned int steps;
	bool manners;			/* nothing is changed */
	/* The peer. */
	struct path *path;
	struct dtls *dtls;
	struct sctp *sctp;
	uint8_t last[DATAGRAM];		/* packet of SCTP, for the next forgery's header */
	size_t last_len;
	bool found, associated, lost;
};

/* xorshift64* */
static unsigned int draw(struct world *w, unsigned int below)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (unsigned int)(w->random * 2685821657736338717ull >> 32) % below;
}

static bool whim(struct world *w, unsigned int one_in)
{
	return !w->manners && draw(w, one_in) == 0;
}

static size_t mangle(struct world *w, uint8_t *data, size_t len)
{
	unsigned int changes = 1 + draw(w, 4);

	for (unsigned int i = 0; len && i < changes; i++)
		data[draw(w, (unsigned int)len)] ^= (uint8_t)(1 + draw(w, 255));
	return len && draw(w, 4) == 0 ? draw(w, (unsigned int)len) : len;
}

/* ---- the peer's datagrams ---- */

static void send_datagram(const void *datagram, size_t len, void *ctx)
{
	struct world *w = ctx;
	uint8_t copy[DATAGRAM];

	assert_true(len <= sizeof(copy));
	memcpy(copy, datagram, len);
	if (whim(w, 12))
		path_send(w->path, copy, mangle(w, copy, len));
	if (whim(w, 20))
		return;
	path_send(w->path, datagram, len);
	if (whim(w, 12))
		path_send(w->path, datagram, len);
}

/* CRC32c (RFC 9260, appendix A). */
static void repair(uint8_t *packet, size_t len)
{
	uint32_t crc = ~0u;

	if (len < HEADER)
		return;
	memset(packet + SUM_AT, 0, 4);
	for (size_t i = 0; i < len; i++) {
		crc ^= packet[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	for (int i = 0; i < 4; i++)
		packet[SUM_AT + i] = (uint8_t)(~crc >> (8 * i));
}

static void write_packet(struct world *w, uint8_t *packet, size_t len)
{
	repair(packet, len);
	if (len && dtls_established(w->dtls))
		dtls_write(w->dtls, packet, len, NULL);
}

static void on_packet(const void *data, size_t len, void *ctx)
{
	struct world *w = ctx;
	uint8_t copy[DATAGRAM];

	assert_true(len <= sizeof(copy));
	memcpy(w->last, data, len);
	w->last_len = len;
	memcpy(copy, data, len);
	/* RFC 8832: a channel is opened, which nobody expects here. */
	if (len > PAYLOAD_AT + 4 && whim(w, 8))
		copy[PAYLOAD_AT + 3] = (uint8_t)(46 + draw(w, 14));
	write_packet(w, copy, whim(w, 40) ? mangle(w, copy, len) : len);
}

/* Chunks that nobody would send, behind a header that is right. */
static void forge_packet(struct world *w)
{
	uint8_t packet[256];
	size_t len = HEADER + draw(w, sizeof(packet) - HEADER);

	if (w->last_len < HEADER)
		return;
	memcpy(packet, w->last, HEADER);
	for (size_t i = HEADER; i < len; i++)
		packet[i] = (uint8_t)draw(w, 256);
	if (len >= HEADER + 4) {
		packet[HEADER] = (uint8_t)(draw(w, 2) ? draw(w, 16) : 130);
		packet[HEADER + 2] = 0;
		packet[HEADER + 3] = (uint8_t)(len - HEADER);
	}
	write_packet(w, packet, len);
}

/* STUN's head (RFC 8489, 5) with attributes that are none, or the same for DTLS, or neither. */
static void forge_datagram(struct world *w)
{
	static const uint8_t heads[][8] = {
		{ 0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, { 0x01, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42 },
		{ 0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0 }, { 0x17, 0xfe, 0xfd, 0, 1, 0, 0, 0 }, { 0 },
	};
	uint8_t datagram[256];
	size_t len = 20 + draw(w, sizeof(datagram) - 20) / 4 * 4;

	for (size_t i = 0; i < len; i++)
		datagram[i] = (uint8_t)draw(w, 256);
	memcpy(datagram, heads[draw(w, 5)], 8);
	datagram[3] = (uint8_t)(len - 20);
	path_send(w->path, datagram, len);
}

/* ---- the peer's layers ---- */

static void on_associated(void *ctx)
{
	((struct world *)ctx)->associated = true;
}

static void on_lost(void *ctx)
{
	((struct world *)ctx)->lost = true;
}

static void on_message(uint16_t stream, uint32_t payload, const void *data, size_t len, bool last,
		       void *ctx)
{
}

static void on_stream(uint16_t stream, void *ctx)
{
}

static void on_nothing(void *ctx)
{
}

static void on_reachable(bool reachable, void *ctx)
{
}

static const struct sctp_ops sctp_ops = {
	.packet = on_packet, .connected = on_associated, .message = on_message,
	.closed = on_stream, .reset = on_stream, .writable = on_nothing,
	.reachable = on_reachable, .lost = on_lost,
};

static void on_datagram(const void *data, size_t len, void *ctx)
{
	struct world *w = ctx;
	static uint8_t plain[DTLS_PLAIN_MAX];
	size_t n = 1;

	if (!w->dtls || !dtls_is_record(data, len))
		return;
	dtls_feed(w->dtls, data, len);
	while (n && dtls_read(w->dtls, plain, sizeof(plain), &n, NULL) == 0) {
		if (!w->sctp && dtls_established(w->dtls))
			assert_int_equal(sctp_new(5000, 5000, &sctp_ops, w, &w->sctp, NULL), 0);
		if (n && w->sctp && !w->lost)
			sctp_input(w->sctp, plain, n);
	}
}

static void on_found(void *ctx)
{
	struct world *w = ctx;

	if (!w->found)
		assert_int_equal(dtls_start(w->dtls, NULL), 0);
	w->found = true;
}

static void on_own_candidate(const struct candidate *c, void *ctx)
{
	struct world *w = ctx;

	if (w->session)
		session_candidate(w->session, c);
}

static const struct path_ops path_ops = {
	.candidate = on_own_candidate, .found = on_found, .failed = on_nothing,
	.datagram = on_datagram,
};

static void make_peer(struct world *w, const struct sdp *offer)
{
	struct ice_config ice = { .context = w->context, .controlled = true, .loopback = true };
	struct dtls_config dtls = { .identity = w->identity, .side = DTLS_CLIENT,
				    .send = send_datagram, .ctx = w };

	memcpy(dtls.peer, offer->fingerprint, sizeof(dtls.peer));
	assert_int_equal(path_new(&ice, &path_ops, w, &w->path, NULL), 0);
	assert_int_equal(dtls_new(&dtls, &w->dtls, NULL), 0);
}

/* To the first offer, or that of a restart. */
static void answer(struct world *w, const struct sdp *offer)
{
	struct sdp sdp = { .mid = "0", .setup = SDP_ACTIVE, .sctp_port = 5000,
			   .message_max = 1000 };

	g_strlcpy(sdp.ufrag, path_ufrag(w->path), sizeof(sdp.ufrag));
	g_strlcpy(sdp.pwd, path_pwd(w->path), sizeof(sdp.pwd));
	memcpy(sdp.fingerprint, dtls_identity_fingerprint(w->identity), SHA256_BYTES);
	if (whim(w, 40))
		mangle(w, sdp.fingerprint, sizeof(sdp.fingerprint));
	assert_int_equal(path_set_remote(w->path, offer, NULL), 0);
	session_answer(w->session, &sdp);
	assert_int_equal(path_gather(w->path, NULL), 0);
}

/* ---- the session ---- */

struct offer {
	struct world *world;
	struct sdp sdp;
};

static gboolean take_offer(gpointer data)
{
	struct offer *offer = data;
	struct world *w = offer->world;

	if (!w->session)
		return G_SOURCE_REMOVE;
	if (!w->path)
		make_peer(w, &offer->sdp);
	else if (path_renew(w->path, &(struct ice_servers){ 0 }, NULL) < 0)
		return G_SOURCE_REMOVE;
	answer(w, &offer->sdp);
	return G_SOURCE_REMOVE;
}

/* As on its way over a stream: not inside the callback. */
static void on_described(char *json, void *ctx)
{
	struct offer *offer = g_new0(struct offer, 1);
	GSource *source = g_idle_source_new();

	offer->world = ctx;
	assert_int_equal(sdp_parse_json(json, SDP_OFFER, &offer->sdp, NULL), 0);
	free(json);
	g_source_set_callback(source, take_offer, offer, g_free);
	g_source_attach(source, offer->world->context);
	g_source_unref(source);
}

static void on_candidate(const struct candidate *c, void *ctx)
{
	struct world *w = ctx;

	if (w->path)
		path_add_candidate(w->path, c);
}

static void on_connected(const char *path, void *ctx)
{
	((struct world *)ctx)->connected++;
}

static void on_stale(const char *why, void *ctx)
{
}

static void on_ended(const struct error *why, void *ctx)
{
	struct world *w = ctx;

	w->ended++;
}

static const struct session_ops session_ops = {
	.described = on_described, .candidate = on_candidate, .connected = on_connected,
	.stale = on_stale, .ended = on_ended,
};

/* ---- the world ---- */

static void on_tick(void *ctx)
{
	struct world *w = ctx;
	int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
	sctp_stack_tick(TICK_MS);
	timer_set(w->tick, TICK_MS);
}

static uint16_t listen_at(struct world *w)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	w->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(w->listener, 64), 0);
	assert_int_equal(getsockname(w->listener, (struct sockaddr *)&sa, &len), 0);
	return ntohs(sa.sin_port);
}

static void set_up(struct world *w, uint64_t seed)
{
	struct session_config config = {
		.ice.loopback = true,
		.service = { .at = { { AF_INET, { 127, 0, 0, 1 } }, 0 } },
		.connections_max = CONNECTIONS, .answer_ms = 30000, .silence_ms = 20000,
	};

	*w = (struct world){ .random = seed * 2654435761u + 1, .manners = true };
	w->context = config.ice.context = g_main_context_new();
	g_main_context_push_thread_default(w->context);
	assert_int_equal(sctp_stack_start(NULL), 0);
	assert_int_equal(dtls_identity_new(&w->identity, NULL), 0);
	config.identity = w->identity;
	config.service.at.port = listen_at(w);
	w->tick = timer_new(w->context, on_tick, w);
	timer_set(w->tick, TICK_MS);
	assert_int_equal(session_new(&config, &session_ops, w, &w->session, NULL), 0);
}

static void tear_down(struct world *w)
{
	struct session *session = w->session;

	w->session = NULL;
	session_free(session);
	sctp_free(w->sctp);
	dtls_free(w->dtls);
	path_free(w->path);
	timer_free(w->tick);
	while (g_main_context_iteration(w->context, FALSE))
		;
	sctp_stack_stop();
	dtls_identity_free(w->identity);
	close(w->listener);
	g_main_context_pop_thread_default(w->context);
	g_main_context_unref(w->context);
}

static void await_both(struct world *w)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (!w->connected || !w->associated) {
		assert_true(time(NULL) < end && !w->ended);
		g_main_context_iteration(w->context, TRUE);
	}
}

/* ---- what it does ---- */

static void say_number(struct world *w)
{
	uint8_t number[6] = { 0, 0, 0, (uint8_t)(1 + draw(w, NUMBERS)), 0, 0 };

	sctp_send(w->sctp, 0, number, whim(w, 400) ? draw(w, sizeof(number)) : 4, NULL);
}

static void say_bytes(struct world *w)
{
	static const uint8_t bytes[1200];

	sctp_send(w->sctp, (uint16_t)(1 + draw(w, NUMBERS)), bytes, draw(w, sizeof(bytes)), NULL);
}

static void step(struct world *w)
{
	switch (draw(w, 24)) {
	case 0 ... 5:
		say_number(w);
		break;
	case 6 ... 13:
		say_bytes(w);
		break;
	case 14:
		sctp_close_stream(w->sctp, (uint16_t)(1 + draw(w, NUMBERS)));
		break;
	case 15:
		session_restart(w->session, &(struct ice_servers){ 0 });
		break;
	case 16 ... 18:
		forge_packet(w);
		break;
	default:
		forge_datagram(w);
	}
}

static void play(struct world *w)
{
	w->manners = false;
	for (; w->steps < STEPS && !w->ended; w->steps++) {
		if (!w->lost)
			step(w);
		else
			forge_datagram(w);
		for (unsigned int turns = draw(w, 6); turns; turns--)
			g_main_context_iteration(w->context, draw(w, 4) == 0);
		assert_true(session_connections(w->session) <= CONNECTIONS);
		assert_true(w->ended <= 1);
	}
}

static unsigned long env(const char *name, unsigned long otherwise)
{
	return getenv(name) ? strtoul(getenv(name), NULL, 10) : otherwise;
}

static void a_peer_without_manners_breaks_nothing(void **state)
{
	static struct world w;
	unsigned long rounds = env("ROUNDS", ROUNDS), seed = env("SEED", 1), ended = 0, steps = 0, paths = 0;

	for (unsigned long i = 0; i < rounds; i++) {
		set_up(&w, seed + i);
		await_both(&w);
		play(&w);
		ended += w.ended;
		steps += w.steps;
		paths += w.connected - 1;
		tear_down(&w);
	}
	print_message("%lu sessions in %lu steps, %lu of them ended; %lu new paths\n", rounds, steps,
		      ended, paths);
}

static void a_peer_with_manners_gets_a_new_path_as_often_as_it_is_offered_one(void **state)
{
	static struct world w;
	time_t end = time(NULL) + DEADLINE_S;

	set_up(&w, 1);
	await_both(&w);
	for (unsigned int wanted = 2; wanted < 6; wanted++) {
		session_restart(w.session, &(struct ice_servers){ 0 });
		while (w.connected < wanted) {
			assert_true(time(NULL) < end);
			g_main_context_iteration(w.context, TRUE);
		}
	}
	assert_int_equal(w.ended, 0);
	say_number(&w);
	while (session_connections(w.session) == 0) {
		assert_true(time(NULL) < end);
		g_main_context_iteration(w.context, TRUE);
	}
	tear_down(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_with_manners_gets_a_new_path_as_often_as_it_is_offered_one),
		cmocka_unit_test(a_peer_without_manners_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
