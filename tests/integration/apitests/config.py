# SPDX-License-Identifier: Apache-2.0
"""The configuration file: what is wrong in it is found, what holds is told, and what is live changes at SIGHUP."""
import json
import pathlib
import re
import signal
import socket

from apilib.node import ROOT, WGMESHD
from apilib.world import lab
from testing import attempt, check, equal, test, wait_until


def written(text):
    path = pathlib.Path(lab().folder) / ("wgmeshd-%d.yaml" % abs(hash(text)))
    path.write_text(text)
    return path


def check_config(*args, **environment):
    return attempt(["env", *("%s=%s" % pair for pair in environment.items()), WGMESHD, "config", "check", *map(str, args)])


def shown(node, *args, **environment):
    """{setting: (value, who said it)}"""
    code, stdout, stderr = attempt(["env", *("%s=%s" % pair for pair in environment.items()), WGMESHD, "config", "show",
                                    "--state-dir", str(node.dir), *args], node.ns)
    equal((code, stderr), (0, ""), "exit code and error of config show")
    return {name: (value.strip('"'), origin)
            for name, value, origin in re.findall(r'^(\S+): (.*\S) +# (.*)$', stdout, re.M)}


@test("config check tells file, line and column of what is wrong, and what was meant")
def _():
    good = written("# ours\nid: n1\nendpoint: [192.0.2.1]\ntick-ms: 20\n")
    equal(check_config(good), (0, "%s: ok\n" % good, ""), "a file that is right")
    for text, words in (("id: n1\ntikc-ms: 20\n", (":2:1: ", "did you mean tick-ms?")),
                        ("tick-ms: fast\n", (":1:10: ", "10 to 1000")),
                        ("id: [n1\n", (":2:1: ",)),
                        ("a: &a [x]\nb: *a\n", (":1:4: ", "anchors"))):
        path = written(text)
        code, stdout, stderr = check_config(path)
        equal((code, stdout), (2, ""), "exit code and output for %r (%s)" % (text, stderr))
        for word in (str(path), *words):
            check(word in stderr, "%r is not in %r" % (word, stderr))
    code, _, stderr = check_config("/nonexistent")
    check(code == 1 and "/nonexistent" in stderr, "a file that is absent: %d %s" % (code, stderr))
    large = written("#" * 70000)
    code, _, stderr = check_config(large)
    check(code == 1 and "65536 bytes" in stderr, "a file that is too large: %d %s" % (code, stderr))
    code, _, stderr = check_config("--config", written("x: 1\n"))
    check(code == 2 and ":1:1: " in stderr, "by option: %d %s" % (code, stderr))
    code, _, stderr = check_config(WGMESH_CONFIG=str(written("x: 1\n")))
    check(code == 2 and ":1:1: " in stderr, "by variable: %d %s" % (code, stderr))
    code, _, stderr = check_config(WGMESH_CONFIG="", WGMESH_TICK_MS="1")
    check(code == 2 and "$WGMESH_TICK_MS" in stderr, "a variable: %d %s" % (code, stderr))
    equal(attempt([WGMESHD, "config"])[0], 2, "exit code of config alone")


@test("config show tells what holds and who said so, beside a running daemon, and what it prints is a file")
def _():
    node = lab().node("shown").init()
    path = written("tick-ms: 33\nfollowers-max: 9\ngrpc-port: 1234\n")
    node.start("--config", str(path), "--grpc-port", str(node.grpc_port))
    node.wait_status(role="leader")
    found = shown(node, "--config", str(path), "--grpc-port", "77", WGMESH_LOG_KEEP="4000", WGMESH_TICK_MS="44")
    equal(found["grpc-port"], ("77", "--grpc-port"), "by option")
    equal(found["tick-ms"], ("44", "$WGMESH_TICK_MS"), "by variable")
    equal(found["log-keep"], ("4000", "$WGMESH_LOG_KEEP"), "by variable alone")
    equal(found["followers-max"], ("9", "%s:2" % path), "by the file")
    equal(found["raft-port"][0], str(node.raft_port), "what init was told")
    check(found["raft-port"][1].startswith("%s/settings.yaml:" % node.dir), "by init: %r" % (found["raft-port"],))
    equal(found["lazy"], ("auto", "default"), "the default")
    code, text, _ = attempt([WGMESHD, "config", "show", "--state-dir", str(node.dir)])
    equal(check_config(written(text))[0], 0, "exit code for what was printed")
    check("PRIVATE" not in text and not re.search("[A-Za-z0-9+/]{43}=", text), "a secret: " + text)


