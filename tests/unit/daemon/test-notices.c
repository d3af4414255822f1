// SPDX-License-Identifier: Apache-2.0
/* Appends that only tell the commit index travel with the next entries, or alone a little later. */
#include "../cmocka.h"

#include "daemon/notices.h"

static struct raft_message sent[RAFT_SERVERS_MAX];
static unsigned int sent_count;

static void note(void *data, const struct raft_message *message)
{
	assert_true(sent_count < RAFT_SERVERS_MAX);
	sent[sent_count++] = *message;
}

static void flush(struct notices *n)
{
	sent_count = 0;
	notices_send(n, note, NULL);
}

static struct raft_message append(uint64_t to, uint64_t commit, size_t entries)
{
	return (struct raft_message){ .type = RAFT_APPEND, .from = 1, .to = to,
				      .commit_index = commit, .entry_count = entries };
}

static bool keep(struct notices *n, struct raft_message m)
{
	return notices_keep(n, &m);
}

static void only_appends_without_entries_are_kept(void **state)
{
	struct notices n = { 0 };

	assert_false(keep(&n, append(2, 7, 1)));
	assert_false(keep(&n, (struct raft_message){ .type = RAFT_HEARTBEAT, .to = 2 }));
	assert_true(keep(&n, append(2, 7, 0)));
	flush(&n);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0].commit_index, 7);
	flush(&n);
	assert_int_equal(sent_count, 0);
}

static void the_next_append_to_the_same_server_takes_its_place(void **state)
{
	struct notices n = { 0 };

	assert_true(keep(&n, append(2, 7, 0)));
	assert_true(keep(&n, append(3, 7, 0)));
	assert_true(keep(&n, append(2, 8, 0)));	/* newer */
	assert_false(keep(&n, append(3, 9, 1)));	/* tells it itself */
	flush(&n);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0].to, 2);
	assert_int_equal(sent[0].commit_index, 8);
}

static void beyond_the_room_they_are_sent_at_once(void **state)
{
	struct notices n = { 0 };

	for (uint64_t to = 1; to <= RAFT_SERVERS_MAX; to++)
		assert_true(keep(&n, append(to, 7, 0)));
	assert_false(keep(&n, append(RAFT_SERVERS_MAX + 1, 7, 0)));
	flush(&n);
	assert_int_equal(sent_count, RAFT_SERVERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_appends_without_entries_are_kept),
		cmocka_unit_test(the_next_append_to_the_same_server_takes_its_place),
		cmocka_unit_test(beyond_the_room_they_are_sent_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
