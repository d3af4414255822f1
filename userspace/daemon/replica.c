// SPDX-License-Identifier: Apache-2.0
#include "daemon/replica.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/random.h"
#include "daemon/agreement.h"
#include "daemon/consensus.h"
#include "daemon/follower.h"
#include "daemon/raft_peers.h"
#include "daemon/snapshots.h"

enum {
	STALE_MS = 10000,	/* state older than this is an operator's business */
	SYNC_PAGES = 4096,	/* of the state, 16 MB: what a start has to read from its journal */
};

/*
 * Exactly one of consensus and follower is not NULL, but while changing over:
 * the old one goes, and when its last handle is closed the new one comes.
 */
struct replica {
	struct replica_config config;
	struct log_writer *writer;
	struct consensus *consensus;
	struct raft_peers *peers;	/* with consensus */
	struct follower *follower;
	struct snapshots *snapshots;
	struct agreement *agreement;
	char state_path[PATH_MAX];
	uint64_t synced;		/* the state is on disk up to here */
	size_t synced_pages;		/* of its journal were when that began */
	bool behind;		/* a server whose place in the leader's log is gone: it follows first */
	struct raft_configuration configuration;	/* newest known; consensus has its own */
	char trouble[ERROR_TEXT_MAX];	/* of the follower */
	uv_timer_t change_over;		/* 0 ms: from the loop, never from inside a callback */
	unsigned int closing;		/* parts that have still to say that they are gone */
	bool freeing;
	void (*closed)(void *data);
	void *closed_data;
};

static void start_part(struct replica *r);

static const char *self(const struct replica *r)
{
	return r->config.settings->id;
}

static void fail(void *data, const struct error *err)
{
	struct replica *r = data;

	if (!r->freeing)
		r->config.callbacks.failed(r->config.data, err);
}

/* ---- parts come and go ---- */

static void snapshots_closed(void *data)
{
	struct replica *r = data;

	if (r->closed)
		r->closed(r->closed_data);
	free(r);
}

static void agreement_closed(void *data)
{
	struct replica *r = data;

	snapshots_free(r->snapshots, snapshots_closed, r);
}

static void change_over_closed(uv_handle_t *handle)
{
	struct replica *r = handle->data;

	log_writer_free(r->writer);
	agreement_free(r->agreement, agreement_closed, r);
}

static void part_closed(void *data)
{
	struct replica *r = data;

	if (--r->closing)
		return;
	if (r->freeing)
		uv_close((uv_handle_t *)&r->change_over, change_over_closed);
	else
		start_part(r);
}

static void close_parts(struct replica *r)
{
	struct consensus *consensus = r->consensus;
	struct raft_peers *peers = r->peers;
	struct follower *follower = r->follower;

	r->closing = 1;	/* ours, so that the last part is not the last before all were told */
	if (consensus) {
		r->configuration = *consensus_configuration(consensus);
		r->consensus = NULL;
		r->closing++;
		consensus_free(consensus, part_closed, r);
	}
	if (peers) {
		r->peers = NULL;
		r->closing++;
		raft_peers_free(peers, part_closed, r);
	}
	if (follower) {
		r->follower = NULL;
		r->closing++;
		follower_free(follower, part_closed, r);
	}
	part_closed(r);
}

static bool is_server(const struct replica *r)
{
	return raft_configuration_lookup_name(replica_configuration(r), self(r));
}

/*
 * A name may have belonged to another node, whose part in old configurations is not
 * ours: what stands in the log before our own certificate is not about us.
 */
static bool past_enrolment(const struct replica *r)
{
	const char *serial = r->config.identity->info.serial;
	struct certificate cert;

	return state_get_certificate(r->config.state, serial, &cert, NULL) == 0;
}

static bool is_in_place(const struct replica *r)
{
	if (r->follower && follower_installing(r->follower))
		return true;	/* until that is done */
	if (r->behind)
		return r->follower;
	return r->consensus ? is_server(r) : !is_server(r) || !past_enrolment(r);
}

static void on_change_over(uv_timer_t *timer)
{
	struct replica *r = timer->data;

	if (!r->closing && !r->freeing && !is_in_place(r))
		close_parts(r);
}

static void consider_change_over(struct replica *r)
{
	if (!r->freeing && !is_in_place(r))
		uv_timer_start(&r->change_over, on_change_over, 0, 0);
}

/* ---- as a server ---- */

static void send_message(void *data, const struct raft_message *message)
{
	raft_peers_send(((struct replica *)data)->peers, message);
}

