// SPDX-License-Identifier: Apache-2.0
#include "rtc/sctp.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <usrsctp.h>

#include "base/crc32c.h"

enum {
	PORT = 5000,
	RTO_MIN_MS = 400,
	RTO_MAX_MS = 5000,
	INIT_ATTEMPTS = 8,
	LOSSES_MAX = 3,		/* in a row, of the same, until the path is doubted */
	BURST = 16,		/* packets at once: the window limits, not the clock */
	CHUNKS = 8192,		/* that wait, of small messages, too; usrsctp's 512 are half a megabyte */
	SACK_MS = 20,		/* 200 of usrsctp's, and a line of 100, come near RTO_MIN_MS */
	HEADER = 12,		/* of a packet, which usrsctp does not count */
	CHECKSUM_AT = 8,	/* in it */
	TICK_MAX_MS = 5 * SCTP_TICK_MS,
	STOP_TICKS = 1000,	/* of the stack's own remains, before it can end */
};

struct sctp {
	struct sctp *next;
	uintptr_t id;		/* usrsctp's address of it */
	size_t buffer;		/* bytes each way */
	struct socket *socket;
	const struct sctp_ops *ops;
	void *ctx;
	bool up, over;
	bool woken;		/* by usrsctp: there is something to do */
	bool paused, blocked;
	bool polling;
	uint8_t closing[SCTP_STREAMS / 8];	/* streams to be reset, when usrsctp takes it */
	/* Notifications are read as they lie. */
	uint8_t piece[SCTP_PIECE_MAX] __attribute__((aligned(8)));
};

/*
 * usrsctp speaks of an association for as long as its timers run, also after it is closed: its
 * address is a number that is looked up, not a pointer that could be stale.
 */
static struct sctp *associations;
static uintptr_t last_id;
static size_t buffers;		/* bytes that associations have each way */
static bool started;

static struct sctp *lookup(const void *address)
{
	struct sctp *s = associations;

	while (s && s->id != (uintptr_t)address)
		s = s->next;
	return s;
}

/* ---- the stack ---- */

/* RFC 9260, 6.8: little-endian, of a packet in which it is 0. */
static void seal(uint8_t *packet, size_t len)
{
	uint32_t sum;

	memset(packet + CHECKSUM_AT, 0, sizeof(sum));
	sum = htole32(crc32c(0, packet, len));
	memcpy(packet + CHECKSUM_AT, &sum, sizeof(sum));
}

static int on_output(void *address, void *data, size_t len, uint8_t tos, uint8_t set_df)
{
	struct sctp *s = lookup(address);

	seal(data, len);
	if (s)
		s->ops->packet(data, len, s->ctx);
	return 0;
}

int sctp_stack_start(struct error *err)
{
	if (started)
		return error_set(err, ERR_PRECONDITION, "SCTP has been started in this process");
	started = true;
	usrsctp_init_nothreads(0, on_output, NULL);
	/* Ours is made by the processor; theirs is not looked at, for DTLS vouches for every byte. */
	usrsctp_enable_crc32c_offload();
	usrsctp_sysctl_set_sctp_ecn_enable(0);
	usrsctp_sysctl_set_sctp_asconf_enable(0);
	usrsctp_sysctl_set_sctp_auth_enable(0);
	usrsctp_sysctl_set_sctp_max_burst_default(BURST);
	usrsctp_sysctl_set_sctp_initial_cwnd(BURST);
	usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS);
	usrsctp_sysctl_set_sctp_delayed_sack_time_default(SACK_MS);
	/* Or whoever had nothing to send for a moment has the window of a beginner again. */
	usrsctp_sysctl_set_sctp_use_cwnd_based_maxburst(0);
	return 0;
}

void sctp_stack_stop(void)
{
	for (int i = 0; i < STOP_TICKS && usrsctp_finish() != 0; i++)
		usrsctp_handle_timers(SCTP_TICK_MS);
	started = false;
}

static void poll(struct sctp *s);

/*
 * A thread that had to wait for the processor, or had much to read, has not waited for the peer,
 * whose answers may lie in the socket: a leap would be the end of each timer that runs.
 */
void sctp_stack_tick(unsigned int ms)
{
	usrsctp_handle_timers(ms < TICK_MAX_MS ? ms : TICK_MAX_MS);
	for (struct sctp *s = associations; s; s = s->next) {
		if (s->woken)
			poll(s);
	}
}

/* ---- closing of streams ---- */

static bool is_closing(const struct sctp *s, uint16_t stream)
{
	return s->closing[stream / 8] & (1u << (stream % 8));
}

