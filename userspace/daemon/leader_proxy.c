// SPDX-License-Identifier: Apache-2.0
#include "daemon/leader_proxy.h"

#include <string.h>

#include "daemon/daemon.h"
#include "daemon/node_channel.h"
#include "rpc/call.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "store/state_query.h"

static int find(const struct node *node, struct directory *ret, struct error *err)
{
	ret->count = 0;
	directory_add_node(ret, node);
	return ret->count ? 0 : error_set(err, ERR_PRECONDITION,
					  "%s serves no API: it runs no wgmeshd", node->id);
}

int leader_proxy_open(struct daemon *d, const struct node *node, struct rpc_channel **ret,
		      struct error *err)
{
	struct directory at;
	int r = find(node, &at, err);

	return r < 0 ? r : node_channel_open(&d->identity, at.entries, at.count, ret, err);
}

/* ---- the leader ---- */

static int find_leader(struct daemon *d, struct directory *ret, struct error *err)
{
	struct node node;
	int r = state_get_node(d->state, replica_leader(d->replica), &node, err);

	return r < 0 ? r : find(&node, ret, err);
}

/* The channel stays as long as the leader and its first address do. */
static int get_channel(struct daemon *d, const struct directory *at, struct rpc_channel **ret,
		       struct error *err)
{
	const struct directory_entry *first = &at->entries[0];
	struct rpc_channel *fresh;
	int r;

	if (!d->leader || strcmp(d->leader_id, first->node_id) != 0 ||
	    strcmp(rpc_channel_address(d->leader), first->address) != 0) {
		r = node_channel_open(&d->identity, at->entries, at->count, &fresh, err);
		if (r < 0)
			return r;
		rpc_channel_free(d->leader);
		d->leader = fresh;
		memcpy(d->leader_id, first->node_id, sizeof(d->leader_id));
	}
	*ret = d->leader;
	return 0;
}

void leader_proxy_reset(struct daemon *d)
{
	rpc_channel_free(d->leader);
	d->leader = NULL;
}

int leader_proxy_check_here(struct daemon *d, struct error *err)
{
	const char *leader = replica_leader(d->replica), *address = "its address";
	struct directory at;

	if (replica_leads_up_to_date(d->replica))
		return 0;
	if (replica_leads(d->replica))
		return error_set(err, ERR_UNAVAILABLE,
				 "%s has just become the leader: try again in a moment", d->settings.id);
	if (!*leader)
		return error_set(err, ERR_UNAVAILABLE,
				 "%s knows no leader at the moment: try again in a few seconds",
				 d->settings.id);
	if (find_leader(d, &at, NULL) == 0)
		address = at.entries[0].address;
	return error_set(err, ERR_PRECONDITION, "%s does not lead: ask the leader %s at %s",
			 d->settings.id, leader, address);
}

/* What this node may pass on without being believed. */
static bool needs_no_name(const struct daemon *d, const struct rpc_call *call)
{
	const struct rpc_method *method = rpc_call_method(call);
	const struct rpc_identity *who = rpc_call_identity(call);

	return who->kind == RPC_IDENTITY_NONE ||
	       (who->kind == RPC_IDENTITY_NODE && strcmp(who->id, d->settings.id) == 0) ||
	       (method->place == RPC_READ && method->need == RPC_NEED_ANY &&
		method->kind == RPC_UNARY);
}

int leader_proxy_route(struct daemon *d, const struct rpc_call *call, struct rpc_onward *ret,
		       struct error *err)
{
	bool vouch = replica_is_voter(d->replica, d->settings.id);
	struct directory at;
	int r = leader_proxy_check_here(d, err);

	if (r != -ERR_PRECONDITION)
		return r;
	if (rpc_call_forwarded(call))
		return error_set(err, ERR_UNAVAILABLE,
				 "%s does not lead any more: try again in a few seconds", d->settings.id);
	if (!d->settings.leader_proxy || (!vouch && !needs_no_name(d, call)))
		return r;
	r = find_leader(d, &at, err);
	if (r == 0)
		r = get_channel(d, &at, &ret->channel, err);
	if (r == 0)
		ret->vouch = vouch;
	return r;
}
