// SPDX-License-Identifier: Apache-2.0
/*
 * Want of memory, at every allocation in turn: it is told, nothing leaks, and what was
 * there stays.  The linker puts the allocators below in the place of the library's.
 */
#include "../cmocka.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/found.h"
#include "dataplane/sync.h"
#include "dataplane/uapi.h"
#include "netlink/message.h"
#include "peers.h"

static int allocations_left = -1;	/* -1: as many as they like */

static bool refused(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left == 0 || allocations_left-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

struct nl_msg *__real_nlmsg_alloc_size(size_t max);
struct nl_msg *__wrap_nlmsg_alloc_size(size_t max);

/* libnl's own calls of malloc() are not ours to replace. */
struct nl_msg *__wrap_nlmsg_alloc_size(size_t max)
{
	return refused() ? NULL : __real_nlmsg_alloc_size(max);
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refused() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return refused() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return refused() ? NULL : __real_reallocarray(p, n, size);
}

static const char *const old_text = "a 10.0.0.1/32 10.0.0.2/32\nb ~25 10.0.0.3/32\nc\n";
static const char *const new_text = "a 10.0.0.1/32\nb 10.0.0.2/32 10.0.0.4/32*1\nd 10.0.0.4/32\n";

/*
 * Runs @step with 0, 1, 2, … allocations until it succeeds; before that it has to
 * fail with ERR_MEMORY.  Returns how often it failed.
 */
static int run_out(int (*step)(struct error *err))
{
	struct error err;
	int failures = 0, r;

	for (;; failures++) {
		allocations_left = failures;
		r = step(&err);
		allocations_left = -1;
		if (!r)
			return failures;
		assert_int_equal(r, -ERR_MEMORY);
		assert_true(failures < 10000);
	}
}

static struct peer_set *before, *after;
static struct peer_diff diff;

static int step_flatten(struct error *err)
{
	struct peer_set *flat = NULL;
	int r = found_flatten(after, &flat, err);

	peer_set_free(flat);
	return r;
}

static int list_peers(struct backend *b, wg_peer_fn *fn, void *data, struct error *err)
{
	struct wg_prefix prefix = { .prefix = { .ip = { .family = AF_INET }, .len = 8 } };
	struct wg_peer peer = { .prefixes = &prefix, .prefix_count = 1 };
	int r = 0;

	(void)b;
	(void)err;
	for (int i = 0; !r && i < 20; i++) {
		peer.public_key.bytes[0] = prefix.prefix.ip.bytes[0] = (uint8_t)i;
		r = fn(data, &peer);
	}
	return r;
}

static int step_read(struct error *err)
{
	static const struct backend_ops ops = { .list = list_peers };
	struct peer_set *set = NULL;
	int r = found_read(&ops, NULL, after, &set, err);

	peer_set_free(set);
	return r;
}

static int take_set(void *data, const struct wg_peer *peers, size_t count, struct error *err)
{
	(void)data;
	(void)peers;
	(void)count;
	(void)err;
	return 0;
}

static int take_keys(void *data, const struct key *keys, size_t count, struct error *err)
{
	(void)data;
	(void)keys;
	(void)count;
	(void)err;
	return 0;
}

static int step_sync(struct error *err)
{
	static const struct sync_ops ops = { .set = take_set, .remove = take_keys };

	return sync_apply(&ops, NULL, &diff, err);
}

static int step_none(struct error *err)
{
	struct dataplane_config config = { .backend = "none", .ifname = "wgtm0" };
	struct dataplane *dp = NULL;
	int r = dataplane_open(&config, &dp, err);

	dataplane_close(dp);
	return r;
}

static void want_of_memory_is_told_and_harmless(void **state)
{
	(void)state;
	before = peers_of(old_text);
	after = peers_of(new_text);
	assert_int_equal(peer_set_diff(before, after, &diff, NULL), 0);
	assert_true(run_out(step_flatten) > 2);
	assert_true(run_out(step_read) > 2);
	assert_true(run_out(step_sync) > 2);
	assert_int_equal(run_out(step_none), 2);
	peer_diff_fini(&diff);
	peer_set_free(before);
	peer_set_free(after);
}

static void message_without_memory_fails_and_is_harmless(void **state)
{
	struct message m;

	(void)state;
	allocations_left = 0;
	m = message_new_genl(4096, 1, 1, 0);
	allocations_left = -1;
	message_put_u32(&m, 1, 2);
	message_nest_end(&m, message_nest(&m, 3));
	message_cut(&m, 0);
	assert_true(m.failed);
	message_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(want_of_memory_is_told_and_harmless),
		cmocka_unit_test(message_without_memory_fails_and_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
