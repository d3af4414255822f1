// SPDX-License-Identifier: Apache-2.0
/* The Raft log: what is acknowledged stays, what is damaged is refused. */
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>


static struct log_store *open_log(struct fixture *f)
{
	struct log_store *log = NULL;
	struct error err;

	ok(log_store_open(f->path, &log, &err), &err);
	return log;
}

/* Entry @index with data that tells it from every other. */
static struct log_entry make_entry(uint64_t index, uint64_t term)
{
	static char data[64][48];
	char *text = data[index % 64];

	snprintf(text, sizeof(*data), "the data of entry number %llu in %llu",
		 (unsigned long long)index, (unsigned long long)term);
	return (struct log_entry){
		.index = index, .term = term, .len = (uint32_t)strlen(text), .data = text,
	};
}

static int append(struct log_store *log, uint64_t from, uint64_t n, uint64_t term,
		  struct error *err)
{
	struct log_entry entries[64];
	struct log_batch batch = { .entries = entries, .n_entries = n };

	for (uint64_t i = 0; i < n; i++)
		entries[i] = make_entry(from + i, term);
	return log_store_append(log, &batch, err);
}

static void append_ok(struct log_store *log, uint64_t from, uint64_t n, uint64_t term)
{
	struct error err;

	ok(append(log, from, n, term, &err), &err);
}

static void set_hard_state(struct log_store *log, uint64_t term, uint64_t vote, uint64_t commit)
{
	struct hard_state hard = { .term = term, .vote = vote, .commit = commit };
	struct error err;

	ok(log_store_append(log, &(struct log_batch){ .hard_state = &hard }, &err), &err);
}

struct seen {
	uint64_t next, n, term;
};

static int check_entry(const struct log_entry *e, void *data)
{
	struct seen *seen = data;
	struct log_entry expected = make_entry(seen->next++, e->term);

	assert_int_equal(e->index, expected.index);
	assert_int_equal(e->len, expected.len);
	assert_memory_equal(e->data, expected.data, e->len);
	seen->term = e->term;
	seen->n++;
	return 0;
}

static uint64_t read_all(struct log_store *log, uint64_t from, uint64_t to, uint64_t max)
{
	struct seen seen = { .next = from };
	struct error err;

	ok(log_store_read(log, from, to, max, check_entry, &seen, &err), &err);
	return seen.n;
}

static void a_new_log_is_empty(void **state)
{
	struct log_store *log = open_log(*state);

	assert_true(log_store_is_new(log));
	assert_int_equal(log_store_first_index(log), 1);
	assert_int_equal(log_store_last_index(log), 0);
	assert_int_equal(log_store_hard_state(log).term, 0);
	log_store_close(log);
	log = open_log(*state);
	assert_false(log_store_is_new(log));
	log_store_close(log);
}

static void what_is_appended_is_there_after_reopening(void **state)
{
	struct log_store *log = open_log(*state);
	uint64_t term;

	append_ok(log, 1, 10, 1);
	append_ok(log, 11, 5, 3);
	set_hard_state(log, 3, 2, 12);
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_last_index(log), 15);
	assert_int_equal(read_all(log, 1, 15, UINT64_MAX), 15);
	assert_int_equal(log_store_hard_state(log).term, 3);
	assert_int_equal(log_store_hard_state(log).vote, 2);
	assert_int_equal(log_store_hard_state(log).commit, 12);
	assert_int_equal(log_store_term_at(log, 10, &term, NULL), 0);
	assert_int_equal(term, 1);
	assert_int_equal(log_store_term_at(log, 11, &term, NULL), 0);
	assert_int_equal(term, 3);
	assert_int_equal(log_store_term_at(log, 0, &term, NULL), 0);
	assert_int_equal(term, 0);
	assert_int_equal(log_store_term_at(log, 16, &term, NULL), -ERR_NOT_FOUND);
	log_store_close(log);
}

static void one_batch_truncates_appends_and_votes(void **state)
{
	struct log_store *log = open_log(*state);
	struct log_entry entries[2];
	struct hard_state hard = { .term = 4, .vote = 1, .commit = 3 };
	struct log_batch batch = { .truncate_from = 6, .entries = entries, .n_entries = 2,
				   .hard_state = &hard };
	struct seen seen = { .next = 1 };
	struct error err;

	append_ok(log, 1, 10, 1);
	entries[0] = make_entry(6, 4);
	entries[1] = make_entry(7, 4);
	ok(log_store_append(log, &batch, &err), &err);
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_last_index(log), 7);
	ok(log_store_read(log, 1, 7, UINT64_MAX, check_entry, &seen, &err), &err);
	assert_int_equal(seen.term, 4);
	assert_int_equal(log_store_hard_state(log).vote, 1);
	log_store_close(log);
}

