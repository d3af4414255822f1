// SPDX-License-Identifier: Apache-2.0
/* Applying: order, batches, retries, determinism, and two stores that must agree. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/snapshot.h"
#include "v1/node_raft.pb-c.h"

static struct log_entry as_log_entry(const struct entry *e, uint64_t index)
{
	struct log_entry log = { .index = index, .term = 1, .kind = LOG_ENTRY_DATA };
	struct error err;
	const uint8_t *data;
	size_t len;

	ok(entry_encode(e, &data, &len, &err), &err);
	log.data = data;
	log.len = (uint32_t)len;
	return log;
}

static struct entry *join_as(const uint8_t *request, unsigned int i)
{
	struct entry *e = entry_new(request);
	struct node n = make_node(i);

	assert_int_equal(command_register_node(e, &n, NULL), 0);
	return e;
}

static struct entry *remove_as(const uint8_t *request, const char *id)
{
	struct entry *e = entry_new(request);

	assert_int_equal(command_remove_node(e, id, NULL), 0);
	return e;
}

static struct apply_result feed_sql(struct fixture *f, const char *sql)
{
	struct entry *e = new_entry();

	assert_int_equal(entry_add(e, 0, sql, NULL, 0, NULL), 0);
	return feed(f, e);
}

/* ERR_NONE: applied. */
static void assert_refused(struct fixture *f, const char *sql, enum error_kind kind)
{
	assert_int_equal(feed_sql(f, sql).error.kind, kind);
}

static uint64_t count(struct fixture *f)
{
	uint64_t n = 0;

	assert_int_equal(state_count_nodes(f->state, &n, NULL), 0);
	return n;
}

static void entries_are_applied_in_order_without_gap(void **state)
{
	struct fixture *f = *state;
	struct log_entry noop = { .index = 1, .term = 1, .kind = LOG_ENTRY_NOOP };
	struct apply_result r;

	assert_int_equal(state_store_apply(f->state, &noop, &r, NULL), -ERR_INTERNAL);
	assert_int_equal(state_store_begin(f->state, NULL), 0);
	assert_int_equal(state_store_begin(f->state, NULL), -ERR_INTERNAL);
	noop.index = 2;
	assert_int_equal(state_store_apply(f->state, &noop, &r, NULL), -ERR_INTERNAL);
	noop.index = 1;
	assert_int_equal(state_store_apply(f->state, &noop, &r, NULL), 0);
	noop.index = 2;
	noop.term = 4;
	noop.kind = LOG_ENTRY_CONFIGURATION;
	assert_int_equal(state_store_apply(f->state, &noop, &r, NULL), 0);
	assert_int_equal(state_store_apply(f->state, &noop, &r, NULL), -ERR_INTERNAL);
	assert_int_equal(state_store_commit(f->state, NULL, NULL), 0);
	assert_int_equal(state_store_commit(f->state, NULL, NULL), -ERR_INTERNAL);
	state_store_close(f->state);
	assert_int_equal(state_store_open(f->path, &f->state, NULL), 0);
	assert_int_equal(state_store_applied(f->state), 2);
	assert_int_equal(state_store_applied_term(f->state), 4);
}

static void a_rolled_back_batch_never_was(void **state)
{
	struct fixture *f = *state;
	struct entry *e = join_as(NULL, 1);
	struct log_entry log = as_log_entry(e, 1);
	struct state_changes changes;
	struct apply_result r;

	assert_int_equal(state_store_begin(f->state, NULL), 0);
	assert_int_equal(state_store_apply(f->state, &log, &r, NULL), 0);
	assert_int_equal(state_store_applied(f->state), 1);
	assert_int_equal(count(f), 1);
	state_store_rollback(f->state);
	assert_int_equal(state_store_applied(f->state), 0);
	assert_int_equal(count(f), 0);
	assert_int_equal(state_store_begin(f->state, NULL), 0);
	assert_int_equal(state_store_commit(f->state, &changes, NULL), 0);
	assert_int_equal(changes.n_nodes, 0);
	state_changes_fini(&changes);
	entry_free(e);
}

