// SPDX-License-Identifier: Apache-2.0
/*
 * rtc: SCTP, as a peer speaks it that has the keys and no manners: its packets are changed behind DTLS, with
 * a sum that is right.  What is heard is within what was agreed.
 */
#include "rtc/sctp.h"

#include "wire.h"

enum { TURNS_MAX = 300, TICKS_MAX = 40, HEADER = 12, SUM_AT = 8, STREAMS_USED = 4, BESIDE = 16 };

struct end {
	struct wire *wire;
	unsigned int number;
	struct sctp *sctp;
	bool connected, lost;
	size_t heard;
};

/* CRC32c (RFC 9260, appendix A), little-endian in the header. */
static void repair(struct datagram *d)
{
	uint32_t crc = ~0u;

	if (d->len < HEADER)
		return;
	memset(d->data + SUM_AT, 0, 4);
	for (size_t i = 0; i < d->len; i++) {
		crc ^= d->data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	for (int i = 0; i < 4; i++)
		d->data[SUM_AT + i] = (uint8_t)(~crc >> (8 * i));
}

static void on_packet(const void *data, size_t len, void *ctx)
{
	struct end *e = ctx;

	/* usrsctp puts a chunk of control beside data that fill a packet. */
	must(len <= SCTP_PACKET_MAX + BESIDE);
	wire_put(e->wire, !e->number, data, len);
}

static void on_connected(void *ctx)
{
	struct end *e = ctx;

	must(!e->connected && !e->lost);
	e->connected = true;
}

static void on_message(uint16_t stream, uint32_t payload, const void *data, size_t len, bool last,
		       void *ctx)
{
	struct end *e = ctx;
	const uint8_t *bytes = data;

	must(stream < SCTP_STREAMS && len <= SCTP_PIECE_MAX);
	for (size_t i = 0; i < len; i++)
		e->heard += bytes[i] & 1;	/* each is read */
}

static void on_stream(uint16_t stream, void *ctx)
{
	must(stream < SCTP_STREAMS);
}

static void on_writable(void *ctx)
{
}

static void on_reachable(bool reachable, void *ctx)
{
}

static void on_lost(void *ctx)
{
	struct end *e = ctx;

	must(!e->lost);
	e->lost = true;
}

static const struct sctp_ops ops = {
	.packet = on_packet, .connected = on_connected, .message = on_message,
	.closed = on_stream, .reset = on_stream, .writable = on_writable,
	.reachable = on_reachable, .lost = on_lost,
};

/* What an end says of itself, between the datagrams: by the script, too. */
static void speak(struct end *e)
{
	static const uint8_t bytes[3000];
	uint8_t what = wire_byte(e->wire);
	uint16_t stream = what % STREAMS_USED;

	if (e->lost || !e->connected)
		return;
	if (what & 0x80)
		sctp_close_stream(e->sctp, stream);
	else
		sctp_send(e->sctp, stream, bytes, (size_t)(what >> 2) * 64, NULL);
}

static void run(struct wire *w, struct end ends[2])
{
	static struct datagram d;
	unsigned int ticks = 0;
	bool lost;

	for (unsigned int i = 0; i < TURNS_MAX && ticks < TICKS_MAX; i++) {
		if (!wire_take(w, HEADER, &d, &lost)) {
			speak(&ends[i % 2]);
			sctp_stack_tick(i % 8 ? SCTP_TICK_MS : 500);
			ticks++;
		} else if (!lost) {
			repair(&d);
			sctp_input(ends[d.to].sctp, d.data, d.len);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire w;
	struct end ends[2];

	w.script = data;
	w.left = size;
	w.first = w.count = 0;
	w.touched = false;
	must(sctp_stack_start(NULL) == 0);
	for (unsigned int i = 0; i < 2; i++) {
		ends[i] = (struct end){ .wire = &w, .number = i };
		must(sctp_new(5000, 5000, &ops, &ends[i], &ends[i].sctp, NULL) == 0);
	}
	run(&w, ends);
	must(w.touched || (ends[0].connected && ends[1].connected));
	for (int i = 0; i < 2; i++)
		sctp_free(ends[i].sctp);
	sctp_stack_stop();
	return 0;
}
