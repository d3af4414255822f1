# SPDX-License-Identifier: Apache-2.0
"""Clients that write all the time, by whatever node takes it, and keep what was acknowledged."""
import json
import subprocess
import threading

from apilib.peer import Peer
from testing import Failure, check

CREATE_TOKEN = "/webmesh.ext.v1.Tokens/Create"
DEADLINE_MS = 2000


class Writer(threading.Thread):
    """One client: a write at a time, each of them a token, which is a row on every node."""

    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load, self.number = load, number
        self.acknowledged = []
        self.problem = None

    def write(self, node):
        # Connections are no two clients' own.
        to = dict(self.load.mesh.founder.as_admin(node), client=self.number)
        answer = self.load.peer.start("call", to, CREATE_TOKEN, {"role": "observer"},
                                      deadline=DEADLINE_MS).wait()
        if answer.code == "OK":
            self.acknowledged.append(answer.reply["id"])
        return answer.code == "OK"

    def run(self):
        turn = self.number
        try:
            while not self.load.ending.is_set():
                nodes = self.load.mesh.nodes
                if not self.write(nodes[turn % len(nodes)]):
                    turn += 1
                    self.load.ending.wait(0.02)
        except (Failure, KeyError, OSError) as problem:
            self.problem = problem


class Load:
    """Runs while the block does."""

    def __init__(self, mesh, clients=6):
        self.mesh = mesh
        self.peer = Peer(mesh.lab.ns)
        self.ending = threading.Event()
        self.writers = [Writer(self, number) for number in range(clients)]

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *what):
        self.ending.set()
        for writer in self.writers:
            writer.join(30)
        self.peer.close()

    def count(self):
        return sum(len(writer.acknowledged) for writer in self.writers)

    def acknowledged(self):
        for writer in self.writers:
            check(not writer.problem, str(writer.problem))
        return {token for writer in self.writers for token in writer.acknowledged}


def written(node):
    """The tokens that a node's state has; its daemon may run."""
    done = subprocess.run(["sqlite3", "-readonly", "-json", str(node.dir / "state.db"), "SELECT id FROM tokens"],
                          capture_output=True, text=True, check=True)
    return {row["id"] for row in json.loads(done.stdout or "[]")}
