// SPDX-License-Identifier: Apache-2.0
/* wgmesh peer activate|evict: puts one peer into WireGuard, or takes it out, by hand. */
#include <string.h>

#include "netlink/mesh_peers.h"
#include "wgmesh/tool.h"

static int run(const char *ifname, const struct key *key, bool evict, bool force)
{
	struct mesh_client *client;
	struct error err;
	int r = mesh_client_open(&client, &err);

	if (r)
		return tool_fail(&err);
	if (evict)
		r = mesh_peer_evict(client, ifname, key, force, &err);
	else
		r = mesh_peer_activate(client, ifname, key, &err);
	mesh_client_close(client);
	return r ? tool_fail(&err) : TOOL_OK;
}

int peer_main(const struct command *self, int argc, char **argv)
{
	bool evict, force = argc == 5;
	struct key key;

	if (argc < 4)
		return tool_usage(self, "a verb, a device and a public key are needed");
	evict = strcmp(argv[1], "evict") == 0;
	if (!evict && strcmp(argv[1], "activate") != 0)
		return tool_usage(self, "no verb \"%s\"", argv[1]);
	if (strlen(argv[2]) >= IF_NAMESIZE)
		return tool_usage(self, "\"%s\" is too long for a device's name", argv[2]);
	if (!key_parse(argv[3], &key))
		return tool_usage(self, "\"%s\" is no public key", argv[3]);
	if (argc > 5 || (force && (!evict || strcmp(argv[4], "force") != 0)))
		return tool_usage(self, "the only word behind the key is force, for evict");
	return run(argv[2], &key, evict, force);
}
