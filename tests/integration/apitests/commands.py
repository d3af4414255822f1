# SPDX-License-Identifier: Apache-2.0
"""The commands on a node that is not as they need it: a text with the remedy, and the right exit code."""
import json
import os
import re
import socket

from apilib.mesh import Mesh
from apilib.node import WGMESHD, WMCTL
from apilib.world import lab, mesh
from testing import attempt, check, equal, test


def fails(node, code, words, *command):
    found, stdout, stderr = node.wgmeshd(*command)
    equal(found, code, "exit code of wgmeshd %s (%s%s)" % (" ".join(command)[:80], stdout, stderr))
    for word in words:
        check(word in stderr, "%r is not in %r" % (word, stderr))


@test("options that are wrong are named, with what they take, and exit code 2")
def _():
    node = lab().node("options")
    bad = [("--%s-port" % name, value, "1 to 65535") for name in ("grpc", "raft", "wireguard")
           for value in ("0", "65536", "-1", "x", "", "1x", " 1", "99999999999999999999")]
    bad += [("--endpoint", value, "IP address") for value in ("", "x", "192.0.2.1:5", "192.0.2.1/24")]
    bad += [("--backend", value, "auto, mesh, kernel, userspace, none") for value in ("", "Auto", "wireguard")]
    bad += [("--ipv4-prefix", value, "/8 to /30") for value in ("", "x", "10.0.0.0", "10.0.0.0/7", "10.0.0.0/31", "fd00::/48")]
    bad += [("--leader-proxy", value, "neither on nor off") for value in ("", "auto", "yes")]
    bad += [("--tick-ms", value, "10 to 1000") for value in ("9", "1001", "", "x")]
    bad += [("--device", value, "15 characters") for value in ("", "x" * 16)]
    bad += [("--id", value, "a-z 0-9 - .") for value in ("A", "-a", "a_b", "ä")]
    bad += [("--id", value, "1 to 63 characters") for value in ("", "x" * 64)]
    for option, value, takes in bad:
        fails(node, 2, (option, takes), "init", option, value)
    for command in ("init", "join", "run"):
        fails(node, 2, ("--help",), command, "--nonsense")
        code, _, stderr = attempt([WGMESHD, command, "--raft-port"])
        check(code == 2 and "--raft-port" in stderr, "%s --raft-port alone: %d %s" % (command, code, stderr))
    check(not node.dir.exists(), "a state was made")


@test("commands without, or with too many, arguments say what they take")
def _():
    node = lab().node("usage")
    fails(node, 2, ("init takes options only", "extra"), "init", "extra")
    fails(node, 2, ("run takes options only", "extra"), "run", "extra")
    fails(node, 2, ("one token",), "join")
    fails(node, 2, ("one token",), "join", "a", "b")
    for argv in ([WGMESHD], [WGMESHD, "dance"], [WMCTL], [WMCTL, "dance"], [WMCTL, "-o", "xml", "status"],
                 [WMCTL, "--timeout", "0", "status"], [WMCTL, "--nonsense"]):
        code, stdout, stderr = attempt(argv)
        equal((code, stdout, bool(stderr)), (2, "", True), "exit code, output and error of " + " ".join(argv[1:]))
    for argv in ([WGMESHD, "--help"], [WGMESHD, "run", "--help"], [WMCTL, "--help"], [WGMESHD, "--version"]):
        code, stdout, stderr = attempt(argv)
        equal((code, bool(stdout), stderr), (0, True, ""), "exit code, output and error of " + " ".join(argv[1:]))


@test("wmctl's commands say how they are used, with exit code 2")
def _():
    for command in (("status", "x"), ("get",), ("get", "x"), ("get", "nodes", "a", "b"), ("token",), ("token", "x"),
                    ("token", "create", "--ttl", "0"), ("token", "create", "--uses", "x"), ("token", "create", "x"),
                    ("node",), ("node", "remove"), ("node", "remove", "a", "b")):
        code, stdout, stderr = mesh().founder.wmctl(*command)
        equal((code, stdout), (2, ""), "wmctl %s (%s)" % (" ".join(command), stderr))
        check("usage: wmctl " + command[0] in stderr, "wmctl says: " + stderr)


@test("wmctl tells what does not work: no daemon, no identity, no such node, no right")
def _():
    founder, node = mesh().founder, lab().node("lonely")
    code, _, stderr = founder.wmctl("--address", "127.0.0.1:1", "status")
    equal(code, 1, "exit code without a daemon")
    check("127.0.0.1:1" in stderr and "refused" in stderr.lower(), "without a daemon: " + stderr)
    code, _, stderr = node.wmctl("status")
    equal(code, 1, "exit code without an identity")
    check("wgmeshd init or join" in stderr, "without an identity: " + stderr)
    code, _, stderr = founder.wmctl("get", "nodes", "nobody")
    equal(code, 1, "exit code for an unknown node")
    check("nobody" in stderr, "for an unknown node: " + stderr)
    code, _, stderr = founder.wmctl("token", "create", identity=founder.dir / "identity")
    equal(code, 1, "exit code without the right")
    check("admin" in stderr, "without the right: " + stderr)