@test("a daemon's file goes before what init was told, a variable before the file, and an option before it")
def _():
    node = lab().node("order").init("--grpc-port", "1")
    path = written("grpc-port: %d\n" % node.grpc_port)
    other = str(node.grpc_port + 500)
    node.start("--config", str(path)).wait_status(role="leader")
    node.stop()
    path.write_text("grpc-port: 1\n")
    node.start(env={"WGMESH_CONFIG": str(path), "WGMESH_GRPC_PORT": str(node.grpc_port)}).wait_status(role="leader")
    node.stop()
    node.start("--grpc-port", str(node.grpc_port), env={"WGMESH_GRPC_PORT": other}).wait_status(role="leader")
    node.stop()


def endpoints(node):
    code, stdout, _ = node.wmctl("-o", "json", "get", "nodes", node.name)
    found = json.loads(stdout) if code == 0 else {}
    return [found.get("primary_endpoint"), *found.get("endpoints", [])]


def reload(node, path, text, *words):
    before = node.log_text()
    path.write_text(text)
    node.process.send_signal(signal.SIGHUP)
    def said():
        new = node.log_text()[len(before):]
        return any(all(word in line for word in words) for line in new.splitlines()) and new
    return wait_until(10, said, "%s logs %r" % (node.name, words))


@test("at SIGHUP what is live changes, what is not waits for a restart, and a wrong file changes nothing")
def _():
    path = pathlib.Path(lab().folder) / "reload.yaml"
    path.write_text("log-level: warn\n")
    node = lab().node("reloaded").init().start("--config", str(path))
    wait_until(20, node.leads, "it leads")
    check("level=info" not in node.log_text(), "an info line though the level is warn: " + node.tail())
    told = reload(node, path, "log-level: info\nendpoint: [127.0.0.1, 192.0.2.9]\nfollowers-max: 7\ntick-ms: 77\n",
                  "event=reloaded", "need-restart=1")
    for words in (("setting-changed", "name=followers-max", 'from="256" to="7"', "reload.yaml:3"),
                  ("setting-changed", "name=endpoint", 'to="127.0.0.1,192.0.2.9"'),
                  ("setting-needs-restart", "level=warn", "name=tick-ms", 'from="20" to="77"')):
        check(any(all(word in line for word in words) for line in told.splitlines()),
              "%r is not told: %s" % (words, told))
    wait_until(20, lambda: endpoints(node) == ["127.0.0.1", "192.0.2.9"], "the mesh knows the new endpoint")
    told = reload(node, path, "log-level: debug\nfollowers-max: 8\ntikc-ms: 1\n", "event=reload-failed", "reload.yaml:3:1", "tick-ms")
    check("setting-changed" not in told and "event=reloaded" not in told, "half of a wrong file: " + told)
    path.unlink()
    told = reload(node, path.with_name("another.yaml"), "", "event=reload-failed", "reload.yaml")
    told = reload(node, path, "log-level: info\nfollowers-max: 7\n", "event=reloaded", "changed=1 need-restart=0")
    wait_until(20, lambda: endpoints(node) == ["127.0.0.1"], "what init was told holds again")
    check(node.alive() and node.leads(), "the daemon: " + node.tail())


@test("the service manager is told of a reload, and of its end")
def _():
    node = lab().node("served-anew").init()
    path = str(node.dir / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(20)
        node.start(env={"NOTIFY_SOCKET": path})
        equal(manager.recv(256), b"READY=1", "the start")
        node.process.send_signal(signal.SIGHUP)
        check(re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", manager.recv(256)), "the reload is not told")
        equal(manager.recv(256), b"READY=1", "the end of the reload")
        node.stop()


@test("every setting is in the man page, and in the example with its default")
def _():
    page = (ROOT / "docs/man/wgmeshd.8").read_text()
    example = (ROOT / "packaging/wgmeshd.yaml").read_text()
    plain = re.sub(r"^#endpoint:\n(#  - .*\n)*", "", example, flags=re.M)
    said = re.sub(r"^#(?=[a-z])", "", plain, flags=re.M)
    path = written(said)
    equal(check_config(path)[0], 0, "exit code for the example")
    defaults = shown(lab().node("page"))
    taken = shown(lab().node("taken"), "--config", str(path))
    for name, (value, _) in defaults.items():
        check(re.search(r"Fl -%s\b" % name, page), "docs/man/wgmeshd.8 has no --" + name)
        check(re.search(r"^#%s: " % name, example, re.M), "packaging/wgmeshd.yaml has no " + name)
        if name not in ("state-dir", "id"):
            equal(taken[name][0], value, "the example's " + name)
