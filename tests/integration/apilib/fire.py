# SPDX-License-Identifier: Apache-2.0
"""What the tests under fire share: meshes whose wires and disks can be hurt, and what must hold after it."""
import os
import subprocess

from apilib.disk import Disk
from apilib.load import written
from apilib.mesh import Mesh
from apilib.network import Network
from apilib.node import BUILD
from testing import check, defer, equal, wait_until

LIBRARY = str(BUILD / "tests/lib/disk/faulty-disk.so")
STEADY = ("--tick-ms", "50")	# elections take 0.5 to 1 s: a busy machine is no reason for one


class FireLab(Network):
    """Every node has a disk that can be hurt."""

    def node(self, name):
        node = super().node(name)
        node.disk = Disk(node.dir.parent, node.dir, LIBRARY)
        return node


def make_mesh(count, observers=0, options=STEADY):
    """So many voters, and observers o1, o2, …; gone after the test."""
    lab = FireLab(os.environ.get("LOGS"))
    defer(lab.close)
    mesh = Mesh(lab, *options)
    for number in range(2, count + 1):
        mesh.add("n%d" % number, "voter", *options)
    for number in range(1, observers + 1):
        mesh.add("o%d" % number, "observer", *options)
    mesh.leader().wait_status(voters=count, nodes=count + observers)
    return mesh


def in_fire(mesh, load, more=20):
    """Until clients have so many more writes acknowledged: the mesh is well again."""
    enough = load.count() + more
    wait_until(40, lambda: load.count() >= enough, "%d more writes" % more)


def rows(node):
    """The replicated rows of a node that is stopped; how far its log is applied is none of them."""
    done = subprocess.run(["sqlite3", str(node.dir / "state.db"), ".dump"], capture_output=True, text=True,
                          check=True)
    return sorted(line for line in done.stdout.splitlines() if not line.startswith("INSERT INTO progress"))


def burnt(mesh, load):
    """What was acknowledged is on every node, all nodes have the same rows, and none found another's to be
    different before. Tells how many writes it was."""
    mesh.leader()
    mesh.wait_level(seconds=40)
    mesh.stop()
    promised = load.acknowledged()
    check(promised, "nothing was acknowledged: this proves nothing")
    for node in mesh.nodes:
        lost = promised - written(node)
        check(not lost, "%s has lost %d of %d writes" % (node.name, len(lost), len(promised)))
        equal(rows(node), rows(mesh.founder), "rows of " + node.name)
        check(not node.log_has("event=state-differs"), "%s found its state to be another's" % node.name)
    return len(promised)


def pieces(counts):
    return ", ".join("%d %s" % (counts[kind], kind.replace("_", " ")) for kind in sorted(counts))
