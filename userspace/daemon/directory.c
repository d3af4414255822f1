// SPDX-License-Identifier: Apache-2.0
#include "daemon/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBSERVERS = 8 };	/* that are enough to find one that lives and has room */

static void add(struct directory *dir, const char *node_id, const struct ip *ip, uint16_t port)
{
	struct endpoint e = { .ip = *ip, .port = port };
	struct directory_entry *entry;

	if (!ip->family || !port || dir->count == DIRECTORY_MAX)
		return;
	entry = &dir->entries[dir->count++];
	snprintf(entry->node_id, sizeof(entry->node_id), "%s", node_id);
	endpoint_format(&e, entry->address);
}

void directory_add_node(struct directory *dir, const struct node *node)
{
	struct ip mesh = node_ipv6_address(node);

	add(dir, node->id, &node->primary_endpoint, node->grpc_port);
	for (unsigned int i = 0; i < node->n_endpoints; i++)
		add(dir, node->id, &node->endpoints[i], node->grpc_port);
	add(dir, node->id, &mesh, node->grpc_port);
}

static int add_remembered(struct directory *dir, struct local_store *local, const char *self,
			  struct error *err)
{
	struct local_member *members;
	size_t n;
	int r = local_store_list_members(local, &members, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && dir->count < DIRECTORY_MAX; i++) {
		struct directory_entry *entry = &dir->entries[dir->count];

		if (strcmp(members[i].node_id, self) == 0)
			continue;
		snprintf(entry->node_id, sizeof(entry->node_id), "%s", members[i].node_id);
		snprintf(entry->address, sizeof(entry->address), "%s", members[i].grpc_address);
		dir->count++;
	}
	free(members);
	return 0;
}

int directory_fill(struct directory *dir, struct state_store *state, struct local_store *local,
		   const struct raft_configuration *configuration, const char *self,
		   struct error *err)
{
	struct node node;
	int r = 0;

	dir->count = 0;
	for (unsigned int i = 0; i < configuration->count; i++) {
		const char *name = configuration->servers[i].name;

		if (strcmp(name, self) != 0 && state_get_node(state, name, &node, NULL) == 0)
			directory_add_node(dir, &node);
	}
	if (!dir->count)
		r = add_remembered(dir, local, self, err);
	dir->servers = dir->count;
	return r;
}

struct observers {
	struct directory *dir;
	const char *self;
};

static int add_observer(const struct node *node, void *data)
{
	struct observers *o = data;

	if (strcmp(node->id, o->self) != 0)
		directory_add_node(o->dir, node);
	return 0;
}

/*
 * One more than are wanted, and again from the start if that was behind the last: oneself may be
 * among them.
 */
int directory_add_observers(struct directory *dir, struct state_store *state, const char *self,
			    const struct key *from, struct error *err)
{
	struct observers o = { .dir = dir, .self = self };
	struct key lowest = { 0 };
	size_t before = dir->count;
	int r = state_some_observers(state, from, OBSERVERS + 1, add_observer, &o, err);

	if (r == 0 && dir->count == before)
		r = state_some_observers(state, &lowest, OBSERVERS + 1, add_observer, &o, err);
	return r;
}

static size_t add_endpoint(struct endpoint *list, size_t count, size_t max,
			   const struct endpoint *e)
{
	if (!e->ip.family || !e->port || count == max)
		return count;
	for (size_t i = 0; i < count; i++)
		if (endpoint_equal(&list[i], e))
			return count;
	list[count] = *e;
	return count + 1;
}

static size_t add_raft(struct endpoint *list, size_t count, size_t max, const struct node *node,
		       const struct ip *ip)
{
	struct endpoint e = { .ip = *ip, .port = node->raft_port };

	return add_endpoint(list, count, max, &e);
}

size_t directory_raft_endpoints(struct state_store *state, const struct node *node,
				struct endpoint *ret, size_t max)
{
	struct ip ipv6 = node_ipv6_address(node);
	struct member member;
	struct endpoint at;
	size_t n = 0;

	if (node->server_id && state_get_member(state, node->server_id, &member, NULL) == 0 &&
	    endpoint_parse(member.address, &at))
		n = add_endpoint(ret, n, max, &at);
	n = add_raft(ret, n, max, node, &ipv6);
	n = add_raft(ret, n, max, node, &node->ipv4.ip);
	n = add_raft(ret, n, max, node, &node->primary_endpoint);
	for (unsigned int i = 0; i < node->n_endpoints; i++)
		n = add_raft(ret, n, max, node, &node->endpoints[i]);
	return n;
}
