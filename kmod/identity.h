/* SPDX-License-Identifier: GPL-2.0 */
/* A device's own key and port.  WireGuard tells nobody when they change: so they are read
 * when the device comes up, once in a while, and when somebody writes to a key that is not
 * the one that is known.
 */
#ifndef _WGM_IDENTITY_H
#define _WGM_IDENTITY_H

struct wgm_mesh;

/* Has them read soon, at most once in a second.  Any context but hard interrupts. */
void wgm_identity_suspect(struct wgm_mesh *mesh);

/* Reads them when somebody wants it or it is time to.  Errors as of wgm_wg_read_device().
 * Worker only.
 */
int wgm_identity_read(struct wgm_mesh *mesh);

#endif /* _WGM_IDENTITY_H */
