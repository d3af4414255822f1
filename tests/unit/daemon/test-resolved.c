// SPDX-License-Identifier: Apache-2.0
/* daemon: what systemd-resolved hears, on a bus with nobody else; the other end of it is a thread here. */
#include "../cmocka.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "base/buf.h"
#include "daemon/resolved.h"

struct fixture {
	sd_bus *bus;		/* ours */
	int other;		/* the end of the thread */
	pthread_t thread;
	struct buf heard;	/* a method in a line */
	const char *refusal;	/* the error that it answers with; NULL: it does as it is told */
};

/* ---- a systemd-resolved that only listens ---- */

static int answer(struct fixture *f, sd_bus_message *m)
{
	if (f->refusal)
		return sd_bus_reply_method_errorf(m, f->refusal, "as the test wants it");
	return sd_bus_reply_method_return(m, NULL);
}

static int on_servers(sd_bus_message *m, void *data, sd_bus_error *error)
{
	int ifindex, family;
	struct fixture *f = data;

	assert_true(sd_bus_message_read(m, "i", &ifindex) > 0);
	buf_printf(&f->heard, "servers %d", ifindex);
	assert_true(sd_bus_message_enter_container(m, 'a', "(iayqs)") > 0);
	while (sd_bus_message_enter_container(m, 'r', "iayqs") > 0) {
		char text[ENDPOINT_TEXT_MAX];
		struct endpoint e = { 0 };
		const void *bytes;
		const char *name;
		size_t len;

		assert_true(sd_bus_message_read(m, "i", &family) > 0);
		assert_true(sd_bus_message_read_array(m, 'y', &bytes, &len) > 0);
		assert_true(sd_bus_message_read(m, "qs", &e.port, &name) > 0);
		assert_int_equal(len, family == AF_INET ? 4 : 16);
		e.ip.family = (sa_family_t)family;
		memcpy(e.ip.bytes, bytes, len);
		buf_printf(&f->heard, " %s", endpoint_format(&e, text));
		sd_bus_message_exit_container(m);
	}
	buf_append_text(&f->heard, "\n");
	return answer(f, m);
}

static int on_domains(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct fixture *f = data;
	const char *name;
	int ifindex, routing;

	assert_true(sd_bus_message_read(m, "i", &ifindex) > 0);
	buf_printf(&f->heard, "domains %d", ifindex);
	assert_true(sd_bus_message_enter_container(m, 'a', "(sb)") > 0);
	while (sd_bus_message_read(m, "(sb)", &name, &routing) > 0)
		buf_printf(&f->heard, " %s%s", routing ? "~" : "", name);
	buf_append_text(&f->heard, "\n");
	return answer(f, m);
}

static int on_default_route(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct fixture *f = data;
	int ifindex, on;

	assert_true(sd_bus_message_read(m, "ib", &ifindex, &on) > 0);
	buf_printf(&f->heard, "default-route %d %s\n", ifindex, on ? "yes" : "no");
	return answer(f, m);
}

static int on_revert(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct fixture *f = data;
	int ifindex;

	assert_true(sd_bus_message_read(m, "i", &ifindex) > 0);
	buf_printf(&f->heard, "revert %d\n", ifindex);
	return answer(f, m);
}

static const sd_bus_vtable methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("SetLinkDNSEx", "ia(iayqs)", "", on_servers, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SetLinkDomains", "ia(sb)", "", on_domains, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SetLinkDefaultRoute", "ib", "", on_default_route,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RevertLink", "i", "", on_revert, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END
};

/* Until the other side goes. */
static void *serve(void *data)
{
	struct fixture *f = data;
	sd_id128_t id;
	sd_bus *bus;

	assert_true(sd_id128_randomize(&id) >= 0 && sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_fd(bus, f->other, f->other) >= 0);
	assert_true(sd_bus_set_server(bus, 1, id) >= 0 && sd_bus_set_anonymous(bus, 1) >= 0);
	assert_true(sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/resolve1",
					     "org.freedesktop.resolve1.Manager", methods, f) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			break;
	}
	sd_bus_unref(bus);
	return NULL;
}

