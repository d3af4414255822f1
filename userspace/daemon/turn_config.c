// SPDX-License-Identifier: Apache-2.0
#include "daemon/turn_config.h"

/*
 * What is asked for by UDP alone, with nothing to manage it by; its database, of users that we do
 * not have, is nowhere.
 */
static const char constant[] =
	"use-auth-secret\n"
	"fingerprint\n"
	"no-tcp\n"
	"no-tls\n"
	"no-dtls\n"
	"no-tcp-relay\n"
	"no-cli\n"
	"no-multicast-peers\n"
	"no-software-attribute\n"
	"no-rfc5780\n"
	"userdb=:memory:\n"
	"log-file=stdout\n"
	"simple-log\n";

/*
 * A relay speaks to its peers from inside: what a firewall keeps from the world would not be kept
 * from its clients.  Two clients that both have a relay here meet at its own address.
 */
static const char *const denied[] = {
	"0.0.0.0-0.255.255.255", "10.0.0.0-10.255.255.255", "100.64.0.0-100.127.255.255",
	"127.0.0.0-127.255.255.255", "169.254.0.0-169.254.255.255", "172.16.0.0-172.31.255.255",
	"192.0.0.0-192.0.0.255", "192.168.0.0-192.168.255.255", "198.18.0.0-198.19.255.255",
	"224.0.0.0-255.255.255.255",
	"::1-::ffff:ffff:ffff",	/* the loopback, and IPv4 in the clothes of IPv6 */
	"64:ff9b::-64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
	"2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"fe80::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

static void write_denied(const struct prefix *mesh, struct buf *out)
{
	struct prefix first = prefix_masked(mesh);
	struct ip last = first.ip;
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];

	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		buf_printf(out, "denied-peer-ip=%s\n", denied[i]);
	for (unsigned int bit = first.len; bit < ip_bits(&last); bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	buf_printf(out, "denied-peer-ip=%s-%s\n", ip_format(&first.ip, from), ip_format(&last, to));
}

bool turn_config_write(const struct turn_config *config, struct buf *out)
{
	char address[IP_TEXT_MAX];

	ip_format(&config->at.ip, address);
	buf_append_text(out, constant);
	buf_printf(out, "listening-port=%u\nmin-port=%u\nmax-port=%u\nrealm=%s\n", config->at.port,
		   config->relay_ports.first, config->relay_ports.last, config->realm);
	if (config->translated)
		buf_printf(out, "external-ip=%s\n", address);
	else
		buf_printf(out, "listening-ip=%s\nrelay-ip=%s\n", address, address);
	buf_printf(out, "total-quota=%d\nuser-quota=%d\n", TURN_ALLOCATIONS_MAX,
		   TURN_ALLOCATIONS_OF_ONE_MAX);
	write_denied(&config->mesh, out);
	buf_printf(out, "allowed-peer-ip=%s\n", address);
	buf_printf(out, "static-auth-secret=%s\n", config->secret);
	return !out->failed;
}
