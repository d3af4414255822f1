// SPDX-License-Identifier: Apache-2.0
/* The replica as one who follows. */
#include "daemon/replica_internal.h"

#include <stdio.h>

#include "base/log.h"
#include "crypto/random.h"
#include "daemon/memberships.h"

static int follower_sources(void *data, struct directory *ret, struct error *err)
{
	struct replica *r = data;
	struct key from;
	int rc = directory_fill(ret, r->config.state, r->config.local, &r->configuration,
				replica_self(r), err);

	if (rc < 0 || r->behind || r->config.settings->voter)
		return rc;
	rc = random_bytes(from.bytes, sizeof(from.bytes), err);
	return rc < 0 ? rc : directory_add_observers(ret, r->config.state, replica_self(r), &from,
						     err);
}

static void follower_configuration(void *data, const struct log_entry *entry)
{
	struct replica *r = data;
	struct error err;

	if (raft_configuration_decode(entry->data, entry->len, &r->configuration, &err) < 0)
		log_warn("configuration-unreadable", "index=%lu reason=\"%s\"",
			 (unsigned long)entry->index, log_text(err.text));
	replica_consider_change_over(r);
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
	replica_consider_change_over(r);
}

static void follower_installed(void *data)
{
	struct raft_membership current, previous;
	struct replica *r = data;
	struct error err;

	if (memberships_read(r->writer, r->config.state, &current, &previous, &err) < 0) {
		replica_fail(r, &err);
		return;
	}
	agreement_reset(r->agreement);
	snapshots_forget(r->snapshots);
	r->histories++;
	r->synced = 0;
	r->configuration = current.configuration;
	replica_consider_change_over(r);
}

/* One that is behind stays a server, with its promises. */
int replica_start_follower(struct replica *r, struct error *err)
{
	const struct follower_config config = {
		.loop = r->config.loop, .pump = r->config.pump, .writer = r->writer,
		.state = r->config.state, .state_path = r->state_path,
		.snapshots = r->snapshots, .identity = r->config.identity,
		.listener = replica_listener(r),
		.is_read = r->config.callbacks.is_read, .is_read_data = r->config.data,
		.agreement = r->agreement, .sources = follower_sources, .configuration = follower_configuration,
		.server = r->behind, .caught_up = follower_caught_up, .installed = follower_installed,
		.source_changed = source_changed, .failed = replica_fail, .data = r,
	};
	int rc = r->behind ? 0 : local_store_set_text(r->config.local, LOCAL_SERVER_ID, NULL, err);

	return rc < 0 ? rc : follower_new(&config, &r->follower, err);
}
