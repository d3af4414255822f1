// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *path(const struct fixture *f, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", f->dir, name);
	return out;
}

static void open_stores(struct fixture *f)
{
	struct error err;
	char name[128];

	ok(log_store_open(path(f, "raft.db", name), &f->log, &err), &err);
	ok(state_store_open(path(f, "state.db", name), &f->state, &err), &err);
	ok(local_store_open(path(f, "local.db", name), &f->local, &err), &err);
	f->writer = log_writer_new(&f->loop, f->log);
	assert_non_null(f->writer);
}

static void close_stores(struct fixture *f)
{
	log_writer_free(f->writer);
	state_store_close(f->state);
	log_store_close(f->log);
	local_store_close(f->local);
}

int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	signal(SIGPIPE, SIG_IGN);
	strcpy(f->dir, "/tmp/wgmesh-daemon-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	open_stores(f);
	*state = f;
	return 0;
}

static void remove_dir(const char *dir)
{
	struct dirent *d;
	char name[400];
	DIR *all = opendir(dir);

	while (all && (d = readdir(all))) {
		snprintf(name, sizeof(name), "%s/%s", dir, d->d_name);
		unlink(name);
	}
	if (all)
		closedir(all);
	rmdir(dir);
}

/* Completions that nobody waits for; what a test that failed has left open must not hold it up. */
static void finish_loop(struct fixture *f)
{
	uint64_t end = uv_hrtime() + (uint64_t)1000 * 1000000;

	while (uv_run(&f->loop, UV_RUN_NOWAIT) && uv_hrtime() < end)
		usleep(1000);
}

int teardown(void **state)
{
	struct fixture *f = *state;

	close_stores(f);
	finish_loop(f);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	remove_dir(f->dir);
	free(f);
	return 0;
}

void reopen(struct fixture *f)
{
	close_stores(f);
	finish_loop(f);
	open_stores(f);
}

void ok(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%s: %s", error_kind_name(err->kind), err->text);
}

static void nothing(uv_timer_t *timer)
{
}

static bool never(void *data)
{
	return false;
}

static bool run_limited(struct fixture *f, bool (*condition)(void *data), void *data,
			unsigned int ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;
	uv_timer_t timer;
	bool met;

	uv_timer_init(&f->loop, &timer);
	uv_timer_start(&timer, nothing, 5, 5);	/* so that the loop never waits for long */
	while (!(met = condition(data)) && uv_hrtime() < end)
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	return met;
}

void run_until(struct fixture *f, bool (*condition)(void *data), void *data)
{
	if (!run_limited(f, condition, data, WAIT_MS))
		fail_msg("it did not come to that in %d s", WAIT_MS / 1000);
}

void run_for(struct fixture *f, unsigned int ms)
{
	run_limited(f, never, NULL, ms);
}

struct entry *new_entry(void)
{
	struct entry *e = entry_new(NULL);

	assert_non_null(e);
	return e;
}

struct log_entry entry_of(struct entry *e, uint64_t index, uint64_t term)
{
	const uint8_t *data;
	struct error err;
	void *copy;
	size_t len;

	ok(entry_encode(e, &data, &len, &err), &err);
	copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, data, len);
	entry_free(e);
	return (struct log_entry){ .index = index, .term = term, .kind = LOG_ENTRY_DATA,
				   .len = (uint32_t)len, .data = copy };
}

void apply(struct fixture *f, struct entry *e)
{
	struct log_entry entry = entry_of(e, state_store_applied(f->state) + 1, 1);
	struct apply_result result;
	struct error err;

	ok(state_store_begin(f->state, &err), &err);
	ok(state_store_apply(f->state, &entry, &result, &err), &err);
	ok(state_store_commit(f->state, NULL, &err), &err);
	ok(-(int)result.error.kind, &result.error);
	free((void *)entry.data);
}

struct node make_node(const char *id, enum node_role role, uint64_t server_id)
{
	struct node n = { .wireguard_port = 51820, .raft_port = 9443, .grpc_port = 8443,
			  .role = role, .server_id = server_id, .created_at = 1, .updated_at = 1 };

	snprintf(n.id, sizeof(n.id), "%s", id);
	memset(n.public_key.bytes, 7, KEY_BYTES);
	memcpy(n.public_key.bytes, id, strnlen(id, KEY_BYTES));
	return n;
}

void add_node(struct fixture *f, const struct node *node)
{
	struct member member = { .server_id = node->server_id };
	struct entry *e = new_entry();
	struct error err;

	ok(command_register_node(e, node, &err), &err);
	if (node->role == NODE_VOTER) {
		snprintf(member.node_id, sizeof(member.node_id), "%s", node->id);
		snprintf(member.address, sizeof(member.address), "10.0.0.1:9443");
		ok(command_put_member(e, &member, &err), &err);
	}
	apply(f, e);
}

void remove_node(struct fixture *f, const char *id)
{
	struct entry *e = new_entry();
	struct error err;

	ok(command_remove_node(e, id, &err), &err);
	apply(f, e);
}