static bool reset(struct sctp *s, uint16_t stream)
{
	union {
		struct sctp_reset_streams reset;
		uint8_t room[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
	} ask = { .reset = { .srs_flags = SCTP_STREAM_RESET_OUTGOING,
			     .srs_number_streams = 1 } };

	ask.reset.srs_stream_list[0] = stream;
	return usrsctp_setsockopt(s->socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, &ask,
				  sizeof(ask.reset) + sizeof(uint16_t)) == 0;
}

/*
 * usrsctp has one request under way at a time.  What it refuses until that is answered it may have
 * taken note of all the same: it is asked again, until it takes it or tells that it is done.
 */
static void reset_next(struct sctp *s)
{
	for (unsigned int i = 0; s->up && i < SCTP_STREAMS; i++) {
		if (!s->closing[i / 8])
			i |= 7;
		else if (is_closing(s, (uint16_t)i) && reset(s, (uint16_t)i))
			s->closing[i / 8] &= (uint8_t)~(1u << (i % 8));
	}
}

void sctp_close_stream(struct sctp *s, uint16_t stream)
{
	s->closing[stream / 8] |= (uint8_t)(1u << (stream % 8));
	reset_next(s);
}

/* ---- what comes ---- */

static void lose(struct sctp *s)
{
	if (s->over)
		return;
	s->over = true;
	s->up = false;
	s->ops->lost(s->ctx);
}

static void on_change(struct sctp *s, const struct sctp_assoc_change *change)
{
	if (change->sac_state != SCTP_COMM_UP) {
		lose(s);
	} else if (!s->up) {
		s->up = true;
		s->ops->connected(s->ctx);
	}
}

static void on_reset(struct sctp *s, const struct sctp_stream_reset_event *event)
{
	size_t n = (event->strreset_length - sizeof(*event)) / sizeof(uint16_t);
	bool failed = event->strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED);

	for (size_t i = 0; i < n; i++) {
		uint16_t stream = event->strreset_stream_list[i];

		if (stream >= SCTP_STREAMS)
			continue;
		if (event->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN && !failed)
			s->ops->closed(stream, s->ctx);
		if (event->strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN) {
			/* Asked once more, it would be the number's next use that is reset. */
			s->closing[stream / 8] &= (uint8_t)~(1u << (stream % 8));
			s->ops->reset(stream, s->ctx);
		}
	}
	reset_next(s);
}

static void on_address(struct sctp *s, const struct sctp_paddr_change *change)
{
	if (change->spc_state == SCTP_ADDR_UNREACHABLE)
		s->ops->reachable(false, s->ctx);
	else if (change->spc_state == SCTP_ADDR_AVAILABLE)
		s->ops->reachable(true, s->ctx);
}

static void on_notification(struct sctp *s, size_t len)
{
	const union sctp_notification *n = (const union sctp_notification *)s->piece;

	if (len < sizeof(n->sn_header) || n->sn_header.sn_length != len)
		return;
	if (n->sn_header.sn_type == SCTP_ASSOC_CHANGE)
		on_change(s, &n->sn_assoc_change);
	else if (n->sn_header.sn_type == SCTP_PEER_ADDR_CHANGE)
		on_address(s, &n->sn_paddr_change);
	else if (n->sn_header.sn_type == SCTP_STREAM_RESET_EVENT)
		on_reset(s, &n->sn_strreset_event);
}

static void on_message(struct sctp *s, const struct sctp_rcvinfo *info, size_t len, bool end)
{
	uint32_t payload = ntohl(info->rcv_ppid);
	bool empty = payload == SCTP_TEXT_EMPTY || payload == SCTP_BINARY_EMPTY;

	if (info->rcv_sid < SCTP_STREAMS)
		s->ops->message(info->rcv_sid, payload, s->piece, empty ? 0 : len, end, s->ctx);
}

/* False: nothing is there now. */
static bool receive(struct sctp *s)
{
	struct sctp_rcvinfo info = { 0 };
	socklen_t info_len = sizeof(info), from_len = 0;
	unsigned int type = 0;
	int flags = 0;
	ssize_t n = usrsctp_recvv(s->socket, s->piece, sizeof(s->piece), NULL, &from_len, &info,
				  &info_len, &type, &flags);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ||
		      errno == ENOTCONN || errno == EINPROGRESS))
		return false;
	if (n <= 0) {
		lose(s);
		return false;
	}
	if (flags & MSG_NOTIFICATION)
		on_notification(s, (size_t)n);
	else if (type == SCTP_RECVV_RCVINFO)
		on_message(s, &info, (size_t)n, flags & MSG_EOR);
	return true;
}

static void poll(struct sctp *s)
{
	if (s->polling || s->over)
		return;
	s->polling = true;
	s->woken = false;
	while (!s->paused && !s->over && receive(s))
		;
	s->polling = false;
	if (s->blocked && !s->over && usrsctp_get_events(s->socket) & SCTP_EVENT_WRITE) {
		s->blocked = false;
		s->ops->writable(s->ctx);
	}
}

static void on_wakeup(struct socket *socket, void *arg, int flags)
{
	struct sctp *s = lookup(arg);

	if (s)
		s->woken = true;
}

void sctp_input(struct sctp *s, const void *packet, size_t len)
{
	usrsctp_conninput((void *)s->id, packet, len, 0);
	if (s->woken)
		poll(s);
}

size_t sctp_window(const struct sctp *s)
{
	return s->buffer;
}

void sctp_pause(struct sctp *s, bool paused)
{
	s->paused = paused;
	/* What waited is read at the next tick: who calls may be inside a callback. */
	if (!paused)
		s->woken = true;
}

