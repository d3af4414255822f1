// SPDX-License-Identifier: Apache-2.0
#include "wgmesh/format.h"

#include <stdio.h>
#include <time.h>

#include "netlink/mesh_peers.h"
#include "netlink/wg_peer.h"

char *format_bytes(uint64_t bytes, char out[FORMAT_MAX])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	int unit = -1;

	if (bytes < 1024) {
		snprintf(out, FORMAT_MAX, "%u B", (unsigned int)bytes);
		return out;
	}
	for (; v >= 1024 && unit < 5; unit++)
		v /= 1024;
	snprintf(out, FORMAT_MAX, "%.2f %s", v, units[unit]);
	return out;
}

static const struct {
	uint64_t seconds;
	const char *name;
} units[] = {
	{ 365 * 86400, "year" }, { 86400, "day" }, { 3600, "hour" }, { 60, "minute" },
	{ 1, "second" },
};

char *format_ago(uint64_t when, uint64_t now, char out[FORMAT_MAX])
{
	uint64_t left = when < now ? (now - when) / 1000000000u : 0;
	size_t n = 0;
	int parts = 0;

	if (!when || !left) {
		snprintf(out, FORMAT_MAX, "%s", when ? "now" : "never");
		return out;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && parts < 2; i++) {
		uint64_t count = left / units[i].seconds;

		left %= units[i].seconds;
		if (!count)
			continue;
		n += (size_t)snprintf(out + n, FORMAT_MAX - n, "%s%llu %s%s", parts ? ", " : "",
				      (unsigned long long)count, units[i].name,
				      count == 1 ? "" : "s");
		parts++;
	}
	snprintf(out + n, FORMAT_MAX - n, " ago");
	return out;
}

char *format_flags(uint32_t flags, const char *const *names, size_t count, const char *none,
		   char out[FORMAT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!(flags & 1u << i))
			continue;
		flags &= ~(1u << i);
		n += (size_t)snprintf(out + n, FORMAT_MAX - n, "%s%s", n ? "," : "", names[i]);
	}
	if (flags)
		snprintf(out + n, FORMAT_MAX - n, "%s0x%x", n ? "," : "", flags);
	else if (!n)
		snprintf(out, FORMAT_MAX, "%s", none);
	return out;
}

char *format_mesh_flags(uint32_t flags, const char *none, char out[FORMAT_MAX])
{
	static const char *const names[] = { "lazy" };

	return format_flags(flags, names, 1, none, out);
}

char *format_mesh_features(uint32_t features, const char *none, char out[FORMAT_MAX])
{
	static const char *const names[] = { "egress", "doorman" };

	return format_flags(features, names, 2, none, out);
}

char *format_peer_flags(uint32_t flags, const char *none, char out[FORMAT_MAX])
{
	static const char *const names[] = { "pinned", "relay" };

	return format_flags(flags, names, 2, none, out);
}

const char *format_floor(const struct wg_peer *peer, const char *none, char out[FORMAT_MAX])
{
	if (!(peer->fields & WG_PEER_FLOOR))
		return none;
	for (size_t i = 0; i < sizeof(peer->floor); i++)
		snprintf(out + 2 * i, 3, "%02x", peer->floor[i]);
	return out;
}

const char *format_state(uint32_t state)
{
	const char *name = mesh_state_name(state);

	return name ? name : "unknown";
}

uint64_t now_realtime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
