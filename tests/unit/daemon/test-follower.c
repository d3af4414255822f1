// SPDX-License-Identifier: Apache-2.0
/*
 * A follower with real stores, and sources over real TLS that a test makes say what it wants:
 * good ones, and those that skip, repeat or fall silent.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/ca.h"
#include "daemon/follower.h"
#include "ext/v1/replication.pb-c.h"
#include "rpc/pump.h"
#include "rpc/server.h"

enum { SCRIPT_MAX = 8 };

/* What a source says to the n-th stream: entries @first to @last, and nothing more. */
struct line {
	uint64_t first, last;
	bool end;		/* end the stream behind it */
};

struct scene {
	struct fixture *f;
	struct rpc_pump *pump;
	struct rpc_server *server;
	struct identity identity;
	struct follower *follower;
	char address[32];
	struct line script[SCRIPT_MAX];
	unsigned int streams;			/* that were asked for */
	uint64_t asked[SCRIPT_MAX];		/* from which index */
	unsigned int lost, changes, failures;
	char why[ERROR_TEXT_MAX];
	uint64_t wanted;			/* applied index to wait for */
	bool server_gone, follower_gone, pump_gone;
};

/* ---- the source ---- */

static void say(struct rpc_call *call, uint64_t first, uint64_t last)
{
	Webmesh__Ext__V1__FollowEvent event = WEBMESH__EXT__V1__FOLLOW_EVENT__INIT;
	Webmesh__Ext__V1__LogEntry entries[16], *list[16];
	struct error err;

	event.leader_id = (char *)"n1";
	event.commit_index = last;
	event.entries = list;
	for (uint64_t i = first; first && i <= last; i++) {
		Webmesh__Ext__V1__LogEntry *e = list[event.n_entries] = &entries[event.n_entries];

		event.n_entries++;
		webmesh__ext__v1__log_entry__init(e);
		e->index = i;
		e->term = 1;
		e->kind = LOG_ENTRY_NOOP;
	}
	ok(rpc_send(call, &event.base, &err), &err);
}

static void on_follow(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__FollowRequest *q = (const Webmesh__Ext__V1__FollowRequest *)request;
	struct scene *s = user;
	unsigned int n = s->streams < SCRIPT_MAX ? s->streams : SCRIPT_MAX - 1;

	s->asked[n] = q->from_index;
	s->streams++;
	say(call, s->script[n].first, s->script[n].last);
	if (s->script[n].end)
		rpc_finish(call);
}

static const struct rpc_method methods[] = {
	{ &webmesh__ext__v1__replication__descriptor, "Follow", RPC_SERVER_STREAM,
	  RPC_NEED_NODE, false, on_follow },
};

/* ---- the follower's callbacks ---- */

static void on_changed(void *data, const struct state_changes *changes)
{
	((struct scene *)data)->changes++;
}

static int on_sources(void *data, struct directory *ret, struct error *err)
{
	struct scene *s = data;

	ret->count = 1;
	strcpy(ret->entries[0].node_id, "n1");
	strcpy(ret->entries[0].address, s->address);
	return 0;
}

static void on_configuration(void *data, const struct log_entry *entry)
{
}

static void on_source(void *data, const char *node_id, const char *why)
{
	struct scene *s = data;

	if (node_id)
		return;
	/* The first word is the cause; that the stream was then cancelled follows from it. */
	if (!s->lost++)
		snprintf(s->why, sizeof(s->why), "%s", why);
}

static void on_failed(void *data, const struct error *err)
{
	((struct scene *)data)->failures++;
}

/* ---- the scene ---- */

static void make_identity(struct scene *s)
{
	struct issued issued;
	struct subject subject;
	struct error err;
	char *key, *csr;
	struct ca *ca;

	ok(ca_new("mesh-a", time(NULL), &ca, &err), &err);
	ok(identity_request(&key, &csr, &err), &err);
	assert_true(subject_init(&subject, SUBJECT_NODE, "mesh-a", "n1"));
	ok(ca_issue(ca, &subject, csr, time(NULL), 3600, &issued, &err), &err);
	ok(identity_init(&s->identity, ca_cert_pem(ca), issued.pem, key, &err), &err);
	issued_fini(&issued);
	identity_key_free(key);
	free(csr);
	ca_free(ca);
}

static void start_server(struct scene *s)
{
	const struct rpc_server_config config = { .methods = methods, .method_count = 1,
						  .mesh_id = "mesh-a", .user = s };
	const struct rpc_tls tls = { .ca_pem = s->identity.ca_pem, .cert_pem = s->identity.cert_pem,
				     .key_pem = s->identity.key_pem };
	struct error err;
	uint16_t port;

	ok(rpc_server_new(s->pump, &config, &s->server, &err), &err);
	ok(rpc_server_set_identity(s->server, &tls, &err), &err);
	ok(rpc_server_listen(s->server, "127.0.0.1:0", true, &port, &err), &err);
	rpc_server_start(s->server);
	snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", port);
}

