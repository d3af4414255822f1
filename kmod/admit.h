/* SPDX-License-Identifier: GPL-2.0 */
/* The doorman's worker: who sends an initiation, and may it come in?
 *
 * It runs on a queue of its own: whoever has a peer in WireGuard does not wait for rtnl
 * or for other peers' activations to shake hands with it.
 */
#ifndef _WGM_ADMIT_H
#define _WGM_ADMIT_H

struct wgm_mesh;
struct wgm_peer;
struct work_struct;

/* Opens the next visitors, and lets in those whose peers are active. */
void wgm_admit(struct work_struct *work);

/* We are about to send the peer an initiation of our own: for a second it is the public
 * keys that decide whose of two that cross is answered.  Table's lock held.
 */
void wgm_admit_note_call(struct wgm_mesh *mesh, struct wgm_peer *peer);

#endif /* _WGM_ADMIT_H */
