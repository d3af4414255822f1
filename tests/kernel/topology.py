# SPDX-License-Identifier: Apache-2.0
"""Namespaces and WireGuard devices for the kernel tests.

    device()            one namespace with an idle device wg0: for what only the table needs

    pair()              wga                       wgb
                        veth0 192.0.2.1 --------- veth0 192.0.2.2
                        wg0   10.1.0.1            wg0   10.1.0.2
                              fd00:1::1                 fd00:1::2
                              :51820                    :51820

    star(n)             wga in the middle, wgb, wgc, … each with a link of its own
"""
import base64
import os
import tempfile

from handshake import Pair
from peer import Client, Mesh, endpoint, flags, peer
from testing import attempt, defer, ip, ns_add, sh, wait_until


def b64(key):
    return base64.b64encode(key).decode()


def unb64(text):
    return base64.b64decode(text)


class Keys:
    """A private key in a file, as wg wants it, and the public one."""

    def __init__(self):
        pair = Pair()
        self.private, self.public = pair.private, pair.public
        handle, self.path = tempfile.mkstemp(prefix="wg-key-")
        defer(os.unlink, self.path)
        with os.fdopen(handle, "w") as file:
            file.write(b64(self.private))


def load_module():
    """Makes sure that the module is there, and gone after the test."""
    if not os.path.exists("/sys/module/wgmesh"):
        if not os.path.exists("/sys/module/wireguard"):
            sh("modprobe wireguard")
        sh("insmod " + os.environ["WGMESH_KO"])
    defer(unload_module)


def load_selftest():
    """The module for tests; WireGuard must be there already."""
    sh("insmod " + os.path.dirname(os.environ["WGMESH_KO"]) + "/wgmesh_selftest.ko")
    defer(sh, "rmmod wgmesh_selftest")


def wireguard_refuses(key):
    """WireGuard refuses every message about the peer from now on; of None it refuses nothing."""
    with open("/sys/kernel/debug/wgmesh_selftest/refuse", "wb", buffering=0) as file:
        file.write(key or b"-")


def unload_module():
    if os.path.exists("/sys/module/wgmesh"):
        sh("rmmod wgmesh")


# Of devices that never talk: making a key of their own takes longer than the rest of a test.
IDLE_KEY = "IEvNk/W6pk7iy8LMz91AmFvQCePoAiEmWS5nHRT6OHM=\n"


def device(ns="wga", name="wg0", port=0):
    """A namespace with an idle WireGuard device; the namespace's name."""
    if not os.path.exists("/run/netns/" + ns):
        ns_add(ns)
    add_device(ns, name, port)
    return ns


def add_device(ns, name, port, key_path="/dev/stdin"):
    ip(ns, "link add %s type wireguard" % name)
    sh("wg set %s private-key %s listen-port %d" % (name, key_path, port), ns=ns, stdin=IDLE_KEY)
    ip(ns, "link set %s up" % name)


def fresh(**limits):
    """The module, an idle device, and its new mesh table when limits are given."""
    load_module()
    mesh = Mesh(Client(device()), "wg0")
    if limits:
        mesh.new(**limits)
    return mesh


class Node:
    """A namespace with wg0 and an underlay link to every neighbour."""

    def __init__(self, letter, number):
        self.ns = "wg" + letter
        self.number = number
        self.keys = Keys()
        self.inner4 = "10.1.0.%d" % number
        self.inner6 = "fd00:1::%d" % number
        ns_add(self.ns, "link add wg0 type wireguard",
               "address add %s/16 dev wg0" % self.inner4,
               "address add %s/64 dev wg0 nodad" % self.inner6)
        sh("wg set wg0 private-key %s listen-port 51820" % self.keys.path, ns=self.ns)

    @property
    def public(self):
        return self.keys.public

    def own(self, prefix):
        """Lets the node answer for a prefix's first address."""
        sh("ip -n %s address add %s dev lo" % (self.ns, prefix))

    def route(self, prefix):
        sh("ip -n %s route add %s dev wg0" % (self.ns, prefix))

    def wg(self):
        return wg_peers(self.ns)