static int set_up(void **state)
{
	static struct fixture f;
	int fds[2];

	f = (struct fixture){ .heard = BUF_INIT(1 << 16) };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	f.other = fds[1];
	assert_int_equal(pthread_create(&f.thread, NULL, serve, &f), 0);
	assert_true(sd_bus_new(&f.bus) >= 0 && sd_bus_set_fd(f.bus, fds[0], fds[0]) >= 0);
	assert_true(sd_bus_set_anonymous(f.bus, 1) >= 0 && sd_bus_start(f.bus) >= 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	resolved_close(f->bus);
	pthread_join(f->thread, NULL);
	buf_fini(&f->heard);
	return 0;
}

static struct resolved_link link_of(const char *ipv4)
{
	struct resolved_link link = { .ifindex = 7, .server_count = 2 };

	mesh_init(&link.mesh, (const uint8_t[MESH_ULA_RANDOM]){ 1, 2, 3, 4, 5 });
	assert_true(prefix_parse(ipv4, &link.mesh.ipv4));
	assert_true(endpoint_parse("10.1.0.1:53", &link.servers[0]));
	assert_true(endpoint_parse("[fd01:203:405:1::1]:5353", &link.servers[1]));
	return link;
}

/* ---- */

static void it_is_told_of_one_link_which_servers_know_which_domains(void **state)
{
	const struct resolved_link link = link_of("10.1.0.0/16");
	struct fixture *f = *state;
	struct error err = { 0 };

	assert_int_equal(resolved_set(f->bus, &link, &err), 0);
	assert_string_equal(buf_text(&f->heard),
			    "default-route 7 no\n"
			    "domains 7 ~webmesh.internal ~1.10.in-addr.arpa "
			    "~5.0.4.0.3.0.2.0.1.0.d.f.ip6.arpa\n"
			    "servers 7 10.1.0.1:53 [fd01:203:405:1::1]:5353\n");
	buf_reset(&f->heard);
	assert_int_equal(resolved_revert(f->bus, 7, &err), 0);
	assert_string_equal(buf_text(&f->heard), "revert 7\n");
}

static void each_zone_of_the_addresses_is_told(void **state)
{
	const struct resolved_link link = link_of("172.16.0.0/12");
	struct fixture *f = *state;
	const char *at;
	int zones = 0;

	assert_int_equal(resolved_set(f->bus, &link, NULL), 0);
	for (at = buf_text(&f->heard); (at = strstr(at, ".172.in-addr.arpa")); at++)
		zones++;
	assert_int_equal(zones, 16);
	assert_non_null(strstr(buf_text(&f->heard), " ~16.172.in-addr.arpa"));
	assert_non_null(strstr(buf_text(&f->heard), " ~31.172.in-addr.arpa"));
}

static void what_it_refuses_is_told_as_what_it_is(void **state)
{
	static const struct {
		const char *refusal;
		enum error_kind kind;
	} refusals[] = {
		{ "org.freedesktop.DBus.Error.ServiceUnknown", ERR_NOT_FOUND },
		{ "org.freedesktop.resolve1.LinkBusy", ERR_PRECONDITION },
		{ "org.freedesktop.DBus.Error.AccessDenied", ERR_DENIED },
		{ "org.freedesktop.DBus.Error.Failed", ERR_UNAVAILABLE },
	};
	const struct resolved_link link = link_of("10.1.0.0/16");
	struct fixture *f = *state;
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		f->refusal = refusals[i].refusal;
		assert_int_equal(resolved_set(f->bus, &link, &err), -(int)refusals[i].kind);
		assert_non_null(strstr(err.text, "SetLinkDefaultRoute: as the test wants it"));
	}
}

static void a_link_that_is_gone_has_nothing_to_take_back(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };

	f->refusal = "org.freedesktop.resolve1.NoSuchLink";
	assert_int_equal(resolved_revert(f->bus, 7, &err), 0);
	f->refusal = "org.freedesktop.DBus.Error.AccessDenied";
	assert_int_equal(resolved_revert(f->bus, 7, &err), -ERR_DENIED);
	assert_int_equal(err.kind, ERR_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_told_of_one_link_which_servers_know_which_domains),
		TEST(each_zone_of_the_addresses_is_told),
		TEST(what_it_refuses_is_told_as_what_it_is),
		TEST(a_link_that_is_gone_has_nothing_to_take_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
