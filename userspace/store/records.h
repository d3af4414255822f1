/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the replicated state that are not nodes or settings.  Plain values. */
#ifndef WGMESH_STORE_RECORDS_H
#define WGMESH_STORE_RECORDS_H

#include <stdbool.h>

#include "model/node.h"

enum {
	TOKEN_RECORD_ID_MAX = 63,		/* characters */
	TOKEN_RECORD_HASH = 32,		/* bytes: SHA-256 of the secret */
	CERTIFICATE_SERIAL_MAX = 40,	/* hexadecimal digits (RFC 5280: 20 bytes) */
	MEMBER_ADDRESS_MAX = 127,	/* characters */
};

/* What is kept of a join token (crypto/token.h).  The secret itself is nowhere stored. */
struct token_record {
	char id[TOKEN_RECORD_ID_MAX + 1];
	uint8_t secret_hash[TOKEN_RECORD_HASH];
	enum node_role role;	/* the most that it lets in */
	uint32_t uses_left;
	int64_t expires_at;	/* ns since the epoch */
	bool revoked;
};

/* A certificate that the mesh's CA has issued. */
struct certificate {
	char serial[CERTIFICATE_SERIAL_MAX + 1];
	char node_id[NODE_ID_MAX + 1];
	enum node_role role;	/* the most that the token, or the founding, granted */
	int64_t expires_at;
	bool revoked;
};

/* A node that is to change its WireGuard key. */
struct rotation_record {
	char node_id[NODE_ID_MAX + 1];
	struct key current;	/* as in the node's row */
	struct key next;	/* zero: not announced yet */
	int64_t asked_at;	/* by an operator, ns since the epoch; 0: not */
	int64_t announced_at;
};

/* A node that is taken out of the mesh when it was not heard of for a while. */
struct guest_record {
	char node_id[NODE_ID_MAX + 1];
	uint32_t seconds;	/* 1 and more */
	int64_t joined_at;	/* the last time, ns since the epoch */
};

/* A certificate of an administrator that the mesh has issued, or has been told not to believe. */
struct admin_record {
	char name[NODE_ID_MAX + 1];
	char serial[CERTIFICATE_SERIAL_MAX + 1];	/* "": all of that name */
	int64_t expires_at;	/* ns since the epoch; 0: not known, or never */
	bool revoked;
};

/* A server of the Raft group and where it is reached; may change without a membership change. */
struct member {
	uint64_t server_id;	/* 1 to 2^63-1; never used again for another server */
	char node_id[NODE_ID_MAX + 1];
	char address[MEMBER_ADDRESS_MAX + 1];	/* host:port on the mesh */
};

#endif
