// SPDX-License-Identifier: Apache-2.0
/* wgmesh stats: the counters of each mesh, one on a line. */
#include <stdio.h>

#include "wgmesh/json.h"
#include "wgmesh/tool.h"

struct stats {
	int format;	/* as tool_formats() has it */
	struct error err;
};

static int print_json(struct stats *s, const struct mesh_info *m)
{
	json_t *o = json_of_stats(&m->stats);
	int r;

	json_object_set_new(o, "ifname", json_string(m->ifname));
	r = json_write(o, &s->err);
	printf("\n");
	return r;
}

static int print_stats(void *data, const struct mesh_info *m)
{
	struct stats *s = data;

	if (s->format == 'j')
		return print_json(s, m);
	if (!s->format)
		printf("mesh: %s\n", m->ifname);
	for (unsigned int i = 1; i < __WGMESH_A_STATS_MAX; i++) {
		unsigned long long value = m->stats.value[i];
		const char *name = mesh_stat_name(i);

		if (name && s->format)
			printf("%s\t%s\t%llu\n", m->ifname, name, value);
		else if (name)
			printf("  %-22s %llu\n", name, value);
	}
	return 0;
}

int stats_main(const struct command *self, int argc, char **argv)
{
	struct mesh_client *client;
	struct stats s = { 0 };
	char **args;
	int count, r = tool_formats(self, argc, argv, &s.format, &args, &count);

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
