// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/keypair.h"
#include "daemon/admission.h"
#include "daemon/api.h"
#include "daemon/authority.h"
#include "daemon/board.h"
#include "daemon/channels.h"
#include "daemon/descriptors.h"
#include "daemon/dns.h"
#include "daemon/founding.h"
#include "daemon/installer.h"
#include "daemon/join.h"
#include "daemon/leader_proxy.h"
#include "daemon/membership.h"
#include "daemon/metrics.h"
#include "daemon/negotiation.h"
#include "daemon/now.h"
#include "daemon/reload.h"
#include "daemon/renewal.h"
#include "daemon/rotation.h"
#include "daemon/schema_gate.h"
#include "daemon/turn.h"
#include "daemon/version.h"
#include "daemon/web.h"

enum {
	UPKEEP_MS = 250,
	CHECK_EVERY = 16,		/* upkeeps: the device is looked for every 4 seconds */
	HEARTBEAT_EVERY = 4,		/* upkeeps: followers hear from us every second */
	GRACE_MS = 1000,		/* for calls under way when the daemon stops */
	RESERVATIONS_MAX = 4096,
	N_SIGNALS = 3,
};

/* ---- upkeep: what is done again and again until it is as it should be ---- */

static void on_upkeep(uv_timer_t *timer)
{
	static unsigned int turn;
	struct daemon *d = timer->data;

	founding_advance(d);
	schema_gate_advance(d);
	membership_advance(d->replica, d->state);
	guests_advance(d);
	authority_advance(d);
	renewal_advance(d);
	rotation_advance(d);
	join_consider(d->joining);
	negotiations_advance(d);
	turn_advance(d);
	replica_upkeep(d->replica);
	dns_advance(d->dns);
	api_follow_changed(d);
	api_health_changed(d);
	if (++turn % HEARTBEAT_EVERY == 0) {
		api_follow_heartbeat(d);
		metrics_refresh(d->metrics);
		board_refresh(d->board);
		web_refresh(d->web);
	}
	if (turn % CHECK_EVERY == 0)
		converge_check(d->converge);
}

/* ---- what the replica tells ---- */

static void node_removed(struct daemon *d, const char *node_id)
{
	api_follow_removed(d, node_id);
	negotiations_removed(d, node_id);
	if (strcmp(node_id, d->settings.id) == 0 && join_revoked(d))
		log_warn("removed", "node=%s", node_id);
}

static void state_changed(void *data, const struct state_changes *changes)
{
	struct daemon *d = data;

	if (changes->n_nodes || changes->mesh) {
		converge_kick(d->converge);
		dns_kick(d->dns);
	}
	api_follow_changed(d);
	admission_review(d);
	board_note_changes(d->board, changes);
	for (size_t i = 0; i < changes->n_nodes; i++)
		if (changes->nodes[i].removed)
			node_removed(d, changes->nodes[i].node_id);
}

static void role_changed(void *data)
{
	struct daemon *d = data;
	struct replica_status status;

	if (!d->replica)
		return;	/* it tells of itself while it is made */
	replica_status(d->replica, &status);
	log_info("role", "role=%s leader=%s term=%lu voters=%u", replica_role_name(status.role),
		 *status.leader ? status.leader : "none", (unsigned long)status.term, status.voters);
	metrics_note_leader(d->metrics, status.leader);
	board_note_role(d->board);
	if (status.role != REPLICA_LEADER)
		ipam_release_all(d->reservations);
}

static bool state_is_read(void *data)
{
	return dns_reads(((struct daemon *)data)->dns);
}

static void replica_failed(void *data, const struct error *err)
{
	struct daemon *d = data;

	log_error("replica-failed", "reason=\"%s\"", log_text(err->text));
	daemon_stop(d, 1);
}

/* ---- start ---- */

