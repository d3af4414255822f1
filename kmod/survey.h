/* SPDX-License-Identifier: GPL-2.0 */
/* A survey reads from WireGuard what it has: to adopt the peers of a device that
 * was configured before its mesh was made, to notice what others changed, and for
 * counters.
 */
#ifndef _WGM_SURVEY_H
#define _WGM_SURVEY_H

struct wgm_mesh;

/* Worker only.  Queues the peers where WireGuard and the table differ.  Errors of
 * the dump, -ENOMEM: then the rest is for the next survey.
 */
int wgm_survey(struct wgm_mesh *mesh);

#endif /* _WGM_SURVEY_H */
