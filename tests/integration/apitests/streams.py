# SPDX-License-Identifier: Apache-2.0
"""Streams by way of a node that does not lead: of those that the leader may be wanted for, StartDataChannel is the one
that there is. Three voters, each in a namespace of its own, as is the client (apilib.network)."""
import atexit
import functools
import json
import os
import signal
import time

from apilib.channel import Channel, Echo
from apilib.mesh import Mesh
from apilib.network import Network
from apilib.node import identity
from apilib.peer import Peer, wait_message
from apilib.world import REVOKE_ADMIN, START_DATA_CHANNEL, STEADY, peer_test, refused
from testing import check, defer, equal, wait_until

MEGABYTE = 1 << 20
PREFER = {"prefer-leader": "true"}


@functools.cache
def network():
    return Network(os.environ.get("LOGS"))


@functools.cache
def mesh():
    made = Mesh(network(), *STEADY)
    for name in ("n2", "n3"):
        made.add(name, "voter", *STEADY)
    made.leader().wait_status(voters=3)
    return made


@functools.cache
def client():
    made = Peer(network().ns)
    atexit.register(made.close)
    return made


def pair():
    """The leader, and a voter that knows it."""
    leader = mesh().leader()
    follower = next(node for node in mesh().nodes if node is not leader)
    follower.wait_status(leader=leader.name)
    return leader, follower


def admin(at):
    return mesh().founder.as_admin(at)


def start(to, metadata=None, **request):
    more = {name: request.pop(name) for name in ("deadline",) if name in request}
    stream = client().bidi(to, START_DATA_CHANNEL, metadata=PREFER if metadata is None else metadata, **more)
    stream.send(dict({"port": 80}, **request))
    return stream


def offered(to, **request):
    stream = start(to, **request)
    equal(json.loads(wait_message(stream, 20)["offer"])["type"], "offer", "the first message")
    return stream


def held(node):
    return node.status().get("data_channels")


def wait_held(node, count):
    wait_until(20, lambda: held(node) == count, "%s holds %d data channels" % (node.name, count))


@peer_test("messages of a stream pass both ways by a node that does not lead, and the leader knows whose they are")
def _():
    leader, follower = pair()
    service = Echo(leader.ns)
    defer(service.close)
    channel = Channel(network().ns)
    defer(channel.stop)
    channel.connect(lambda: start(admin(follower), node_id=leader.name, port=service.port)).echo(1, MEGABYTE)
    equal((held(leader), held(follower)), (1, 0), "who has the data channel")
    leader.wait_log("action=data-channel", "by=admin:", "through=" + follower.name, "outcome=ok")
    channel.close()
    equal(channel.stream.wait().code, "OK", "the end")
    wait_held(leader, 0)


@peer_test("what the leader refuses, at the first message or a later one, comes by another node as it has said it")
def _():
    leader, follower = pair()
    for request, later in (({"node_id": "N 1"}, None), ({"node_id": leader.name, "proto": "sctp"}, None),
                           ({"node_id": leader.name, "dst": "8.8.8.8"}, None), ({"node_id": leader.name}, {"answer": "{}"}),
                           ({"node_id": leader.name}, {"candidate": "x"})):
        ends = []
        for to in (follower, leader):
            stream = start(admin(to), **request)
            if later:
                wait_message(stream, 20)
                stream.send(later)
            ends.append(stream.wait())
        equal((ends[0].code, ends[0].details), (ends[1].code, ends[1].details), "%r, %r" % (request, later))
        check(ends[0].code in ("INVALID_ARGUMENT", "PERMISSION_DENIED"), "%r: %r" % (request, ends[0]))
    wait_held(leader, 0)


@peer_test("deadline and cancellation of a stream reach the leader's, which keeps nothing of it")
def _():
    leader, follower = pair()
    began = time.monotonic()
    stream = offered(admin(follower), node_id=leader.name, deadline=5000)
    equal(held(leader), 1, "data channels of the leader")
    equal(stream.wait().code, "DEADLINE_EXCEEDED", "the end")
    check(time.monotonic() - began >= 4.9, "it ended after %.1f s" % (time.monotonic() - began))
    wait_held(leader, 0)
    stream = offered(admin(follower), node_id=leader.name)
    stream.cancel()
    equal(stream.wait().code, "CANCELLED", "the end")
    wait_held(leader, 0)
    # A leader that stands still costs the caller no more than his deadline.
    leader.process.send_signal(signal.SIGSTOP)
    try:
        stream = start(admin(follower), node_id=leader.name, deadline=700)
        check(stream.wait(10).code in ("DEADLINE_EXCEEDED", "UNAVAILABLE"), "the end")
    finally:
        leader.process.send_signal(signal.SIGCONT)
    wait_held(leader, 0)


@peer_test("an administrator who is revoked loses the streams that another node carries for him")
def _():
    leader, follower = pair()
    folder = network().folder / "bob"
    code, _, stderr = mesh().founder.wgmeshd("admin", "bob", str(folder))
    equal(code, 0, "wgmeshd admin: " + stderr)
    stream = offered(identity(folder, follower.address), node_id=leader.name)
    equal(client().call(admin(leader), REVOKE_ADMIN, {"name": "bob"}).code, "OK", "revoking")
    refused(stream.wait(), "PERMISSION_DENIED", "bob", "revoked")
    wait_held(leader, 0)


@peer_test("streams that nobody may carry on are refused, with the word where the leader is")
def _():
    leader, follower = pair()
    refused(start(admin(follower), {**PREFER, "wgmesh-forwarded": "1"}, node_id=leader.name).wait(), "UNAVAILABLE", "does not lead")
    refused(start(follower.anybody(), node_id=leader.name).wait(), "UNAUTHENTICATED")
    # Whoever does not vote is not believed when it says who calls, and a stream is done in somebody's name.
    observer = mesh().add("o1", "observer", *STEADY)
    observer.wait_status(leader=leader.name)
    refused(start(admin(observer), node_id=leader.name).wait(), "FAILED_PRECONDITION", leader.name, leader.address)
    observer.stop()
    mesh().nodes.remove(observer)


@peer_test("a leader that is killed ends its streams with the word to call again, and the next one takes them")
def _():
    leader, follower = pair()
    stream = offered(admin(follower), node_id=leader.name)
    leader.kill()
    refused(stream.wait(), "UNAVAILABLE", leader.address, "was lost while it answered", "call again")
    now = mesh().leader()
    other = next(node for node in mesh().nodes if node is not now and node.alive())
    other.wait_status(leader=now.name)
    offered(admin(other), node_id=now.name).cancel()
    wait_held(now, 0)
    leader.start()
    leader.wait_status(leader=now.name)


@peer_test("a node that stops ends the streams that it carries for others, in order and at once")
def _():
    leader, follower = pair()
    stream = offered(admin(follower), node_id=leader.name)
    code, seconds = follower.stop()
    check(code == 0 and seconds < 5, "it ended with %d after %.1f s" % (code, seconds))
    equal(stream.wait().code, "UNAVAILABLE", "the end")
    wait_held(leader, 0)
    follower.start()
    follower.wait_status(leader=leader.name)