static int open_identity(struct daemon *d, struct error *err)
{
	char path[PATH_MAX];
	int r = identity_load(settings_path(&d->settings, "identity", path), &d->identity, err);

	if (r == 0 && strcmp(d->identity.info.subject.name, d->settings.id) != 0)
		r = error_set(err, ERR_INVALID,
			      "--id: %s is the node of %s; another name needs another --state-dir",
			      d->identity.info.subject.name, d->settings.state_dir);
	if (r == 0)
		r = authority_load(d, err);
	if (r == 0 && identity_expires_in(&d->identity, daemon_now() / 1000000000) <= 0)
		log_warn("certificate-expired", "node=%s remedy=\"remove it from the mesh (wmctl node remove %s) and join it again with a new state folder\"",
			 d->identity.info.subject.name, d->identity.info.subject.name);
	return r;
}

/*
 * A server that forgets its vote may vote twice in a term, and two leaders with
 * it: one whose log is gone must come back as another.
 */
static int check_memory(struct daemon *d, struct error *err)
{
	char *server;

	if (!log_store_is_new(d->log) ||
	    local_store_get_text(d->local, LOCAL_SERVER_ID, &server, NULL) < 0)
		return 0;
	free(server);
	return error_set(err, ERR_CORRUPT,
			 "%.256s/raft.db is gone, and with it what this server has promised: remove %s from the "
			 "mesh (wmctl node remove %s) and join it again with a new state folder",
			 d->settings.state_dir, d->settings.id, d->settings.id);
}

static int open_stores(struct daemon *d, struct error *err)
{
	char path[PATH_MAX];
	int r = log_store_open(settings_path(&d->settings, "raft.db", path), &d->log, err);

	if (r == 0)
		r = check_memory(d, err);
	settings_path(&d->settings, "state.db", path);
	if (r == 0)
		r = installer_recover(path, d->log, err);
	if (r == 0)
		r = state_store_open(path, &d->state, err);
	return r;
}

/* Before the network is asked for anything: traffic must not wait for a quorum. */
static int open_dataplane(struct daemon *d, struct error *err)
{
	struct local_key key;
	int r = local_store_get_key(d->local, &key, err);

	if (r < 0)
		return r;
	r = keypair_public(&key.private_key, &d->wireguard_public, err);
	if (r == 0)
		r = rotation_load(d, key.expires_at, err);
	if (r == 0)
		r = converge_new(&d->loop, &d->settings, d->state, d->local, &key.private_key,
				 &d->converge, err);
	key_wipe(&key.private_key);
	return r;
}

static int open_replica(struct daemon *d, struct error *err)
{
	const struct replica_config config = {
		.loop = &d->loop, .pump = d->pump, .settings = &d->settings,
		.identity = &d->identity, .log = d->log, .state = d->state, .local = d->local,
		.callbacks = { .changed = state_changed, .role_changed = role_changed,
			       .failed = replica_failed, .is_read = state_is_read },
		.data = d,
	};

	return replica_new(&config, d->founder, &d->replica, err);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	log_info("signal", "number=%d", number);
	if (number != SIGHUP) {
		daemon_stop(d, 0);
		return;
	}
	reload_settings(d);
	negotiations_review(d);
	dns_reread(d->dns);
	web_refresh(d->web);
	converge_kick(d->converge);
}

static void start_handles(struct daemon *d)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

	for (int i = 0; i < N_SIGNALS; i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		d->signals[i].data = d;
		uv_signal_start(&d->signals[i], on_signal, numbers[i]);
	}
	uv_timer_init(&d->loop, &d->upkeep);
	d->upkeep.data = d;
	uv_timer_start(&d->upkeep, on_upkeep, UPKEEP_MS, UPKEEP_MS);
	api_follow_start(d);
	board_refresh(d->board);
	metrics_refresh(d->metrics);
	web_refresh(d->web);
}

static int start(struct daemon *d, struct error *err)
{
	int r = board_new(d, &d->board, err);

	if (r == 0)
		r = metrics_new(d, &d->metrics, err);
	if (r == 0)
		r = dns_new(d, &d->dns, err);
	if (r == 0)
		r = web_new(d, &d->web, err);
	if (r == 0)
		r = turn_new(d, &d->turn, err);
	if (r == 0)
		r = open_identity(d, err);
	if (r == 0)
		r = open_stores(d, err);
	if (r == 0)
		r = open_dataplane(d, err);
	if (r == 0)
		r = rpc_pump_new(&d->loop, &d->pump, err);
	if (r == 0)
		r = open_replica(d, err);
	if (r == 0)
		r = join_new(d, &d->joining, err);
	if (r == 0) {
		admission_review(d);
		r = api_start(d, err);
	}
	if (r < 0)
		return r;
	start_handles(d);
	converge_begin(d->converge);	/* who is started behind us looks for its addresses */
	service_start(&d->service, &d->loop);
	return 0;
}