@test("how to print may be said before the command, or behind it")
def _():
    founder = mesh().founder
    before = founder.wmctl("-o", "yaml", "get", "nodes", "n1")
    equal(before[0], 0, "exit code")
    for words in (("get", "nodes", "n1", "-o", "yaml"), ("get", "nodes", "--output", "yaml", "n1"),
                  ("-o", "json", "get", "-o", "yaml", "nodes", "n1")):
        equal(founder.wmctl(*words), before, "what %r prints" % (words,))
    for words in (("status", "-o"), ("status", "-o", "xml"), ("get", "nodes", "--output")):
        code, stdout, stderr = founder.wmctl(*words)
        equal((code, stdout), (2, ""), "wmctl %s" % " ".join(words))
        check("table, wide, json or yaml" in stderr, "wmctl says: " + stderr)


@test("wmctl's tables and JSON tell the same")
def _():
    ask = mesh().nodes[-1]
    code, table, _ = ask.wmctl("get", "nodes", identity=mesh().founder.dir / "admin")
    equal(code, 0, "exit code")
    code, text, _ = ask.wmctl("-o", "json", "get", "nodes", identity=mesh().founder.dir / "admin")
    equal(code, 0, "exit code")
    nodes = {node["id"]: node for node in json.loads(text)}
    rows = [line.split() for line in table.splitlines()]
    equal(rows[0], ["ID", "STATUS", "IPV4", "IPV6", "ENDPOINT"], "the head")
    equal({row[0]: row[1:4] for row in rows[1:]},
          {name: [node["status"], node["private_ipv4"] or "-", node["private_ipv6"]]
           for name, node in nodes.items()}, "the rows")
    code, text, _ = ask.wmctl("-o", "json", "get", "nodes", "n2")
    equal(json.loads(text), nodes["n2"], "one node alone")
    code, text, _ = ask.wmctl("status")
    check(re.search(r"^node +n4 \(observer\)$", text, re.M) and re.search(r"^leader +n[123]$", text, re.M), text)


@test("the shell completes commands, options, and the names of the mesh's nodes")
def _():
    founder = mesh().founder
    mesh().wait_level()
    def offered(*words):
        code, stdout, stderr = founder.wmctl("complete", "--address", founder.address, *words)
        equal((code, stderr), (0, ""), "completing %r" % (words,))
        return stdout.split()
    equal(offered("st"), ["status"], "a command")
    equal(offered("get", ""), ["nodes", "acls", "peers", "tokens"], "what there is to get")
    check({"n1", "n2", "n3", "n4"} <= set(offered("get", "nodes", "n")), "nodes")
    equal(offered("raft", "promote", "n4"), ["n4"], "one node")
    equal(offered("-o", ""), ["table", "wide", "json", "yaml"], "an option's words")
    equal(offered("-o", "json", "node", ""), ["remove", "rotate-key"], "behind an option")
    equal(offered("acl", "put", "x", ""), ["allow", "deny"], "behind a name")
    check("--role" in offered("token", "create", "--"), "options")
    equal(offered("get", "--w"), ["--watch"], "one option")
    equal(offered("--watch", "--interval", "5", "get", "-w", "pe"), ["peers"], "behind options, of which two take no word")
    equal(offered("get", "nodes", "n1", ""), [], "where nothing follows")
    code, stdout, stderr = attempt([WMCTL, "--state-dir", "/nonexistent", "complete", "get", "nodes", ""])
    equal((code, stdout, stderr), (0, "", ""), "without a mesh")
    for shell in ("bash", "zsh", "fish"):
        code, script, _ = attempt([WMCTL, "completion", shell])
        check(code == 0 and "wmctl complete" in script, "%s: %d %r" % (shell, code, script))
    code, stdout, stderr = attempt(["bash", "-c", 'PATH=%s:$PATH; source <(wmctl completion bash); COMP_WORDS=(wmctl raft pr); '
                                    'COMP_CWORD=2; _wmctl; echo "${COMPREPLY[@]}"' % os.path.dirname(WMCTL)])
    equal((code, stdout.strip()), (0, "promote"), "in bash (%s)" % stderr)
    # What compadd and _files do needs a line editor; what they are given does not.
    code, stdout, stderr = attempt(["zsh", "-fc", 'PATH=%s:$PATH; compdef() { : }; compadd() { print -rl -- ${(P)2} }; _files() '
                                    '{ print files }; source <(wmctl completion zsh); words=(wmctl raft pr); CURRENT=3; _wmctl; '
                                    'words=(wmctl get ""); _wmctl; words=(wmctl snapshot save ""); CURRENT=4; _wmctl'
                                    % os.path.dirname(WMCTL)])
    equal((code, stdout.split()), (0, ["promote", "nodes", "acls", "peers", "tokens", "files"]), "in zsh (%s)" % stderr)
    # As a package installs it, zsh finds the file by the function's name, at the first TAB.
    installed = lab().folder / "zsh"
    installed.mkdir()
    (installed / "_wmctl").write_text(attempt([WMCTL, "completion", "zsh"])[1])
    code, stdout, stderr = attempt(["zsh", "-fc", 'PATH=%s:$PATH; compadd() { print -rl -- ${(P)2} }; fpath=(%s $fpath); autoload -Uz '
                                    '_wmctl; words=(wmctl raft pr); CURRENT=3; _wmctl; words=(wmctl raft de); _wmctl'
                                    % (os.path.dirname(WMCTL), installed)])
    equal((code, stdout.split()), (0, ["promote", "demote"]), "in zsh, found by it (%s)" % stderr)
    code, stdout, stderr = attempt(["env", "HOME=%s" % lab().folder, "fish", "-c", 'set -p PATH %s; wmctl completion fish | source; '
                                    'for line in "raft pr" "get " "--add" "snapshot save /et"; complete -C "wmctl $line"; end' % os.path.dirname(WMCTL)])
    equal((code, stdout.split(), stderr), (0, ["promote", "acls", "nodes", "peers", "tokens", "--address", "/etc/"], ""), "in fish")
    equal(attempt([WMCTL, "completion", "sh"])[0], 2, "exit code for a shell that is not known")


