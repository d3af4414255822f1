# SPDX-License-Identifier: Apache-2.0
"""A browser, Chromium without a window, that reaches services by way of a node: wmctl gateway signals for it, and
the pages are those of clients/browser, or import its script. What it has done the services tell."""
import base64
import functools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from apilib.channel import Echo
from apilib.mesh import Mesh
from apilib.network import Network
from apilib.node import ROOT, WMCTL
from apilib.world import STEADY
from apitests.turn import turn_test
from testing import check, defer, entered, equal, test, wait_until

BROWSER = shutil.which("chromium")
FILES = ROOT / "clients/browser"

# Of the test: MEGABYTE random bytes over one connection and some over nineteen more, all at once, then the verdict.
PAGE = """
import { Service } from './client.js'
const [token, echo, verdict, iceTransportPolicy] = location.hash.slice(1).split('&')
const connect = (port) => Service.connect(`ws://${location.host}/signal?${token}`, { node: 'n1', port: Number(port) }, { iceTransportPolicy })

function echoed(connection, size) {
  const sent = new Uint8Array(size)
  for (let i = 0; i < size; i++) sent[i] = Math.random() * 256
  return new Promise((resolve) => {
    const back = []
    connection.onmessage = ({ data }) => {
      back.push(...new Uint8Array(data))
      if (back.length >= size) resolve(back.length === size && back.every((byte, i) => byte === sent[i]))
    }
    connection.onopen = () => { for (let at = 0; at < size; at += 16384) connection.send(sent.subarray(at, at + 16384)) }
  })
}

async function run() {
  const service = await connect(echo)
  const sizes = [1 << 20, ...Array.from({ length: 19 }, (_, i) => 1000 + i)]
  const good = await Promise.all(sizes.map((size) => echoed(service.open(), size)))
  service.close()
  await service.ended
  const refused = await Service.connect(`ws://${location.host}/signal?${token}`, { node: 'nobody', port: 80 }).catch((error) => error.message)
  const forged = await Service.connect(`ws://${location.host}/signal?${'0'.repeat(32)}`, { node: 'n1', port: 80 }).catch((error) => error.message)
  return { good, refused, forged }
}

const result = await run().catch((error) => ({ error: String(error) }))
const report = (await connect(verdict)).open()
report.onopen = () => report.send(new TextEncoder().encode(JSON.stringify(result) + '\\n'))
"""


def browser_test(name):
    return test(name) if BROWSER else (lambda function: function)


def relay_test(name):
    return turn_test(name) if BROWSER else (lambda function: function)


if not BROWSER:
    print("skipped: what a browser does: chromium is not installed (package chromium)", flush=True)


@functools.cache
def mesh():
    """Of one node. A browser looks for its addresses where the way out of its network begins."""
    network = Network(os.environ.get("LOGS"))
    made = Mesh(network, *STEADY)
    subprocess.run(["ip", "-n", network.ns, "route", "add", "default", "via", made.founder.host], check=True)
    return made, network


class Gateway:
    """wmctl gateway in the client's namespace."""

    def __init__(self, files=FILES):
        made, self.network = mesh()
        environment = dict(os.environ, WGMESH_STATE_DIR=str(made.founder.dir))
        self.process = subprocess.Popen(["ip", "netns", "exec", self.network.ns, WMCTL, "--address", made.founder.address, "gateway", "0",
                                         str(files)], stdout=subprocess.PIPE, text=True, env=environment)
        defer(self.process.wait)
        defer(self.process.kill)
        self.url = self.process.stdout.readline().split()[0]
        self.host = self.url.split("/")[2]
        self.token = self.url.split("#")[1]

    def ask(self, *lines):
        """The answer's first line to a request of these lines."""
        with entered(self.network.ns):
            connection = socket.create_connection(("127.0.0.1", int(self.host.split(":")[1])), timeout=20)
        with connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            answer = b""
            while b"\r\n" not in answer:
                piece = connection.recv(1000)
                check(piece, "no answer to %r" % (lines,))
                answer += piece
        return answer.split(b"\r\n")[0].decode()


