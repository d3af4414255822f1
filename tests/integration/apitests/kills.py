# SPDX-License-Identifier: Apache-2.0
"""Who is killed in the midst of a transfer: what the others held for it is let go, to the last descriptor, and who
waits hears why."""
from apilib.channel import Channel
from apilib.world import peer_test, refused
from apitests.channels import echo, held, start, wait_empty, wide
from testing import check, defer, equal, wait_until


class Counted:
    """A service of n3 and what its node, and those on the way, hold without clients: to be had again."""

    def __init__(self, *nodes):
        w = wide()
        self.service = echo(w.n3)
        for at in nodes:
            if at is not w.n3:
                w.echo_once(at, w.n3, self.service, 1000).cancel()
        wait_empty(w.n3)
        wait_until(10, lambda: self.service.open == 0, "the service has no connection")
        self.before = {at: at.descriptors() for at in nodes}

    def flood(self, at, metadata=None):
        """A client in the midst of a transfer, by way of that node."""
        w = wide()
        channel = Channel(w.network.ns)
        defer(channel.stop)
        channel.connect(lambda: start(w.admin(at), by=w.client, metadata=metadata, node_id="n3", port=self.service.port))
        channel.say({"flood": 1})
        passed = self.service.bytes
        wait_until(30, lambda: self.service.bytes - passed > 1 << 20, "a transfer is in its midst")
        return channel

    def check_empty(self, *nodes):
        for at in nodes:
            wait_empty(at, self.before[at])
        wait_until(10, lambda: self.service.open == 0, "the service sees its connections end")


@peer_test("a node that negotiates is killed in the midst of a transfer: the client hears it, the other node holds nothing")
def _():
    w = wide()
    counted = Counted(w.n2, w.n3)
    channels = [counted.flood(w.n2) for _ in range(3)]
    equal(held(w.n3), (3, 3), "data channels, connections")
    w.n2.kill()
    for channel in channels:
        refused(channel.stream.wait(), "UNAVAILABLE")
    counted.check_empty(w.n3)
    w.n3.wait_log("event=data-channel-ended", "was=connected", "the client has gone")
    w.restart(w.n2)
    w.mesh.leader().wait_status(voters=2)


@peer_test("the leader is killed in the midst of transfers: those by way of it end with a reason, those by way of another go on")
def _():
    w = wide()
    leader = w.mesh.leader()
    other = w.n2 if leader is w.n1 else w.n1
    counted = Counted(other, leader, w.n3)
    led = counted.flood(other, {"prefer-leader": "true"})
    direct = counted.flood(other)
    equal(held(w.n3), (2, 2), "data channels, connections")
    leader.kill()
    refused(led.stream.wait(), "UNAVAILABLE")
    wait_until(20, lambda: held(w.n3) == (1, 1), "the one by way of the leader is gone")
    passed = counted.service.bytes
    wait_until(30, lambda: counted.service.bytes - passed > 1 << 20, "the other transfer goes on")
    check(direct.stream.ended.empty(), "the other stream has ended")
    direct.stream.cancel()
    counted.check_empty(w.n3)
    wait_until(20, lambda: other.descriptors() <= counted.before[other], "%s has its descriptors" % other.name)
    w.restart(leader)
    w.mesh.leader().wait_status(voters=2)


@peer_test("the node of the service is killed in the midst of a transfer: the client hears it, the one on the way holds nothing")
def _():
    w = wide()
    counted = Counted(w.n2, w.n3)
    channel = counted.flood(w.n2)
    w.n3.kill()
    refused(channel.stream.wait(), "UNAVAILABLE", w.n3.address)
    wait_until(20, lambda: w.n2.descriptors() <= counted.before[w.n2], "n2 has its descriptors")
    w.restart(w.n3)
