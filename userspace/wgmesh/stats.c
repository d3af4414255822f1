// SPDX-License-Identifier: Apache-2.0
/* wgmesh stats: the counters of each mesh, one on a line. */
#include <stdio.h>

#include "wgmesh/json.h"
#include "wgmesh/tool.h"

struct stats {
	bool json;
	struct error err;
};

static int print_stats(void *data, const struct mesh_info *m)
{
	struct stats *s = data;
	json_t *o;
	int r;

	if (s->json) {
		o = json_of_stats(&m->stats);
		json_object_set_new(o, "ifname", json_string(m->ifname));
		r = json_write(o, &s->err);
		printf("\n");
		return r;
	}
	for (unsigned int i = 1; i < __WGMESH_A_STATS_MAX; i++)
		if (mesh_stat_name(i))
			printf("%s %s %llu\n", m->ifname, mesh_stat_name(i),
			       (unsigned long long)m->stats.value[i]);
	return 0;
}

int stats_main(const struct command *self, int argc, char **argv)
{
	struct mesh_client *client;
	struct stats s = { 0 };
	char **args;
	int count, r = tool_options(self, argc, argv, &s.json, &args, &count);

	if (r)
		return r;
	if (count > 1)
		return tool_usage(self, "too many arguments");
	if (mesh_client_open(&client, &s.err))
		return tool_fail(&s.err);
	r = tool_each_mesh(client, count ? args[0] : NULL, print_stats, &s, &s.err);
	mesh_client_close(client);
	return tool_finish(r ? tool_fail(&s.err) : TOOL_OK);
}