def browse(gateway, more):
    profile = tempfile.mkdtemp(prefix="wgmesh-browser.")
    log = open(pathlib.Path(os.environ.get("LOGS", profile)) / "browser.log", "ab")	# pylint: disable=consider-using-with
    defer(log.close)
    defer(lambda: shutil.rmtree(profile, ignore_errors=True))
    process = subprocess.Popen(["ip", "netns", "exec", gateway.network.ns, BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu",
                                "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
                                "--user-data-dir=" + profile, "--enable-logging=stderr", gateway.url + more],
                               stdout=log, stderr=log, env=dict(os.environ, HOME=profile), start_new_session=True)
    defer(process.wait)
    defer(process.terminate)
    return process


class Lines:
    """A TCP service at the node that hears one line and says what it is told to."""

    def __init__(self, ns, answer=b""):
        self.heard = None
        with entered(ns):
            self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        defer(self.listener.close)
        threading.Thread(target=self._serve, args=(answer,), daemon=True).start()

    def _serve(self, answer):
        connection, _ = self.listener.accept()
        with connection:
            self.heard = connection.makefile().readline()
            connection.sendall(answer)

    def wait(self, seconds=60):
        wait_until(seconds, lambda: self.heard is not None, "the browser's page reaches the service")
        return self.heard


def pages(script):
    """A folder with a page that runs it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wgmesh-pages."))
    defer(lambda: shutil.rmtree(folder))
    shutil.copy(FILES / "client.js", folder)
    (folder / "index.html").write_text('<script type="module" src="page.js"></script>')
    (folder / "page.js").write_text(script)
    return folder


def run_page(policy):
    """What the page of the test says that it has seen."""
    made, _ = mesh()
    service = Echo(made.founder.ns)
    defer(service.close)
    verdict = Lines(made.founder.ns)
    gateway = Gateway(pages(PAGE))
    browse(gateway, "&%d&%d&%s" % (service.port, verdict.port, policy))
    result = json.loads(verdict.wait())
    equal(result.get("good"), [True] * 20, "what came back (%r)" % result)
    check("nobody" in result["refused"], "of an unknown node: %r" % result)
    check("cannot be reached" in result["forged"], "with another token: %r" % result)
    gateway.process.terminate()
    equal(gateway.process.wait(20), 0, "the gateway's end")
    wait_until(20, lambda: made.founder.status().get("data_channels") == 0, "nothing is left at the node")


@browser_test("a browser reaches a service by way of a node: bytes come back as they went, over many connections, and errors are told")
def _():
    run_page("all")
    mesh()[0].founder.wait_log("action=data-channel", "by=admin:admin", "outcome=ok")


@relay_test("a browser that has no way but a relay reaches it by the TURN server of the node")
def _():
    node = mesh()[0].founder
    node.stop()
    node.start("--turn-mode", "managed", "--turn-relay-ports", "50000-50099")
    wait_until(20, node.leads, "n1 leads")
    node.wait_log("event=child-started", "turnserver")
    run_page("relay")
    node.wait_log("event=data-channel-connected", " - relay %s:" % node.host)


# Of the test: bytes without end, which come back.
FLOOD = """
import { Service } from './client.js'
const [token, echo] = location.hash.slice(1).split('&')
const service = await Service.connect(`ws://${location.host}/signal?${token}`, { node: 'n1', port: Number(echo) })
const connection = service.open()
const piece = crypto.getRandomValues(new Uint8Array(16384))
const fill = () => { while (connection.bufferedAmount < 1 << 19) connection.send(piece) }
connection.bufferedAmountLowThreshold = 1 << 18
connection.onbufferedamountlow = fill
connection.onopen = fill
"""


def flood():
    """A browser in the midst of a transfer; and the service."""
    made, _ = mesh()
    service = Echo(made.founder.ns)
    defer(service.close)
    gateway = Gateway(pages(FLOOD))
    process = browse(gateway, "&%d" % service.port)
    wait_until(60, lambda: service.bytes > 1 << 20, "a transfer is in its midst")
    return service, gateway, process


@browser_test("a browser that is killed in the midst of a transfer leaves nothing at the node, nor does its gateway")
def _():
    node = mesh()[0].founder
    run_page("all")	# what the first one leaves open for others is there
    before = node.descriptors()
    for victim in ("browser", "gateway"):
        service, gateway, process = flood()
        equal(node.status().get("data_channel_connections"), 1, "connections")
        if victim == "browser":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            gateway.process.kill()
        node.wait_log("event=data-channel-ended", "was=connected", "the client has gone", seconds=30)
        gateway.process.kill()	# it has a connection to the node, with or without a browser
        wait_until(20, lambda: node.status().get("data_channels") == 0 and node.descriptors() <= before, "nothing is left")
        wait_until(10, lambda service=service: service.open == 0, "the service sees its connection end")


def move(*words):
    subprocess.run(["ip", "-n", mesh()[1].ns, *words], check=True)


def live_at(address):
    """For what the browser speaks; what signals for it has another address, and keeps it."""
    move("address", "replace", address + "/24", "dev", "veth0")
    for where in ("10.98.0.0/24", "default"):
        move("route", "replace", where, "dev", "veth0", "src", address, "table", "100")


def live_as_before():
    move("rule", "del", "ipproto", "udp", "lookup", "100")
    for address in ("10.98.0.251", "10.98.0.252"):
        subprocess.run(["ip", "-n", mesh()[1].ns, "address", "del", address + "/24", "dev", "veth0"],
                       stderr=subprocess.DEVNULL, check=False)


@browser_test("a browser whose address is taken away goes on by another one, and so does its transfer")
def _():
    """By ICE's restart, or without one, where the node has another pair that works (a server for STUN or TURN)."""
    node = mesh()[0].founder
    move("rule", "add", "ipproto", "udp", "lookup", "100")
    defer(live_as_before)
    live_at("10.98.0.251")
    service, _, _ = flood()
    node.wait_log("event=data-channel-connected", " 10.98.0.251:")
    move("address", "del", "10.98.0.251/24", "dev", "veth0")
    live_at("10.98.0.252")
    passed = service.bytes
    wait_until(90, lambda: service.bytes - passed > 8 << 20, "the transfer goes on")
    equal((service.open, node.status().get("data_channel_connections")), (1, 1), "connections")


