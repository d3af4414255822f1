/* SPDX-License-Identifier: Apache-2.0 */
/* ICE candidates as their attribute says them (RFC 8839, 5.1): pure.  Any thread. */
#ifndef WGMESH_RTC_CANDIDATE_H
#define WGMESH_RTC_CANDIDATE_H

#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

enum {
	CANDIDATE_FOUNDATION_MAX = 32,
	CANDIDATE_TEXT_MAX = 256,	/* bytes of a formatted one with the final NUL */
	CANDIDATE_LINE_MAX = 512,	/* bytes of one that is parsed */
};

enum candidate_type { CANDIDATE_HOST, CANDIDATE_SRFLX, CANDIDATE_PRFLX, CANDIDATE_RELAY };

/* Component 1, UDP: data channels have no other. */
struct candidate {
	char foundation[CANDIDATE_FOUNDATION_MAX + 1];
	uint32_t priority;		/* 1 … 2^31 - 1 */
	struct endpoint at;
	enum candidate_type type;
	struct endpoint related;	/* AF_UNSPEC: none told */
};

/*
 * "candidate:…", also behind "a=".  ERR_INVALID: malformed.  ERR_UNSUPPORTED: in order, but of
 * no use here: TCP, another component, or a name instead of an address.  Browsers
 * hide their addresses behind names of mDNS; the other side of such a pair is found as
 * peer-reflexive once their checks come.
 */
int candidate_parse(const char *text, struct candidate *ret, struct error *err);

/* Without "a="; returns @out. */
char *candidate_format(const struct candidate *c, char out[CANDIDATE_TEXT_MAX]);

/* "host", "srflx", "prflx" or "relay". */
const char *candidate_type_name(enum candidate_type type);

#endif