static const char *const not_deterministic[] = {
	"INSERT INTO mesh VALUES('a', random())",
	"INSERT INTO mesh VALUES('a', hex(randomblob(4)))",
	"INSERT INTO mesh VALUES('a', CURRENT_TIMESTAMP)",
	"INSERT INTO mesh VALUES('a', datetime('now'))",
	"INSERT INTO mesh VALUES('a', strftime('%s', 'now'))",
	"INSERT INTO mesh VALUES('a', sqlite_version())",
	"INSERT INTO mesh VALUES('a', changes())",
	"INSERT INTO mesh VALUES('a', last_insert_rowid())",
	"INSERT INTO mesh SELECT name, value FROM mesh ORDER BY random()",
	"PRAGMA synchronous=OFF",
	"PRAGMA user_version=9",
	"ATTACH 'other.db' AS other",
	"VACUUM",
	"REINDEX",
	"ANALYZE",
	"BEGIN",
	"COMMIT",
	"ROLLBACK",
	"SAVEPOINT x",
	"RELEASE entry",
	"CREATE TABLE t(a)",
	"CREATE TEMP TABLE t(a)",
	"CREATE TRIGGER t AFTER INSERT ON nodes BEGIN SELECT 1; END",
	"DROP TABLE nodes",
	"ALTER TABLE nodes ADD COLUMN x",
	"UPDATE sqlite_master SET sql = ''",
	"DELETE FROM sqlite_schema",
	"INSERT INTO sqlite_sequence VALUES(1, 2)",
	"UPDATE progress SET applied_index = 99",
	"DELETE FROM requests",
	"INSERT INTO mesh SELECT 'a', sql FROM sqlite_master",
	"INSERT INTO mesh SELECT 'a', text FROM requests",
	"INSERT INTO mesh SELECT name, name FROM pragma_table_info('nodes')",
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
	"INSERT INTO mesh SELECT 'a', count(*) FROM n",
	"INSERT OR ROLLBACK INTO mesh VALUES('a', 'b')",
	"UPDATE nodes SET raft_port = coalesce(note_node('x', 0), 5)",
	"SELECT 1",
	"SELECT * FROM nodes",
	"EXPLAIN DELETE FROM nodes",
	"INSERT INTO mesh VALUES('a', 'b'); DELETE FROM mesh",
	"",
	"-- nothing",
	"this is no SQL",
	"INSERT INTO mesh VALUES('a', \"b\")",
	"INSERT INTO mesh VALUES('a', ?1)",
};

enum { N_NOT_DETERMINISTIC = sizeof(not_deterministic) / sizeof(*not_deterministic) };

static void what_is_not_deterministic_is_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t before[STATE_DIGEST], after[STATE_DIGEST];

	feed_ok(f, join_as(NULL, 1));
	assert_int_equal(state_store_digest(f->state, before, NULL), 0);
	for (size_t i = 0; i < (size_t)N_NOT_DETERMINISTIC; i++) {
		struct apply_result r = feed_sql(f, not_deterministic[i]);

		if (r.error.kind == ERR_NONE || !r.error.text[0])
			fail_msg("applied: %s", not_deterministic[i]);
		assert_int_equal(state_store_digest(f->state, after, NULL), 0);
		assert_memory_equal(before, after, STATE_DIGEST);
	}
	/* And what is allowed still is. */
	assert_refused(f, "INSERT INTO mesh VALUES('a', coalesce(NULL, 'b'))", ERR_NONE);
}

static void values_of_the_wrong_type_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "INSERT INTO mesh VALUES('a', x'00')", ERR_INVALID);
	assert_refused(f, "INSERT INTO mesh VALUES('a', NULL)", ERR_INVALID);
	assert_refused(f, "INSERT INTO acls VALUES('a', 'x', 'y')", ERR_INVALID);
}

static void a_refused_entry_is_undone_and_the_next_goes_on(void **state)
{
	struct fixture *f = *state;
	struct entry *e = new_entry();
	struct node a = make_node(1), b = make_node(2);
	struct apply_result r;

	b.public_key = a.public_key;
	assert_int_equal(command_register_node(e, &a, NULL), 0);
	assert_int_equal(command_register_node(e, &b, NULL), 0);
	r = feed(f, e);
	assert_int_equal(r.error.kind, ERR_EXISTS);
	assert_int_equal(r.failed, 1);
	assert_int_equal(count(f), 0);
	feed_ok(f, join_as(NULL, 3));
	assert_int_equal(count(f), 1);
}