static void reading_stops_at_the_byte_limit_but_gives_one(void **state)
{
	struct log_store *log = open_log(*state);
	uint32_t len = make_entry(1, 1).len;

	append_ok(log, 1, 9, 1);
	assert_int_equal(read_all(log, 1, 9, 0), 1);
	assert_int_equal(read_all(log, 2, 9, len * 3), 3);
	assert_int_equal(read_all(log, 2, 9, len * 4 - 1), 3);
	assert_int_equal(read_all(log, 4, 4, UINT64_MAX), 1);
	assert_int_equal(log_store_read(log, 5, 10, 1, check_entry, NULL, NULL), -ERR_NOT_FOUND);
	assert_int_equal(log_store_read(log, 0, 1, 1, check_entry, NULL, NULL), -ERR_NOT_FOUND);
	log_store_close(log);
}

static void assert_batch_refused(struct log_store *log, const struct log_batch *batch)
{
	uint64_t last = log_store_last_index(log);
	struct error err;

	assert_int_equal(log_store_append(log, batch, &err), -ERR_INVALID);
	assert_int_equal(log_store_last_index(log), last);
	assert_int_equal(read_all(log, 1, last, UINT64_MAX), last);
}

static void a_batch_that_no_correct_server_asks_for_is_refused(void **state)
{
	struct log_store *log = open_log(*state);
	struct hard_state term_back = { .term = 2, .commit = 4 };
	struct hard_state commit_back = { .term = 3, .vote = 1 };
	struct hard_state second_vote = { .term = 3, .vote = 2, .commit = 4 };
	struct log_entry gap = make_entry(12, 3), old_term = make_entry(11, 2);

	append_ok(log, 1, 10, 3);
	set_hard_state(log, 3, 1, 4);
	assert_batch_refused(log, &(struct log_batch){ .entries = &gap, .n_entries = 1 });
	assert_batch_refused(log, &(struct log_batch){ .entries = &old_term, .n_entries = 1 });
	assert_batch_refused(log, &(struct log_batch){ .truncate_from = 4 });
	assert_batch_refused(log, &(struct log_batch){ .hard_state = &term_back });
	assert_batch_refused(log, &(struct log_batch){ .hard_state = &second_vote });
	assert_batch_refused(log, &(struct log_batch){ .hard_state = &commit_back });
	log_store_close(log);
}

static void compact_ok(struct log_store *log, uint64_t index)
{
	struct error err;

	ok(log_store_append(log, &(struct log_batch){ .compact_to = index }, &err), &err);
}

static void compacted_entries_are_gone_and_the_rest_stays(void **state)
{
	struct log_store *log = open_log(*state);
	uint64_t term;

	append_ok(log, 1, 10, 2);
	assert_batch_refused(log, &(struct log_batch){ .compact_to = 5 });	/* not committed */
	set_hard_state(log, 2, 0, 8);
	compact_ok(log, 5);
	compact_ok(log, 3);
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_first_index(log), 6);
	assert_int_equal(log_store_last_index(log), 10);
	assert_int_equal(log_store_term_at(log, 5, &term, NULL), 0);
	assert_int_equal(term, 2);
	assert_int_equal(log_store_term_at(log, 4, &term, NULL), -ERR_NOT_FOUND);
	assert_int_equal(read_all(log, 6, 10, UINT64_MAX), 5);
	compact_ok(log, 8);
	append_ok(log, 11, 1, 2);
	log_store_close(log);
}

/*
 * Appended, committed and compacted in one transaction, up to the last one that was there before.
 */
static void a_batch_may_compact_what_it_commits(void **state)
{
	struct log_store *log = open_log(*state);
	struct log_entry next = make_entry(11, 2);
	struct hard_state hard = { .term = 2, .commit = 10 };
	struct error err;

	append_ok(log, 1, 10, 2);
	ok(log_store_append(log, &(struct log_batch){ .entries = &next, .n_entries = 1,
						      .hard_state = &hard, .compact_to = 10 }, &err), &err);
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_first_index(log), 11);
	assert_int_equal(read_all(log, 11, 11, UINT64_MAX), 1);
	log_store_close(log);
}

