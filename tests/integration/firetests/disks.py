# SPDX-License-Identifier: Apache-2.0
"""Disks that fail, are slow, or are gone."""
import shutil

from apilib.fire import STEADY, burnt, in_fire, make_mesh, rows
from apilib.load import Load, written
from testing import check, equal, test, wait_until


@test("a leader whose disk fails says so, steps down, and is a voter again when the disk is well")
def _():
    mesh = make_mesh(3)
    old = mesh.leader()
    with Load(mesh) as load:
        in_fire(mesh, load)
        old.disk.order("fail raft.db")
        wait_until(20, lambda: "the log cannot be written: see the disk" in old.status().get("last_error", ""),
                   "its status names the disk")
        wait_until(20, lambda: any(node is not old and node.leads() for node in mesh.nodes), "another one leads")
        in_fire(mesh, load)
        check(old.alive(), "it has ended: " + old.tail())
        old.disk.order()
        old.wait_status(role="voter", last_error="")
        in_fire(mesh, load)
    burnt(mesh, load)


@test("a leader with a slow disk goes on leading: its heartbeats do not wait for it")
def _():
    mesh = make_mesh(3)
    leader = mesh.leader()
    term = leader.status()["term"]
    with Load(mesh) as load:
        in_fire(mesh, load)
        leader.disk.order("slow 1200")	# an election timeout is a second at most
        in_fire(mesh, load, 12)
        equal((leader.status()["role"], leader.status()["term"]), ("leader", term), "role and term of the slow one")
        leader.disk.order()
        in_fire(mesh, load)
    burnt(mesh, load)


@test("a voter that has lost its log does not vote as if it had promised nothing: it is told what to do")
def _():
    mesh = make_mesh(3)
    victim = next(node for node in mesh.nodes if node is not mesh.leader() and node is not mesh.founder)
    victim.kill()
    for name in ("raft.db", "raft.db-wal", "raft.db-shm"):
        (victim.dir / name).unlink(missing_ok=True)
    victim.start()
    line = victim.wait_log("event=start-failed", "raft.db is gone")
    check("wmctl node remove %s" % victim.name in line and "new state folder" in line, "it says: " + line)
    wait_until(10, lambda: not victim.alive(), "it ends")
    victim.process = None
    # What it was told: another machine, with its name, takes the place.
    mesh.nodes.remove(victim)
    code, _, stderr = mesh.leader().wmctl("node", "remove", victim.name, identity=mesh.founder.dir / "admin")
    equal(code, 0, stderr)
    shutil.rmtree(victim.dir)
    mesh.leader().wait_status(voters=2, nodes=2)
    heir = mesh.add(victim.name, "voter", *STEADY)
    mesh.leader().wait_status(voters=3, nodes=3)
    mesh.token()
    mesh.wait_level()
    mesh.stop()
    equal(rows(heir), rows(mesh.founder), "rows of the new one")


@test("a backup that was made under load has all that was acknowledged before it, and wmctl restores it")
def _():
    mesh = make_mesh(1)
    founder, backup = mesh.founder, mesh.lab.folder / "backup"
    with Load(mesh) as load:
        in_fire(mesh, load)
        promised = load.acknowledged()
        code, _, stderr = founder.wmctl("snapshot", "save", str(backup), identity=founder.dir / "admin")
        equal(code, 0, stderr)
        in_fire(mesh, load)
    everything = load.acknowledged()
    founder.kill()
    for name in ("raft.db", "raft.db-wal", "raft.db-shm", "state.db", "state.db-wal", "state.db-shm"):
        (founder.dir / name).unlink(missing_ok=True)
    code, _, stderr = founder.wmctl("snapshot", "restore", str(backup))
    equal(code, 0, stderr)
    founder.start()
    wait_until(20, founder.leads, "the founder leads again")
    mesh.token()
    founder.stop()
    kept = written(founder)
    check(promised <= kept, "%d of %d writes are missing" % (len(promised - kept), len(promised)))
    check(everything - kept, "what came after the backup is there: it was not restored")
