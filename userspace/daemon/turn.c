// SPDX-License-Identifier: Apache-2.0
#include "daemon/turn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "daemon/child.h"
#include "daemon/daemon.h"
#include "daemon/now.h"
#include "daemon/turn_config.h"
#include "daemon/turn_login.h"
#include "store/state_query.h"

enum { SECRET_BYTES = 32, NAME_BYTES = 8 };

struct turn {
	bool managed;
	struct endpoint at;
	char secret[TURN_SECRET_MAX];
	struct child *server;		/* of a managed one; NULL: not begun */
};

/* ---- settings ---- */

static bool is_mode(const struct settings *s, const char *mode)
{
	return strcmp(s->turn_mode, mode) == 0;
}

static struct ip managed_address(const struct settings *s)
{
	static const struct ip none;

	if (s->turn_address.family)
		return s->turn_address;
	return s->endpoints.count ? s->endpoints.items[0] : none;
}

int turn_check(const struct settings *s, struct error *err)
{
	if (is_mode(s, "managed") && !managed_address(s).family)
		return error_set(err, ERR_INVALID,
				 "turn-mode: managed needs turn-address: this node has no endpoint "
				 "where others reach it");
	if (is_mode(s, "external") && !s->turn_server.at.ip.family)
		return error_set(err, ERR_INVALID, "turn-mode: external needs turn-server");
	if (is_mode(s, "external") && !*s->turn_secret_file)
		return error_set(err, ERR_INVALID, "turn-mode: external needs turn-secret-file");
	return 0;
}

/* ---- the secret ---- */

static int make_secret(char out[TURN_SECRET_MAX], struct error *err)
{
	uint8_t bytes[SECRET_BYTES];
	int r = random_bytes(bytes, sizeof(bytes), err);

	if (r == 0)
		hex_format(bytes, sizeof(bytes), out);
	wipe(bytes, sizeof(bytes));
	return r;
}

static int check_mode(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 07))
		return error_set(err, ERR_PRECONDITION,
				 "turn-secret-file: others may read %s: chmod o= it", path);
	return 0;
}

/* One line, of which the end may be missing. */
static int take_line(struct buf *file, char out[TURN_SECRET_MAX])
{
	const char *text = buf_text(file);
	size_t len = strcspn(text, "\r\n");

	if (len == 0 || len >= TURN_SECRET_MAX || text[len + strspn(text + len, "\r\n")])
		return -ERR_INVALID;
	memcpy(out, text, len);
	out[len] = 0;
	return 0;
}

static int read_secret(const char *path, char out[TURN_SECRET_MAX], struct error *err)
{
	struct buf file = BUF_INIT(2 * TURN_SECRET_MAX);
	int r = file_read(path, &file, err);

	if (r < 0) {
		error_prefix(err, "turn-secret-file");
	} else {
		r = check_mode(path, err);
		if (r == 0 && take_line(&file, out) < 0)
			r = error_set(err, ERR_INVALID,
				      "turn-secret-file: %s is not one line of up to %d characters",
				      path, TURN_SECRET_MAX - 1);
	}
	buf_fini_secret(&file);
	return r;
}

/* ---- the server of this node ---- */

/* A NAT before this host has the address instead. */
static bool is_ours(const struct ip *ip)
{
	const struct endpoint e = { .ip = *ip };
	struct sockaddr_in6 sa;
	socklen_t len = endpoint_to_sockaddr(&e, &sa);
	int fd = socket(ip->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ours = fd >= 0 && bind(fd, (struct sockaddr *)&sa, len) == 0;

	if (fd >= 0)
		close(fd);
	return ours;
}

static int start_server(struct turn *t, struct daemon *d, const struct mesh *mesh,
			struct error *err)
{
	/* Its number is our own to know: it is not to write it anywhere. */
	static const char *const arguments[] = { "turnserver", "-c", CHILD_FILE, "--pidfile=", NULL };
	const struct turn_config config = {
		.at = t->at, .translated = !is_ours(&t->at.ip), .realm = d->settings.turn_realm,
		.relay_ports = d->settings.turn_relay_ports, .secret = t->secret,
		.mesh = mesh->ipv4,
	};
	struct buf file = BUF_INIT(TURN_CONFIG_MAX);
	int r = turn_config_write(&config, &file)
			? 0 : error_set(err, ERR_MEMORY, "no memory for the TURN server's file");
	const struct child_config child = {
		.program = "/usr/bin/turnserver", .package = "coturn", .user = "turnserver",
		.arguments = arguments, .file = file.data, .file_len = file.len,
	};

	if (r == 0)
		r = child_new(&d->loop, &child, &t->server, err);
	buf_fini_secret(&file);
	return r;
}

void turn_advance(struct daemon *d)
{
	struct turn *t = d->turn;
	struct mesh mesh;

	if (t && t->managed && !t->server && state_get_mesh(d->state, &mesh, NULL) == 0)
		start_server(t, d, &mesh, NULL);
}

bool turn_serves(const struct turn *t)
{
	return t && t->server && child_runs(t->server);
}

/* ---- all of it ---- */

static int set_up(struct turn *t, const struct settings *s, struct error *err)
{
	t->managed = is_mode(s, "managed");
	t->at = t->managed ? (struct endpoint){ managed_address(s), s->turn_port }
			   : s->turn_server.at;
	return t->managed ? make_secret(t->secret, err)
			  : read_secret(s->turn_secret_file, t->secret, err);
}

int turn_new(struct daemon *d, struct turn **ret, struct error *err)
{
	struct turn *t;
	int r = turn_check(&d->settings, err);

	if (r < 0 || is_mode(&d->settings, "off"))
		return r;
	t = calloc(1, sizeof(*t));
	if (!t)
		return error_set(err, ERR_MEMORY, "no memory for TURN");
	r = set_up(t, &d->settings, err);
	if (r < 0)
		turn_free(t);
	else
		*ret = t;
	return r;
}

void turn_free(struct turn *t)
{
	if (!t)
		return;
	child_free(t->server);
	wipe(t->secret, sizeof(t->secret));
	free(t);
}

/* The name says nothing of who it is for: servers log it. */
int turn_login(const struct turn *t, struct turn_server *ret, struct error *err)
{
	struct turn_server server = { 0 };
	uint8_t bytes[NAME_BYTES];
	char name[2 * NAME_BYTES + 1];
	int r = 0;

	if (t && (!t->managed || turn_serves(t))) {
		server.at = t->at;
		r = random_bytes(bytes, sizeof(bytes), err);
		if (r == 0)
			r = turn_login_make(t->secret, daemon_now() / 1000000000 + TURN_LOGIN_SECONDS,
					    hex_format(bytes, sizeof(bytes), name), &server, err);
	}
	if (r == 0)
		*ret = server;
	wipe(&server, sizeof(server));
	return r;
}
