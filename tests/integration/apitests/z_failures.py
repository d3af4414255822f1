# SPDX-License-Identifier: Apache-2.0
"""Daemons that die all the time while machines join: what was acknowledged is there afterwards."""
import os
import random
import threading
import time

from apilib.machine import ENROLL, Machine
from apilib.mesh import Mesh
from apilib.world import JOIN, at, lab, nodes_of, peer, peer_test
from apitests.bad_input import pairs
from apitests.membership import dump
from testing import Failure, check, equal, note, test

SECONDS = float(os.environ.get("KILL_SECONDS", "10"))


class Joiner(threading.Thread):
    """Joins one machine after the other, at whatever node is there; keeps what was acknowledged."""

    def __init__(self, hurt, token):
        super().__init__()
        self.hurt, self.token = hurt, token
        self.acknowledged = {}
        self.ending = threading.Event()
        self.problem = None

    def attempt(self, path, request, machine=None):
        for node in self.hurt.nodes:
            to = at(machine, node) if machine else node.anybody()
            answer = peer().start("call", to, path, request, deadline=1500).wait()
            peer().forget(to)
            if answer.code == "OK":
                return answer.reply
        return None

    def join_one(self, number):
        machine = Machine(lab().folder / "machines" / ("kill%d" % number), "kill%d" % number)
        reply = self.attempt(ENROLL, machine.enroll_request(self.token))
        if not reply:
            return
        machine.keep(reply)
        reply = self.attempt(JOIN, machine.join_request(), machine)
        if reply:
            self.acknowledged[machine.name] = (reply["address_ipv4"], reply["network_ipv6"])

    def run(self):
        number = 0
        try:
            while not self.ending.is_set():
                number += 1
                self.join_one(number)
        except (Failure, KeyError, OSError) as problem:
            self.problem = problem


def kill_at_random(hurt, seconds, generator):
    deadline = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < deadline:
        victim = generator.choice(hurt.nodes)
        victim.kill()
        time.sleep(generator.uniform(0, 0.3))
        victim.start()
        kills += 1
        time.sleep(generator.uniform(0.2, 2.0))
    return kills


@peer_test("no acknowledged join is lost, and no address given twice, while daemons are killed at random")
def _():
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    note("SEED=%d" % seed)
    hurt = Mesh(lab())
    for name, role in (("n2", "voter"), ("n3", "voter"), ("n4", "observer")):
        hurt.add(name, role)
    hurt.leader().wait_status(voters=3, nodes=4)
    joiner = Joiner(hurt, hurt.token("--uses", "10000"))
    joiner.start()
    kills = kill_at_random(hurt, SECONDS, random.Random(seed))
    joiner.ending.set()
    joiner.join()
    check(not joiner.problem, str(joiner.problem))
    hurt.leader()
    hurt.wait_level(seconds=40)
    check(len(joiner.acknowledged) >= 3, "only %d joins in %d kills" % (len(joiner.acknowledged), kills))
    for node in hurt.nodes:
        found = nodes_of(node, hurt)
        for name, addresses in joiner.acknowledged.items():
            check(name in found, "%s lost %s (seed %d)" % (node.name, name, seed))
            equal((found[name]["private_ipv4"], found[name]["private_ipv6"]), addresses, "addresses of " + name)
        given = [entry["private_ipv4"] for entry in found.values()]
        equal(len(given), len(set(given)), "IPv4 addresses on " + node.name)
    hurt.stop()
    for node in hurt.nodes:
        equal(dump(node), dump(hurt.founder), "rows of " + node.name)
    print("        %d kills, %d joins acknowledged, seed %d" % (kills, len(joiner.acknowledged), seed), flush=True)


@test("whatever was done here, every line of the logs is key=value")
def _():
    for node in lab().nodes:
        for line in node.log_text().splitlines():
            pairs(line)
