// SPDX-License-Identifier: Apache-2.0
/*
 * wgmeshd recover: the mesh goes on with this node as its only voter, from what it has or from a
 * backup, when a majority of the voters is gone for good.  Rewrites what Raft alone writes
 * otherwise: whatever was acknowledged and is not here is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/identity.h"
#include "crypto/random.h"
#include "daemon/commands.h"
#include "daemon/installer.h"
#include "daemon/join.h"
#include "daemon/node_files.h"
#include "daemon/now.h"
#include "daemon/settings_sources.h"
#include "raft/configuration.h"
#include "store/commands.h"
#include "store/snapshot.h"
#include "store/state_query.h"

#define SAVED ".before-recovery"

enum { ELECTIONS_BITS = 16 /* nobody elects so often in a second */ };

struct recovery {
	struct settings settings;
	struct local_store *local;
	struct log_store *log;
	struct state_store *state;
	const char *snapshot;		/* NULL: from what this node has */
	uint64_t server_id;
	uint64_t index;			/* of the first entry that is new */
};

/* ---- what there is ---- */

static int load_settings(struct recovery *r, int argc, char **argv, struct error *err)
{
	char path[PATH_MAX];
	int rest, rc = settings_parse(&r->settings, argc, argv, &rest, err);

	if (rc < 0)
		return rc;
	if (argc - rest > 1)
		return error_set(err, ERR_INVALID, "recover takes one snapshot, not also \"%s\"",
				 argv[rest + 1]);
	r->snapshot = rest < argc ? argv[rest] : NULL;
	if (access(settings_path(&r->settings, "local.db", path), F_OK) < 0)
		return error_set(err, ERR_NOT_FOUND, "%s belongs to no node",
				 r->settings.state_dir);
	rc = local_store_open(path, &r->local, err);
	if (rc == 0)
		rc = settings_load(&r->settings, r->local, err);
	if (rc == 0 &&
	    access(settings_path(&r->settings, "identity/" IDENTITY_CA_KEY_FILE, path), R_OK) < 0)
		rc = error_set(err, ERR_PRECONDITION,
			       "%s was no voter and has not the key of the mesh's authority: recover on one that was",
			       r->settings.id);
	return rc;
}

static int open_stores(struct recovery *r, struct error *err)
{
	char log[PATH_MAX], state[PATH_MAX];
	int rc = log_store_open(settings_path(&r->settings, "raft.db", log), &r->log, err);

	settings_path(&r->settings, "state.db", state);
	if (rc == 0)
		rc = installer_recover(state, r->log, err);
	if (rc == 0)
		rc = state_store_open(state, &r->state, err);
	return rc;
}

/* ---- from a backup ---- */

static int copy(int from, int to, struct error *err)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return error_errno(err, errno, "the snapshot");
	while (at < st.st_size)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return error_errno(err, errno ? errno : EIO, "cannot copy the snapshot");
	return 0;
}

static int copy_file(const char *from, const char *to, struct error *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out, rc;

	if (in < 0)
		return error_errno(err, errno, "%s", from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	rc = out < 0 ? error_errno(err, errno, "%s", to) : copy(in, out, err);
	if (out >= 0)
		close(out);
	close(in);
	return rc;
}

/* Nothing is thrown away: who was wrong to recover can move it back. */
static int set_aside(const struct settings *s, const char *name, struct error *err)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char from[PATH_MAX], to[PATH_MAX], file[64];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(file, sizeof(file), "%s%s", name, suffixes[i]);
		settings_path(s, file, from);
		snprintf(file, sizeof(file), "%s" SAVED "%s", name, suffixes[i]);
		settings_path(s, file, to);
		if (rename(from, to) < 0 && errno != ENOENT)
			return error_errno(err, errno, "%s: cannot be set aside", from);
	}
	return 0;
}

/* The log is opened first: it is locked as long as a daemon runs here. */
static int check_stopped(const struct settings *s, struct error *err)
{
	struct log_store *log;
	char path[PATH_MAX];
	int rc;

	if (access(settings_path(s, "raft.db", path), F_OK) < 0)
		return 0;
	rc = log_store_open(path, &log, err);
	if (rc == 0)
		log_store_close(log);
	return rc == -ERR_CORRUPT ? 0 : rc;
}

static int take_snapshot(struct recovery *r, struct error *err)
{
	char part[PATH_MAX], state[PATH_MAX], log[PATH_MAX];
	struct snapshot_info info;
	int rc = check_stopped(&r->settings, err);

	settings_path(&r->settings, "state.db", state);
	settings_path(&r->settings, "state.db.part", part);
	settings_path(&r->settings, "raft.db", log);
	if (rc == 0)
		rc = copy_file(r->snapshot, part, err);
	if (rc == 0)
		rc = snapshot_check(part, &info, err);
	if (rc == 0)
		rc = set_aside(&r->settings, "raft.db", err);
	if (rc == 0)
		rc = set_aside(&r->settings, "state.db", err);
	if (rc == 0)
		rc = snapshot_move(part, state, err);
	if (rc == 0)
		rc = log_store_open(log, &r->log, err);
	if (rc == 0)
		rc = log_store_install(r->log, info.index, info.term, err);
	log_store_close(r->log);
	r->log = NULL;
	return rc;
}

