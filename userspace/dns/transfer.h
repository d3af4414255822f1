/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of a zone, message by message (AXFR, RFC 5936): it is that of the question's moment, however long
 * it takes and whatever changes meanwhile.  One thread at a time.
 */
#ifndef WGMESH_DNS_TRANSFER_H
#define WGMESH_DNS_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

enum { TRANSFER_MESSAGE_MAX = 16384 /* bytes: as far as names can be compressed (RFC 1035, 4.1.4) */ };

struct transfer;

/* Into @out, which has room for TRANSFER_MESSAGE_MAX; returns the length, or 0: that was all. */
size_t transfer_next(struct transfer *transfer, uint8_t *out);
void transfer_free(struct transfer *transfer);	/* NULL is fine */

#endif