static void garbage_is_everybodys_answer_and_news_is_not(void **state)
{
	struct fixture *f = *state;
	uint8_t garbage[64] = { ENTRY_VERSION, ENTRY_SQL };
	struct log_entry log = { .index = 1, .term = 1, .data = garbage, .len = sizeof(garbage) };
	struct entry *e;
	struct apply_result r;

	assert_int_equal(state_store_begin(f->state, NULL), 0);
	assert_int_equal(state_store_apply(f->state, &log, &r, NULL), 0);
	assert_int_equal(r.error.kind, ERR_INVALID);
	log.index = 2;
	garbage[0] = ENTRY_VERSION + 1;
	assert_int_equal(state_store_apply(f->state, &log, &r, NULL), -ERR_UNSUPPORTED);
	assert_int_equal(state_store_applied(f->state), 1);
	e = entry_new_schema(99);
	log = as_log_entry(e, 2);
	assert_int_equal(state_store_apply(f->state, &log, &r, NULL), -ERR_UNSUPPORTED);
	entry_free(e);
	e = entry_new_schema(1);
	log = as_log_entry(e, 2);
	assert_int_equal(state_store_apply(f->state, &log, &r, NULL), 0);
	entry_free(e);
	assert_int_equal(state_store_commit(f->state, NULL, NULL), 0);
}

/* A foreign v1 client may name its parameters; the entry is put together by hand. */
static void parameters_can_be_named(void **state)
{
	V1__SQLParameter value = V1__SQLPARAMETER__INIT, name = V1__SQLPARAMETER__INIT;
	V1__SQLParameter *params[] = { &value, &name };
	V1__SQLStatement statement = V1__SQLSTATEMENT__INIT;
	V1__SQLExec exec = V1__SQLEXEC__INIT;
	V1__RaftLogEntry message = V1__RAFT_LOG_ENTRY__INIT;
	struct fixture *f = *state;
	uint8_t data[256] = { ENTRY_VERSION, ENTRY_SQL };
	struct log_entry log = { .index = ++f->index, .term = 1, .data = data };
	struct apply_result r;
	size_t len;

	value.type = name.type = V1__SQLPARAMETER_TYPE__SQL_PARAM_STRING;
	value.name = "$value";
	value.str = "v";
	name.name = "$name";
	name.str = "n";
	statement.sql = "INSERT INTO mesh VALUES($name, $value)";
	statement.parameters = params;
	statement.n_parameters = 2;
	exec.statement = &statement;
	message.type = V1__RAFT_COMMAND_TYPE__EXECUTE;
	message.sql_exec = &exec;
	len = v1__raft_log_entry__pack(&message, data + 23);
	store_u32(data + 19, (uint32_t)len);
	log.len = (uint32_t)(23 + len);
	assert_int_equal(state_store_begin(f->state, NULL), 0);
	assert_int_equal(state_store_apply(f->state, &log, &r, NULL), 0);
	assert_int_equal(r.error.kind, ERR_NONE);
	assert_int_equal(state_store_commit(f->state, NULL, NULL), 0);
	r = feed_sql(f, "DELETE FROM mesh WHERE name = 'n' AND value = 'v'");
	assert_int_equal(r.rows_affected, 1);
}

static void a_retry_is_answered_but_not_applied(void **state)
{
	static const uint8_t id[ENTRY_REQUEST_ID] = { 1 };
	struct fixture *f = *state;
	struct apply_result first, again;

	feed_ok(f, join_as(NULL, 1));
	first = feed(f, remove_as(id, "n1"));
	assert_int_equal(first.error.kind, ERR_NONE);
	assert_false(first.replayed);
	feed_ok(f, join_as(NULL, 1));
	again = feed(f, remove_as(id, "n1"));
	assert_true(again.replayed);
	assert_int_equal(again.error.kind, ERR_NONE);
	assert_int_equal(again.rows_affected, first.rows_affected);
	assert_int_equal(count(f), 1);
}