static void receive_message(void *data, const struct raft_message *message)
{
	struct replica *r = data;

	if (r->consensus)
		consensus_receive(r->consensus, message);
}

/* What the leader has no entries for any more, any member has as a snapshot. */
static void fall_behind(struct replica *r)
{
	struct raft_status status;

	consensus_status(r->consensus, &status);
	if (status.behind)
		replica_follow_first(r);
}

static void consensus_changed(void *data, unsigned int changes)
{
	struct replica *r = data;

	if (r->freeing || !r->consensus)
		return;
	if (changes & RAFT_CHANGED_CONFIGURATION)
		raft_peers_refresh(r->peers, consensus_configuration(r->consensus));
	/* Only a committed removal ends it: one that is rolled back was none. */
	if (changes & RAFT_CHANGED_REMOVED)
		consider_change_over(r);
	if (changes & RAFT_CHANGED_BEHIND)
		fall_behind(r);
	r->config.callbacks.role_changed(r->config.data);
}

static void state_changed(void *data, const struct state_changes *changes)
{
	struct replica *r = data;

	if (r->consensus && (changes->n_nodes || changes->members))
		raft_peers_refresh(r->peers, consensus_configuration(r->consensus));
	r->config.callbacks.changed(r->config.data, changes);
}

/* ---- whether the others have the same ---- */

static void boundary_applied(void *data, uint64_t index)
{
	agreement_boundary(((struct replica *)data)->agreement, index);
}

static void digest_applied(void *data, uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	agreement_compare(((struct replica *)data)->agreement, index, digest);
}

static void ignore_outcome(void *data, const struct apply_result *result, const struct error *err)
{
}

/* Lost with the leadership at worst: the next one is soon due. */
static void digest_known(void *data, uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	struct replica *r = data;
	struct error err;
	struct entry *e;

	if (r->freeing || !replica_leads(r))
		return;
	e = entry_new_digest(index, digest);
	if (!e || replica_propose(r, e, ignore_outcome, NULL, &err) < 0)
		log_debug("digest-not-proposed", "index=%lu", (unsigned long)index);
	entry_free(e);
}

/* A server without its log must not start: the daemon looks for this when it opens the log. */
static int remember_server(struct replica *r, uint64_t server_id, struct error *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", (unsigned long)server_id);
	return local_store_set_text(r->config.local, LOCAL_SERVER_ID, text, err);
}

static int start_consensus(struct replica *r, uint64_t server_id, bool found, struct error *err)
{
	const struct raft_peers_config peers = {
		.loop = r->config.loop, .server_id = server_id, .identity = r->config.identity,
		.settings = r->config.settings, .state = r->config.state,
		.message = receive_message, .data = r,
	};
	const struct consensus_config config = {
		.loop = r->config.loop, .writer = r->writer, .state = r->config.state,
		.server_id = server_id, .tick_ms = r->config.settings->tick_ms,
		.listener = { .changed = state_changed, .boundary = boundary_applied,
			      .digest = digest_applied, .data = r },
		.send = send_message, .changed = consensus_changed, .failed = fail, .data = r,
	};
	int rc = consensus_new(&config, found ? self(r) : NULL, &r->consensus, err);

	if (rc < 0)
		return rc;
	rc = raft_peers_new(&peers, &r->peers, err);
	if (rc == 0)
		rc = remember_server(r, server_id, err);
	if (rc < 0) {
		close_parts(r);
		return rc;
	}
	raft_peers_refresh(r->peers, consensus_configuration(r->consensus));
	log_info("raft-server-started", "server=%lu", (unsigned long)server_id);
	return 0;
}

/* ---- as a follower ---- */

static int follower_sources(void *data, struct directory *ret, struct error *err)
{
	struct replica *r = data;
	struct key from;
	int rc = directory_fill(ret, r->config.state, r->config.local, &r->configuration, self(r), err);

	if (rc < 0 || r->behind || r->config.settings->voter)
		return rc;
	rc = random_bytes(from.bytes, sizeof(from.bytes), err);
	return rc < 0 ? rc : directory_add_observers(ret, r->config.state, self(r), &from, err);
}

static void follower_configuration(void *data, const struct log_entry *entry)
{
	struct replica *r = data;
	struct error err;

	if (raft_configuration_decode(entry->data, entry->len, &r->configuration, &err) < 0)
		log_warn("configuration-unreadable", "index=%lu reason=\"%s\"",
			 (unsigned long)entry->index, log_text(err.text));
	consider_change_over(r);
}

