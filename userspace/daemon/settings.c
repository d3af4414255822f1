// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/local_store.h"

const char settings_help[] =
	"  --state-dir DIR        where everything is kept ($WGMESH_STATE_DIR, else\n"
	"                         " SETTINGS_STATE_DIR ")\n"
	"  --id ID                this node's name in the mesh (the host's name)\n"
	"  --endpoint ADDRESS     where others reach this node; the first is the primary one;\n"
	"                         none: behind a NAT (may be repeated)\n"
	"  --device NAME          the WireGuard device (wgmesh0)\n"
	"  --backend NAME         auto, mesh, kernel, userspace or none (auto)\n"
	"  --lazy WHEN            whether WireGuard holds only peers that are used: auto, on or off;\n"
	"                         auto: where the backend can (auto)\n"
	"  --wireguard-port PORT  (51820)\n"
	"  --raft-port PORT       (9443)\n"
	"  --grpc-port PORT       (8443)\n"
	"  --no-ipv4              ask for no IPv4 address in the mesh\n"
	"  --prefer-raft-ipv6     speak Raft over IPv6 though there is an IPv4 address\n"
	"  --ipv4-prefix PREFIX   of the whole mesh; init only (172.16.0.0/12)\n"
	"  --log-keep ENTRIES     of the Raft log; who needs older ones gets a snapshot (16384)\n"
	"  --followers-max N      nodes that follow this one; more are sent elsewhere (256)\n"
	"  --leader-proxy WHEN    whether this node, if it votes, passes on to the leader what only that\n"
	"                         one can answer: on or off (on)\n"
	"  --tick-ms MS           Raft's clock, 10 to 1000 (50)\n";

enum {
	OPT_STATE_DIR = 256, OPT_ID, OPT_ENDPOINT, OPT_DEVICE, OPT_BACKEND, OPT_LAZY,
	OPT_WIREGUARD_PORT, OPT_RAFT_PORT, OPT_GRPC_PORT, OPT_NO_IPV4, OPT_PREFER_RAFT_IPV6,
	OPT_IPV4_PREFIX, OPT_LOG_KEEP, OPT_FOLLOWERS_MAX, OPT_LEADER_PROXY,
	OPT_TICK_MS,
};

static const struct option long_options[] = {
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "id", required_argument, NULL, OPT_ID },
	{ "endpoint", required_argument, NULL, OPT_ENDPOINT },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "backend", required_argument, NULL, OPT_BACKEND },
	{ "lazy", required_argument, NULL, OPT_LAZY },
	{ "wireguard-port", required_argument, NULL, OPT_WIREGUARD_PORT },
	{ "raft-port", required_argument, NULL, OPT_RAFT_PORT },
	{ "grpc-port", required_argument, NULL, OPT_GRPC_PORT },
	{ "no-ipv4", no_argument, NULL, OPT_NO_IPV4 },
	{ "prefer-raft-ipv6", no_argument, NULL, OPT_PREFER_RAFT_IPV6 },
	{ "ipv4-prefix", required_argument, NULL, OPT_IPV4_PREFIX },
	{ "log-keep", required_argument, NULL, OPT_LOG_KEEP },
	{ "followers-max", required_argument, NULL, OPT_FOLLOWERS_MAX },
	{ "leader-proxy", required_argument, NULL, OPT_LEADER_PROXY },
	{ "tick-ms", required_argument, NULL, OPT_TICK_MS },
	{ 0 },
};

void settings_init(struct settings *s)
{
	const char *dir = getenv("WGMESH_STATE_DIR");

	*s = (struct settings){
		.state_dir = SETTINGS_STATE_DIR,
		.device = "wgmesh0",
		.backend = "auto",
		.lazy = "auto",
		.wireguard_port = 51820,
		.raft_port = 9443,
		.grpc_port = 8443,
		.assign_ipv4 = true,
		.log_keep = 16384,
		.followers_max = 256,
		.leader_proxy = true,
		.tick_ms = 50,
	};
	if (dir && strlen(dir) < sizeof(s->state_dir))
		snprintf(s->state_dir, sizeof(s->state_dir), "%s", dir);
	prefix_parse("172.16.0.0/12", &s->ipv4_prefix);
	if (gethostname(s->id, sizeof(s->id)) < 0)
		s->id[0] = 0;
	s->id[sizeof(s->id) - 1] = 0;
}

static int set_text(char *out, size_t cap, const char *name, const char *value, struct error *err)
{
	if (!*value || strlen(value) >= cap)
		return error_set(err, ERR_INVALID, "--%s: \"%s\" must have 1 to %zu characters",
				 name, value, cap - 1);
	memcpy(out, value, strlen(value) + 1);
	return 0;
}