/* ---- stop: each part, once gone, lets the next one go ---- */

static void converge_gone(void *data)
{
	struct daemon *d = data;

	d->converge = NULL;
}

static void pump_stopped(void *data)
{
	struct daemon *d = data;

	rpc_pump_free(d->pump);
	d->pump = NULL;
	if (d->converge)
		converge_free(d->converge, converge_gone, d);
}

static void stop_pump(void *data)
{
	struct daemon *d = data;

	if (d->pump)
		rpc_pump_stop(d->pump, pump_stopped, d);
	else if (d->converge)
		converge_free(d->converge, converge_gone, d);
}

static void stop_replica(void *data)
{
	struct daemon *d = data;

	if (d->replica)
		replica_free(d->replica, stop_pump, d);
	else
		stop_pump(d);
}

/* By now nobody negotiates any more. */
static void stop_channels(struct daemon *d)
{
	channels_free(d->channels);
	d->channels = NULL;
}

static void stop_joining(struct daemon *d)
{
	stop_channels(d);
	if (d->joining)
		join_free(d->joining, stop_replica, d);
	else
		stop_replica(d);
}

static void server_stopped(void *data)
{
	struct daemon *d = data;

	rpc_server_free(d->server);
	d->server = NULL;
	stop_joining(d);
}

/* What it relays has ended. */
static void stop_turn(struct daemon *d)
{
	turn_free(d->turn);
	d->turn = NULL;
}

static void stop_handles(struct daemon *d)
{
	if (!d->upkeep.data)
		return;
	uv_close((uv_handle_t *)&d->upkeep, NULL);
	rounds_stop(&d->rounds);
	for (int i = 0; i < N_SIGNALS; i++)
		uv_close((uv_handle_t *)&d->signals[i], NULL);
}

void daemon_stop(struct daemon *d, int exit_code)
{
	if (exit_code)
		d->exit_code = exit_code;
	if (d->stopping)
		return;
	d->stopping = true;
	service_stop(&d->service);
	stop_handles(d);
	if (d->web)
		web_stop(d->web);
	if (d->metrics)
		metrics_stop(d->metrics);
	if (d->dns)
		dns_stop(d->dns);
	authority_stop(d);
	renewal_stop(d);
	leader_proxy_reset(d);
	api_health_end(d);
	negotiations_end(d);
	stop_turn(d);
	if (d->server)
		rpc_server_stop(d->server, GRACE_MS, server_stopped, d);
	else
		stop_joining(d);
}

static void close_stores(struct daemon *d)
{
	state_store_close(d->state);
	log_store_close(d->log);
	descriptors_free(d->descriptors);
	guests_fini(&d->guests);
	revoked_admins_fini(&d->revoked);
	ca_free(d->ca);
	identity_fini(&d->identity);
	ipam_reservations_free(d->reservations);
}

int daemon_run(struct daemon *d)
{
	struct error err = { 0 };

	signal(SIGPIPE, SIG_IGN);
	d->started_at = daemon_now();
	d->reservations = ipam_reservations_new(RESERVATIONS_MAX);
	uv_loop_init(&d->loop);
	reload_log_level(d);
	log_info("start", "version=%s node=%s state-dir=%s", WGMESH_VERSION, d->settings.id,
		 d->settings.state_dir);
	if (!d->reservations || start(d, &err) < 0) {
		log_error("start-failed", "reason=\"%s\"",
			  log_text(d->reservations ? err.text : "no memory"));
		daemon_stop(d, 1);
	}
	uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_loop_close(&d->loop);
	metrics_free(d->metrics);
	board_free(d->board);
	dns_free(d->dns);
	web_free(d->web);
	close_stores(d);
	log_info("stopped", "exit=%d", d->exit_code);
	return d->exit_code;
}
