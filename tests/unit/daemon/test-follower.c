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
#include <unistd.h>

#include "crypto/ca.h"
#include "daemon/follower.h"
#include "daemon/installer.h"
#include "ext/v1/replication.pb-c.h"
#include "rpc/pump.h"
#include "rpc/server.h"

enum { SCRIPT_MAX = 8, SNAPSHOT_INDEX = 20 };

/* What a source says to the n-th stream: entries @first to @last, and nothing more. */
struct line {
	uint64_t first, last;
	bool end;		/* end the stream behind it */
	const char *snapshot;	/* a file that comes before the entries; NULL: none */
	bool other_history;	/* it is said to be of one */
};

struct scene {
	struct fixture *f;
	struct rpc_pump *pump;
	struct rpc_server *server;
	struct identity identity;
	struct follower *follower;
	char address[32];
	struct line script[SCRIPT_MAX];
	/* sources that nobody answers for, before ours, which is an observer then */
	unsigned int dead_servers;
	unsigned int streams;			/* that were asked for */
	uint64_t asked[SCRIPT_MAX];		/* from which index */
	uint64_t previous[SCRIPT_MAX];		/* behind an entry of which term */
	bool keeps_log;				/* the follower is a server */
	unsigned int lost, changes, failures, caught_up, installed;
	unsigned int looks, reading;	/* whether somebody reads the state, and how often he does */
	struct snapshots *snapshots;
	struct agreement *agreement;
	char state_path[96];
	char why[ERROR_TEXT_MAX];
	char tried[SCRIPT_MAX][NODE_ID_MAX + 1];	/* sources, in order */
	unsigned int tried_count;
	uint64_t wanted;			/* applied index to wait for */
	bool server_gone, follower_gone, pump_gone, snapshots_gone;
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

/* In pieces, as announced by the file itself; @len as told, if not 0. */
static void send_snapshot(struct rpc_call *call, const char *path, bool other_history)
{
	Webmesh__Ext__V1__FollowEvent event = WEBMESH__EXT__V1__FOLLOW_EVENT__INIT;
	Webmesh__Ext__V1__SnapshotPiece piece = WEBMESH__EXT__V1__SNAPSHOT_PIECE__INIT;
	static uint8_t data[40000];
	FILE *in = fopen(path, "r");
	struct error err;

	assert_non_null(in);
	fseek(in, 0, SEEK_END);
	event.snapshot = &piece;
	event.leader_id = (char *)"n1";
	event.commit_index = piece.index = SNAPSHOT_INDEX;
	piece.term = 1;
	piece.other_history = other_history;
	piece.size = (uint64_t)ftell(in);
	piece.data.data = data;
	rewind(in);
	while ((piece.data.len = fread(data, 1, sizeof(data), in))) {
		ok(rpc_send(call, &event.base, &err), &err);
		piece.offset += piece.data.len;
	}
	fclose(in);
}

static void on_follow(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__FollowRequest *q = (const Webmesh__Ext__V1__FollowRequest *)request;
	struct scene *s = user;
	unsigned int n = s->streams < SCRIPT_MAX ? s->streams : SCRIPT_MAX - 1;

	s->asked[n] = q->from_index;
	s->previous[n] = q->previous_term;
	s->streams++;
	if (s->script[n].snapshot)
		send_snapshot(call, s->script[n].snapshot, s->script[n].other_history);
	say(call, s->script[n].first, s->script[n].last);
	if (s->script[n].end)
		rpc_finish(call);
}

static const struct rpc_method methods[] = {
	{ &webmesh__ext__v1__replication__descriptor, "Follow", RPC_SERVER_STREAM,
	  RPC_NEED_NODE, RPC_HERE, on_follow },
};

/* ---- the follower's callbacks ---- */

static void on_changed(void *data, const struct state_changes *changes)
{
	((struct scene *)data)->changes++;
}

static int on_sources(void *data, struct directory *ret, struct error *err)
{
	struct scene *s = data;

	ret->servers = s->dead_servers ? s->dead_servers : 1;
	ret->count = s->dead_servers + 1;
	for (unsigned int i = 0; i < s->dead_servers; i++) {
		snprintf(ret->entries[i].node_id, sizeof(ret->entries[i].node_id), "dead%u", i);
		strcpy(ret->entries[i].address, "127.0.0.1:1");
	}
	strcpy(ret->entries[s->dead_servers].node_id, "n1");
	strcpy(ret->entries[s->dead_servers].address, s->address);
	return 0;
}

static void on_configuration(void *data, const struct log_entry *entry)
{
}

static void on_caught_up(void *data)
{
	((struct scene *)data)->caught_up++;
}

static bool on_is_read(void *data)
{
	struct scene *s = data;

	assert_int_equal(s->installed, 0);
	return s->looks++ < s->reading;
}

static void on_installed(void *data)
{
	((struct scene *)data)->installed++;
}

static void on_source(void *data, const char *node_id, const char *why)
{
	struct scene *s = data;

	if (node_id) {
		if (s->tried_count < SCRIPT_MAX)
			snprintf(s->tried[s->tried_count++], sizeof(s->tried[0]), "%s", node_id);
		return;
	}
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
		.caught_up = on_caught_up, .installed = on_installed, .failed = on_failed,
		.state_path = s->state_path, .server = s->keeps_log, .data = s,
		.is_read = on_is_read, .is_read_data = s,
	};
	struct error err;

