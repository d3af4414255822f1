// SPDX-License-Identifier: Apache-2.0
#include "rpc/cause.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *theirs, *ours;
} words[] = {
	{ "Verify peer callback", "the server there is another node than expected" },
	{ "is not in peer certificate", "the certificate there is no server's of a mesh" },
	{ "certificate verify failed",
	  "the certificate there is not signed by this mesh's CA, or is not valid now" },
	{ "wrong version number", "the server there does not speak TLS" },
	{ "Deadline Exceeded", "no answer in time" },
	{ "CANCELLED", "the call was cancelled" },
};

/* "failed to connect to all addresses; last error: UNKNOWN: ipv4:192.0.2.1:8443: CAUSE" */
static const char *skip_preamble(const char *text)
{
	static const char preamble[] = "failed to connect to all addresses; last error: ";
	const char *address, *cause;

	if (strncmp(text, preamble, sizeof(preamble) - 1))
		return text;
	address = strstr(text + sizeof(preamble) - 1, ": ");
	cause = address ? strstr(address + 2, ": ") : NULL;
	return cause ? cause + 2 : text;
}

const char *rpc_cause(const char *text)
{
	const char *cause = skip_preamble(text);
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(cause, words[i].theirs))
			return words[i].ours;
	return cause;
}
