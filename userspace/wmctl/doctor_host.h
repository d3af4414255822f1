/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `wmctl doctor` looks at on the node's own machine.  @root is "" there; in tests a folder
 * with the same files.  Blocking; one thread.
 */
#ifndef WGMESH_WMCTL_DOCTOR_HOST_H
#define WGMESH_WMCTL_DOCTOR_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "wmctl/findings.h"

/* @version: of the daemon; @wanted: the module would be used if it was there. */
void host_check_module(struct findings *f, const char *root, const char *version, bool wanted);

/* The device exists, and what it sends fits into the packets of the way out. */
void host_check_mtu(struct findings *f, const char *root, const char *device);

/* @relay: others reach each other through this node. */
void host_check_forwarding(struct findings *f, const char *root, bool relay);

struct host_ports {
	uint16_t raft, grpc;	/* TCP */
	uint16_t wireguard;	/* UDP; 0: there is no data plane */
};

/* Somebody listens there. */
void host_check_ports(struct findings *f, const char *root, const struct host_ports *ports);

/* Nobody else may read what is secret. */
void host_check_state_dir(struct findings *f, const char *dir);

void host_check_disk(struct findings *f, const char *dir);

/* A TCP connection to @to within @timeout_ms. */
bool host_reaches(const struct endpoint *to, int timeout_ms);

#endif
