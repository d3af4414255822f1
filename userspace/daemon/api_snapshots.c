// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Snapshots: the state as a file, for `wmctl snapshot save`. */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/api.h"
#include "daemon/snapshots.h"
#include "ext/v1/snapshots.pb-c.h"

enum { PIECE_BYTES = 512 * 1024 };

typedef Webmesh__Ext__V1__ReadSnapshotRequest read_request;
typedef Webmesh__Ext__V1__ReadSnapshotResponse read_response;

static int read_piece(const struct snapshot_file *file, uint64_t offset, read_response *m,
		      struct error *err)
{
	uint8_t *data = malloc(PIECE_BYTES);
	ssize_t n;

	if (!data)
		return error_set(err, ERR_MEMORY, "no memory for a snapshot");
	n = pread(file->fd, data, PIECE_BYTES, (off_t)offset);
	if (n < 0) {
		free(data);
		return error_set(err, ERR_IO, "the snapshot cannot be read");
	}
	m->index = file->info.index;
	m->size = file->info.size;
	m->data.data = data;
	m->data.len = (size_t)n;
	return 0;
}

static int answer(struct daemon *d, const read_request *q, read_response *m, struct error *err)
{
	struct snapshot_file *file;
	const char *trouble;
	int r = 0;

	m->min_index = q->min_index ? q->min_index : state_store_applied(d->state);
	file = snapshots_get(replica_snapshots(d->replica), m->min_index, &trouble);
	if (!file && *trouble)
		return error_set(err, ERR_UNAVAILABLE, "no snapshot: %.300s", trouble);
	if (q->index && (!file || file->info.index != q->index))
		r = error_set(err, ERR_UNAVAILABLE, "the snapshot of entry %lu is gone: begin anew",
			      (unsigned long)q->index);
	else if (file)
		r = read_piece(file, q->offset, m, err);
	snapshot_file_put(file);
	return r;
}

void api_read_snapshot(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	read_response m = WEBMESH__EXT__V1__READ_SNAPSHOT_RESPONSE__INIT;
	const read_request *q = (const read_request *)request;
	struct error err = { 0 };

	if (answer(user, q, &m, &err) < 0) {
		rpc_fail(call, &err);
		return;
	}
	if (m.index && q->offset == 0)
		api_audit(call, "snapshot-read", "state", &err);
	rpc_reply(call, &m.base);
	free(m.data.data);
}