def star(count=2):
    """Nodes, the first one in the middle; node.outer and middle.outers tell the underlay."""
    nodes = [Node("abcdefgh"[i], i + 1) for i in range(count)]
    middle = nodes[0]
    middle.outers = {}
    for leaf in nodes[1:]:
        link = "link%d" % leaf.number
        near, leaf.outer = "192.0.%d.1" % leaf.number, "192.0.%d.2" % leaf.number
        leaf.middle = near
        ip(middle.ns, "link add %s type veth peer name veth0 netns %s" % (link, leaf.ns),
           "address add %s/24 dev %s" % (near, link), "link set %s up" % link)
        ip(leaf.ns, "address add %s/24 dev veth0" % leaf.outer, "link set veth0 up",
           "link set wg0 up")
    ip(middle.ns, "link set wg0 up")
    return nodes


def pair():
    return star(2)


def pair_v6():
    """The same, and the underlay has IPv6 addresses only: 2001:db8::1 and ::2."""
    a, b = pair()
    for node, link, number in ((a, "link2", 1), (b, "veth0", 2)):
        ip(node.ns, "address flush dev %s to 0.0.0.0/0" % link,
           "address add 2001:db8::%d/64 dev %s nodad" % (number, link))
    b.middle, b.outer = "2001:db8::1", "2001:db8::2"
    return a, b


def lazy_mesh(node, other=None, outer=None, **values):
    """A lazy mesh, with another node as a dormant peer."""
    mesh = Mesh(Client(node.ns), "wg0")
    limits = {name: values.pop(name) for name in ("active_max", "idle_timeout") if name in values}
    mesh.new(flags=flags("lazy"), **limits)
    if other:
        mesh.apply(peer(other.public, other.inner4 + "/32", other.inner6 + "/128",
                        endpoint=endpoint(outer, 51820), **values))
    mesh.settled()
    return mesh


def lazy_pair(make=pair, **values):
    """(a, b, mesh of a, mesh of b): each is a dormant peer of the other."""
    load_module()
    a, b = make()
    return a, b, lazy_mesh(a, b, b.outer, **values), lazy_mesh(b, a, b.middle, **values)


def wg_peers(ns, name="wg0"):
    """{public key: what `wg show` tells}."""
    found = {}
    for line in sh("wg show %s dump" % name, ns=ns).splitlines()[1:]:
        public, psk, endpoint, allowed, handshake, rx, tx, keepalive = line.split("\t")
        found[unb64(public)] = {
            "psk": None if psk == "(none)" else unb64(psk),
            "endpoint": None if endpoint == "(none)" else endpoint,
            "allowed": set() if allowed == "(none)" else set(allowed.split(",")),
            "handshake": int(handshake), "rx": int(rx), "tx": int(tx),
            "keepalive": 0 if keepalive == "off" else int(keepalive)}
    return found


def wg_table(ns, name="wg0"):
    return {key: peer["allowed"] for key, peer in wg_peers(ns, name).items()}


def peer_by_wg(node, other, allowed, endpoint=None):
    """Makes `other` a peer of `node` without the module."""
    command = "wg set wg0 peer %s allowed-ips %s" % (b64(other.public), ",".join(allowed))
    sh(command + (" endpoint %s:51820" % endpoint if endpoint else ""), ns=node.ns)


def ping(node, target, count=3):
    sh("ping -n -q -i 0.2 -W 5 -c %d %s" % (count, target), ns=node.ns)


def reachable(node, target, seconds=20):
    """Waits for the first handshake."""
    wait_until(seconds, lambda: attempt("ping -n -q -W 1 -c 1 " + target, ns=node.ns)[0] == 0,
               "%s reaches %s" % (node.ns, target))
