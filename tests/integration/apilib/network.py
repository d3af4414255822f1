# SPDX-License-Identifier: Apache-2.0
"""A network that can be cut: a namespace for each node, and one for the clients, on one bridge.

       n1        n2        n3     …    client        10.98.0.NUMBER/24
        +---------+---------+------------+
                     br0                             namespace "switch"
"""
import atexit
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile

from apilib.node import Node
from testing import note

CLIENT = 250

_labs = itertools.count(1)


def run(*command):
    subprocess.run(command, check=True)


class Network:
    """As apilib.mesh.Lab, for apilib.mesh.Mesh."""

    def __init__(self, logs=None):
        self.prefix = "wgmfire%d-%d" % (os.getpid(), next(_labs))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wgmesh-fire."))
        self.logs = logs
        self.nodes = []
        self.spaces = []
        self.numbers = itertools.count(1)
        atexit.register(self.close)
        self.switch = self._space("switch")
        run("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        run("ip", "-n", self.switch, "link", "set", "br0", "up")
        self.ns = self._host("client", CLIENT)

    def _space(self, name):
        ns = "%s-%s" % (self.prefix, name)
        run("ip", "netns", "add", ns)
        self.spaces.append(ns)
        return ns

    def _host(self, name, number):
        ns, port = self._space(name), "port%d" % number
        run("ip", "-n", self.switch, "link", "add", port, "type", "veth", "peer", "name", "veth0", "netns", ns)
        run("ip", "-n", self.switch, "link", "set", port, "master", "br0", "up")
        for device in ("lo", "veth0"):
            run("ip", "-n", ns, "link", "set", device, "up")
        run("ip", "-n", ns, "address", "add", address(number) + "/24", "dev", "veth0")
        run("ip", "netns", "exec", ns, "nft", "add table ip cut; add set ip cut from { type ipv4_addr; };"
            " add chain ip cut in { type filter hook input priority 0; };"
            " add rule ip cut in ip saddr @from drop")
        return ns

    def node(self, name):
        number = next(self.numbers)
        folder = self.folder / ("%d" % number)
        folder.mkdir()
        node = self.make_node(self._host("n%d" % number, number), folder, name, number)
        self.nodes.append(node)
        return node

    def make_node(self, ns, folder, name, number):
        return Node(ns, folder, name, number, address(number))

    # ---- what goes where ----

    def cut(self, node, others):
        """`node` hears nothing from these from now on, and from all others again; they hear it."""
        note("[%s] %s does not hear %s" % (node.ns, node.name, [other.name for other in others]))
        hosts = ", ".join(other.host for other in others)
        run("ip", "netns", "exec", node.ns, "nft",
            "flush set ip cut from" + ("; add element ip cut from { %s }" % hosts if hosts else ""))

    def split(self, group):
        """Those in the group and those outside do not hear each other."""
        for node in self.nodes:
            self.cut(node, [other for other in self.nodes if (other in group) != (node in group)])

    def heal(self):
        self.split([])

    def close(self):
        for node in self.nodes:
            if node.alive():
                node.kill()
            if self.logs and node.log.exists():
                shutil.copy(node.log, pathlib.Path(self.logs) / ("%s-%s.log" % (self.prefix, node.name)))
        for ns in self.spaces:
            subprocess.run(["ip", "netns", "del", ns], check=False)
        self.nodes, self.spaces = [], []
        shutil.rmtree(self.folder, ignore_errors=True)


def address(number):
    return "10.98.0.%d" % number
