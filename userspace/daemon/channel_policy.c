// SPDX-License-Identifier: Apache-2.0
#include "daemon/channel_policy.h"

#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "store/state_query.h"

/* ---- what is asked for ---- */

static int parse_proto(const char *proto, bool *ret_udp, struct error *err)
{
	*ret_udp = strcmp(proto, "udp") == 0;
	if (*ret_udp || !*proto || strcmp(proto, "tcp") == 0)
		return 0;
	return error_set(err, ERR_INVALID, "proto: \"%.16s\" is neither tcp nor udp", proto);
}

/* Linux takes 0.0.0.0 and :: for the loopback; a group has no one who answers. */
static bool is_one_host(const struct ip *ip)
{
	static const struct ip any4 = { .family = AF_INET }, any6 = { .family = AF_INET6 };

	if (ip_equal(ip, &any4) || ip_equal(ip, &any6))
		return false;
	return ip->family == AF_INET ? ip->bytes[0] < 224 : ip->bytes[0] != 0xff;
}

static int parse_dst(const char *dst, struct ip *ret, struct error *err)
{
	struct ip ip;

	if (!ip_parse(*dst ? dst : "127.0.0.1", &ip))
		return error_set(err, ERR_INVALID, "dst: \"%.64s\" is no IP address", dst);
	*ret = destination_plain(&ip);
	if (!is_one_host(ret))
		return error_set(err, ERR_INVALID, "dst: %.64s is no address of one host", dst);
	return 0;
}

int channel_service_parse(const char *proto, const char *dst, uint32_t port, struct channel_service *ret,
			  struct error *err)
{
	struct channel_service service = { .at.port = (uint16_t)port };
	int r = parse_proto(proto, &service.udp, err);

	if (r == 0)
		r = parse_dst(dst, &service.at.ip, err);
	if (r == 0 && (port < 1 || port > UINT16_MAX))
		r = error_set(err, ERR_INVALID, "port: %u is no port; 1 to 65535", port);
	if (r == 0)
		*ret = service;
	return r;
}

char *channel_service_format(const struct channel_service *service, char out[CHANNEL_SERVICE_MAX])
{
	char at[ENDPOINT_TEXT_MAX];

	snprintf(out, CHANNEL_SERVICE_MAX, "%s %s", service->udp ? "udp" : "tcp",
		 endpoint_format(&service->at, at));
	return out;
}

/* ---- whether it may be ---- */

static bool is_own(struct daemon *d, const struct ip *ip)
{
	struct node self;
	struct ip ipv6;

	if (destination_is_loopback(ip))
		return true;
	if (state_get_node(d->state, d->settings.id, &self, NULL) < 0)
		return false;
	if (self.ipv4.ip.family && ip_equal(&self.ipv4.ip, ip))
		return true;
	if (!self.ipv6.ip.family)
		return false;
	ipv6 = node_ipv6_address(&self);
	return ip_equal(&ipv6, ip);
}

int channel_policy_check_on(const struct daemon *d, struct error *err)
{
	return d->settings.webrtc ? 0
				  : error_set(err, ERR_UNSUPPORTED,
					      "%s serves no data channels: the setting webrtc is off there",
					      d->settings.id);
}

int channel_policy_check(struct daemon *d, const struct channel_service *service, struct error *err)
{
	char text[CHANNEL_SERVICE_MAX];
	int r = channel_policy_check_on(d, err);

	if (r < 0)
		return r;
	if (destination_list_allows(&d->settings.webrtc_destinations, &service->at,
				    is_own(d, &service->at.ip)))
		return 0;
	return error_set(err, ERR_DENIED,
			 "%s leads nobody to %s: the setting webrtc-destinations there says where to",
			 d->settings.id, channel_service_format(service, text));
}
