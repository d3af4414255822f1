// SPDX-License-Identifier: Apache-2.0
/* wgmesh monitor: events as they happen, one on a line, until the output is closed. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netlink/mesh_monitor.h"
#include "wgmesh/catch_up.h"
#include "wgmesh/format.h"
#include "wgmesh/json.h"
#include "wgmesh/tool.h"

struct monitor {
	bool json;
	bool overrun;		/* events were lost since it was last caught up */
	struct catch_up *seen;
	struct error err;
};

static void print_time(void)
{
	struct timespec now;
	char text[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	printf("%s.%03ldZ ", text, now.tv_nsec / 1000000);
}

static void print_event_peer(const struct wg_peer *peer)
{
	char key[KEY_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX];

	printf(" peer=%s", key_format(&peer->public_key, key));
	if (peer->fields & WG_PEER_ENDPOINT)
		printf(" endpoint=%s", endpoint_format(&peer->endpoint, endpoint));
	if (peer->fields & WG_PEER_STATE)
		printf(" state=%s", format_state(peer->state));
}

static void print_event(const struct mesh_event *e)
{
	const char *reason = mesh_reason_name(e->reason);

	print_time();
	printf("%s %s generation=%llu", e->mesh.ifname, mesh_event_name(e->kind),
	       (unsigned long long)e->mesh.generation);
	if (e->kind == MESH_EVENT_APPLY)
		printf(" upserted=%u removed=%u", e->upserted, e->removed);
	else if (e->kind == MESH_EVENT_FAULT)
		printf(" error=\"%s\"", strerror(e->sys_errno));
	else if (e->kind == MESH_EVENT_PEER)
		printf(" reason=%s", reason ? reason : "unknown");
	else if (e->kind == MESH_EVENT_SUPPRESSED)
		printf(" events=%u", e->suppressed);
	else if (e->kind == MESH_EVENT_OVERRUN)
		printf(" since=%llu removals=%s", (unsigned long long)e->since,
		       e->removals ? "yes" : "no");
	if (e->peer)
		print_event_peer(e->peer);
	printf("\n");
}

static int print(void *data, const struct mesh_event *event)
{
	struct monitor *m = data;
	int r = 0;

	if (m->json) {
		r = json_write(json_of_event(event), &m->err);
		printf("\n");
	} else {
		print_event(event);
	}
	if (r)
		return r;
	if (fflush(stdout))
		return error_errno(&m->err, errno, "cannot write the output");
	return 0;
}

static int tell(void *data, const struct mesh_event *event)
{
	struct monitor *m = data;
	int r;

	/* What is lost is asked for when all is read that came before. */
	if (event->kind == MESH_EVENT_OVERRUN) {
		m->overrun = true;
		return 0;
	}
	r = catch_up_note(m->seen, event, &m->err);
	return r ? r : print(m, event);
}

static int read_events(struct monitor *m, struct mesh_monitor *source)
{
	int r = mesh_monitor_read(source, tell, m, &m->err);

	if (r || !m->overrun)
		return r;
	m->overrun = false;
	return catch_up_run(m->seen, print, m, &m->err);
}

static int watch(struct monitor *m, struct mesh_monitor *source)
{
	/* POLLERR on the output: nobody reads any more, and no event may come to notice it by. */
	struct pollfd fds[] = {
		{ .fd = mesh_monitor_fd(source), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	int r = 0;

	while (!r) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return error_errno(&m->err, errno, "cannot wait for events");
		if (fds[1].revents & (POLLERR | POLLNVAL))
			return 0;
		if (fds[0].revents)
			r = read_events(m, source);
	}
	return r;
}

static int groups_of(const char *word, uint32_t *ret)
{
	if (!word)
		*ret = MESH_MONITOR_CONFIG | MESH_MONITOR_PEERS;
	else if (strcmp(word, "config") == 0)
		*ret = MESH_MONITOR_CONFIG;
	else if (strcmp(word, "peers") == 0)
		*ret = MESH_MONITOR_PEERS;
	else
		return -1;
	return 0;
}

int monitor_main(const struct command *self, int argc, char **argv)
{
	struct mesh_monitor *source;
	struct monitor m = { 0 };
	uint32_t groups;
	char **args;
	int count, r = tool_options(self, argc, argv, &m.json, &args, &count);

	if (r)
		return r;
	if (count > 1 || groups_of(count ? args[0] : NULL, &groups))
		return tool_usage(self, "groups are config and peers; none means both");
	if (mesh_monitor_open(groups, &source, &m.err))
		return tool_fail(&m.err);
	r = catch_up_new(&m.seen, &m.err);
	if (!r)
		r = watch(&m, source);
	catch_up_free(m.seen);
	mesh_monitor_close(source);
	return r ? tool_fail(&m.err) : TOOL_OK;
}