static void open_scene(struct scene *s, struct fixture *f)
{
	struct follower_config config = {
		.loop = &f->loop, .writer = f->writer, .state = f->state, .identity = &s->identity,
		.listener = { .changed = on_changed, .data = s }, .sources = on_sources,
		.configuration = on_configuration, .source_changed = on_source,
		.failed = on_failed, .data = s,
	};
	struct error err;

	s->f = f;
	make_identity(s);
	ok(rpc_pump_new(&f->loop, &s->pump, &err), &err);
	start_server(s);
	config.pump = s->pump;
	ok(follower_new(&config, &s->follower, &err), &err);
}

static bool flagged(void *data)
{
	return *(bool *)data;
}

static void raise_flag(void *data)
{
	*(bool *)data = true;
}

static void close_scene(struct scene *s)
{
	follower_free(s->follower, raise_flag, &s->follower_gone);
	run_until(s->f, flagged, &s->follower_gone);
	rpc_server_stop(s->server, 0, raise_flag, &s->server_gone);
	run_until(s->f, flagged, &s->server_gone);
	rpc_server_free(s->server);
	rpc_pump_stop(s->pump, raise_flag, &s->pump_gone);
	run_until(s->f, flagged, &s->pump_gone);
	rpc_pump_free(s->pump);
	identity_fini(&s->identity);
	assert_int_equal(s->failures, 0);
}

static bool has_applied(void *data)
{
	struct scene *s = data;

	return state_store_applied(s->f->state) >= s->wanted;
}

static bool has_lost(void *data)
{
	return ((struct scene *)data)->lost;
}

/* ---- tests ---- */

static void entries_are_kept_in_the_log_and_applied(void **state)
{
	struct scene s = { .script = { { 1, 5 } }, .wanted = 5 };
	struct fixture *f = *state;

	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_int_equal(log_writer_bounds(f->writer).last, 5);
	assert_string_equal(follower_leader(s.follower), "n1");
	assert_int_equal(follower_commit_index(s.follower), 5);
	assert_true(follower_state_age(s.follower) < WAIT_MS);
	assert_int_equal(s.lost, 0);
	close_scene(&s);
}

static void a_stream_that_ends_is_followed_by_one_from_where_it_ended(void **state)
{
	struct scene s = { .script = { { 1, 3, true }, { 4, 6, true }, { 7, 7 } }, .wanted = 7 };
	struct fixture *f = *state;

	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_int_equal(s.streams, 3);
	assert_int_equal(s.asked[0], 1);
	assert_int_equal(s.asked[1], 4);
	assert_int_equal(s.asked[2], 7);
	assert_int_equal(log_writer_bounds(f->writer).last, 7);
	close_scene(&s);
}

static void breaks_off(struct fixture *f, struct line bad, const char *why)
{
	struct scene s = { .script = { { 1, 2, true }, bad, { 3, 4 } }, .wanted = 4 };

	open_scene(&s, f);
	run_until(f, has_lost, &s);
	s.lost = 0;	/* that was the end of the first stream */
	run_until(f, has_lost, &s);
	if (!strstr(s.why, why))
		fail_msg("the reason is \"%s\"", s.why);
	assert_int_equal(state_store_applied(f->state), 2);
	assert_int_equal(log_writer_bounds(f->writer).last, 2);
	run_until(f, has_applied, &s);	/* the next source is a good one */
	assert_int_equal(s.asked[2], 3);
	close_scene(&s);
}

static void a_source_that_skips_an_entry_is_left(void **state)
{
	breaks_off(*state, (struct line){ .first = 4, .last = 5 }, "3");
}

static void a_source_that_repeats_an_entry_is_left(void **state)
{
	breaks_off(*state, (struct line){ .first = 2, .last = 5 }, "3");
}

/* What is behind the applied index was never committed: it is from a time as a server. */
static void what_the_log_has_beyond_the_state_is_replaced(void **state)
{
	struct log_entry old[] = { { .index = 1, .term = 1, .kind = LOG_ENTRY_NOOP },
				   { .index = 2, .term = 1, .kind = LOG_ENTRY_DATA, .len = 3,
				     .data = "old" } };
	const struct hard_state hard_state = { .term = 5, .vote = 7 };
	struct log_batch batch = { .entries = old, .n_entries = 2, .hard_state = &hard_state };
	struct scene s = { .script = { { 1, 4 } }, .wanted = 4 };
	struct fixture *f = *state;
	struct error err;

	ok(log_store_append(f->log, &batch, &err), &err);
	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_int_equal(log_writer_bounds(f->writer).last, 4);
	/* Its promise stands. */
	assert_int_equal(log_writer_bounds(f->writer).hard_state.term, 5);
	assert_int_equal(log_writer_bounds(f->writer).hard_state.vote, 7);
	close_scene(&s);
}

static void a_follower_may_go_at_any_moment(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 40; i++) {
		struct scene s = { .script = { { state_store_applied(f->state) + 1,
						 state_store_applied(f->state) + 5 } } };

		open_scene(&s, f);
		run_for(f, (unsigned int)i / 2);
		close_scene(&s);
		run_for(f, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(entries_are_kept_in_the_log_and_applied),
		with_stores(a_stream_that_ends_is_followed_by_one_from_where_it_ended),
		with_stores(a_source_that_skips_an_entry_is_left),
		with_stores(a_source_that_repeats_an_entry_is_left),
		with_stores(what_the_log_has_beyond_the_state_is_replaced),
		with_stores(a_follower_may_go_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
