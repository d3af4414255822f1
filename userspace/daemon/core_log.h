/* SPDX-License-Identifier: Apache-2.0 */
/* The log on disk, as the Raft core reads it.  Owner thread. */
#ifndef WGMESH_DAEMON_CORE_LOG_H
#define WGMESH_DAEMON_CORE_LOG_H

#include "daemon/log_writer.h"
#include "raft/raft.h"

/* For raft_new(); @writer must outlive the core. */
struct raft_log_reader core_log_reader(struct log_writer *writer);

/* Points to what @entry has. */
struct log_entry core_log_entry(const struct raft_entry *entry);

#endif
