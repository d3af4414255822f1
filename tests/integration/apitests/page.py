# SPDX-License-Identifier: Apache-2.0
"""The status page: what a daemon serves, and what Chromium makes of it, without a window. Pictures are in build/status-page."""
import contextlib
import http.client
import http.server
import json
import os
import sqlite3
import threading
import time

from apilib.chromium import PROGRAM, Page
from apilib.lan import Lan, mesh_address, wait_reaches
from apilib.mesh import Mesh
from apilib.node import ROOT
from apilib.page import ask, read
from apilib.world import STEADY, lab
from testing import Failure, check, defer, entered, equal, sh, test, wait_until

FILES = ROOT / "clients/status"
PICTURES = ROOT / "build/status-page"
MANY = 5000	# nodes, of which a page is told 1000
HOSTILE = '<img src=x onerror="document.title=\'taken\'">"&amp;'

if not PROGRAM:
    print("skipped: what the status page looks like: chromium is not installed (package chromium)", flush=True)


def page_test(name):
    return test(name) if PROGRAM else (lambda function: function)


@contextlib.contextmanager
def connected(node, timeout=30):
    host, port = node.metrics_address.rsplit(":", 1)
    with entered(node.ns):
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
        connection.connect()
    with contextlib.closing(connection):
        yield connection


def status_of(node):
    code, _, body = ask(node, "/status.json")
    equal(code, 200, "status of the answer (%s)" % body[:200])
    return json.loads(body)


def wait_told(node, wanted):
    def told():
        found = status_of(node)
        return found if wanted(found) else None
    return wait_until(30, told, "%s tells it" % node.name)


@contextlib.contextmanager
def listening(node, last=None):
    """Events as they come: (id, event)."""
    with connected(node) as connection:
        connection.request("GET", "/events", headers={"Last-Event-ID": str(last)} if last else {})
        answer = connection.getresponse()
        equal((answer.status, answer.getheader("Content-Type")), (200, "text/event-stream"), "head of the events")

        def events():
            number = 0
            while line := answer.readline().decode():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    yield number, json.loads(line[6:])
            raise Failure("the events end")
        yield events()


def joined(node, until):
    """{who joined: when}, of the events until one that begins so."""
    found = {}
    with listening(node) as events:
        for _, event in events:
            if event["kind"] == "joined":
                found[event["node"]] = event["at"]
            if ("%(node)s %(text)s" % event).startswith(until):
                return found
    return None


def fill(node, count):
    """What so many joins would leave."""
    with sqlite3.connect(node.dir / "state.db") as state:
        state.executemany("INSERT INTO nodes VALUES(?, ?, '192.0.2.1', '', 1, 8443, 1, NULL, NULL, 0, NULL, 1, 1)",
                          (("a-%05d" % n, os.urandom(32)) for n in range(count)))


# ---- what is served ----

