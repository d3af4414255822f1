# SPDX-License-Identifier: Apache-2.0
"""Clients of data channels that have nothing in common with the project: tests/peers/werift and tests/peers/pion for
WebRTC, tests/peers/grpc-js for what is negotiated; and services to reach."""
import functools
import json
import os
import pathlib
import socket
import subprocess
import threading
import urllib.parse

from apilib.peer import Missing, install
from testing import Failure, check, entered, wait_until

PEERS = pathlib.Path(__file__).resolve().parents[3] / "tests/peers"


@functools.cache
def werift():
    """A program, as tests/peers/werift/peer.js says, and what it needs of the environment; Missing says what there is not."""
    return ["node", str(PEERS / "werift/peer.js")], {"NODE_PATH": str(install(PEERS / "werift"))}


@functools.cache
def pion():
    """The same, which can do more: tests/peers/pion/main.go."""
    done = subprocess.run([PEERS / "pion/build"], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise Missing((done.stdout + done.stderr).strip().splitlines()[-1])
    return [done.stdout.strip()], {}


class Echo:
    """A TCP service in a namespace that says what it hears; `open`: connections that stand; `bytes`: that it has heard."""

    def __init__(self, ns, address="127.0.0.1"):
        self.open = self.bytes = 0
        self.lock = threading.Lock()
        with entered(ns):
            self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _count(self, change):
        with self.lock:
            self.open += change

    def _serve(self, connection):
        self._count(1)
        with connection:
            try:
                while data := connection.recv(1 << 16):
                    self.bytes += len(data)
                    connection.sendall(data)
            except OSError:
                pass
        self._count(-1)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def servers_of(urls):
    """As WebRTC's configurations have them, of a list of the API's."""
    servers = []
    for url in urls:
        scheme, rest = url.split(":", 1)
        if "@" in rest:
            login, rest = rest.split("@")
            user, password = map(urllib.parse.unquote, login.split(":"))
            servers.append({"urls": "%s:%s" % (scheme, rest), "username": user, "credential": password})
        else:
            servers.append({"urls": url})
    return servers


def relay_of(urls):
    relays = [server for server in servers_of(urls) if server["urls"].startswith("turn:")]
    check(len(relays) == 1, "TURN servers: %r" % urls)
    return relays[0]


def through(ns, port, data):
    """What comes back of `data` from 127.0.0.1:PORT there."""
    with entered(ns):
        connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    with connection:
        sender = threading.Thread(target=connection.sendall, args=(data,))
        sender.start()
        back = bytearray()
        while len(back) < len(data):
            piece = connection.recv(1 << 16)
            check(piece, "closed after %d bytes" % len(back))
            back += piece
        sender.join()
    return bytes(back)


class Channel:
    """A client in `ns`; connect() has it take what a call of StartDataChannel negotiates. With `relayed` it is
    reached by the TURN server of the offer alone; otherwise pion asks all servers of it, and werift none. `stack`:
    which one it is."""

    def __init__(self, ns, relayed=False, stack=werift):
        self.relayed = relayed
        self.asks = stack is pion
        self.stream = None
        self.said = []
        self.ending = threading.Event()
        command, environment = stack()
        self.process = subprocess.Popen(["ip", "netns", "exec", ns, *command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=os.environ | environment)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.process.stdout:
            line = json.loads(text)
            if "answer" in line or "candidate" in line:
                self.stream.send(line)
            self.said.append(line)

    def _carry(self):
        """The other way; messages are appended by another thread."""
        done = 0
        while not self.ending.wait(0.005):
            while done < len(self.stream.messages):
                message = self.stream.messages[done]
                done += 1
                if message["offer"] and self.relayed:
                    self.say({"relay": relay_of(message["stun_servers"])})
                elif message["offer"] and self.asks:
                    self.say({"servers": servers_of(message["stun_servers"])})
                for name in ("offer", "candidate"):
                    if message[name]:
                        self.say({name: message[name]})

    def say(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def _heard(self, name, value=True):
        errors = [line["error"] for line in self.said if "error" in line]
        check(not errors, "the peer: %s" % errors)
        return any(line.get(name) == value for line in self.said)

    def wait(self, name, value=True, seconds=30):
        try:
            wait_until(seconds, lambda: self._heard(name, value), "the peer says %s" % name)
        except Failure:
            if self.stream and not self.stream.ended.empty():
                raise Failure("the stream has ended: %r" % self.stream.wait()) from None
            raise

    def begin(self, begin):
        """`begin` gives the call; an offer does not wait for a client that has yet to start."""
        self.wait("ready")
        self.stream = begin()
        threading.Thread(target=self._carry, daemon=True).start()

    def connect(self, begin):
        self.begin(begin)
        self.wait("open")
        return self

    def echo(self, connection, size, seconds=30):
        """`size` random bytes go and come back over a connection of that number."""
        self.say({"echo": {"connection": connection, "bytes": size}})
        self.wait("echoed", connection, seconds)

    def path(self):
        """The pair of candidates that pion uses now, "TYPE ADDRESS - TYPE ADDRESS", its own first."""
        told = len(self.said)
        self.say({"path": True})
        return wait_until(10, lambda: next((line["path"] for line in self.said[told:] if "path" in line), None), "a path")

    def close(self):
        """The client closes channel 0."""
        self.say({"close": True})

    def stop(self):
        """The client is gone."""
        self.ending.set()
        self.process.kill()
        self.process.wait()
