// SPDX-License-Identifier: Apache-2.0
/* Two associations, each the other's peer, with a line between that carries when it is told to. */
#include <endian.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../cmocka.h"
#include "base/crc32c.h"
#include "rtc/sctp.h"

enum { PORT = 5000, LINE = 8192, STREAM = 1, TURNS = 100000, LATE_MS = 1500 };

struct packet {
	size_t len;
	uint8_t data[SCTP_PACKET_MAX];
};

struct end {
	struct sctp *sctp;
	struct packet *line;	/* LINE, on their way to the other end */
	size_t head, tail;
	size_t sent;		/* packets, ever */
	size_t got;		/* bytes */
	bool connected, wrong;
};

static struct end ends[2];

/* RFC 9260, 6.8 */
static bool is_sealed(const uint8_t *packet, size_t len)
{
	static const uint8_t zero[4];
	uint32_t sum = crc32c(crc32c(crc32c(0, packet, 8), zero, 4), packet + 12, len - 12), said;

	memcpy(&said, packet + 8, sizeof(said));
	return le32toh(said) == sum;
}

static void on_packet(const void *data, size_t len, void *ctx)
{
	struct end *e = ctx;
	struct packet *p = &e->line[e->tail % LINE];

	e->wrong |= len > sizeof(p->data) || !is_sealed(data, len) || e->tail - e->head == LINE;
	if (e->wrong)
		return;
	memcpy(p->data, data, len);
	p->len = len;
	e->tail++;
	e->sent++;
}

static void on_connected(void *ctx)
{
	((struct end *)ctx)->connected = true;
}

static void on_message(uint16_t stream, uint32_t payload, const void *data, size_t len, bool last,
		       void *ctx)
{
	((struct end *)ctx)->got += len;
}

static void on_stream(uint16_t stream, void *ctx)
{
}

static void on_nothing(void *ctx)
{
}

static const struct sctp_ops ops = {
	.packet = on_packet,
	.connected = on_connected,
	.message = on_message,
	.closed = on_stream,
	.reset = on_stream,
	.writable = on_nothing,
	.lost = on_nothing,
};

/* All that is on its way, and what comes of it. */
static void carry(void)
{
	while (ends[0].head != ends[0].tail || ends[1].head != ends[1].tail) {
		for (int i = 0; i < 2; i++) {
			struct end *e = &ends[i];

			if (e->head == e->tail)
				continue;
			sctp_input(ends[1 - i].sctp, e->line[e->head % LINE].data,
				   e->line[e->head % LINE].len);
			e->head++;
		}
	}
}

static int set_up(void **state)
{
	memset(ends, 0, sizeof(ends));
	assert_int_equal(sctp_stack_start(NULL), 0);
	for (int i = 0; i < 2; i++) {
		ends[i].line = calloc(LINE, sizeof(*ends[i].line));
		assert_non_null(ends[i].line);
		assert_int_equal(sctp_new(PORT, 5000, &ops, &ends[i], &ends[i].sctp, NULL), 0);
	}
	for (int i = 0; i < TURNS && !(ends[0].connected && ends[1].connected); i++) {
		carry();
		sctp_stack_tick(SCTP_TICK_MS);
	}
	assert_true(ends[0].connected && ends[1].connected);
	return 0;
}

static int tear_down(void **state)
{
	for (int i = 0; i < 2; i++)
		sctp_free(ends[i].sctp);
	sctp_stack_stop();
	for (int i = 0; i < 2; i++)
		free(ends[i].line);
	return 0;
}

/* Until it does not fit. */
static size_t send_all(struct sctp *s, size_t most)
{
	static const uint8_t data[16 * 1024];
	size_t sent = 0;

	while (sent < most && sctp_send(s, STREAM, data, sizeof(data), NULL) == 0)
		sent += sizeof(data);
	return sent;
}

static void every_packet_has_its_checksum(void **state)
{
	size_t sent = send_all(ends[0].sctp, SIZE_MAX);

	assert_in_range(sent, SCTP_BUFFER / 2, SCTP_BUFFER);
	for (int i = 0; i < TURNS && ends[1].got < sent; i++) {
		carry();
		sctp_stack_tick(SCTP_TICK_MS);
	}
	assert_int_equal(ends[1].got, sent);
	assert_false(ends[0].wrong || ends[1].wrong);
}

/* usrsctp looks at the clock, too: what is younger than its timer is not sent again. */
static void a_thread_that_was_late_has_not_waited_for_the_peer(void **state)
{
	size_t before, sent = send_all(ends[0].sctp, 64 * 1024);

	before = ends[0].sent;
	poll(NULL, 0, LATE_MS);
	sctp_stack_tick(LATE_MS);
	sctp_stack_tick(SCTP_TICK_MS);
	assert_int_equal(ends[0].sent, before);
	/* What is lost is sent again all the same. */
	ends[0].head = ends[0].tail;
	for (int i = 0; i < TURNS && ends[1].got < sent; i++) {
		poll(NULL, 0, SCTP_TICK_MS);
		sctp_stack_tick(SCTP_TICK_MS);
		carry();
	}
	assert_int_equal(ends[1].got, sent);
}

static void who_does_not_read_stops_the_sender(void **state)
{
	size_t sent = 0, last = SIZE_MAX;

	sctp_pause(ends[1].sctp, true);
	while (last != sent && sent < 4 * SCTP_BUFFER) {
		last = sent;
		sent += send_all(ends[0].sctp, SIZE_MAX);
		carry();
		for (int i = 0; i < 10; i++)
			sctp_stack_tick(SCTP_TICK_MS);
		carry();
	}
	assert_in_range(sent, SCTP_BUFFER, 2 * SCTP_BUFFER);
	assert_int_equal(ends[1].got, 0);
	sctp_pause(ends[1].sctp, false);
	for (int i = 0; i < TURNS && ends[1].got < sent; i++) {
		sctp_stack_tick(SCTP_TICK_MS);
		carry();
	}
	assert_int_equal(ends[1].got, sent);
}

static void associations_share_their_windows(void **state)
{
	enum { FULL = SCTP_BUFFERS_MAX / SCTP_BUFFER };
	struct sctp *others[FULL - 1] = { 0 };
	static struct end silent = { 0 };

	/* The two of this test are the first; none of these speaks with anybody. */
	silent.wrong = true;
	for (int i = 0; i < FULL - 2; i++)
		assert_int_equal(sctp_new(PORT, 5000, &ops, &silent, &others[i], NULL), 0);
	assert_int_equal(sctp_window(others[FULL - 3]), SCTP_BUFFER);
	assert_int_equal(sctp_new(PORT, 5000, &ops, &silent, &others[FULL - 2], NULL), 0);
	assert_int_equal(sctp_window(others[FULL - 2]), SCTP_BUFFER_LEAST);
	for (int i = 0; i < FULL - 1; i++)
		sctp_free(others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_packet_has_its_checksum, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_thread_that_was_late_has_not_waited_for_the_peer,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_does_not_read_stops_the_sender, set_up, tear_down),
		cmocka_unit_test_setup_teardown(associations_share_their_windows, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
