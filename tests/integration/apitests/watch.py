# SPDX-License-Identifier: Apache-2.0
"""wmctl --watch: what changes is told, until a signal ends it, and whether or not the node can be reached meanwhile."""
import json
import os
import pty
import re
import signal
import subprocess
import threading

from apilib.mesh import Mesh
from apilib.node import WMCTL
from apilib.world import lab, mesh
from testing import attempt, check, defer, equal, note, test, wait_until

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"	# another page of the terminal, and back


class Watch:
    """`wmctl WORDS --watch` of a node; what it has said so far is `lines` and `errors`."""

    def __init__(self, node, *words, stdout=subprocess.PIPE):
        argv = [WMCTL, "--state-dir", str(node.dir), "--address", node.address, *words, "--watch", "--interval", "1"]
        note("[%s] %s &" % (node.ns, " ".join(argv)))
        self.process = subprocess.Popen(["ip", "netns", "exec", node.ns, *argv], stdout=stdout, stderr=subprocess.PIPE,
                                        text=True, env={**os.environ, "TERM": "xterm"})
        self.lines, self.errors = [], []
        for pipe, said in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            if pipe:
                threading.Thread(target=said.extend, args=(pipe,), daemon=True).start()
        defer(self.kill)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def told(self):
        """[(change, object)] of what came as JSON."""
        return [(entry["change"], entry["object"]) for entry in map(json.loads, list(self.lines))]

    def wait_told(self, change, seconds=20, **fields):
        wait_until(seconds, lambda: any(what == change and all(thing.get(name) == value for name, value in fields.items())
                                        for what, thing in self.told()), "%s %r is told" % (change, fields))

    def wait_error(self, word, seconds=20):
        wait_until(seconds, lambda: any(word in line for line in self.errors), "%r is told" % word)

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        equal(self.process.wait(timeout=10), 0, "exit code (%s)" % "".join(self.errors))


def acl(node, *words):
    code, _, stderr = node.wmctl("acl", *words)
    equal(code, 0, "exit code of acl %s (%s)" % (" ".join(words), stderr))


@test("who watches a list is told what comes, changes and goes, as a line of JSON each, and no line else")
def _():
    node = mesh().founder
    for words in (("get", "acls"), ("acl", "get", "w1")):
        acl(node, "put", "w1", "allow", "a*")
        watch = Watch(node, "-o", "json", *words)
        watch.wait_told("added", name="w1", patterns=["a*"])
        acl(node, "put", "w1", "allow", "*")
        watch.wait_told("changed", name="w1", patterns=["*"])
        acl(node, "delete", "w1")
        watch.wait_told("removed", name="w1", patterns=["*"])
        acl(node, "put", "w1", "allow", "b*")
        watch.wait_told("added", name="w1", patterns=["b*"])
        acl(node, "delete", "w1")
        watch.wait_told("removed", name="w1", patterns=["b*"])
        watch.end()
        equal(([change for change, _ in watch.told()], watch.errors), (["added", "changed", "removed", "added", "removed"], []),
              "what is told by %r" % (words,))
        check(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", json.loads(line)["time"]) for line in watch.lines),
              "times: %r" % watch.lines)


@test("nodes, peers, tokens, servers and the status can be watched, and any of three signals ends it with 0")
def _():
    node = mesh().founder
    mesh().token()
    for number, words, fields in ((signal.SIGINT, ("get", "nodes"), {"id": "n2"}), (signal.SIGTERM, ("status",), {"id": "n1"}),
                                  (signal.SIGHUP, ("get", "peers"), {"id": "n3"}), (signal.SIGINT, ("get", "tokens"), {}),
                                  (signal.SIGINT, ("raft", "peers"), {"leader": mesh().leader().name})):
        watch = Watch(node, *words, "-o", "json")
        watch.wait_told("added", **fields)
        watch.end(number)
    watch = Watch(node, "status", "-o", "yaml")
    wait_until(20, lambda: '  id: "n1"\n' in watch.lines, "a document of YAML")
    equal(watch.lines[0], "---\n", "what it begins with")
    watch.end()


