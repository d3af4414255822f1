# SPDX-License-Identifier: Apache-2.0
"""wmctl raft and wmctl snapshot: operating the Raft group."""
import json
import os
import shutil
import sqlite3

from apilib.mesh import Mesh
from apilib.world import lab
from apitests.membership import dump
from apitests.snapshots import forget_state, write
from testing import check, equal, test, wait_until


def admin(mesh, *args, ask=None, code=0):
    """wmctl as the founder's administrator; its standard output, or the error's text."""
    ask = ask or mesh.leader()
    got, stdout, stderr = ask.wmctl(*args, identity=mesh.founder.dir / "admin")
    equal(got, code, "exit code of %s (%s)" % (" ".join(args), stderr))
    return stdout if code == 0 else stderr


def servers(mesh, ask=None):
    answer = json.loads(admin(mesh, "-o", "json", "raft", "peers", ask=ask))
    return {server["node"]: server for server in answer["servers"]}


def group(*observers):
    small = Mesh(lab())
    for name in ("n2", "n3"):
        small.add(name, "voter")
    for name in observers:
        small.add(name, "observer")
    small.leader().wait_status(voters=3, nodes=3 + len(observers))
    return small


@test("raft peers names every server with what the leader knows of it, whichever node is asked")
def _():
    small = group("o1")
    small.wait_level()
    for node in small.nodes:
        wait_until(10, lambda: all(s["role"] == "leader" or s.get("progress") == "replicate"
                                   for s in servers(small, node).values()), "all are replicated to")
        found = servers(small, node)
        equal(sorted(found), ["n1", "n2", "n3"], "servers")
        leader = [name for name, s in found.items() if s["role"] == "leader"]
        equal(leader, [small.leader().name], "leader")
    table = admin(small, "raft", "peers")
    for word in ("NODE", "n1", "n2", "n3", "replicate"):
        check(word in table, table)
    small.stop()


@test("leadership goes to the voter that is named, and a name that cannot lead is refused")
def _():
    small = group("o1")
    for to in ("n2", "n3", "n1"):
        if small.leader().name == to:
            continue
        small.wait_level()
        equal(admin(small, "raft", "transfer", to), to + " leads\n", "transfer")
        equal(small.leader().name, to, "leader")
    check("is no voter" in admin(small, "raft", "transfer", "o1", code=1), "an observer")
    check("is no voter" in admin(small, "raft", "transfer", "nobody", code=1), "nobody")
    check("leads already" in admin(small, "raft", "transfer", small.leader().name, code=1), "itself")
    before = small.leader().name
    admin(small, "raft", "transfer")
    check(small.leader().name != before, "somebody else leads")
    small.stop()


@test("an observer is promoted, a voter demoted, the leader too, and both outlive restarts")
def _():
    small = group("o1")
    observer = small.nodes[3]
    check("already" in admin(small, "raft", "demote", "o1", code=1), "an observer already")
    admin(small, "raft", "promote", "o1")
    observer.wait_status(role="voter", voters=4)
    leader = small.leader()
    admin(small, "raft", "demote", leader.name)
    leader.wait_status(role="observer", voters=3)
    for node in (observer, leader):
        node.stop()
        node.start()
    observer.wait_status(voters=3, nodes=4)
    leader.wait_status(role="observer", voters=3, nodes=4)
    check(observer.status()["role"] in ("voter", "leader"), "still a voter")
    # One that is demoted while it is away reads it when it comes back.
    observer.kill()
    admin(small, "raft", "demote", "o1")
    small.leader().wait_status(voters=2)
    observer.start()
    observer.wait_status(role="observer", voters=2, nodes=4, seconds=40)
    # Once more: it is another server now.
    old = servers(small)
    admin(small, "raft", "promote", leader.name)
    leader.wait_status(role="voter", voters=3)
    check(leader.name not in old, "it was none")
    small.wait_level()
    small.stop()
    for node in small.nodes:
        equal(dump(node), dump(small.founder), "rows of " + node.name)


@test("an observer that was told what is not so is found out when it is promoted")
def _():
    small = group("o1")
    observer = small.nodes[-1]
    observer.stop()
    with sqlite3.connect(observer.dir / "state.db") as state:
        state.execute("INSERT INTO mesh VALUES('forged', 'row')")
    observer.start()
    observer.wait_status(role="observer")
    admin(small, "raft", "promote", "o1")
    observer.wait_log("event=state-differs", seconds=30)
    check("was not the leader's" in observer.status()["last_error"], observer.status())
    for node in small.nodes[:-1]:
        check(not node.log_has("event=state-differs"), node.tail())
    small.stop()


