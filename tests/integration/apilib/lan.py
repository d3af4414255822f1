# SPDX-License-Identifier: Apache-2.0
"""Networks behind nodes, for meshes with wireguard-go: apilib.network with a data plane and hosts beside.

      lan1 --- n2 ---+            hosts that know nothing of the mesh but their router
                   br0 --- n1
      lan2 --- n3 ---+
"""
import ipaddress
import itertools
import json
import os
import subprocess

from apilib.network import Network, address
from apilib.node import Node
from testing import attempt, check, ip, sh, wait_until

_devices = itertools.count(1)


class CarryingNode(Node):
    """With a device, whose name no other lab has: wireguard-go's sockets are the machine's, and stay for
    as long as it takes to end."""

    def __init__(self, *args):
        super().__init__(*args)
        self.device = "wgr%d-%d" % (os.getpid() % 100000, next(_devices))

    def options(self):
        return [*super().options(), "--backend", "userspace", "--device", self.device]


class Lan(Network):
    """Nodes that carry traffic, and hosts behind them."""

    def __init__(self, logs=None, ipv6=False):
        super().__init__(logs)
        self.hosts = 0
        self.ipv6 = ipv6	# alone, below the mesh

    def _host(self, name, number):
        ns = super()._host(name, number)
        if getattr(self, "ipv6", False):
            ip(ns, "address flush dev veth0", "address add fd98::%d/64 dev veth0 nodad" % number)
        return ns

    def make_node(self, ns, folder, name, number):
        node = CarryingNode(ns, folder, name, number, "fd98::%d" % number if self.ipv6 else address(number))
        if self.ipv6:
            node.address = "[%s]:%d" % (node.host, node.grpc_port)
        return node

    def router(self, network):
        """A namespace that translates what comes from the network to one address of the switch's."""
        network = ipaddress.ip_network(network)
        number = next(self.numbers)
        self.router_address = address(number)
        ns = self._host("router", number)
        ip(ns, "link add inside type bridge forward_delay 0", "link set inside up",
           "address add %s/%d dev inside" % (network[1], network.prefixlen))
        sh("sysctl -qw net.ipv4.ip_forward=1", ns)
        sh("nft add table ip nat; add chain ip nat out { type nat hook postrouting priority srcnat; };"
           " add rule ip nat out oifname veth0 masquerade", ns)
        return ns

    def node_behind(self, router, name, host):
        """A node whose only way out is the router."""
        number = next(self.numbers)
        ns, port = self._space("n%d" % number), "port%d" % number
        ip(ns, "link set lo up", "link add veth0 type veth peer name %s netns %s" % (port, router), "link set veth0 up",
           "address add %s/24 dev veth0" % host)
        ip(router, "link set %s master inside up" % port)
        ip(ns, "route add default via %s" % ipaddress.ip_network(host + "/24", strict=False)[1])
        folder = self.folder / ("%d" % number)
        folder.mkdir()
        node = CarryingNode(ns, folder, name, number, host)
        self.nodes.append(node)
        return node

    def host_behind(self, node, *networks):
        """A machine with one address of each network, whose router is the node with another."""
        self.hosts += 1
        port = "lan%d" % self.hosts
        ns = self._space(port)
        ip(ns, "link set lo up", "link add eth0 type veth peer name %s netns %s" % (port, node.ns), "link set eth0 up")
        ip(node.ns, "link set %s up" % port)
        for network in map(ipaddress.ip_network, networks):
            router, host = network[1], network[10]
            nodad = " nodad" if network.version == 6 else ""
            ip(node.ns, "address add %s/%d dev %s%s" % (router, network.prefixlen, port, nodad))
            ip(ns, "address add %s/%d dev eth0%s" % (host, network.prefixlen, nodad),
               "route add default via %s" % router)
        return ns

    def close(self):
        for node in self.nodes:
            subprocess.run(["ip", "-n", node.ns, "link", "del", node.device], check=False, capture_output=True)
        super().close()


def reaches(ns, address):
    return attempt(["ping", "-n", "-q", "-c", "1", "-W", "1", address], ns)[0] == 0


def wait_reaches(ns, address, seconds=40):
    wait_until(seconds, lambda: reaches(ns, address), "%s reaches %s" % (ns, address))


def mesh_address(node, other):
    """The IPv4 address of `other`, as `node` knows it."""
    code, stdout, stderr = node.wmctl("-o", "json", "get", "nodes", other.name)
    check(code == 0, stderr)
    return json.loads(stdout)["private_ipv4"].split("/")[0]