@browser_test("the page of clients/browser gets what it is asked for")
def _():
    made, _ = mesh()
    service = Lines(made.founder.ns, b"HTTP/1.0 200 OK\r\n\r\nhello\n")
    browse(Gateway(), "&node=n1&port=%d&path=/hello" % service.port)
    equal(service.wait(), "GET /hello HTTP/1.0\n", "the request")


@test("the gateway is for its own page and for who has its token, and serves nothing but that page")
def _():
    gateway = Gateway()
    host = "Host: " + gateway.host
    key = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
    good = "GET /signal?%s HTTP/1.1" % gateway.token
    for path in ("/", "/client.js", "/page.js"):
        equal(gateway.ask("GET %s HTTP/1.1" % path, host), "HTTP/1.1 200 OK", path)
    for path in ("/x", "/../control", "/client.js?x", "//etc/passwd"):
        equal(gateway.ask("GET %s HTTP/1.1" % path, host), "HTTP/1.1 404 Not Found", path)
    equal(gateway.ask(good, host, *key), "HTTP/1.1 101 Switching Protocols", "a program with the token")
    equal(gateway.ask(good, host, *key, "Origin: http://" + gateway.host), "HTTP/1.1 101 Switching Protocols", "its own page")
    forbidden = "HTTP/1.1 403 Forbidden"
    equal(gateway.ask(good, host, *key, "Origin: http://example.org"), forbidden, "another site's page")
    equal(gateway.ask(good, host, *key, "Origin: null"), forbidden, "a page that hides where it is from")
    equal(gateway.ask("GET /signal?%s HTTP/1.1" % ("0" * 32), host, *key), forbidden, "another token")
    equal(gateway.ask("GET /signal? HTTP/1.1", host, *key), forbidden, "no token")
    equal(gateway.ask(good, "Host: example.org", *key), forbidden, "another name for this address")
    equal(gateway.ask("GET / HTTP/1.1"), forbidden, "no name")
    equal(gateway.ask("POST / HTTP/1.1", host), "HTTP/1.1 405 Method Not Allowed", "POST")
    equal(gateway.ask("GET / HTTP/1.0", host), "HTTP/1.1 400 Bad Request", "an old one")