@test("the page comes whole from the daemon, and is for its own origin alone")
def _():
    node = Mesh(lab(), *STEADY).founder
    for file in sorted(FILES.iterdir()):
        code, headers, body = ask(node, "/" if file.name == "index.html" else "/" + file.name)
        equal((code, body), (200, file.read_text()), file.name)
        policy = headers["Content-Security-Policy"]
        check("default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, policy)
        equal((headers["Cross-Origin-Resource-Policy"], headers["X-Content-Type-Options"], headers.get("Access-Control-Allow-Origin")),
              ("same-origin", "nosniff", None), "who may read " + file.name)
    for path in ("/", "/page.js", "/status.json", "/events"):
        equal(ask(node, path, headers={"Host": "example.org"})[0], 403, "%s by another name" % path)
        equal(ask(node, path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0], 403, "%s by another site's page" % path)
    node.stop()


@test("events come when they happen, once each, and who was away hears what he has missed")
def _():
    node = Mesh(lab(), *STEADY).founder
    node.stop()
    fill(node, 4)
    node.start()
    wait_until(30, node.leads, "it leads")
    with listening(node) as events:
        last = next(number for number, event in events if event["kind"] == "leader")
        for n in range(3):
            equal(node.wmctl("node", "remove", "a-%05d" % n)[0], 0, "exit code of the removal")
            number, event = next(one for one in events if one[1]["kind"] == "left")
            lag = time.time() - event["at"] / 1000
            equal((event["node"], event["text"]), ("a-%05d" % n, "left the mesh"), "what is told")
            check(number > last, "ids: %d, behind %d" % (number, last))
            # Without a word to those who listen it came with the next beat, five seconds after the one before.
            check(n == 0 or lag < 3, "an event comes after %.1f s" % lag)
    equal(node.wmctl("node", "remove", "a-00003")[0], 0, "exit code of the removal")
    with listening(node, number) as events:
        equal(next(event["node"] for _, event in events if event["kind"] == "left"), "a-00003", "who left meanwhile")
    node.stop()


@test("of a mesh that is too large to be drawn the servers and those with a session are told, and how many there are")
def _():
    node = Mesh(lab(), *STEADY).founder
    node.stop()
    fill(node, MANY)
    node.start()
    wait_until(30, node.leads, "it leads")
    found = wait_told(node, lambda told: told["counts"]["shown"])
    equal((found["counts"]["nodes"], found["counts"]["shown"], found["counts"]["shown_max"]), (MANY + 1, 1000, 1000), "counts")
    check("n1" in [one["id"] for one in found["nodes"]], "this node is not told")
    longest = read(node)["wgmesh_loop_longest_turn_seconds"]
    known, began = found["monotonic"], 0
    while found["monotonic"] == known:	# a page is made once a second
        began = time.monotonic()
        found = status_of(node)
    size = len(json.dumps(found))
    print("told: of %d nodes: %d bytes in %.0f ms, the loop's longest turn %.0f ms" %
          (MANY, size, 1000 * (time.monotonic() - began), 1000 * longest), flush=True)
    node.kill()


# ---- what is drawn ----

def opened(url, ns=None):
    page = Page(ns)
    defer(page.close)
    page.open(url)
    return page


def dot(node_id, kind):
    return "document.querySelector('[data-id=\"%s\"] .dot.%s') !== null" % (node_id, kind)


def path_to(told, node_id):
    return next((node for node in told["nodes"] if node["id"] == node_id), {})	# the first answer has none yet


def has_event(text):
    return "document.querySelector('#events').innerText.includes(%s)" % json.dumps(text)


def settled(page):
    """What moves is where it belongs."""
    page.wait("document.getAnimations().every(({ transitionProperty }) => transitionProperty === undefined)", "nothing moves")


def pictures(page, name):
    for dark in (False, True):
        page.dark(dark)
        settled(page)
        page.picture(PICTURES / ("%s-%s.png" % (name, "dark" if dark else "light")))
    page.dark(False)


def check_local(page, origin):
    equal(page.wrong, [], "what the console says")
    check(page.requests, "nothing was asked for")
    equal([url for url in page.requests if not url.startswith((origin, "about:"))], [], "what was asked for elsewhere")


@page_test("five nodes are drawn as they are: who leads, by which path, who is not heard any more; and all that happens is told when it does")
def _():
    net = Lan()
    defer(net.close)
    some = Mesh(net, *STEADY)
    n1 = some.founder
    n2, n3 = (some.add(name, "voter", *STEADY) for name in ("n2", "n3"))
    n4, n5 = (some.add(name, "observer", *STEADY, "--endpoint", "none") for name in ("n4", "n5"))	# as behind NATs
    wait_until(30, n1.leads, "n1 leads")
    origin = "http://%s/" % n1.metrics_address
    page = opened(origin, n1.ns)
    page.wait("document.querySelectorAll('#graph .node').length === 5", "five nodes are drawn")
    check("n1 leads" in page.text("#about") and "seen by n1, leader" in page.text("#about"), page.text("#about"))
    check("n1" in page.text("#servers .leader"), page.text("#servers"))
    page.wait("document.querySelector('#raft-health').innerText === 'well' && document.querySelector('#raft').innerText.includes('3 of 3 heard')",
              "all voters are heard")
    wait_reaches(n1.ns, mesh_address(n1, n2))
    page.wait(dot("n2", "direct"), "n2 has a session")
    page.wait("/[1-9]/.test(document.querySelector('#traffic').innerText)", "there is traffic")
    pictures(page, "5")
    for node in (n1, n2, n3):
        sh("sysctl -qw net.ipv4.ip_forward=1", node.ns)
    wait_reaches(n4.ns, mesh_address(n4, n5))
    relayed = wait_told(n4, lambda told: path_to(told, "n5").get("path") == "relayed")
    equal(path_to(relayed, path_to(relayed, "n5")["via"]).get("path"), "direct", "the path to who relays")

    n3.kill()
    page.wait(dot("n3", "gone") + " && " + has_event("n3 is not heard any more"), "n3 is shown as gone")
    check("2 of 3 heard" in page.text("#raft") and "not heard for" in page.text("#servers .gone"), page.text("#raft") + page.text("#servers"))
    pictures(page, "5-one-gone")
    n3.start()
    page.wait(has_event("n3 is heard again") + " && !" + dot("n3", "gone"), "n3 is back")

    equal(n1.wmctl("node", "remove", "n5")[0], 0, "exit code of the removal")
    told = [joined(node, "n5 left") for node in (n1, n4)]
    check(told[0] == told[1] and set(told[0]) == {"n1", "n2", "n3", "n4", "n5"}, "when they joined, as n1 says and n4, who caught up: %r" % told)
    page.wait(has_event("n5 left the mesh") + " && document.querySelectorAll('#graph .node').length === 4", "n5 is gone")
    equal(n1.wmctl("raft", "transfer", "n2")[0], 0, "exit code of the transfer")
    page.wait(has_event("n2 leads the mesh") + " && document.querySelector('#servers .leader').innerText.includes('n2')", "n2 leads")
    check_local(page, origin)

    n1.stop()
    page.wait("document.querySelector('#trouble').innerText.includes('does not answer')", "that nobody answers is told")
    some.stop()


# ---- as it was recorded, for the layout alone ----

def path_of(n, servers, direct, relayed):
    if n == 0:
        return {"path": "self"}
    if n < servers + direct:
        return {"path": "direct", "endpoint": "192.0.2.%d:51820" % (n % 250), "handshake_ms": 1000 * n, "rx": n << 10, "tx": n << 9}
    if n < servers + direct + relayed:
        return {"path": "relayed", "via": "host-%03d" % (1 if n % 2 else servers)}
    return {"path": "dormant"}


def recorded(total, servers, direct, relayed):
    """A status.json, without the names' bounds that the mesh has."""
    nodes = [{"id": "host-%03d" % n, "ipv4": "172.16.%d.%d" % (n >> 8, n & 255), "ipv6": "fd00:0:0:%x::/64" % n, "public": n % 3 == 0,
              **path_of(n, servers, direct, relayed)} for n in range(total)]
    nodes.append(dict(nodes[-1], id=HOSTILE))
    group = [{"id": "host-%03d" % n, "role": "leader" if n == 1 else "voter", **({"progress": "replicate", "match": 990 + n, "silent_ms": 50,
              "silent": False} if n else {})} for n in range(servers)]
    return {"monotonic": 1, "now": 1700000000000,
            "self": {"id": "host-000", "role": "voter", "domain": "webmesh.internal", "version": "1.0", "backend": "mesh", "device": "wgmesh0",
                     "started": 0},
            "raft": {"leader": "host-001", "trouble": "", "term": 4, "commit": 992, "applied": 992, "state_age_ms": 12, "servers": group},
            "traffic": {"known": True, "trouble": "", "rx": 0, "tx": 0},
            "counts": {"nodes": total + 1, "shown": total + 1, "shown_max": 1000, "direct": direct + servers - 1, "relayed": relayed, "unnamed": 0},
            "nodes": nodes}


class Recording:
    """The page beside a status that is always the same, but for its counters."""

    def __init__(self, policy, *numbers):
        answer = recorded(*numbers)
        events = "id: 1\ndata: %s\n\n" % json.dumps({"at": 1, "kind": "joined", "node": HOSTILE, "text": HOSTILE})

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):	# pylint: disable=arguments-differ
                pass

            def do_GET(self):
                body, kind = self.body()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def body(self):
                if self.path == "/status.json":
                    answer["monotonic"] += 2000
                    for node in answer["nodes"]:
                        if "rx" in node:
                            node.update(rx=node["rx"] + (node["rx"] & 0xff00), tx=node["tx"] + 100)
                    answer["traffic"].update(rx=answer["traffic"]["rx"] + 500000, tx=answer["traffic"]["tx"] + 100000)
                    return json.dumps(answer).encode(), "application/json"
                if self.path == "/events":
                    return (events if not self.headers["Last-Event-ID"] else ":\n\n").encode(), "text/event-stream"
                file = FILES / (self.path[1:] or "index.html")
                return file.read_bytes(), {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}[file.suffix]

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = "http://127.0.0.1:%d/" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        defer(self.server.server_close)
        defer(self.server.shutdown)


