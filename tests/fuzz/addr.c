// SPDX-License-Identifier: Apache-2.0
/* base and model: addresses, prefixes, endpoints, keys, lists of them, TURN servers.  What is read is written as
 * a text of the same.
 */
#include "fuzz.h"

#include "base/addr.h"
#include "base/key.h"
#include "model/override.h"
#include "model/route.h"
#include "model/turn_server.h"

static void check_ip(const char *text)
{
	char again[IP_TEXT_MAX];
	struct ip ip, back;

	if (!ip_parse(text, &ip))
		return;
	must(ip_parse(ip_format(&ip, again), &back));
	must(ip_equal(&ip, &back));
}

static void check_prefix(const char *text)
{
	char again[PREFIX_TEXT_MAX];
	struct prefix prefix, back, masked;

	if (!prefix_parse(text, &prefix))
		return;
	must(prefix.len <= ip_bits(&prefix.ip));
	must(prefix_parse(prefix_format(&prefix, again), &back));
	must(prefix_equal(&prefix, &back) && prefix_compare(&prefix, &back) == 0);
	masked = prefix_masked(&prefix);
	must(prefix_contains(&masked, &prefix.ip) && prefix_contains(&prefix, &masked.ip));
}

static void check_endpoint(const char *text)
{
	char again[ENDPOINT_TEXT_MAX];
	struct endpoint endpoint, back;
	struct sockaddr_in6 sa;
	socklen_t len;

	if (!endpoint_parse(text, &endpoint))
		return;
	must(endpoint_parse(endpoint_format(&endpoint, again), &back));
	must(endpoint_equal(&endpoint, &back));
	len = endpoint_to_sockaddr(&endpoint, &sa);
	must(endpoint_from_sockaddr((const struct sockaddr *)&sa, len, &back));
	must(endpoint_equal(&endpoint, &back));
}

static void check_key(const char *text)
{
	char again[KEY_TEXT_MAX];
	struct key key;

	if (key_parse(text, &key))
		must(strcmp(key_format(&key, again), text) == 0);
}

static void check_routes(const char *text)
{
	struct route_list list, back;
	char again[ROUTES_TEXT_MAX];

	if (route_list_parse(text, &list, NULL) < 0)
		return;
	must(list.count <= ROUTES_MAX);
	must(route_list_parse(route_list_format(&list, again), &back, NULL) == 0);
	must(route_list_equal(&list, &back));
}

static void check_override(const char *text)
{
	struct override_list list = { 0 };
	char again[OVERRIDES_TEXT_MAX];

	if (override_list_add(&list, text, NULL) == 0)
		must(override_list_add(&list, override_list_format(&list, again), NULL) == 0 &&
		     list.count == 1);
}

static void check_turn_server(const char *text)
{
	struct turn_server server, back;
	char url[TURN_URL_MAX];

	if (turn_server_parse(text, &server, NULL) < 0)
		return;
	must(server.at.port && !*server.user == !*server.password);
	must(turn_server_parse(turn_server_format(&server, url), &back, NULL) == 0);
	must(endpoint_equal(&server.at, &back.at) && strcmp(server.user, back.user) == 0 &&
	     strcmp(server.password, back.password) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_ip(text);
	check_prefix(text);
	check_endpoint(text);
	check_key(text);
	check_routes(text);
	check_override(text);
	check_turn_server(text);
	free(text);
	return 0;
}
