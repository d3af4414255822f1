// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/resolver.h"
#include "dns/server.h"
#include "metrics/snapshot.h"
#include "store/snapshot.h"
#include "store/state_query.h"

enum {
	PAUSE_TIMES = 10,	/* as long as making a zone took, until the next one is begun */
	RETRY_MS = 60000,	/* between two attempts to listen */
};

struct dns {
	struct daemon *daemon;
	bool stopped;

	struct dns_server *server;	/* NULL: it does not listen */
	struct dns_counts past;		/* of servers that were before it */
	struct dns_config config;	/* with which it does, or last tried to */
	uint64_t tried_at;		/* uv_now(); 0: listening did not fail */
	struct dns_keys *keys;		/* the server's, too; NULL: there are none */
	bool keys_stale;

	struct resolver *resolver;

	struct zone *zone;		/* the last one; NULL: there was none yet */
	bool stale;
	uint64_t begun_at, rest_until;	/* uv_now() */

	/* the pool's from uv_queue_work() on */
	uv_work_t work;
	struct state_view *view;	/* NULL: none is being made */
	struct mesh mesh;
	uint64_t index;
	struct zone *made;
	struct error err;
};

/* ---- the zone ---- */

struct making {
	struct zone *zone;
	struct error *err;
};

static int add_node(const struct node *node, void *data)
{
	struct making *making = data;

	return zone_add(making->zone, node, making->err);
}

/* On a thread of the pool. */
static void make_zone(uv_work_t *work)
{
	struct dns *dns = work->data;
	const struct zone_config config = {
		.mesh = &dns->mesh, .self = dns->daemon->settings.id, .serial = (uint32_t)dns->index,
	};
	struct making making = { .err = &dns->err };
	int r = zone_new(&config, &making.zone, &dns->err);

	if (r < 0)
		return;
	r = state_view_each_node(dns->view, add_node, &making, &dns->err);
	if (r == 0)
		r = zone_finish(making.zone, &dns->err);
	if (r == 0)
		dns->made = making.zone;
	else
		zone_unref(making.zone);
}

static void take_zone(struct dns *dns)
{
	log_debug("dns-zone", "serial=%u nodes=%zu ms=%lu", zone_serial(dns->made),
		  zone_count(dns->made),
		  (unsigned long)(uv_now(&dns->daemon->loop) - dns->begun_at));
	zone_unref(dns->zone);
	dns->zone = dns->made;
	dns->made = NULL;
	if (dns->server)
		dns_server_set_zone(dns->server, dns->zone);
}

static void zone_made(uv_work_t *work, int status)
{
	struct dns *dns = work->data;
	uint64_t now = uv_now(&dns->daemon->loop);

	state_view_close(dns->view);
	dns->view = NULL;
	dns->rest_until = now + PAUSE_TIMES * (now - dns->begun_at);
	if (dns->made) {
		take_zone(dns);
		return;
	}
	log_warn("dns-zone-failed", "reason=\"%s\"", log_text(dns->err.text));
	dns->stale = true;
	dns->rest_until = now + RETRY_MS;
}

static void begin_zone(struct dns *dns)
{
	struct daemon *d = dns->daemon;
	char path[PATH_MAX];

	dns->stale = false;
	dns->begun_at = uv_now(&d->loop);
	dns->err = (struct error){ 0 };
	if (state_get_mesh(d->state, &dns->mesh, &dns->err) < 0)
		return;		/* there is none yet; it will be told */
	dns->index = state_store_applied(d->state);
	if (state_view_open(settings_path(&d->settings, "state.db", path), &dns->view,
			    &dns->err) < 0) {
		log_warn("dns-zone-failed", "reason=\"%s\"", log_text(dns->err.text));
		dns->stale = true;
		dns->rest_until = dns->begun_at + RETRY_MS;
		return;
	}
	uv_queue_work(&d->loop, &dns->work, make_zone, zone_made);
}

void dns_kick(struct dns *dns)
{
	dns->stale = true;
}

bool dns_reads(const struct dns *dns)
{
	return dns->view;
}

/* ---- where it is told ---- */

