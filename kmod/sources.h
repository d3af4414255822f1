/* SPDX-License-Identifier: GPL-2.0 */
/* The addresses of all peers of a table, as a filter that fits into two bytes for each: it
 * knows every one of them, and one or two of a hundred others.  It is made when there is a
 * flood, and says who comes first.
 */
#ifndef _WGM_SOURCES_H
#define _WGM_SOURCES_H

#include <linux/types.h>

struct wgm_endpoint;
struct wgm_sources;
struct wgm_table;

/* As the table is now; NULL without memory.  Table's lock held. */
struct wgm_sources *wgm_sources_new(struct wgm_table *table);

/* After an RCU grace period; takes NULL. */
void wgm_sources_free(struct wgm_sources *sources);

/* Under RCU; takes NULL, which has none. */
bool wgm_sources_have(const struct wgm_sources *sources, const struct wgm_endpoint *endpoint);

#endif /* _WGM_SOURCES_H */
