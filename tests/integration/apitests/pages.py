# SPDX-License-Identifier: Apache-2.0
"""Lists of meshes that are too large for one answer."""
import json
import os
import sqlite3

from apilib.mesh import Mesh
from apilib.world import LIST_NODES, LIST_PEERS, call, lab, mesh, peer, peer_test, refused
from testing import check, equal

PAGE = "/webmesh.ext.v1.Nodes/List"
MANY = 45000


def pages(to, limit):
    """All nodes, by pages of `limit`."""
    found, after = [], ""
    while True:
        answer = call(to, PAGE, {"after": after, "limit": limit})
        equal(answer.code, "OK", answer.details)
        found += answer.reply["nodes"]
        check(len(answer.reply["nodes"]) <= (limit or 1000), "a page is too long")
        if not answer.reply["more"]:
            return found
        after = found[-1]["id"]


@peer_test("pages of nodes are what the list in one piece is, whatever their length")
def _():
    mesh().wait_level()
    for node in mesh().nodes:
        to = mesh().founder.as_admin(node)
        whole = call(to, LIST_NODES).reply["nodes"]
        for limit in (1, 2, 3, 1000, 0):
            equal(pages(to, limit), whole, "by pages of %d" % limit)
    refused(call(to, PAGE, {"limit": 1001}), "INVALID_ARGUMENT", "limit")
    refused(call(to, PAGE, {"after": "Bad"}), "INVALID_ARGUMENT", "after")
    equal(call(to, PAGE, {"after": "zzz"}).reply, {"nodes": [], "more": False}, "behind the last")


@peer_test("a list that does not fit into one answer says so, and which method has it by pages")
def _():
    node = Mesh(lab()).founder
    node.stop()
    # What so many joins would leave, as far as lists see it.
    with sqlite3.connect(node.dir / "state.db") as state:
        state.executemany("INSERT INTO nodes VALUES(?, ?, '2001:db8:1111:2222:3333:4444:5555:6666', '', 1, 8443, 1, NULL, NULL, 0, NULL, 1, 1)",
                          (("many-%05d-%s" % (n, "x" * 40), os.urandom(32)) for n in range(MANY)))
    node.start()
    node.wait_status(nodes=MANY + 1, seconds=60)
    admin = node.as_admin()
    for path in (LIST_NODES, LIST_PEERS):
        answer = peer().call(admin, path)
        refused(answer, "RESOURCE_EXHAUSTED", "do not fit", "webmesh.ext.v1.Nodes/List")
    equal(len(pages(admin, 0)), MANY + 1, "by pages")
    code, text, stderr = node.wmctl("-o", "json", "get", "nodes")
    equal((code, len(json.loads(text or "[]"))), (0, MANY + 1), "wmctl get nodes (%s)" % stderr)
    node.kill()