@test("the last voter cannot be demoted, and a dead one is removed and replaced by a new machine")
def _():
    alone = Mesh(lab())
    check("only voter" in admin(alone, "raft", "demote", "n1", code=1), "the only voter")
    alone.stop()
    small = group()
    dead = next(node for node in small.nodes if node is not small.leader())
    dead.kill()
    shutil.rmtree(dead.dir)
    admin(small, "raft", "remove", dead.name)
    small.nodes.remove(dead)
    if dead is small.founder:
        small.founder = small.nodes[0]
    small.leader().wait_status(voters=2, nodes=2)
    small.stop()


@test("a backup is made while the mesh runs, and a mesh that lost all goes on from it")
def _():
    small = group("o1")
    small.wait_level()
    backup = lab().folder / "backup.db"
    text = admin(small, "snapshot", "save", str(backup))
    check("bytes" in text and backup.stat().st_size > 4096, text)
    check(not os.path.exists(str(backup) + ".part"), "no half of it is left")
    founder = small.founder
    code, _, stderr = founder.wgmeshd("recover", str(backup))
    check(code == 1 and "another process has it open" in stderr, "refused while it runs: " + stderr)
    for node in small.nodes:
        node.kill()
    code, stdout, stderr = founder.wgmeshd("recover", str(backup))
    equal(code, 0, stderr)
    check("only voter" in stdout, stdout)
    founder.start()
    founder.wait_status(role="leader", voters=1, nodes=2)
    # The observer comes along by itself, the voters with new identities.
    small.nodes[3].start()
    small.nodes = [founder, small.nodes[3]]
    second = small.add("n5", "voter")
    second.wait_status(role="voter", voters=2, nodes=3)
    small.wait_level()
    small.stop()
    equal(dump(second), dump(founder), "rows of the new voter")


@test("observers that knew more than the mesh was recovered from give it up, and have what the leader has")
def _():
    small = Mesh(lab(), "--followers-max", "1")	# so that they follow one another, too
    awake, asleep, empty = (small.add(name, "observer") for name in ("o1", "o2", "o3"))
    backup = lab().folder / "older.db"
    admin(small, "snapshot", "save", str(backup))
    write(small, 20)
    small.wait_level()
    for node in (small.founder, asleep, empty):
        node.kill()
    forget_state(empty)
    equal(small.founder.wgmeshd("recover", str(backup))[0], 0, "exit code of recover")
    small.founder.start()
    small.founder.wait_status(role="leader", voters=1)
    awake.wait_log("event=history-given-up", seconds=40)	# while the new history is the shorter one
    write(small, 40)
    asleep.start()
    empty.start()
    small.wait_level(seconds=60)
    # The change of the Raft group brings the leader's digest to all of them.
    small.add("n2", "voter").wait_status(role="voter", voters=2)
    small.wait_level(seconds=60)
    small.stop()
    for node in (awake, asleep, empty):
        equal(dump(node), dump(small.founder), "rows of " + node.name)
        check(not node.log_has("event=state-differs"), node.tail())
    # A source whose log begins further on gives it a snapshot without knowing that it is needed.
    check(asleep.log_has("event=snapshot-installed"), asleep.tail())


@test("a single survivor goes on alone, with everything that it had")
def _():
    small = group()
    small.wait_level()
    survivor = small.founder
    for node in small.nodes:
        node.kill()
    survivor.start()
    survivor.wait_status(leader="", voters=3)
    survivor.stop()
    code, _, stderr = survivor.wgmeshd("recover")
    equal(code, 0, stderr)
    survivor.start()
    survivor.wait_status(role="leader", voters=1, nodes=1)
    # Whoever comes back from the others' disks finds no way in, and nobody follows him.
    ghost = small.nodes[1]
    ghost.start()
    ghost.wait_log("event=join-failed")
    survivor.wait_status(role="leader", voters=1, nodes=1)
    small.nodes = [survivor]
    small.add("n6", "voter").wait_status(role="voter", voters=2)
    ghost.kill()
    small.stop()


@test("what is no snapshot is refused, and nothing is changed by the attempt")
def _():
    small = Mesh(lab())
    small.stop()
    bad = lab().folder / "bad.db"
    bad.write_bytes(os.urandom(40000))
    code, _, stderr = small.founder.wgmeshd("recover", str(bad))
    check(code == 1 and "state.db.part" in stderr, stderr)
    small.founder.start()
    small.founder.wait_status(role="leader", voters=1, nodes=1)
    small.stop()
