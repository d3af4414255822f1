// SPDX-License-Identifier: Apache-2.0
/* wgmesh mesh add|set|del: gives a WireGuard device a mesh table, changes it, takes it away. */
#include <stdlib.h>
#include <string.h>

#include "wgmesh/number.h"
#include "wgmesh/tool.h"

static int parse_lazy(const char *text, struct mesh_settings *s)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return -1;
	s->fields |= MESH_SET_FLAGS;
	s->flags = strcmp(text, "on") == 0 ? WGMESH_MESH_FLAGS_LAZY : 0;
	return 0;
}

static int parse_number(const char *text, uint32_t field, uint32_t *value, struct mesh_settings *s)
{
	uint64_t v;

	if (!number_parse(text, UINT32_MAX, &v))
		return -1;
	s->fields |= field;
	*value = (uint32_t)v;
	return 0;
}

static int parse_setting(const char *name, const char *value, struct mesh_settings *s)
{
	if (strcmp(name, "lazy") == 0)
		return parse_lazy(value, s);
	if (strcmp(name, "peers-max") == 0)
		return parse_number(value, MESH_SET_PEERS_MAX, &s->peers_max, s);
	if (strcmp(name, "active-max") == 0)
		return parse_number(value, MESH_SET_ACTIVE_MAX, &s->active_max, s);
	if (strcmp(name, "idle-timeout") == 0)
		return parse_number(value, MESH_SET_IDLE_TIMEOUT, &s->idle_timeout, s);
	if (strcmp(name, "transaction-timeout") == 0)
		return parse_number(value, MESH_SET_TRANSACTION_TIMEOUT, &s->transaction_timeout,
				    s);
	return -1;
}

static int run(const char *verb, const char *ifname, const struct mesh_settings *s)
{
	struct mesh_client *client;
	struct error err;
	int r = mesh_client_open(&client, &err);

	if (r)
		return tool_fail(&err);
	if (strcmp(verb, "add") == 0)
		r = mesh_new(client, ifname, s, &err);
	else if (strcmp(verb, "set") == 0)
		r = mesh_set(client, ifname, s, &err);
	else
		r = mesh_del(client, ifname, &err);
	mesh_client_close(client);
	return r ? tool_fail(&err) : TOOL_OK;
}

int mesh_main(const struct command *self, int argc, char **argv)
{
	static const char *const verbs[] = { "add", "set", "del" };
	struct mesh_settings settings = { 0 };
	size_t verb = 0;

	if (argc < 3)
		return tool_usage(self, "a verb and a device are needed");
	while (verb < 3 && strcmp(argv[1], verbs[verb]) != 0)
		verb++;
	if (verb == 3)
		return tool_usage(self, "no verb \"%s\"", argv[1]);
	if (strlen(argv[2]) >= IF_NAMESIZE)
		return tool_usage(self, "\"%s\" is too long for a device's name", argv[2]);
	for (int i = 3; i < argc; i += 2)
		if (i + 1 == argc || parse_setting(argv[i], argv[i + 1], &settings))
			return tool_usage(self, "wrong setting \"%s\": lazy on|off, peers-max N, "
					  "active-max N, idle-timeout MILLISECONDS, "
					  "transaction-timeout MILLISECONDS",
					  argv[i]);
	if (strcmp(argv[1], "set") == 0 && !settings.fields)
		return tool_usage(self, "nothing to set");
	if (strcmp(argv[1], "del") == 0 && settings.fields)
		return tool_usage(self, "del takes no settings");
	return run(argv[1], argv[2], &settings);
}