	s->f = f;
	snprintf(s->state_path, sizeof(s->state_path), "%s/state.db", f->dir);
	config.agreement = s->agreement = agreement_new(&f->loop, s->state_path, NULL, NULL);
	config.snapshots = s->snapshots = snapshots_new(&f->loop, s->state_path);
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
	agreement_free(s->agreement, NULL, NULL);
	snapshots_free(s->snapshots, raise_flag, &s->snapshots_gone);
	run_until(s->f, flagged, &s->snapshots_gone);
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

static void every_server_is_tried_once_and_then_an_observer(void **state)
{
	struct scene s = { .script = { { 1, 3 } }, .dead_servers = 2, .wanted = 3 };
	struct fixture *f = *state;

	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_int_equal(s.tried_count, 3);
	assert_string_not_equal(s.tried[0], s.tried[1]);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(strncmp(s.tried[i], "dead", 4), 0);
	assert_string_equal(s.tried[2], "n1");
	assert_string_equal(follower_source(s.follower), "n1");
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

/* ---- snapshots ---- */

/* The state of a node that has applied SNAPSHOT_INDEX entries, the first of them a node's. */
static void fill_source(struct state_store *state)
{
	struct node node = make_node("far-away", NODE_OBSERVER, 0);
	struct entry *e = new_entry();
	struct apply_result result;
	struct error err;

	ok(command_register_node(e, &node, &err), &err);
	ok(state_store_begin(state, &err), &err);
	for (uint64_t i = 1; i <= SNAPSHOT_INDEX; i++) {
		struct log_entry entry = { .index = i, .term = 1, .kind = LOG_ENTRY_NOOP };

		if (i == 1)
			entry = entry_of(e, 1, 1);
		ok(state_store_apply(state, &entry, &result, &err), &err);
		if (i == 1)
			free((void *)entry.data);
	}
	ok(state_store_commit(state, NULL, &err), &err);
}

static void make_snapshot(struct fixture *f, char path[96])
{
	struct snapshot_info info;
	struct state_store *state;
	struct error err;
	char source[96];

	snprintf(source, sizeof(source), "%s/source.db", f->dir);
	snprintf(path, 96, "%s/snapshot.db", f->dir);
	ok(state_store_open(source, &state, &err), &err);
	if (state_store_applied(state) == 0)
		fill_source(state);
	ok(snapshot_write(source, path, &info, &err), &err);
	assert_int_equal(info.index, SNAPSHOT_INDEX);
	state_store_close(state);
}

static bool knows(struct fixture *f, const char *id)
{
	struct node node;

	return state_get_node(f->state, id, &node, NULL) == 0;
}

static void a_snapshot_takes_the_place_of_what_the_log_lacks(void **state)
{
	struct fixture *f = *state;
	char path[96];
	struct scene s = { .script = { { .first = SNAPSHOT_INDEX + 1,
					 .last = SNAPSHOT_INDEX + 3 } } };

	make_snapshot(f, path);
	s.script[0].snapshot = path;
	open_scene(&s, f);
	s.wanted = SNAPSHOT_INDEX + 3;
	run_until(f, has_applied, &s);
	assert_true(knows(f, "far-away"));
	assert_int_equal(s.installed, 1);
	assert_true(s.caught_up > 0);
	assert_int_equal(log_store_first_index(f->log), SNAPSHOT_INDEX + 1);
	assert_int_equal(s.lost, 0);
	close_scene(&s);
	reopen(f);
	assert_int_equal(state_store_applied(f->state), SNAPSHOT_INDEX + 3);
}

static void a_snapshot_waits_for_who_reads_the_state(void **state)
{
	struct fixture *f = *state;
	char path[96];
	struct scene s = { .reading = 3, .script = { { .first = SNAPSHOT_INDEX + 1,
							.last = SNAPSHOT_INDEX + 3 } } };

	make_snapshot(f, path);
	s.script[0].snapshot = path;
	open_scene(&s, f);
	s.wanted = SNAPSHOT_INDEX + 3;
	run_until(f, has_applied, &s);
	assert_int_equal(s.installed, 1);
	assert_int_equal(s.looks, 4);
	close_scene(&s);
}

static void a_broken_snapshot_changes_nothing_and_the_next_source_is_tried(void **state)
{
	struct fixture *f = *state;
	char path[96], broken[96];
	struct scene s = { .wanted = SNAPSHOT_INDEX };
	FILE *file;

	make_snapshot(f, broken);
	snprintf(path, sizeof(path), "%s/good.db", f->dir);
	assert_int_equal(rename(broken, path), 0);
	make_snapshot(f, broken);
	file = fopen(broken, "r+");
	fseek(file, 4096 + 8, SEEK_SET);
	fwrite("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1, 10, file);
	fclose(file);
	s.script[0] = (struct line){ .snapshot = broken };
	s.script[1] = (struct line){ .snapshot = path };
	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_true(knows(f, "far-away"));
	assert_true(s.lost > 0);
	assert_non_null(strstr(s.why, "snapshot"));
	close_scene(&s);
}

/* Others may have counted on them: they go only where the committed ones are others. */
static void what_a_server_has_stored_stays_unless_it_conflicts(void **state)
{
	struct fixture *f = *state;
	struct scene s = { .wanted = 2, .script = { { .first = 1, .last = 2 } },
			   .keeps_log = true };
	struct log_entry entries[5];
	struct error err;
	uint64_t term;

	for (uint64_t i = 0; i < 5; i++)
		entries[i] = (struct log_entry){ .index = i + 1, .term = i < 3 ? 1 : 2,
						 .kind = LOG_ENTRY_NOOP };
	ok(log_store_append(f->log, &(struct log_batch){ .entries = entries, .n_entries = 5 },
			    &err), &err);
	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_int_equal(log_store_last_index(f->log), 5);
	assert_int_equal(log_store_term_at(f->log, 5, &term, NULL), 0);
	assert_int_equal(term, 2);
	close_scene(&s);
	/* Entry 4 was committed as one of term 1. */
	reopen(f);
	memset(&s, 0, sizeof(s));
	s.keeps_log = true;
	s.script[0] = (struct line){ .first = 3, .last = 4 };
	s.wanted = 4;
	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_int_equal(log_store_last_index(f->log), 4);
	close_scene(&s);
}

/* More than the snapshot has, of term 5, and applied. */
static void apply_longer_history(struct fixture *f)
{
	const struct hard_state hard_state = { .term = 5, .commit = SNAPSHOT_INDEX + 10 };
	struct log_entry entries[SNAPSHOT_INDEX + 10];
	struct log_batch batch = { .entries = entries, .n_entries = SNAPSHOT_INDEX + 10,
				   .hard_state = &hard_state };
	struct apply_result result;
	struct error err;

	ok(state_store_begin(f->state, &err), &err);
	for (uint64_t i = 0; i < SNAPSHOT_INDEX + 10; i++) {
		entries[i] = (struct log_entry){ .index = i + 1, .term = 5,
						 .kind = LOG_ENTRY_NOOP };
		ok(state_store_apply(f->state, &entries[i], &result, &err), &err);
	}
	ok(state_store_commit(f->state, NULL, &err), &err);
	ok(log_store_append(f->log, &batch, &err), &err);
}

static bool has_gone_back(void *data)
{
	struct scene *s = data;

	return s->installed && state_store_applied(s->f->state) == s->wanted;
}

static void an_observer_gives_up_a_history_that_is_not_the_meshs(void **state)
{
	struct fixture *f = *state;
	char path[96];
	struct scene s = { .wanted = SNAPSHOT_INDEX + 3,
			   .script = { { .first = SNAPSHOT_INDEX + 1, .last = SNAPSHOT_INDEX + 3,
					 .other_history = true } } };

	make_snapshot(f, path);
	s.script[0].snapshot = path;
	apply_longer_history(f);
	open_scene(&s, f);
	run_until(f, has_gone_back, &s);
	assert_int_equal(s.asked[0], SNAPSHOT_INDEX + 11);
	assert_int_equal(s.previous[0], 5);
	assert_true(knows(f, "far-away"));
	assert_int_equal(log_store_first_index(f->log), SNAPSHOT_INDEX + 1);
	assert_int_equal(log_store_last_index(f->log), SNAPSHOT_INDEX + 3);
	assert_int_equal(log_store_hard_state(f->log).term, 5);
	close_scene(&s);
}

static void refuses(struct fixture *f, bool keeps_log, bool other_history)
{
	char path[96];
	struct scene s = { .keeps_log = keeps_log,
			   .script = { { .other_history = other_history } } };

	make_snapshot(f, path);
	s.script[0].snapshot = path;
	open_scene(&s, f);
	run_until(f, has_lost, &s);
	if (!strstr(s.why, "is offered"))
		fail_msg("the reason is \"%s\"", s.why);
	assert_int_equal(state_store_applied(f->state), SNAPSHOT_INDEX + 10);
	assert_int_equal(log_store_last_index(f->log), SNAPSHOT_INDEX + 10);
	close_scene(&s);
}

static void nobody_goes_back_in_one_history_and_a_server_never(void **state)
{
	apply_longer_history(*state);
	refuses(*state, false, false);
	refuses(*state, true, true);
}

static void a_state_that_is_lost_beside_a_long_log_is_fetched_anew(void **state)
{
	struct fixture *f = *state;
	const struct hard_state hard_state = { .term = 5, .commit = SNAPSHOT_INDEX + 10 };
	struct log_entry entries[SNAPSHOT_INDEX + 10];
	struct log_batch batch = { .entries = entries, .n_entries = SNAPSHOT_INDEX + 10,
				   .hard_state = &hard_state };
	struct scene s = { .wanted = SNAPSHOT_INDEX };
	struct error err;
	char path[96];

	for (uint64_t i = 0; i < SNAPSHOT_INDEX + 10; i++)
		entries[i] = (struct log_entry){ .index = i + 1, .term = 5,
						 .kind = LOG_ENTRY_NOOP };
	ok(log_store_append(f->log, &batch, &err), &err);
	make_snapshot(f, path);
	s.script[0].snapshot = path;
	open_scene(&s, f);
	run_until(f, has_applied, &s);
	assert_int_equal(s.asked[0], 1);
	assert_int_equal(s.lost, 0);
	assert_true(knows(f, "far-away"));
	close_scene(&s);
}

static void an_installation_that_a_crash_broke_off_is_ended(void **state)
{
	struct fixture *f = *state;
	char path[96], state_path[96], incoming[128];
	struct error err;

	snprintf(state_path, sizeof(state_path), "%s/state.db", f->dir);
	snprintf(incoming, sizeof(incoming), "%s.incoming", state_path);
	/* Before the log was replaced: as if nothing had come. */
	make_snapshot(f, path);
	assert_int_equal(rename(path, incoming), 0);
	ok(installer_recover(state_path, f->log, &err), &err);
	assert_int_equal(access(incoming, F_OK), -1);
	assert_false(knows(f, "far-away"));
	/* The same, and the log begins there, too, but it is another history's. */
	make_snapshot(f, path);
	assert_int_equal(rename(path, incoming), 0);
	ok(log_store_replace(f->log, SNAPSHOT_INDEX, 4, &err), &err);
	ok(installer_recover(state_path, f->log, &err), &err);
	assert_int_equal(access(incoming, F_OK), -1);
	ok(log_store_replace(f->log, 0, 0, &err), &err);
	/* Behind that: the log has nothing that the old state could go on with. */
	make_snapshot(f, path);
	assert_int_equal(rename(path, incoming), 0);
	ok(log_store_install(f->log, SNAPSHOT_INDEX, 1, &err), &err);
	ok(installer_recover(state_path, f->log, &err), &err);
	reopen(f);
	assert_true(knows(f, "far-away"));
	assert_int_equal(state_store_applied(f->state), SNAPSHOT_INDEX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(entries_are_kept_in_the_log_and_applied),
		with_stores(a_stream_that_ends_is_followed_by_one_from_where_it_ended),
		with_stores(every_server_is_tried_once_and_then_an_observer),
		with_stores(a_source_that_skips_an_entry_is_left),
		with_stores(a_source_that_repeats_an_entry_is_left),
		with_stores(what_the_log_has_beyond_the_state_is_replaced),
		with_stores(a_follower_may_go_at_any_moment),
		with_stores(a_snapshot_takes_the_place_of_what_the_log_lacks),
		with_stores(a_snapshot_waits_for_who_reads_the_state),
		with_stores(a_broken_snapshot_changes_nothing_and_the_next_source_is_tried),
		with_stores(what_a_server_has_stored_stays_unless_it_conflicts),
		with_stores(an_observer_gives_up_a_history_that_is_not_the_meshs),
		with_stores(nobody_goes_back_in_one_history_and_a_server_never),
		with_stores(a_state_that_is_lost_beside_a_long_log_is_fetched_anew),
		with_stores(an_installation_that_a_crash_broke_off_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
