# SPDX-License-Identifier: Apache-2.0
"""Clocks that jump (libfaketime, which leaves the monotonic one alone, as a jump does)."""
import glob

from apilib.fire import STEADY, burnt, in_fire, make_mesh
from apilib.load import Load
from testing import check, equal, test, wait_until

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")
HOUR = 3600


class Clock:
    """Of the node's daemon, from its next start on."""

    def __init__(self, node):
        self.path = node.dir.parent / "clock"
        self.jump(0)
        node.environment = {"FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_XRESET": "1",
                            "LD_PRELOAD": "%s:%s" % (node.disk.library, LIBRARY)}

    def jump(self, seconds):
        self.path.write_text("%+d" % seconds)


def with_clocks(mesh):
    clocks = {}
    for node in mesh.nodes:
        clocks[node] = Clock(node)
        node.stop()
        node.start()
        mesh.leader()
    mesh.wait_level()
    return clocks


@test("clocks that jump an hour, either way, end no term and lose nothing")
def _():
    check(LIBRARY, "libfaketime is not installed")
    mesh = make_mesh(3)
    clocks = with_clocks(mesh)
    leader = mesh.leader()
    term = leader.status()["term"]
    with Load(mesh) as load:
        in_fire(mesh, load)
        for node in mesh.nodes:
            for jump in (HOUR, -HOUR, 0):
                clocks[node].jump(jump)
                in_fire(mesh, load)
        equal((leader.status()["role"], leader.status()["term"]), ("leader", term), "role and term")
        # What a leader's clock says goes by the log: all have it alike, wherever their own clocks stand.
        clocks[leader].jump(-HOUR)
        in_fire(mesh, load)
    burnt(mesh, load)


@test("a token ends by the leader's clock")
def _():
    mesh = make_mesh(1)
    clocks = with_clocks(mesh)
    token = mesh.token("--ttl", "60")
    clocks[mesh.founder].jump(HOUR)
    node = mesh.lab.node("late")
    code, _, stderr = node.wgmeshd("join", token, *node.options(), *STEADY)
    equal(code, 1, "exit code of join")
    check("expired" in stderr, "wgmeshd says: " + stderr)
    wait_until(10, lambda: mesh.founder.log_has("event=audit action=enroll", "expired"), "the audit line")
