/* SPDX-License-Identifier: Apache-2.0 */
/* All checks of `wmctl doctor`; the bundle has them too. */
#ifndef WGMESH_WMCTL_DOCTOR_H
#define WGMESH_WMCTL_DOCTOR_H

#include "wmctl/findings.h"
#include "wmctl/session.h"

/* @s is chosen and not open.  What cannot be asked is a finding, never an error. */
void doctor_run(struct session *s, struct findings *f);

#endif