def policy():
    node = Mesh(lab(), *STEADY).founder
    found = ask(node, "/")[1]["Content-Security-Policy"]
    node.stop()
    return found


# The shortest way from the edge of one node to that of another, in the drawing; and how many are outside of what is seen.
CLOSEST = """(() => {
  const all = [...document.querySelectorAll('#graph .node')].map((node) => {
    const { e: x, f: y } = new DOMMatrix(getComputedStyle(node).transform)
    return { x, y, r: Number(node.querySelector('.dot').getAttribute('r')) }
  })
  const { x, y, width, height } = document.querySelector('#graph').viewBox.baseVal
  let closest = Infinity
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => { closest = Math.min(closest, Math.hypot(a.x - b.x, a.y - b.y) - a.r - b.r) }))
  return { closest, outside: all.filter((a) => a.x < x || a.y < y || a.x > x + width || a.y > y + height).length }
})()"""

# Names that are seen and lie on one another.
OVERLAPS = """(() => {
  const boxes = [...document.querySelectorAll('#graph .node text')].filter((text) => getComputedStyle(text).display !== 'none')
    .map((text) => text.getBoundingClientRect())
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
  return { names: boxes.length, overlaps: boxes.filter((a, i) => boxes.slice(i + 1).some((b) => meet(a, b))).length }
})()"""