static void source_changed(void *data, const char *node_id, const char *why)
{
	struct replica *r = data;

	if (node_id) {
		log_info("following", "source=%s address=%s", node_id, why);
		return;
	}
	snprintf(r->trouble, sizeof(r->trouble), "%s", why);
	log_info("source-lost", "reason=\"%s\"", log_text(why));
}

static void follower_caught_up(void *data)
{
	struct replica *r = data;

	if (!r->behind)
		return;
	r->behind = false;
	consider_change_over(r);
}

static void follower_installed(void *data)
{
	struct raft_membership current, previous;
	struct replica *r = data;
	struct error err;

	if (consensus_read_memberships(r->writer, r->config.state, &current, &previous, &err) < 0) {
		fail(r, &err);
		return;
	}
	agreement_reset(r->agreement);
	r->configuration = current.configuration;
	consider_change_over(r);
}

/* One that is behind stays a server, with its promises. */
static int start_follower(struct replica *r, struct error *err)
{
	const struct follower_config config = {
		.loop = r->config.loop, .pump = r->config.pump, .writer = r->writer,
		.state = r->config.state, .state_path = r->state_path,
		.snapshots = r->snapshots, .identity = r->config.identity,
		.listener = { .changed = state_changed, .boundary = boundary_applied,
			      .digest = digest_applied, .data = r },
		.agreement = r->agreement, .sources = follower_sources, .configuration = follower_configuration,
		.caught_up = follower_caught_up, .installed = follower_installed,
		.source_changed = source_changed, .failed = fail, .data = r,
	};
	int rc = r->behind ? 0 : local_store_set_text(r->config.local, LOCAL_SERVER_ID, NULL, err);

	return rc < 0 ? rc : follower_new(&config, &r->follower, err);
}

/* ---- start and end ---- */

static void start_part(struct replica *r)
{
	const struct raft_server *own = raft_configuration_lookup_name(&r->configuration, self(r));
	struct error err = { 0 };
	int rc = own && !r->behind ? start_consensus(r, own->id, false, &err)
				   : start_follower(r, &err);

	if (rc < 0)
		fail(r, &err);
	else
		r->config.callbacks.role_changed(r->config.data);
}

static int start_first(struct replica *r, bool found, struct error *err)
{
	struct raft_membership current, previous;
	const struct raft_server *own;
	int rc = consensus_read_memberships(r->writer, r->config.state, &current, &previous, err);

	if (rc < 0)
		return rc;
	r->configuration = current.configuration;
	own = raft_configuration_lookup_name(&r->configuration, self(r));
	/* A state that is empty beside a log is rebuilt from it, or from another's if the log is short. */
	r->behind = own && state_store_applied(r->config.state) + 1 < log_writer_bounds(r->writer).first;
	if (own && !r->behind &&
	    (found || !state_store_applied(r->config.state) || past_enrolment(r)))
		return start_consensus(r, own->id, false, err);
	if (found && log_writer_bounds(r->writer).last == 0)
		return start_consensus(r, random_u64() >> 1 | 1, true, err);
	return start_follower(r, err);
}

int replica_new(const struct replica_config *config, bool found, struct replica **ret,
		struct error *err)
{
	struct replica *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return error_set(err, ERR_MEMORY, "no memory for the replica");
	r->config = *config;
	settings_path(config->settings, "state.db", r->state_path);
	r->writer = log_writer_new(config->loop, config->log);
	r->snapshots = snapshots_new(config->loop, r->state_path);
	r->agreement = agreement_new(config->loop, r->state_path, digest_known, r);
	if (!r->writer || !r->snapshots || !r->agreement) {
		log_writer_free(r->writer);
		if (r->snapshots)
			snapshots_free(r->snapshots, NULL, NULL);
		if (r->agreement)
			agreement_free(r->agreement, NULL, NULL);
		free(r);
		return error_set(err, ERR_MEMORY, "no memory for the log writer");
	}
	uv_timer_init(config->loop, &r->change_over);
	r->change_over.data = r;
	rc = start_first(r, found, err);
	if (rc < 0) {
		replica_free(r, NULL, NULL);
		return rc;
	}
	*ret = r;
	return 0;
}

void replica_free(struct replica *r, void (*closed)(void *data), void *data)
{
	r->freeing = true;
	r->closed = closed;
	r->closed_data = data;
	if (!r->closing)
		close_parts(r);
}

void replica_follow_first(struct replica *r)
{
	if (!r->consensus || r->behind)
		return;
	log_info("behind", "applied=%lu", (unsigned long)state_store_applied(r->config.state));
	r->behind = true;
	consider_change_over(r);
}

/* ---- upkeep: the state is synced and the log compacted ---- */

