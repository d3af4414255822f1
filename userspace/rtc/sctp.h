/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCTP over DTLS (RFC 8261) for data channels (RFC 8831): one association with
 * its streams, a face of usrsctp without usrsctp's threads.  usrsctp is one for
 * the process, so is the stack here: everything is called by one thread, the one
 * that started it.  Callbacks come from inside sctp_input(), sctp_poll() and
 * sctp_stack_tick(); sctp_free() may not be called in them.
 */
#ifndef WGMESH_RTC_SCTP_H
#define WGMESH_RTC_SCTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	SCTP_STREAMS = 1024,		/* streams each way: 0 … SCTP_STREAMS - 1 */
	SCTP_PACKET_MAX = 1160,		/* bytes; with DTLS, UDP and IPv6 below 1280 */
	/*
	 * Bytes that wait each way at most, in all streams: 270 Mbit/s at 100 ms there and back. Once
	 * associations have SCTP_BUFFERS_MAX together, the next have the least.
	 */
	SCTP_BUFFER = 4 * 1024 * 1024,
	SCTP_BUFFER_LEAST = 1024 * 1024,
	SCTP_BUFFERS_MAX = 64 * 1024 * 1024,
	SCTP_TICK_MS = 10,		/* how often sctp_stack_tick() is due */
	SCTP_PIECE_MAX = 64 * 1024,	/* bytes of what `message` is given at once */
};

/* RFC 8831, 8: what a message is. */
enum sctp_payload {
	SCTP_CONTROL = 50,
	SCTP_TEXT = 51,
	SCTP_BINARY = 53,
	SCTP_TEXT_EMPTY = 56,
	SCTP_BINARY_EMPTY = 57,
};

int sctp_stack_start(struct error *err);	/* ERR_PRECONDITION: it is started */
/* All associations are freed by now. */
void sctp_stack_stop(void);
/* @ms have passed since the last one; more than some ticks are none of the peer's. */
void sctp_stack_tick(unsigned int ms);

struct sctp_ops {
	void (*packet)(const void *data, size_t len, void *ctx);	/* for the other side */
	void (*connected)(void *ctx);
	/* A piece of a message, the last one with @end; those of one message come in a row. */
	void (*message)(uint16_t stream, uint32_t payload, const void *data, size_t len, bool end,
			void *ctx);
	void (*closed)(uint16_t stream, void *ctx);	/* the other side sends no more on it */
	void (*reset)(uint16_t stream, void *ctx);	/* what sctp_close_stream() asked is done */
	void (*writable)(void *ctx);			/* after ERR_EXHAUSTED */
	void (*reachable)(bool reachable, void *ctx);	/* whether what is sent is acknowledged */
	void (*lost)(void *ctx);			/* the association is over */
};

struct sctp;

/* Connects at once: both sides do (RFC 8841).  @heartbeat_ms: how often an idle peer is asked. */
int sctp_new(uint16_t remote_port, unsigned int heartbeat_ms, const struct sctp_ops *ops, void *ctx,
	     struct sctp **ret, struct error *err);
/* Aborts the association; `packet` is called once more from inside. */
void sctp_free(struct sctp *s);

void sctp_input(struct sctp *s, const void *packet, size_t len);

size_t sctp_window(const struct sctp *s);	/* bytes each way */

/* While paused nothing is read: the other side may send SCTP_BUFFER bytes, then it waits. */
void sctp_pause(struct sctp *s, bool paused);

/*
 * One whole message; empty ones are sent as RFC 8831, 6.6 tells.  ERR_EXHAUSTED: it does not fit
 * now, nothing was taken, and `writable` comes.  ERR_UNAVAILABLE: the stream is closing, or
 * the association is not there.
 */
int sctp_send(struct sctp *s, uint16_t stream, const void *data, size_t len, struct error *err);

/* Sends what was taken, then resets our direction of the stream (RFC 6525). */
void sctp_close_stream(struct sctp *s, uint16_t stream);

#endif
