# SPDX-License-Identifier: Apache-2.0
"""Logs that are compacted, and those whose place in them is gone."""
import sqlite3

from apilib.mesh import Mesh
from apilib.world import lab
from apitests.membership import dump
from testing import check, equal, test, wait_until

KEEP = ("--log-keep", "16")	# compacted as soon as it has 24 entries


def write(mesh, count):
    """So many entries at least; on a busy machine a leader may change under way."""
    admin = mesh.founder.dir / "admin"
    for _ in range(count):
        wait_until(20, lambda: any(node.alive() and node.wmctl("token", "create", identity=admin)[0] == 0
                                   for node in mesh.nodes), "a write")


def first_index(node):
    """What a log of a daemon that is stopped begins with."""
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "raft.db"), uri=True) as log:
        return log.execute("SELECT base_index + 1 FROM meta").fetchone()[0]


def forget_state(node):
    """Of a node that does not run."""
    for suffix in ("", "-wal", "-shm"):
        (node.dir / ("state.db" + suffix)).unlink(missing_ok=True)


def three_voters():
    small = Mesh(lab(), *KEEP)
    for name in ("n2", "n3"):
        small.add(name, "voter", *KEEP)
    small.leader().wait_status(voters=3, nodes=3)
    return small


@test("a voter and an observer that were away while the logs were compacted get a snapshot and go on")
def _():
    small = three_voters()
    away = small.nodes[2]
    observer = small.add("o1", "observer", *KEEP)
    small.wait_level()
    away.stop()
    observer.stop()
    write(small, 60)
    away.start()
    observer.start()
    away.wait_log("event=behind")
    for node in (away, observer):
        node.wait_log("event=snapshot-installed")
    away.wait_status(role="voter")
    # It counts: with one of the others gone, a write needs it.
    small.nodes[1].kill()
    small.leader()
    write(small, 3)
    small.nodes[1].start()
    small.wait_level()
    small.stop()
    for node in small.nodes:
        equal(dump(node), dump(small.founder), "rows of " + node.name)
        check(first_index(node) > 30, "%s has compacted its log" % node.name)


@test("a node that joins when the log no longer reaches back, by way of an observer too, becomes a voter")
def _():
    small = three_voters()
    write(small, 60)
    joiner = small.add("n4", "voter", *KEEP)
    joiner.wait_log("event=snapshot-installed")
    small.leader().wait_status(voters=4, nodes=4)
    small.wait_level()
    small.stop()
    equal(dump(joiner), dump(small.founder), "rows of the new voter")


@test("a state that is lost beside a short log comes back from another member")
def _():
    small = three_voters()
    write(small, 60)
    victim = small.nodes[1]
    small.wait_level()
    victim.stop()
    forget_state(victim)
    write(small, 2)
    victim.start()
    victim.wait_status(role="voter", nodes=3)
    small.wait_level()
    small.stop()
    equal(dump(victim), dump(small.founder), "rows of the one that had lost them")
