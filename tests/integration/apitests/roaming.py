# SPDX-License-Identifier: Apache-2.0
"""Clients of data channels whose network changes under them: ICE is restarted and what is spoken goes on, or, where
the call is dead that has negotiated it, everything is made anew and told so."""
import contextlib
import hashlib
import os
import re
import signal
import socket
import subprocess
import threading

from apilib.network import CLIENT, address
from apitests.channels import Forward, echo, held, through, wait_empty, wide
from testing import check, defer, entered, equal, test, wait_until

MEGABYTE = 1 << 20
PIECE = 1 << 14
SECOND, THIRD = "10.98.0.251", "10.98.0.252"	# of the client's


def ip(*words):
    subprocess.run(["ip", "-n", wide().network.ns, *words], check=True)


def nft(text):
    subprocess.run(["ip", "netns", "exec", wide().network.ns, "nft", text], check=True)


class Transfer:
    """Random bytes without end to a local port of the client's, which are to come back as they went."""

    def __init__(self, port):
        self.sent, self.back = hashlib.sha256(), hashlib.sha256()
        self.count = self.returned = 0
        self.stopping = False
        self.ended = None
        with entered(wide().network.ns):
            self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        defer(self.connection.close)
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self._send, self._receive)]
        for thread in self.threads:
            thread.start()
        self.wait_progress()

    def _send(self):
        with contextlib.suppress(OSError):
            while not self.stopping:
                piece = os.urandom(PIECE)
                self.connection.sendall(piece)
                self.sent.update(piece)
                self.count += len(piece)

    def _receive(self):
        try:
            while piece := self.connection.recv(1 << 16):
                self.back.update(piece)
                self.returned += len(piece)
            self.ended = "closed"
        except OSError as error:
            self.ended = str(error)

    def wait_progress(self, size=MEGABYTE):
        before = self.returned
        wait_until(60, lambda: self.returned - before >= size, "another %d bytes come back" % size)

    def wait_equal(self):
        self.stopping = True
        self.threads[0].join(60)
        wait_until(60, lambda: self.returned == self.count, "all comes back")
        equal(self.back.hexdigest(), self.sent.hexdigest(), "the hash of %d bytes" % self.count)


class Follower(Forward):
    """wmctl port-forward whose lines can be waited for."""

    def __init__(self, *words):
        super().__init__(*words)
        self.port = self.wait_ready()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def wait(self, *words, seconds=40):
        """The first line with all of them, of those that no earlier wait() has had."""
        def find():
            return next((i for i, line in enumerate(self.lines) if all(word in line for word in words)), None)
        wait_until(seconds, lambda: find() is not None, "wmctl says %s" % (words,))
        at = find()
        line = self.lines[at]
        del self.lines[:at + 1]
        return line


def home_of(line):
    """Our address in a path."""
    return re.search(r" (\S+):\d+ - ", line).group(1)


def roaming(of, count=1):
    """A client with a second address, by which alone its data channels go; what negotiates them goes by the first."""
    ip("address", "add", SECOND + "/24", "dev", "veth0")
    defer(lambda: [subprocess.run(["ip", "-n", wide().network.ns, "address", "del", one + "/24", "dev", "veth0"], check=False,
                                  stderr=subprocess.DEVNULL) for one in (SECOND, THIRD)])
    nft("add table ip only; add chain ip only out { type filter hook output priority 0; };"
        " add rule ip only out ip saddr %s meta l4proto udp drop" % address(CLIENT))
    defer(lambda: nft("delete table ip only"))
    services = [echo(of) for _ in range(count)]
    forward = Follower(wide().n2, of.name, *("0:%d" % service.port for service in services))
    return forward, services


@test("wmctl port-forward goes on by another address when its own is taken away, and so does a transfer")
def _():
    w = wide()
    forward, (service,) = roaming(w.n3)
    equal(home_of(forward.lines[0]), SECOND, "the address at first")
    transfer = Transfer(forward.port)
    ip("address", "del", SECOND + "/24", "dev", "veth0")
    ip("address", "add", THIRD + "/24", "dev", "veth0")
    forward.wait("127.0.0.1:%d: an address of this host is gone: looking for another path to n3" % forward.port)
    equal(home_of(forward.wait("goes on by")), THIRD, "the address afterwards")
    transfer.wait_progress()
    transfer.wait_equal()
    w.n3.wait_log("event=data-channel-path", " %s:" % THIRD)
    equal((held(w.n3), service.open), ((1, 1), 1), "data channels, connections: those that there were")
    equal(forward.end(signal.SIGINT), (0, ""), "its end")
    wait_empty(w.n3)