static void add_address(struct dns_config *config, const struct ip *ip, uint16_t port)
{
	if (ip->family && config->address_count < DNS_ADDRESSES_MAX)
		config->addresses[config->address_count++] = (struct endpoint){ *ip, port };
}

static void add_mesh_addresses(const struct dns *dns, struct dns_config *config, uint16_t port)
{
	const struct daemon *d = dns->daemon;
	struct ip ipv6 = { 0 };
	struct node self;

	if (state_get_node(d->state, d->settings.id, &self, NULL) < 0)
		return;
	if (self.ipv6.ip.family)
		ipv6 = node_ipv6_address(&self);
	add_address(config, &self.ipv4.ip, port);
	add_address(config, &ipv6, port);
}

static void wanted_config(const struct dns *dns, struct dns_config *ret)
{
	const struct settings *s = &dns->daemon->settings;

	memset(ret, 0, sizeof(*ret));
	ret->rate = s->dns_rate;
	ret->keys = dns->keys;
	for (unsigned int i = 0; s->dns && i < s->dns_addresses.count; i++) {
		const struct endpoint *e = &s->dns_addresses.items[i];

		if (e->ip.family)
			add_address(ret, &e->ip, e->port);
		else
			add_mesh_addresses(dns, ret, e->port);
	}
}

static bool same_config(const struct dns_config *a, const struct dns_config *b)
{
	if (a->rate != b->rate || a->keys != b->keys || a->address_count != b->address_count)
		return false;
	for (unsigned int i = 0; i < a->address_count; i++)
		if (!endpoint_equal(&a->addresses[i], &b->addresses[i]))
			return false;
	return true;
}

static void tell_addresses(const struct dns *dns)
{
	char text[ENDPOINT_TEXT_MAX];

	for (unsigned int i = 0; i < dns->config.address_count; i++)
		log_info("dns", "address=%s domain=%s",
			 endpoint_format(&dns->config.addresses[i], text), dns->mesh.domain);
}

/* All that there ever were; connections are those of now. */
static struct dns_counts count(struct dns *dns)
{
	struct dns_counts all = dns->past, now = { 0 };

	if (dns->server)
		now = dns_server_counts(dns->server);
	all.udp += now.udp;
	all.tcp += now.tcp;
	all.answered += now.answered;
	all.limited += now.limited;
	all.connections = now.connections;
	return all;
}

void dns_measure(struct dns *dns, struct metrics_snapshot *ret)
{
	const struct dns_counts all = count(dns);

	ret->names.served = dns->server;
	ret->names.serial = dns->zone ? zone_serial(dns->zone) : 0;
	ret->names.nodes = dns->zone ? zone_count(dns->zone) : 0;
	ret->names.udp = all.udp;
	ret->names.tcp = all.tcp;
	ret->names.limited = all.limited;
	ret->names.connections = all.connections;
}

static void stop_listening(struct dns *dns)
{
	dns->past = count(dns);
	dns_server_stop(dns->server);
	dns->server = NULL;
}

/* Told once for each set of addresses, however often it fails. */
static void listen_there(struct dns *dns, bool again)
{
	struct error err = { 0 };

	if (dns_server_start(&dns->config, &dns->server, &err) == 0) {
		dns_server_set_zone(dns->server, dns->zone);
		dns->tried_at = 0;
		tell_addresses(dns);
		return;
	}
	dns->tried_at = uv_now(&dns->daemon->loop);
	if (!again)
		log_warn("dns-not-served",
			 "reason=\"%s\" remedy=\"--dns-address takes another one, --dns off none\"",
			 log_text(err.text));
}

/* ---- keys ---- */

