// SPDX-License-Identifier: Apache-2.0
/* transport: messages come out as they went in or not at all; queues forget in order. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "transport/frame.h"
#include "transport/queue.h"
#include "transport/transport.h"

static struct raft_message heartbeat(uint64_t round)
{
	return (struct raft_message){ .type = RAFT_HEARTBEAT, .from = 1, .to = 2, .round = round };
}

static struct raft_message append(struct raft_entry **entries, size_t count)
{
	return (struct raft_message){
		.type = RAFT_APPEND, .from = 1, .to = 2, .term = 7, .log_index = 41, .log_term = 6,
		.commit_index = 40, .round = 1ull << 63, .reject = true, .transfer = true,
		.hint_index = 13, .hint_term = 5, .entries = entries, .entry_count = count,
	};
}

static struct frame *pack(const struct raft_message *m)
{
	struct frame *f;

	assert_int_equal(frame_new(m, &f, NULL), 0);
	assert_int_equal(load_u32(f->data), f->len - FRAME_HEAD);
	return f;
}

static void every_field_round_trips(void **state)
{
	struct raft_entry *entries[2] = {
		raft_entry_new(42, 6, RAFT_ENTRY_DATA, "hello\0world", 11),
		raft_entry_new(43, 7, RAFT_ENTRY_CONFIGURATION, NULL, 0),
	};
	struct raft_message m = append(entries, 2), back;
	struct frame *f = pack(&m);

	(void)state;
	assert_int_equal(frame_parse(f->data + FRAME_HEAD, f->len - FRAME_HEAD, &back, NULL), 0);
	assert_int_equal(back.type, m.type);
	assert_int_equal(back.from, m.from);
	assert_int_equal(back.to, m.to);
	assert_int_equal(back.term, m.term);
	assert_int_equal(back.log_index, m.log_index);
	assert_int_equal(back.log_term, m.log_term);
	assert_int_equal(back.commit_index, m.commit_index);
	assert_int_equal(back.round, m.round);
	assert_true(back.reject);
	assert_true(back.transfer);
	assert_int_equal(back.hint_index, m.hint_index);
	assert_int_equal(back.hint_term, m.hint_term);
	assert_int_equal(back.entry_count, 2);
	assert_int_equal(back.entries[0]->index, 42);
	assert_int_equal(back.entries[0]->term, 6);
	assert_int_equal(back.entries[0]->len, 11);
	assert_memory_equal(back.entries[0]->data, "hello\0world", 11);
	assert_int_equal(back.entries[1]->kind, RAFT_ENTRY_CONFIGURATION);
	assert_int_equal(back.entries[1]->len, 0);
	frame_message_fini(&back);
	free(f);
	raft_entry_unref(entries[0]);
	raft_entry_unref(entries[1]);
}

/* Each cut and each altered byte is a message or an error, never a crash or a leak. */
static void broken_bytes_are_survived(void **state)
{
	struct raft_entry *entry = raft_entry_new(42, 6, RAFT_ENTRY_DATA, "payload", 7);
	struct raft_message m = append(&entry, 1), back;
	struct frame *f = pack(&m);
	uint8_t *body = f->data + FRAME_HEAD;
	size_t len = f->len - FRAME_HEAD, refused = 0;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		/* Exact, for the sanitizer to see a read beyond. */
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, body, cut);
		if (frame_parse(copy, cut, &back, NULL))
			refused++;
		else
			frame_message_fini(&back);
		free(copy);
	}
	for (size_t i = 0; i < len * 8; i++) {
		body[i / 8] ^= (uint8_t)(1 << i % 8);
		if (frame_parse(body, len, &back, NULL))
			refused++;
		else
			frame_message_fini(&back);
		body[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_true(refused > len);
	free(f);
	raft_entry_unref(entry);
}

static void expect_refused(const struct raft_message *m, const char *why)
{
	struct frame *f = pack(m);
	struct raft_message back;
	struct error err;

	assert_int_equal(frame_parse(f->data + FRAME_HEAD, f->len - FRAME_HEAD, &back, &err),
			 -ERR_INVALID);
	assert_non_null(strstr(err.text, why));
	free(f);
}

static void what_no_server_sends_is_refused(void **state)
{
	struct raft_entry *gap[2] = {
		raft_entry_new(42, 6, RAFT_ENTRY_DATA, "a", 1),
		raft_entry_new(44, 6, RAFT_ENTRY_DATA, "b", 1),
	};
	struct raft_message m = append(gap, 2);

	(void)state;
	expect_refused(&m, "out of order");
	m.entry_count = 1;
	m.log_index = 42;
	expect_refused(&m, "out of order");
	m.log_index = 41;
	gap[0]->term = 0;
	expect_refused(&m, "out of order");
	gap[0]->term = 6;
	gap[0]->kind = 9;
	expect_refused(&m, "malformed");
	gap[0]->kind = RAFT_ENTRY_DATA;
	m.type = RAFT_MESSAGE_TYPES;
	expect_refused(&m, "unknown type");
	m.type = RAFT_MESSAGE_NONE;
	expect_refused(&m, "unknown type");
	raft_entry_unref(gap[0]);
	raft_entry_unref(gap[1]);
}

static void too_large_a_message_is_not_packed(void **state)
{
	static uint8_t data[RAFT_ENTRY_BYTES_MAX];
	struct raft_entry *entries[2] = {
		raft_entry_new(42, 6, RAFT_ENTRY_DATA, data, sizeof(data)),
		raft_entry_new(43, 6, RAFT_ENTRY_DATA, data, sizeof(data)),
	};
	struct raft_message m = append(entries, 2), back;
	struct frame *f = NULL;

	(void)state;
	assert_int_equal(frame_new(&m, &f, NULL), -ERR_EXHAUSTED);
	assert_null(f);
	m.entry_count = 1;
	f = pack(&m);
	assert_int_equal(frame_parse(f->data + FRAME_HEAD, f->len - FRAME_HEAD, &back, NULL), 0);
	frame_message_fini(&back);
	free(f);
	raft_entry_unref(entries[0]);
	raft_entry_unref(entries[1]);
}

/* Two bytes each: two million empty entries in one frame would unpack to two hundred megabytes. */
static void a_frame_cannot_become_much_more_than_itself(void **state)
{
	uint8_t *bytes = malloc(TRANSPORT_FRAME_MAX);
	struct raft_message back;
	struct error err;

	(void)state;
	for (size_t i = 0; i < TRANSPORT_FRAME_MAX; i += 2) {
		bytes[i] = 12 << 3 | 2;		/* field 12, of a length */
		bytes[i + 1] = 0;
	}
	assert_int_equal(frame_parse(bytes, TRANSPORT_FRAME_MAX, &back, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "no message"));
	free(bytes);
}

static struct frame *numbered(uint64_t round, bool bulk)
{
	struct raft_message m = heartbeat(round);

	if (!bulk)
		m.type = RAFT_VOTE;
	return pack(&m);
}

static uint64_t number_of(const struct frame *f)
{
	struct raft_message m;
	uint64_t round;

	assert_int_equal(frame_parse(f->data + FRAME_HEAD, f->len - FRAME_HEAD, &m, NULL), 0);
	round = m.round;
	frame_message_fini(&m);
	return round;
}

static void expect_queue(struct queue *q, const uint64_t *numbers, size_t count)
{
	assert_int_equal(q->messages, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(number_of(q->head), numbers[i]);
		queue_pop(q);
	}
	assert_null(q->head);
	assert_null(q->tail);
	assert_int_equal(q->bytes, 0);
}

static void a_full_queue_forgets_the_oldest_bulk_first(void **state)
{
	static const bool bulk[] = { true, false, true, true, true, false };
	struct queue q = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 6; i++)
		queue_push(&q, numbered(i, bulk[i]), 3, 1 << 20);
	assert_int_equal(q.dropped, 3);
	expect_queue(&q, (const uint64_t[]){ 1, 4, 5 }, 3);
	for (uint64_t i = 0; i < 5; i++)
		queue_push(&q, numbered(i, false), 3, 1 << 20);
	expect_queue(&q, (const uint64_t[]){ 2, 3, 4 }, 3);
}