# The least contrast (w3.org/TR/WCAG21, 1.4.3 and 1.4.11) of what has a colour to the card behind it.
CONTRAST = """(() => {
  const probe = document.body.appendChild(document.createElement('i'))
  const light = (name) => {
    probe.style.color = `var(--${name})`
    const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
    const [r, g, b] = parts.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (name) => {
    const [low, high] = [light(name), light('card')].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }
  const least = (names) => Math.min(...names.map(contrast))
  const found = { texts: least(['text', 'muted', 'direct', 'relayed', 'bad', 'raft', 'focus']), marks: least(['dormant']) }
  probe.remove()
  return found
})()"""


@page_test("at 5, 40, 500 and 1000 nodes none lies on another, names that are seen do not either, and each is at the same place again")
def _():
    rules, page = policy(), opened("about:blank")
    for numbers in ((5, 3, 1, 1), (40, 3, 8, 6), (500, 3, 60, 40), (1000, 7, 200, 100)):
        recording = Recording(rules, *numbers)
        page.open(recording.origin)
        page.wait("document.querySelectorAll('#graph .node').length === %d" % (numbers[0] + 1), "all are drawn")
        page.wait("document.querySelector('.link.busy') !== null", "rates are drawn")
        settled(page)
        found = page.run(CLOSEST)
        check(found["closest"] >= 3 and found["outside"] == 0, "of %d: %r" % (numbers[0], found))
        names = page.run(OVERLAPS)
        check(names["overlaps"] == 0 and names["names"] >= min(numbers[0], 3), "names of %d: %r" % (numbers[0], names))
        places = "[...document.querySelectorAll('#graph .node')].map((node) => node.dataset.id + node.style.transform).join()"
        before = page.run(places)
        pictures(page, "recorded-%d" % numbers[0])
        page.open(recording.origin)
        page.wait("document.querySelectorAll('#graph .node').length === %d" % (numbers[0] + 1), "all are drawn again")
        equal(page.run(places), before, "places")
        check_local(page, recording.origin)
        page.requests.clear()