static void synced(void *data, uint64_t index, const struct error *err)
{
	struct replica *r = data;
	uint64_t keep = r->config.settings->log_keep;

	if (err->kind != ERR_NONE) {
		r->synced_pages = 0;
		if (err->kind != ERR_UNAVAILABLE)	/* that one is "later" */
			log_warn("sync-failed", "reason=\"%s\"", log_text(err->text));
		return;
	}
	r->synced = index;
	if (index <= keep || r->freeing)
		return;
	if (r->consensus)
		consensus_compact(r->consensus, index - keep);
	else if (r->follower)
		follower_compact(r->follower, index - keep);
}

/* The journal begins anew only in a pause of the writes: under load it has much that is synced. */
static size_t unsynced_pages(struct replica *r)
{
	size_t pages = state_store_journal(r->config.state);

	if (pages < r->synced_pages)
		r->synced_pages = 0;
	return pages - r->synced_pages;
}

/* Half as much again as is kept: not with every entry. */
static bool wants_sync(struct replica *r)
{
	uint64_t applied = state_store_applied(r->config.state);
	uint64_t keep = r->config.settings->log_keep;

	if (applied == r->synced)
		return false;
	return unsynced_pages(r) >= SYNC_PAGES ||
	       applied - replica_first_index(r) >= keep + keep / 2;
}

static void tidy_peers(struct replica *r)
{
	struct raft_status status;

	consensus_status(r->consensus, &status);
	raft_peers_tidy(r->peers, consensus_configuration(r->consensus),
			status.configuration_index <= status.commit_index);
}

void replica_upkeep(struct replica *r)
{
	snapshots_tidy(r->snapshots);
	if (r->consensus && !r->closing)
		tidy_peers(r);
	if (r->closing || snapshots_busy(r->snapshots) ||
	    (r->follower && follower_installing(r->follower)) || !wants_sync(r))
		return;
	r->synced_pages = state_store_journal(r->config.state);
	snapshots_sync(r->snapshots, synced, r);
}

struct snapshots *replica_snapshots(struct replica *r)
{
	return r->snapshots;
}

/* ---- what others ask ---- */

int replica_propose(struct replica *r, const struct entry *entry, proposal_done_fn done,
		    void *ctx, struct error *err)
{
	const uint8_t *data;
	size_t len;
	int rc;

	if (!replica_leads(r))
		return error_set(err, ERR_PRECONDITION, "%s does not lead; %s does", self(r),
				 *replica_leader(r) ? replica_leader(r) : "nobody known");
	rc = entry_encode(entry, &data, &len, err);
	return rc < 0 ? rc : consensus_propose(r->consensus, data, len, done, ctx, err);
}

int replica_read(struct replica *r, void (*done)(void *data, const struct error *err), void *ctx,
		 struct error *err)
{
	if (!r->consensus)
		return error_set(err, ERR_PRECONDITION, "%s does not lead: it is no server", self(r));
	return consensus_read(r->consensus, done, ctx, err);
}

int replica_change_membership(struct replica *r, const struct raft_change *change,
			      struct error *err)
{
	if (!r->consensus)
		return error_set(err, ERR_PRECONDITION, "%s is no server", self(r));
	return consensus_change(r->consensus, change, err);
}

int replica_transfer(struct replica *r, const char *node_id, struct error *err)
{
	const struct raft_server *to = NULL;

	if (!r->consensus)
		return error_set(err, ERR_PRECONDITION, "%s is no server", self(r));
	if (*node_id) {
		to = raft_configuration_lookup_name(replica_configuration(r), node_id);
		if (!to || to->role != RAFT_VOTER)
			return error_set(err, ERR_NOT_FOUND, "%.80s is no voter", node_id);
	}
	return consensus_transfer(r->consensus, to ? to->id : 0, err);
}

const struct raft_configuration *replica_configuration(const struct replica *r)
{
	return r->consensus ? consensus_configuration(r->consensus) : &r->configuration;
}

bool replica_leads(const struct replica *r)
{
	struct raft_status status;

	if (!r->consensus)
		return false;
	consensus_status(r->consensus, &status);
	return status.role == RAFT_LEADER;
}

bool replica_leads_up_to_date(const struct replica *r)
{
	struct raft_status status;

	if (!r->consensus)
		return false;
	consensus_status(r->consensus, &status);
	return status.role == RAFT_LEADER &&
	       state_store_applied_term(r->config.state) == status.term;
}

bool replica_is_voter(const struct replica *r, const char *node_id)
{
	const struct raft_server *s = raft_configuration_lookup_name(replica_configuration(r), node_id);

	return s && s->role == RAFT_VOTER;
}

