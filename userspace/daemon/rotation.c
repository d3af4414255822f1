// SPDX-License-Identifier: Apache-2.0
#include "daemon/rotation.h"

#include <string.h>

#include "base/log.h"
#include "crypto/keypair.h"
#include "crypto/random.h"
#include "daemon/now.h"
#include "rpc/call.h"
#include "store/commands.h"
#include "store/state_query.h"

enum {
	/*
	 * From when our own state has the announcement until all others act by it: the
	 * longest rest of a node that plans (converge.c), and a second.
	 */
	SETTLE_MS = 6000,
	FRESH_MS = 2000,	/* a state that is older may lack what others announced */
	TURN_MS = 60000,	/* whoever announced earlier and has not changed by then is not waited for */
	SPREAD = 8,		/* nodes that began together do not change together */
};

static const int64_t SECOND = 1000000000;	/* ns */

/* ---- when ---- */

static int64_t lifetime(const struct daemon *d)
{
	return (int64_t)d->settings.key_rotation_seconds * SECOND;
}

/* 0: never.  Up to an eighth of the time earlier, by chance. */
static int64_t expiry(const struct daemon *d)
{
	int64_t life = lifetime(d);

	if (!life)
		return 0;
	return daemon_now() + life - (int64_t)(random_u64() % (uint64_t)(life / SPREAD + 1));
}

static int keep_expiry(struct daemon *d, int64_t expires_at, struct error *err)
{
	struct local_key key;
	int r = local_store_get_key(d->local, &key, err);

	if (r < 0)
		return r;
	key.expires_at = expires_at;
	r = local_store_set_key(d->local, &key, err);
	key_wipe(&key.private_key);
	return r;
}

/* The setting may have come, gone or become shorter since the key was made. */
static void fit_expiry(struct daemon *d)
{
	int64_t life = lifetime(d), at = d->rotation.expires_at;
	struct error err;

	if (life ? at && at <= daemon_now() + life : !at)
		return;
	d->rotation.expires_at = expiry(d);
	if (keep_expiry(d, d->rotation.expires_at, &err) < 0)
		log_warn("key-expiry-not-kept", "reason=\"%s\"", log_text(err.text));
}

static bool due(struct daemon *d)
{
	fit_expiry(d);
	return d->rotation.expires_at && daemon_now() >= d->rotation.expires_at;
}

/* An operator asked, and has not had it yet. */
static bool asked(struct daemon *d)
{
	struct rotation_record record;

	return state_get_rotation(d->state, d->settings.id, &record, NULL) == 0 && record.asked_at;
}

/* A node that is not yet in the mesh by its key of now has nothing to change. */
static bool joined(struct daemon *d)
{
	struct node self;

	return state_get_node(d->state, d->settings.id, &self, NULL) == 0 &&
	       key_equal(&self.public_key, &d->wireguard_public);
}

/* ---- made ---- */

int rotation_load(struct daemon *d, int64_t expires_at, struct error *err)
{
	struct key next;
	int r = local_store_get_next_key(d->local, &next, err);

	d->rotation.expires_at = expires_at;
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r == 0)
		r = keypair_public(&next, &d->rotation.next, err);
	d->rotation.made = r == 0;
	key_wipe(&next);
	return r;
}

static int make(struct daemon *d, struct error *err)
{
	struct key private_key;
	int r = keypair_generate(&private_key, &d->rotation.next, err);

	if (r == 0)
		r = local_store_set_next_key(d->local, &private_key, err);
	key_wipe(&private_key);
	if (r == 0)
		d->rotation.made = true;
	return r;
}

/* ---- announced ---- */

const struct key *rotation_to_announce(const struct daemon *d)
{
	return d->rotation.made && !d->rotation.announced ? &d->rotation.next : NULL;
}

void rotation_announced(struct daemon *d, const struct key *key)
{
	if (d->rotation.made && key_equal(key, &d->rotation.next))
		d->rotation.announced = true;
}

