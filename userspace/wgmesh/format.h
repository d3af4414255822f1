/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and flags as people read them. */
#ifndef WGMESH_WGMESH_FORMAT_H
#define WGMESH_WGMESH_FORMAT_H

#include <stddef.h>
#include <stdint.h>

struct wg_peer;

enum { FORMAT_MAX = 96 };	/* bytes that every formatter below needs at most */

/* "1.25 MiB" */
char *format_bytes(uint64_t bytes, char out[FORMAT_MAX]);
/* "2 days, 3 hours ago"; "never" for 0.  Nanoseconds since 1970; what is yet to come is "now". */
char *format_ago(uint64_t when, uint64_t now, char out[FORMAT_MAX]);
/* "egress,doorman"; @none when no bit is set; unknown bits as a number. */
char *format_flags(uint32_t flags, const char *const *names, size_t count, const char *none,
		   char out[FORMAT_MAX]);

char *format_mesh_flags(uint32_t flags, const char *none, char out[FORMAT_MAX]);
char *format_mesh_features(uint32_t features, const char *none, char out[FORMAT_MAX]);
char *format_peer_flags(uint32_t flags, const char *none, char out[FORMAT_MAX]);
/* 24 hexadecimal digits; @none when the peer has no floor. */
const char *format_floor(const struct wg_peer *peer, const char *none, char out[FORMAT_MAX]);
const char *format_state(uint32_t state);	/* "unknown" for what is newer than we are */

uint64_t now_realtime(void);	/* ns since 1970 */

#endif
