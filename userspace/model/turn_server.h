/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TURN server (RFC 8656), spoken to by UDP, with what one client needs to use it, and its text:
 *
 *	turn:USER:PASSWORD@192.0.2.1:3478
 *
 * RFC 7065's URL has no place for user and password, but the API's lists of servers are texts; what
 * of the two is no plain letter is written as %3A.  Its host is an address, as in stun_list.h.  The
 * password is a secret: whoever holds a value wipes it, and errors do not quote the text.
 * Plain values; any thread.
 */
#ifndef WGMESH_MODEL_TURN_SERVER_H
#define WGMESH_MODEL_TURN_SERVER_H

#include "base/addr.h"
#include "base/error.h"

enum {
	TURN_USER_MAX = 128,		/* bytes with the NUL */
	TURN_PASSWORD_MAX = 128,
	TURN_URL_MAX = 3 * (TURN_USER_MAX + TURN_PASSWORD_MAX) + ENDPOINT_TEXT_MAX + 8,
	TURN_PORT = 3478,		/* of URLs that name none */
	TURN_PORTS_TEXT_MAX = 12,	/* "49152-65535" */
};

struct turn_server {
	struct endpoint at;		/* AF_UNSPEC: none */
	char user[TURN_USER_MAX];	/* "": not told, and so is the password */
	char password[TURN_PASSWORD_MAX];
};

/*
 * Without "USER:PASSWORD@", too, and with "?transport=udp" behind.  ERR_INVALID: not as above;
 * ERR_UNSUPPORTED: another transport.
 */
int turn_server_parse(const char *url, struct turn_server *ret, struct error *err);
/* Returns @out. */
char *turn_server_format(const struct turn_server *server, char out[TURN_URL_MAX]);

/* The ports that a server gives to its clients, both within. */
struct turn_ports {
	uint16_t first, last;
};

/* "49152-65535", or one port; ERR_INVALID: neither, or none above 1023. */
int turn_ports_parse(const char *text, struct turn_ports *ret, struct error *err);
/* Returns @out. */
char *turn_ports_format(const struct turn_ports *ports, char out[TURN_PORTS_TEXT_MAX]);

#endif