@test("a state folder belongs to one node: init and join refuse it, whatever it is")
def _():
    founder = mesh().founder
    token = mesh().token()
    for command in (("init",), ("join", token)):
        fails(founder, 1, (str(founder.dir), "wgmeshd run", "--state-dir"), *command, "--id", "other")
    check(founder.alive() and founder.status(), "the daemon is disturbed: " + founder.tail())


@test("a second daemon on the same state folder is refused, and the first one goes on")
def _():
    fails(mesh().founder, 1, (str(mesh().founder.dir), "another process"), "run")
    check(mesh().founder.alive() and mesh().founder.status(), "the first one: " + mesh().founder.tail())


@test("a folder without a node is refused by run, with what to do first")
def _():
    node = lab().node("nothing")
    fails(node, 1, (str(node.dir), "wgmeshd init", "wgmeshd join"), "run")


@test("run refuses another name than the certificate's")
def _():
    node = lab().node("named").init()
    fails(node, 1, ("--id", "named"), "run", "--id", "other")


@test("a port that is taken is named")
def _():
    node = lab().node("ports").init()
    fails(node, 1, (str(mesh().founder.grpc_port),), "run", "--grpc-port", str(mesh().founder.grpc_port))


@test("a log that is damaged is refused with the remedy, and nothing is made of it")
def _():
    made = Mesh(lab())
    node = made.founder
    node.stop()
    log = node.dir / "raft.db"
    size = log.stat().st_size
    with open(log, "r+b") as file:
        file.seek(size // 2)
        file.write(b"\xa5" * min(4096, size // 2))
    before = log.read_bytes()
    fails(node, 1, (str(log), "join again"), "run")
    equal(log.read_bytes(), before, "the damaged file")
    log.write_bytes(b"this is no database, this is a text " * 200)
    fails(node, 1, (str(log),), "run")


@test("a state that is damaged is refused with the remedy")
def _():
    node = Mesh(lab()).founder
    node.stop()
    state = node.dir / "state.db"
    state.write_bytes(b"this is no database, this is a text " * 200)
    fails(node, 1, (str(state),), "run")


@test("secrets are for their owner alone, and in no log")
def _():
    for node in mesh().nodes:
        for path in node.dir.rglob("*"):
            if path.is_file() and path.name != "ca.pem":
                equal(oct(path.stat().st_mode & 0o077), "0o0", "rights of others on %s" % path)
        check("PRIVATE KEY" not in node.log_text() and "wgmesh1." not in node.log_text(), "a secret is in the log")


@test("the service manager is told that the daemon is ready, lives and stops")
def _():
    node = lab().node("served").init()
    path = str(node.dir / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(20)
        node.start(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
        told = [manager.recv(256) for _ in range(3)]
        equal(told, [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"], "what is told while it runs")
        node.stop()
        manager.settimeout(1)
        rest = [manager.recv(256)]
        while rest[-1] == b"WATCHDOG=1":
            rest.append(manager.recv(256))
        equal(rest[-1], b"STOPPING=1", "the last word")
