// SPDX-License-Identifier: Apache-2.0
#include "daemon/guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "rpc/call.h"
#include "store/commands.h"
#include "store/state_query.h"

struct guest_seen {
	char node_id[NODE_ID_MAX + 1];
	int64_t joined_at;
	uint64_t since;		/* the loop's ms: when that Join was seen first */
};

struct look {
	const struct guests *before;
	size_t at;		/* of the next one of them: both are in order */
	struct guests now;
	uint64_t ms;
	char expired[NODE_ID_MAX + 1];	/* the first; "": nobody */
};

/* ---- joins ---- */

static int parse(const char *text, uint32_t *ret)
{
	unsigned long seconds;
	char *end;

	seconds = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || seconds > INT32_MAX)
		return -1;
	*ret = (uint32_t)seconds;
	return 0;
}

int guests_admit(struct daemon *d, const struct rpc_call *call, const struct node *node,
		 struct entry *entry, struct error *err)
{
	uint32_t seconds, known;
	char text[16];
	int r;

	if (!state_has_guests(d->state) ||
	    !rpc_call_metadata(call, GUEST_METADATA, text, sizeof(text)))
		return 0;
	if (parse(text, &seconds) < 0)
		return error_set(err, ERR_INVALID, GUEST_METADATA ": not a number of seconds");
	if (seconds && node->role == NODE_VOTER)
		return error_set(err, ERR_INVALID,
				 GUEST_METADATA ": a voter does not expire; join as an observer");
	r = state_get_guest(d->state, node->id, &known, err);
	if (r < 0 || known == seconds)
		return r;
	return command_set_guest(entry, node->id, seconds, err);
}

bool guests_told(const struct daemon *d)
{
	uint32_t known;

	return !state_has_guests(d->state) ||
	       (state_get_guest(d->state, d->settings.id, &known, NULL) == 0 &&
		known == d->settings.expire_after_seconds);
}

/* ---- the leader's look ---- */

static uint64_t seen_since(struct look *look, const struct guest_record *guest)
{
	const struct guests *before = look->before;

	while (look->at < before->count &&
	       strcmp(before->items[look->at].node_id, guest->node_id) < 0)
		look->at++;
	if (look->at == before->count ||
	    strcmp(before->items[look->at].node_id, guest->node_id) != 0 ||
	    before->items[look->at].joined_at != guest->joined_at)
		return look->ms;
	return before->items[look->at].since;
}

static int look_at(const struct guest_record *guest, void *data)
{
	struct look *look = data;
	struct guest_seen *grown, *seen;

	grown = reallocarray(look->now.items, look->now.count + 1, sizeof(*grown));
	if (!grown)
		return -ERR_MEMORY;
	look->now.items = grown;
	seen = &grown[look->now.count++];
	*seen = (struct guest_seen){ .joined_at = guest->joined_at,
				     .since = seen_since(look, guest) };
	memcpy(seen->node_id, guest->node_id, sizeof(seen->node_id));
	if (!*look->expired && look->ms - seen->since >= guest->seconds * 1000ULL)
		memcpy(look->expired, guest->node_id, sizeof(look->expired));
	return 0;
}

static void removed(void *data, const struct apply_result *result, const struct error *err)
{
	struct daemon *d = data;

	d->guests.removing = false;
	if (err->kind != ERR_NONE)
		log_warn("guest-not-removed", "reason=\"%s\"", log_text(err->text));
}

/* As by Leave. */
static int take_out(struct daemon *d, const char *node_id, struct error *err)
{
	struct entry *e = entry_new(NULL);
	int r = e ? command_remove_node(e, node_id, err)
		  : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		r = command_revoke_certificates_of(e, node_id, err);
	if (r == 0)
		r = replica_propose(d->replica, e, removed, d, err);
	entry_free(e);
	d->guests.removing = r == 0;
	if (r == 0)
		log_info("guest-expired", "node=%s", node_id);
	return r;
}

static void forget(struct guests *guests)
{
	free(guests->items);
	guests->items = NULL;
	guests->count = 0;
}

void guests_advance(struct daemon *d)
{
	struct look look = { .before = &d->guests, .ms = uv_now(&d->loop) };
	struct error err = { 0 };
	int r;

	if (!replica_leads_up_to_date(d->replica)) {
		forget(&d->guests);
		return;
	}
	look.now.removing = d->guests.removing;
	r = state_each_guest(d->state, look_at, &look, &err);
	if (r < 0) {
		forget(&look.now);
		return;
	}
	forget(&d->guests);
	d->guests = look.now;
	if (*look.expired && !d->guests.removing && take_out(d, look.expired, &err) < 0)
		log_warn("guest-not-removed", "node=%s reason=\"%s\"", look.expired,
			 log_text(err.text));
}

void guests_fini(struct guests *guests)
{
	forget(guests);
}