static void a_retry_of_what_was_refused_is_refused_alike(void **state)
{
	static const uint8_t id[ENTRY_REQUEST_ID] = { 2 };
	struct fixture *f = *state;
	struct apply_result first, again;

	first = feed(f, remove_as(id, "n1"));
	assert_int_equal(first.error.kind, ERR_PRECONDITION);
	feed_ok(f, join_as(NULL, 1));
	again = feed(f, remove_as(id, "n1"));
	assert_true(again.replayed);
	assert_int_equal(again.error.kind, first.error.kind);
	assert_string_equal(again.error.text, first.error.text);
	assert_int_equal(again.failed, first.failed);
	assert_int_equal(count(f), 1);
}

static void skip_to(struct fixture *f, uint64_t index)
{
	struct log_entry noop = { .term = 1, .kind = LOG_ENTRY_NOOP };
	struct apply_result r;

	assert_int_equal(state_store_begin(f->state, NULL), 0);
	while (f->index < index) {
		noop.index = ++f->index;
		assert_int_equal(state_store_apply(f->state, &noop, &r, NULL), 0);
	}
	assert_int_equal(state_store_commit(f->state, NULL, NULL), 0);
}

static void requests_are_forgotten_after_their_window(void **state)
{
	static const uint8_t a[ENTRY_REQUEST_ID] = { 3 }, b[ENTRY_REQUEST_ID] = { 4 };
	struct fixture *f = *state;

	feed_ok(f, join_as(a, 1));	/* index 1 */
	skip_to(f, STATE_REQUESTS);
	assert_true(feed(f, join_as(a, 1)).replayed);
	feed_ok(f, join_as(b, 2));	/* slides the window over index 1 */
	assert_false(feed(f, join_as(a, 1)).replayed);
}

static struct state_changes feed_batch(struct fixture *f, struct entry **entries, size_t n)
{
	struct state_changes changes;
	struct apply_result r;

	assert_int_equal(state_store_begin(f->state, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		struct log_entry log = as_log_entry(entries[i], ++f->index);

		assert_int_equal(state_store_apply(f->state, &log, &r, NULL), 0);
		entry_free(entries[i]);
	}
	assert_int_equal(state_store_commit(f->state, &changes, NULL), 0);
	return changes;
}

static void the_feed_names_what_a_batch_changed(void **state)
{
	struct fixture *f = *state;
	struct node clash = make_node(9);
	struct entry *refused = new_entry();
	struct state_changes c;

	feed_ok(f, join_as(NULL, 1));
	assert_int_equal(command_register_node(refused, &clash, NULL), 0);
	clash = make_node(8);
	clash.public_key = make_node(3).public_key;
	assert_int_equal(command_register_node(refused, &clash, NULL), 0);
	c = feed_batch(f, (struct entry *[]){
		join_as(NULL, 3), remove_as(NULL, "n1"), join_as(NULL, 2), refused,
		join_as(NULL, 4), remove_as(NULL, "n4"), remove_as(NULL, "n3"), join_as(NULL, 3),
	}, 8);
	assert_int_equal(c.n_nodes, 4);
	assert_string_equal(c.nodes[0].node_id, "n1");
	assert_true(c.nodes[0].removed);
	assert_string_equal(c.nodes[1].node_id, "n2");
	assert_false(c.nodes[1].removed);
	assert_string_equal(c.nodes[2].node_id, "n3");
	assert_false(c.nodes[2].removed);
	assert_string_equal(c.nodes[3].node_id, "n4");
	assert_true(c.nodes[3].removed);
	assert_false(c.mesh || c.members);
	state_changes_fini(&c);
}

static void the_feed_tells_of_settings_and_members(void **state)
{
	struct fixture *f = *state;
	struct mesh m = make_mesh("fd00::/48", "10.0.0.0/8");
	struct member member = { .server_id = 1, .node_id = "n1", .address = "x:1" };
	struct entry *e = new_entry();
	struct state_changes c;

	assert_int_equal(command_set_mesh(e, &m, NULL), 0);
	c = feed_batch(f, &e, 1);
	assert_true(c.mesh && !c.members && c.n_nodes == 0);
	state_changes_fini(&c);
	e = new_entry();
	assert_int_equal(command_put_member(e, &member, NULL), 0);
	c = feed_batch(f, &e, 1);
	assert_true(!c.mesh && c.members && c.n_nodes == 0);
	state_changes_fini(&c);
}

/* A mixture in which many are refused: used tokens, taken addresses and keys, unknown nodes. */
static struct entry *random_entry(void)
{
	uint8_t request[ENTRY_REQUEST_ID] = { (uint8_t)(1 + rand() % 200) };
	struct entry *e = entry_new(rand() % 2 ? request : NULL);
	struct node n = make_node((unsigned int)rand() % 30);
	struct token_record t = make_token(rand() % 2 ? "t1" : "t2", 3);
	struct certificate cert = { .node_id = "n1" };
	struct member m = { .server_id = 1 + (uint64_t)rand() % 5, .address = "a:1" };
	int what = rand() % 10;

