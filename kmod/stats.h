/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a mesh since it was made; gauges are read from the table. */
#ifndef _WGM_STATS_H
#define _WGM_STATS_H

#include <linux/atomic.h>

struct wgm_stats {
	atomic64_t batches;
	atomic64_t batches_refused;
	atomic64_t transactions_dropped;
	atomic64_t wg_messages;
	atomic64_t wg_updates;
	atomic64_t wg_removals;
	atomic64_t wg_errors;
	atomic64_t wg_retries;
	atomic64_t activated;
	atomic64_t deferred;
	atomic64_t evicted;
	atomic64_t events_suppressed;
};

#endif /* _WGM_STATS_H */