static int parse_number(const char *name, const char *value, unsigned long min, unsigned long max,
			unsigned long *ret, struct error *err)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || v < min || v > max)
		return error_set(err, ERR_INVALID, "--%s: \"%s\" is no number from %lu to %lu",
				 name, value, min, max);
	*ret = v;
	return 0;
}

static int set_port(uint16_t *out, const char *name, const char *value, struct error *err)
{
	unsigned long v;
	int r = parse_number(name, value, 1, 65535, &v, err);

	if (r == 0)
		*out = (uint16_t)v;
	return r;
}

static int add_endpoint(struct settings *s, const char *value, struct error *err)
{
	if (s->endpoint_count == SETTINGS_ENDPOINTS_MAX)
		return error_set(err, ERR_INVALID, "--endpoint: more than %d addresses",
				 SETTINGS_ENDPOINTS_MAX);
	if (!ip_parse(value, &s->endpoints[s->endpoint_count]))
		return error_set(err, ERR_INVALID, "--endpoint: \"%s\" is no IP address", value);
	s->endpoint_count++;
	return 0;
}

static int set_ipv4_prefix(struct settings *s, const char *value, struct error *err)
{
	struct prefix p;

	if (!prefix_parse(value, &p) || p.ip.family != AF_INET || p.len < 8 || p.len > 30)
		return error_set(err, ERR_INVALID,
				 "--ipv4-prefix: \"%s\" is no IPv4 prefix of /8 to /30", value);
	s->ipv4_prefix = prefix_masked(&p);
	return 0;
}

static int set_backend(struct settings *s, const char *value, struct error *err)
{
	static const char *const known[] = { "auto", "mesh", "kernel", "userspace", "none" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], value) == 0)
			return set_text(s->backend, sizeof(s->backend), "backend", value, err);
	return error_set(err, ERR_INVALID,
			 "--backend: \"%s\" is none of auto, mesh, kernel, userspace, none", value);
}

static int set_lazy(struct settings *s, const char *value, struct error *err)
{
	static const char *const known[] = { "auto", "on", "off" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], value) == 0)
			return set_text(s->lazy, sizeof(s->lazy), "lazy", value, err);
	return error_set(err, ERR_INVALID, "--lazy: \"%s\" is none of auto, on, off", value);
}

static int set_tick(struct settings *s, const char *value, struct error *err)
{
	unsigned long v;
	int r = parse_number("tick-ms", value, 10, 1000, &v, err);

	if (r == 0)
		s->tick_ms = (uint32_t)v;
	return r;
}

static int set_log_keep(struct settings *s, const char *value, struct error *err)
{
	unsigned long v;
	int r = parse_number("log-keep", value, 16, 100000000, &v, err);

	if (r == 0)
		s->log_keep = v;
	return r;
}

static int set_followers_max(struct settings *s, const char *value, struct error *err)
{
	unsigned long v;
	int r = parse_number("followers-max", value, 0, 100000, &v, err);

	if (r == 0)
		s->followers_max = (uint32_t)v;
	return r;
}

static int set_leader_proxy(struct settings *s, const char *value, struct error *err)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return error_set(err, ERR_INVALID, "--leader-proxy: \"%s\" is neither on nor off",
				 value);
	s->leader_proxy = strcmp(value, "on") == 0;
	return 0;
}

static int set_option(struct settings *s, int option, const char *value, bool *endpoints_given,
		      struct error *err)
{
	switch (option) {
	case OPT_STATE_DIR:
		return set_text(s->state_dir, sizeof(s->state_dir), "state-dir", value, err);
	case OPT_ID:
		return set_text(s->id, sizeof(s->id), "id", value, err);
	case OPT_ENDPOINT:
		if (!*endpoints_given)
			/* those of the command line replace the stored ones */
			s->endpoint_count = 0;
		*endpoints_given = true;
		return add_endpoint(s, value, err);
	case OPT_DEVICE:
		return set_text(s->device, sizeof(s->device), "device", value, err);
	case OPT_BACKEND:
		return set_backend(s, value, err);
	case OPT_LAZY:
		return set_lazy(s, value, err);
	case OPT_WIREGUARD_PORT:
		return set_port(&s->wireguard_port, "wireguard-port", value, err);
	case OPT_RAFT_PORT:
		return set_port(&s->raft_port, "raft-port", value, err);
	case OPT_GRPC_PORT:
		return set_port(&s->grpc_port, "grpc-port", value, err);
	case OPT_NO_IPV4:
		s->assign_ipv4 = false;
		return 0;
	case OPT_PREFER_RAFT_IPV6:
		s->prefer_raft_ipv6 = true;
		return 0;
	case OPT_IPV4_PREFIX:
		return set_ipv4_prefix(s, value, err);
	case OPT_LOG_KEEP:
		return set_log_keep(s, value, err);
	case OPT_FOLLOWERS_MAX:
		return set_followers_max(s, value, err);
	case OPT_LEADER_PROXY:
		return set_leader_proxy(s, value, err);
	case OPT_TICK_MS:
		return set_tick(s, value, err);
	default:
		return error_set(err, ERR_INVALID, "unknown or incomplete option; see --help");
	}
}