/* ---- the two entries that begin the new group ---- */

static int encode_group(const struct recovery *r, struct buf *out, struct error *err)
{
	struct raft_configuration c = { 0 };
	int rc = raft_configuration_add(&c, r->server_id, RAFT_VOTER, r->settings.id, err);

	return rc ? rc : raft_configuration_encode(&c, out, err);
}

static int make_change(const struct recovery *r, struct node *self, struct entry *e,
		       struct error *err)
{
	struct member member;
	int rc = command_remove_other_voters(e, self->id, err);

	self->server_id = r->server_id;
	if (rc == 0)
		rc = command_set_role(e, self->id, NODE_VOTER, r->server_id, daemon_now(), err);
	if (rc < 0)
		return rc;
	join_describe_member(self, r->settings.prefer_raft_ipv6, &member);
	return command_put_member(e, &member, err);
}

/*
 * Entries are told apart by index and term: those to come must have no term that the lost history
 * may have had, or an earlier recovery.  So it begins with the time, far above what elections
 * lead to.
 */
static uint64_t new_term(uint64_t old)
{
	uint64_t by_clock = (uint64_t)time(NULL) << ELECTIONS_BITS;
	uint64_t above = old + 1 + (random_u64() >> 32);

	return by_clock > above ? by_clock : above;
}

static int append(struct recovery *r, const struct buf *group, const uint8_t *change, size_t len,
		  struct error *err)
{
	struct hard_state hard = log_store_hard_state(r->log);
	uint64_t next = log_store_last_index(r->log) + 1;
	uint64_t term = new_term(hard.term);
	const struct log_entry entries[] = {
		{ .index = next, .term = term, .kind = LOG_ENTRY_CONFIGURATION,
		  .data = group->data, .len = (uint32_t)group->len },
		{ .index = next + 1, .term = term, .kind = LOG_ENTRY_DATA, .data = change,
		  .len = (uint32_t)len },
	};
	const struct log_batch batch = { .entries = entries, .n_entries = 2, .hard_state = &hard };

	hard.term = term;
	hard.vote = 0;
	r->index = next;
	return log_store_append(r->log, &batch, err);
}

static int begin_anew(struct recovery *r, struct node *self, struct error *err)
{
	struct buf group = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	struct entry *e = entry_new(NULL);
	const uint8_t *data;
	size_t len;
	int rc = e ? encode_group(r, &group, err) :
		     error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (rc == 0)
		rc = make_change(r, self, e, err);
	if (rc == 0)
		rc = entry_encode(e, &data, &len, err);
	if (rc == 0)
		rc = append(r, &group, data, len, err);
	entry_free(e);
	buf_fini(&group);
	return rc;
}

/* Promises are kept by id: from a backup they are unknown, so it is a new server. */
static int choose_id(struct recovery *r, const struct node *self, struct error *err)
{
	char text[24];

	r->server_id = r->snapshot || !self->server_id ? random_u64() >> 1 | 1 : self->server_id;
	snprintf(text, sizeof(text), "%lu", (unsigned long)r->server_id);
	return local_store_set_text(r->local, LOCAL_SERVER_ID, text, err);
}

static int recover(struct recovery *r, int argc, char **argv, struct error *err)
{
	struct node self;
	int rc = load_settings(r, argc, argv, err);

	if (rc == 0 && r->snapshot)
		rc = take_snapshot(r, err);
	if (rc == 0)
		rc = open_stores(r, err);
	if (rc == 0 && state_get_node(r->state, r->settings.id, &self, NULL) < 0)
		rc = error_set(err, ERR_PRECONDITION,
			       "%s is no node of this state: recover on one that was in the mesh then",
			       r->settings.id);
	if (rc == 0)
		rc = choose_id(r, &self, err);
	return rc < 0 ? rc : begin_anew(r, &self, err);
}

int recover_main(int argc, char **argv)
{
	struct recovery r = { 0 };
	struct error err = { 0 };
	char start[PATH_MAX];
	int rc;

	settings_init(&r.settings);
	rc = recover(&r, argc, argv, &err);
	state_store_close(r.state);
	log_store_close(r.log);
	local_store_close(r.local);
	if (rc < 0)
		return command_fail(&err);
	printf("%s is the mesh's only voter from entry %lu on\n"
	       "start it:         %s\n"
	       "the other voters: never start them as they are; join them anew, each with an empty state folder\n",
	       r.settings.id, (unsigned long)r.index, settings_start_command(&r.settings, start));
	return EXIT_OK;
}
