# SPDX-License-Identifier: Apache-2.0
"""Somebody who knocks: a UDP socket that speaks the initiator's side of WireGuard's handshake, and
can be told to cheat. An answer is the proof that WireGuard got the initiation.

    node, mesh, friend = house()    friend is a dormant peer in the lazy mesh of node
    friend.knock()                  True when it was answered
"""
import select
import socket
import time

from handshake import Pair, initiation
from peer import endpoint, key, peer
from testing import defer, entered, wait_until
from topology import lazy_mesh, load_module, pair

PORT = 51820
RESPONSE, COOKIE = 2, 3
INITIATION_PAUSE = 1 / 50   # WireGuard drops what a peer sends sooner


class Visitor(Pair):
    def __init__(self, ns, near, far, responder, port=PORT):
        super().__init__()
        self.ns, self.near, self.far, self.port, self.responder = ns, near, far, port, responder
        self.answered = 0
        family = socket.AF_INET6 if ":" in near else socket.AF_INET
        with entered(ns):
            self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.bind((near, 0))
        defer(self.sock.close)
        self.endpoint = endpoint(near, self.sock.getsockname()[1])

    def initiation(self, **values):
        return initiation(self.responder, self, **values)

    def send(self, message):
        self.sock.sendto(message, (self.far, self.port))

    def answers(self, seconds):
        """The next message, or None."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return None
        return self.sock.recv(2048)

    def knock(self, message=None, seconds=3):
        time.sleep(max(0, self.answered + INITIATION_PAUSE - time.monotonic()))
        self.send(message or self.initiation())
        answer = self.answers(seconds)
        self.answered = time.monotonic()
        return answer is not None and answer[0] == RESPONSE

    def peer(self, *prefixes, **values):
        return peer(self.public, *prefixes, **values)


def house(make=pair, **values):
    """(node, its mesh, a friend next door who is a dormant peer)."""
    load_module()
    node, other = make()
    mesh = lazy_mesh(node, **values)
    friend = Visitor(other.ns, other.outer, other.middle, node.public)
    mesh.apply(friend.peer("10.7.0.1/32", endpoint=friend.endpoint))
    mesh.settled()
    return node, mesh, friend


def full_house(make=pair, **values):
    """The same, but there is no room below active-max: whoever was opened has to wait."""
    node, mesh, friend = house(make, active_max=1, **values)
    mesh.apply(peer(key(999), keepalive=3600))
    mesh.settled()
    return node, mesh, friend


def get(mesh, public):
    return mesh.ask("peer-get", peer=[{"public-key": public}])["peer"][0]


def state(mesh, public):
    return get(mesh, public)["state"]


def evict(mesh, public):
    mesh.ask("peer-evict", peer=[{"public-key": public}], force=True)
    wait_until(30, lambda: state(mesh, public) == "dormant", "it is dormant")


def counts(mesh, **wanted):
    """Waits until these counters of the doorman have these values; all others told are 0."""
    names = ("unknown", "forged", "replayed", "crossed", "fragmented", "overflow", "timeout",
             "mac1")

    def found():
        stats = mesh.stats()
        return {name: stats["initiations-" + name] for name in (*names, *wanted)}
    full = {**dict.fromkeys(names, 0), **wanted}
    wait_until(20, lambda: found() == full, "counters %s" % full)