static void the_frame_under_way_and_the_newest_are_never_dropped(void **state)
{
	struct queue q = { 0 };

	(void)state;
	queue_push(&q, numbered(0, true), 3, 1 << 20);
	q.offset = 1;
	for (uint64_t i = 1; i < 6; i++)
		queue_push(&q, numbered(i, true), 3, 1 << 20);
	expect_queue(&q, (const uint64_t[]){ 0, 4, 5 }, 3);
	queue_push(&q, numbered(6, true), 3, 1);
	queue_push(&q, numbered(7, true), 3, 1);
	expect_queue(&q, (const uint64_t[]){ 7 }, 1);
	queue_push(&q, numbered(8, true), 3, 1 << 20);
	q.offset = 1;
	queue_clear(&q);
	assert_int_equal(q.offset, 0);
	expect_queue(&q, NULL, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_round_trips),
		cmocka_unit_test(broken_bytes_are_survived),
		cmocka_unit_test(what_no_server_sends_is_refused),
		cmocka_unit_test(too_large_a_message_is_not_packed),
		cmocka_unit_test(a_frame_cannot_become_much_more_than_itself),
		cmocka_unit_test(a_full_queue_forgets_the_oldest_bulk_first),
		cmocka_unit_test(the_frame_under_way_and_the_newest_are_never_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