/* ---- what goes ---- */

int sctp_send(struct sctp *s, uint16_t stream, const void *data, size_t len, struct error *err)
{
	static const uint8_t nothing;
	struct sctp_sndinfo info = {
		.snd_sid = stream,
		.snd_ppid = htonl(len ? SCTP_BINARY : SCTP_BINARY_EMPTY),
	};

	if (!s->up || stream >= SCTP_STREAMS || is_closing(s, stream))
		return error_set(err, ERR_UNAVAILABLE, "SCTP stream %u is closed", stream);
	if (usrsctp_sendv(s->socket, len ? data : &nothing, len ? len : 1, NULL, 0, &info,
			  sizeof(info), SCTP_SENDV_SNDINFO, 0) >= 0)
		return 0;
	if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS)
		return error_errno(err, errno, "SCTP stream %u", stream) ? -ERR_UNAVAILABLE : 0;
	s->blocked = true;
	return error_set(err, ERR_EXHAUSTED, "SCTP has no room for more");
}

/* ---- the association ---- */

static bool set(struct sctp *s, int level, int option, const void *value, size_t len)
{
	return usrsctp_setsockopt(s->socket, level, option, value, (socklen_t)len) == 0;
}

static bool subscribe(struct sctp *s)
{
	static const uint16_t types[] = { SCTP_ASSOC_CHANGE, SCTP_PEER_ADDR_CHANGE,
					  SCTP_STREAM_RESET_EVENT };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct sctp_event event = { SCTP_FUTURE_ASSOC, types[i], 1 };

		if (!set(s, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof(event)))
			return false;
	}
	return true;
}

static bool configure(struct sctp *s)
{
	const int on = 1, bytes = (int)s->buffer;
	const struct linger abort_at_close = { .l_onoff = 1, .l_linger = 0 };
	const struct sctp_assoc_value resets = {
		SCTP_FUTURE_ASSOC, SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ };
	const struct sctp_initmsg init = { .sinit_num_ostreams = SCTP_STREAMS,
					   .sinit_max_instreams = SCTP_STREAMS,
					   .sinit_max_attempts = INIT_ATTEMPTS };
	const struct sctp_rtoinfo rto = { .srto_min = RTO_MIN_MS, .srto_initial = 1000,
					  .srto_max = RTO_MAX_MS };

	return usrsctp_set_non_blocking(s->socket, 1) == 0 &&
	       set(s, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof(abort_at_close)) &&
	       set(s, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) &&
	       set(s, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) &&
	       set(s, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)) &&
	       set(s, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on)) &&
	       set(s, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &resets, sizeof(resets)) &&
	       set(s, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)) &&
	       set(s, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)) && subscribe(s);
}

static bool connect_both(struct sctp *s, uint16_t remote_port, unsigned int heartbeat_ms)
{
	struct sockaddr_conn address = { .sconn_family = AF_CONN, .sconn_port = htons(PORT),
					 .sconn_addr = (void *)s->id };
	struct sctp_paddrparams path = { .spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE,
					 .spp_pathmtu = SCTP_PACKET_MAX - HEADER,
					 .spp_pathmaxrxt = LOSSES_MAX,
					 .spp_hbinterval = heartbeat_ms };

	if (usrsctp_bind(s->socket, (struct sockaddr *)&address, sizeof(address)) < 0)
		return false;
	address.sconn_port = htons(remote_port);
	if (usrsctp_connect(s->socket, (struct sockaddr *)&address, sizeof(address)) < 0 &&
	    errno != EINPROGRESS)
		return false;
	memcpy(&path.spp_address, &address, sizeof(address));
	return set(s, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof(path));
}

int sctp_new(uint16_t remote_port, unsigned int heartbeat_ms, const struct sctp_ops *ops, void *ctx,
	     struct sctp **ret, struct error *err)
{
	struct sctp *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ERR_MEMORY, "no memory for SCTP");
	s->id = ++last_id;
	s->buffer = buffers + SCTP_BUFFER <= SCTP_BUFFERS_MAX ? SCTP_BUFFER : SCTP_BUFFER_LEAST;
	buffers += s->buffer;
	s->ops = ops;
	s->ctx = ctx;
	s->next = associations;
	associations = s;
	usrsctp_register_address((void *)s->id);
	s->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	if (!s->socket || !configure(s) ||
	    usrsctp_set_upcall(s->socket, on_wakeup, (void *)s->id) != 0 ||
	    !connect_both(s, remote_port, heartbeat_ms)) {
		error_errno(err, errno, "SCTP cannot be set up");
		sctp_free(s);
		return -ERR_UNAVAILABLE;
	}
	*ret = s;
	return 0;
}

void sctp_free(struct sctp *s)
{
	struct sctp **at = &associations;

	if (!s)
		return;
	if (s->socket) {
		usrsctp_set_upcall(s->socket, NULL, NULL);
		usrsctp_close(s->socket);
	}
	usrsctp_deregister_address((void *)s->id);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	buffers -= s->buffer;
	free(s);
}
