// SPDX-License-Identifier: Apache-2.0
#include "daemon/resolved.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include "dns/apex.h"

#define SERVICE "org.freedesktop.resolve1"

int resolved_open(struct sd_bus **ret, struct error *err)
{
	int r = sd_bus_open_system(ret);

	if (r < 0)
		return error_set(err, ERR_NOT_FOUND, "there is no system bus: %s", strerror(-r));
	sd_bus_set_method_call_timeout(*ret, RESOLVED_SECONDS * 1000000);
	return 0;
}

void resolved_close(struct sd_bus *bus)
{
	sd_bus_flush_close_unref(bus);
}

static enum error_kind kind_of(const sd_bus_error *e)
{
	static const struct {
		const char *name;
		enum error_kind kind;
	} kinds[] = {
		{ SD_BUS_ERROR_SERVICE_UNKNOWN, ERR_NOT_FOUND },
		{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, ERR_NOT_FOUND },
		{ SERVICE ".LinkBusy", ERR_PRECONDITION },
		{ SERVICE ".NoSuchLink", ERR_INVALID },
		{ SD_BUS_ERROR_ACCESS_DENIED, ERR_DENIED },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (sd_bus_error_has_name(e, kinds[i].name))
			return kinds[i].kind;
	return ERR_UNAVAILABLE;
}

/* Takes @m over.  A host without systemd-resolved does not get it by this. */
static int call(struct sd_bus *bus, const char *method, sd_bus_message *m, int r,
		struct error *err)
{
	sd_bus_error failure = SD_BUS_ERROR_NULL;

	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, 0);
	if (r >= 0)
		r = sd_bus_call(bus, m, 0, &failure, NULL);
	if (r < 0)
		r = error_set(err, kind_of(&failure), "systemd-resolved: %s: %s", method,
			      failure.message ? failure.message : strerror(-r));
	else
		r = 0;
	sd_bus_error_free(&failure);
	sd_bus_message_unref(m);
	return r;
}

static int begin(struct sd_bus *bus, const char *method, int ifindex, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(bus, ret, SERVICE, "/org/freedesktop/resolve1",
					       SERVICE ".Manager", method);

	return r < 0 ? r : sd_bus_message_append(*ret, "i", ifindex);
}

static int append_server(sd_bus_message *m, const struct endpoint *e)
{
	int r = sd_bus_message_open_container(m, 'r', "iayqs");

	if (r >= 0)
		r = sd_bus_message_append(m, "i", e->ip.family);
	if (r >= 0)
		r = sd_bus_message_append_array(m, 'y', e->ip.bytes, ip_bits(&e->ip) / 8);
	if (r >= 0)
		r = sd_bus_message_append(m, "qs", e->port, "");
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int set_servers(struct sd_bus *bus, const struct resolved_link *link, struct error *err)
{
	sd_bus_message *m = NULL;
	int r = begin(bus, "SetLinkDNSEx", link->ifindex, &m);

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(iayqs)");
	for (unsigned int i = 0; r >= 0 && i < link->server_count; i++)
		r = append_server(m, &link->servers[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return call(bus, "SetLinkDNSEx", m, r, err);
}

/* For routing alone: a node's name is none that the host's users mean when they leave the domain away. */
static int append_domain(const char *name, void *m)
{
	int r = sd_bus_message_append(m, "(sb)", name, true);

	return r < 0 ? r : 0;
}

static int set_domains(struct sd_bus *bus, const struct resolved_link *link, struct error *err)
{
	sd_bus_message *m = NULL;
	int r = begin(bus, "SetLinkDomains", link->ifindex, &m);

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sb)");
	if (r >= 0)
		r = zone_each_apex(&link->mesh, append_domain, m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return call(bus, "SetLinkDomains", m, r, err);
}

/* What is in none of the domains is never asked here, whoever else does not know it. */
static int set_default_route(struct sd_bus *bus, const struct resolved_link *link,
			     struct error *err)
{
	sd_bus_message *m = NULL;
	int r = begin(bus, "SetLinkDefaultRoute", link->ifindex, &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "b", false);
	return call(bus, "SetLinkDefaultRoute", m, r, err);
}

/* The way for other names is closed before there is a server to take it. */
int resolved_set(struct sd_bus *bus, const struct resolved_link *link, struct error *err)
{
	int r = set_default_route(bus, link, err);

	if (r == 0)
		r = set_domains(bus, link, err);
	return r < 0 ? r : set_servers(bus, link, err);
}

int resolved_revert(struct sd_bus *bus, int ifindex, struct error *err)
{
	sd_bus_message *m = NULL;
	struct error trouble = { 0 };
	int r = begin(bus, "RevertLink", ifindex, &m);

	r = call(bus, "RevertLink", m, r, &trouble);
	if (r == -ERR_INVALID)
		return 0;
	if (r < 0 && err)
		*err = trouble;
	return r;
}
