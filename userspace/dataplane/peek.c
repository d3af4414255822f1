// SPDX-License-Identifier: Apache-2.0
#include "dataplane/peek.h"

#include <string.h>

#include "dataplane/device.h"
#include "dataplane/found.h"
#include "dataplane/uapi.h"
#include "dataplane/wireguard_go.h"

struct peeking {
	struct dataplane_peek *out;
	uint64_t now;
	wg_peer_fn *fn;
	void *data;
};

static int note(void *data, const struct wg_peer *peer)
{
	struct peeking *p = data;
	struct wg_peer copy;

	p->out->peers_known++;
	p->out->peers_active += found_active(peer->last_handshake, p->now);
	if (!p->fn)
		return 0;
	copy = *peer;
	key_wipe(&copy.preshared_key);
	copy.fields &= ~(uint32_t)WG_PEER_PRESHARED_KEY;
	return p->fn(p->data, &copy);
}

static int peek_wireguard(struct peeking *p, const char *ifname, struct error *err)
{
	struct wg_client *wg;
	int r = wg_client_open(&wg, err);

	if (r)
		return r;
	r = device_listen_port(wg, ifname, &p->out->listen_port, err);
	if (!r)
		r = wg_peer_list(wg, ifname, note, p, err);
	wg_client_close(wg);
	return r;
}

static int peek_module(struct peeking *p, const char *ifname, struct error *err)
{
	struct mesh_client *mesh;
	int r = mesh_client_open(&mesh, err);

	if (r)
		return r;
	r = mesh_stats_get(mesh, ifname, &p->out->module, err);
	mesh_client_close(mesh);
	p->out->has_module = !r;
	return r;
}

static int peek_userspace(struct peeking *p, const char *ifname, struct error *err)
{
	char path[WIREGUARD_GO_PATH_MAX];
	struct wg_device device;
	int r;

	wireguard_go_socket(ifname, path);
	r = uapi_get(path, note, p, &device, err);
	if (r)
		return r;
	key_wipe(&device.private_key);
	p->out->listen_port = device.listen_port;
	return 0;
}

static int peek_mesh(struct peeking *p, const char *ifname, struct error *err)
{
	int r = peek_wireguard(p, ifname, err);

	if (!r)
		r = peek_module(p, ifname, err);
	if (!r)
		p->out->peers_known = p->out->module.value[WGMESH_A_STATS_PEERS];
	return r;
}

int dataplane_peek(const char *backend, const char *ifname, wg_peer_fn *fn, void *data,
		   struct dataplane_peek *ret, struct error *err)
{
	struct dataplane_peek found = { 0 };
	struct peeking p = { .out = &found, .now = found_now(), .fn = fn, .data = data };
	int r = 0;

	if (strcmp(backend, "mesh") == 0)
		r = peek_mesh(&p, ifname, err);
	else if (strcmp(backend, "kernel") == 0)
		r = peek_wireguard(&p, ifname, err);
	else if (strcmp(backend, "userspace") == 0)
		r = peek_userspace(&p, ifname, err);
	if (!r)
		*ret = found;
	return r;
}