@test("an address that comes back later than it went finds wmctl port-forward and its transfers waiting")
def _():
    w = wide()
    forward, _ = roaming(w.n3)
    transfer = Transfer(forward.port)
    ip("address", "del", SECOND + "/24", "dev", "veth0")
    forward.wait("looking for another path")
    wait_until(10, lambda: held(w.n3) == (1, 1), "the node keeps it")
    ip("address", "add", SECOND + "/24", "dev", "veth0")
    forward.wait("goes on by", SECOND)
    transfer.wait_progress()
    transfer.wait_equal()
    equal(forward.end(signal.SIGINT), (0, ""), "its end")


@test("a path that dies without a word is replaced before the data channel is given up")
def _():
    w = wide()
    forward, _ = roaming(w.n3)
    transfer = Transfer(forward.port)
    port = re.search(r":(\d+) - ", "".join(forward.lines[:1])).group(1)
    nft("add rule ip only out udp sport %s drop" % port)
    check(":%s - " % port not in forward.wait("goes on by"), "the same port")
    transfer.wait_progress()
    transfer.wait_equal()
    equal(forward.end(signal.SIGINT), (0, ""), "its end")


@test("many ports are forwarded by one command, and all of them move")
def _():
    w = wide()
    forward, services = roaming(w.n3, 4)
    while len(ports := {int(re.search(r":(\d+) leads to", line).group(1)) for line in list(forward.lines) if "leads to" in line}) < 4:
        wait_until(30, lambda: len([line for line in forward.lines if "leads to" in line]) == 4, "four ports")
    transfers = [Transfer(port) for port in ports]
    equal(held(w.n3), (4, 4), "data channels, connections")
    ip("address", "del", SECOND + "/24", "dev", "veth0")
    ip("address", "add", THIRD + "/24", "dev", "veth0")
    for transfer in transfers:
        transfer.wait_progress()
        transfer.wait_equal()
    equal([service.open for service in services], [1] * 4, "connections")
    equal(forward.end(signal.SIGINT), (0, ""), "its end")
    wait_empty(w.n3)


@test("when the address goes that the call went by, too, all is made anew: old connections end, new ones work")
def _():
    w = wide()
    service = echo(w.n3)
    forward = Follower(w.n2, "n3", "0:%d" % service.port)
    transfer = Transfer(forward.port)
    first = address(CLIENT)
    ip("address", "del", first + "/24", "dev", "veth0")
    ip("address", "add", THIRD + "/24", "dev", "veth0")

    def back():
        ip("address", "del", THIRD + "/24", "dev", "veth0")
        ip("address", "add", first + "/24", "dev", "veth0")
    defer(back)
    forward.wait("looking for another path")
    forward.wait(": lost: n3: it does not answer to the address that we had")
    forward.wait("its connections have ended; connecting with n3 again")
    wait_until(20, lambda: transfer.ended, "the old connection ends")
    equal(home_of(forward.wait("connected with n3: ")), THIRD, "the address afterwards")
    forward.wait("leads to")
    data = os.urandom(MEGABYTE)
    check(through(forward.port, data) == data, "what came back is not what went")
    wait_until(60, lambda: held(w.n3) == (1, 0) and service.open == 0, "the node lets go of the old one")
    equal(forward.end(signal.SIGINT), (0, ""), "its end")


@test("a node that restarts ends connections with its reason, and is led to again")
def _():
    w = wide()
    service = echo(w.n3)
    forward = Follower(w.n2, "n3", "0:%d" % service.port)
    transfer = Transfer(forward.port)
    w.n3.stop()
    forward.wait(": lost: ", "stops")
    wait_until(20, lambda: transfer.ended, "the old connection ends")
    forward.wait("not yet: ", "again in")
    w.restart(w.n3)
    forward.wait("leads to", seconds=60)
    data = os.urandom(MEGABYTE)
    check(through(forward.port, data) == data, "what came back is not what went")
    equal(forward.end(signal.SIGINT), (0, ""), "its end")
    wait_empty(w.n3)
