// SPDX-License-Identifier: Apache-2.0
/* raft: the membership in an entry.  One value has one encoding. */
#include "fuzz.h"

#include "raft/configuration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct raft_configuration c;
	struct buf out = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);

	if (raft_configuration_decode(data, size, &c, NULL))
		return 0;
	must(c.count <= RAFT_SERVERS_MAX && raft_configuration_voters(&c) > 0);
	must(!raft_configuration_encode(&c, &out, NULL));
	must(out.len == size && memcmp(out.data, data, size) == 0);
	buf_fini(&out);
	return 0;
}