	snprintf(cert.serial, sizeof(cert.serial), "%d", rand() % 500);
	snprintf(m.node_id, sizeof(m.node_id), "n%d", rand() % 8);
	n.public_key.bytes[0] = (uint8_t)(rand() % 30);
	n.updated_at = rand();
	n.ipv4 = ipam_ipv4_address(&(struct prefix){ .len = 24 }, (uint64_t)rand() % 40);
	if (what < 4)
		assert_int_equal(command_register_node(e, &n, NULL), 0);
	else if (what < 6)
		assert_int_equal(command_remove_node(e, n.id, NULL), 0);
	else if (what < 7)
		assert_int_equal(command_put_token(e, &t, NULL), 0);
	else if (what < 9)
		assert_int_equal(command_use_token(e, t.id, 1, NULL), 0);
	if (what >= 8)
		assert_int_equal(command_put_certificate(e, &cert, NULL), 0);
	if (what == 9)
		assert_int_equal(command_put_member(e, &m, NULL), 0);
	return e;
}

struct replica {
	struct state_store *state;
	char path[128];
	uint64_t applied;
};

static void open_replica(struct replica *r, struct fixture *f, const char *name)
{
	snprintf(r->path, sizeof(r->path), "%s/%s", f->dir, name);
	assert_int_equal(state_store_open(r->path, &r->state, NULL), 0);
	r->applied = 0;
}

/* Up to @to, in one batch; what each entry answers goes to or is compared with @answers. */
static void catch_up(struct replica *r, struct entry *const *log, uint64_t to,
		     struct apply_result *answers, bool compare)
{
	assert_int_equal(state_store_begin(r->state, NULL), 0);
	while (r->applied < to) {
		struct log_entry e = as_log_entry(log[r->applied], r->applied + 1);
		struct apply_result result, *known = &answers[r->applied];

		assert_int_equal(state_store_apply(r->state, &e, &result, NULL), 0);
		if (compare) {
			assert_int_equal(result.error.kind, known->error.kind);
			assert_string_equal(result.error.text, known->error.text);
			assert_int_equal(result.failed, known->failed);
			assert_int_equal(result.rows_affected, known->rows_affected);
			assert_int_equal(result.last_insert_id, known->last_insert_id);
			assert_int_equal(result.replayed, known->replayed);
		}
		*known = result;
		r->applied++;
	}
	assert_int_equal(state_store_commit(r->state, NULL, NULL), 0);
}

static void reopen(struct replica *r)
{
	state_store_close(r->state);
	assert_int_equal(state_store_open(r->path, &r->state, NULL), 0);
	assert_int_equal(state_store_applied(r->state), r->applied);
}

static void assert_same_digest(struct replica *a, struct replica *b, bool same)
{
	uint8_t x[STATE_DIGEST], y[STATE_DIGEST];

	assert_int_equal(state_store_digest(a->state, x, NULL), 0);
	assert_int_equal(state_store_digest(b->state, y, NULL), 0);
	assert_int_equal(memcmp(x, y, STATE_DIGEST) == 0, same);
}

/* One replica goes an entry at a time; the other in batches, is closed, and loses batches. */
static void replicas_of_one_log_agree_in_rows_and_answers(void **state)
{
	enum { ENTRIES = 1500 };
	static struct entry *log[ENTRIES];
	static struct apply_result answers[ENTRIES];
	struct fixture *f = *state;
	struct replica a, b;

	srand(31);
	open_replica(&a, f, "a.db");
	open_replica(&b, f, "b.db");
	for (int i = 0; i < ENTRIES; i++)
		log[i] = random_entry();
	while (a.applied < ENTRIES)
		catch_up(&a, log, a.applied + 1, answers, false);
	while (b.applied < ENTRIES) {
		uint64_t step = 1 + (uint64_t)rand() % 40, to = b.applied + step;

		catch_up(&b, log, to < ENTRIES ? to : ENTRIES, answers, true);
		if (rand() % 5 == 0)
			reopen(&b);
	}
	assert_same_digest(&a, &b, true);
	for (int i = 0; i < ENTRIES; i++)
		entry_free(log[i]);
	state_store_close(a.state);
	state_store_close(b.state);
}

static void one_different_row_is_a_different_digest(void **state)
{
	struct fixture *f = *state;
	struct entry *log[] = { join_as(NULL, 1), new_entry(), new_entry() };
	struct apply_result answers[2];
	struct replica a, b;

	open_replica(&a, f, "a.db");
	open_replica(&b, f, "b.db");
	assert_int_equal(entry_add(log[1], 0, "UPDATE nodes SET raft_port = 1", NULL, 0, NULL), 0);
	assert_int_equal(entry_add(log[2], 0, "UPDATE nodes SET grpc_port = 1", NULL, 0, NULL), 0);
	catch_up(&a, log, 1, answers, false);
	catch_up(&b, log, 1, answers, false);
	assert_same_digest(&a, &b, true);
	catch_up(&a, log, 2, answers, false);
	catch_up(&b, (struct entry *[]){ log[0], log[2] }, 2, answers, false);
	assert_same_digest(&a, &b, false);
	state_store_close(a.state);
	state_store_close(b.state);
	for (int i = 0; i < 3; i++)
		entry_free(log[i]);
}

static void apply_until_killed(const char *path, int fd)
{
	struct fixture f = { .index = 0 };

	if (state_store_open(path, &f.state, NULL) < 0)
		_exit(1);
	f.index = state_store_applied(f.state);
	for (;;) {
		feed_ok(&f, join_as(NULL, (unsigned int)f.index + 1));
		if (write(fd, &f.index, sizeof(f.index)) != sizeof(f.index))
			_exit(1);
	}
}

static uint64_t run_and_kill(const char *path, uint64_t kill_after)
{
	uint64_t index, last = 0;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		apply_until_killed(path, fds[1]);
	close(fds[1]);
	while (read(fds[0], &index, sizeof(index)) == sizeof(index)) {
		if (last < kill_after && index >= kill_after)
			assert_int_equal(kill(pid, SIGKILL), 0);
		last = index;
	}
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return last;
}

/* Rows and applied index must tell the same: an entry is there exactly if it counts as applied. */
static void a_killed_process_finds_rows_and_index_in_step(void **state)
{
	struct fixture *f = *state;
	uint64_t acknowledged = 0, synced = 0;
	struct error err;

	for (int round = 0; round < 4; round++) {
		state_store_close(f->state);
		f->state = NULL;
		acknowledged = run_and_kill(f->path, acknowledged + 60);
		ok(state_store_open(f->path, &f->state, &err), &err);
		assert_true(state_store_applied(f->state) >= acknowledged);
		assert_int_equal(count(f), state_store_applied(f->state));
	}
	ok(state_sync(f->path, &synced, &err), &err);
	assert_int_equal(synced, state_store_applied(f->state));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_state, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_are_applied_in_order_without_gap),
		TEST(a_rolled_back_batch_never_was),
		TEST(what_is_not_deterministic_is_refused),
		TEST(values_of_the_wrong_type_are_refused),
		TEST(a_refused_entry_is_undone_and_the_next_goes_on),
		TEST(garbage_is_everybodys_answer_and_news_is_not),
		TEST(parameters_can_be_named),
		TEST(a_retry_is_answered_but_not_applied),
		TEST(a_retry_of_what_was_refused_is_refused_alike),
		TEST(requests_are_forgotten_after_their_window),
		TEST(the_feed_names_what_a_batch_changed),
		TEST(the_feed_tells_of_settings_and_members),
		TEST(replicas_of_one_log_agree_in_rows_and_answers),
		TEST(one_different_row_is_a_different_digest),
		TEST(a_killed_process_finds_rows_and_index_in_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
