# SPDX-License-Identifier: Apache-2.0
"""Voters that come and go, in every order and in every way."""
from apilib.fire import STEADY, make_mesh, rows
from testing import equal, note, test, wait_until

# Who of three goes first and who second, as they are when the first goes; and how. One that is killed
# cannot go second: two voters must both agree, and of a mesh of one nobody would be left.
ORDERS = (("leader", "killed", "other", "removed"), ("leader", "removed", "other", "demoted"),
          ("leader", "demoted", "leader", "removed"), ("other", "killed", "leader", "demoted"),
          ("other", "removed", "leader", "removed"), ("other", "demoted", "other", "removed"))


class Voters:
    """A mesh of three voters whose places are taken again and again."""

    def __init__(self):
        self.mesh = make_mesh(3)
        self.lab = self.mesh.lab
        self.admin = self.lab.folder / "admin"
        self.number = 3
        # The founder goes, too, and its administrator stays.
        (self.mesh.founder.dir / "admin").rename(self.admin)
        (self.mesh.founder.dir / "admin").symlink_to(self.admin)

    def voters(self):
        return self.mesh.nodes

    def pick(self, which):
        leader = self.mesh.leader()
        return leader if which == "leader" else next(node for node in self.voters() if node is not leader)

    def ask(self, *command):
        """Of whoever leads: the one that was asked may just have gone."""
        def done():
            node = next((one for one in self.voters() if one.alive()), None)
            code, _, stderr = node.wmctl(*command, identity=self.admin)
            return code == 0 or "already" in stderr or "there is no node" in stderr
        wait_until(30, done, " ".join(command))

    def go(self, which, how):
        node = self.pick(which)
        note("%s, %s, is %s" % (node.name, which, how))
        if how == "killed":
            node.kill()
        self.mesh.nodes.remove(node)
        self.ask(*(("raft", "demote", node.name) if how == "demoted" else ("node", "remove", node.name)))
        self.count(len(self.voters()))
        if node.alive():
            node.stop()
        if how == "demoted":
            self.ask("node", "remove", node.name)

    def come(self):
        self.number += 1
        name = "n%d" % self.number
        token = next(iter(self.voters())).wmctl("token", "create", "--role", "voter", identity=self.admin)[1].strip()
        node = self.lab.node(name).join(token, *STEADY).start()
        self.mesh.nodes.append(node)
        node.wait_status(role="voter", seconds=30)
        self.count(len(self.voters()))

    def count(self, wanted):
        wait_until(30, lambda: self.mesh.leader().status().get("voters") == wanted, "%d voters" % wanted)


@test("three voters go, two of them in each order and way, and others come: the rows are one another's")
def _():
    voters = Voters()
    for first, how, second, how_second in ORDERS:
        voters.go(first, how)
        voters.go(second, how_second)
        voters.come()
        voters.come()
    voters.mesh.wait_level()
    voters.mesh.stop()
    last = voters.voters()[0]
    for node in voters.voters():
        equal(rows(node), rows(last), "rows of " + node.name)