int rotation_admit(struct daemon *d, const struct rpc_call *call, const struct node *node,
		   struct entry *entry, struct error *err)
{
	char text[128];		/* longer than a key, to tell one that is too long */
	struct key next;

	if (!rpc_call_metadata(call, NEXT_KEY_METADATA, text, sizeof(text)))
		return 0;
	if (!key_parse(text, &next) || key_is_zero(&next))
		return error_set(err, ERR_INVALID, NEXT_KEY_METADATA ": not 32 bytes of base64");
	if (!state_has_rotations(d->state))
		return error_set(err, ERR_PRECONDITION,
				 NEXT_KEY_METADATA ": the mesh has nodes of an older release; upgrade them first");
	if (key_equal(&next, &node->public_key))
		return error_set(err, ERR_INVALID, NEXT_KEY_METADATA ": it is %s's key already",
				 node->id);
	return command_announce_key(entry, node->id, &next, daemon_now(), err);
}

/* ---- settled ---- */

struct turn {
	const char *self;
	bool mine, somebody;	/* is first; there is one at all */
};

static int look_first(const struct rotation_record *record, void *data)
{
	struct turn *turn = data;

	turn->mine = strcmp(record->node_id, turn->self) == 0;
	turn->somebody = true;
	return 1;
}

/*
 * Two that change at once would each call the other by a key that is gone, and neither would
 * learn it but by way of the log, which may need this very tunnel.
 */
static bool my_turn(struct daemon *d)
{
	struct turn turn = { .self = d->settings.id };

	return state_each_rotation(d->state, look_first, &turn, NULL) >= 0 &&
	       (turn.mine || !turn.somebody);
}

static bool in_state(struct daemon *d)
{
	struct rotation_record record;

	return state_get_rotation(d->state, d->settings.id, &record, NULL) == 0 &&
	       key_equal(&record.next, &d->rotation.next);
}

static bool fresh(const struct daemon *d)
{
	struct replica_status status;

	replica_status(d->replica, &status);
	return status.state_age_ms < FRESH_MS;
}

static bool settled(struct daemon *d)
{
	uint64_t now = uv_now(&d->loop);

	if (!d->rotation.announced || !fresh(d) || !in_state(d)) {
		d->rotation.seen_at = 0;
		return false;
	}
	if (!d->rotation.seen_at)
		d->rotation.seen_at = now;
	if (now - d->rotation.seen_at < SETTLE_MS)
		return false;
	return my_turn(d) || now - d->rotation.seen_at >= TURN_MS;
}

/* ---- changed ---- */

/* After the disk: a daemon that ends between the two comes back with the key that all expect. */
static void set_device(struct daemon *d)
{
	struct local_key key;
	struct error err;
	int r = local_store_get_key(d->local, &key, &err);

	if (r == 0)
		r = converge_change_key(d->converge, &key.private_key, &err);
	key_wipe(&key.private_key);
	d->rotation.device_behind = r < 0;
	if (r < 0)
		log_warn("device-key-not-set", "reason=\"%s\"", log_text(err.text));
}

static int change(struct daemon *d, struct error *err)
{
	char text[KEY_TEXT_MAX];
	int64_t expires_at = expiry(d);
	int r = local_store_take_next_key(d->local, expires_at, err);

	if (r < 0)
		return r;
	d->wireguard_public = d->rotation.next;
	d->rotation = (struct rotation){ .expires_at = expires_at };
	set_device(d);
	log_info("key-changed", "public-key=%s", key_format(&d->wireguard_public, text));
	return 0;
}

void rotation_advance(struct daemon *d)
{
	struct error err;
	int r = 0;

	if (d->rotation.device_behind)
		set_device(d);
	if (!state_has_rotations(d->state) || !joined(d))
		return;
	if (!d->rotation.made && (asked(d) || due(d)))
		r = make(d, &err);
	else if (d->rotation.made && settled(d))
		r = change(d, &err);
	if (r < 0)
		log_warn("key-not-changed", "reason=\"%s\"", log_text(err.text));
}
