/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of sessions that are data channels and nothing else (RFC 8866,
 * 8839, 8841), and the JSON in which WebRTC carries them: pure, bounded.
 * Any thread.
 */
#ifndef WGMESH_RTC_SDP_H
#define WGMESH_RTC_SDP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "rtc/candidate.h"

enum {
	SDP_TEXT_MAX = 32 * 1024,	/* bytes of a description, in JSON too */
	SDP_CANDIDATES_MAX = 32,	/* of one description; those beyond are ignored */
	SDP_MID_MAX = 32,
	SDP_CREDENTIAL_MAX = 256,	/* RFC 8839, 5.4 */
	/* RFC 8841, 6.1: what a peer takes that does not say. */
	SDP_MESSAGE_SIZE_DEFAULT = 64 * 1024,
};

enum sdp_type { SDP_OFFER, SDP_ANSWER };
enum sdp_setup { SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE };

struct sdp {
	char mid[SDP_MID_MAX + 1];
	char ufrag[SDP_CREDENTIAL_MAX + 1];
	char pwd[SDP_CREDENTIAL_MAX + 1];
	uint8_t fingerprint[SHA256_BYTES];
	enum sdp_setup setup;
	uint16_t sctp_port;
	uint32_t message_max;		/* bytes; 0: any */
	unsigned int version;		/* of ours: 0 for the first, more with each that follows */
	size_t candidate_count;
	struct candidate candidates[SDP_CANDIDATES_MAX];
};

/*
 * ERR_INVALID, with the attribute at fault: not exactly one section of data channels, no
 * credentials, no SHA-256 fingerprint, no role.  Unknown attributes and candidates of no use are
 * passed over.
 */
int sdp_parse(const char *text, struct sdp *ret, struct error *err);
void sdp_format(const struct sdp *s, struct buf *out);

/* {"type":"answer","sdp":"…"}; ERR_INVALID also when it is of another @type. */
int sdp_parse_json(const char *json, enum sdp_type type, struct sdp *ret, struct error *err);
/* NULL without memory; for free(). */
char *sdp_format_json(const struct sdp *s, enum sdp_type type);

#endif
