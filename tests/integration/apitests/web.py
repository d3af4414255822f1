# SPDX-License-Identifier: Apache-2.0
"""The daemon's own listener for browsers (web-address): who shows a certificate of the mesh, and who does not. Python's
TLS is most of the clients, and Chromium one."""
import base64
import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from apilib.channel import Echo
from apilib.chromium import SHOWS_CERTIFICATES, certified
from apilib.mesh import Mesh
from apilib.network import Network
from apilib.world import STEADY
from apitests.browser import FILES, Lines
from testing import check, defer, entered, equal, test, wait_until

PORT = 8445
NAME = "n1.webmesh.internal"
HOST = "%s:%d" % (NAME, PORT)
SLOW = 10		# seconds that a connection has to say something
STREAM = 60		# that a stream of events goes on

if not SHOWS_CERTIFICATES:
    print("skipped: a browser with a certificate: chromium and libnss3-tools are not installed", flush=True)


@functools.cache
def mesh():
    """Of a voter and an observer, which serve browsers, and a client whose way out is by the first."""
    network = Network(os.environ.get("LOGS"))
    web = ("--web-address", "[::]:%d" % PORT)
    made = Mesh(network, *STEADY, *web)
    made.add("n2", "observer", *STEADY, *web)
    subprocess.run(["ip", "-n", network.ns, "route", "add", "default", "via", made.founder.host], check=True)
    made.founder.wait_log("event=web ")
    return made, network


@functools.cache
def stranger():
    """The identity of another mesh's administrator."""
    _, network = mesh()
    node = network.node("other")
    code, _, stderr = node.wgmeshd("init", *node.options())
    equal(code, 0, "init: " + stderr)
    return node.dir


def admin(name):
    """The folder of a new administrator."""
    made, network = mesh()
    folder = network.folder / ("admin-" + name)
    code, _, stderr = made.founder.wgmeshd("admin", name, str(folder))
    equal(code, 0, "wgmeshd admin: " + stderr)
    return folder


def context(identity=None):
    """That believes the mesh, and shows this folder's certificate."""
    made = ssl.create_default_context(cafile=str(mesh()[0].founder.dir / "identity/ca.pem"))
    if identity:
        made.load_cert_chain(str(identity / "node.pem"))
    return made


def connect(node=None):
    made, network = mesh()
    with entered(network.ns):
        return socket.create_connection(((node or made.founder).host, PORT), timeout=30)


def secure(identity, tls=None, node=None):
    name = NAME.replace("n1", node.name) if node else NAME
    return (tls or context(identity)).wrap_socket(connect(node), server_hostname=name)


def ask(identity, path="/browser/", method="GET", node=None, **headers):
    """(status, headers, body); of n1, or the node."""
    page = http.client.HTTPSConnection(NAME, PORT)
    page.sock = secure(identity, node=node)
    with contextlib.closing(page):
        page.request(method, path, headers={"Host": HOST, **headers})
        answer = page.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


def refused(identity=None, tls=None):
    """Nothing is served: the handshake fails, in TLS 1.3 when something is to be read."""
    try:
        with secure(identity, tls) as connection:
            connection.sendall(("GET /browser/ HTTP/1.1\r\nHost: %s\r\n\r\n" % HOST).encode())
            return not connection.recv(100)
    except (ssl.SSLError, ConnectionError):
        return True


