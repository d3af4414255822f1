# SPDX-License-Identifier: Apache-2.0
"""Everything that can happen to machines and wires, at random, while clients write: what was acknowledged
is there afterwards, and the same everywhere."""
import os
import random
import signal
import time

from apilib.fire import burnt, in_fire, make_mesh, pieces
from apilib.load import Load, written
from testing import check, note, seed, test

SECONDS = float(os.environ.get("SECONDS", "10"))


class Trouble:
    """Makes it, one kind after the other; `heal` ends all of it."""

    def __init__(self, mesh, generator):
        self.mesh, self.generator = mesh, generator
        self.counts = {}

    def pause(self, low, high):
        time.sleep(self.generator.uniform(low, high))

    def one(self):
        return self.generator.choice(self.mesh.nodes)

    def kill(self):
        node = self.one()
        node.kill()
        self.pause(0, 0.5)
        node.start()

    def lose_power(self):
        node = self.one()
        node.kill()
        node.disk.lose_power(self.generator)
        node.start()

    def freeze(self):
        node = self.one()
        note("%s stands still" % node.name)
        node.process.send_signal(signal.SIGSTOP)
        self.pause(0.2, 2)
        node.process.send_signal(signal.SIGCONT)

    def split(self):
        nodes = self.mesh.nodes
        self.mesh.lab.split(self.generator.sample(nodes, self.generator.randint(1, len(nodes) // 2)))
        self.pause(0.5, 2)
        self.mesh.lab.heal()

    def deafen(self):
        node = self.one()
        self.mesh.lab.cut(node, [other for other in self.mesh.nodes if other is not node])
        self.pause(0.5, 2)
        self.mesh.lab.cut(node, [])

    def make(self, seconds):
        deadline = time.monotonic() + seconds
        kinds = (self.kill, self.kill, self.kill, self.lose_power, self.freeze, self.split, self.deafen)
        turns = []
        while time.monotonic() < deadline:
            turns = turns or self.generator.sample(kinds, len(kinds))
            kind = turns.pop()
            kind()
            self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
            self.pause(0.1, 0.7)


def survive(count, observers):
    mesh = make_mesh(count, observers)
    trouble = Trouble(mesh, random.Random(seed()))
    with Load(mesh) as load:
        trouble.make(SECONDS)
        in_fire(mesh, load)
    told = burnt(mesh, load)
    print("        %d nodes: %s; %d writes acknowledged" % (count + observers, pieces(trouble.counts), told), flush=True)


@test("three voters and an observer that are killed, unplugged, frozen and cut off lose no write, and agree")
def _():
    survive(3, 1)


@test("so do five voters")
def _():
    survive(5, 0)


def black_out(mesh, generator=None):
    """All nodes lose their power at once; tells how many blocks went with it."""
    for node in mesh.nodes:
        node.kill()
    return sum(node.disk.lose_power(generator) for node in mesh.nodes)


@test("a mesh that loses its power altogether, again and again, has all that it had promised")
def _():
    generator = random.Random(seed())
    mesh = make_mesh(3)
    lost, deadline = 0, time.monotonic() + SECONDS
    with Load(mesh) as load:
        while time.monotonic() < deadline:
            in_fire(mesh, load)
            lost += black_out(mesh, generator)
            for node in mesh.nodes:
                node.start()
        in_fire(mesh, load)
    told = burnt(mesh, load)
    check(lost > 0, "the disks have lost nothing: this proves nothing")
    print("        %d blocks lost, %d writes acknowledged" % (lost, told), flush=True)


@test("on disks that only say that they have synced the log, the same loses what was promised")
def _():
    mesh = make_mesh(3)
    with Load(mesh) as load:
        in_fire(mesh, load)
        for node in mesh.nodes:
            node.disk.order("lie raft.db")
        in_fire(mesh, load)
        black_out(mesh)
    for node in mesh.nodes:
        node.disk.order()
        node.start()
    mesh.leader()
    mesh.wait_level()
    mesh.stop()
    promised = load.acknowledged()
    lost = promised - written(mesh.founder)
    check(lost, "all %d writes are there, though the log was not synced" % len(promised))