@test("a watch outlives the connection: the loss is told, it asks again, and tells what has changed meanwhile")
def _():
    small = Mesh(lab())
    defer(small.stop)
    node = small.founder
    acl(node, "put", "before", "allow", "*")
    watch = Watch(node, "get", "acls", "-o", "json")
    watch.wait_told("added", name="before")
    node.kill()
    watch.wait_error("asking again every 1 s")
    check(node.address in "".join(watch.errors), "the node is not named: %r" % watch.errors)
    node.start()
    watch.wait_error("answers again")
    wait_until(20, lambda: node.wmctl("acl", "delete", "before")[0] == 0, "a change is taken")
    watch.wait_told("removed", name="before")
    equal([change for change, _ in watch.told()], ["added", "removed"], "what is told")
    # One that stands still is asked, and the answer does not come: that is no reason to wait for it.
    watch.end()
    watch = Watch(node, "--timeout", "600", "status", "-o", "json")
    watch.wait_told("added", id="n1")
    node.process.send_signal(signal.SIGSTOP)
    defer(lambda: node.alive() and node.process.send_signal(signal.SIGCONT))
    def waits():
        _, sockets, _ = attempt(["ss", "-Htn", "state", "established", "sport = :%d" % node.grpc_port], node.ns)
        return any(int(line.split()[0]) for line in sockets.splitlines())
    wait_until(20, waits, "a question is under way")
    watch.end()
    node.process.send_signal(signal.SIGCONT)


@test("a table is drawn in place on a terminal, and printed again elsewhere")
def _():
    node = mesh().founder
    defer(node.wmctl, "acl", "delete", "w2")
    defer(node.wmctl, "acl", "delete", "w3")
    watch = Watch(node, "get", "acls")
    wait_until(20, lambda: watch.lines, "a table")
    acl(node, "put", "w2", "deny", "*")
    wait_until(20, lambda: any("w2" in line for line in watch.lines), "another one")
    equal([re.split(" +", line.strip()) for line in watch.lines],
          [["NAME", "ACTION", "PATTERNS"], [""], ["NAME", "ACTION", "PATTERNS"], ["w2", "deny", "*"]], "both")
    watch.end()
    ours, its = pty.openpty()
    defer(os.close, ours)
    watch = Watch(node, "get", "acls", stdout=its)
    os.close(its)
    shown = []
    def read():
        try:
            while True:
                shown.append(os.read(ours, 65536).decode())
        except OSError:	# the other end is closed
            shown.append("")
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    wait_until(20, lambda: "w2" in "".join(shown), "the table")
    acl(node, "delete", "w2")
    acl(node, "put", "w3", "deny", "*")
    wait_until(20, lambda: "w3" in "".join(shown), "the next one")
    acl(node, "delete", "w3")
    watch.end()
    reader.join(10)
    text = "".join(shown)
    check(text.startswith(ENTER) and text.count(ENTER) == text.count(LEAVE) == 1, "pages: %r" % text)
    pages, left = text.split(LEAVE)
    check("every 1 s" in pages and "\x1b[H" in pages and "w2" not in left and "NAME" in left, "what is left: %r" % left)


@test("a watch whose reader has gone ends, and what never answered or answers no is an error")
def _():
    node = mesh().founder
    watch = subprocess.Popen(["ip", "netns", "exec", node.ns, WMCTL, "--state-dir", str(node.dir), "--address", node.address,
                              "status", "--watch"], stdout=subprocess.PIPE)
    defer(watch.kill)
    check(watch.stdout.readline(), "it prints nothing")
    watch.stdout.close()
    equal(watch.wait(timeout=20), 0, "exit code without a reader")
    for words, told in ((("get", "nodes", "nobody"), "nobody"), (("--address", "127.0.0.1:1", "status"), "127.0.0.1:1")):
        code, stdout, stderr = node.wmctl(*words, "--watch")
        equal((code, stdout, told in stderr), (1, "", True), "%r: %s" % (words, stderr))


@test("what changes something is not watched, and an interval is one: exit code 2, and what to do")
def _():
    node = mesh().founder
    for words in (("token", "create", "--watch"), ("node", "remove", "n2", "-w"), ("acl", "put", "x", "allow", "*", "--watch"),
                  ("raft", "transfer", "--watch"), ("doctor", "--watch"), ("--watch", "connect", "TOKEN"), ("config", "-w", "get-contexts"),
                  ("certificate", "renew", "--watch"), ("--watch", "snapshot", "save", "x")):
        code, stdout, stderr = node.wmctl(*words)
        equal((code, stdout), (2, ""), "wmctl %s (%s)" % (" ".join(words), stderr))
        check("--watch goes with status, get" in stderr and "leave it out" in stderr, "wmctl says: " + stderr)
    for seconds in ("0", "-1", "x", "3601", ""):
        code, stdout, stderr = node.wmctl("status", "--watch", "--interval", seconds)
        equal((code, stdout), (2, ""), "--interval %s" % seconds)
        check("--interval takes 1 to 3600 seconds" in stderr, "wmctl says: " + stderr)
    equal(node.wmctl("status", "--watch", "--interval")[0], 2, "exit code of an interval without seconds")
    code, _, stderr = node.wmctl("status", "--interval", "2")
    check(code == 2 and "add --watch" in stderr, "an interval alone: %d %s" % (code, stderr))
