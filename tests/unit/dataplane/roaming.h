/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WGMESH_TESTS_DATAPLANE_ROAMING_H
#define WGMESH_TESTS_DATAPLANE_ROAMING_H

/*
 * Two devices of @backend, "wgta" and "wgtb", talk over the loopback, which is up; the second
 * learns the first one's endpoint.  Adopting the second keeps session and endpoint, and an
 * endpoint that the operator changes counts all the same.  Both devices stay.
 */
void roaming_test(const char *backend);

#endif