const char *replica_source(const struct replica *r)
{
	return r->follower ? follower_source(r->follower) : "";
}

const char *replica_leader(const struct replica *r)
{
	const struct raft_server *leader;
	struct raft_status status;

	if (r->follower)
		return follower_state_age(r->follower) < STALE_MS ? follower_leader(r->follower) : "";
	if (!r->consensus)
		return "";
	consensus_status(r->consensus, &status);
	leader = raft_configuration_lookup(replica_configuration(r), status.leader);
	return leader ? leader->name : "";
}

const char *replica_role_name(enum replica_role role)
{
	static const char *const names[] = { "leader", "voter", "learner", "observer" };

	return names[role];
}

bool replica_server_status(const struct replica *r, struct raft_status *ret_status,
			   struct raft_peer_status *ret_peers, size_t peers_max, size_t *ret_peers_count)
{
	if (!r->consensus)
		return false;
	consensus_status(r->consensus, ret_status);
	*ret_peers_count = consensus_peers(r->consensus, ret_peers, peers_max);
	return true;
}

/* Heard within an election timeout: those that a check-quorum counts. */
static unsigned int reachable_voters(const struct replica *r)
{
	struct raft_peer_status peers[RAFT_SERVERS_MAX];
	size_t n = consensus_peers(r->consensus, peers, RAFT_SERVERS_MAX);
	unsigned int count = 1;

	for (size_t i = 0; i < n; i++)
		if (peers[i].silent_ticks < consensus_election_ticks(r->consensus) &&
		    raft_configuration_is_voter(replica_configuration(r), peers[i].id))
			count++;
	return count;
}

static void consensus_part_status(const struct replica *r, struct replica_status *s)
{
	struct raft_status raft;

	consensus_status(r->consensus, &raft);
	s->term = raft.term;
	s->commit_index = raft.commit_index;
	s->state_age_ms = consensus_silence(r->consensus);
	s->role = raft.role == RAFT_LEADER ? REPLICA_LEADER
		: replica_is_voter(r, self(r)) ? REPLICA_VOTER : REPLICA_LEARNER;
	if (raft.role == RAFT_LEADER)
		s->voters_reachable = reachable_voters(r);
	if (raft.store_failing)
		snprintf(s->trouble, sizeof(s->trouble), "the log cannot be written: see the disk of %.256s",
			 r->config.settings->state_dir);
	else if (consensus_state_is_stuck(r->consensus))
		snprintf(s->trouble, sizeof(s->trouble), "the state cannot be written: see the disk of %.256s",
			 r->config.settings->state_dir);
	else if (!raft.leader)
		snprintf(s->trouble, sizeof(s->trouble), "no leader: a majority of %u voters is needed",
			 raft_configuration_voters(replica_configuration(r)));
}

static void follower_part_status(const struct replica *r, struct replica_status *s)
{
	s->role = REPLICA_OBSERVER;
	s->term = state_store_applied_term(r->config.state);
	s->commit_index = follower_commit_index(r->follower);
	s->state_age_ms = follower_state_age(r->follower);
	if (s->state_age_ms > STALE_MS)
		snprintf(s->trouble, sizeof(s->trouble), "%s", r->trouble);
}

void replica_status(const struct replica *r, struct replica_status *ret)
{
	*ret = (struct replica_status){ .role = REPLICA_OBSERVER, .state_age_ms = UINT64_MAX };
	ret->leader = replica_leader(r);
	ret->applied_index = state_store_applied(r->config.state);
	ret->voters = raft_configuration_voters(replica_configuration(r));
	if (r->consensus)
		consensus_part_status(r, ret);
	else if (r->follower)
		follower_part_status(r, ret);
	if (*agreement_trouble(r->agreement))
		snprintf(ret->trouble, sizeof(ret->trouble), "%s", agreement_trouble(r->agreement));
}

bool replica_log_stalls(const struct replica *r)
{
	return log_writer_stalls(r->writer);
}

int replica_read_log(struct replica *r, uint64_t from, uint64_t to, uint64_t max_bytes,
		     log_entry_fn fn, void *data, struct error *err)
{
	if (r->consensus && consensus_has_in_memory(r->consensus, from))
		return consensus_read_memory(r->consensus, from, to, max_bytes, fn, data);
	return log_writer_read(r->writer, from, to, max_bytes, fn, data, err);
}

uint64_t replica_first_index(struct replica *r)
{
	struct raft_status status;

	if (!r->consensus)
		return log_writer_bounds(r->writer).first;
	consensus_status(r->consensus, &status);
	return status.first_index;
}
