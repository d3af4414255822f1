/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to dataplane/: what each backend does for dataplane.c. */
#ifndef WGMESH_DATAPLANE_BACKEND_H
#define WGMESH_DATAPLANE_BACKEND_H

#include "dataplane/dataplane.h"
#include "netlink/link.h"

struct backend;		/* each backend's own */

struct backend_ops {
	const char *name;
	bool lazy;	/* can be; see enum dataplane_lazy */
	bool flat;	/* holds one peer per prefix: it is given those of metric 0 only */

	/* Makes the device or adopts it, and sets it up.  @link outlives the backend. */
	int (*open)(const struct dataplane_config *config, struct link_client *link,
		    struct backend **ret, struct error *err);
	void (*close)(struct backend *b);
	/* Peers and device go; @b is still to be closed. */
	int (*remove)(struct backend *b, struct error *err);

	/* Every peer that the device has. */
	int (*list)(struct backend *b, wg_peer_fn *fn, void *data, struct error *err);
	/* Those that WireGuard holds; NULL: it holds every one. */
	int (*list_active)(struct backend *b, wg_peer_fn *fn, void *data, struct error *err);
	/*
	 * @wanted is the whole set that @diff leads to.  @replace: what is there is
	 * not known, @diff adds everything, and what it does not add has to go.
	 * ERR_PRECONDITION: somebody else changed the device since the last list.
	 */
	int (*apply)(struct backend *b, const struct peer_diff *diff,
		     const struct peer_set *wanted, bool replace, struct error *err);
	/* Fills what is cheaper or better known than by counting the list; may be NULL. */
	int (*stats)(struct backend *b, struct dataplane_stats *ret, struct error *err);
	/*
	 * What WireGuard itself says of the peers that it holds; a new key for the device; and
	 * @count steps, of one peer and fields alone, of which WireGuard takes each by itself.  Those of
	 * a peer that is not there are no error.  All may be NULL.
	 */
	int (*list_sessions)(struct backend *b, wg_peer_fn *fn, void *data, struct error *err);
	int (*set_key)(struct backend *b, const struct key *private_key, struct error *err);
	int (*call)(struct backend *b, const struct wg_peer steps[], size_t count,
		    struct error *err);
	int (*listen_port)(struct backend *b, uint16_t *ret, struct error *err);
	/* WireGuard's packets carry LINK_ANNOUNCED_MARK from now on; NULL: there are none. */
	int (*set_mark)(struct backend *b, struct error *err);
};

extern const struct backend_ops backend_mesh, backend_kernel, backend_userspace, backend_none;

#endif
