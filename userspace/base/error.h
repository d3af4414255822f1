/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: what went wrong, said once, where it happened.
 *
 * A fallible function returns 0 or a negative `enum error_kind`, takes an
 * optional `struct error *` as its last argument, and leaves its other
 * out-parameters (named ret_*) untouched on failure.  The text names the
 * object, the cause and the remedy; libraries never log.
 */
#ifndef WGMESH_BASE_ERROR_H
#define WGMESH_BASE_ERROR_H

#include <stdarg.h>

enum error_kind {
	ERR_NONE = 0,
	ERR_INVALID,		/* the input is wrong, whatever the state */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_DENIED,		/* identity known, right missing */
	ERR_UNAUTHENTICATED,	/* no identity, or not one of ours */
	ERR_PRECONDITION,	/* right call, wrong moment or place */
	ERR_UNAVAILABLE,	/* the same call may succeed later */
	ERR_EXHAUSTED,		/* a bound is reached */
	ERR_DEADLINE,
	ERR_UNSUPPORTED,	/* this host or build cannot */
	ERR_CORRUPT,		/* stored data is not what was stored */
	ERR_IO,
	ERR_MEMORY,
	ERR_INTERNAL,		/* a bug of ours */
};

enum { ERROR_TEXT_MAX = 384 };	/* bytes with the final NUL; longer texts are cut */

struct error {
	enum error_kind kind;
	char text[ERROR_TEXT_MAX];
};

/* Fill @err (may be NULL) and return -@kind. */
int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "PREFIX: " before the text of @err (may be NULL); returns -kind. */
int error_prefix(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Like error_set(), with ": strerror(@sys_errno)" behind and the kind that fits it. */
int error_errno(struct error *err, int sys_errno, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Lower-case word for @kind, such as "not-found"; never NULL. */
const char *error_kind_name(enum error_kind kind);

#endif
