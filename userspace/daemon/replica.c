// SPDX-License-Identifier: Apache-2.0
#include "daemon/replica_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/random.h"
#include "daemon/memberships.h"
#include "store/state_query.h"

enum {
	SYNC_PAGES = 4096,	/* of the state, 16 MB: what a start has to read from its journal */
	JOURNAL_PAGES = 4 * SYNC_PAGES,	/* from then on it does not wait for a pause to begin anew */
};

static void start_part(struct replica *r);

void replica_fail(void *data, const struct error *err)
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

void replica_close_parts(struct replica *r)
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
	return raft_configuration_lookup_name(replica_configuration(r), replica_self(r));
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
		replica_close_parts(r);
}

void replica_consider_change_over(struct replica *r)
{
	if (!r->freeing && !is_in_place(r))
		uv_timer_start(&r->change_over, on_change_over, 0, 0);
}

/* ---- what is applied ---- */

static void state_changed(void *data, const struct state_changes *changes)
{
	struct replica *r = data;

	if (r->consensus && (changes->n_nodes || changes->members))
		raft_peers_refresh(r->peers, consensus_configuration(r->consensus));
	r->config.callbacks.changed(r->config.data, changes);
}

static void boundary_applied(void *data, uint64_t index)
{
	agreement_boundary(((struct replica *)data)->agreement, index);
}

static void digest_applied(void *data, uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	agreement_compare(((struct replica *)data)->agreement, index, digest);
}

struct applier_listener replica_listener(struct replica *r)
{
	return (struct applier_listener){ .changed = state_changed, .boundary = boundary_applied,
					  .digest = digest_applied, .data = r };
}

/* ---- whether the others have the same ---- */

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

/* ---- start and end ---- */

static void start_part(struct replica *r)
{
	const struct raft_server *own = raft_configuration_lookup_name(&r->configuration,
								       replica_self(r));
	struct error err = { 0 };
	int rc = own && !r->behind ? replica_start_server(r, own->id, false, &err)
				   : replica_start_follower(r, &err);

	if (rc < 0)
		replica_fail(r, &err);
	else
		r->config.callbacks.role_changed(r->config.data);
}

/*
 * A state that is empty beside a log is rebuilt from it, or from another's if the log is short.
 * Where that does not tell who the servers are, this node's own note does.
 */
static bool lacks_state(struct replica *r, bool configured)
{
	char *server;

	if (state_store_applied(r->config.state) + 1 >= log_writer_bounds(r->writer).first)
		return false;
	if (!configured &&
	    local_store_get_text(r->config.local, LOCAL_SERVER_ID, &server, NULL) == 0) {
		free(server);
		configured = true;
	}
	return configured;
}

static int start_first(struct replica *r, bool found, struct error *err)
{
	struct raft_membership current, previous;
	const struct raft_server *own;
	int rc = memberships_read(r->writer, r->config.state, &current, &previous, err);

	if (rc < 0)
		return rc;
	r->configuration = current.configuration;
	own = raft_configuration_lookup_name(&r->configuration, replica_self(r));
	r->behind = lacks_state(r, own);
	if (own && !r->behind &&
	    (found || !state_store_applied(r->config.state) || past_enrolment(r)))
		return replica_start_server(r, own->id, false, err);
	if (found && log_writer_bounds(r->writer).last == 0)
		return replica_start_server(r, random_u64() >> 1 | 1, true, err);
	return replica_start_follower(r, err);
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
		replica_close_parts(r);
}

void replica_follow_first(struct replica *r)
{
	if (!r->consensus || r->behind)
		return;
	log_info("behind", "applied=%lu", (unsigned long)state_store_applied(r->config.state));
	r->behind = true;
	replica_consider_change_over(r);
}

/* ---- upkeep: the state is synced and the log compacted ---- */

/* Under load that never pauses the journal would grow until the disk is full. */
static void bound_journal(struct replica *r)
{
	struct error err;

	if (state_store_journal(r->config.state) >= JOURNAL_PAGES &&
	    state_store_restart_journal(r->config.state, &err) < 0)
		log_warn("sync-failed", "reason=\"%s\"", log_text(err.text));
}

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
	bound_journal(r);
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
		return error_set(err, ERR_PRECONDITION, "%s does not lead; %s does",
				 replica_self(r),
				 *replica_leader(r) ? replica_leader(r) : "nobody known");
	rc = entry_encode(entry, &data, &len, err);
	return rc < 0 ? rc : consensus_propose(r->consensus, data, len, done, ctx, err);
}

int replica_read(struct replica *r, void (*done)(void *data, const struct error *err), void *ctx,
		 struct error *err)
{
	if (!r->consensus)
		return error_set(err, ERR_PRECONDITION, "%s does not lead: it is no server",
				 replica_self(r));
	return consensus_read(r->consensus, done, ctx, err);
}

int replica_change_membership(struct replica *r, const struct raft_change *change,
			      struct error *err)
{
	if (!r->consensus)
		return error_set(err, ERR_PRECONDITION, "%s is no server", replica_self(r));
	return consensus_change(r->consensus, change, err);
}

int replica_transfer(struct replica *r, const char *node_id, struct error *err)
{
	const struct raft_server *to = NULL;

	if (!r->consensus)
		return error_set(err, ERR_PRECONDITION, "%s is no server", replica_self(r));
	if (*node_id) {
		to = raft_configuration_lookup_name(replica_configuration(r), node_id);
		if (!to || to->role != RAFT_VOTER)
			return error_set(err, ERR_NOT_FOUND, "%.80s is no voter", node_id);
	}
	return consensus_transfer(r->consensus, to ? to->id : 0, err);
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

const struct durations *replica_log_writes(const struct replica *r)
{
	return log_writer_durations(r->writer);
}

unsigned int replica_histories(const struct replica *r)
{
	return r->histories;
}

static int take_term(const struct log_entry *entry, void *data)
{
	*(uint64_t *)data = entry->term;
	return 0;
}

int replica_term_at(struct replica *r, uint64_t index, uint64_t *ret_term, struct error *err)
{
	uint64_t term = 0;
	int rc = 0;

	if (index == state_store_applied(r->config.state))
		term = state_store_applied_term(r->config.state);
	else if (r->consensus && consensus_has_in_memory(r->consensus, index))
		rc = consensus_read_memory(r->consensus, index, index, 0, take_term, &term);
	else
		rc = log_writer_term_at(r->writer, index, &term, err);
	if (rc == 0)
		*ret_term = term;
	return rc;
}

uint64_t replica_first_index(struct replica *r)
{
	struct raft_status status;

	if (!r->consensus)
		return log_writer_bounds(r->writer).first;
	consensus_status(r->consensus, &status);
	return status.first_index;
}