static void a_snapshot_takes_the_place_of_a_log_that_lacks_it(void **state)
{
	struct log_store *log = open_log(*state);
	struct error err;
	uint64_t term;

	append_ok(log, 1, 10, 2);
	set_hard_state(log, 3, 1, 4);
	assert_int_equal(log_store_install(log, 3, 2, NULL), -ERR_INVALID);
	ok(log_store_install(log, 7, 5, &err), &err);	/* entry 7 here is of term 2 */
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_first_index(log), 8);
	assert_int_equal(log_store_last_index(log), 7);
	assert_int_equal(log_store_term_at(log, 7, &term, NULL), 0);
	assert_int_equal(term, 5);
	assert_int_equal(log_store_hard_state(log).term, 5);
	assert_int_equal(log_store_hard_state(log).vote, 0);
	assert_int_equal(log_store_hard_state(log).commit, 7);
	append_ok(log, 8, 3, 5);
	ok(log_store_install(log, 90, 5, &err), &err);
	assert_int_equal(log_store_last_index(log), 90);
	log_store_close(log);
}

static void a_log_that_is_replaced_keeps_its_promises_alone(void **state)
{
	struct log_store *log = open_log(*state);
	struct error err;
	uint64_t term;

	append_ok(log, 1, 10, 2);
	set_hard_state(log, 3, 1, 9);
	ok(log_store_replace(log, 4, 2, &err), &err);	/* even with this very entry, all goes */
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_first_index(log), 5);
	assert_int_equal(log_store_last_index(log), 4);
	assert_int_equal(log_store_term_at(log, 4, &term, NULL), 0);
	assert_int_equal(term, 2);
	assert_int_equal(log_store_hard_state(log).term, 3);
	assert_int_equal(log_store_hard_state(log).vote, 1);
	assert_int_equal(log_store_hard_state(log).commit, 4);
	append_ok(log, 5, 3, 4);
	ok(log_store_replace(log, 0, 0, &err), &err);
	append_ok(log, 1, 2, 1);
	log_store_close(log);
}

static void a_snapshot_leaves_what_follows_on_it(void **state)
{
	struct log_store *log = open_log(*state);
	struct error err;

	append_ok(log, 1, 10, 2);
	set_hard_state(log, 3, 1, 4);
	ok(log_store_install(log, 7, 2, &err), &err);
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_first_index(log), 8);
	assert_int_equal(read_all(log, 8, 10, UINT64_MAX), 3);
	assert_int_equal(log_store_hard_state(log).vote, 1);	/* a promise is a promise */
	log_store_close(log);
}

