# SPDX-License-Identifier: Apache-2.0
"""A change whose outcome its caller was not told, and makes again."""
from apilib.fire import make_mesh
from apilib.load import written
from testing import check, equal, test


def remove(mesh, node, name, request):
    return node.wmctl("--request-id", request, "node", "remove", name, identity=mesh.founder.dir / "admin")


@test("a change that was made, though its caller was told that nobody knows, is made once when it is made again")
def _():
    mesh = make_mesh(3, observers=1)
    old = mesh.leader()
    others = [node for node in mesh.nodes[:3] if node is not old]
    before = len(written(old))
    # The others hear the leader and store the change; it does not hear that they have.
    mesh.lab.cut(old, others)
    code, _, stderr = remove(mesh, old, "o1", "out")
    equal(code, 1, "exit code of the first attempt")
    check("not known" in stderr or "leader" in stderr, "wmctl says: " + stderr)
    old.kill()
    mesh.nodes.remove(mesh.nodes[3])
    new = mesh.leader()
    new.wait_status(nodes=3)
    code, _, stderr = remove(mesh, new, "o1", "out")
    equal(code, 0, "exit code of the second attempt (%s)" % stderr)
    code, _, stderr = remove(mesh, new, "o1", "out again")
    equal(code, 1, "exit code by another name")
    check("o1" in stderr, "wmctl says: " + stderr)
    mesh.lab.heal()
    old.start()
    mesh.wait_level()
    equal(len(written(old)), before, "tokens")