int settings_parse(struct settings *s, int argc, char **argv, int *ret_rest, struct error *err)
{
	bool endpoints_given = false;
	int option, r;

	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		r = set_option(s, option, optarg, &endpoints_given, err);
		if (r < 0 && option == '?')
			return error_set(err, ERR_INVALID,
					 "%s: unknown or incomplete option; see --help",
					 argv[optind - 1]);
		if (r < 0)
			return r;
	}
	*ret_rest = optind;
	return 0;
}

/* ---- kept in the local database, as lines "option=value" ---- */

enum { SAVED_MAX = 4096 };

#define SAVED_NAME "settings"

int settings_save(const struct settings *s, struct local_store *local, struct error *err)
{
	struct buf text = BUF_INIT(SAVED_MAX);
	char ip[IP_TEXT_MAX], prefix[PREFIX_TEXT_MAX];
	int r;

	buf_printf(&text, "id=%s\ndevice=%s\nbackend=%s\nlazy=%s\n", s->id, s->device, s->backend,
		   s->lazy);
	for (unsigned int i = 0; i < s->endpoint_count; i++)
		buf_printf(&text, "endpoint=%s\n", ip_format(&s->endpoints[i], ip));
	buf_printf(&text, "wireguard-port=%u\nraft-port=%u\ngrpc-port=%u\n", s->wireguard_port,
		   s->raft_port, s->grpc_port);
	if (!s->assign_ipv4)
		buf_append_text(&text, "no-ipv4=\n");
	if (s->prefer_raft_ipv6)
		buf_append_text(&text, "prefer-raft-ipv6=\n");
	/* As by default, it is nothing that an older release would stumble over. */
	if (!s->leader_proxy)
		buf_append_text(&text, "leader-proxy=off\n");
	buf_printf(&text, "ipv4-prefix=%s\nlog-keep=%lu\nfollowers-max=%u\ntick-ms=%u\n",
		   prefix_format(&s->ipv4_prefix, prefix), (unsigned long)s->log_keep,
		   s->followers_max, s->tick_ms);
	if (text.failed) {
		buf_fini(&text);
		return error_set(err, ERR_MEMORY, "no memory for the settings");
	}
	r = local_store_set_text(local, SAVED_NAME, buf_text(&text), err);
	if (r == 0)
		r = local_store_set_text(local, LOCAL_ROLE, s->voter ? "voter" : "observer", err);
	buf_fini(&text);
	return r;
}

static int load_line(struct settings *s, char *line, bool *endpoints_given, struct error *err)
{
	char *value = strchr(line, '=');

	if (!value)
		return error_set(err, ERR_CORRUPT, "the saved settings have a line without \"=\"");
	*value++ = 0;
	for (const struct option *o = long_options; o->name; o++)
		if (strcmp(o->name, line) == 0)
			return set_option(s, o->val, value, endpoints_given, err);
	return error_set(err, ERR_CORRUPT, "the saved settings have an unknown \"%s\"", line);
}

int settings_load(struct settings *s, struct local_store *local, struct error *err)
{
	bool endpoints_given = false;
	char *text, *line, *rest;
	int r = local_store_get_text(local, SAVED_NAME, &text, err);

	if (r < 0)
		return r;
	rest = text;
	while (r == 0 && (line = strsep(&rest, "\n")))
		if (*line)
			r = load_line(s, line, &endpoints_given, err);
	free(text);
	if (r < 0)
		return r;
	r = local_store_get_text(local, LOCAL_ROLE, &text, err);
	if (r < 0)
		return r;
	s->voter = strcmp(text, "voter") == 0;
	free(text);
	return 0;
}

char *settings_path(const struct settings *s, const char *name, char *out)
{
	snprintf(out, PATH_MAX, "%s/%s", s->state_dir, name);
	return out;
}