static int check_private(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(err, errno, "%s", path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(err, ERR_DENIED,
				 "%s can be read by others than its owner: chmod 600", path);
	return 0;
}

static int read_keys(const char *path, struct dns_keys **ret, struct error *err)
{
	struct buf text = BUF_INIT(DNS_KEYS_TEXT_MAX);
	int r = check_private(path, err);

	if (r == 0)
		r = file_read(path, &text, err);
	if (r == 0) {
		r = dns_keys_parse(buf_text(&text), ret, err);
		if (r < 0)
			error_prefix(err, "%s", path);
	}
	buf_fini_secret(&text);
	return r;
}

/* Without the file nobody may; the rest goes on. */
static void load_keys(struct dns *dns)
{
	const char *path = dns->daemon->settings.dns_keys;
	struct error err = { 0 };

	stop_listening(dns);	/* it has the old ones */
	dns->config = (struct dns_config){ 0 };
	dns_keys_free(dns->keys);
	dns->keys = NULL;
	dns->keys_stale = false;
	if (*path && read_keys(path, &dns->keys, &err) < 0)
		log_warn("dns-keys-refused", "reason=\"%s\"", log_text(err.text));
}

void dns_reread(struct dns *dns)
{
	dns->keys_stale = *dns->daemon->settings.dns_keys || dns->keys;
}

/* ---- the server ---- */

static void advance_server(struct dns *dns)
{
	uint64_t now = uv_now(&dns->daemon->loop);
	struct dns_config wanted;

	if (dns->keys_stale)
		load_keys(dns);
	wanted_config(dns, &wanted);
	if (!same_config(&wanted, &dns->config)) {
		stop_listening(dns);
		dns->config = wanted;
		if (wanted.address_count)
			listen_there(dns, false);
	} else if (dns->tried_at && now - dns->tried_at >= RETRY_MS) {
		listen_there(dns, true);
	}
}

/* ---- who asks ---- */

/* By way of the mesh's device, so that an address of another one is not reached. */
static void advance_resolver(struct dns *dns)
{
	const struct settings *s = &dns->daemon->settings;
	struct resolved_link wanted = { 0 };
	struct dns_config all = { 0 };

	if (dns->server && s->dns_resolved) {
		for (unsigned int i = 0; i < s->dns_addresses.count; i++)
			if (!s->dns_addresses.items[i].ip.family)
				add_mesh_addresses(dns, &all, s->dns_addresses.items[i].port);
		for (unsigned int i = 0; i < all.address_count && i < RESOLVED_SERVERS_MAX; i++)
			wanted.servers[wanted.server_count++] = all.addresses[i];
	}
	if (wanted.server_count)
		wanted.ifindex = (int)if_nametoindex(s->device);
	wanted.mesh = dns->mesh;
	resolver_advance(dns->resolver, &wanted);
}

/* ---- all ---- */

static void forget_zone(struct dns *dns)
{
	zone_unref(dns->zone);
	dns->zone = NULL;
	dns->stale = true;
}

/* Without a zone there is nothing to say, and whoever asks elsewhere is served better. */
void dns_advance(struct dns *dns)
{
	uint64_t now = uv_now(&dns->daemon->loop);

	if (dns->stopped)
		return;
	if (dns->daemon->settings.dns && dns->stale && !dns->view && now >= dns->rest_until)
		begin_zone(dns);
	if (dns->zone)
		advance_server(dns);
	if (!dns->daemon->settings.dns)
		forget_zone(dns);
	advance_resolver(dns);
}

bool dns_served(const struct dns *dns)
{
	return dns->server;
}

/* ---- life ---- */

int dns_new(struct daemon *d, struct dns **ret, struct error *err)
{
	struct dns *dns = calloc(1, sizeof(*dns));

	if (!dns)
		return error_set(err, ERR_MEMORY, "no memory for the names of the mesh");
	dns->daemon = d;
	dns->resolver = resolver_new(&d->loop);
	if (!dns->resolver) {
		free(dns);
		return error_set(err, ERR_MEMORY, "no memory for the names of the mesh");
	}
	dns->stale = dns->keys_stale = true;
	dns->work.data = dns;
	*ret = dns;
	return 0;
}

void dns_stop(struct dns *dns)
{
	dns->stopped = true;
	resolver_stop(dns->resolver);
	stop_listening(dns);
}

void dns_free(struct dns *dns)
{
	if (!dns)
		return;
	resolver_free(dns->resolver);
	dns_keys_free(dns->keys);
	zone_unref(dns->zone);
	free(dns);
}