@page_test("names are text, whatever is in them; each node is found by name, reached by keys, and in the table; colours have contrast")
def _():
    recording = Recording(policy(), 500, 3, 60, 40)
    page = opened(recording.origin)
    page.wait("document.querySelectorAll('#graph .node').length === 501 && document.querySelectorAll('#events li').length > 0", "all are drawn")
    page.run("document.querySelector('#find').focus(); document.querySelector('#find').value = '<img'; document.querySelector('#find').oninput()")
    equal(page.run("[...document.querySelectorAll('#graph .found')].map((node) => node.dataset.id)"), [HOSTILE], "what is found")
    page.key("Enter")
    equal(page.text("#details h2"), HOSTILE, "the name")
    equal(page.run("document.querySelectorAll('img[src=x]').length"), 0, "images that a name has made")
    check(page.run("document.title") == "host-000 · wgmesh" and HOSTILE in page.text("#events"), "a name was taken for HTML")
    page.run("document.querySelector('#find').value = 'host-49'; document.querySelector('#find').oninput()")
    equal(page.run("document.querySelectorAll('#graph .found').length"), 10, "nodes that are found")
    names = page.run(OVERLAPS)
    check(names["overlaps"] == 0 and names["names"] > 1, "names of what is found: %r" % names)
    settled(page)
    page.picture(PICTURES / "recorded-500-found.png")
    page.size(420, 800)
    page.wait("document.documentElement.scrollWidth <= 420", "a telephone's screen is wide enough")
    page.picture(PICTURES / "recorded-500-narrow.png")
    page.size(1280, 800)

    page.run("document.querySelector('#find').value = ''; document.querySelector('#find').oninput(); document.querySelector('#graph').focus()")
    for key in ("Escape", "ArrowRight", "ArrowRight"):
        page.key(key)
    equal(page.text("#details h2"), "host-001", "what the keys lead to")
    page.key("0", "0")
    zoom = "document.querySelector('#graph').viewBox.baseVal.width"
    before = page.run(zoom)
    page.key("+", "+")
    check(page.run(zoom) < before, "plus brings nothing nearer")
    page.key("0", "0")
    equal(page.run(zoom), before, "what is seen, of all")

    page.run("document.querySelector('#show-table').click()")
    equal(page.run("document.querySelectorAll('#rows tr').length"), 501, "rows")
    check("relayed by host-001" in page.text("#rows"), "who relays is not in the table")
    page.wait("document.querySelector('.link.busy') !== null", "there are rates")
    page.run("document.querySelectorAll('#columns button')[4].click(); document.querySelectorAll('#columns button')[4].click()")
    check("bit/s" in page.run("document.querySelector('#rows tr').innerText"), "the table is not in the order of what is received")
    pictures(page, "recorded-500-table")

    for theme in ("light", "dark"):
        page.run("document.querySelector('#theme').click()")
        equal(page.run("document.documentElement.dataset.theme"), theme, "the switch of colours")
        found = page.run(CONTRAST)
        check(found["texts"] >= 4.5 and found["marks"] >= 3, "contrast, %s: %r" % (theme, found))
    check_local(page, recording.origin)