static void the_file_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	log_store_close(open_log(f));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* In a child: locks of one process do not keep itself out. */
static int open_in_child(const char *path)
{
	struct log_store *log = NULL;
	struct error err = { 0 };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int r = log_store_open(path, &log, &err);

		_exit(r == -ERR_PRECONDITION && strstr(err.text, "stop that wgmeshd") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void a_second_daemon_is_kept_out(void **state)
{
	struct fixture *f = *state;
	struct log_store *log = open_log(f);

	append_ok(log, 1, 1, 1);
	assert_int_equal(open_in_child(f->path), 0);
	append_ok(log, 2, 1, 1);
	log_store_close(log);
}

static void assert_corrupt(struct fixture *f)
{
	struct log_store *log = NULL;
	struct error err = { 0 };
	int r = log_store_open(f->path, &log, &err);

	if (r != -ERR_CORRUPT)
		fail_msg("opened with %d: %s", r, err.text);
	if (!strstr(err.text, "join again with a new identity"))
		fail_msg("no remedy in: %s", err.text);
	assert_null(log);
}

static void fill(struct fixture *f)
{
	struct log_store *log = open_log(f);

	for (uint64_t i = 1; i <= 400; i += 8)
		append_ok(log, i, 8, 1);
	set_hard_state(log, 7, 3, 350);
	log_store_close(log);
}

static void a_flipped_bit_in_an_entry_is_refused(void **state)
{
	struct fixture *f = *state;
	long at;

	fill(f);
	at = find_in_file(f->path, "number 200 ", 11, 0);
	assert_true(at > 0);
	patch_file(f->path, at + 8, "1", 1);
	assert_corrupt(f);
}

static void a_flipped_bit_in_the_hard_state_is_refused(void **state)
{
	struct fixture *f = *state;
	long at;

	fill(f);
	/* term 7, vote 3, commit 350 as SQLite's one and two byte integers, side by side */
	at = find_in_file(f->path, "\x07\x03\x01\x5e", 4, 0);
	assert_true(at > 0);
	patch_file(f->path, at + 1, "\x02", 1);
	assert_corrupt(f);
}

static void a_truncated_file_is_refused(void **state)
{
	struct fixture *f = *state;
	long size;

	fill(f);
	size = file_size(f->path);
	for (long cut = size - 4096; cut > 0; cut -= 4096) {
		assert_int_equal(truncate(f->path, cut), 0);
		assert_corrupt(f);
	}
}

/* An entry fewer in a page's header: SQLite sees a whole, shorter table. */
static void entries_lost_from_the_end_are_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t cells[2];
	long page;
	FILE *file;

	fill(f);
	page = find_in_file(f->path, "number 400 ", 11, 0) / 4096 * 4096;
	assert_true(page > 0);
	file = fopen(f->path, "r");
	assert_non_null(file);
	assert_int_equal(fseek(file, page + 3, SEEK_SET), 0);
	assert_int_equal(fread(cells, 1, 2, file), 2);
	fclose(file);
	assert_true(cells[0] == 0 && cells[1] > 1);
	cells[1]--;
	patch_file(f->path, page + 3, cells, 2);
	assert_corrupt(f);
}

static void a_file_of_garbage_is_refused(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen(f->path, "w");

	for (int i = 0; i < 9000; i++)
		fputc(i * 7 + 1, file);
	fclose(file);
	assert_corrupt(f);
}

/* Flip a bit at many places: opening either refuses, or everything is there and right. */
static void no_flipped_bit_goes_unnoticed(void **state)
{
	struct fixture *f = *state;
	long size;

	fill(f);
	size = file_size(f->path);
	for (long at = 3; at < size; at += 97) {
		struct log_store *log = NULL;
		uint8_t byte, flipped;
		FILE *file = fopen(f->path, "r");

		assert_int_equal(fseek(file, at, SEEK_SET), 0);
		assert_int_equal(fread(&byte, 1, 1, file), 1);
		fclose(file);
		flipped = (uint8_t)(byte ^ 1 << at % 8);
		patch_file(f->path, at, &flipped, 1);
		if (log_store_open(f->path, &log, NULL) == 0) {
			struct hard_state hard = log_store_hard_state(log);

			assert_int_equal(read_all(log, 1, 400, UINT64_MAX), 400);
			assert_true(hard.term == 7 && hard.vote == 3 && hard.commit == 350);
			log_store_close(log);
		}
		patch_file(f->path, at, &byte, 1);
	}
}

static void write_until_killed(const char *path, int fd)
{
	struct log_store *log = NULL;

	if (log_store_open(path, &log, NULL) < 0)
		_exit(1);
	for (uint64_t i = log_store_last_index(log) + 1;; i++) {
		if (append(log, i, 1, 1, NULL) < 0 || write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

/* The last index that the child acknowledged before it was killed, at @kill_after or later. */
static uint64_t run_and_kill(const char *path, uint64_t kill_after)
{
	uint64_t index, acknowledged = 0;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_until_killed(path, fds[1]);
	close(fds[1]);
	while (read(fds[0], &index, sizeof(index)) == sizeof(index)) {
		if (acknowledged < kill_after && index >= kill_after)
			assert_int_equal(kill(pid, SIGKILL), 0);
		acknowledged = index;
	}
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return acknowledged;
}

static void a_killed_server_finds_all_that_it_acknowledged(void **state)
{
	struct fixture *f = *state;
	uint64_t acknowledged = 0;

	for (int round = 0; round < 5; round++) {
		struct log_store *log;
		uint64_t last;

		acknowledged = run_and_kill(f->path, acknowledged + 40);
		log = open_log(f);
		last = log_store_last_index(log);
		assert_true(last >= acknowledged && last <= acknowledged + 1);
		assert_int_equal(read_all(log, 1, last, UINT64_MAX), last);
		log_store_close(log);
	}
}

/* Leaves the WAL of a killed server behind. */
enum { WAL_HEADER = 32, WAL_FRAME = 24 + 4096 };

/* Where the zeros begin that were there before anything was written. */
static long written_end(const char *wal)
{
	uint8_t frame[WAL_FRAME];
	FILE *file = fopen(wal, "r");
	long end = WAL_HEADER;

	assert_int_equal(fseek(file, WAL_HEADER, SEEK_SET), 0);
	while (fread(frame, sizeof(frame), 1, file) == 1 && load_u32(frame))
		end += WAL_FRAME;
	fclose(file);
	return end;
}

static long killed_wal(struct fixture *f, char wal[112])
{
	run_and_kill(f->path, 30);
	snprintf(wal, 112, "%s-wal", f->path);
	return written_end(wal);
}

/* SQLite by itself would open all of these, and have forgotten what lies behind the damage. */
static void damage_in_the_middle_of_the_wal_is_refused(void **state)
{
	struct fixture *f = *state;
	char wal[112];
	long size = killed_wal(f, wal), frames = (size - WAL_HEADER) / WAL_FRAME;

	assert_true(frames > 40);
	for (long at = 5; at < (frames - 8) * WAL_FRAME; at += 7919) {
		uint8_t byte, flipped;
		FILE *file = fopen(wal, "r");

		assert_int_equal(fseek(file, at, SEEK_SET), 0);
		assert_int_equal(fread(&byte, 1, 1, file), 1);
		fclose(file);
		flipped = byte ^ 0x10;
		patch_file(wal, at, &flipped, 1);
		assert_corrupt(f);
		assert_corrupt(f);	/* refusing changes nothing */
		patch_file(wal, at, &byte, 1);
	}
	log_store_close(open_log(f));
}

/* More than a checkpoint's worth: SQLite begins the WAL anew, with old frames behind the new. */
static void write_much_and_die(const char *path)
{
	static char data[1 << 20];
	struct log_entry e = { .term = 1, .data = data, .len = sizeof(data) };
	struct log_store *log = NULL;

	if (log_store_open(path, &log, NULL) < 0)
		_exit(1);
	for (e.index = 1; e.index <= 20; e.index++)
		if (log_store_append(log, &(struct log_batch){ .entries = &e, .n_entries = 1 },
				     NULL))
			_exit(1);
	_exit(0);
}

static void old_frames_behind_the_wals_end_are_no_damage(void **state)
{
	struct fixture *f = *state;
	struct log_store *log;
	char wal[112];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		write_much_and_die(f->path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	assert_in_range(file_size(wal), 4 << 20, 8 << 20);	/* it did begin anew */
	log = open_log(f);
	assert_int_equal(log_store_last_index(log), 20);
	log_store_close(log);
}

/* Killed before it wrote a thing: nothing but the zeros that it begins with. */
static void a_blank_wal_is_an_empty_one_and_a_blanked_one_is_not(void **state)
{
	static const uint8_t zeros[WAL_HEADER];
	struct fixture *f = *state;
	char wal[112];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct log_store *log;

		_exit(log_store_open(f->path, &log, NULL) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	log_store_close(open_log(f));
	killed_wal(f, wal);
	patch_file(wal, 0, zeros, sizeof(zeros));
	assert_corrupt(f);
}

static void a_torn_end_of_the_wal_is_an_unfinished_write(void **state)
{
	struct fixture *f = *state;
	struct log_store *log;
	char wal[112];
	long size = killed_wal(f, wal);
	uint64_t last;

	assert_int_equal(truncate(wal, size - WAL_FRAME - 1000), 0);
	log = open_log(f);
	last = log_store_last_index(log);
	assert_true(last >= 28);
	assert_int_equal(read_all(log, 1, last, UINT64_MAX), last);
	append_ok(log, last + 1, 1, 1);
	log_store_close(log);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_dir, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_log_is_empty),
		TEST(what_is_appended_is_there_after_reopening),
		TEST(one_batch_truncates_appends_and_votes),
		TEST(reading_stops_at_the_byte_limit_but_gives_one),
		TEST(a_batch_that_no_correct_server_asks_for_is_refused),
		TEST(compacted_entries_are_gone_and_the_rest_stays),
		TEST(a_batch_may_compact_what_it_commits),
		TEST(a_snapshot_takes_the_place_of_a_log_that_lacks_it),
		TEST(a_log_that_is_replaced_keeps_its_promises_alone),
		TEST(a_snapshot_leaves_what_follows_on_it),
		TEST(the_file_is_for_its_owner_alone),
		TEST(a_second_daemon_is_kept_out),
		TEST(a_flipped_bit_in_an_entry_is_refused),
		TEST(a_flipped_bit_in_the_hard_state_is_refused),
		TEST(a_truncated_file_is_refused),
		TEST(entries_lost_from_the_end_are_refused),
		TEST(a_file_of_garbage_is_refused),
		TEST(no_flipped_bit_goes_unnoticed),
		TEST(a_killed_server_finds_all_that_it_acknowledged),
		TEST(damage_in_the_middle_of_the_wal_is_refused),
		TEST(old_frames_behind_the_wals_end_are_no_damage),
		TEST(a_blank_wal_is_an_empty_one_and_a_blanked_one_is_not),
		TEST(a_torn_end_of_the_wal_is_an_unfinished_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
