# SPDX-License-Identifier: Apache-2.0
"""Meshes of two releases: the second is this one, and its tables are a version ahead."""
import sqlite3

from apilib.mesh import Mesh
from apilib.node import BUILD, WGMESHD
from apilib.world import STEADY, lab
from apitests.membership import dump
from testing import check, equal, test, wait_until

NEXT = str(BUILD / "tests/integration/wgmeshd-next")

NOW, NEXT_VERSION = 5, 6


def schema(node):
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "state.db"), uri=True) as state:
        return state.execute("PRAGMA user_version").fetchone()[0]


def ability(node, of):
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "state.db"), uri=True) as state:
        found = state.execute("SELECT schema FROM abilities WHERE node = ?", (of.name,)).fetchone()
        return found and found[0]


def restart(node, program):
    node.stop()
    node.program = program
    node.start()


def upgrade(mesh, node):
    restart(node, NEXT)
    wait_until(20, lambda: ability(mesh.leader(), node) == NEXT_VERSION, "the mesh knows that %s is upgraded" % node.name)


@test("the tables change when the last node is upgraded, and not before")
def _():
    some = Mesh(lab(), *STEADY)
    for name, role in (("n2", "voter"), ("n3", "voter"), ("o1", "observer")):
        some.add(name, role, *STEADY)
    some.leader().wait_status(voters=3, nodes=4)
    wait_until(20, lambda: {schema(node) for node in some.nodes} == {NOW}, "all have the tables of this release")
    for node in some.nodes[:-1]:
        upgrade(some, node)
        some.token()
    last = some.nodes[-1]
    # Whoever leads now knows how, and whom it waits for.
    wait_until(20, lambda: any(node.log_has("event=schema-waits version=%d for=o1" % NEXT_VERSION) for node in some.nodes),
               "the leader names whom it waits for")
    equal({schema(node) for node in some.nodes}, {NOW}, "versions while the observer is old")
    upgrade(some, last)
    wait_until(20, lambda: {schema(node) for node in some.nodes} == {NEXT_VERSION}, "all have the new tables")
    some.token()
    some.wait_level()
    some.stop()
    for node in some.nodes:
        equal(dump(node), dump(some.founder), "rows of " + node.name)
        check("next_release" in dump(node), "%s does not have the new table" % node.name)


@test("a node of the old release is told to upgrade: one that joins, one that comes back, one that was away")
def _():
    some = Mesh(lab(), *STEADY)
    away = some.add("o1", "observer", *STEADY)
    joiner = lab().node("o2").join(some.token("--role", "observer"), *STEADY)
    away.stop()
    some.nodes.remove(away)
    code, _, stderr = some.founder.wmctl("node", "remove", "o1")	# it holds the others up no longer
    equal(code, 0, stderr)
    restart(some.founder, NEXT)
    wait_until(20, lambda: schema(some.founder) == NEXT_VERSION, "the new tables")
    joiner.start()
    wait_until(20, lambda: not joiner.alive(), "the one that joins ends")
    check(joiner.log_has("event=replica-failed", "version %d" % NEXT_VERSION, "upgrade wgmeshd"), joiner.tail())
    equal(joiner.process.returncode, 1, "its exit code")
    joiner.process = None
    joiner.program = NEXT
    joiner.start()
    joiner.wait_joined()
    restart(some.founder, WGMESHD)
    wait_until(20, lambda: not some.founder.alive(), "the one that comes back ends")
    check(some.founder.log_has("event=start-failed", "newer than this release"), some.founder.tail())
    some.founder.process = None
    joiner.stop()
