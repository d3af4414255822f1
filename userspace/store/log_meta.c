// SPDX-License-Identifier: Apache-2.0
/* The one row that tells what the log should be, and the server's hard state. */
#include "base/buf.h"
#include "base/crc32c.h"
#include "store/log_internal.h"

static void meta_fields(const struct log_meta *m, uint64_t f[6])
{
	f[0] = m->hard.term;
	f[1] = m->hard.vote;
	f[2] = m->hard.commit;
	f[3] = m->base_index;
	f[4] = m->base_term;
	f[5] = m->last_index;
}

static uint32_t meta_crc(const uint64_t f[6])
{
	uint8_t bytes[48];

	for (int i = 0; i < 6; i++)
		store_u64(bytes + 8 * i, f[i]);
	return crc32c(0, bytes, sizeof(bytes));
}

int log_meta_write(struct log_store *log, const struct log_meta *m, struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[LOG_SET_META];
	uint64_t f[6];

	meta_fields(m, f);
	for (int i = 0; i < 6; i++)
		sqlite3_bind_int64(stmt, i + 1, (int64_t)f[i]);
	sqlite3_bind_int64(stmt, 7, meta_crc(f));
	return db_run(&log->db, stmt, err);
}

int log_meta_read(struct log_store *log, struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[LOG_GET_META];
	int r = db_step(&log->db, stmt, err);
	uint64_t f[6];
	uint32_t crc;

	if (r < 0)
		return r;
	if (r == 0)
		return log_corrupt(log, err, "the hard state is missing", 0);
	for (int i = 0; i < 6; i++)
		f[i] = (uint64_t)sqlite3_column_int64(stmt, i);
	crc = (uint32_t)sqlite3_column_int64(stmt, 6);
	db_done(stmt);
	if (crc != meta_crc(f))
		return log_corrupt(log, err, "the hard state's checksum does not match", 0);
	log->meta = (struct log_meta){
		.hard = { .term = f[0], .vote = f[1], .commit = f[2] },
		.base_index = f[3], .base_term = f[4], .last_index = f[5],
	};
	return 0;
}

