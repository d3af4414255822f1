# SPDX-License-Identifier: Apache-2.0
"""Networks behind nodes, for meshes with wireguard-go: apilib.network with a data plane and hosts beside.

      lan1 --- n2 ---+            hosts that know nothing of the mesh but their router
                   br0 --- n1
      lan2 --- n3 ---+
"""
import ipaddress
import json
import os
import subprocess

from apilib.network import Network, address
from apilib.node import Node
from testing import attempt, check, ip, wait_until


class CarryingNode(Node):
    """With a device, whose name no other lab has: wireguard-go's sockets are the machine's."""

    def options(self):
        self.device = "wgr%d-%d" % (os.getpid() % 100000, self.number)
        return [*super().options(), "--backend", "userspace", "--device", self.device]


class Lan(Network):
    """Nodes that carry traffic, and hosts behind them."""

    def __init__(self, logs=None):
        super().__init__(logs)
        self.hosts = 0

    def make_node(self, ns, folder, name, number):
        return CarryingNode(ns, folder, name, number, address(number))

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

