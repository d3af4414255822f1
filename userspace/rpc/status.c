// SPDX-License-Identifier: Apache-2.0
#include "rpc/status.h"

#include <grpc/status.h>

static const struct {
	enum error_kind kind;
	grpc_status_code status;
} table[] = {
	/* The first row with a kind is how we say it; further ones are how others do. */
	{ ERR_NONE,		GRPC_STATUS_OK },
	{ ERR_INVALID,		GRPC_STATUS_INVALID_ARGUMENT },
	{ ERR_INVALID,		GRPC_STATUS_OUT_OF_RANGE },
	{ ERR_NOT_FOUND,	GRPC_STATUS_NOT_FOUND },
	{ ERR_EXISTS,		GRPC_STATUS_ALREADY_EXISTS },
	{ ERR_DENIED,		GRPC_STATUS_PERMISSION_DENIED },
	{ ERR_UNAUTHENTICATED,	GRPC_STATUS_UNAUTHENTICATED },
	{ ERR_PRECONDITION,	GRPC_STATUS_FAILED_PRECONDITION },
	{ ERR_PRECONDITION,	GRPC_STATUS_ABORTED },
	{ ERR_UNAVAILABLE,	GRPC_STATUS_UNAVAILABLE },
	{ ERR_UNAVAILABLE,	GRPC_STATUS_CANCELLED },
	{ ERR_EXHAUSTED,	GRPC_STATUS_RESOURCE_EXHAUSTED },
	{ ERR_DEADLINE,		GRPC_STATUS_DEADLINE_EXCEEDED },
	{ ERR_UNSUPPORTED,	GRPC_STATUS_UNIMPLEMENTED },
	{ ERR_CORRUPT,		GRPC_STATUS_DATA_LOSS },
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };

int rpc_status_of(enum error_kind kind)
{
	int i;

	for (i = 0; i < ROWS; i++)
		if (table[i].kind == kind)
			return table[i].status;
	return GRPC_STATUS_INTERNAL;
}

enum error_kind rpc_status_kind(int status)
{
	int i;

	for (i = 0; i < ROWS; i++)
		if ((int)table[i].status == status)
			return table[i].kind;
	return ERR_INTERNAL;
}
