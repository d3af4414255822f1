# SPDX-License-Identifier: Apache-2.0
"""Meshes of daemons without a data plane, all in one network namespace, on the loopback."""
import atexit
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile

from apilib.node import Node
from testing import check, wait_until

_numbers = itertools.count(1)


class Lab:
    """The namespace and the folder of one run; both go at its end, unless a log is worth keeping."""

    def __init__(self, logs=None):
        self.ns = "wgmapi%d" % os.getpid()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wgmesh-api."))
        self.logs = logs
        self.nodes = []
        subprocess.run(["ip", "netns", "add", self.ns], check=True)
        subprocess.run(["ip", "-n", self.ns, "link", "set", "lo", "up"], check=True)
        atexit.register(self.close)

    def node(self, name):
        number = next(_numbers)
        folder = self.folder / ("%d" % number)
        folder.mkdir()
        node = Node(self.ns, folder, name, number)
        self.nodes.append(node)
        return node

    def close(self):
        for node in self.nodes:
            if node.alive():
                node.kill()
            if self.logs and node.log.exists():
                shutil.copy(node.log, pathlib.Path(self.logs) / ("%s-%s.log" % (node.dir.parent.name, node.name)))
        subprocess.run(["ip", "netns", "del", self.ns], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Mesh:
    """A founder, n1, and those that join it."""

    def __init__(self, lab, *options):
        self.lab = lab
        self.founder = lab.node("n1").init(*options).start()
        self.nodes = [self.founder]
        self.last_leader = self.founder
        wait_until(20, self.founder.leads, "n1 leads its mesh")

    def token(self, *options, ask=None):
        ask = ask or self.leader()
        code, stdout, stderr = ask.wmctl("token", "create", *options, identity=self.founder.dir / "admin")
        check(code == 0, "token create: " + stderr)
        return stdout.strip()

    def add(self, name, role, *options):
        node = self.lab.node(name).join(self.token("--role", role), *options).start()
        self.nodes.append(node)
        # An observer is one from its first moment; what makes it a member is that Join has answered.
        node.wait_status(role=role)
        node.wait_joined()
        return node

    def leader(self):
        def ask():
            likely = sorted(self.nodes, key=lambda node: node is not self.last_leader)
            return next((node for node in likely if node.alive() and node.leads()), None)
        self.last_leader = wait_until(20, ask, "a leader")
        return self.last_leader

    def wait_level(self, seconds=20):
        """Until everybody has applied the same entries."""
        def level():
            applied = {node.status().get("applied_index") for node in self.nodes}
            return len(applied) == 1 and None not in applied
        wait_until(seconds, level, "all nodes have applied the same")

    def stop(self):
        for node in self.nodes:
            if node.alive():
                node.stop()
