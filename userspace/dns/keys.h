/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of those who may have a whole zone (TSIG, RFC 8945).  They are secrets: wiped when they go.
 * Unchanging once parsed; any thread.
 */
#ifndef WGMESH_DNS_KEYS_H
#define WGMESH_DNS_KEYS_H

#include "base/error.h"

enum { DNS_KEYS_MAX = 16, DNS_KEYS_TEXT_MAX = 8192 /* bytes of a file of them */ };

struct dns_keys;

/*
 * A key in a line, as kdig(1) takes it: ALGORITHM:NAME:SECRET, such as hmac-sha256:backup:c2VjcmV0; lines
 * that are empty or begin with # are none.  HMAC-MD5 and HMAC-SHA1 are refused.  ERR_INVALID names the
 * line, and nothing of what is in it.
 */
int dns_keys_parse(const char *text, struct dns_keys **ret, struct error *err);
unsigned int dns_keys_count(const struct dns_keys *keys);
void dns_keys_free(struct dns_keys *keys);	/* NULL is fine */

#endif
