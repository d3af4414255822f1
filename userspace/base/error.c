// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -(int)kind;
	err->kind = kind;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -(int)kind;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	char old[ERROR_TEXT_MAX];
	va_list args;
	int n;

	if (!err)
		return -(int)ERR_INTERNAL;
	memcpy(old, err->text, sizeof(old));
	va_start(args, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - n, ": %s", old);
	return -(int)err->kind;
}

static enum error_kind kind_of_errno(int e)
{
	switch (e) {
	case EINVAL: case ERANGE: case EMSGSIZE: case EBADMSG:
		return ERR_INVALID;
	case ENOENT: case ENODEV: case ESRCH: case EADDRNOTAVAIL:
		return ERR_NOT_FOUND;
	case EEXIST: case EADDRINUSE:
		return ERR_EXISTS;
	case EPERM: case EACCES:
		return ERR_DENIED;
	case ESTALE: case EBUSY:
		return ERR_PRECONDITION;
	case EAGAIN: case ECONNREFUSED: case ECONNRESET: case EHOSTUNREACH:
	case ENETUNREACH: case EPIPE:
		return ERR_UNAVAILABLE;
	case ENOSPC: case EMFILE: case ENFILE: case ENOBUFS: case E2BIG:
		return ERR_EXHAUSTED;
	case ETIMEDOUT:
		return ERR_DEADLINE;
	case EOPNOTSUPP: case ENOSYS: case EAFNOSUPPORT: case EPROTONOSUPPORT:
		return ERR_UNSUPPORTED;
	case ENOMEM:
		return ERR_MEMORY;
	default:
		return ERR_IO;
	}
}

int error_errno(struct error *err, int sys_errno, const char *fmt, ...)
{
	enum error_kind kind = kind_of_errno(sys_errno);
	va_list args;
	int n;

	if (!err)
		return -(int)kind;
	err->kind = kind;
	va_start(args, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - n, ": %s", strerror(sys_errno));
	return -(int)kind;
}

const char *error_kind_name(enum error_kind kind)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_INVALID] = "invalid",
		[ERR_NOT_FOUND] = "not-found",
		[ERR_EXISTS] = "exists",
		[ERR_DENIED] = "denied",
		[ERR_UNAUTHENTICATED] = "unauthenticated",
		[ERR_PRECONDITION] = "precondition",
		[ERR_UNAVAILABLE] = "unavailable",
		[ERR_EXHAUSTED] = "exhausted",
		[ERR_DEADLINE] = "deadline",
		[ERR_UNSUPPORTED] = "unsupported",
		[ERR_CORRUPT] = "corrupt",
		[ERR_IO] = "io",
		[ERR_MEMORY] = "memory",
		[ERR_INTERNAL] = "internal",
	};

	if ((unsigned int)kind >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[kind];
}