class Socket:
    """A WebSocket, as RFC 6455 has it."""

    def __init__(self, identity, path="/signal", origin=None, node=None):
        self.connection = secure(identity, node=node)
        defer(self.connection.close)
        self.connection.settimeout(30)
        lines = ["GET %s HTTP/1.1" % path, "Host: " + HOST, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        lines += ["Origin: " + origin] if origin else []
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.connection.recv(1)
            check(piece, "an answer to %r" % lines)
            head += piece
        self.status = int(head.split()[1])

    def frame(self, opcode, payload):
        mask = os.urandom(4)
        check(len(payload) < 126, "short")
        self.connection.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask +
                                bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def say(self, **message):
        self.frame(1, json.dumps(message).encode())

    def _take(self, size):
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            check(piece, "the WebSocket ended without a word")
            data += piece
        return data

    def frame_in(self):
        """A message, or (opcode, payload)."""
        opcode, length = self._take(2)
        if length == 126:
            length, = struct.unpack(">H", self._take(2))
        payload = self._take(length)
        return json.loads(payload) if opcode & 15 == 1 else (opcode & 15, payload)

    def hear(self):
        """A message, or (code, reason) of the end."""
        said = self.frame_in()
        if isinstance(said, dict):
            return said
        equal(said[0], 8, "the end")
        return struct.unpack(">H", said[1][:2])[0], said[1][2:].decode()

    def offered(self, node="n1"):
        self.say(node=node, proto="tcp", dst="127.0.0.1", port=1)
        message = self.hear()
        check(isinstance(message, dict) and "offer" in message, "an offer: %r" % (message,))
        return self


@test("a browser's page, its scripts and the node's own pages are for who shows a certificate of the mesh, an administrator's or a node's")
def _():
    made, _ = mesh()
    for folder in (made.founder.dir / "admin", made.founder.dir / "identity", made.nodes[1].dir / "identity"):
        status, headers, body = ask(folder)
        equal((status, body), (200, (FILES / "index.html").read_text()), "the page")
        check("frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["Cache-Control"] == "no-store", repr(headers))
    for path, file in (("/browser/page.js", "page.js"), ("/browser/client.js", "client.js")):
        equal(ask(made.founder.dir / "admin", path)[::2], (200, (FILES / file).read_text()), path)
    check("wgmesh_build_info" in ask(made.founder.dir / "admin", "/metrics")[2], "the metrics")
    for path in ("/x", "/browser/../metrics", "//", "/signal", "/browser/page.js?x"):
        equal(ask(made.founder.dir / "admin", path)[0], 404, path)
    for method in ("POST", "HEAD", "OPTIONS", "CONNECT"):
        equal(ask(made.founder.dir / "admin", method=method)[0], 405, method)


@test("who shows no certificate, another mesh's, or speaks older TLS is refused")
def _():
    made, _ = mesh()
    old = context(made.founder.dir / "admin")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    check(refused(), "without a certificate")
    for folder in ("admin", "identity"):
        check(refused(stranger() / folder), "another mesh's " + folder)
    check(refused(tls=old), "TLS 1.2")
    check(not refused(made.founder.dir / "admin"), "one of the mesh's")


@test("a revoked administrator gets no page any more, and his WebSocket that stands ends with the reason; a node's that was taken out, too")
def _():
    made, _ = mesh()
    folder = admin("ann")
    equal(ask(folder)[0], 200, "before")
    standing = Socket(folder).offered()
    stream = http.client.HTTPSConnection(NAME, PORT)
    stream.sock = secure(folder)
    stream.request("GET", "/events", headers={"Host": HOST})
    heard = stream.getresponse()
    equal(heard.getheader("Content-Type"), "text/event-stream", "events")
    code, _, stderr = made.leader().wmctl("certificate", "revoke", "ann", identity=made.founder.dir / "admin")
    equal(code, 0, stderr)
    end = wait_until(20, lambda: (said := standing.hear()) and isinstance(said, tuple) and said, "the WebSocket ends")
    check(end[0] == 4004 and "revoked" in end[1], "the end: %r" % (end,))
    status, _, why = ask(folder)
    check(status == 403 and "revoked" in why, "a page: %d %s" % (status, why))
    equal(Socket(folder).status, 403, "another WebSocket")
    revoked = time.monotonic()
    while heard.read1(1000):
        pass
    check(time.monotonic() - revoked < STREAM / 2, "the stream of events ended by itself alone")
    guest = made.add("n3", "observer", *STEADY)
    equal(ask(guest.dir / "identity")[0], 200, "of a node")
    standing = Socket(guest.dir / "identity").offered()
    code, _, stderr = made.leader().wmctl("node", "remove", "n3", identity=made.founder.dir / "admin")
    equal(code, 0, stderr)
    end = wait_until(20, lambda: (said := standing.hear()) and isinstance(said, tuple) and said, "the WebSocket ends")
    check(end[0] == 4004 and "taken out" in end[1], "the end: %r" % (end,))
    equal(ask(guest.dir / "identity")[0], 403, "of a node that is none")
    guest.stop()
    made.nodes.remove(guest)


@test("a WebSocket is one call in its user's name: the audit has him and where he is, and a page of another site has none")
def _():
    made, network = mesh()
    folder = admin("carl")
    equal(Socket(folder, origin="https://example.org").status, 403, "another site's page")
    equal(Socket(folder, origin="null").status, 403, "a page that hides where it is from")
    equal(Socket(folder, origin="http://" + HOST).status, 403, "a page without TLS")
    equal(Socket(folder, "/signal?x").status, 403, "another path")
    one = Socket(folder, origin="https://" + HOST)
    equal(one.status, 101, "its own page")
    client = subprocess.run(["ip", "-n", network.ns, "-br", "-4", "address", "show", "veth0"], capture_output=True, text=True, check=True)
    client = client.stdout.split()[2].split("/")[0]
    one.offered()
    line = made.founder.wait_log("action=data-channel", "by=admin:carl", "through=n1", "outcome=ok")
    check(client in line, "where he is (%s): %s" % (client, line))
    other = Socket(folder)
    other.say(node="nobody", port=80)
    code, reason = other.hear()
    check(code == 4002 and "nobody" in reason, "an unknown node: %d %s" % (code, reason))
    other = Socket(folder)
    other.frame(1, b"[1]")
    equal(other.hear(), (1002, "not an object of JSON"), "no object")
    over = Socket(folder)
    over.say(node="n2", proto="tcp", dst="127.0.0.1", port=1)
    check("offer" in over.hear(), "of another node")


@test("a node that does not vote is believed by itself: a browser reaches its services in its user's name, and no other node's by it")
def _():
    made, _ = mesh()
    node, folder = made.nodes[1], admin("erik")
    equal(ask(folder, node=node)[0], 200, "its page")
    Socket(folder, node=node).offered("n2")
    node.wait_log("action=data-channel", "by=admin:erik", "through=n2", "outcome=ok")
    one = Socket(folder, node=node)
    one.say(node="n1", proto="tcp", dst="127.0.0.1", port=1)
    code, reason = one.hear()
    check(code == 4006 and "does not vote" in reason, "another's: %d %s" % (code, reason))


@test("one certificate of an administrator is revoked by its serial number for browsers, too, and his others hold")
def _():
    made, network = mesh()
    folder, old = admin("bob"), network.folder / "admin-bob-old"
    shutil.copytree(folder, old)
    made.wait_level()
    for args in (("renew",), ("revoke", "bob", serial(old))):
        code, _, stderr = made.leader().wmctl("certificate", *args, identity=folder)
        equal(code, 0, stderr)
    made.wait_level()
    check(serial(folder) != serial(old), "it is another")
    for node in made.nodes[:2]:
        equal((ask(folder, node=node)[0], ask(old, node=node)[0]), (200, 403), "of the new and the old one at " + node.name)


def serial(folder):
    code, stdout, stderr = mesh()[0].founder.wmctl("-o", "json", "certificate", "show", identity=folder)
    equal(code, 0, stderr)
    return json.loads(stdout)["serial"]


@test("one identity has as many sessions as by gRPC and no more, and who goes leaves nothing behind")
def _():
    made, _ = mesh()
    folder = admin("dora")
    sockets = [Socket(folder).offered() for _ in range(16)]
    one = Socket(folder)
    code, reason = one.hear()
    check(code == 4008 and "dora has 16" in reason, "the 17th: %d %s" % (code, reason))
    Socket(made.founder.dir / "admin").offered()
    for one in sockets:
        one.connection.close()
    wait_until(20, lambda: made.founder.status().get("data_channels", 1) <= 1, "the sessions end")
    Socket(folder).offered()


@test("garbage, silence and hundreds of connections cost others nothing")
def _():
    made, _ = mesh()
    before = made.founder.descriptors()
    crowd = [connect() for _ in range(300)]
    equal(ask(made.founder.dir / "admin")[0], 200, "while they are there")
    for one in crowd[-100:]:
        with contextlib.suppress(OSError):
            one.sendall(os.urandom(500))
    began = time.monotonic()
    equal(ask(made.founder.dir / "admin")[0], 200, "with garbage, too")
    silent = secure(made.founder.dir / "admin")
    long = secure(made.founder.dir / "admin")
    with contextlib.suppress(OSError):
        long.sendall(b"GET /" + b"x" * 100000)
        check(b" 400 " in long.recv(100), "a request without end")
    equal(silent.recv(1), b"", "who says nothing is hung up on")
    check(SLOW - 1 <= time.monotonic() - began <= SLOW + 20, "after %.1f s" % (time.monotonic() - began))
    for one in crowd:
        one.close()
    wait_until(20, lambda: made.founder.descriptors() <= before + 2, "their descriptors are closed")
    check(made.founder.log_has("event=web-refused") is None, "it is not for everybody to fill the log")


@test("it is off by default; at SIGHUP it comes, moves and goes, and where it cannot listen is said")
def _():
    _, network = mesh()
    path = network.folder / "web.yaml"
    path.write_text("log-level: info\n")
    node = network.node("alone").init().start("--config", str(path))
    wait_until(20, node.leads, "it leads")
    def state():
        with entered(node.ns), contextlib.suppress(OSError), socket.create_connection((node.host, PORT), timeout=5):
            return True
        return False
    def say(text):
        path.write_text(text)
        node.process.send_signal(signal.SIGHUP)
    check(not state() and not node.log_has("event=web"), "nobody asked for it")
    say("web-address: %s:%d\n" % (node.host, PORT))
    wait_until(20, state, "it is served")
    say("web-address: none\n")
    wait_until(20, lambda: not state(), "it is not any more")
    say("web-address: 192.0.2.9:%d\n" % PORT)
    node.wait_log("event=web-not-served", "192.0.2.9", "remedy=")
    check(node.alive() and node.leads(), "the rest goes on")
    node.stop()


def renew(node):
    """Another certificate for the same key, by the mesh's authority, put where the node looks at SIGHUP."""
    folder = node.dir / "identity"
    pem = (folder / "node.pem").read_text()
    key, old = pem[:pem.index("-----BEGIN CERT")], x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERT"):].encode())
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    builder = x509.CertificateBuilder().subject_name(old.subject).issuer_name(ca.subject).public_key(old.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(old.not_valid_before).not_valid_after(old.not_valid_after)
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made = builder.sign(load_pem_private_key((folder / "ca.key").read_bytes(), None), hashes.SHA256())
    (folder / "node.pem").write_text(key + made.public_bytes(Encoding.PEM).decode())
    return made.serial_number


@test("another certificate of the node is shown without a restart, and who is there stays")
def _():
    made, _ = mesh()
    node = made.founder
    standing = Socket(node.dir / "admin").offered()
    def shown():
        with secure(node.dir / "admin") as connection:
            return int(connection.getpeercert()["serialNumber"], 16)
    before = shown()
    wanted = renew(node)
    equal(shown(), before, "until it is told")
    node.process.send_signal(signal.SIGHUP)
    wait_until(20, lambda: shown() == wanted, "the new one is shown")
    equal(ask(node.dir / "admin")[0], 200, "the node's API takes it, too")
    standing.frame(9, b"")
    while isinstance(said := standing.frame_in(), dict):
        pass
    equal(said, (10, b""), "the pong of the one that was there")


ECHO = """(async () => {
  const { Service } = await import('/browser/client.js')
  const echoed = (connection, size) => {
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
  const service = await Service.connect(`wss://${location.host}/signal`, { node: '%s', port: %d })
  const good = await Promise.all([1 << 20, 1, 1000, 65536].map((size) => echoed(service.open(), size)))
  service.close()
  const refused = await Service.connect(`wss://${location.host}/signal`, { node: 'nobody', port: 80 }).catch((error) => error.message)
  return { good, refused }
})()"""


def browser_test(name):
    return test(name) if SHOWS_CERTIFICATES else (lambda function: function)


@browser_test("Chromium with an administrator's certificate from wmctl opens the node's page and reaches services of this node and another")
def _():
    made, network = mesh()
    p12 = network.folder / "admin.p12"
    code, stdout, stderr = made.founder.wmctl("-o", "json", "certificate", "export", str(p12))
    equal((code, p12.stat().st_mode & 0o777), (0, 0o600), "export: " + stderr)
    browser = certified(network.ns, made.founder.dir / "identity/ca.pem", p12, json.loads(stdout)["password"], "https://" + HOST,
                        "--host-resolver-rules=MAP %s %s" % (NAME, made.founder.host))
    defer(browser.close)
    browser.open("https://%s/browser/" % HOST)
    browser.wait("document.title === 'A service in the mesh'", "the page is there")
    for node in made.nodes[:2]:
        service = Echo(node.ns)
        defer(service.close)
        result = browser.run(ECHO % (node.name, service.port))
        equal(result["good"], [True] * 4, "what came back of %s: %r" % (node.name, result))
        check("nobody" in result["refused"], "an unknown node: %r" % result)
    service = Lines(made.founder.ns, b"HTTP/1.0 200 OK\r\n\r\nhello of n1\n")
    browser.open("about:blank")
    browser.open("https://%s/browser/#&node=n1&port=%d&path=/hello" % (HOST, service.port))
    equal(service.wait(), "GET /hello HTTP/1.0\n", "the page's own request")
    browser.wait("document.querySelector('output')?.textContent.includes('hello of n1')", "the page shows the answer")
    browser.open("https://%s/" % HOST)
    browser.wait("document.body?.innerText.includes('n2')", "the status page tells of n2")
    equal(browser.run("fetch('/status.json').then((answer) => answer.status)"), 200, "what it is made of")
    heard = browser.run("""new Promise((resolve) => {
      const events = new EventSource('/events')
      events.onopen = () => { events.close(); resolve('open') }
      events.onerror = () => resolve('error')
    })""")
    equal(heard, "open", "its events")
    equal([one for one in browser.wrong if "favicon" not in one], [], "what the browser finds wrong")
    made.founder.wait_log("action=data-channel", "by=admin:admin", "through=n1", "outcome=ok")
